//! What is to be done, from what is declared, what is known, and what is offered. It reads and sends nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::by_hand::{BY_HAND, settle, settle_doubt};
use super::records::{Intent, Known, RetailerState, StoreState};
use crate::config::{DeclaredStore, NewStore};
use crate::phone::{Offer, PhoneNumber, Wanted};

/// Bytes of a digest that people copy.
const DIGEST: usize = 6;

/// The numbers that are offered for a store, or why they can't be listed.
pub(super) type Listing = Result<Vec<Offer>, String>;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// `None` = the retailer is left alone.
    pub(super) retailer: Option<PlannedRetailer>,
    /// Those that are declared, in their order; then those that aren't any more.
    pub(super) stores: Vec<PlannedStore>,
}

/// What is to be done about the retailer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedRetailer {
    pub(super) op: RetailerOp,
    pub(super) ecom_link: String,
    /// It was sent, and not answered.
    pub(super) is_in_doubt: bool,
    pub(super) reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetailerOp {
    Configure,
    None,
    Blocked,
}

/// What is to be done about a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedStore {
    pub(super) id: String,
    pub(super) op: Op,
    /// What it has, as far as that is known, or else is declared to have.
    pub(super) number: Option<PhoneNumber>,
    pub(super) enable: bool,
    pub(super) reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    Onboard(Purchase),
    None,
    Blocked,
    /// `None` = a person has to look what became of it.
    Doubt(Option<Purchase>),
    /// It was done once, and isn't declared any more.
    Left,
}

/// What a request buys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Purchase {
    pub(super) number: PhoneNumber,
    pub(super) enable: bool,
    /// `None` = the number is not offered.
    pub(super) offer: Option<Offer>,
    /// How many numbers would do.
    pub(super) fitting: u64,
}

impl PlannedStore {
    /// What is sent, if something is.
    pub(super) fn purchase(&self) -> Option<&Purchase> {
        match &self.op {
            Op::Onboard(purchase) | Op::Doubt(Some(purchase)) => Some(purchase),
            Op::None | Op::Blocked | Op::Doubt(None) | Op::Left => None,
        }
    }

    /// In a word, as programs are told.
    pub(super) fn op_name(&self) -> &'static str {
        match self.op {
            Op::Onboard(_) => "onboard",
            Op::None => "none",
            Op::Blocked => "blocked",
            Op::Doubt(_) => "doubt",
            Op::Left => "left",
        }
    }
}

impl RetailerOp {
    pub(super) fn name(self) -> &'static str {
        match self {
            RetailerOp::Configure => "configure",
            RetailerOp::None => "none",
            RetailerOp::Blocked => "blocked",
        }
    }
}

impl Plan {
    /// The plan of these settings. `listings` = the numbers for the stores that [`to_list`] names.
    pub(super) fn new(settings: &NewStore, known: &Known, listings: &BTreeMap<String, Listing>) -> Plan {
        let mut stores = Vec::new();
        let mut taken = Taken::new(settings, known);
        for store in &settings.stores {
            let planned = planned(store, known, listings.get(&store.id), &taken);
            if let Some(purchase) = planned.purchase() {
                taken.planned.insert(purchase.number.clone());
            }
            stores.push(planned);
        }
        let is_declared = |id: &String| settings.stores.iter().any(|store| store.id == *id);
        let gone = known.stores.iter().filter(|(id, _)| !is_declared(id));
        stores.extend(gone.filter_map(|(id, record)| undeclared(id, &record.state)));
        Plan { retailer: retailer(settings, known), stores }
    }

    /// Whether something is to be sent.
    pub fn has_changes(&self) -> bool {
        self.configures().is_some() || self.stores.iter().any(|store| store.purchase().is_some())
    }

    /// Whether there is anything that somebody would ask NewStore about.
    pub fn is_due(&self) -> bool {
        self.has_changes() || self.in_doubt() > 0
    }

    /// Whether a new purchase, or the retailer, is to be sent.
    pub fn has_news(&self) -> bool {
        self.configures().is_some() || self.stores.iter().any(|store| matches!(store.op, Op::Onboard(_)))
    }

    /// Whether something is not as declared, and no request can change that for sure.
    pub fn is_held_up(&self) -> bool {
        self.blocked() > 0 || self.in_doubt() > 0
    }

    /// The settings of addresses that are written to, and that nobody has looked up.
    pub fn unknown_addresses(&self, settings: &NewStore) -> Vec<&'static str> {
        let buys = self.stores.iter().any(|store| store.purchase().is_some());
        let retailer = (self.configures().is_some() && !settings.retailer.is_given).then_some("retailer_path");
        retailer.into_iter().chain((buys && !settings.onboard.is_given).then_some("onboard_path")).collect()
    }

    /// The link that the retailer is to get.
    pub(super) fn configures(&self) -> Option<&str> {
        let retailer = self.retailer.as_ref().filter(|retailer| retailer.op == RetailerOp::Configure);
        retailer.map(|retailer| retailer.ecom_link.as_str())
    }

    /// How many are blocked, the retailer among them.
    pub(super) fn blocked(&self) -> usize {
        let retailer = self.retailer.as_ref().is_some_and(|retailer| retailer.op == RetailerOp::Blocked);
        self.stores.iter().filter(|store| store.op == Op::Blocked).count() + usize::from(retailer)
    }

    /// How many are in doubt, the retailer among them.
    pub(super) fn in_doubt(&self) -> usize {
        let retailer = self.retailer.as_ref().is_some_and(|retailer| retailer.is_in_doubt);
        self.stores.iter().filter(|store| matches!(store.op, Op::Doubt(_))).count() + usize::from(retailer)
    }

    pub(super) fn to_onboard(&self) -> usize {
        self.stores.iter().filter(|store| matches!(store.op, Op::Onboard(_))).count()
    }

    /// Only part of it: of these stores, without the retailer.
    pub fn only(&self, stores: &[String]) -> Plan {
        let kept = self.stores.iter().filter(|store| stores.contains(&store.id));
        Plan { retailer: None, stores: kept.cloned().collect() }
    }

    /// What a person says who has seen this plan. Another number, or one that is offered no more, makes it another one;
    /// how many others would do doesn't.
    pub fn digest(&self, settings: &NewStore) -> String {
        let retailer = self.retailer.as_ref().map(|retailer| json!([retailer.op.name(), retailer.ecom_link]));
        let stores = self.stores.iter().map(|store| {
            let purchase = store.purchase();
            let number = purchase.map(|purchase| &purchase.number).or(store.number.as_ref());
            let is_offered = purchase.map(|purchase| purchase.offer.is_some());
            json!([store.id, store.op_name(), number, store.enable, is_offered])
        });
        let all = json!([settings.tenant, settings.base_url.as_str(), retailer, stores.collect::<Vec<_>>()]);
        hex::encode(&Sha256::digest(all.to_string())[..DIGEST])
    }
}

/// The stores whose numbers a plan has to know, by their ids.
pub(super) fn to_list<'s>(settings: &'s NewStore, known: &Known) -> Vec<&'s str> {
    let taken = Taken::new(settings, known);
    let stores = settings.stores.iter().filter(|store| match stance(store, known) {
        Stance::Open => taken.by(store).is_none(),
        Stance::Doubt(_) => true,
        Stance::Done(_) | Stance::Blocked(_) => false,
    });
    stores.map(|store| store.id.as_str()).collect()
}

/// Numbers that are somebody's.
struct Taken<'a> {
    /// The number and the store that has it, as far as is known.
    known: Vec<(&'a PhoneNumber, &'a str)>,
    /// The number and the store that is declared to have it.
    declared: Vec<(&'a PhoneNumber, &'a str)>,
    /// What this plan gives away.
    planned: BTreeSet<PhoneNumber>,
}

impl<'a> Taken<'a> {
    fn new(settings: &'a NewStore, known: &'a Known) -> Taken<'a> {
        let owned = known.stores.iter().filter_map(|(id, record)| Some((record.state.number()?, id.as_str())));
        let declared = settings.stores.iter().filter_map(|store| Some((store.wanted.number()?, store.id.as_str())));
        Taken { known: owned.collect(), declared: declared.collect(), planned: BTreeSet::new() }
    }

    /// The other store that has the number which this one is declared to have.
    fn by(&self, store: &DeclaredStore) -> Option<&'a str> {
        let wanted = store.wanted.number()?;
        self.known.iter().find(|(number, id)| *number == wanted && *id != store.id).map(|(_, id)| *id)
    }

    /// Whether a number is free for this store.
    fn is_free(&self, number: &PhoneNumber, store: &DeclaredStore) -> bool {
        let mut others = self.known.iter().chain(&self.declared);
        !self.planned.contains(number) && !others.any(|(taken, id)| *taken == number && *id != store.id)
    }
}

/// How a store that is declared stands, before anything is known of what is offered.
enum Stance<'k> {
    Open,
    Doubt(&'k Intent),
    /// As declared, but for what is said.
    Done(Option<String>),
    Blocked(String),
}

/// What of a declaration NewStore has refused.
pub(super) fn declaration(store: &DeclaredStore) -> String {
    json!([store.wanted, store.enable]).to_string()
}

fn stance<'k>(store: &DeclaredStore, known: &'k Known) -> Stance<'k> {
    let id = &store.id;
    let by_hand = |what: String, state: &str, number: Option<&PhoneNumber>| {
        let settle = settle(id, state, number.map(PhoneNumber::as_str));
        Stance::Blocked(format!("{what}: the API has no way; do it in {BY_HAND}, and then: {settle}"))
    };
    match known.stores.get(id).map(|record| &record.state) {
        None => Stance::Open,
        Some(StoreState::Refused { declaration: refused, .. }) if *refused != declaration(store) => Stance::Open,
        Some(StoreState::Refused { reason, .. }) => Stance::Blocked(format!(
            "NewStore refuses it: {reason}. It is tried again when its declaration changes, or after: {}",
            settle(id, "free", None)
        )),
        Some(StoreState::There { reason, .. }) => Stance::Blocked(format!(
            "NewStore says that it is there already, with which number isn't known: {reason}. Look in {BY_HAND}, and \
             then: {}",
            settle(id, "onboarded", Some("+..."))
        )),
        Some(StoreState::Doubt(intent)) => Stance::Doubt(intent),
        Some(StoreState::Disputed(Intent { number, enable, reason })) => Stance::Blocked(format!(
            "NewStore refuses what was sent again: {}. What became of the first request nobody knows: look in {BY_HAND} \
             whether the store has {number}, and then: {}",
            reason.as_deref().unwrap_or_default(),
            settle_doubt(id, *enable)
        )),
        Some(StoreState::Onboarded { number, is_enabled }) => {
            let other = number.as_ref().zip(store.wanted.number()).filter(|(has, wanted)| has != wanted);
            match other {
                Some((has, wanted)) => {
                    let word = if *is_enabled || store.enable { "enabled" } else { "onboarded" };
                    by_hand(format!("it has {has}, and is to have {wanted}"), word, Some(wanted))
                }
                None if store.enable && !is_enabled => {
                    by_hand("it is onboarded, and is to be enabled".to_owned(), "enabled", None)
                }
                None if !store.enable && *is_enabled => {
                    Stance::Done(Some("it is enabled, and can't be disabled again".to_owned()))
                }
                None => Stance::Done(None),
            }
        }
    }
}

fn planned(store: &DeclaredStore, known: &Known, listing: Option<&Listing>, taken: &Taken<'_>) -> PlannedStore {
    let has = known.stores.get(&store.id).and_then(|record| record.state.known_number());
    let number = has.or(store.wanted.number()).cloned();
    let of =
        |op, reason| PlannedStore { id: store.id.clone(), op, number: number.clone(), enable: store.enable, reason };
    match stance(store, known) {
        Stance::Done(reason) => of(Op::None, reason),
        Stance::Blocked(reason) => of(Op::Blocked, Some(reason)),
        Stance::Doubt(intent) => {
            let (op, reason) = in_doubt(store, intent, listing);
            PlannedStore { enable: intent.enable, ..of(op, Some(reason)) }
        }
        Stance::Open => match onboarding(store, listing, taken) {
            Ok(purchase) => {
                let is_offered = purchase.offer.is_some();
                let reason =
                    (!is_offered).then(|| "NewStore doesn't offer this number: it may be yours already".to_owned());
                of(Op::Onboard(purchase), reason)
            }
            Err(reason) => of(Op::Blocked, Some(reason)),
        },
    }
}

/// What is bought for a store for which nothing was done, or why nothing can be.
fn onboarding(store: &DeclaredStore, listing: Option<&Listing>, taken: &Taken<'_>) -> Result<Purchase, String> {
    if let Some(other) = taken.by(store) {
        return Err(format!("its number is that of store {other}: two stores never get the same one"));
    }
    let offers = match listing {
        Some(Ok(offers)) => offers.as_slice(),
        Some(Err(reason)) => return Err(format!("its numbers can't be listed: {reason}")),
        None => &[],
    };
    let fitting = offers.iter().filter(|offer| store.wanted.fits(offer));
    let count = fitting.clone().count() as u64;
    let offer = fitting.filter(|offer| taken.is_free(&offer.number, store)).min_by_key(|offer| &offer.number);
    let number = match (offer, &store.wanted) {
        (Some(offer), _) => offer.number.clone(),
        (None, Wanted::Number(number)) => number.clone(),
        (None, Wanted::Choose(choice)) => {
            let offered = match (offers.len(), count) {
                (0, _) => "none is offered for this store; some countries need documents first".to_owned(),
                (all, 0) => format!("none of the {all} that are offered fits"),
                (_, fitting) => format!("all {fitting} that fit are for other stores"),
            };
            return Err(format!("there is no number of {choice}: {offered}"));
        }
    };
    Ok(Purchase { number, enable: store.enable, offer: offer.cloned(), fitting: count })
}

/// What is to be done about a request of which nobody knows what became: it may be sent again, but no other one.
fn in_doubt(store: &DeclaredStore, intent: &Intent, listing: Option<&Listing>) -> (Op, String) {
    let Intent { number, enable, .. } = intent;
    let settle = settle_doubt(&store.id, *enable);
    let offers = match listing {
        Some(Ok(offers)) => offers.as_slice(),
        Some(Err(reason)) => return (Op::Doubt(None), format!("its numbers can't be listed: {reason}")),
        None => &[],
    };
    match offers.iter().find(|offer| offer.number == *number) {
        Some(offer) if store.wanted.fits(offer) && store.enable == *enable => {
            let (number, enable, offer) = (number.clone(), *enable, Some(offer.clone()));
            let fitting = offers.iter().filter(|offer| store.wanted.fits(offer)).count() as u64;
            let reason =
                "nobody knows what became of the request, but the number is still offered: it will be sent again";
            (Op::Doubt(Some(Purchase { number, enable, offer, fitting })), reason.to_owned())
        }
        Some(_) => (
            Op::Doubt(None),
            format!(
                "nobody knows what became of the request, and its declaration has changed since: declare it as it was, \
                 or look in {BY_HAND} whether it has the number, and then: {settle}"
            ),
        ),
        None => (
            Op::Doubt(None),
            format!(
                "the number isn't offered any more: somebody has bought it, and probably we. Look in {BY_HAND} whether \
                 the store has it, and then: {settle}"
            ),
        ),
    }
}

/// A store that isn't declared any more. Of what was refused nothing is left.
fn undeclared(id: &str, state: &StoreState) -> Option<PlannedStore> {
    let (op, enable, reason) = match state {
        StoreState::Onboarded { is_enabled, .. } => (Op::Left, *is_enabled, None),
        StoreState::Doubt(intent) | StoreState::Disputed(intent) => {
            let reason = format!(
                "nobody knows what became of the request, and the config doesn't have the store any more: look in \
                 {BY_HAND} whether it has the number, and then: {}",
                settle_doubt(id, intent.enable)
            );
            (Op::Doubt(None), intent.enable, Some(reason))
        }
        StoreState::Refused { .. } | StoreState::There { .. } => return None,
    };
    Some(PlannedStore { id: id.to_owned(), op, number: state.number().cloned(), enable, reason })
}

fn retailer(settings: &NewStore, known: &Known) -> Option<PlannedRetailer> {
    let link = settings.ecom_link.as_ref()?;
    let (op, reason) = match known.retailer.as_ref().map(|record| &record.state) {
        None => (RetailerOp::Configure, None),
        Some(RetailerState::Sent(_)) => {
            let reason =
                "it was sent, and no answer came: whether it took effect is in doubt; to send it again does no harm";
            (RetailerOp::Configure, Some(reason.to_owned()))
        }
        Some(RetailerState::Configured(has)) if has == link => (RetailerOp::None, None),
        Some(RetailerState::Configured(has)) => {
            let reason = format!(
                "it has {has}: the API has no way to change that; do it in {BY_HAND}, and then: `shelfkeeper newstore \
                 settle --retailer configured`"
            );
            (RetailerOp::Blocked, Some(reason))
        }
        Some(RetailerState::There) => {
            let reason = "NewStore says that it is configured; not by us, nor with which link, as far as we know";
            (RetailerOp::None, Some(reason.to_owned()))
        }
        Some(RetailerState::Refused { link: refused, reason }) if refused == link => {
            let reason = format!(
                "NewStore refuses it: {reason}. It is tried again when ecom_link changes, or after: `shelfkeeper \
                 newstore settle --retailer free`"
            );
            (RetailerOp::Blocked, Some(reason))
        }
        Some(RetailerState::Refused { .. }) => (RetailerOp::Configure, None),
    };
    let is_in_doubt = matches!(known.retailer.as_ref().map(|record| &record.state), Some(RetailerState::Sent(_)));
    Some(PlannedRetailer { op, ecom_link: link.clone(), is_in_doubt, reason })
}
