//! What NiceChat's listing says of objects.

use tracing::info;

use super::Differ;
use crate::catalog::{Fields, Id, Kind};
use crate::systems::catalog::diff::decide::{Since, observe};
use crate::systems::catalog::diff::error::DifferError;
use crate::systems::catalog::diff::index::Flags;

impl Differ {
    /// The import after which nobody has looked yet has read this very feed: the pictures that it brought are those
    /// that are wanted.
    pub(in crate::systems::catalog) fn follows_its_import(&mut self) {
        if self.inventory.since == Since::OtherImport {
            self.inventory.since = Since::Import;
        }
    }

    /// Takes in a page of NiceChat's listing.
    ///
    /// # Errors
    /// When the state or the temporary file can't be used.
    pub fn observe(&mut self, kind: Kind, objects: Vec<(Id, Fields)>) -> Result<(), DifferError> {
        for (id, listed) in objects {
            let key = self.inventory.key(id.as_str());
            match self.inventory.index(kind).find(key) {
                Some(at) if self.inventory.index(kind).object(at) != 0 => {
                    self.inventory.index_mut(kind).mark(at, Flags::LISTED);
                    let known = self.inventory.known(kind, at)?;
                    let seen = observe(&known, &listed, self.inventory.since);
                    for field in &seen.learned {
                        info!(object = %id, field, "NiceChat writes this value its own way; not repaired again until the source changes");
                    }
                    if !seen.drift.is_empty() || seen.answered != known.answered || seen.repaired != known.repaired {
                        self.inventory.index_mut(kind).mark(at, Flags::OBSERVED);
                        self.draft.store.put_observed(kind, key, seen)?;
                    }
                }
                _ => {
                    if self.draft.store.put_listed(kind, key, &id, &listed)? {
                        self.inventory.foreign.push((kind, key));
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends the listing. `whole` = every page was read and the counts agree.
    pub fn listing_ends(&mut self, whole: bool) {
        self.inventory.is_listed = true;
        self.inventory.absence_proven = whole;
        self.draft.summary.is_listed = whole;
        let foreign = std::mem::take(&mut self.inventory.foreign);
        for kind in Kind::ALL {
            let mut flags = Flags::FOREIGN;
            flags.add(Flags::LISTED);
            let mut new = Vec::new();
            for key in foreign.iter().filter(|(of, _)| *of == kind).map(|(_, key)| *key) {
                match self.inventory.index(kind).find(key) {
                    Some(at) => self.inventory.index_mut(kind).mark(at, flags),
                    None => new.push((key, flags)),
                }
            }
            if !new.is_empty() {
                self.inventory.index_mut(kind).extend(new);
            }
        }
    }
}
