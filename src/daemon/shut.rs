//! Doors that can't be opened, mostly because another program listens there: tried again, ever more seldom, while all
//! else goes on.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::listener::Door;
use crate::config::Http;

/// How long the first try is waited for; each one after that twice as long as the one before.
const FIRST: Duration = Duration::from_secs(1);
/// At most.
const LONGEST: Duration = Duration::from_secs(60);

/// The doors that are wanted, and aren't open.
#[derive(Debug, Default)]
pub(super) struct Shut(Vec<Knock>);

#[derive(Debug)]
struct Knock {
    door: Door,
    address: SocketAddr,
    wait: Duration,
    due: Instant,
}

impl Shut {
    /// This door couldn't be opened there.
    pub(super) fn note(&mut self, door: Door, address: SocketAddr) {
        let wait = self.0.iter().find(|knock| knock.door == door).map_or(FIRST, |knock| (2 * knock.wait).min(LONGEST));
        self.forget(door);
        self.0.push(Knock { door, address, wait, due: Instant::now() + wait });
    }

    /// It is open, or isn't wanted any more.
    pub(super) fn forget(&mut self, door: Door) {
        self.0.retain(|knock| knock.door != door);
    }

    /// Whether it is tried to open this door there.
    pub(super) fn is_at(&self, door: Door, address: Option<SocketAddr>) -> bool {
        self.0.iter().any(|knock| knock.door == door && Some(knock.address) == address)
    }

    /// Whether it is this door that isn't open.
    pub(super) fn has(&self, door: Door) -> bool {
        self.0.iter().any(|knock| knock.door == door)
    }

    /// New settings hold: who wants a door elsewhere, or none, waits for it no more.
    pub(super) fn expect(&mut self, http: Option<&Http>) {
        self.0.retain(|knock| knock.door.address(http) == Some(knock.address));
    }

    /// In words, for whoever asks how it stands; `None` = all are open.
    pub(super) fn words(&self) -> Option<String> {
        let doors = self.0.iter().map(|knock| format!("{} = \"{}\"", knock.door.setting(), knock.address));
        let doors = doors.collect::<Vec<_>>().join(", ");
        (!doors.is_empty()).then(|| format!("can't listen at [http] {doors}"))
    }

    /// Waits until one is to be tried again. Nothing is lost when it is not waited for to the end.
    pub(super) async fn due(&self) -> Door {
        let Some(next) = self.0.iter().min_by_key(|knock| knock.due) else { return std::future::pending().await };
        sleep_until(next.due).await;
        next.door
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tries_become_more_seldom_and_end() {
        let mut shut = Shut::default();
        let address: SocketAddr = "127.0.0.1:8787".parse().expect("an address");
        let mut waited = Vec::new();
        for _ in 0..8 {
            shut.note(Door::Private, address);
            let before = Instant::now();
            assert_eq!(shut.due().await, Door::Private);
            waited.push(before.elapsed().as_secs());
        }
        assert_eq!(waited, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(shut.is_at(Door::Private, Some(address)) && !shut.is_at(Door::Public, Some(address)));
        assert_eq!(shut.words().as_deref(), Some("can't listen at [http] listen = \"127.0.0.1:8787\""));
        shut.expect(None);
        assert_eq!((shut.words(), shut.has(Door::Private)), (None, false));
    }
}
