//! How long things take.

use std::time::Duration;

/// Gives a request its effect in the middle of the time it takes, so that a client that dies meanwhile
/// finds both: requests that were done without its knowing, and requests that were not.
pub(super) async fn midway<T>(time: Duration, act: impl FnOnce() -> T) -> T {
    pause(time / 2).await;
    let done = act();
    pause(time / 2).await;
    done
}

/// Waits, but for no time at all doesn't: tokio's timer would make a millisecond of it.
pub(super) async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// Times as whole milliseconds in JSON.
pub(crate) mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
