//! `/product?id=…`: one product's way.

use std::io;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::answer::{answer, html as page};
use super::asked::{address, asked};
use super::blocks::section;
use super::frame::Frame;
use super::text::shown;
use super::words::{nowhere, told, unread};
use crate::report::PrintError;
use crate::state::Reader;
use crate::status::no_state;
use crate::systems::ProductPage;
use crate::text::{plain, typed};
use crate::web::private::Monitor;

const PATH: &str = "/product";

/// The page, or the same for programs.
pub(super) async fn product(State(monitor): State<Monitor>, RawQuery(query): RawQuery) -> Response {
    let asked = asked(query.unwrap_or_default().as_bytes());
    let bad = |words: &str| told(&monitor, StatusCode::BAD_REQUEST, ("This can't be asked for", &[words]));
    if let Some(name) = asked.keys().find(|name| !["id", "format"].contains(&name.as_str())) {
        return bad(&format!("there is no filter {:?}; there are id and format", shown(name)));
    }
    let is_json = match asked.get("format").map(String::as_str) {
        None | Some("html") => false,
        Some("json") => true,
        Some(other) => return bad(&format!("format: {other:?} is none of json, html")),
    };
    let Some(id) = asked.get("id").cloned() else {
        return bad("no product is named: write its id behind /product?id=, as the feed writes it");
    };
    let made = monitor.blocking(move |monitor| made(monitor, &id)).await;
    match made {
        Some(Ok(Some((product, markup)))) => {
            let status = if product.is_known { StatusCode::OK } else { StatusCode::NOT_FOUND };
            if is_json {
                return answer(status, "application/json", format!("{}\n", product.json));
            }
            page(status, markup)
        }
        Some(Ok(None)) => nowhere(&monitor, PATH),
        Some(Err(error)) => unread(&monitor, &error.to_string()),
        None => unread(&monitor, "The log says why."),
    }
}

fn made(monitor: &Monitor, id: &str) -> Result<Option<(ProductPage, Markup)>, PrintError> {
    let config = monitor.config();
    let reader = Reader::open(&config.state.path)?;
    if let Some(absence) = no_state(&reader) {
        return Err(io::Error::other(absence).into());
    }
    let looks = monitor.looks(&config);
    let mut found = None;
    for look in &looks {
        found = look.product(&reader, id)?;
        if found.is_some() {
            break;
        }
    }
    let Some(product) = found else { return Ok(None) };
    let frame = Frame::of(monitor, &config, &looks);
    let id = product.id.as_str();
    let json = address(PATH, [("id", id), ("format", "json")]);
    let main = html! {
        div.head.top {
            h1 { @if let Some(title) = &product.title { (shown(title)) } @else { "Product " (shown(id)) } }
            p.links { a href=(json) { "JSON" } }
        }
        p.about { "Product " code { (shown(id)) } }
        @if product.is_known {
            @for part in &product.sections { (section(part, frame.now)) }
        } @else {
            p { "Nothing is known of it: neither what was sent nor the last feed's rejected rows have this id. The feed is not \
                 read for a page; to look there: " code { (frame.program) " explain " (typed(&plain(id, usize::MAX))) } }
        }
    };
    let markup = frame.page(&format!("Product {}", shown(id)), (PATH, false), main);
    Ok(Some((product, markup)))
}
