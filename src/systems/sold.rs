//! What the mirror of NiceChat's orders says to Oct8ne's adapter: the two know nothing of each other.

use serde_json::{Map, Value, json};

use super::oct8ne::WantedOrders;
use super::orders::store::{HeldOrder, ReadOrders as _};
use super::orders::{Shower, email_digest};
use super::snapshot::product;
use crate::config;
use crate::state::{Reader, StateError};

/// Begins the reference of an order that has no number of the shop's; NiceChat's id follows.
const BY_ID: &str = "nc-";

/// Orders as the shop itself would tell them, the latest first. What NiceChat doesn't know is left out.
///
/// # Errors
/// When the state can't be read.
pub fn sold(
    reader: &Reader,
    settings: &config::Orders,
    wanted: &WantedOrders,
) -> Result<Vec<Map<String, Value>>, StateError> {
    let found = match wanted {
        WantedOrders::Called(reference) => called(reader, reference)?,
        WantedOrders::OfEmail(email) if settings.match_email => {
            let ids = reader.orders_of_email(email_digest(email, reader.hasher()))?;
            let held = ids.iter().map(|id| reader.orders_called(&id.to_string(), false));
            held.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()
        }
        WantedOrders::OfEmail(_) => Vec::new(),
    };
    let shower = Shower { reader, products: product, currency: settings.currency };
    found.into_iter().filter(|held| held.gone.is_none()).map(|held| told(&shower, held)).collect()
}

/// By the shop's number; an id of NiceChat's is only one when it says so.
fn called(reader: &Reader, reference: &str) -> Result<Vec<HeldOrder>, StateError> {
    let mut found = reader.orders_numbered(reference)?;
    if let Some(id) = reference.strip_prefix(BY_ID).filter(|_| found.is_empty()) {
        found = reader.orders_called(id, false)?;
        found.retain(|held| held.order.num.is_none());
    }
    Ok(found)
}

fn told(shower: &Shower<'_>, held: HeldOrder) -> Result<Map<String, Value>, StateError> {
    let reference = held.order.num.clone().unwrap_or_else(|| format!("{BY_ID}{}", held.order.id));
    let lines = held.order.lines.iter();
    let products: Vec<Value> = lines.map(|line| json!({"quantity": line.qty, "name": line.title})).collect();
    let date = held.order.date;
    let shown = shower.shown(held)?;
    let mut sums = shown.total.iter();
    // Money of several currencies is no sum.
    let sum = sums.next().filter(|_| sums.next().is_none());
    Ok(Map::from_iter([
        ("reference".to_owned(), reference.into()),
        ("date".to_owned(), json!(date)),
        ("total".to_owned(), json!(sum.map(|sum| sum.amount))),
        ("currency".to_owned(), json!(sum.and_then(|sum| sum.currency.clone()))),
        ("products".to_owned(), products.into()),
    ]))
}
