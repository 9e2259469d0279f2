//! Between the plan and its application: what of a plan may be sent, and what waits for somebody's word.

mod digest;
mod measure;

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use self::digest::digest;
pub(super) use self::digest::hash;
use self::measure::{Excess, excesses};
use super::error::PassError;
use super::plan::Plan;
use super::plan::operation::{Action, Operation, Stage};
use super::plan::risk::{Risk, Risks};
use super::plan::store::{Place, PlanStore, Risky, SharedPlanStore};
use super::plan::summary::Summary;
use super::plan::verdict::{Example, Held, HeldRisk, Verdict};
use super::store::{ApprovedHash, FeedKind, Field, ReadGuard as _};
use crate::catalog::Kind;
use crate::config;
use crate::state::Reader;

/// A plan that the guard has judged.
pub(super) enum Guarded {
    /// What may be sent; some of the plan may be held.
    Approved(Approved),
    /// None of it, and why.
    Held { held: Held, word: Option<String>, store: SharedPlanStore },
}

/// A plan that may be sent. Only the guard makes one, so that nothing is applied past it.
pub(super) struct Approved(Box<Plan>);

impl Approved {
    pub(super) fn plan(&self) -> &Plan {
        &self.0
    }

    pub(super) fn into_plan(self) -> Plan {
        *self.0
    }
}

/// Takes what was judged of a plan to its end.
pub(super) fn let_through(plan: Plan) -> Guarded {
    match &plan.verdict {
        Verdict { held: Some(held), is_whole: true, word, .. } => {
            Guarded::Held { held: held.clone(), word: word.clone(), store: plan.store }
        }
        _ => Guarded::Approved(Approved(plan.into())),
    }
}

/// What a plan is judged by.
pub(super) struct Judge<'a> {
    pub(super) settings: &'a config::Guard,
    pub(super) reader: &'a Reader,
    /// Whatever it is, it has somebody's word.
    pub(super) force: bool,
    /// The digest that somebody has approved.
    pub(super) approved: Option<String>,
    /// What the feed is.
    pub(super) kind: FeedKind,
}

/// What of an operation is held.
struct Candidate {
    place: Place,
    /// It would be sent: NiceChat doesn't refuse it.
    is_sent: bool,
    fields: Vec<Field>,
    /// Of all that is held, for the digest.
    hash: ApprovedHash,
    /// Of each of its risks: what of it is still to be done after a pass that was cut off may be too much for fewer of them.
    risks: Vec<ApprovedHash>,
}

/// Everything that would be held.
#[derive(Default)]
struct Candidates {
    candidates: Vec<Candidate>,
    /// What was approved before, and not done: a pass was cut off since, or NiceChat refuses it.
    approved: Vec<Place>,
}

impl Judge<'_> {
    /// Judges a plan, and holds what is too risky: it stays in the store, and is not carried out.
    pub(super) fn judge(&self, store: &mut PlanStore, summary: &mut Summary) -> Result<Verdict, PassError> {
        let owned = summary.products.owned;
        if summary.items == 0 {
            let risk = HeldRisk::whole("empty_feed", (summary.products.delete, owned));
            return self.whole(store, summary, risk);
        }
        let before = self.reader.feed_kind()?;
        if before.is_some_and(|before| before.source == self.kind.source && before.kind != self.kind.kind) && owned > 0
        {
            let risk = HeldRisk::whole("feed_kind", (summary.products.sent(), owned));
            return self.whole(store, summary, risk);
        }
        let excesses = excesses(summary, self.settings, self.reader)?;
        let earlier = self.reader.approved()?;
        let mut still = still_to_do(store, summary, &earlier)?;
        if owned == 0 {
            still.extend(of_first_pass(store)?);
        }
        approve_rest(store, &earlier)?;
        if excesses.is_empty() {
            return Ok(Verdict { approved: other_than(&earlier, still), ..Verdict::default() });
        }
        let (excesses, Candidates { candidates, approved }) = self.unapproved(store, excesses, &earlier)?;
        approved.into_iter().try_for_each(|place| store.approve(place))?;
        let mut hashes: Vec<ApprovedHash> = candidates.iter().map(|candidate| candidate.hash).collect();
        let held = Held {
            digest: digest(&mut hashes, ""),
            objects: Some(hashes.len() as u64),
            categories: 0,
            held: excesses.into_iter().map(|excess| excess.told(self.settings)).filter(|held| held.count > 0).collect(),
        };
        if hashes.is_empty() || self.has_word(&held.digest) {
            candidates.iter().try_for_each(|candidate| store.approve(candidate.place))?;
            let new = candidates.into_iter().flat_map(|candidate| candidate.risks);
            let approved = other_than(&earlier, new.chain(still).collect());
            return Ok(Verdict { approved, ..Verdict::default() });
        }
        let categories = hold(store, summary, &candidates)?;
        let approved = other_than(&earlier, still);
        Ok(Verdict { held: Some(Held { categories, ..held }), approved, ..Verdict::default() })
    }

    /// What would be held, and for which risks, when what was approved before and is still to be done counts for none.
    fn unapproved(
        &self,
        store: &PlanStore,
        all: Vec<Excess>,
        earlier: &HashSet<ApprovedHash>,
    ) -> Result<(Vec<Excess>, Candidates), PassError> {
        let is_left = |excess: &Excess| excess.is_one(self.settings);
        let mut left = all.clone();
        let found = candidates(store, &mut left, earlier)?;
        if left.iter().all(is_left) {
            return Ok((left, found));
        }
        let mut left: Vec<Excess> =
            all.into_iter().zip(&left).filter(|(_, left)| is_left(left)).map(|(all, _)| all).collect();
        let Candidates { candidates, .. } = candidates(store, &mut left, earlier)?;
        Ok((left, Candidates { candidates, ..found }))
    }

    fn has_word(&self, digest: &str) -> bool {
        self.force || self.approved.as_deref() == Some(digest)
    }

    /// Holds a pass as a whole.
    fn whole(&self, store: &mut PlanStore, summary: &mut Summary, risk: HeldRisk) -> Result<Verdict, PassError> {
        let (mut hashes, mut words) = (Vec::new(), Vec::new());
        store.each_operation(|operation| {
            hashes.push(hash(operation, &operation.send));
            words.extend(words_of(operation));
            Ok::<(), PassError>(())
        })?;
        let earlier = self.reader.approved()?;
        let goes_on = !hashes.is_empty() && hashes.iter().all(|hash| earlier.contains(hash));
        let objects = Some(hashes.len() as u64);
        let held = Held { digest: digest(&mut hashes, &risk.risk), objects, categories: 0, held: vec![risk] };
        if goes_on || self.has_word(&held.digest) {
            store.approve_all()?;
            words.extend(still_to_do(store, summary, &earlier)?);
            return Ok(Verdict { approved: Some(words), ..Verdict::default() });
        }
        store.hold_all()?;
        summary.nothing_is_sent();
        Ok(Verdict { held: Some(held), is_whole: true, ..Verdict::default() })
    }
}

/// What was approved before and this plan still has to do, or a later one where NiceChat refuses it now: everything else
/// was done, or isn't wanted any more, and a word for it is none for the next time.
fn still_to_do(
    store: &PlanStore,
    summary: &Summary,
    earlier: &HashSet<ApprovedHash>,
) -> Result<Vec<ApprovedHash>, PassError> {
    // What a plan can't prove isn't in it, and is wanted all the same.
    if earlier.is_empty() || summary.held_back > 0 || summary.unproven > 0 {
        return Ok(earlier.iter().copied().collect());
    }
    let mut still = Vec::new();
    // Only for a pass as a whole is a create somebody's word, and then each of them has one.
    let creates = summary.categories.create + summary.products.create;
    let may_be_whole = earlier.len() as u64 >= creates;
    let mut keep = |operation: &Operation| {
        if may_be_whole || operation.action != Action::Create {
            still.extend(words_of(operation).filter(|word| earlier.contains(word)));
        }
        Ok::<(), PassError>(())
    };
    store.each_operation(&mut keep)?;
    store.each_set_aside(&mut keep)?;
    Ok(still)
}

/// What is approved, if that is anything else than before.
fn other_than(earlier: &HashSet<ApprovedHash>, approved: Vec<ApprovedHash>) -> Option<Vec<ApprovedHash>> {
    let is_same = approved.iter().copied().collect::<HashSet<_>>() == *earlier;
    (!is_same).then_some(approved)
}

/// What a word for an operation is kept as: of each of its risks, as what is left of all may be too much for fewer of
/// them, and of the whole.
pub(super) fn words_of(operation: &Operation) -> impl Iterator<Item = ApprovedHash> {
    let risks = Risk::OF_CHANGES.into_iter().chain([Risk::Delete]).filter(|risk| operation.risks.has(*risk));
    let of_risks = risks.map(|risk| hash(operation, &part(operation, risk.fields())));
    of_risks.chain([hash(operation, &operation.send)])
}

/// What a first pass changes of what was there needs no word, also when another one goes on with it.
fn of_first_pass(store: &PlanStore) -> Result<Vec<ApprovedHash>, PassError> {
    let all = Risk::OF_CHANGES.into_iter().fold(Risks::default(), Risks::and);
    let mut words = Vec::new();
    store.each_risky((Stage::Products, Kind::Product), all, |Risky { operation, .. }| {
        words.extend(words_of(&operation));
        Ok::<(), PassError>(())
    })?;
    Ok(words)
}

/// Deletions that were approved before and are still to be done count for none, however few they are.
fn approve_rest(store: &mut PlanStore, earlier: &HashSet<ApprovedHash>) -> Result<(), PassError> {
    let mut places = Vec::new();
    let stages = [
        (Stage::TwinDeletes, Kind::Product),
        (Stage::ProductDeletes, Kind::Product),
        (Stage::CategoryDeletes, Kind::Category),
    ];
    for stage in stages.into_iter().filter(|_| !earlier.is_empty()) {
        store.each_risky(stage, Risks::delete(), |Risky { place, operation }| {
            let is_approved = earlier.contains(&hash(&operation, &part(&operation, &[])));
            places.extend(is_approved.then_some(place));
            Ok::<(), PassError>(())
        })?;
    }
    Ok(places.into_iter().try_for_each(|place| store.approve(place))?)
}

/// Everything that would be held, with the counts of each risk less what was approved before.
fn candidates(
    store: &PlanStore,
    excesses: &mut [Excess],
    approved: &HashSet<ApprovedHash>,
) -> Result<Candidates, PassError> {
    let mut found = Candidates::default();
    for (stage, kind) in [
        (Stage::Products, Kind::Product),
        (Stage::SetAside, Kind::Product),
        (Stage::TwinDeletes, Kind::Product),
        (Stage::ProductDeletes, Kind::Product),
        (Stage::CategoryDeletes, Kind::Category),
    ] {
        let (is_sent, is_deletion) = (stage != Stage::SetAside, !matches!(stage, Stage::Products | Stage::SetAside));
        let mut of_stage: Vec<&mut Excess> = excesses
            .iter_mut()
            .filter(|excess| excess.kind == kind && (excess.risk == Risk::Delete) == is_deletion)
            .collect();
        let risks = of_stage.iter().fold(Risks::default(), |risks, excess| risks.and(excess.risk));
        if of_stage.is_empty() {
            continue;
        }
        store.each_risky((stage, kind), risks, |Risky { place, operation }| {
            let (mut fields, mut risks) = (Vec::<Field>::new(), Vec::new());
            for excess in of_stage.iter_mut().filter(|excess| operation.risks.has(excess.risk)) {
                let word = hash(&operation, &part(&operation, excess.risk.fields()));
                if approved.contains(&word) {
                    excess.one_less();
                } else {
                    excess.held.add_example(|| example(&operation, excess.risk));
                    fields.extend(excess.risk.fields());
                    risks.push(word);
                }
            }
            if risks.is_empty() {
                found.approved.push(place);
                return Ok::<(), PassError>(());
            }
            fields.sort_unstable();
            fields.dedup();
            let hash = hash(&operation, &part(&operation, &fields));
            found.candidates.push(Candidate { place, is_sent, fields, hash, risks });
            Ok(())
        })?;
    }
    Ok(found)
}

/// Of what is sent, these fields; none of them = the whole is meant.
fn part(operation: &Operation, fields: &[Field]) -> Map<String, Value> {
    let names = fields.iter().map(|field| field.name());
    names.filter_map(|name| Some((name.to_owned(), operation.send.get(name)?.clone()))).collect()
}

fn example(operation: &Operation, risk: Risk) -> Example {
    let id = operation.id.to_string();
    let sent = risk.fields().iter().map(|field| field.name()).find(|name| operation.send.contains_key(*name));
    let Some(name) = sent else {
        let name = if operation.kind == Kind::Category { "name" } else { "title" };
        let old = operation.old.get(name).cloned().unwrap_or_default();
        return Example { id, field: None, old, new: Value::Null };
    };
    let (old, new) = (operation.last(name), operation.send.get(name));
    Example {
        id,
        field: Some(name.to_owned()),
        old: old.cloned().unwrap_or_default(),
        new: new.cloned().unwrap_or_default(),
    }
}

/// Takes the candidates out of what is sent, and the categories that held products stay in: gives how many those are.
fn hold(store: &mut PlanStore, summary: &mut Summary, candidates: &[Candidate]) -> Result<u64, PassError> {
    let mut in_use = HashSet::new();
    let mut held_categories = HashSet::new();
    for candidate in candidates {
        let Some(operation) = store.operation_at(candidate.place)? else { continue };
        let stays = operation.is_held_whole(&candidate.fields) || candidate.fields.contains(&Field::Category);
        let category = operation.old.get("category").and_then(Value::as_str).map(str::to_owned);
        if operation.kind == Kind::Product && stays {
            in_use.extend(operation.was_in.clone().or(category));
        }
        if operation.kind == Kind::Category {
            held_categories.insert(operation.id.to_string());
        }
        if !store.hold(candidate.place, &operation, &candidate.fields)? && candidate.is_sent {
            summary.tally_mut(operation.kind).take_back(operation.action);
        }
    }
    let mut of_held = BTreeMap::new();
    store.ids(Stage::CategoryDeletes, Kind::Category, |id, place| {
        if in_use.contains(id) && !held_categories.contains(id) {
            of_held.insert(id.to_owned(), place);
        }
    })?;
    let categories = of_held.len() as u64;
    for place in of_held.into_values() {
        if let Some(operation) = store.operation_at(place)? {
            store.hold(place, &operation, &[])?;
            summary.tally_mut(Kind::Category).take_back(operation.action);
        }
    }
    leave_twins(store, summary)?;
    Ok(categories)
}

/// What is held takes nothing along: nothing is asked about wanted objects whose ids differ from those in case only.
fn leave_twins(store: &mut PlanStore, summary: &mut Summary) -> Result<(), PassError> {
    for kind in [Kind::Product, Kind::Category] {
        for _ in 0..store.drop_twins(kind)? {
            summary.tally_mut(kind).take_back(Action::Update);
        }
    }
    Ok(())
}
