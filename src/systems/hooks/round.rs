//! A round over the outbox: whatever is due is sent, hook by hook side by side. One that takes its time holds up itself
//! alone: while it is waited for, the others are told what comes meanwhile.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::send::{Message, Tools, send};
use crate::clock::{Moment, boot_id};
use crate::config::{Hook, HookTarget};
use crate::outbox::{Failed, GivenUp, Pending, ReadOutbox as _, WriteOutbox as _};
use crate::pass::Ask;
use crate::pause::Pause;
use crate::state::{Reader, StateError, Writer};

/// How often the outbox is looked at. A hook that takes longer for an event is slow.
pub(super) const LOOK: Duration = Duration::from_secs(2);
/// What is due goes on in the next round then, or nobody would read what became of it.
const LONGEST: Duration = Duration::from_secs(60);

/// What is sent, and to whom, as long as the settings are these.
pub(super) struct Courier {
    pub(super) hooks: Vec<Hook>,
    pub(super) state: Arc<Writer>,
    /// The settings that hold: others than these once they were read again.
    pub(super) settings: watch::Receiver<Vec<Hook>>,
    pub(super) memory: Arc<Memory>,
    /// What is sent with.
    pub(super) tools: Tools,
}

/// What holds until the settings are read again.
#[derive(Default)]
pub(super) struct Memory {
    /// Hooks that want nothing more.
    switched_off: Mutex<HashSet<String>>,
    /// The first round tries everything: whoever starts us has mended something, or has no second one.
    has_begun: AtomicBool,
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
    /// The hooks of those that weren't sent in this round.
    pub(super) unsent: Vec<String>,
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

    /// Whether there are events of any hook. A state that can't be read has none.
    pub(super) fn has_events(&self) -> bool {
        let events = Reader::open(self.state.path()).and_then(|reader| reader.hooks_with_events());
        events.is_ok_and(|hooks| !hooks.is_empty())
    }

    async fn make(&self, round: &mut Round, stop: &CancellationToken) -> Result<(), StateError> {
        let reader = Reader::open(self.state.path())?;
        let gone = reader.hooks_with_events()?.into_iter();
        let gone = gone.filter(|name| !self.hooks.iter().any(|hook| hook.name == *name)).collect::<Vec<_>>();
        let has_untold = !reader.untold()?.is_empty();
        let mut all = Vec::new();
        for hook in &self.hooks {
            all.push((hook, reader.pending_events(&hook.name)?));
        }
        drop(reader);
        if has_untold {
            for GivenUp { hook, kind, id, why } in self.state.take_untold().await? {
                round.given_up.push(format!("hook {hook}: {kind} {id}: {why}"));
                round.unsent.push(hook);
            }
        }
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
        let is_first = !self.memory.has_begun.swap(true, Ordering::SeqCst);
        let turn = Turn { is_first, stop, began: Instant::now(), busy: watch::Sender::new(all.len()) };
        let sent = join_all(all.into_iter().map(|(hook, pending)| self.serve(hook, pending, &turn))).await;
        for part in sent {
            let part = part?;
            round.deliveries.extend(part.deliveries);
            round.given_up.extend(part.given_up);
            round.failures.extend(part.failures);
        }
        let reader = Reader::open(self.state.path())?;
        let tallies = self.hooks.iter().map(|hook| reader.hook_tally(&hook.name));
        round.pending = tallies.map(|tally| tally.map(|tally| tally.pending)).sum::<Result<_, _>>()?;
        Ok(())
    }

    /// Sends a hook what is due, and what comes as long as others are busy with theirs.
    async fn serve(&self, hook: &Hook, pending: Vec<Pending>, turn: &Turn<'_>) -> Result<Round, StateError> {
        let mut part = Part::default();
        let served = self.of_hook(hook, pending, turn, &mut part).await;
        turn.busy.send_modify(|busy| *busy -= 1);
        served?;
        part.is_extra = true;
        let mut busy = turn.busy.subscribe();
        while !part.is_slow {
            tokio::select! {
                _ = busy.wait_for(|busy| *busy == 0) => break,
                () = turn.stop.cancelled() => break,
                () = self.replaced() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
            let pending = Reader::open(self.state.path())?.pending_events(&hook.name)?;
            self.of_hook(hook, pending, turn, &mut part).await?;
        }
        Ok(part.round)
    }

    /// Sends what is due for a hook, one after the other: one that fails holds up none.
    async fn of_hook(
        &self,
        hook: &Hook,
        pending: Vec<Pending>,
        turn: &Turn<'_>,
        part: &mut Part,
    ) -> Result<(), StateError> {
        let (now, boot) = (Moment::now(), boot_id());
        let waits = |event: &Pending| !event.waits(now, boot.as_deref()).is_zero();
        let is_asked = pending.iter().any(|event| !event.asks(now, boot.as_deref()).is_zero())
            || Reader::open(self.state.path())?.asks_for_silence(&hook.name, hook.give_up_after)?;
        let mut is_left_alone = self.is_off(&hook.name) || is_asked;
        for event in pending {
            if turn.stop.is_cancelled() || self.is_replaced() {
                break;
            }
            if event.is_personal && !hook.personal {
                // What it was to be told of persons may not be told any more, and what is sent is always the same.
                let why = "the hook is not told what is kept of persons any more (personal)";
                self.give_up(hook, Pending { error: Some(why.to_owned()), ..event }, part).await?;
                continue;
            }
            if is_left_alone || waits(&event) && !part.tries_all(turn) {
                // Nothing more will come of it.
                if event.age() >= hook.give_up_after {
                    self.give_up(hook, event, part).await?;
                }
                continue;
            }
            if part.has_tried(&event, turn) || !part.goes_on(turn) {
                continue;
            }
            // Before anybody is told: whoever can't write would tell them again with each round.
            self.state.event_begun(&event).await?;
            let began = Instant::now();
            let Some(body) = Reader::open(self.state.path())?.event_body(&event)? else { continue };
            let message = Message { pending: &event, body: &body };
            let Some((outcome, asked)) = self.once(hook, message, turn.stop, &mut part.round).await? else { break };
            part.round.deliveries.push((hook.name.clone(), outcome));
            part.tried.insert(event.event);
            part.is_slow |= began.elapsed() > LOOK;
            is_left_alone |= asked || self.is_off(&hook.name);
        }
        Ok(())
    }

    /// Gives up an event that can't be sent any more in its time.
    async fn give_up(&self, hook: &Hook, event: Pending, part: &mut Part) -> Result<(), StateError> {
        let error = event.error.as_deref().unwrap_or("the hook takes nothing now");
        let told = format!("hook {}: {} {}: {error}", hook.name, event.kind, event.id);
        self.state.event_given_up(&event, error.to_owned()).await?;
        part.round.given_up.push(told);
        part.round.deliveries.push((hook.name.clone(), "given_up"));
        Ok(())
    }

    /// Sends an event once; gives what became of it, and whether the hook asks to be left alone. `None` = other settings
    /// hold, or everything is to end, and it took too long for that to wait: it is sent again.
    async fn once(
        &self,
        hook: &Hook,
        message: Message<'_>,
        stop: &CancellationToken,
        round: &mut Round,
    ) -> Result<Option<(&'static str, bool)>, StateError> {
        let event = message.pending;
        let answer = tokio::select! {
            answer = send(hook, &self.tools, message) => answer,
            () = self.replaced_for_long() => return Ok(None),
            () = stopped_for_long(stop), if matches!(hook.to, HookTarget::Mail { .. }) => return Ok(None),
        };
        let mut taken_by = event.taken_by.clone();
        let (error, asked) = match answer {
            Answer::Taken => {
                self.state.event_taken(event).await?;
                return Ok(Some(("taken", false)));
            }
            Answer::Gone => {
                self.memory.switched_off.lock().unwrap_or_else(PoisonError::into_inner).insert(hook.name.clone());
                (
                    "answered 410: it wants nothing more; it is switched off until the settings are read again"
                        .to_owned(),
                    None,
                )
            }
            Answer::Failed(error, asked) => (error, asked),
            Answer::Partly(error, by) => {
                taken_by = by;
                (error, None)
            }
        };
        let give_up = event.age() >= hook.give_up_after;
        let told = format!("hook {}: {} {}: {error}", hook.name, event.kind, event.id);
        self.state.event_failed(event, Failed { error, asked, give_up, taken_by }).await?;
        if give_up {
            round.given_up.push(told);
            return Ok(Some(("given_up", asked.is_some())));
        }
        round.failures.push(told);
        Ok(Some(("failed", asked.is_some())))
    }

    /// Whether other settings hold by now.
    fn is_replaced(&self) -> bool {
        *self.settings.borrow() != self.hooks
    }

    async fn replaced(&self) {
        // Without anybody who reads settings there are no others.
        if self.settings.clone().wait_for(|hooks| *hooks != self.hooks).await.is_err() {
            std::future::pending().await
        }
    }

    /// A delivery under way when the settings are read again may end as it began, unless it is slow.
    async fn replaced_for_long(&self) {
        self.replaced().await;
        tokio::time::sleep(LOOK).await;
    }

    fn is_off(&self, hook: &str) -> bool {
        self.memory.switched_off.lock().unwrap_or_else(PoisonError::into_inner).contains(hook)
    }
}

/// A mail server that takes its time is not waited for when everything is to end: a mail that it may have taken goes out
/// again by the same name.
async fn stopped_for_long(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LOOK).await;
}

/// What all hooks of a round share.
struct Turn<'a> {
    /// Everything is tried, pauses or not.
    is_first: bool,
    stop: &'a CancellationToken,
    began: Instant,
    /// How many hooks are being sent what was due at the begin.
    busy: watch::Sender<usize>,
}

/// A hook's part of a round.
#[derive(Default)]
struct Part {
    round: Round,
    /// Rows that were sent.
    tried: HashSet<i64>,
    /// An event took long: whoever waits for others must not be waited for.
    is_slow: bool,
    /// What was due at the begin is done, and others are waited for.
    is_extra: bool,
}

impl Part {
    fn tries_all(&self, turn: &Turn<'_>) -> bool {
        turn.is_first && !self.is_extra
    }

    /// Where pauses don't count, each event is tried once.
    fn has_tried(&self, event: &Pending, turn: &Turn<'_>) -> bool {
        turn.is_first && self.tried.contains(&event.event)
    }

    /// Whether the next event is for this round.
    fn goes_on(&self, turn: &Turn<'_>) -> bool {
        match self.is_extra {
            true => !self.is_slow && *turn.busy.borrow() > 0,
            false => turn.is_first || turn.began.elapsed() < LONGEST,
        }
    }
}
