//! Whether NiceChat takes our key and signature.

use crate::catalog::Kind;
use crate::config::Catalog;
use crate::remote::{Limits, nicechat};

/// Reads a page of the listing.
pub(super) async fn probe(catalog: &Catalog) -> anyhow::Result<String> {
    let secrets = catalog.source.location.secrets();
    let reader = nicechat::connect(&catalog.nicechat, &secrets, &Limits::default())?.reader();
    let page = async { reader.page(&reader.first_page(Kind::Product)?).await };
    let base_url = &catalog.nicechat.base_url;
    let page = page.await.map_err(|error| anyhow::anyhow!("{base_url}: {error}"))?;
    let listed = page.count.map_or_else(|| "products listed".to_owned(), |count| format!("{count} products listed"));
    Ok(format!("takes the key and the signature ({listed})"))
}
