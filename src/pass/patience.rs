//! For how long a job may be without a pass.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::Schedule;

/// How many times in a row a job may be due without one.
const MISSES: u32 = 3;

/// How long after a pass the next one is waited for: three intervals. `None` = it is never due again.
pub fn borne(schedule: &Schedule, then: Timestamp) -> Option<Duration> {
    let due = schedule.due_after(then, MISSES)?;
    Duration::try_from(due.duration_since(then)).ok()
}
