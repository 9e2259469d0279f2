//! How often NiceChat is asked how far an import is.

use std::time::Duration;

/// The first wait for news of an import; the waits grow by half each time.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The times between polls.
pub(in crate::systems::catalog) fn waits() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_WAIT), |wait| Some((*wait * 3 / 2).min(LONGEST_WAIT)))
}

/// How many polls an import of so many seconds takes.
pub(in crate::systems::catalog) fn polls(seconds: f64) -> u64 {
    let mut passed = 0.0;
    let ends = waits().map(|wait| {
        passed += wait.as_secs_f64();
        passed
    });
    // A day is longer than any import may take.
    ends.take(1_500).take_while(|end| *end < seconds).count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_two_seconds_to_a_minute() {
        let waits: Vec<Duration> = waits().take(20).collect();
        assert_eq!(waits.first(), Some(&Duration::from_secs(2)));
        assert_eq!(waits.last(), Some(&Duration::from_secs(60)));
        assert!(waits.is_sorted());
        assert_eq!([0.0, 1.9, 2.1, 5.1].map(polls), [1, 1, 2, 3]);
        assert!((36..45).contains(&polls(1800.0)), "{}", polls(1800.0));
    }
}
