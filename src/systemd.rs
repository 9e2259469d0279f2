//! What we tell systemd: ready, reloading, stopping, a line of status, and that we are alive.
//!
//! Nothing here can fail: outside systemd every call does nothing, and a manager that does not
//! listen is no reason to stop syncing.

use std::time::Duration;

use sd_notify::NotifyState;
use tracing::debug;

/// Start-up is over, or a reload is: the config in use is good.
pub fn ready() {
    send(&[NotifyState::Ready]);
}

/// A reload begins. [`ready`] must follow, also when the old config stays.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(error) => debug!(%error, "no monotonic time to tell systemd about the reload"),
    }
}

/// The service is on its way down.
pub fn stopping() {
    send(&[NotifyState::Stopping]);
}

/// The line that `systemctl status` shows.
pub fn status(line: &str) {
    send(&[NotifyState::Status(&one_line(line))]);
}

/// How often to call [`watchdog`]: twice within the time after which systemd would restart us.
/// `None` when it does not watch us.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2).filter(|interval| !interval.is_zero())
}

/// We are alive.
pub fn watchdog() {
    send(&[NotifyState::Watchdog]);
}

fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        debug!(%error, "systemd did not take a notification");
    }
}

/// Every line of a notification is a message of its own: a status of two lines could say `READY=1`.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_line() {
        assert_eq!(one_line("feed of \"x\nREADY=1\": 3 items\n"), "feed of \"x READY=1\": 3 items");
    }
}
