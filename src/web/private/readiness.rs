//! Whether every job does its work: a process that lives may have stopped to work long ago.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, Moment, Stamp};
use crate::config::Schedule;
use crate::pass;
use crate::pass::borne;
use crate::text::span;

/// A clock that is kept right is set back by less than this.
const NEGLIGIBLE: SignedDuration = SignedDuration::from_secs(2);

/// The jobs, and when each went well last.
#[derive(Debug, Default)]
pub(super) struct Readiness(Vec<Job>);

#[derive(Debug)]
struct Job {
    name: &'static str,
    /// What it is about: what went well with another one says nothing.
    subject: String,
    schedule: Schedule,
    /// How long a run counts that went well; `None` = three intervals.
    patience: Option<Duration>,
    last_good: Option<Good>,
    /// When the last run ended in which all was well but that it was not let to send.
    last_paused: Option<Moment>,
}

/// What is expected of a job.
struct Expected {
    name: &'static str,
    subject: String,
    schedule: Schedule,
    patience: Option<Duration>,
}

/// When a job's last good run ended.
#[derive(Debug, Clone, Copy)]
enum Good {
    /// By both clocks: how long ago that is, nobody can set.
    At(Moment),
    /// By the wall clock before the machine was started, and it has not come yet: one of the two times is wrong, and
    /// how long ago it is nobody knows.
    ToCome(Timestamp),
}

impl Readiness {
    /// Replaces the jobs. Those that were there before keep what is known of them; gives the new ones.
    pub(super) fn expect<'j>(&mut self, jobs: impl Iterator<Item = &'j dyn pass::Job>) -> Vec<&'j dyn pass::Job> {
        let jobs: Vec<&dyn pass::Job> = jobs.filter(|job| !job.follows_others()).collect();
        let job = |job: &&dyn pass::Job| {
            let schedule = job.due().into_iter().next()?.schedule;
            Some(Expected { name: job.name(), subject: job.subject(), schedule, patience: job.patience() })
        };
        let unknown = self.take_over(jobs.iter().filter_map(job));
        jobs.into_iter().filter(|job| unknown.contains(&job.name())).collect()
    }

    /// The same; gives their names.
    fn take_over(&mut self, jobs: impl Iterator<Item = Expected>) -> Vec<&'static str> {
        let before = std::mem::take(&mut self.0);
        let mut unknown = Vec::new();
        self.0.extend(jobs.map(|Expected { name, subject, schedule, patience }| {
            let known = before.iter().find(|job| job.name == name && job.subject == subject);
            let last_good = known.and_then(|job| job.last_good);
            if last_good.is_none() {
                unknown.push(name);
            }
            let last_paused = known.and_then(|job| job.last_paused);
            Job { name, subject, schedule, patience, last_good, last_paused }
        }));
        unknown
    }

    /// A run of a job went well, and ended just now.
    pub(super) fn went_well(&mut self, name: &str, subject: &str, now: Moment) {
        if self.0.iter().any(|job| job.name == name && job.subject == subject) {
            self.set(name, Good::At(now));
        }
    }

    /// A run that a pause kept from sending ended just now: nothing is wrong with the job, but the run was not a good one.
    pub(super) fn was_paused(&mut self, name: &str, subject: &str, now: Moment) {
        let is_it = |job: &&mut Job| job.name == name && job.subject == subject;
        self.0.iter_mut().filter(is_it).for_each(|job| job.last_paused = Some(now));
    }

    /// A run of a job went well before this process began. Gives whether that is a moment to come.
    pub(super) fn had_gone_well(&mut self, name: &str, good: &Stamp, clock: &Clock) -> bool {
        let (at, ago) = (good.at, clock.age(good));
        let is_to_come = ago < -NEGLIGIBLE;
        let then = Moment { wall: at, up: clock.now.up.saturating_sub(ago) };
        self.set(name, if is_to_come { Good::ToCome(at) } else { Good::At(then) });
        is_to_come
    }

    fn set(&mut self, name: &str, good: Good) {
        if let Some(job) = self.0.iter_mut().find(|job| job.name == name) {
            job.last_good = Some(good);
        }
    }

    /// What keeps us from being ready, a line each; none when we are.
    pub(super) fn trouble(&self, now: Moment) -> Vec<String> {
        self.0.iter().filter_map(|job| job.trouble(now)).collect()
    }

    /// The jobs that are looked after.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|job| job.name).collect()
    }

    /// Each job with the time since its last good run; none for one that had none, or nobody knows when.
    pub(super) fn ages(&self, now: Moment) -> Vec<(&'static str, Duration)> {
        let age_of = |job: &Job| match job.last_good? {
            Good::At(then) => Some((job.name, age(then, now))),
            Good::ToCome(_) => None,
        };
        self.0.iter().filter_map(age_of).collect()
    }
}

impl Job {
    fn trouble(&self, now: Moment) -> Option<String> {
        let Job { name, schedule, patience, last_good, .. } = self;
        if self.last_paused.is_some_and(|then| age(then, now) <= borne(schedule, then.wall).unwrap_or(Duration::MAX)) {
            return None;
        }
        let then = match *last_good {
            None => return Some(format!("{name}: no good pass yet")),
            Some(Good::ToCome(at)) => {
                return Some(format!(
                    "{name}: by this machine's clock the last good pass ended in the future, at {at:.0}: the clock is \
                     wrong now, or was then; the next good pass puts this right"
                ));
            }
            Some(Good::At(then)) => then,
        };
        let borne = patience.or_else(|| borne(schedule, then.wall))?;
        let age = age(then, now);
        (age > borne).then(|| {
            let than = match patience {
                Some(patience) => format!("it may be ({})", span(*patience)),
                None => format!("three intervals of its schedule ({schedule})"),
            };
            format!(
                "{name}: the last good pass ended {} ago, at {:.0}, which is longer than {than}",
                span(age),
                then.wall
            )
        })
    }
}

/// How long ago, by the boot-time clock: the wall clock may have been set meanwhile.
fn age(then: Moment, now: Moment) -> Duration {
    Duration::try_from(now.up.saturating_sub(then.up)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(text: &str) -> Timestamp {
        format!("2026-01-01T{text}Z").parse().expect(text)
    }

    /// A moment on a machine that was started in the middle of the year before, whose clock is right.
    fn at(text: &str) -> Moment {
        Moment { wall: wall(text), up: wall(text).duration_since("2025-07-01T00:00:00Z".parse().expect("a time")) }
    }

    /// The same moment, with the clock set otherwise.
    /// Of another start of the machine.
    fn before(text: &str) -> Stamp {
        Stamp::of(at(text), Some("before"))
    }

    fn clock(text: &str) -> Clock {
        Clock { now: at(text), boot: Some("now".to_owned()) }
    }

    fn set(text: &str, shown: &str) -> Moment {
        Moment { wall: wall(shown), ..at(text) }
    }

    fn expect(readiness: &mut Readiness, jobs: &[(&'static str, &str)]) {
        let job = |(name, schedule): &(&'static str, &str)| {
            let schedule = Schedule::parse(schedule).expect(schedule);
            Expected { name, subject: String::new(), schedule, patience: None }
        };
        readiness.take_over(jobs.iter().map(job));
    }

    fn readiness(schedule: &str, last_good: &str) -> Readiness {
        let mut readiness = Readiness::default();
        expect(&mut readiness, &[("sync", schedule)]);
        readiness.went_well("sync", "", at(last_good));
        readiness
    }

    #[test]
    fn three_intervals_are_borne_and_no_more() {
        let readiness = readiness("every 15m", "06:00:00");
        for ready in ["06:00:00", "06:45:00"] {
            assert_eq!(readiness.trouble(at(ready)), [""; 0], "{ready}");
        }
        assert_eq!(
            readiness.trouble(at("06:45:00.1")),
            ["sync: the last good pass ended 45 min 0 s ago, at 2026-01-01T06:00:00Z, \
             which is longer than three intervals of its schedule (every 15m)"]
        );
    }

    #[test]
    fn a_clock_that_is_set_makes_no_pass_younger_or_older() {
        for schedule in ["every 15m", "0 */15 * * * *"] {
            let readiness = readiness(schedule, "06:00:00");
            for shown in ["00:00:00", "06:00:00", "23:59:59"] {
                assert_eq!(readiness.trouble(set("06:45:00", shown)), [""; 0], "{schedule} {shown}");
                assert_eq!(readiness.trouble(set("06:45:01", shown)).len(), 1, "{schedule} {shown}");
                assert_eq!(readiness.ages(set("06:45:01", shown)), [("sync", Duration::from_secs(2701))]);
            }
        }
    }

    #[test]
    fn a_good_pass_to_come_is_trouble_until_the_next_one() {
        let mut readiness = readiness("every 15m", "06:00:00");
        assert!(readiness.had_gone_well("sync", &before("09:00:00"), &clock("08:59:30")));
        // Also when its time has come: how long ago it was is as unknown as before.
        for now in ["08:59:30", "09:01:00"] {
            let trouble = readiness.trouble(at(now));
            assert!(trouble.len() == 1 && trouble[0].contains("in the future, at 2026-01-01T09:00:00Z"), "{trouble:?}");
            assert_eq!(readiness.ages(at(now)), []);
        }
        readiness.went_well("sync", "", at("09:01:30"));
        assert_eq!(readiness.trouble(at("09:02:00")), [""; 0]);
        assert!(!readiness.had_gone_well("sync", &before("06:00:00"), &clock("06:44:00")));
        assert_eq!(readiness.trouble(at("06:45:00")), [""; 0]);
        assert_eq!(readiness.trouble(at("06:45:01")).len(), 1);
    }

    #[test]
    fn runs_that_are_paused_keep_it_ready_and_are_no_good_ones() {
        let mut readiness = Readiness::default();
        expect(&mut readiness, &[("sync", "every 15m")]);
        readiness.was_paused("sync", "another", at("06:00:00"));
        assert_eq!(readiness.trouble(at("06:00:00")).len(), 1);
        readiness.was_paused("sync", "", at("06:00:00"));
        assert_eq!((readiness.trouble(at("06:45:00")), readiness.ages(at("06:45:00"))), (vec![], vec![]));
        assert_eq!(readiness.trouble(at("06:45:01")), ["sync: no good pass yet"]);
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
        expect(&mut readiness, &[("sync", "every 1h"), ("mirror", "every 5m")]);
        assert_eq!(readiness.trouble(at("00:00:00")), ["sync: no good pass yet", "mirror: no good pass yet"]);
        assert_eq!(readiness.ages(at("00:00:00")), []);
        readiness.went_well("sync", "", at("00:00:00"));
        readiness.went_well("sync", "another", at("00:00:00"));
        assert_eq!(readiness.trouble(at("00:00:00")), ["mirror: no good pass yet"]);
        // Another schedule, and one job less.
        expect(&mut readiness, &[("sync", "every 1m")]);
        assert_eq!(readiness.trouble(at("00:03:00")), [""; 0]);
        assert_eq!(readiness.trouble(at("00:03:01")).len(), 1);
        assert_eq!(readiness.ages(at("00:03:01")), [("sync", Duration::from_secs(181))]);
    }
}
