//! What the catalog's state says to other systems: they know nothing of each other.

use crate::catalog::{Fields, Kind};
use crate::report::PrintError;
use crate::state::{Reader, StateError};
use crate::systems::catalog::store::ReadObjects as _;
use crate::systems::catalog::{rejected_csv, rejected_text};
use crate::systems::hooks::ToMend;
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

/// Rows that are told in words, and the most that a mail has attached.
const TOLD: u64 = 10;
const ATTACHED: u64 = 5_000;
/// Bytes of a file that every mail server takes.
const LARGEST: usize = 4 << 20;

/// The rows of the feed that the shop has to mend.
///
/// # Errors
/// When the state can't be read.
pub fn to_mend(reader: &Reader) -> Result<ToMend, PrintError> {
    let mut words = Vec::new();
    let rows = rejected_text(reader, TOLD, &mut words)?;
    let (mut csv, mut attached) = (Vec::new(), rows.min(ATTACHED));
    loop {
        rejected_csv(reader, None, attached, &mut csv)?;
        if csv.len() <= LARGEST || attached <= 1 {
            break;
        }
        attached /= 2;
        csv.clear();
    }
    Ok(ToMend { words: String::from_utf8_lossy(&words).into_owned(), csv, rows: (rows, attached) })
}

fn acknowledged(reader: &Reader, kind: Kind, id: &str) -> Result<Option<Fields>, StateError> {
    let key = reader.key(kind, reader.hasher().digest(id.as_bytes()))?;
    // Two ids may have one key, however unlikely.
    let object = key.map(|key| reader.object(key.object)).transpose()?;
    Ok(object.filter(|object| object.id == id).map(|object| object.acked))
}
