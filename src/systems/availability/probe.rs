//! Whether Emplifi takes our key.

use std::sync::Arc;

use crate::config::Emplifi;
use crate::remote::{Limit, emplifi};

/// Asks one question.
pub(super) async fn probe(settings: &Emplifi) -> anyhow::Result<String> {
    let Some(watch) = settings.watches.first() else {
        return Ok("not asked: nobody is watched; add [[emplifi.watch]]".to_owned());
    };
    let reader = emplifi::connect(settings, &Arc::new(Limit::new(None)))?;
    let told = |error| anyhow::anyhow!("{}: watch {}: {error}", settings.base_url, watch.name);
    let is_there = reader.ask(&watch.question).await.map_err(told)?;
    Ok(format!("takes the key ({} is {})", watch.name, if is_there { "available" } else { "not available" }))
}
