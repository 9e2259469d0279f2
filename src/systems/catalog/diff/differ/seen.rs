//! The fields in which the items of a feed have values, whose rows may be known by their bytes.

use super::Differ;
use crate::systems::catalog::diff::error::DifferError;
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::store::{Field, ReadPresence as _};

impl Differ {
    /// Adds the fields that only rows have which weren't parsed. It is asked only of those that products would lose
    /// and no row that was parsed has: next to never.
    pub(super) fn note_known_fields(&mut self) -> Result<(), DifferError> {
        let summary = &mut self.draft.summary;
        let Some(known_rows) = &mut self.inventory.known_rows else { return Ok(()) };
        for field in Field::ALL {
            let is_lost = summary.risks.of(Risk::Emptied(field)) > 0 && summary.fields_seen & field.bit() == 0;
            if is_lost && self.inventory.reader.any_with(field, |object| known_rows.has_known(object))? {
                summary.fields_seen |= field.bit();
            }
        }
        Ok(())
    }
}
