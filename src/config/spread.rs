//! How the work of many shops is spread, so that they don't all call at the same second.
//!
//! A shop has a place of its own in a schedule, and keeps it from start to start: its passes are as far apart as
//! the schedule says, which a delay that is drawn each time would not give.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::units::{self, HOUR};
use super::{Location, Schedule};
use crate::catalog::digest_bytes;

const SPLAYS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(24 * HOUR.as_secs());
/// The most that passes are spread when nobody says how far.
const AUTO: Duration = Duration::from_secs(60);
/// When a night begins and ends, in hours (UTC).
const NIGHT: (u32, u32) = (1, 5);

/// How far starts are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Splay {
    /// A tenth of the interval, at most a minute.
    #[default]
    Auto,
    /// So far, but no further than to the next start.
    UpTo(Duration),
}

/// When NiceChat's listing is compared, as the settings say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resync {
    Daily,
    At(Schedule),
    Never,
}

/// A shop's place among all: a part of the whole that is drawn from what tells it from others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place(u32);

impl Place {
    /// The place of the shop with this feed and this state on a machine of this name.
    pub(super) fn of(machine: &str, state: &Path, location: &Location) -> Place {
        let state = std::path::absolute(state).unwrap_or_else(|_| state.to_owned());
        let name = format!("{machine}\n{}\n{}", state.display(), location.fingerprint());
        Place((digest_bytes(name.as_bytes()) >> 96) as u32)
    }

    /// The place on this machine.
    pub(super) fn here(state: &Path, location: &Location) -> Place {
        Place::of(&rustix::system::uname().nodename().to_string_lossy(), state, location)
    }

    /// Its part of a time; never all of it.
    fn part(self, of: Duration) -> Duration {
        Duration::from_millis(((of.as_millis() * u128::from(self.0)) >> 32) as u64)
    }

    /// A cron line for every night.
    fn nightly(self) -> Schedule {
        let (from, to) = NIGHT;
        let seconds = self.part(HOUR * (to - from)).as_secs();
        let (hour, minute, second) = (u64::from(from) + seconds / 3600, seconds / 60 % 60, seconds % 60);
        Schedule::Cron(format!("{second} {minute} {hour} * * *"))
    }

    /// How much later than a schedule says.
    pub(super) fn delay(self, splay: Splay, schedule: &Schedule) -> Duration {
        let interval = match schedule {
            Schedule::Every(interval) => *interval,
            Schedule::Cron(_) => between(schedule).unwrap_or_default(),
        };
        self.part(match splay {
            Splay::Auto => (interval / 10).min(AUTO),
            Splay::UpTo(splay) => splay.min(interval),
        })
    }
}

/// The time from a first moment of a schedule to the next one. Where these differ any will do, but always the same one.
fn between(schedule: &Schedule) -> Option<Duration> {
    let first = schedule.due_after(Timestamp::UNIX_EPOCH, 1)?;
    Duration::try_from(schedule.due_after(first, 1)?.duration_since(first)).ok()
}

impl Splay {
    /// Reads `auto`, or a duration.
    pub(super) fn parse(text: &str) -> Result<Splay, String> {
        match text.trim() {
            "auto" => Ok(Splay::Auto),
            "0" => Ok(Splay::UpTo(Duration::ZERO)),
            text => units::duration(text, &SPLAYS).map(Splay::UpTo).map_err(|expected| {
                format!("{expected}, or \"auto\" (a tenth of the interval, at most {})", units::show(AUTO))
            }),
        }
    }
}

impl Resync {
    /// Reads `daily`, `never`, or a schedule.
    pub(super) fn parse(text: &str) -> Result<Resync, String> {
        match text.trim() {
            "daily" => Ok(Resync::Daily),
            // Until now, no schedule was the way to say so.
            "never" | "" => Ok(Resync::Never),
            text => Schedule::parse(text)
                .map(Resync::At)
                .map_err(|expected| format!("{expected}; or \"daily\", or \"never\"")),
        }
    }

    /// When that is for a shop.
    pub(super) fn schedule(self, place: Place) -> Option<Schedule> {
        match self {
            Resync::Daily => Some(place.nightly()),
            Resync::At(schedule) => Some(schedule),
            Resync::Never => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::units::SECOND;

    fn place(machine: &str, state: &str) -> Place {
        let location = Location::parse("https://shop.example/products.txt").expect("an address");
        Place::of(machine, Path::new(state), &location)
    }

    #[test]
    fn a_shop_keeps_its_place_and_others_have_others() {
        let here = place("a", "/srv/north.db");
        assert_eq!(here, place("a", "/srv/north.db"));
        assert_ne!(here, place("b", "/srv/north.db"));
        assert_ne!(here, place("a", "/srv/south.db"));
    }

    #[test]
    fn a_delay_is_a_part_of_the_splay() {
        let delay = |place: Place, splay, schedule: &str| {
            place.delay(splay, &Schedule::parse(schedule).expect(schedule)).as_secs_f64()
        };
        let half = Place(1 << 31);
        let hour = Splay::UpTo(HOUR);
        for (splay, schedule, seconds) in [
            (Splay::Auto, "every 15m", 30.0),
            (Splay::Auto, "every 2m", 6.0),
            (Splay::Auto, "every 1s", 0.05),
            (Splay::Auto, "0 0 3 * * *", 30.0),
            (Splay::Auto, "0 * * * * *", 3.0),
            (Splay::UpTo(Duration::ZERO), "every 15m", 0.0),
            (hour, "every 12h", 1800.0),
            (hour, "every 15m", 450.0),
            (hour, "0 0 3 * * *", 1800.0),
        ] {
            assert_eq!(delay(half, splay, schedule), seconds, "{splay:?} {schedule}");
            assert_eq!(delay(Place(0), splay, schedule), 0.0);
        }
        assert!(delay(Place(u32::MAX), hour, "every 12h") < 3600.0);
    }

    #[test]
    fn nights_are_spread() {
        assert_eq!(Place(0).nightly().to_string(), "0 0 1 * * *");
        assert_eq!(Place(u32::MAX).nightly().to_string(), "59 59 4 * * *");
        assert_eq!(Resync::Daily.schedule(Place(1 << 31)), Some(Schedule::Cron("0 0 3 * * *".to_owned())));
        let hours: std::collections::HashSet<String> =
            (0..100).map(|shop| place("a", &format!("/srv/{shop}.db")).nightly().to_string()).collect();
        assert!(hours.len() > 95, "{}", hours.len());
        for shop in 0..100 {
            let line = place("a", &format!("/srv/{shop}.db")).nightly().to_string();
            assert!(Schedule::parse(&line).is_ok(), "{line}");
        }
    }

    #[test]
    fn settings() {
        assert_eq!(Splay::parse("auto"), Ok(Splay::Auto));
        assert_eq!(Splay::parse("90s"), Ok(Splay::UpTo(90 * SECOND)));
        for none in ["0", "0s"] {
            assert_eq!(Splay::parse(none), Ok(Splay::UpTo(Duration::ZERO)));
        }
        for wrong in ["", "a bit", "-1s", "25h", "Auto"] {
            assert!(Splay::parse(wrong).is_err_and(|error| error.contains("auto")), "{wrong:?}");
        }
        assert_eq!(Resync::parse("daily"), Ok(Resync::Daily));
        assert_eq!(Resync::parse("never"), Ok(Resync::Never));
        assert_eq!(Resync::parse("every 6h"), Ok(Resync::At(Schedule::Every(6 * HOUR))));
        for wrong in ["nightly", "Daily", "0 3 * * *"] {
            assert!(Resync::parse(wrong).is_err_and(|error| error.contains("daily")), "{wrong:?}");
        }
    }
}
