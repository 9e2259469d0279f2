//! The two ways in which a feed gets onto the shelf.

use std::collections::HashSet;
use std::path::Path;

use jiff::Timestamp;
use tracing::warn;

use super::fill::{Fate, Filling, Lacking};
use super::judge::{Judged, Word, judge, judge_anew};
use super::reading::{FeedRead, read};
use super::stocking::{Stocking, shown};
use crate::catalog::Digest;
use crate::clock::Stamp;
use crate::config::{self, Source};
use crate::source::{End, FetchError};
use crate::state::Reader;
use crate::systems::catalog::diff::patience::Waiting;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::plan::store::SharedPlanStore;
use crate::systems::catalog::plan::verdict::Held;
use crate::systems::catalog::planner::patience;
use crate::systems::catalog::shelf::{About, Generation, Gone, ShelfError};
use crate::systems::catalog::store::{Missing, ReadFeed as _, Unproven};

/// Ends the key of what some of the feed waits for a proof of its end.
const UNPROVEN: &str = "|unproven";

/// What a plan has decided.
pub(in crate::systems::catalog) struct Decided {
    /// What is held.
    pub(in crate::systems::catalog) risks: HashSet<Risk>,
    /// The whole feed is held.
    pub(in crate::systems::catalog) is_whole: bool,
    /// What is held, in words for programs.
    pub(in crate::systems::catalog) held: Option<Held>,
    /// The products of which something is held, by their ids' digests.
    pub(in crate::systems::catalog) held_products: HashSet<Digest>,
    /// What becomes of a product that the feed doesn't have, if its absence is proven.
    pub(in crate::systems::catalog) fate: Box<dyn Fn(&str) -> Fate + Send>,
    /// Tells it from others: what stays changes with time.
    pub(in crate::systems::catalog) key: String,
}

/// What came of it.
#[derive(Default)]
pub struct Outcome {
    /// Something else is shown now.
    pub is_new: bool,
    /// Rows that were taken and weren't.
    pub rows: Option<(u64, u64)>,
    /// Rows without an id, where all is shown as the feed says.
    pub nameless: Option<u64>,
    /// What waits for somebody's word.
    pub held: Option<Held>,
    /// What whole feeds don't have any more, where that was looked at.
    pub missing: Option<Vec<Missing>>,
    /// Rows that weren't taken, likewise.
    pub rejections: Option<SharedPlanStore>,
    /// What waits for a proof of the feed's end, or that nothing does, likewise.
    pub unproven: Option<Option<Unproven>>,
}

/// A feed that was read to its end, and what it doesn't have.
pub(super) struct Reading<'s, 'a> {
    pub(super) filling: Filling<'s, 'a>,
    pub(super) read: FeedRead,
    pub(super) lacking: Vec<Lacking>,
    pub(super) waiting: Option<Waiting>,
}

impl Stocking<'_> {
    /// Puts the feed on the shelf as a plan has decided.
    pub(in crate::systems::catalog) fn by_plan(&self, decided: &Decided) -> Result<Outcome, PassError> {
        let held = decided.held.clone();
        let old = self.old();
        if decided.is_whole {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        let key = format!("{}|{}", self.key()?, decided.key);
        if is_current(old.as_ref(), &key, self.now) {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        self.undamaged(old, |old| {
            let filling = Filling::new(self, old, &decided.risks)?.without(&decided.held_products);
            let mut filling = filling.written(old)?;
            let read = read(self, &mut filling)?;
            let mut fate = |id: &str, is_proven| if is_proven { (decided.fate)(id) } else { Fate::Stays };
            let lacking = filling.lacking(&read, &mut fate)?;
            let rows = (filling.taken, filling.rejected);
            let about = About { gone: gone_before(old), ..about(&key, held.as_ref(), &read, None) };
            filling.finish(about, &lacking, old)?;
            Ok(Outcome { is_new: true, rows: Some(rows), held: held.clone(), ..Outcome::default() })
        })
    }

    /// Puts the feed on the shelf, judged by what is there. `state` = what is known of products that are missing.
    ///
    /// # Errors
    /// When the feed can't be read to its end, or the shelf can't be written.
    pub fn alone(&self, state: &Reader, word: &Word) -> Result<Outcome, PassError> {
        let (old, key) = (self.old(), self.key()?);
        if let Some(held) = self.as_it_is(old.as_ref(), &key, word) {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        self.undamaged(old, |old| self.judged(old, state, word, &key))
    }

    /// What is held, if what is shown stays as it is.
    pub(super) fn as_it_is(&self, old: Option<&Generation>, key: &str, word: &Word) -> Option<Option<Held>> {
        let held = old.and_then(held_of);
        let key = held.as_ref().map_or(key.to_owned(), |held| format!("{key}|{}", held.digest));
        // What waits for a proof goes on waiting while there is none, and no longer.
        let waits = || self.body.end != End::Proven && is_current(old, &format!("{key}{UNPROVEN}"), self.now);
        let is_current = is_current(old, &key, self.now) || waits();
        (is_current && word.is_silent(held.as_ref())).then_some(held)
    }

    fn judged(&self, old: Option<&Generation>, state: &Reader, word: &Word, key: &str) -> Result<Outcome, PassError> {
        let mut risks = HashSet::new();
        let mut held = None;
        if let Some(old) = old {
            let filling = Filling::new(self, Some(old), &risks)?.written(Some(old))?.counted(old).listed()?;
            let Reading { filling, read, lacking, waiting } = self.reading(filling, state, false)?;
            let judged = match &filling.tally {
                Some(tally) => judge(tally, &read, filling.taken, old, word),
                None => Judged::default(),
            };
            if judged.is_whole {
                return Ok(Outcome { held: judged.held, ..Outcome::default() });
            }
            if judged.held.is_none() {
                let known = (Some(old), judged.is_by_word);
                return finish(filling, (&read, &lacking, waiting), (key, None), known);
            }
            (risks, held) = (judged.risks, judged.held);
        }
        // The first time, or once more, as some of it stays as it was.
        let filling = Filling::new(self, old, &risks)?.written(old)?.listed()?;
        let Reading { filling, read, lacking, waiting } =
            self.reading(filling, state, risks.contains(&Risk::Delete))?;
        let anew = old.is_none().then(|| judge_anew(&read, filling.taken, word)).filter(|judged| judged.is_whole);
        if let Some(Judged { held, .. }) = anew {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        let key = held.as_ref().map_or(key.to_owned(), |held| format!("{key}|{}", held.digest));
        finish(filling, (&read, &lacking, waiting), (&key, held), (old, false))
    }

    /// Reads the feed; what it lacks goes when it has been missing for long enough, unless all of it `stays`.
    pub(super) fn reading<'s, 'a>(
        &'s self,
        mut filling: Filling<'s, 'a>,
        state: &Reader,
        stays: bool,
    ) -> Result<Reading<'s, 'a>, PassError> {
        let mut read = read(self, &mut filling)?;
        // Rows without an id are some feeds' habit; one more of them than ever may be a typo in anybody's.
        read.proves_absence &= read.nameless <= state.usually_nameless()?.unwrap_or(u64::MAX);
        let unreadable = |error| PassError::Fetch(FetchError::unreadable(self.source, &error));
        let patience = patience(self.guard, &self.body).map_err(unreadable)?;
        let mut waiting = patience.map(|patience| Waiting::begin(state, patience)).transpose()?;
        let mut fate = |id: &str, is_proven: bool| {
            let waits = match &mut waiting {
                Some(waiting) if is_proven => (!waiting.is_over(id)).then(|| waiting.until_then()),
                Some(waiting) => {
                    waiting.stays(id);
                    None
                }
                None => None,
            };
            match waits {
                Some(config::Missing::OutOfStock) => Fate::SellsOut,
                Some(config::Missing::Keep) => Fate::Stays,
                None if stays || !is_proven => Fate::Stays,
                None => Fate::Goes,
            }
        };
        let lacking = filling.lacking(&read, &mut fate)?;
        Ok(Reading { filling, read, lacking, waiting })
    }

    /// Does what needs what is shown; without it, when that turns out to be damaged.
    fn undamaged(
        &self,
        old: Option<Generation>,
        run: impl Fn(Option<&Generation>) -> Result<Outcome, PassError>,
    ) -> Result<Outcome, PassError> {
        match run(old.as_ref()) {
            Err(PassError::Shelf(error @ (ShelfError::Damaged { .. } | ShelfError::Unreadable { .. })))
                if old.is_some() =>
            {
                warn!("{error}; it is made again");
                run(None)
            }
            done => done,
        }
    }
}

/// Shows what was read.
fn finish(
    mut filling: Filling<'_, '_>,
    (read, lacking, waiting): (&FeedRead, &[Lacking], Option<Waiting>),
    (key, held): (&str, Option<Held>),
    (old, is_by_word): (Option<&Generation>, bool),
) -> Result<Outcome, PassError> {
    let rows = (filling.taken, filling.rejected);
    let rejections = filling.rejections.take().map(|store| SharedPlanStore::new(store.into()));
    let until = waiting.as_ref().and_then(|waiting| waiting.until);
    let unproven = read.unproven.map(|(because, is_last_row_left)| Unproven {
        objects: lacking.len() as u64,
        is_last_row_left,
        because: because.to_owned(),
    });
    let unproven = unproven.filter(|left| left.objects > 0 || left.is_last_row_left);
    let key = format!("{key}{}", if unproven.is_some() { UNPROVEN } else { "" });
    let mut gone = gone_before(old);
    let items = lacking.iter().filter(|lacking| lacking.fate == Fate::Goes).count() as u64;
    if items > 0 && !is_by_word {
        gone.push(Gone { when: Stamp::now(), items, of: old.map_or(0, Generation::len) });
    }
    filling.finish(About { gone, ..about(&key, held.as_ref(), read, until) }, lacking, old)?;
    let missing = waiting.map_or_else(Vec::new, Waiting::into_all);
    let nameless = held.is_none().then_some(read.nameless);
    let (missing, unproven) = (Some(missing), Some(unproven));
    Ok(Outcome { is_new: true, rows: Some(rows), nameless, held, missing, rejections, unproven })
}

fn gone_before(old: Option<&Generation>) -> Vec<Gone> {
    old.map(|old| old.about().gone_of_late()).unwrap_or_default()
}

/// What is shown is made of this. `until` = when it is another one although the feed is the same.
fn about(key: &str, held: Option<&Held>, read: &FeedRead, until: Option<Timestamp>) -> About {
    About {
        key: key.to_owned(),
        kind: Some(read.kind.clone()),
        changes_at: [read.changes_at, until].into_iter().flatten().min(),
        held: held.and_then(|held| serde_json::to_value(held).ok()),
        ..About::default()
    }
}

/// Whether what is shown is of a feed with these bytes, with everything in it that the feed says.
pub fn is_of(state: &Path, source: &Source, body: Option<Digest>, now: Timestamp) -> bool {
    let Some(body) = body else { return false };
    let key = format!("{}|{body:032x}", Stocking::shape(source));
    match shown(state).newest() {
        Ok(Some(old)) => old.about().key.starts_with(&key) && old.about().holds_at(now),
        _ => false,
    }
}

fn is_current(old: Option<&Generation>, key: &str, now: Timestamp) -> bool {
    old.is_some_and(|old| old.about().key == key && old.about().holds_at(now))
}

fn held_of(old: &Generation) -> Option<Held> {
    old.about().held.clone().and_then(|held| serde_json::from_value(held).ok())
}
