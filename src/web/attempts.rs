//! Who gives too many wrong secrets has to wait.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Wrong secrets of one address in [`WINDOW`], after which it has to wait that long.
const WRONG: u32 = 20;
pub const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are kept count of.
const ADDRESSES: usize = 10_000;
/// Keeps count of wrong secrets. A clone is the same one.
#[derive(Debug, Clone, Default)]
pub struct Attempts(Arc<Mutex<HashMap<IpAddr, (u32, Instant)>>>);

impl Attempts {
    /// Whether an address has to wait.
    pub fn are_too_many(&self, address: IpAddr) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&address).is_some_and(|(wrong, since)| *wrong >= WRONG && since.elapsed() < WINDOW)
    }

    /// Counts a wrong one. The minute begins with the first, and anew with the one that was too many.
    pub fn count(&self, address: IpAddr) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= ADDRESSES {
            seen.retain(|_, (_, since)| since.elapsed() < WINDOW);
        }
        let entry = seen.entry(address).or_insert((0, Instant::now()));
        if entry.1.elapsed() >= WINDOW {
            *entry = (0, Instant::now());
        }
        entry.0 += 1;
        if entry.0 == WRONG {
            entry.1 = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twentieth_wrong_one_is_the_last() {
        let attempts = Attempts::default();
        let address = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..WRONG {
            assert!(!attempts.are_too_many(address));
            attempts.count(address);
        }
        assert!(attempts.are_too_many(address) && !attempts.are_too_many([192, 0, 2, 2].into()));
    }
}
