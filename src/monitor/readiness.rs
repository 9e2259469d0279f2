//! Whether every job does its work: a process that lives may have stopped to work long ago.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::Schedule;
use crate::report::span;

/// How many times in a row a job may be due without a good run.
const MISSES: u32 = 3;

/// The jobs, and when each went well last.
#[derive(Debug, Default)]
pub(super) struct Readiness(Vec<Job>);

#[derive(Debug)]
struct Job {
    name: &'static str,
    schedule: Schedule,
    /// When its last good run ended.
    last_good: Option<Timestamp>,
}

impl Readiness {
    /// These are the jobs from now on. What is known of one that was there before stays.
    pub(super) fn expect(&mut self, jobs: impl IntoIterator<Item = (&'static str, Schedule)>) {
        let before = std::mem::take(&mut self.0);
        let last_good = |name| before.iter().find(|job| job.name == name).and_then(|job| job.last_good);
        self.0 = jobs.into_iter().map(|(name, schedule)| Job { name, schedule, last_good: last_good(name) }).collect();
    }

    /// A run of a job went well, and ended then.
    pub(super) fn went_well(&mut self, name: &str, at: Timestamp) {
        if let Some(job) = self.0.iter_mut().find(|job| job.name == name) {
            job.last_good = Some(at);
        }
    }

    /// No run of a job went well so far.
    pub(super) fn forget(&mut self, name: &str) {
        self.0.iter_mut().filter(|job| job.name == name).for_each(|job| job.last_good = None);
    }

    /// What keeps us from being ready, a line each; none when we are.
    pub(super) fn trouble(&self, now: Timestamp) -> Vec<String> {
        self.0.iter().filter_map(|job| job.trouble(now)).collect()
    }

    /// Each job with the time since its last good run; none for one that had none.
    pub(super) fn ages(&self, now: Timestamp) -> Vec<(&'static str, Duration)> {
        self.0.iter().filter_map(|job| Some((job.name, age(job.last_good?, now)))).collect()
    }
}

impl Job {
    fn trouble(&self, now: Timestamp) -> Option<String> {
        let Job { name, schedule, last_good } = self;
        let Some(last_good) = *last_good else { return Some(format!("{name}: no good pass yet")) };
        let due = schedule.due_after(last_good, MISSES)?;
        (now > due).then(|| {
            let ago = span(age(last_good, now));
            format!(
                "{name}: the last good pass ended {ago} ago, at {last_good:.0}, \
                 which is longer than three intervals of its schedule ({schedule})"
            )
        })
    }
}

/// A clock that was set back makes nothing negative.
fn age(moment: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(moment)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-01-01T{text}Z").parse().expect(text)
    }

    fn jobs(jobs: &[(&'static str, &str)]) -> Vec<(&'static str, Schedule)> {
        jobs.iter().map(|(name, schedule)| (*name, Schedule::parse(schedule).expect(schedule))).collect()
    }

    fn readiness(schedule: &str, last_good: &str) -> Readiness {
        let mut readiness = Readiness::default();
        readiness.expect(jobs(&[("sync", schedule)]));
        readiness.went_well("sync", at(last_good));
        readiness
    }

    #[test]
    fn three_intervals_are_borne_and_no_more() {
        let readiness = readiness("every 15m", "06:00:00");
        for ready in ["06:00:00", "06:45:00", "05:00:00"] {
            assert_eq!(readiness.trouble(at(ready)), [""; 0], "{ready}");
        }
        assert_eq!(
            readiness.trouble(at("06:45:00.1")),
            ["sync: the last good pass ended 45 min 0 s ago, at 2026-01-01T06:00:00Z, \
             which is longer than three intervals of its schedule (every 15m)"]
        );
    }

    #[test]
    fn so_are_three_moments_of_a_cron_line() {
        // A pass that was due at 6 and ended a minute later misses those of 9, 12 and 15 o'clock.
        let readiness = readiness("0 0 */3 * * *", "06:01:00");
        assert_eq!(readiness.trouble(at("15:00:00")), [""; 0]);
        assert_eq!(readiness.trouble(at("15:00:01")).len(), 1);
    }

    #[test]
    fn every_job_counts_and_keeps_its_history() {
        let mut readiness = Readiness::default();
        assert_eq!(readiness.trouble(at("00:00:00")), [""; 0]);
        readiness.expect(jobs(&[("sync", "every 1h"), ("mirror", "every 5m")]));
        assert_eq!(readiness.trouble(at("00:00:00")), ["sync: no good pass yet", "mirror: no good pass yet"]);
        assert_eq!(readiness.ages(at("00:00:00")), []);
        readiness.went_well("sync", at("00:00:00"));
        readiness.went_well("another", at("00:00:00"));
        assert_eq!(readiness.trouble(at("00:00:00")), ["mirror: no good pass yet"]);
        // Another schedule, and one job less.
        readiness.expect(jobs(&[("sync", "every 1m")]));
        assert_eq!(readiness.trouble(at("00:03:00")), [""; 0]);
        assert_eq!(readiness.trouble(at("00:03:01")).len(), 1);
        assert_eq!(readiness.ages(at("00:03:01")), [("sync", Duration::from_secs(181))]);
        assert_eq!(readiness.ages(Timestamp::UNIX_EPOCH), [("sync", Duration::ZERO)]);
    }
}
