//! Somebody's word that nothing is to be sent for a while. It hangs beside the state, where a command leaves it and
//! every pass looks, whether a daemon runs or not; reading and planning go on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::warn;

use crate::clock::{Moment, Stamp, boot_id};
use crate::pass::Headline;
use crate::state::{Board, Illegible, StateError};
use crate::task;
use crate::text::plain;

/// The notice's name.
pub const NAME: &str = "pause";
/// Letters of a reason that are kept.
const LONGEST: usize = 300;

/// How often somebody who waits for a pause looks for one.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    #[serde(flatten)]
    pub since: Stamp,
    /// Until when; `None` = until somebody ends it.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

impl Pause {
    /// A pause that begins now.
    pub fn now(lasts: Option<Duration>, reason: Option<&str>) -> Pause {
        let since = Stamp::now();
        let reason = reason.map(|reason| plain(reason, LONGEST)).filter(|reason| !reason.is_empty());
        let until = lasts.and_then(|lasts| since.at.checked_add(lasts).ok());
        Pause { since, until, reason }
    }

    /// What every pass asks before it sends: the pause that is in force beside this state, if one is. A notice that
    /// can't be read is none; it is told.
    pub fn in_force(state: &Path) -> Option<Pause> {
        let read = Pause::read(state).inspect_err(|illegible| warn!("{illegible}"));
        read.ok().flatten()
    }

    /// Waits until there is one that was not there before.
    pub async fn begins(state: PathBuf) {
        let mut was_paused = true;
        loop {
            let state = state.clone();
            // A disk that hangs keeps nothing else waiting.
            let is_paused = task::blocking(move || Pause::in_force(&state).is_some()).await.unwrap_or(was_paused);
            if is_paused && !was_paused {
                return;
            }
            was_paused = is_paused;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The same for whoever tells of the notice in another way.
    ///
    /// # Errors
    /// When there is one that can't be read.
    pub fn read(state: &Path) -> Result<Option<Pause>, Illegible> {
        let pause: Option<Pause> = Board::new(state, NAME).read()?;
        Ok(pause.filter(|pause| !pause.is_over(Moment::now(), boot_id().as_deref())))
    }

    /// Leaves it beside a state.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, state: &Path) -> Result<(), StateError> {
        Board::new(state, NAME).write(self)
    }

    /// Ends the pause beside a state. Gives the one that was in force.
    ///
    /// # Errors
    /// When its notice stays.
    pub fn end(state: &Path) -> Result<Option<Pause>, StateError> {
        let before = Pause::in_force(state);
        Board::new(state, NAME).remove()?;
        Ok(before)
    }

    /// Whether it has ended by itself: by the boot-time clock, or by the wall clock where the machine has restarted since.
    pub fn is_over(&self, now: Moment, boot: Option<&str>) -> bool {
        let Some(until) = self.until else { return false };
        self.since.age(now, boot) >= until.duration_since(self.since.at)
    }

    /// How it is told first, of a shop for which this program is called so.
    pub fn headline(&self, program: &str) -> Headline {
        Headline::paused(program, self.since.at, self.until, self.reason.as_deref())
    }

    /// As programs are told of it.
    pub fn json(&self) -> Value {
        json!({"since": self.since.at, "until": self.until, "reason": self.reason})
    }

    /// What a pass that it holds gives as its reason.
    pub fn words(&self) -> String {
        let until = self.until.map(|until| format!(" until {until:.0}")).unwrap_or_default();
        let reason = self.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("paused{until}{reason}")
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn moment(wall: i64, up: i64) -> Moment {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        Moment { wall: start + SignedDuration::from_secs(wall), up: SignedDuration::from_secs(up) }
    }

    fn pause(boot: Option<&str>) -> Pause {
        let begun = moment(0, 1_000);
        let until = Some(begun.wall + SignedDuration::from_secs(100));
        Pause { since: Stamp::of(begun, boot), until, reason: None }
    }

    #[test]
    fn a_clock_that_is_set_makes_it_no_shorter_and_no_longer() {
        for boot in [Some("a"), None] {
            for wall in [-5_000, 50, 5_000] {
                assert!(!pause(boot).is_over(moment(wall, 1_099), boot), "{boot:?} {wall}");
                assert!(pause(boot).is_over(moment(wall, 1_100), boot), "{boot:?} {wall}");
            }
        }
    }

    #[test]
    fn after_another_start_the_date_counts() {
        for (then, now, up) in [(Some("a"), Some("b"), 5_000), (Some("a"), Some("b"), 5), (Some("a"), None, 5)] {
            assert!(!pause(then).is_over(moment(99, up), now));
            assert!(pause(then).is_over(moment(100, up), now));
        }
        let endless = Pause { until: None, ..pause(None) };
        assert!(!endless.is_over(moment(i64::from(u32::MAX), 1), None));
    }

    #[test]
    fn words_and_what_is_kept_of_a_reason() {
        assert_eq!(pause(None).words(), "paused until 2026-01-01T00:01:40Z");
        let pause = Pause::now(None, Some("stock\n\u{1b}[1mtaking"));
        assert_eq!(pause.words(), "paused: stock [1mtaking");
        assert_eq!(Pause::now(None, Some(" ")).words(), "paused");
    }
}
