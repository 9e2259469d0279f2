//! What the daemon is told by signals, and how it tells systemd that it lives.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::systemd;

/// Something that the daemon is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// To end.
    Stop,
    /// To read its settings again.
    Reload,
    /// To compare everything with what the services list.
    Resync,
}

/// The signals that are waited for.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
    resync: Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
            resync: signal(SignalKind::user_defined1())?,
        })
    }

    /// The next one. Nothing is lost when it is not waited for to the end.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.reload.recv() => Told::Reload,
            _ = self.resync.recv() => Told::Resync,
        }
    }

    /// Waits until it is told to end, whatever else it is told.
    pub(super) async fn stop(&mut self) {
        while self.next().await != Told::Stop {}
    }
}

/// The beats that systemd waits for, if it does.
pub(super) struct Watchdog(Option<Interval>);

impl Watchdog {
    pub(super) fn new() -> Watchdog {
        Watchdog(systemd::watchdog_interval().map(|every| {
            let mut beats = interval(every);
            beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
            beats
        }))
    }

    /// Waits for the next beat.
    pub(super) async fn beat(&mut self) {
        match &mut self.0 {
            Some(beats) => _ = beats.tick().await,
            None => std::future::pending().await,
        }
    }
}
