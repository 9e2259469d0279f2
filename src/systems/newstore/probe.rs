//! Whether NewStore gives us a token, and lists the numbers of a store.

use crate::config::NewStore;
use crate::remote::newstore::Connected;
use crate::text::count;

/// Asks for a token, and for one listing.
pub(super) async fn probe(settings: &NewStore) -> anyhow::Result<String> {
    ask(settings).await.map_err(|error| anyhow::anyhow!("NewStore {}: {error}", settings.base_url))
}

async fn ask(settings: &NewStore) -> Result<String, String> {
    let reader = Connected::new(settings).map_err(|error| error.to_string())?.reader();
    let Some(store) = settings.stores.first() else {
        reader.log_in().await.map_err(|error| error.to_string())?;
        return Ok("gives a token; nothing is listed without a [[newstore.store]]".to_owned());
    };
    let numbers = reader.numbers(&store.id).await.map_err(|error| format!("store {}: {error}", store.id))?;
    let offered = count(numbers.offers.len() as u64, "number", "numbers");
    Ok(format!("takes the token (store {}: {offered} offered)", store.id))
}
