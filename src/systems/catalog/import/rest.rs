//! How long imports are let alone after one that failed.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

use super::Importer;
use crate::config::Strategy;
use crate::systems::catalog::apply::Stop;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::store::Failures;
use crate::systems::catalog::store::ReadImports as _;

/// How long after a failed import `strategy = "import"` waits before it pushes again; it doubles from
/// failure to failure.
const FIRST_REST: Duration = Duration::from_secs(2);
/// The longest such wait.
const LONGEST_REST: Duration = Duration::from_secs(3600);
/// A rest that a pass waits for rather than to end.
const SHORT_REST: Duration = Duration::from_secs(30);

impl Importer<'_> {
    /// `strategy = "import"` has no other way: it lets NiceChat alone for a while after a failure.
    pub(super) async fn rest(&self) -> Result<(), PassError> {
        if self.context.config.nicechat.strategy != Strategy::Import {
            return Ok(());
        }
        let failures = self.context.state.reader()?.import_failures()?;
        let left = rest_left(&failures, Timestamp::now());
        if left > SHORT_REST {
            return Err(PassError::ImportRests { failures: failures.in_a_row, left });
        }
        tokio::select! {
            () = sleep(left) => Ok(()),
            () = self.stop.cancelled() => Err(Stop::Interrupted.into()),
        }
    }
}

/// How long imports still have to rest.
fn rest_left(failures: &Failures, now: Timestamp) -> Duration {
    let Some(last) = failures.last.filter(|_| failures.in_a_row > 0) else { return Duration::ZERO };
    let doubled = 1_u32.checked_shl(failures.in_a_row - 1).unwrap_or(u32::MAX);
    let rest = FIRST_REST.saturating_mul(doubled).min(LONGEST_REST);
    match Duration::try_from(now.duration_since(last)) {
        Ok(since) => rest.saturating_sub(since),
        // The clock was set back. It could take a day until it is there again; one import too many does less harm.
        Err(_) => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_an_hour() {
        let last: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let left = |in_a_row, after: i64| {
            let now = last + jiff::SignedDuration::from_secs(after);
            rest_left(&Failures { in_a_row, last: Some(last) }, now).as_secs()
        };
        assert_eq!(left(0, 0), 0);
        assert_eq!((left(1, 0), left(2, 0), left(3, 1), left(3, 9)), (2, 4, 7, 0));
        assert_eq!((left(20, 0), left(99, 3599), left(99, 3600)), (3600, 1, 0));
        assert_eq!(left(20, -50), 0, "a clock that was set back");
    }
}
