//! Events that other systems are told of: an outbox in the state, written in the transaction that writes an event's
//! cause, once for each hook, and emptied when somebody has taken it.

mod post;
mod read;
mod settle;

use std::time::Duration;

pub use post::{GivenUp, NewEvent, Subscriber, forget_personal, forget_personal_of, post, with_personal};
pub use read::{Pending, ReadOutbox, Tally, Told};
pub use settle::{Failed, WriteOutbox};

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// An order came in.
    OrderNew,
    /// An order is listed no more.
    OrderGone,
    /// An advisor has come or left, or nobody knows any more.
    AvailabilityChanged,
    /// Passes of a job have failed again and again.
    PassFailed,
    /// They succeed again.
    PassRecovered,
    /// The guard holds something back, or no longer.
    PassHeld,
    /// More rows of the feed can't be taken, or none is left.
    RowsRejected,
    /// A service refuses more objects, or none is left.
    ObjectsRefused,
    /// There was no good pass for long, or there is one again.
    SyncStale,
    /// The state's file system is nearly full, or no longer.
    DiskLow,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [EventKind; 10] = [
        EventKind::OrderNew,
        EventKind::OrderGone,
        EventKind::AvailabilityChanged,
        EventKind::PassFailed,
        EventKind::PassRecovered,
        EventKind::PassHeld,
        EventKind::RowsRejected,
        EventKind::ObjectsRefused,
        EventKind::SyncStale,
        EventKind::DiskLow,
    ];

    /// Whether it is about how passes go.
    pub fn is_of_passes(self) -> bool {
        !matches!(self, EventKind::OrderNew | EventKind::OrderGone | EventKind::AvailabilityChanged)
    }

    /// Its name, in settings and for whoever is told.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::OrderNew => "order.new",
            EventKind::OrderGone => "order.gone",
            EventKind::AvailabilityChanged => "availability.changed",
            EventKind::PassFailed => "pass.failed",
            EventKind::PassRecovered => "pass.recovered",
            EventKind::PassHeld => "pass.held",
            EventKind::RowsRejected => "rows.rejected",
            EventKind::ObjectsRefused => "objects.refused",
            EventKind::SyncStale => "sync.stale",
            EventKind::DiskLow => "disk.low",
        }
    }
}

/// The first pause after a failure; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// How long nothing is sent after so many failures.
fn pause_after(tries: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(tries.saturating_sub(1).min(20));
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_an_hour() {
        let pauses = [1, 2, 3, 10, 11, 99].map(|tries| pause_after(tries).as_secs());
        assert_eq!(pauses, [5, 10, 20, 2_560, 3_600, 3_600]);
    }
}
