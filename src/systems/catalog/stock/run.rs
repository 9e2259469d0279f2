//! The two ways in which a feed gets onto the shelf.

use std::collections::HashSet;
use std::path::Path;

use jiff::Timestamp;

use super::fill::Fill;
use super::judge::{Judged, Word, judge};
use super::stocking::{Stocking, shown};
use crate::catalog::Digest;
use crate::config::Source;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::plan::verdict::Held;
use crate::systems::catalog::shelf::{About, Generation};

/// What a plan has decided.
pub(in crate::systems::catalog) struct Decided {
    /// What is held.
    pub(in crate::systems::catalog) risks: HashSet<Risk>,
    /// The whole feed is held.
    pub(in crate::systems::catalog) is_whole: bool,
    /// What is held, in words for programs.
    pub(in crate::systems::catalog) held: Option<Held>,
    /// Whether a product that the feed doesn't have stays.
    pub(in crate::systems::catalog) keeps: Box<dyn Fn(&str) -> bool + Send>,
    /// Tells it from others: what stays changes with time.
    pub(in crate::systems::catalog) key: String,
}

/// What came of it.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// Something else is shown now.
    pub is_new: bool,
    /// Rows that were taken and weren't.
    pub rows: Option<(u64, u64)>,
    /// What waits for somebody's word.
    pub held: Option<Held>,
}

impl Stocking<'_> {
    /// Puts the feed on the shelf as a plan has decided.
    pub(in crate::systems::catalog) fn by_plan(&self, decided: &Decided) -> Result<Outcome, PassError> {
        let held = decided.held.clone();
        let old = self.old();
        if decided.is_whole && old.is_some() {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        let key = format!("{}|{}", self.key()?, decided.key);
        if is_current(old.as_ref(), &key, self.now) {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        let about =
            About { key, held: held.as_ref().and_then(|held| serde_json::to_value(held).ok()), ..About::default() };
        let fill = Fill { stocking: self, old: old.as_ref(), held: &decided.risks, keeps: &*decided.keeps };
        let rows = fill.run(about)?;
        Ok(Outcome { is_new: true, rows: Some(rows), held })
    }

    /// Puts the feed on the shelf, judged by what is there.
    ///
    /// # Errors
    /// When the feed can't be read to its end, or the shelf can't be written.
    pub fn alone(&self, word: &Word) -> Result<Outcome, PassError> {
        let old = self.old();
        let plain = self.key()?;
        if is_current(old.as_ref(), &plain, self.now) {
            return Ok(Outcome { held: old.as_ref().and_then(held_of), ..Outcome::default() });
        }
        let Judged { risks, is_whole, held, keeps_all } = match &old {
            Some(old) => judge(self, old, word)?,
            None => Judged::default(),
        };
        if is_whole {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        let key = held.as_ref().map_or(plain.clone(), |held| format!("{plain}|{}", held.digest));
        if is_current(old.as_ref(), &key, self.now) {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        let about =
            About { key, held: held.as_ref().and_then(|held| serde_json::to_value(held).ok()), ..About::default() };
        let keeps = |_: &str| keeps_all || risks.contains(&Risk::Delete);
        let rows = Fill { stocking: self, old: old.as_ref(), held: &risks, keeps: &keeps }.run(about)?;
        Ok(Outcome { is_new: true, rows: Some(rows), held })
    }
}

/// Whether what is shown is of a feed with these bytes, with everything in it that the feed says.
pub fn is_of(state: &Path, source: &Source, body: Option<Digest>, now: Timestamp) -> bool {
    let Some(body) = body else { return false };
    let key = format!("{}|{body:032x}", Stocking::shape(source));
    match shown(state).newest() {
        Ok(Some(old)) => old.about().key.starts_with(&key) && old.about().changes_at.is_none_or(|at| at > now),
        _ => false,
    }
}

fn is_current(old: Option<&Generation>, key: &str, now: Timestamp) -> bool {
    old.is_some_and(|old| old.about().key == key && old.about().changes_at.is_none_or(|at| at > now))
}

fn held_of(old: &Generation) -> Option<Held> {
    old.about().held.clone().and_then(|held| serde_json::from_value(held).ok())
}
