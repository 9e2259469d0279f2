//! Whether Lagerkoll takes the credentials of a store.

use crate::config::{Account, Lagerkoll};
use crate::remote::{Limits, lagerkoll};

/// Reads its events.
pub(super) async fn probe(settings: &Lagerkoll, account: &Account) -> anyhow::Result<String> {
    let lagerkoll = lagerkoll::connect(settings, account, &Limits::default())?;
    let told = |error| anyhow::anyhow!("{}: store {}: {error}", settings.base_url, account.store);
    let events = lagerkoll.reader().list().await.map_err(told)?;
    let listed = format!("{} event{} listed", events.len(), if events.len() == 1 { "" } else { "s" });
    Ok(format!("takes the credentials of store {} ({listed})", account.store))
}
