//! The steps of a pass in their order: mirror, compare every store, guard, apply.

use jiff::Timestamp;

use super::apply::{Application, Halt};
use super::compare::{Compared, Policy, copies_of, copies_of_projected, declared};
use super::error::{MirrorError, listing_error};
use super::findings::{Findings, StoreApplied};
use super::guard::{Held, HeldThere};
use super::names::{Names, place, store_key};
use crate::approval::{EVENTS, take_word, word};
use crate::config::{self, Account};
use crate::event::{Content, Event};
use crate::pass::Ask;
use crate::pause::Pause;
use crate::remote::lagerkoll::{Writer, connect};
use crate::remote::{CallError, ConnectError, Limits};
use crate::state::{self, StateError};
use crate::systems::events::store::ReadEvents as _;
use crate::systems::events::store::Standing;
use crate::systems::events::store::WriteEvents as _;

/// What every step of a pass may use.
pub(super) struct Tools<'a> {
    pub(super) settings: &'a config::Lagerkoll,
    limits: &'a Limits,
    pub(super) state: &'a state::Writer,
    policy: Policy,
    pub(super) ask: Ask,
    pub(super) started: Timestamp,
}

/// A store with its connection and what is to be done there.
struct Store<'a> {
    account: &'a Account,
    lagerkoll: Writer,
    compared: Compared,
}

/// Every store, looked at before anything is sent.
struct Stores<'a> {
    here: Store<'a>,
    copies: Vec<Store<'a>>,
}

/// A store's events once its steps are carried out.
struct Carried {
    /// Without leftovers of ours.
    events: Vec<Event>,
    /// What could not be added.
    missing: Vec<Content>,
}

impl<'a> Tools<'a> {
    pub(super) fn new(
        settings: &'a config::Lagerkoll,
        limits: &'a Limits,
        state: &'a state::Writer,
        ask: Ask,
    ) -> Tools<'a> {
        let policy = Policy::of(settings, ask);
        Tools { settings, limits, state, policy, ask, started: Timestamp::now() }
    }

    /// Why nothing may be sent now, if somebody has stopped the sending for a while.
    pub(super) fn paused(&self) -> Option<String> {
        Pause::in_force(self.state.path()).map(|pause| pause.words())
    }

    fn connect(&self, account: &Account, findings: &mut Findings) -> Result<Writer, ConnectError> {
        let connection = connect(self.settings, account, self.limits)?;
        findings.connections.push(connection.clone());
        Ok(connection)
    }

    /// What is known of our events in a store.
    fn ledger(&self, account: &Account) -> Result<Standing, StateError> {
        state::Reader::open(self.state.path())?.standing(&store_key(self.settings, account))
    }
}

/// Makes the steps of a pass. What they find out is in `findings` even when one fails.
pub(super) async fn run_steps(tools: &Tools<'_>, findings: &mut Findings) -> Result<(), MirrorError> {
    findings.left_behind = tools.state.leave_behind(Names::of(tools.settings).keys(), tools.started).await?;
    let (stores, held) = compare(tools, findings).await?;
    let path = tools.state.path();
    let approved = word(path, EVENTS);
    let is_let_through = |held: &Held| tools.ask.force || approved.as_deref() == Some(&held.digest);
    // One that is for something else, or for nothing any more, is not kept for the day when that comes.
    let other = approved.as_deref().filter(|word| held.as_ref().is_none_or(|held| held.digest != *word));
    if findings.errors.is_empty() {
        take_word(path, EVENTS, other);
    }
    let (let_through, held) = match held {
        Some(held) if is_let_through(&held) => (Some(held), None),
        held => (None, held),
    };
    // Until all of it is done, what is let through is approved still, and held by who looks at the state.
    findings.was_judged = held.is_some() || (let_through.is_none() && findings.errors.is_empty());
    findings.held = held;
    findings.paused = tools.paused();
    if findings.paused.is_some() || findings.held.is_some() {
        return Ok(());
    }
    let applied = apply_all(tools, stores, let_through.as_ref(), findings).await;
    findings.was_judged |= applied.is_ok() && findings.errors.is_empty();
    if let Some(held) = let_through.filter(|_| findings.was_judged) {
        take_word(path, EVENTS, Some(&held.digest));
    }
    applied
}

/// Mirrors the store, and compares it and all that are copied to. What the guard refuses, it refuses whole.
async fn compare<'a>(tools: &Tools<'a>, findings: &mut Findings) -> Result<(Stores<'a>, Option<Held>), MirrorError> {
    let settings = tools.settings;
    let account = &settings.account;
    let lagerkoll = tools.connect(account, findings)?;
    let listed = lagerkoll.reader().list().await.map_err(|error| listing_error(account, error))?;
    findings.listed = Some(listed.len() as u64);
    findings.mirrored =
        tools.state.mirror(place(settings), listed.clone(), tools.started, settings.history_days).await?;
    let compared = tools.policy.compare(listed, declared(settings), &tools.ledger(account)?, false);
    let here = Store { account, lagerkoll, compared };
    let mut held = judged(&here);
    let wanted = copies_of_projected(&here.compared);
    let mut copies = Vec::new();
    for account in &settings.copies {
        let (lagerkoll, ledger) = (tools.connect(account, findings)?, tools.ledger(account)?);
        match tools.policy.compare_copy(lagerkoll.reader(), wanted.clone(), &ledger).await {
            Ok(compared) => {
                let store = Store { account, lagerkoll, compared };
                held.extend(judged(&store));
                copies.push(store);
            }
            Err(error) => findings.errors.push(listing_error(account, error)),
        }
    }
    Ok((Stores { here, copies }, Held::of(held)))
}

/// What the guard holds of a store: any of it holds the whole pass.
fn judged(store: &Store<'_>) -> Vec<(String, HeldThere)> {
    let named = |held: &HeldThere| (store.account.store.clone(), held.clone());
    store.compared.guard.iter().map(named).collect()
}

/// Carries out what is to be done here, then in the stores that are copied to, as it came out here.
/// `let_through` = what of it somebody has approved.
async fn apply_all(
    tools: &Tools<'_>,
    stores: Stores<'_>,
    let_through: Option<&Held>,
    findings: &mut Findings,
) -> Result<(), MirrorError> {
    let mirror = place(tools.settings);
    let Carried { events, missing } = apply(tools, stores.here, Some(&mirror), Vec::new(), findings).await?;
    for Store { account, lagerkoll, compared } in stores.copies {
        let ledger = tools.ledger(account)?;
        let compared = tools.policy.compare(compared.listed, copies_of(&events), &ledger, true);
        let is_approved = |held: &HeldThere| let_through.is_some_and(|all| all.has(&account.store, held));
        match compared.guard.iter().find(|held| !is_approved(held)) {
            Some(held) if !tools.ask.force => {
                let (store, reason) = (account.store.clone(), held.reason.clone());
                findings.errors.push(MirrorError::Unforeseen { store, reason });
            }
            _ => _ = apply(tools, Store { account, lagerkoll, compared }, None, missing.clone(), findings).await?,
        }
    }
    Ok(())
}

/// Carries out what is to be done in a store. `missing` = what could not be added where copies are from.
async fn apply(
    tools: &Tools<'_>,
    store: Store<'_>,
    mirror: Option<&str>,
    missing: Vec<Content>,
    findings: &mut Findings,
) -> Result<Carried, MirrorError> {
    let Store { account, lagerkoll, compared: Compared { listed, work, .. } } = store;
    let key = store_key(tools.settings, account);
    let copies = if mirror.is_some() { Names::of(tools.settings).keys().split_off(1) } else { Vec::new() };
    let mut application = Application {
        lagerkoll: &lagerkoll,
        state: tools.state,
        store: &key,
        mirror,
        retries: tools.settings.retries,
        listed,
        own: work.own.iter().map(|own| own.id).collect(),
        leftovers: work.own.iter().filter(|own| own.key.is_none()).map(|own| own.id).collect(),
        copies: &copies,
        applied: &mut findings.under_way,
        missing,
    };
    let ended = application.carry_out(&work).await;
    let Application { listed: mut events, leftovers, missing, .. } = application;
    events.retain(|event| !leftovers.contains(&event.id()));
    let still_refused: Vec<String> = work.set_aside.iter().chain(&findings.under_way.refused).cloned().collect();
    let halted = match ended {
        Ok(()) => None,
        Err(Halt::Call(error)) => Some(error),
        Err(Halt::State(error)) => return Err(error.into()),
    };
    let refused = still_refused.len() as u64;
    if halted.is_none() {
        tools.state.keep_refused(key, still_refused).await?;
    }
    let is_unauthorized = matches!(halted, Some(CallError::Unauthorized(_)));
    let store = StoreApplied { still_refused: refused, was_cut_short: halted.is_some(), is_unauthorized };
    findings.count(account, work.all_steps().count() as u64, store);
    Ok(Carried { events, missing })
}
