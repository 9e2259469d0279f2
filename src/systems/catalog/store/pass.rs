//! How a pass begins and ends in the state.

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::feed::{COLUMNS, FEED_MARK, FOREIGN, FeedColumns, FeedMark, Foreign, LISTED, ListingScope, NAMELESS};
use super::feed::{UNPROVEN, Unproven};
use super::guard::{self, GuardEnding};
use super::history::{self, Loaded, PassId};
use super::imports::{self, Timings};
use super::known_rows::{self, RowsEnding};
use super::missing::{self, Missing};
use super::objects;
use super::troubles;
use crate::catalog::{Kind, Rejection};
use crate::pass::{self, Outcome, PassEntry};
use crate::state::{Key, Reader, StateError, Writer, begin_sending, end_doubt, end_sending};

/// See [`ReadPasses::pending`].
const PENDING: Key<u64> = Key::text("pending");
/// See [`Waiting::urgent`].
const PENDING_URGENT: Key<u64> = Key::text("pending_urgent");

/// See [`ReadPlan::listing_owed`].
const LISTING_OWED: Key<u32> = Key::text("listing_owed");

/// Of so many passes that found nothing new, one takes the log in.
const UPKEEP: i64 = 16;

/// Operations of a plan that are still to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// All of them.
    pub all: u64,
    /// Those of which customers are told something wrong meanwhile: gone out of stock, another price.
    pub urgent: u64,
}

/// A listing that was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenListing {
    /// Whose objects it was read for.
    pub scope: ListingScope,
    /// Every page was read, and the counts agree: what it lacks isn't there.
    pub is_whole: bool,
}

/// Listings in a row that were not whole.
const IN_VAIN: Key<u64> = Key::text("listings_in_vain");
/// After so many the next passes do without: some services never count right.
const MOST_IN_VAIN: u64 = 3;

/// What a pass leaves.
#[derive(Debug)]
pub struct Ending {
    /// Its row.
    pub pass: PassEntry,
    /// What the state now equals (`None` = what it did before, or nothing after [`WritePass::begin`]).
    pub mark: Option<FeedMark>,
    /// That NiceChat's listing was taken in.
    pub listed: Option<TakenListing>,
    /// How many rows without an id the feed has, if nothing was held back for them.
    pub nameless: Option<u64>,
    /// What NiceChat's listing has that isn't ours, if the whole of it was read.
    pub foreign: Option<Foreign>,
    /// How long requests and imports take, if that was observed.
    pub timings: Option<Timings>,
    /// The rows of the feed that the state now equals (`None` as of `mark`).
    pub rows: Option<RowsEnding>,
    /// What waits for a proof of the feed's end, or that nothing does; `None` = as before.
    pub unproven: Option<Option<Unproven>>,
    /// What the guard is to know in the passes to come.
    pub guard: GuardEnding,
    /// The products that whole feeds don't have any more; `None` = as before.
    pub missing: Option<Vec<Missing>>,
    /// The columns of the feed that the state now equals.
    pub columns: Option<FeedColumns>,
    /// That many objects became ours whose changes aren't written down one by one.
    pub loaded: Option<Loaded>,
}

/// Reading about the application of a plan.
pub trait ReadPlan: AsRef<Reader> {
    /// How many operations of the last plan are still to be done.
    ///
    /// # Errors
    /// When the file can't be read.
    fn pending(&self) -> Result<u64, StateError> {
        Ok(self.as_ref().get(&PENDING)?.unwrap_or(0))
    }

    /// The same, the urgent ones told apart.
    ///
    /// # Errors
    /// When the file can't be read.
    fn waiting(&self) -> Result<Waiting, StateError> {
        let (all, urgent) = (self.pending()?, self.as_ref().get(&PENDING_URGENT)?.unwrap_or(0));
        Ok(Waiting { all, urgent: urgent.min(all) })
    }

    /// Which pass the next one is since a listing is owed, from 1 on: one has told of something to do, and was not gone
    /// through to its end, so that another one has to tell of the rest. `None` = none is.
    ///
    /// # Errors
    /// When the file can't be read.
    fn listing_owed(&self) -> Result<Option<u32>, StateError> {
        Ok(self.as_ref().get(&LISTING_OWED)?.map(|passes| passes.saturating_add(1)))
    }
}

impl ReadPlan for Reader {}

/// Writing what is of a pass as a whole.
pub trait WritePass: AsRef<Writer> + Sync {
    /// NiceChat's listing tells of something to do, which the plan alone knows: whatever becomes of it, until
    /// [`WritePass::finish`] takes a listing in. So many passes have made nothing of that yet.
    ///
    /// # Errors
    /// When it can't be written.
    fn owe_listing(&self, passes: u32) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| LISTING_OWED.set(transaction, &passes))
    }

    /// The beginning of an application, in a pass that `started` then: from here on the state equals no feed until
    /// [`WritePass::finish`] says so.
    ///
    /// # Errors
    /// When it can't be written.
    fn begin(
        &self,
        operations: Waiting,
        started: Timestamp,
    ) -> impl Future<Output = Result<PassId, StateError>> + Send {
        async move {
            let writer = self.as_ref();
            let begun = writer.run(move |transaction| {
                FEED_MARK.remove(transaction)?;
                known_rows::invalidate(transaction)?;
                // What was in doubt is in the plan now, or no longer ours to do.
                transaction.execute("UPDATE journal SET reason = NULL", [])?;
                begin_sending(transaction)?;
                let [categories, products] = Kind::ALL.map(|kind| objects::owned(transaction, kind));
                guard::begin(transaction, [categories?, products?])?;
                PENDING.set(transaction, &operations.all)?;
                PENDING_URGENT.set(transaction, &operations.urgent)?;
                history::of_pass(transaction, started)
            });
            let pass = begun.await?;
            writer.take_log_in().await?;
            Ok(pass)
        }
    }

    /// Replaces the rejected rows by those of the latest reading, whose feed is not the one that the
    /// state equals until [`WritePass::finish`] says so.
    ///
    /// # Errors
    /// When it can't be written.
    fn reject(&self, rejections: Vec<Rejection>, first: bool) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run_lightly(move |transaction| {
            if first {
                transaction.execute_batch("DELETE FROM rejected; DELETE FROM rejected_count")?;
                FEED_MARK.remove(transaction)?;
            }
            troubles::reject(transaction, rejections)
        })
    }

    /// The end of a pass. Gives whether what is kept too long is to be taken away now: after every pass but for those that
    /// found nothing new, of which one in `UPKEEP` will do.
    ///
    /// # Errors
    /// When it can't be written.
    fn finish(&self, ending: Ending) -> impl Future<Output = Result<bool, StateError>> + Send {
        async move {
            let writer = self.as_ref();
            let hasher = writer.hasher().clone();
            let finished = writer.run(move |transaction| {
                let Ending { pass, mark, listed, nameless, foreign, timings, rows, .. } = ending;
                let Ending { loaded, columns, unproven, guard: for_guard, missing: are_missing, .. } = ending;
                pass::record(transaction, &pass)?;
                let is_due = has_passed_many(transaction, &pass)?;
                let is_quiet = pass.row.outcome == Outcome::Unchanged;
                loaded.iter().try_for_each(|loaded| history::note_load(transaction, loaded))?;
                mark.map_or(Ok(()), |mark| FEED_MARK.set(transaction, &mark))?;
                listed.map_or(Ok(()), |listed| take_in(transaction, listed))?;
                nameless.map_or(Ok(()), |nameless| NAMELESS.set(transaction, &nameless))?;
                foreign.map_or(Ok(()), |foreign| FOREIGN.set(transaction, &foreign))?;
                columns.map_or(Ok(()), |columns| COLUMNS.set(transaction, &columns))?;
                match unproven {
                    Some(Some(left)) => UNPROVEN.set(transaction, &left)?,
                    Some(None) => UNPROVEN.remove(transaction)?,
                    None => {}
                }
                end_sending(transaction)?;
                guard::finish(transaction, for_guard)?;
                are_missing.map_or(Ok(()), |all| missing::replace(transaction, &all))?;
                rows.map_or(Ok(()), |ending| known_rows::finish(transaction, ending, &hasher))?;
                timings.map_or(Ok(()), |timings| imports::set_timings(transaction, &timings))?;
                Ok(is_due || !is_quiet)
            });
            let is_due = finished.await?;
            if is_due {
                writer.take_log_in().await?;
            }
            Ok(is_due)
        }
    }
}

impl WritePass for Writer {}

/// Whether so many passes have ended since the last one of this job, of which each job has its own, that upkeep is due.
fn has_passed_many(
    transaction: &Transaction<'_>,
    PassEntry { job, subject, .. }: &PassEntry,
) -> rusqlite::Result<bool> {
    let sql = "SELECT pass FROM pass WHERE job = ?1 AND subject = ?2 ORDER BY pass DESC LIMIT 2";
    let mut last = transaction.prepare_cached(sql)?;
    let last: Vec<i64> = last.query_map(params![job, subject], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(last.get(1).is_none_or(|before| before / UPKEEP != last[0] / UPKEEP))
}

/// A listing was taken in: what waited for one is settled if it was whole, or if none ever is.
fn take_in(transaction: &Transaction<'_>, TakenListing { scope, is_whole }: TakenListing) -> rusqlite::Result<()> {
    LISTING_OWED.remove(transaction)?;
    let in_vain = if is_whole { 0 } else { IN_VAIN.get(transaction)?.unwrap_or_default() + 1 };
    if (1..MOST_IN_VAIN).contains(&in_vain) {
        return IN_VAIN.set(transaction, &in_vain);
    }
    IN_VAIN.remove(transaction)?;
    LISTED.set(transaction, &scope)?;
    imports::listed(transaction)?;
    end_doubt(transaction)
}

/// So many operations of the plan are done.
pub(super) fn count_down(transaction: &Transaction<'_>, settled: usize) -> rusqlite::Result<()> {
    take_from("pending", transaction, settled)
}

/// One of them was urgent.
pub(super) fn count_down_urgent(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    take_from("pending_urgent", transaction, 1)
}

fn take_from(key: &str, transaction: &Transaction<'_>, settled: usize) -> rusqlite::Result<()> {
    // One statement, for it is made with every request.
    let sql = "UPDATE meta SET value = CAST(max(0, CAST(value AS INTEGER) - ?1) AS TEXT) WHERE key = ?2";
    let settled = i64::try_from(settled).unwrap_or(i64::MAX);
    transaction.prepare_cached(sql)?.execute(params![settled, key]).map(|_| ())
}
