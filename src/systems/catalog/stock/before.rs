//! What is shown now, held against the feed while that is read.

use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;

use crate::feed::{RowDigest, RowPlace};
use crate::systems::catalog::shelf::{Draft, Entry, Generation, ShelfError, Stocked, Walk};

/// Whether the feed has an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// No row of its id came yet.
    Not,
    /// There is a row that nothing was made of.
    Row,
    /// There is a row that can't be read: it stays as it is.
    Rejected,
    /// It has been taken.
    Taken,
}

/// What is shown now.
pub(super) struct Before<'s> {
    generation: &'s Generation,
    walk: Walk<'s>,
    /// By their places.
    seen: Vec<Seen>,
    /// The first row of each, while there is one.
    rows: Vec<RowPlace>,
    /// Items beside each other on the page that is open, which are taken over together.
    run: Range<u64>,
    /// Its rows were digested with what rows are digested with now.
    knows_rows: bool,
    /// The names of categories, once somebody asked.
    categories: Option<HashMap<String, String>>,
}

impl<'s> Before<'s> {
    /// `rows` = what rows are digested and read with now, and when.
    pub(super) fn new(generation: &'s Generation, rows: &str, now: Timestamp) -> Result<Before<'s>, ShelfError> {
        let count = usize::try_from(generation.len()).unwrap_or_default();
        Ok(Before {
            generation,
            walk: Walk::new(generation)?,
            seen: vec![Seen::Not; count],
            rows: vec![RowPlace::UNKNOWN; count],
            run: 0..0,
            knows_rows: generation.about().rows.as_deref() == Some(rows) && generation.about().is_judged_by(now),
            categories: None,
        })
    }

    pub(super) fn knows_rows(&self) -> bool {
        self.knows_rows
    }

    /// The item that was made of this row, if the feed has had no row of its id yet. It goes to the draft as it is.
    pub(super) fn known(
        &mut self,
        row: RowDigest,
        line: u64,
        draft: Option<&mut Draft>,
    ) -> Result<Option<Entry<'_>>, ShelfError> {
        let mut draft = draft;
        if self.walk.is_at_end() {
            self.end_run(draft.as_deref_mut())?;
        }
        let Some(place) = self.walk.known(row.0)? else { return Ok(None) };
        let Some(at) = self.at(place).filter(|at| self.seen[*at] == Seen::Not) else { return Ok(None) };
        (self.seen[at], self.rows[at]) = (Seen::Taken, RowPlace::new(line, true));
        if self.run.end == place {
            self.run.end += 1;
        } else {
            self.end_run(draft)?;
            self.run = place..place + 1;
        }
        let entry = self.walk.page().at(place);
        entry.map(Some).ok_or(ShelfError::Damaged { path: self.generation.folder().to_owned(), what: "a page" })
    }

    /// Writes what was taken over, before anything else is written or looked for.
    pub(super) fn end_run(&mut self, draft: Option<&mut Draft>) -> Result<(), ShelfError> {
        let run = std::mem::replace(&mut self.run, 0..0);
        match draft {
            Some(draft) if !run.is_empty() => draft.take_over(self.generation, self.walk.page(), run),
            _ => Ok(()),
        }
    }

    /// Where the item with an id is.
    pub(super) fn find(&mut self, id: &str, draft: Option<&mut Draft>) -> Result<Option<u64>, ShelfError> {
        self.end_run(draft)?;
        self.walk.find(id)
    }

    /// The first row of an item; this one, if there is none yet.
    pub(super) fn first(&mut self, place: u64, row: RowPlace) -> Option<RowPlace> {
        let at = self.at(place)?;
        if self.seen[at] != Seen::Not {
            return Some(self.rows[at]);
        }
        (self.seen[at], self.rows[at]) = (Seen::Row, row);
        None
    }

    /// The feed has the item.
    pub(super) fn take(&mut self, place: u64) {
        if let Some(at) = self.at(place) {
            self.seen[at] = Seen::Taken;
        }
    }

    /// A row of the item can't be read: it stays as it is, unless an earlier one was taken.
    pub(super) fn reject(&mut self, place: u64) {
        if let Some(at) = self.at(place).filter(|at| self.seen[*at] != Seen::Taken) {
            self.seen[at] = Seen::Rejected;
        }
    }

    /// Items that no row was taken of: those that stay, as their row can't be read, or the others.
    pub(super) fn untaken(&self, are_rejected: bool) -> Vec<u64> {
        let is_one = |seen: &Seen| match seen {
            Seen::Not | Seen::Row => !are_rejected,
            Seen::Rejected => are_rejected,
            Seen::Taken => false,
        };
        (0_u64..).zip(&self.seen).filter(|(_, seen)| is_one(seen)).map(|(place, _)| place).collect()
    }

    /// An item, which may be far from those before it.
    pub(super) fn item(&mut self, place: u64) -> Result<Stocked, ShelfError> {
        self.walk.go_to(place)?;
        self.walk.item(place)
    }

    /// An item stays as it is.
    pub(super) fn keep(&mut self, place: u64, draft: &mut Draft) -> Result<(), ShelfError> {
        self.walk.go_to(place)?;
        draft.keep(self.generation, self.walk.page(), place)
    }

    /// The name of an item's category.
    pub(super) fn category_of(&mut self, item: &Stocked) -> Result<Option<&str>, ShelfError> {
        if self.categories.is_none() {
            let mut categories = HashMap::new();
            let mut page = 0;
            while let Some(some) = self.generation.categories(page)? {
                categories.extend(some);
                page += 1;
            }
            self.categories = Some(categories);
        }
        let id = item.fields.get("category").and_then(|id| id.as_str());
        Ok(id.zip(self.categories.as_ref()).and_then(|(id, all)| all.get(id)).map(String::as_str))
    }

    fn at(&self, place: u64) -> Option<usize> {
        usize::try_from(place).ok().filter(|at| *at < self.seen.len())
    }
}
