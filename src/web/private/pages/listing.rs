//! Tables with a page of their own: `/history`, `/rejected`, `/orders`, whatever the systems have.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use maud::{Markup, html};
use strsim::jaro_winkler;

use super::answer::html as page;
use super::asked::{address, asked};
use super::blocks::table;
use super::file::{Draft, given, too_long, too_many};
use super::frame::Frame;
use super::text::shown;
use super::words::{nowhere, told, unread};
use crate::state::Reader;
use crate::status::no_state;
use crate::systems::listing::{Asked, Filter, Form, Listed, Listing, ListingError};
use crate::web::private::Monitor;

/// Rows of a page.
const ROWS: usize = 50;
/// How alike a name must be to what somebody wrote to be what they meant.
const ALIKE: f64 = 0.75;

/// Names in the address that are no filters.
const FORMAT: &str = "format";
const FROM: &str = "from";

/// What somebody wants of a table.
struct Wanted {
    path: String,
    asked: Asked,
    form: Option<Form>,
    from: Option<String>,
}

impl Wanted {
    /// The table's, which is that of its command, too.
    fn name(&self) -> &str {
        self.path.trim_start_matches('/')
    }
}

/// What came of it.
enum Came {
    Page(Markup),
    File(Form, Draft),
    /// It is more than a file may have, and what to do.
    TooLong(String),
    Nowhere,
    Bad(ListingError),
    Unread(String),
}

/// The page of the table that has this address, or that nothing is there.
pub(super) async fn listing(State(monitor): State<Monitor>, method: Method, uri: Uri) -> Response {
    let config = monitor.config();
    let is_there = monitor.looks(&config).iter().any(|look| look.listings().iter().any(|one| one.path() == uri.path()));
    if !is_there {
        return nowhere(&monitor, uri.path());
    }
    if method != Method::GET && method != Method::HEAD {
        let mut refused = told(&monitor, StatusCode::METHOD_NOT_ALLOWED, ("Only to be read", &["Ask with GET."]));
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let wanted = match wanted(&uri) {
        Ok(wanted) => wanted,
        Err(words) => return told(&monitor, StatusCode::BAD_REQUEST, ("This can't be asked for", &[&words])),
    };
    let name = wanted.name().to_owned();
    let place = match wanted.form.map(|_| Arc::clone(&monitor.0.files).try_acquire_owned()).transpose() {
        Ok(place) => place,
        Err(_) => return too_many(),
    };
    let came = monitor.blocking(move |monitor| came(monitor, &wanted)).await;
    match (came, place) {
        (Some(Came::Page(markup)), _) => page(StatusCode::OK, markup),
        (Some(Came::File(form, draft)), Some(place)) => {
            given(draft, form, &name, place).unwrap_or_else(|error| unread(&monitor, &error.to_string()))
        }
        (Some(Came::TooLong(words)), _) => {
            told(&monitor, StatusCode::BAD_REQUEST, ("This is too much for a file", &[&words]))
        }
        (Some(Came::Nowhere), _) => nowhere(&monitor, uri.path()),
        (Some(Came::Bad(error)), _) => {
            told(&monitor, StatusCode::BAD_REQUEST, ("This can't be asked for", &[&error.to_string()]))
        }
        (Some(Came::Unread(error)), _) => unread(&monitor, &error),
        (Some(Came::File(..)) | None, _) => unread(&monitor, "The log says why."),
    }
}

fn wanted(uri: &Uri) -> Result<Wanted, String> {
    let mut asked = asked(uri.query().unwrap_or_default().as_bytes());
    let form = match asked.remove(FORMAT).as_deref() {
        None | Some("html") => None,
        Some("csv") => Some(Form::Csv),
        Some("json") => Some(Form::Json),
        Some(other) => return Err(format!("format: {other:?} is none of csv, json, html")),
    };
    let from = asked.remove(FROM);
    Ok(Wanted { path: uri.path().to_owned(), asked, form, from })
}

fn came(monitor: &Monitor, wanted: &Wanted) -> Came {
    let config = monitor.config();
    let looks = monitor.looks(&config);
    let mut listings = looks.iter().flat_map(|look| look.listings());
    let Some(listing) = listings.find(|listing| listing.path() == wanted.path) else { return Came::Nowhere };
    if let Some(words) = unknown(&listing.filters(), &wanted.asked) {
        return Came::Bad(ListingError::Filter { name: "the address", message: words });
    }
    let reader = match Reader::open(&config.state.path) {
        Ok(reader) => reader,
        Err(error) => return Came::Unread(error.to_string()),
    };
    if let Some(absence) = no_state(&reader) {
        return Came::Unread(absence);
    }
    let came = match wanted.form {
        None => listing.page(&reader, &wanted.asked, wanted.from.as_deref(), ROWS).map(|listed| {
            let frame = Frame::of(monitor, &config, &looks);
            let main = shown_page(listing.as_ref(), &listed, wanted, &frame);
            Came::Page(frame.page(listing.title(), (listing.path(), false), main))
        }),
        Some(form) => {
            let draft = Draft::new().filled(|out| listing.write(&reader, &wanted.asked, form, out));
            draft.map(|draft| match draft {
                Some(draft) => Came::File(form, draft),
                None => Came::TooLong(too_long(&config.program, wanted.name(), form)),
            })
        }
    };
    came.unwrap_or_else(|error| match error {
        ListingError::Filter { .. } => Came::Bad(error),
        ListingError::Print(error) => Came::Unread(error.to_string()),
    })
}

/// What is said of a filter that there isn't.
fn unknown(filters: &[Filter], asked: &Asked) -> Option<String> {
    let name = asked.keys().find(|name| filters.iter().all(|filter| filter.name != *name))?;
    let names = filters.iter().map(|filter| filter.name).chain([FORMAT]);
    let alike = names.clone().map(|known| (jaro_winkler(known, name), known));
    let meant = alike.max_by(|(a, _), (b, _)| a.total_cmp(b)).filter(|(alike, _)| *alike > ALIKE);
    let meant = meant.map(|(_, known)| format!("; did you mean {known}?")).unwrap_or_default();
    Some(format!("there is no filter {:?}{meant} There are {}.", shown(name), names.collect::<Vec<_>>().join(", ")))
}

fn shown_page(listing: &dyn Listing, listed: &Listed, wanted: &Wanted, frame: &Frame) -> Markup {
    let asked = || wanted.asked.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let file = |form: &'static str| address(&wanted.path, asked().chain([(FORMAT, form)]));
    html! {
        div.head.top {
            h1 { (listing.title()) }
            p.links { a href=(file("csv")) { "CSV" } " " a href=(file("json")) { "JSON" } }
        }
        p.about { (listing.about()) }
        (form(listing, &wanted.asked))
        section aria-label=(listed.table.caption) {
            @if !listed.table.rows.is_empty() { (table(&listed.table, frame.now)) }
            @if let Some(words) = &listed.told { p { (shown(words)) } }
        }
        @if wanted.from.is_some() || listed.next.is_some() {
            nav.paging aria-label="Paging" {
                @if wanted.from.is_some() { a href=(address(&wanted.path, asked())) { "First page" } " " }
                @if let Some(next) = &listed.next {
                    a rel="next" href=(address(&wanted.path, asked().chain([(FROM, next.as_str())]))) { "Next page" }
                }
            }
        }
    }
}

fn form(listing: &dyn Listing, asked: &Asked) -> Markup {
    let value = |filter: &Filter| asked.get(filter.name).map(String::as_str).unwrap_or_default();
    let name = |filter: &Filter| format!("filter-{}", filter.name);
    html! {
        form.filters action=(listing.path()) method="get" role="search" aria-label="Filters" {
            @for filter in listing.filters() {
                div {
                    label for=(name(&filter)) { (filter.label) }
                    @if filter.choices.is_empty() {
                        input id=(name(&filter)) name=(filter.name) value=(value(&filter)) autocomplete="off"
                            spellcheck="false" title=(filter.hint) placeholder=[placeholder(&filter)];
                    } @else {
                        select id=(name(&filter)) name=(filter.name) {
                            option value="" { "any" }
                            @for choice in &filter.choices {
                                option value=(choice) selected[*choice == value(&filter)] { (choice) }
                            }
                        }
                    }
                }
            }
            button { "Show" }
            @if !asked.is_empty() { a href=(listing.path()) { "all" } }
        }
    }
}

/// The first of what a filter takes.
fn placeholder(filter: &Filter) -> Option<&'static str> {
    filter.hint.split_once(',').map(|(first, _)| first)
}
