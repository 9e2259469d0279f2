//! Every quirk and defect that real feeds have, each with a small feed of its own.

mod any_bytes;
mod bombs;
mod cut;
mod damage;
mod google_xml;
mod text;
mod yml;

use std::io::Write as _;

use jiff::Timestamp;

use super::*;
use crate::catalog::{Currency, Item, Rejection};

/// Everything a feed comes to, in a line a row.
fn rows(body: &[u8]) -> Result<Vec<String>, FeedError> {
    rows_as(body, None)
}

fn rows_as(body: &[u8], format: Option<FeedType>) -> Result<Vec<String>, FeedError> {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(body).expect("written");
    let now = "2026-06-01T12:00:00Z".parse().expect("a time");
    let options = ParseOptions { format, default_currency: Currency::parse("usd"), ..ParseOptions::at(now) };
    rows_of(&open(&file, 64 << 20), &options)
}

fn rows_of(input: &Input<'_>, options: &ParseOptions) -> Result<Vec<String>, FeedError> {
    let mut rows = Vec::new();
    read(input, options, &mut |row| {
        rows.push(match row {
            Row::Offer(offer) => tell(&offer),
            Row::Rejected(Rejection { line, id, field, reason, .. }) => {
                format!("{line}: ! {} {field}: {reason}", id.as_deref().unwrap_or("-"))
            }
        });
        Ok(())
    })?;
    Ok(rows)
}

fn tell(offer: &Offer) -> String {
    let item = &offer.item;
    let text = |text: &Option<String>| text.clone().unwrap_or("-".into());
    let category = item.category.as_ref().and_then(|category| category.name.clone());
    let price = item.price.map_or("-".into(), |price| price.to_string());
    let currency = item.currency.map_or("-".into(), |currency| currency.to_string());
    let stock = if item.in_stock { "yes" } else { "no" };
    let (description, url, image) = (text(&item.description), text(&item.url), text(&item.image_url));
    let category = category.unwrap_or("-".into());
    format!(
        "{}: {} | {category} | {} | {price} {currency} | {description} | {url} | {image} | {stock}",
        offer.line, item.id, item.title
    )
}

fn good(body: impl AsRef<[u8]>) -> Vec<String> {
    rows(body.as_ref()).expect("a whole feed")
}

fn titles(body: impl AsRef<[u8]>) -> Vec<String> {
    good(body).iter().map(|row| row.split(" | ").nth(2).unwrap_or(row).to_owned()).collect()
}
