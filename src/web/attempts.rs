//! Who gives too many wrong secrets has to wait.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Wrong secrets of one address in [`WINDOW`], after which it has to wait that long.
const WRONG: u32 = 20;
pub const WINDOW: Duration = Duration::from_secs(60);
/// The same of all that come by one proxy: whoever it lets say who they are may say anything.
const WRONG_BY_PROXY: u32 = 200;
/// Addresses that are kept count of; beyond them all are one.
const ADDRESSES: usize = 10_000;

/// Keeps count of wrong secrets. A clone is the same one.
#[derive(Debug, Clone, Default)]
pub struct Attempts(Arc<Mutex<HashMap<Who, (u32, Instant)>>>);

/// Whose wrong ones are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Caller(IpAddr),
    /// All that come by this one.
    Proxy(IpAddr),
    /// All callers that there is no room for.
    Others,
}

impl Attempts {
    /// Whether an address has to wait.
    pub fn are_too_many(&self, address: IpAddr) -> bool {
        self.are(WRONG, Who::Caller(address))
    }

    /// Whether all have to wait that come by this proxy.
    pub fn are_too_many_by(&self, proxy: IpAddr) -> bool {
        self.are(WRONG_BY_PROXY, Who::Proxy(proxy))
    }

    fn are(&self, most: u32, who: Who) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of_others = matches!(who, Who::Caller(_)) && seen.len() >= ADDRESSES;
        let counted = seen.get(&who).or_else(|| seen.get(&Who::Others).filter(|_| is_of_others));
        counted.is_some_and(|(wrong, since)| *wrong >= most && since.elapsed() < WINDOW)
    }

    /// Counts a wrong one. The minute begins with the first, and anew with the one that was too many.
    pub fn count(&self, address: IpAddr) {
        self.add(WRONG, Who::Caller(address));
    }

    /// The same for the proxy that it came by.
    pub fn count_by(&self, proxy: IpAddr) {
        self.add(WRONG_BY_PROXY, Who::Proxy(proxy));
    }

    fn add(&self, most: u32, who: Who) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= ADDRESSES {
            seen.retain(|_, (_, since)| since.elapsed() < WINDOW);
        }
        // (Proxies that are trusted are few.)
        let is_full = matches!(who, Who::Caller(_)) && seen.len() >= ADDRESSES && !seen.contains_key(&who);
        let entry = seen.entry(if is_full { Who::Others } else { who }).or_insert((0, Instant::now()));
        if entry.1.elapsed() >= WINDOW {
            *entry = (0, Instant::now());
        }
        entry.0 += 1;
        if entry.0 == most {
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
        // A proxy is not who comes by it.
        (0..WRONG_BY_PROXY).for_each(|_| attempts.count_by(IpAddr::from([192, 0, 2, 2])));
        assert!(attempts.are_too_many_by([192, 0, 2, 2].into()) && !attempts.are_too_many([192, 0, 2, 2].into()));
    }

    #[test]
    fn beyond_so_many_all_others_are_one() {
        let attempts = Attempts::default();
        let address = |n: u32| IpAddr::from(n.to_be_bytes());
        let all = u32::try_from(ADDRESSES).expect("a number");
        (1..=all).for_each(|n| attempts.count(address(n)));
        assert!(!attempts.are_too_many(address(1)) && !attempts.are_too_many(address(all + 1)));
        (1..=WRONG).for_each(|n| attempts.count(address(all + n)));
        assert!(attempts.are_too_many(address(all + 1_000)) && !attempts.are_too_many(address(1)));
    }
}
