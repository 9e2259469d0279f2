//! A look at how things stand between passes: whether every job had a good one of late, and whether the disk has room.

use std::sync::Arc;

use jiff::Timestamp;

use super::alerts::{Audience, Health, JobHealth};
use super::job::{Due, Job};
use super::store::{ReadPasses as _, ReadTold as _, ToldBetween, WriteTold as _};
use crate::files::Space;
use crate::outbox::EventKind;
use crate::state::{Reader, StateError, Writer};
use crate::task;

/// How many times in a row a job may be due without a good pass.
const MISSES: u32 = 3;
/// As many passes as the state keeps.
const PASSES: u32 = 10_000;

/// Looks, and tells what is to be told. `begun` = when the process that makes the passes did, if it goes on: what was
/// not done before is due only now. `is_paused` = somebody has stopped the sending: that there is no good pass is as they
/// want it.
///
/// # Errors
/// When the state can't be read or written.
pub async fn watch(
    state: &Writer,
    audience: &Audience,
    jobs: Vec<Arc<dyn Job>>,
    begun: Option<Timestamp>,
    is_paused: bool,
) -> Result<(), StateError> {
    if !audience.listens() {
        return Ok(());
    }
    let names: Vec<&str> = jobs.iter().map(|job| job.name()).collect();
    let jobs = if audience.wants(EventKind::SyncStale) && !is_paused { jobs } else { Vec::new() };
    let (path, for_look) = (state.path().to_owned(), audience.clone());
    let look = move || {
        let reader = Reader::open(&path)?;
        let (told, at) = (reader.told()?, Timestamp::now());
        let mut stale = Vec::new();
        for job in &jobs {
            stale.extend(staleness(job.as_ref(), &reader, (begun, at))?);
        }
        let health = Health { at, jobs: names, stale, space: Space::at(&path) };
        Ok(is_news(&health, told, &for_look).then_some(health))
    };
    // A thread that can't be started is told by the passes.
    let Ok(looked) = task::blocking(look).await else { return Ok(()) };
    match looked? {
        Some(health) => state.tell_health(audience.clone(), health).await,
        None => Ok(()),
    }
}

/// Whether something of it is to be told.
fn is_news(health: &Health, told: ToldBetween, audience: &Audience) -> bool {
    let ToldBetween { mut jobs, mut disk_low } = told;
    let gone = health.judge_gone(&mut jobs, audience);
    let mut is_stale =
        |job: &JobHealth| job.judge(jobs.entry(job.job.to_owned()).or_default(), audience, health.at).is_some();
    let is_low = |space: Space| space.judge(&mut disk_low, audience, health.at).is_some();
    !gone.is_empty()
        || health.stale.iter().any(&mut is_stale)
        || audience.wants(EventKind::DiskLow) && health.space.is_some_and(is_low)
}

/// A job that had no good pass for three of its intervals; `None` = it had, or never made a pass that is remembered.
fn staleness(
    job: &dyn Job,
    reader: &Reader,
    (begun, now): (Option<Timestamp>, Timestamp),
) -> Result<Option<JobHealth>, StateError> {
    let Some(due) = job.due().into_iter().next().filter(|_| !job.follows_others()) else { return Ok(None) };
    let going_on = |since: Timestamp| begun.map_or(since, |begun| begun.max(since));
    if !job.leaves_row() {
        let Some(since) = job.went_well(reader)? else { return Ok(None) };
        return Ok(is_stale(job, &due, going_on(since), now).then(|| health(job, &due, since, None)));
    }
    let passes = |most| reader.passes(job.name(), &job.subject(), most);
    let Some(last) = passes(1)?.into_iter().next().filter(|last| !last.is_paused()) else { return Ok(None) };
    let (since, from) = if last.outcome.is_good() {
        (last.finished, going_on(last.finished))
    } else {
        let first = || Ok(passes(PASSES)?.last().map_or(last.started, |first| first.started));
        let since = job.went_well(reader)?.map_or_else(first, Ok)?;
        (since, since)
    };
    Ok(is_stale(job, &due, from, now).then(|| health(job, &due, since, last.reason)))
}

/// Whether a job has been without a good pass for too long: for three intervals, and for as long as its own patience lasts.
fn is_stale(job: &dyn Job, due: &Due, from: Timestamp, now: Timestamp) -> bool {
    let is_over = |at: Timestamp| now > at && now.duration_since(at).unsigned_abs() > due.delay;
    let is_patient = job.patience().is_some_and(|patience| from.checked_add(patience).is_ok_and(|until| now <= until));
    due.schedule.due_after(from, MISSES).is_some_and(is_over) && !is_patient
}

fn health(job: &dyn Job, due: &Due, since: Timestamp, reason: Option<String>) -> JobHealth {
    JobHealth { job: job.name(), since, schedule: due.schedule.to_string(), reason }
}
