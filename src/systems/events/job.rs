//! A pass over the events from one end to the other.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info_span};

use super::apply::{Application, Applied, Halt};
use super::store::{MirrorPass, Mirrored, ReadEvents as _, Standing, WriteEvents as _};
use super::survey::{Policy, Surveyed, copies_of, copies_of_projected, declared};
use crate::config::{self, Account, AccountCredentials, Scope};
use crate::event::{Content, Event};
use crate::pass::{Ask, Outcome};
use crate::remote::CallError;
use crate::remote::ConnectError;
use crate::remote::Limits;
use crate::remote::lagerkoll::{Writer, connect};
use crate::state::{self, StateError};

/// Why a pass failed, or a part of it.
#[derive(Debug, Error)]
pub enum MirrorError {
    /// No call could be prepared.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The state file.
    #[error(transparent)]
    State(#[from] StateError),
    /// A store's events could not be read.
    #[error("the events of store {store} could not be read: {error}")]
    Listing {
        /// The store.
        store: String,
        /// Why.
        error: CallError,
    },
    /// Some events were not done, or the application ended early.
    #[error("store {store}: {failed} of {steps} changes of events failed ({why}); the next pass tries them again")]
    Pending {
        /// The store.
        store: String,
        /// How many failed or were not tried.
        failed: u64,
        /// Of how many.
        steps: u64,
        /// The first failure.
        why: String,
        /// No request with these credentials will be taken.
        is_unauthorized: bool,
    },
    /// The store that is copied from came out otherwise than was planned, and the guard lets none of it through.
    #[error("store {store}: nothing was copied to it: {reason}; the next pass judges anew")]
    Unforeseen {
        /// The store.
        store: String,
        /// The guard's words.
        reason: String,
    },
    /// Somebody asked us to stop.
    #[error("interrupted; the next pass over the events goes on from here")]
    Interrupted,
}

impl MirrorError {
    /// What is in trouble: the same from try to try, while the words change.
    pub fn subject(&self) -> &'static str {
        match self {
            MirrorError::State(_) => "the disk",
            MirrorError::Listing { error: CallError::Unauthorized(_), .. }
            | MirrorError::Pending { is_unauthorized: true, .. } => "the credentials of Lagerkoll",
            MirrorError::Unforeseen { .. } => "the guard",
            MirrorError::Connect(_) | MirrorError::Listing { .. } | MirrorError::Pending { .. } => "Lagerkoll",
            MirrorError::Interrupted => "the pass",
        }
    }
}

/// What a pass came to.
#[derive(Debug)]
pub struct Report {
    /// The row that it left in the state.
    pub row: MirrorPass,
    /// How long it took, whatever the wall clock did meanwhile.
    pub took: Duration,
    /// What went wrong, the first first; the other stores went on.
    pub errors: Vec<MirrorError>,
    /// Why the guard let nothing through.
    pub guard: Option<String>,
    /// Events of ours in stores that the settings don't name any more since this pass, by the store's name in the
    /// state.
    pub left_behind: Vec<(String, u64)>,
}

/// What the settings are about, as the state names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The mirror.
    pub mirror: String,
    /// The id of the store that is mirrored, at the service.
    pub store: String,
    /// The store itself, and those that are copied to.
    pub stores: Vec<StoreName>,
}

/// A store's name in the state, and its id at the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreName {
    /// In the state.
    pub key: String,
    /// At the service.
    pub id: String,
}

impl Names {
    /// The names of these settings.
    pub fn of(settings: &config::Lagerkoll) -> Names {
        let accounts = [&settings.account].into_iter().chain(&settings.copies);
        let name = |account: &Account| StoreName { key: store_key(settings, account), id: account.store.clone() };
        let store = settings.account.store.clone();
        Names { mirror: place(settings), store, stores: accounts.map(name).collect() }
    }

    /// The names in the state.
    pub fn keys(&self) -> Vec<String> {
        self.stores.iter().map(|store| store.key.clone()).collect()
    }
}

/// The name of a mirror in the state: an address, a store, and whose events of it.
pub fn place(settings: &config::Lagerkoll) -> String {
    let store = store_key(settings, &settings.account);
    match (settings.scope, &settings.account.credentials) {
        (Scope::Store, _) => store,
        (Scope::User, AccountCredentials::User { id, .. }) => format!("{store} user {id}"),
        (Scope::User, AccountCredentials::Key(_)) => format!("{store} user"),
    }
}

/// The name of a store in the state.
pub(super) fn store_key(settings: &config::Lagerkoll, account: &Account) -> String {
    format!("{} store {}", settings.base_url, account.store)
}

/// Mirrors the store's events and carries out what the settings want of them; leaves the pass's row in
/// the state. Never fails: what went wrong is in the report.
pub async fn run(
    settings: &config::Lagerkoll,
    limits: &Limits,
    state: &state::Writer,
    ask: Ask,
    stop: &CancellationToken,
) -> Report {
    let (began, started) = (Instant::now(), Timestamp::now());
    let mut pass = Pass {
        settings,
        limits,
        state,
        place: place(settings),
        policy: Policy::of(settings, ask),
        force: ask.force,
        started,
        connections: Vec::new(),
        listed: None,
        mirrored: Mirrored::default(),
        sum: Applied::default(),
        refused: 0,
        guard: None,
        left_behind: Vec::new(),
        errors: Vec::new(),
    };
    let span = info_span!("events", pass = started.as_millisecond());
    let ended = tokio::select! {
        ended = pass.go().instrument(span) => ended,
        // What was under way is written down, and found by the next pass.
        () = stop.cancelled() => Err(MirrorError::Interrupted),
    };
    pass.errors.extend(ended.err());
    pass.finish(began).await
}

struct Pass<'a> {
    settings: &'a config::Lagerkoll,
    limits: &'a Limits,
    state: &'a state::Writer,
    place: String,
    policy: Policy,
    force: bool,
    started: Timestamp,
    connections: Vec<Writer>,
    listed: Option<u64>,
    mirrored: Mirrored,
    /// All stores together.
    sum: Applied,
    refused: u64,
    guard: Option<String>,
    left_behind: Vec<(String, u64)>,
    errors: Vec<MirrorError>,
}

impl Pass<'_> {
    async fn go(&mut self) -> Result<(), MirrorError> {
        let settings = self.settings;
        self.left_behind = self.state.leave_behind(Names::of(settings).keys(), self.started).await?;
        let lagerkoll = self.connect(&settings.account)?;
        let listed = lagerkoll.reader().list().await;
        let listed = listed.map_err(|error| listing_error(&settings.account, error))?;
        self.listed = Some(listed.len() as u64);
        self.mirrored =
            self.state.mirror(self.place.clone(), listed.clone(), self.started, settings.history_days).await?;
        let here = self.policy.compare(listed, declared(settings), &self.standing(&settings.account)?, false);
        self.refuse(&settings.account, &here);
        // Every store is looked at before anything is sent: what the guard refuses, it refuses whole.
        let mut copies = Vec::new();
        let wanted = copies_of_projected(&here);
        for account in &settings.copies {
            let (copy, standing) = (self.connect(account)?, self.standing(account)?);
            match self.policy.survey_copy(copy.reader(), wanted.clone(), &standing).await {
                Ok(there) => {
                    self.refuse(account, &there);
                    copies.push((account, copy, there));
                }
                Err(error) => self.errors.push(listing_error(account, error)),
            }
        }
        if self.guard.is_some() {
            return Ok(());
        }
        let place = self.place.clone();
        let (events, missing) = self.apply(&settings.account, &lagerkoll, here, Some(&place), Vec::new()).await?;
        for (account, copy, there) in copies {
            let there = self.policy.compare(there.listed, copies_of(&events), &self.standing(account)?, true);
            match there.guard {
                Some(reason) if !self.force => {
                    self.errors.push(MirrorError::Unforeseen { store: account.store.clone(), reason });
                }
                _ => drop(self.apply(account, &copy, there, None, missing.clone()).await?),
            }
        }
        Ok(())
    }

    fn connect(&mut self, account: &Account) -> Result<Writer, ConnectError> {
        let connection = connect(self.settings, account, self.limits)?;
        self.connections.push(connection.clone());
        Ok(connection)
    }

    fn standing(&self, account: &Account) -> Result<Standing, StateError> {
        state::Reader::open(self.state.path())?.standing(&store_key(self.settings, account))
    }

    fn refuse(&mut self, account: &Account, store: &Surveyed) {
        if let Some(reason) = store.guard.as_ref().filter(|_| !self.force && self.guard.is_none()) {
            self.guard = Some(format!("store {}: {reason}", account.store));
        }
    }

    /// Carries out what is to be done in a store, and gives the events that it has then, but for what is left
    /// over of ours; and what could not be added. `missing` = what could not be added where copies are from.
    async fn apply(
        &mut self,
        account: &Account,
        lagerkoll: &Writer,
        store: Surveyed,
        mirror: Option<&str>,
        missing: Vec<Content>,
    ) -> Result<(Vec<Event>, Vec<Content>), MirrorError> {
        let Surveyed { listed, work, .. } = store;
        let key = store_key(self.settings, account);
        let copies = if mirror.is_some() { Names::of(self.settings).keys().split_off(1) } else { Vec::new() };
        let mut application = Application {
            lagerkoll,
            state: self.state,
            store: &key,
            mirror,
            retries: self.settings.retries,
            listed,
            own: work.own.iter().map(|own| own.id).collect(),
            leftovers: work.own.iter().filter(|own| own.key.is_none()).map(|own| own.id).collect(),
            copies: &copies,
            applied: Applied::default(),
            missing,
        };
        let ended = application.carry_out(&work).await;
        let Application { mut listed, leftovers, applied, missing, .. } = application;
        listed.retain(|event| !leftovers.contains(&event.id()));
        let still_refused = [&work.set_aside, &applied.refused].map(|keys| keys.iter().cloned()).into_iter().flatten();
        let still_refused: Vec<String> = still_refused.collect();
        let halted = match ended {
            Ok(()) => None,
            Err(Halt::Call(error)) => Some(error),
            Err(Halt::State(error)) => return Err(error.into()),
        };
        if halted.is_none() {
            self.state.keep_refused(key, still_refused.clone()).await?;
        }
        self.refused += still_refused.len() as u64;
        self.count(account, &work, applied, halted);
        Ok((listed, missing))
    }

    fn count(&mut self, account: &Account, work: &super::Work, applied: Applied, halted: Option<CallError>) {
        let done = applied.created + applied.replaced + applied.deleted + applied.refused.len() as u64;
        self.sum.created += applied.created;
        self.sum.replaced += applied.replaced;
        self.sum.deleted += applied.deleted;
        self.sum.failed += applied.failed;
        if let Some(why) = applied.failure {
            let steps = work.all_steps().count() as u64;
            self.errors.push(MirrorError::Pending {
                store: account.store.clone(),
                failed: if halted.is_some() { steps.saturating_sub(done) } else { applied.failed },
                steps,
                why,
                is_unauthorized: matches!(halted, Some(CallError::Unauthorized(_))),
            });
        }
    }

    async fn finish(mut self, began: Instant) -> Report {
        let row = self.row();
        let finished = self.state.finish_mirror(self.place.clone(), row.clone()).await;
        let row = match finished {
            Ok(()) => row,
            Err(unwritten) => {
                self.errors.push(MirrorError::State(unwritten));
                self.row()
            }
        };
        let took = began.elapsed();
        Report { row, took, errors: self.errors, guard: self.guard, left_behind: self.left_behind }
    }

    fn row(&self) -> MirrorPass {
        let outcome = match (&self.guard, self.refused) {
            _ if !self.errors.is_empty() => Outcome::Failed,
            (Some(_), _) => Outcome::Refused,
            (None, 0) => Outcome::Ok,
            (None, _) => Outcome::Partial,
        };
        let errors: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
        MirrorPass {
            started: self.started,
            finished: Timestamp::now(),
            outcome,
            listed: self.listed,
            added: self.mirrored.added,
            changed: self.mirrored.changed,
            removed: self.mirrored.removed,
            created: self.sum.created,
            replaced: self.sum.replaced,
            deleted: self.sum.deleted,
            failed: self.sum.failed,
            refused: self.refused,
            requests: self.connections.iter().map(|connection| connection.reader().requests()).sum(),
            reason: if errors.is_empty() { self.guard.clone() } else { Some(errors.join("; ")) },
        }
    }
}

pub(super) fn listing_error(account: &Account, error: CallError) -> MirrorError {
    MirrorError::Listing { store: account.store.clone(), error }
}
