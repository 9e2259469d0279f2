//! Rows whose id an earlier row has: on which line that one is, for whoever has to mend them.

use std::collections::HashMap;

use super::Differ;
use crate::catalog::{FirstRow, Kind, Rejection};
use crate::systems::catalog::diff::error::DifferError;

impl Differ {
    /// Looks for the first rows of ids that several have, once the plan can be read.
    pub(super) fn find_first_lines(&mut self) -> Result<(), DifferError> {
        let repeated = std::mem::take(&mut self.feed.repeated);
        if repeated.is_empty() {
            return Ok(());
        }
        self.draft.store.index_rejected()?;
        // Of rows that are known by their bytes only the objects are; they are looked through once.
        let mut of_objects: HashMap<i64, Vec<i64>> = HashMap::new();
        for row in repeated {
            let Some(id) = self.draft.store.rejected_at(row)?.and_then(|rejection| rejection.id) else { continue };
            let at = self.inventory.locate(Kind::Product, self.inventory.key(&id))?;
            let products = &self.inventory.products;
            let line = match at {
                Some(at) if products.line(at).is_some() => products.line(at),
                Some(at) if products.object(at) != 0 => {
                    of_objects.entry(products.object(at)).or_default().push(row);
                    None
                }
                _ => self.draft.store.line_of_new(&id)?,
            };
            line.map_or(Ok(()), |line| self.set_first_line(row, line))?;
        }
        if of_objects.is_empty() {
            return Ok(());
        }
        let known = self.inventory.known_rows.iter().flat_map(|rows| rows.lines());
        let found = known.filter_map(|(object, line)| Some((of_objects.remove(&object)?, line)));
        let found: Vec<(Vec<i64>, u64)> = found.collect();
        found
            .into_iter()
            .try_for_each(|(rows, line)| rows.into_iter().try_for_each(|row| self.set_first_line(row, line)))
    }

    fn set_first_line(&self, row: i64, first: u64) -> Result<(), DifferError> {
        let Some(rejection) = self.draft.store.rejected_at(row)? else { return Ok(()) };
        // The first one itself, when nothing tells of what was left out before it.
        let Some(id) = rejection.id.filter(|_| first < rejection.line) else { return Ok(()) };
        let first = FirstRow { line: first, is_taken: !self.draft.store.is_rejected(&id, first)? };
        Ok(self.draft.store.set_first(row, &Rejection::duplicate(rejection.line, id, Some(first)))?)
    }
}
