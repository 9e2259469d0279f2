//! Passes that came to the same, again and again.

use super::PassRow;

/// Passes one after the other that came to the same, and changed nothing; or one alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streak<'p> {
    /// The one that ended last.
    pub latest: &'p PassRow,
    /// The one that ended first.
    pub first: &'p PassRow,
    /// How many they are.
    pub times: u64,
}

/// Passes, the latest first, as at most so many streaks.
pub fn streaks<'p>(passes: impl IntoIterator<Item = &'p PassRow>, most: usize) -> Vec<Streak<'p>> {
    let mut streaks: Vec<Streak<'p>> = Vec::new();
    for pass in passes {
        let is_full = streaks.len() >= most;
        match streaks.last_mut() {
            Some(streak) if is_again(streak.latest, pass) => {
                (streak.first, streak.times) = (pass, streak.times + 1);
            }
            _ if is_full => break,
            _ => streaks.push(Streak { latest: pass, first: pass, times: 1 }),
        }
    }
    streaks
}

/// Whether an earlier pass came to the same, and neither changed anything.
fn is_again(later: &PassRow, earlier: &PassRow) -> bool {
    let is_quiet = |pass: &PassRow| !pass.has_changed() && pass.figure("failed") == 0;
    (later.outcome, later.kind, &later.reason) == (earlier.outcome, earlier.kind, &earlier.reason)
        && is_quiet(later)
        && is_quiet(earlier)
}
