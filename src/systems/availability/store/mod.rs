//! What the state keeps of watches: how each stands, and when it stood otherwise.

mod read;
mod write;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::hysteresis::Known;
use crate::clock::Moment;
use crate::config::Terms;
use crate::outbox::{NewEvent, Subscriber};
use crate::pass::PassEntry;
use crate::state::Key;

pub(crate) use read::ReadAvailability;
pub(crate) use write::WriteAvailability;

/// The watches of which it was noticed that nobody knows any more, until the next reading: that is told once.
const LAPSED: Key<Vec<String>> = Key::json("watches_lapsed");

/// A watch as the state has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its name.
    pub watch: String,
    /// What was asked, in the state's words: of another question nothing is known.
    pub question: String,
    /// When it began.
    pub began: Timestamp,
    /// What readings came to; `None` = there was none.
    pub known: Option<Known>,
    /// How long that holds on the wall's clock, if no further reading comes.
    pub until: Option<Timestamp>,
    /// Why there is no reading, in words.
    pub trouble: Option<String>,
    /// Whether it was noticed that nobody knows any more what was known once.
    pub is_lapsed: bool,
}

/// What a round leaves of a watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    /// Its name.
    pub watch: String,
    /// What was asked.
    pub question: String,
    /// What readings came to so far.
    pub known: Option<Known>,
    /// Why there was no reading this time.
    pub trouble: Option<String>,
    /// Whether it was noticed that nobody knows any more what was known once.
    pub is_lapsed: bool,
}

/// What a round leaves.
pub(crate) struct LeftRound {
    /// How each watch stands.
    pub left: Vec<Left>,
    /// When it ended.
    pub at: Timestamp,
    /// How readings make states.
    pub terms: Terms,
    /// How long it is remembered how watches stood.
    pub history_days: u32,
    /// What hooks are told, and which.
    pub events: Vec<NewEvent>,
    /// See there.
    pub subscribers: Vec<Subscriber>,
    /// The round as a pass, for whoever is told how passes go.
    pub pass: PassEntry,
}

/// A moment as it is written: by both clocks, and which start of the machine the second one counts from.
struct Written {
    wall: Timestamp,
    up: SignedDuration,
    boot: Option<String>,
}

impl Written {
    /// The same on the clock of this start of the machine; `None` = it has not come yet, so that one of the two clocks
    /// is or was wrong.
    fn on_this_clock(&self, now: Moment, boot: Option<&str>) -> Option<Moment> {
        let is_same_start = match (&self.boot, boot) {
            (Some(then), Some(now)) => then == now,
            _ => self.up <= now.up,
        };
        let ago = if is_same_start { now.up - self.up } else { now.wall.duration_since(self.wall) };
        (!ago.is_negative()).then(|| Moment { wall: self.wall, up: now.up.saturating_sub(ago) })
    }
}

/// Until when a reading counts, by the wall's clock.
fn until(known: &Known, unknown_after: Duration) -> Timestamp {
    known.last.wall.checked_add(unknown_after).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_of_another_start_goes_by_the_wall() {
        let second = |n| Timestamp::from_second(n).expect("a time");
        let up = SignedDuration::from_secs;
        let written = Written { wall: second(1000), up: up(50), boot: Some("a".to_owned()) };
        let at = |wall, now, boot| {
            let moment = Moment { wall: second(wall), up: up(now) };
            written.on_this_clock(moment, Some(boot)).map(|then| moment.up - then.up)
        };
        assert_eq!(at(5000, 60, "a"), Some(up(10)));
        assert_eq!(at(1030, 5, "b"), Some(up(30)));
        assert_eq!(at(990, 5, "b"), None, "a clock that was set back");
    }
}
