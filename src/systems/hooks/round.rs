//! A round over the outbox: whatever is due is sent, hook by hook side by side.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::send::{Answer, send};
use crate::clock::{Moment, boot_id};
use crate::config::Hook;
use crate::outbox::{Failed, Pending, ReadOutbox as _, WriteOutbox as _};
use crate::pass::Ask;
use crate::pause::Pause;
use crate::state::{Reader, StateError, Writer};

/// What is sent, and to whom, as long as the settings are these.
pub(super) struct Courier {
    pub(super) hooks: Vec<Hook>,
    pub(super) state: Arc<Writer>,
    /// Hooks that want nothing more until the settings are read again.
    pub(super) switched_off: Mutex<HashSet<String>>,
    /// The first round tries everything: whoever starts us has mended something, or has no second one.
    pub(super) has_begun: AtomicBool,
}

/// What a round came to.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) started: Timestamp,
    pub(super) took: Duration,
    /// Deliveries: the hook and what became of each.
    pub(super) deliveries: Vec<(String, &'static str)>,
    /// Events that were given up, and why.
    pub(super) given_up: Vec<String>,
    /// Why hooks did not take an event.
    pub(super) failures: Vec<String>,
    /// Events of hooks that the settings don't name any more.
    pub(super) forgotten: Vec<(String, u64)>,
    /// How many still wait.
    pub(super) pending: u64,
    /// Why nothing may be sent for a while, though something waits.
    pub(super) paused: Option<String>,
    pub(super) error: Option<StateError>,
}

impl Courier {
    /// Makes a round. What went wrong is in it.
    pub(super) async fn round(&self, _ask: Ask, stop: &CancellationToken) -> Round {
        let began = Instant::now();
        let mut round = Round { started: Timestamp::now(), ..Round::default() };
        round.error = self.make(&mut round, stop).await.err();
        round.took = began.elapsed();
        round
    }

    async fn make(&self, round: &mut Round, stop: &CancellationToken) -> Result<(), StateError> {
        let reader = Reader::open(self.state.path())?;
        let gone = reader.hooks_with_events()?.into_iter();
        let gone = gone.filter(|name| !self.hooks.iter().any(|hook| hook.name == *name)).collect::<Vec<_>>();
        let mut all = Vec::new();
        for hook in &self.hooks {
            all.push((hook, reader.pending_events(&hook.name)?));
        }
        drop(reader);
        for hook in gone {
            let waited = self.state.forget_hook(hook.clone()).await?;
            round.forgotten.push((hook, waited));
        }
        round.pending = all.iter().map(|(_, pending)| pending.len() as u64).sum();
        if round.pending == 0 {
            return Ok(());
        }
        round.paused = Pause::in_force(self.state.path()).map(|pause| pause.words());
        if round.paused.is_some() {
            return Ok(());
        }
        let is_first = !self.has_begun.swap(true, Ordering::SeqCst);
        let sent = join_all(all.into_iter().map(|(hook, pending)| self.of_hook(hook, pending, is_first, stop))).await;
        for part in sent {
            let part = part?;
            let taken = part.deliveries.iter().filter(|(_, outcome)| *outcome != "failed").count() as u64;
            round.pending = round.pending.saturating_sub(taken);
            round.deliveries.extend(part.deliveries);
            round.given_up.extend(part.given_up);
            round.failures.extend(part.failures);
        }
        Ok(())
    }

    /// Sends what is due for a hook, one after the other: one that fails holds up none.
    async fn of_hook(
        &self,
        hook: &Hook,
        pending: Vec<Pending>,
        is_first: bool,
        stop: &CancellationToken,
    ) -> Result<Round, StateError> {
        let mut round = Round::default();
        let (now, boot) = (Moment::now(), boot_id());
        let is_asked = |event: &Pending| event.was_asked && !event.waits(now, boot.as_deref()).is_zero();
        if self.is_off(&hook.name) || pending.iter().any(is_asked) {
            return Ok(round);
        }
        for event in pending {
            if stop.is_cancelled() || self.is_off(&hook.name) {
                break;
            }
            if !is_first && !event.waits(now, boot.as_deref()).is_zero() {
                continue;
            }
            let (outcome, asked) = self.once(hook, &event, &mut round).await?;
            round.deliveries.push((hook.name.clone(), outcome));
            if asked {
                break;
            }
        }
        Ok(round)
    }

    /// Sends an event once; gives what became of it, and whether the hook asks to be left alone.
    async fn once(&self, hook: &Hook, event: &Pending, round: &mut Round) -> Result<(&'static str, bool), StateError> {
        let (error, asked) = match send(hook, event).await {
            Answer::Taken => {
                self.state.event_taken(event).await?;
                return Ok(("taken", false));
            }
            Answer::Gone => {
                self.switched_off.lock().unwrap_or_else(PoisonError::into_inner).insert(hook.name.clone());
                (
                    "answered 410: it wants nothing more; it is switched off until the settings are read again"
                        .to_owned(),
                    None,
                )
            }
            Answer::Failed(error, asked) => (error, asked),
        };
        let give_up = event.age() >= hook.give_up_after;
        let told = format!("hook {}: {} {}: {error}", hook.name, event.kind, event.id);
        self.state.event_failed(event, Failed { error, asked, give_up }).await?;
        if give_up {
            round.given_up.push(told);
            return Ok(("given_up", asked.is_some()));
        }
        round.failures.push(told);
        Ok(("failed", asked.is_some()))
    }

    fn is_off(&self, hook: &str) -> bool {
        self.switched_off.lock().unwrap_or_else(PoisonError::into_inner).contains(hook)
    }
}
