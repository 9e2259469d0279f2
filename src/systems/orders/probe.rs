//! Whether NiceChat lets us see its orders.

use crate::config::Orders;
use crate::remote::{Limits, nicechat};

/// Reads the beginning of the list.
pub(super) async fn probe(settings: &Orders) -> anyhow::Result<String> {
    let reader = nicechat::OrdersReader::connect(&settings.nicechat, &Limits::default())?;
    let page = async { reader.page(&reader.first_page()?).await };
    let base_url = &settings.nicechat.base_url;
    let page = page.await.map_err(|error| anyhow::anyhow!("{base_url}: orders: {error}"))?;
    let listed = page.count.map_or_else(|| "orders listed".to_owned(), |count| format!("{count} orders listed"));
    Ok(format!("takes the key and the signature ({listed})"))
}
