//! Two clocks: the wall's, which people set, and the machine's own, which only goes forward.

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

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

/// A moment that is written down, to tell later how long ago it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// What the date was said to be.
    #[serde(alias = "since")]
    pub at: Timestamp,
    /// Seconds since the machine was started.
    #[serde(default)]
    up: i64,
    /// Which start that was.
    #[serde(default)]
    boot: Option<String>,
}

impl Stamp {
    /// Of now.
    pub fn now() -> Stamp {
        let Moment { wall, up } = Moment::now();
        Stamp { at: wall.round(jiff::Unit::Second).unwrap_or(wall), up: up.as_secs(), boot: boot_id() }
    }

    /// How long ago it was: by the boot-time clock, or by the wall clock where the machine has restarted since.
    pub fn age(&self, now: Moment, boot: Option<&str>) -> SignedDuration {
        let passed = now.up.saturating_sub(SignedDuration::from_secs(self.up));
        let is_another_start = match (&self.boot, boot) {
            (Some(then), Some(now)) => then != now,
            // Nobody knows, unless the machine has been up for less than then.
            _ => passed.is_negative(),
        };
        if is_another_start { now.wall.duration_since(self.at) } else { passed }
    }

    #[cfg(test)]
    pub(crate) fn of(Moment { wall, up }: Moment, boot: Option<&str>) -> Stamp {
        Stamp { at: wall, up: up.as_secs(), boot: boot.map(str::to_owned) }
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
}
