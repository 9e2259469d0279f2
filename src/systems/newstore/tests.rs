//! What no plan may ever do, whatever is declared, known and offered.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use super::plan::{Listing, Op, Plan, declaration, to_list};
use super::records::{Intent, Known, Record, StoreState};
use super::report::ShownPlan;
use crate::config::{Caller, DeclaredStore, NewStore};
use crate::phone::{Choice, Offer, PhoneNumber, Wanted};

const STORES: usize = 4;
const NUMBERS: usize = 6;

fn number(at: usize) -> PhoneNumber {
    PhoneNumber::parse(&format!("+1904555010{at}")).expect("a number")
}

/// Where the numbers are, every other one.
fn town(at: usize) -> Option<String> {
    Some(["Jacksonville", "Miami"][at % 2].to_owned())
}

fn offer(at: usize) -> Offer {
    Offer { number: number(at), locality: town(at), region: None }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let any_of = |locality, prefix: Option<&str>| {
        Wanted::Choose(Choice::new(locality, None, prefix.map(str::to_owned)).expect("a choice"))
    };
    prop_oneof![
        (0..NUMBERS).prop_map(|at| Wanted::Number(number(at))),
        (0..2_usize).prop_map(move |at| any_of(town(at), None)),
        Just(any_of(None, Some("+1904"))),
    ]
}

/// Stores of which no two name the same number, as the settings see to it.
fn settings() -> impl Strategy<Value = NewStore> {
    proptest::collection::vec((any::<bool>(), wanted(), any::<bool>()), STORES).prop_map(|stores| {
        let mut named = BTreeSet::new();
        let stores = stores.into_iter().enumerate().filter_map(|(at, (is_there, wanted, enable))| {
            let is_free = wanted.number().is_none_or(|number| named.insert(number.clone()));
            (is_there && is_free).then(|| DeclaredStore { id: at.to_string(), wanted, enable })
        });
        NewStore::of_stores(stores.collect())
    })
}

/// What may be known of the stores, no two of which have a number.
fn known() -> impl Strategy<Value = Known> {
    let states = proptest::collection::vec((0..7_usize, any::<bool>()), STORES);
    (states, Just((0..NUMBERS).collect::<Vec<_>>()).prop_shuffle()).prop_map(|(states, numbers)| {
        let stores = states.into_iter().zip(numbers).enumerate().filter_map(|(at, ((kind, flag), of))| {
            let reason = "no".to_owned();
            let state = match kind {
                0 => StoreState::Onboarded { number: Some(number(of)), is_enabled: flag },
                1 => StoreState::Onboarded { number: None, is_enabled: flag },
                2 => StoreState::Doubt(Intent { number: number(of), enable: flag, reason: None }),
                5 => StoreState::Disputed(Intent { number: number(of), enable: flag, reason: Some(reason) }),
                3 => StoreState::There { sent: number(of), reason },
                4 => StoreState::Refused { declaration: "another one".to_owned(), reason },
                _ => return None,
            };
            Some((at.to_string(), Record { state, since: Timestamp::UNIX_EPOCH }))
        });
        Known { stores: stores.collect(), retailer: None }
    })
}

/// What is offered for each store.
fn offered() -> impl Strategy<Value = Vec<BTreeSet<usize>>> {
    proptest::collection::vec(proptest::collection::btree_set(0..NUMBERS, 0..NUMBERS), STORES)
}

fn listings(settings: &NewStore, known: &Known, offered: &[BTreeSet<usize>]) -> BTreeMap<String, Listing> {
    let list = |id: &str| Ok(offered[id.parse::<usize>().expect("a number")].iter().copied().map(offer).collect());
    to_list(settings, known).into_iter().map(|id| (id.to_owned(), list(id))).collect()
}

/// What becomes of a request in truth, and what we are told.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Done,
    LostAfterwards,
    LostBefore,
    Refused,
    NotSent,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        Just(Fate::Done),
        Just(Fate::LostAfterwards),
        Just(Fate::LostBefore),
        Just(Fate::Refused),
        Just(Fate::NotSent),
    ];
    proptest::collection::vec(fate, STORES)
}

#[test]
fn commands_are_told_as_they_are_typed_for_the_shop() {
    let store = |id: &str, at| DeclaredStore { id: id.to_owned(), wanted: Wanted::Number(number(at)), enable: false };
    let settings = NewStore::of_stores(vec![store("a b", 0), store("1", 1), store("2", 2)]);
    let there = StoreState::There { sent: number(0), reason: "no".to_owned() };
    let doubt = StoreState::Doubt(Intent { number: number(1), enable: true, reason: None });
    let record = |state| Record { state, since: Timestamp::UNIX_EPOCH };
    let stores = [("a b", there), ("1", doubt)].map(|(id, state)| (id.to_owned(), record(state)));
    let known = Known { stores: BTreeMap::from(stores), retailer: None };
    let plan = Plan::new(&settings, &known, &BTreeMap::new());
    let caller = Caller { program: "shelfkeeper --shop north".to_owned(), unit: None };
    let shown = ShownPlan { plan: &plan, digest: "d1", settings: &settings, remote: None, caller: &caller };
    let (mut text, mut json) = (Vec::new(), Vec::new());
    shown.text(&mut text).expect("printed");
    shown.json(&mut json).expect("printed");
    let [text, json] = [text, json].map(|told| String::from_utf8(told).expect("text"));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for command in [
        "`shelfkeeper --shop north newstore settle --number +... -- 'a b' onboarded`",
        "`shelfkeeper --shop north newstore settle 1 enabled` (or free)",
    ] {
        assert!(text.contains(command) && json.contains(command), "{text} {json}");
    }
    assert!(text.contains("To have exactly this done: shelfkeeper --shop north newstore apply --plan d1"), "{text}");
}

proptest! {
    #[test]
    fn a_number_is_somebodys_alone(settings in settings(), known in known(), offered in offered()) {
        let plan = Plan::new(&settings, &known, &listings(&settings, &known, &offered));
        let mut planned = BTreeSet::new();
        for store in &plan.stores {
            let Some(purchase) = store.purchase() else { continue };
            prop_assert!(planned.insert(purchase.number.clone()), "twice: {plan:?}");
            let others = known.stores.iter().filter(|(id, _)| **id != store.id);
            let mut taken = others.filter_map(|(_, record)| record.state.number());
            prop_assert!(taken.all(|number| *number != purchase.number), "somebody's: {plan:?}");
            // What was sent once may be sent again, whatever is declared since.
            let mut declared = settings.stores.iter().filter(|other| other.id != store.id);
            let is_anothers = declared.any(|other| other.wanted.number() == Some(&purchase.number));
            prop_assert!(!is_anothers || matches!(store.op, Op::Doubt(_)), "another's: {plan:?}");
        }
        prop_assert_eq!(plan.digest(&settings), Plan::new(&settings, &known, &listings(&settings, &known, &offered)).digest(&settings));
    }

    #[test]
    fn only_open_stores_get_a_number_and_doubt_no_other_one(settings in settings(), known in known(), offered in offered()) {
        let plan = Plan::new(&settings, &known, &listings(&settings, &known, &offered));
        for store in &plan.stores {
            let (purchase, state) = (store.purchase(), known.stores.get(&store.id).map(|record| &record.state));
            match state {
                None | Some(StoreState::Refused { .. }) => prop_assert!(!matches!(store.op, Op::Doubt(_) | Op::Left)),
                Some(StoreState::Doubt(intent)) => {
                    prop_assert!(matches!(store.op, Op::Doubt(_)), "{plan:?}");
                    let is_same = purchase.is_none_or(|it| {
                        let is_offered = it.offer.as_ref().is_some_and(|offer| offer.number == intent.number);
                        it.number == intent.number && it.enable == intent.enable && is_offered
                    });
                    prop_assert!(is_same, "{plan:?}");
                }
                Some(_) => prop_assert!(purchase.is_none(), "{plan:?}"),
            }
        }
    }

    #[test]
    fn the_lowest_free_number_is_chosen(settings in settings(), known in known(), offered in offered()) {
        let plan = Plan::new(&settings, &known, &listings(&settings, &known, &offered));
        let mut earlier = BTreeSet::new();
        for (store, declared) in plan.stores.iter().zip(&settings.stores) {
            let is_free = |number: &PhoneNumber| {
                let mut known = known.stores.iter().filter(|(id, _)| **id != store.id);
                let mut declared = settings.stores.iter().filter(|other| other.id != store.id);
                !earlier.contains(number)
                    && known.all(|(_, record)| record.state.number() != Some(number))
                    && declared.all(|other| other.wanted.number() != Some(number))
            };
            let offers = offered[store.id.parse::<usize>().expect("a number")].iter().copied().map(offer);
            let fitting: Vec<Offer> = offers.filter(|offer| declared.wanted.fits(offer)).collect();
            let lowest = fitting.iter().map(|offer| &offer.number).filter(|number| is_free(number)).min();
            match &store.op {
                Op::Onboard(purchase) if declared.wanted.number().is_none() => {
                    prop_assert_eq!(Some(&purchase.number), lowest, "{:?}", plan);
                    prop_assert_eq!(purchase.fitting, fitting.len() as u64);
                }
                Op::Blocked if declared.wanted.number().is_none() && !known.stores.contains_key(&store.id) => {
                    prop_assert_eq!(lowest, None, "{:?}", plan);
                }
                _ => {}
            }
            earlier.extend(store.purchase().map(|purchase| purchase.number.clone()));
        }
    }

    #[test]
    fn whatever_is_lost_no_store_ever_has_two_numbers(
        rounds in proptest::collection::vec((settings(), fates()), 1..8)
    ) {
        let (mut known, mut for_sale) = (Known::default(), (0..NUMBERS).collect::<BTreeSet<_>>());
        let mut bought: BTreeMap<String, PhoneNumber> = BTreeMap::new();
        for (settings, fates) in rounds {
            let plan = Plan::new(&settings, &known, &listings(&settings, &known, &vec![for_sale.clone(); STORES]));
            for (store, fate) in plan.stores.iter().zip(fates) {
                let Some(purchase) = store.purchase() else { continue };
                if matches!(fate, Fate::Done | Fate::LostAfterwards) {
                    prop_assert!(bought.insert(store.id.clone(), purchase.number.clone()).is_none(), "{store:?}");
                    for_sale.retain(|at| number(*at) != purchase.number);
                }
                let intent = Intent { number: purchase.number.clone(), enable: purchase.enable, reason: None };
                let declared = settings.stores.iter().find(|it| it.id == store.id).expect("it is declared");
                let state = match fate {
                    Fate::Done => {
                        StoreState::Onboarded { number: Some(intent.number), is_enabled: purchase.enable }
                    }
                    Fate::LostAfterwards | Fate::LostBefore => StoreState::Doubt(intent),
                    Fate::Refused if matches!(store.op, Op::Doubt(_)) => StoreState::Disputed(intent),
                    Fate::Refused => {
                        StoreState::Refused { declaration: declaration(declared), reason: "no".to_owned() }
                    }
                    Fate::NotSent => continue,
                };
                known.stores.insert(store.id.clone(), Record { state, since: Timestamp::UNIX_EPOCH });
            }
            let all: BTreeSet<&PhoneNumber> = bought.values().collect();
            prop_assert_eq!(all.len(), bought.len(), "two stores have one number");
            for (id, number) in &bought {
                prop_assert_eq!(known.stores[id].state.number(), Some(number), "a number that nobody knows of");
            }
        }
    }
}
