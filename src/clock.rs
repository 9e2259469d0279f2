//! Two clocks: the wall's, which people set, and the machine's own, which only goes forward.

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// What is less than that is no setting of a clock.
const SET: SignedDuration = SignedDuration::from_secs(60);

/// A moment by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// What the date is said to be. Can be anything from one moment to the next.
    pub wall: Timestamp,
    /// Since the machine was started, the time that it was suspended included.
    pub up: SignedDuration,
}

impl Moment {
    /// Now.
    pub fn now() -> Moment {
        // Not the clock of `Instant`, which stands still while the machine is suspended.
        let up = clock_gettime(ClockId::Boottime);
        let nanos = i32::try_from(up.tv_nsec).unwrap_or_default();
        Moment { wall: Timestamp::now(), up: SignedDuration::new(up.tv_sec, nanos) }
    }

    /// How much further the wall clock went since an earlier moment than time did: negative when it was set back.
    pub fn set_by(self, earlier: Moment) -> SignedDuration {
        let passed = self.up.saturating_sub(earlier.up);
        self.wall.duration_since(earlier.wall).saturating_sub(passed)
    }
}

/// Now, and since which start of the machine: what the age of a [`Stamp`] is told by.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Now.
    pub now: Moment,
    /// Which start of the machine this is; `None` = nobody tells us.
    pub boot: Option<String>,
}

impl Clock {
    /// What it says just now.
    pub fn read() -> Clock {
        Clock { now: Moment::now(), boot: boot_id() }
    }

    /// Whether that was since the machine was started.
    pub fn is_of_this_start(&self, stamp: &Stamp) -> bool {
        stamp.boot.is_some() && stamp.boot == self.boot
    }

    /// How long ago that was; negative where a clock that was wrong says that it is still to come.
    pub fn age(&self, stamp: &Stamp) -> SignedDuration {
        stamp.age(self.now, self.boot.as_deref())
    }
}

/// A moment that is written down, to tell later how long ago it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// What the date was said to be.
    #[serde(alias = "since")]
    pub at: Timestamp,
    /// Seconds since the machine was started; 0 = nobody wrote that down.
    #[serde(default)]
    up: i64,
    /// Which start that was.
    #[serde(default)]
    boot: Option<String>,
}

impl Stamp {
    /// Of now, to the second.
    pub fn now() -> Stamp {
        let stamp = Stamp::exact();
        Stamp { at: stamp.at.round(jiff::Unit::Second).unwrap_or(stamp.at), ..stamp }
    }

    /// Of now.
    pub fn exact() -> Stamp {
        Stamp::of(Moment::now(), boot_id().as_deref())
    }

    /// Of a moment in this start of the machine.
    pub fn of(Moment { wall, up }: Moment, boot: Option<&str>) -> Stamp {
        Stamp { at: wall, up: up.as_secs(), boot: boot.map(str::to_owned) }
    }

    /// Of a moment of which nobody wrote down more than the date.
    pub fn by_wall(at: Timestamp) -> Stamp {
        Stamp { at, up: 0, boot: None }
    }

    /// The same with what [`Stamp::start`] gave.
    pub fn with_start(self, start: &str) -> Stamp {
        let Some((up, boot)) = start.split_once(' ') else { return self };
        let Ok(up) = up.parse() else { return self };
        Stamp { up, boot: Some(boot.to_owned()), ..self }
    }

    /// Which start of the machine it was in and how many seconds after it, for who writes down the date by itself.
    pub fn start(&self) -> Option<String> {
        self.boot.as_ref().map(|boot| format!("{} {boot}", self.up))
    }

    /// How long ago it was: by the boot-time clock, or by the wall clock where the machine has restarted since.
    pub fn age(&self, now: Moment, boot: Option<&str>) -> SignedDuration {
        let passed = now.up.saturating_sub(SignedDuration::from_secs(self.up));
        let is_another_start = match (&self.boot, boot) {
            (Some(then), Some(now)) => then != now,
            // Nobody knows, unless the machine has been up for less than then.
            _ => self.up == 0 || passed.is_negative(),
        };
        if is_another_start { now.wall.duration_since(self.at) } else { passed }
    }

    /// Puts the date right, as the clock may have been set since: after the next start nothing else tells how long ago it
    /// was. One that is still to come after another start becomes now.
    pub fn put_right(&mut self, now: Moment, boot: Option<&str>) {
        let age = self.age(now, boot);
        if age.is_negative() {
            *self = Stamp::of(now, boot);
            return;
        }
        let is_of_this_start = self.boot.is_some() && self.boot.as_deref() == boot;
        let at = now.wall.saturating_sub(age).unwrap_or(self.at);
        if is_of_this_start && at.duration_since(self.at).abs() > SET {
            self.at = at;
        }
    }
}

/// Which start of the machine this is; `None` = nobody tells us.
pub fn boot_id() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_told_from_time_that_passes() {
        let seconds = SignedDuration::from_secs;
        let before = Moment::now();
        let after = |wall, up| Moment { wall: before.wall + seconds(wall), up: before.up + seconds(up) };
        assert_eq!(after(10, 10).set_by(before), seconds(0));
        assert_eq!(after(-20, 10).set_by(before), seconds(-30));
        assert_eq!(after(3610, 10).set_by(before), seconds(3600));
        assert!(Moment::now().up >= before.up);
    }
    #[test]
    fn a_stamp_is_as_old_as_the_clock_that_nobody_sets_says() {
        let seconds = SignedDuration::from_secs;
        let now = Moment { up: seconds(50_000), ..Moment::now() };
        let clock = |boot: &str| Clock { now, boot: Some(boot.to_owned()) };
        // An hour ago, by a wall clock that was a day ahead.
        let then = Moment { wall: now.wall + seconds(86_400), up: now.up - seconds(3600) };
        let stamp = Stamp::of(then, Some("this"));
        assert_eq!(clock("this").age(&stamp), seconds(3600));
        assert_eq!(clock("another").age(&stamp), seconds(-86_400));
        let written = Stamp::by_wall(stamp.at).with_start(&stamp.start().expect("a start"));
        assert_eq!(written, stamp);
        // Where nobody wrote down more than the date, how long the machine has been up says nothing.
        assert_eq!(clock("this").age(&Stamp::by_wall(now.wall - seconds(60))), seconds(60));
        assert_eq!(Stamp::by_wall(now.wall).with_start("nonsense"), Stamp::by_wall(now.wall));
    }

    #[test]
    fn a_date_by_a_wrong_clock_is_put_right_before_the_next_start() {
        let seconds = SignedDuration::from_secs;
        let now = Moment { up: seconds(50_000), ..Moment::now() };
        let later = Moment { wall: now.wall + seconds(600), up: seconds(120) };
        for wrong in [-604_800, 86_400, 30] {
            let then = Moment { wall: now.wall + seconds(wrong - 3600), up: now.up - seconds(3600) };
            let mut stamp = Stamp::of(then, Some("this"));
            stamp.put_right(now, Some("this"));
            let age = stamp.age(later, Some("next"));
            assert!((age - seconds(4200)).abs() <= seconds(31), "{wrong}: {age:?}");
            stamp.put_right(later, Some("next"));
            assert_eq!(stamp.age(later, Some("next")), age, "nobody knows better");
        }
        // What is still to come after a start is at least no more than that.
        let mut stamp = Stamp::of(Moment { wall: now.wall + seconds(86_400), up: now.up }, Some("this"));
        stamp.put_right(later, Some("next"));
        assert_eq!(stamp.age(later, Some("next")), SignedDuration::ZERO);
    }
}
