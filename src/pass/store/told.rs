//! What was told of passes, and telling more.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Transaction;

use crate::clock::Stamp;
use crate::outbox::{EventKind, post};
use crate::pass::alerts::{Audience, Health, Told, judge};
use crate::pass::row::PassEntry;
use crate::state::{Key, Reader, StateError, Writer};

/// What was told of each job.
const TOLD: Key<BTreeMap<String, Told>> = Key::json("told");
/// Since when each job is waited for by processes that have left no pass of it since.
const BEGUN: Key<BTreeMap<String, Stamp>> = Key::json("begun");
/// Since when the disk is nearly full, where that was told.
const DISK_LOW: Key<Timestamp> = Key::text("disk_low");

/// A pass has ended: tells what is to be told of it, whether it leaves a row or not.
///
/// # Errors
/// When that can't be written.
pub fn tell(transaction: &Transaction<'_>, entry: &PassEntry) -> rusqlite::Result<()> {
    let Some(telling) = entry.telling.as_ref().filter(|telling| telling.audience.listens()) else { return Ok(()) };
    let mut all = TOLD.get(transaction)?.unwrap_or_default();
    let before = all.get(entry.job).cloned().unwrap_or_default();
    let (after, events) = judge(before.clone(), entry, telling);
    events.iter().try_for_each(|event| post(transaction, &telling.audience.hooks, event))?;
    if after == before {
        return Ok(());
    }
    all.insert(entry.job.to_owned(), after);
    TOLD.set(transaction, &all)
}

/// What was told so far of what is told between passes.
#[derive(Default)]
pub(in crate::pass) struct ToldBetween {
    pub(in crate::pass) jobs: BTreeMap<String, Told>,
    pub(in crate::pass) disk_low: Option<Timestamp>,
    pub(in crate::pass) begun: BTreeMap<String, Stamp>,
}

/// Reading what was told.
pub(in crate::pass) trait ReadTold: AsRef<Reader> {
    /// What was told so far.
    fn told(&self) -> Result<ToldBetween, StateError> {
        let reader = self.as_ref();
        let (jobs, begun) = (reader.get(&TOLD)?.unwrap_or_default(), reader.get(&BEGUN)?.unwrap_or_default());
        Ok(ToldBetween { jobs, disk_low: reader.get(&DISK_LOW)?, begun })
    }
}

impl ReadTold for Reader {}

/// Telling between passes.
pub(in crate::pass) trait WriteTold: AsRef<Writer> {
    /// Keeps since when each job is waited for.
    fn keep_begun(&self, begun: BTreeMap<String, Stamp>) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| BEGUN.set(transaction, &begun))
    }

    /// Tells what is to be told of how things stand.
    fn tell_health(&self, audience: Audience, health: Health) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let mut jobs = TOLD.get(transaction)?.unwrap_or_default();
            let mut disk_low = DISK_LOW.get(transaction)?;
            let mut events = health.judge_gone(&mut jobs, &audience);
            for job in &health.stale {
                events.extend(job.judge(jobs.entry(job.job.to_owned()).or_default(), &audience, health.at));
            }
            if let Some(space) = health.space.filter(|_| audience.wants(EventKind::DiskLow)) {
                events.extend(space.judge(&mut disk_low, &audience, health.at));
            }
            events.iter().try_for_each(|event| post(transaction, &audience.hooks, event))?;
            TOLD.set(transaction, &jobs)?;
            disk_low.map_or_else(|| DISK_LOW.remove(transaction), |since| DISK_LOW.set(transaction, &since))
        })
    }
}

impl WriteTold for Writer {}
