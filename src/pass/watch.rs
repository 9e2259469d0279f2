//! A look at how things stand between passes: whether every job had a good one of late, and whether the disk has room.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;

use super::alerts::{Audience, Health, JobHealth};
use super::job::{Due, Job};
use super::patience::borne;
use super::store::{ReadPasses as _, ReadTold as _, ToldBetween, WriteTold as _};
use crate::clock::{Clock, Stamp};
use crate::files::Space;
use crate::outbox::EventKind;
use crate::state::{Reader, StateError, Writer};
use crate::task;

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
    begun: Option<Stamp>,
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
        let (told, clock) = (reader.told()?, Clock::read());
        let (mut stale, mut waiting) = (Vec::new(), BTreeMap::new());
        for job in &jobs {
            let kept = told.begun.get(job.name());
            let begun =
                begun.clone().map(|begun| waited_since(job.as_ref(), &reader, (kept, begun), &clock)).transpose()?;
            stale.extend(staleness(job.as_ref(), &reader, (begun.as_ref(), &clock))?);
            waiting.extend(begun.map(|begun| (job.name().to_owned(), begun)));
        }
        let waiting = Some(waiting).filter(|waiting| !waiting.is_empty() && *waiting != told.begun);
        let health = Health { at: clock.now.wall, jobs: names, stale, space: Space::at(&path) };
        Ok((waiting, is_news(&health, told, &for_look).then_some(health)))
    };
    // A thread that can't be started is told by the passes.
    let Ok(looked) = task::blocking(look).await else { return Ok(()) };
    let (waiting, health) = looked?;
    if let Some(waiting) = waiting {
        state.keep_begun(waiting).await?;
    }
    match health {
        Some(health) => state.tell_health(audience.clone(), health).await,
        None => Ok(()),
    }
}

/// Since when a job is waited for: since this process began, or one before it, if none has left a pass since. A process
/// that dies in every pass would be waited for anew each time it is started again.
fn waited_since(
    job: &dyn Job,
    reader: &Reader,
    (kept, begun): (Option<&Stamp>, Stamp),
    clock: &Clock,
) -> Result<Stamp, StateError> {
    // While the machine was off nothing was due.
    let Some(kept) = kept.filter(|kept| clock.is_of_this_start(kept)) else { return Ok(begun) };
    let last = match job.leaves_row() {
        true => reader.passes(job.name(), &job.subject(), 1)?.pop().map(|last| last.finished),
        false => job.went_well(reader)?,
    };
    let is_first = last.is_none_or(|last| clock.age(&last) >= clock.age(kept));
    Ok(if is_first { kept.clone() } else { begun })
}

/// Whether something of it is to be told.
fn is_news(health: &Health, told: ToldBetween, audience: &Audience) -> bool {
    let ToldBetween { mut jobs, mut disk_low, .. } = told;
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
    (begun, clock): (Option<&Stamp>, &Clock),
) -> Result<Option<JobHealth>, StateError> {
    let Some(due) = job.due().into_iter().next().filter(|_| !job.follows_others()) else { return Ok(None) };
    if !job.leaves_row() {
        let Some(good) = job.went_well(reader)? else { return Ok(None) };
        let is_stale = is_stale(job, &due, going_on(&good, begun, clock), clock);
        return Ok(is_stale.then(|| health(job, &due, good.at, None)));
    }
    let passes = |most| reader.passes(job.name(), &job.subject(), most);
    let Some(last) = passes(1)?.into_iter().next().filter(|last| !last.is_paused()) else { return Ok(None) };
    if last.outcome.is_good() {
        let is_stale = is_stale(job, &due, going_on(&last.finished, begun, clock), clock);
        return Ok(is_stale.then(|| health(job, &due, last.finished.at, last.reason)));
    }
    let (since, from) = match job.went_well(reader)? {
        Some(good) => (good.at, good),
        None => passes(PASSES)?.pop().map_or((last.started, last.finished), |first| (first.started, first.finished)),
    };
    Ok(is_stale(job, &due, known(&from, begun, clock), clock).then(|| health(job, &due, since, last.reason)))
}

/// From when on a job is waited for that did well and then nothing: what was not done before the process began is due
/// only now.
fn going_on<'s>(good: &'s Stamp, begun: Option<&'s Stamp>, clock: &Clock) -> &'s Stamp {
    let good = known(good, begun, clock);
    begun.filter(|begun| clock.age(begun) < clock.age(good)).unwrap_or(good)
}

/// The same moment; where a clock that was wrong says that it is still to come, that in which the process began.
fn known<'s>(stamp: &'s Stamp, begun: Option<&'s Stamp>, clock: &Clock) -> &'s Stamp {
    begun.filter(|_| clock.age(stamp).is_negative()).unwrap_or(stamp)
}

/// Whether a job has been without a good pass for too long: for three intervals, and for as long as its own patience lasts.
fn is_stale(job: &dyn Job, due: &Due, from: &Stamp, clock: &Clock) -> bool {
    let Some(borne) = borne(&due.schedule, from.at) else { return false };
    let borne = borne.saturating_add(due.delay).max(job.patience().unwrap_or_default());
    clock.age(from) > SignedDuration::try_from(borne).unwrap_or(SignedDuration::MAX)
}

fn health(job: &dyn Job, due: &Due, since: jiff::Timestamp, reason: Option<String>) -> JobHealth {
    JobHealth { job: job.name(), since, schedule: due.schedule.to_string(), reason }
}
