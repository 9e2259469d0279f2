//! What goes wrong for hours is told once when it begins, and once when it is over.

use std::time::{Duration, Instant};

use tracing::debug;

/// Remembers what is wrong from pass to pass.
#[derive(Default)]
pub(super) struct Failures(Option<Failure>);

/// Failures of one kind that are told one by one: those that come and go are told once each.
const TOLD: usize = 8;

struct Failure {
    subject: &'static str,
    /// What was wrong last.
    what: String,
    /// What was told, without its numbers, which are others each time.
    told: Vec<String>,
    since: Instant,
    passes: u32,
}

/// Failures that are over.
pub(super) struct Past {
    /// What it was about.
    pub(super) subject: &'static str,
    /// What was wrong last.
    pub(super) what: String,
    /// How long.
    pub(super) lasted: Duration,
    /// In how many passes.
    pub(super) passes: u32,
}

impl Failures {
    /// Something is wrong. Gives whether that is worth telling loudly: nothing of the kind was told since all was well.
    pub(super) fn record(&mut self, subject: &'static str, what: &str) -> bool {
        match &mut self.0 {
            Some(before) if before.subject == subject => {
                before.passes += 1;
                what.clone_into(&mut before.what);
                let kind = kind(what);
                if !before.told.contains(&kind) && before.told.len() < TOLD {
                    before.told.push(kind);
                    return true;
                }
                debug!(passes = before.passes, "still: {what}");
                false
            }
            before => {
                let since = before.as_ref().map_or_else(Instant::now, |before| before.since);
                let passes = before.as_ref().map_or(0, |before| before.passes) + 1;
                *before = Some(Failure { subject, what: what.to_owned(), told: vec![kind(what)], since, passes });
                true
            }
        }
    }

    /// All is well. Gives the failures that are over now, if there were any.
    pub(super) fn end(&mut self) -> Option<Past> {
        let Failure { subject, what, since, passes, .. } = self.0.take()?;
        Some(Past { subject, what, lasted: since.elapsed(), passes })
    }
}

/// What is wrong, without numbers.
fn kind(what: &str) -> String {
    what.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_is_told_once_until_all_is_well() {
        let mut failures = Failures::default();
        assert!(failures.record("the feed", "no answer within 5s"));
        assert!(!failures.record("the feed", "no answer within 7s"));
        assert!(failures.record("the feed", "it is an HTML page"));
        assert!(!failures.record("the feed", "no answer within 5s"));
        let past = failures.end().expect("it failed");
        assert_eq!((past.passes, past.what.as_str()), (4, "no answer within 5s"));
        assert!(failures.record("the feed", "no answer within 5s"));
    }

    #[test]
    fn there_is_an_end_to_telling() {
        let mut failures = Failures::default();
        let words = |n: u8| "x".repeat(usize::from(n) + 1);
        let told = (0..50).filter(|n| failures.record("the feed", &words(*n))).count();
        assert_eq!(told, TOLD);
    }
}
