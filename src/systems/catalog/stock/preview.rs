//! What a feed would change of what is shown, without doing it.

use std::collections::HashSet;

use rust_decimal::Decimal;

use super::fill::{Fate, Filling, whole};
use super::judge::{Word, judge, judge_anew};
use super::merge::patched;
use super::run::Reading;
use super::stocking::Stocking;
use crate::state::Reader;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::plan::verdict::Held;
use crate::systems::catalog::seen::Seen;
use crate::systems::catalog::shelf::Stocked;
use crate::systems::catalog::store::Missing;

/// What a feed would change of what is shown.
#[derive(Debug, Default)]
pub struct Preview {
    /// Rows that would be taken.
    pub taken: u64,
    /// Rows that can't be.
    pub rejected: u64,
    /// Rows that a rule leaves out.
    pub excluded: u64,
    /// Products that would come.
    pub new: u64,
    /// Products that would be others.
    pub changed: u64,
    /// Products that would go, if nobody held that.
    pub gone: u64,
    /// Products that are missing, and wait before they go.
    pub waiting: u64,
    /// What would wait for somebody's word.
    pub held: Option<Held>,
    /// That is all of it.
    pub is_whole: bool,
    /// Nothing that the feed lacks goes.
    pub proves_nothing: bool,
    /// The feed is the one that is shown.
    pub is_same: bool,
    /// What is asked about.
    pub product: PreviewOfOne,
}

/// What becomes of one product.
#[derive(Debug, Default)]
pub struct PreviewOfOne {
    /// Its rows.
    pub seen: Vec<Seen>,
    /// As it is shown now.
    pub shown: Option<Stocked>,
    /// As it would be shown; the same where it stays as it is.
    pub then: Option<Stocked>,
    /// Whether somebody's word is needed for more.
    pub is_held: bool,
    /// Since when it is missing.
    pub missing: Option<Missing>,
}

impl Stocking<'_> {
    /// What [`Stocking::alone`] would do. `watched` = a product of which everything is told.
    ///
    /// # Errors
    /// When the feed can't be read to its end.
    pub fn preview(&self, state: &Reader, word: &Word, watched: Option<&str>) -> Result<Preview, PassError> {
        let (old, nothing, key) = (self.shelf.newest().ok().flatten(), HashSet::new(), self.key()?);
        let mut filling = Filling::new(self, old.as_ref(), &nothing)?.watching(watched);
        if let Some(old) = &old {
            filling = filling.counted(old);
        }
        let Reading { filling, read, waiting, .. } = self.reading(filling, state, false)?;
        let judged = old.as_ref().zip(filling.tally.as_ref());
        let judged = judged.map(|(old, tally)| judge(tally, &read, filling.taken, old, word));
        let judged = judged.unwrap_or_else(|| judge_anew(&read, filling.taken, word));
        let as_it_is = self.as_it_is(old.as_ref(), &key, word);
        let (new, changed, gone) = match &filling.tally {
            _ if as_it_is.is_some() => (0, 0, 0),
            Some(tally) => (tally.new, tally.changed, tally.gone),
            None => (filling.taken, 0, 0),
        };
        let (waits, missing) = waiting.map_or((0, Vec::new()), |waiting| (waiting.count, waiting.into_all()));
        let shown = watched.zip(old.as_ref()).map(|(id, old)| old.get(id)).transpose()?.flatten();
        let missing = missing.into_iter().find(|missing| Some(missing.id.as_str()) == watched);
        let is_whole = judged.is_whole && as_it_is.is_none();
        let (seen, fate) = (filling.seen, filling.fate);
        let (then, is_held) = match is_whole {
            true => (shown.clone(), true),
            false => next_shown((shown.as_ref(), seen.first()), fate, &judged.risks, self.guard.price_factor),
        };
        Ok(Preview {
            taken: filling.taken,
            rejected: filling.rejected,
            excluded: filling.excluded,
            new,
            changed,
            gone,
            waiting: waits,
            held: as_it_is.unwrap_or(judged.held),
            is_whole,
            proves_nothing: !read.proves_absence,
            is_same: old.is_some_and(|old| old.about().key.starts_with(&key)),
            product: PreviewOfOne { seen, shown, then, is_held, missing },
        })
    }
}

/// What would be shown of a product, and whether that isn't all that the feed says. `fate` = of one that the feed lacks.
pub(in crate::systems::catalog) fn next_shown(
    (shown, seen): (Option<&Stocked>, Option<&Seen>),
    fate: Option<Fate>,
    held: &HashSet<Risk>,
    price_factor: Decimal,
) -> (Option<Stocked>, bool) {
    if let Some(Seen::Item(offer)) = seen {
        let mut item = whole(&offer.item);
        let is_held = shown.is_some_and(|old| patched(old, &mut item, held, price_factor));
        return (Some(item), is_held);
    }
    match fate {
        Some(Fate::Goes) if held.contains(&Risk::Delete) => (shown.cloned(), true),
        Some(Fate::Goes) => (None, false),
        Some(Fate::SellsOut) => {
            let mut item = shown.cloned();
            item.iter_mut().for_each(|item| _ = item.fields.insert("in_stock".to_owned(), false.into()));
            (item, false)
        }
        Some(Fate::Stays) | None => (shown.cloned(), false),
    }
}
