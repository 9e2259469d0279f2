//! What the catalog's state says of a product, for other systems: they know nothing of each other.

use crate::catalog::{Fields, Kind};
use crate::state::{Reader, StateError};
use crate::systems::catalog::store::ReadObjects as _;
use crate::systems::orders::store::Known;

/// What NiceChat last acknowledged of a product of ours; nothing of one that isn't there.
///
/// # Errors
/// When the state can't be read.
pub fn product(reader: &Reader, id: &str) -> Result<Known, StateError> {
    let Some(product) = acknowledged(reader, Kind::Product, id)? else { return Ok(Known::default()) };
    let text = |name: &str| product.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let category = text("category");
    let name = match &category {
        Some(category) => acknowledged(reader, Kind::Category, category)?,
        None => None,
    };
    let name = name.and_then(|category| category.get("name")?.as_str().map(str::to_owned));
    Ok(Known { currency: text("currency"), category, name })
}

fn acknowledged(reader: &Reader, kind: Kind, id: &str) -> Result<Option<Fields>, StateError> {
    let key = reader.key(kind, reader.hasher().digest(id.as_bytes()))?;
    // Two ids may have one key, however unlikely.
    let object = key.map(|key| reader.object(key.object)).transpose()?;
    Ok(object.filter(|object| object.id == id).map(|object| object.acked))
}
