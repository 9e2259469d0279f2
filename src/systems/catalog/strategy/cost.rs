//! What a plan costs by the API and by an import, and which way is taken. Pure.
//!
//! A cost is counted in seconds: the time it takes, and 20 ms more for each request, for a service's
//! patience is not free. What NiceChat's pace is, earlier passes have taught; until then it is guessed.

use super::address::Address;
use super::polls::polls;
use crate::catalog::Kind;
use crate::config::Strategy;
use crate::pass::PassKind;
use crate::remote::nicechat::ImportFormat;
use crate::systems::catalog::plan::summary::Summary;
use crate::systems::catalog::store::{Failures, Timings};

/// What a request costs besides its time.
const PATIENCE: f64 = 0.02;
/// How long a request takes, and how long it takes from one answered change to the next with all that
/// go on side by side, until passes have shown it. Guesses: nothing is published.
const REQUEST_SECONDS: f64 = 0.2;
/// See [`REQUEST_SECONDS`].
const CHANGE_SECONDS: f64 = 0.025;
/// How long an import takes until one was seen: this, and so much more an element. The sample of
/// NiceChat's API page (section "Feeds") took 11.5 s for 392 elements.
const IMPORT_SECONDS: f64 = 10.0;
/// See [`IMPORT_SECONDS`].
const ELEMENT_SECONDS: f64 = 0.003;
/// Requests at the same time where nobody has set it, and no pass has found it.
pub(crate) const AT_ONCE: usize = 8;
/// Objects on a page of the listing until one was seen.
const PAGE_SIZE: u64 = 100;
/// So many imports that failed one after the other, and the API is used until a resync.
pub(crate) const MOST_FAILURES: u32 = 3;

/// Which way a plan is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChosenStrategy {
    /// A request an object.
    Api,
    /// An import of the feed from there, then a request for each object that it left otherwise.
    Import(Address),
}

/// What a way is expected to cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Requests, of whatever kind.
    pub requests: u64,
    /// Time from the first to the last.
    pub seconds: f64,
}

impl Cost {
    fn weight(self) -> f64 {
        self.seconds + PATIENCE * self.requests as f64
    }
}

/// Which way is taken, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The way.
    pub strategy: ChosenStrategy,
    /// Why, when it isn't the cost that decides.
    pub reason: Option<String>,
    /// The cost of the API.
    pub api: Cost,
    /// The cost of an import, where one is possible.
    pub import: Option<Cost>,
}

/// What the decision depends on besides the plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs {
    /// As set.
    pub strategy: Strategy,
    /// As set, or as found: requests at the same time.
    pub concurrency: usize,
    /// As set: the most requests in a second.
    pub requests_per_second: Option<u32>,
    /// What for.
    pub kind: PassKind,
    /// What earlier passes taught.
    pub timings: Timings,
    /// Imports that failed.
    pub failures: Failures,
    /// An import is under way.
    pub is_importing: bool,
    /// The guard holds something that the feed says.
    pub is_held: bool,
}

/// Takes the way that is cheapest, of those that are open. `addresses` = where NiceChat can fetch the
/// feed, the first of them the one to take without asking for the cost; or why it can't.
pub(crate) fn choose(summary: &Summary, inputs: &Inputs, addresses: Result<&[Address], &str>) -> Decision {
    let api = by_api(summary, inputs);
    let imports = addresses.unwrap_or_default().iter();
    let imports: Vec<_> = imports.map(|address| (address, by_import(summary, inputs, address))).collect();
    // From its own place NiceChat would take rows as well that are rejected here, and a last one that may be half.
    let is_exact = summary.strangers == 0 && !summary.left_last_row;
    let exact = imports.iter().filter(|(address, _)| is_exact || address.is_ours());
    let cheapest = exact.min_by(|(_, one), (_, other)| one.weight().total_cmp(&other.weight()));
    let by_api = |reason: String| (ChosenStrategy::Api, Some(reason), cheapest.map(|(_, cost)| *cost));
    let (strategy, reason, import) = match (inputs.strategy, imports.first(), cheapest) {
        (Strategy::Api, ..) => by_api("strategy = \"api\"".to_owned()),
        _ if inputs.is_held => by_api("the guard holds a part of what an import would read".to_owned()),
        _ if inputs.is_importing => by_api("an import is under way, and what it leaves is sent".to_owned()),
        _ if !has_work(summary) => by_api("there is nothing to create or change".to_owned()),
        (Strategy::Import, Some((address, cost)), _) => {
            (ChosenStrategy::Import((*address).clone()), Some("strategy = \"import\"".to_owned()), Some(*cost))
        }
        _ if has_given_up(inputs) => by_api(format!("{MOST_FAILURES} imports failed in a row; a resync tries again")),
        (_, _, Some((address, cost))) if cost.weight() < api.weight() => {
            (ChosenStrategy::Import((*address).clone()), None, Some(*cost))
        }
        _ => {
            let why = match addresses {
                Err(why) => Some(format!("no import: {why}")),
                Ok(_) if cheapest.is_none() && summary.strangers == 0 => {
                    Some("NiceChat would take the feed's last row, which may be half of one".to_owned())
                }
                Ok(_) if cheapest.is_none() => {
                    Some("NiceChat might take rows of the feed that are rejected here".to_owned())
                }
                Ok(_) => None,
            };
            (ChosenStrategy::Api, why, cheapest.map(|(_, cost)| *cost))
        }
    };
    Decision { strategy, reason, api, import }
}

/// Whether there is anything that an import could do: it deletes nothing.
fn has_work(summary: &Summary) -> bool {
    summary.both(|tally| tally.create + tally.update) > 0
}

fn has_given_up(inputs: &Inputs) -> bool {
    inputs.kind == PassKind::Sync && inputs.failures.in_a_row >= MOST_FAILURES
}

fn by_api(summary: &Summary, inputs: &Inputs) -> Cost {
    let requests = summary.sent();
    Cost { requests, seconds: requests as f64 * change_seconds(inputs) }
}

/// An import costs its push, its polls, the listing, and what it leaves to be put right.
fn by_import(summary: &Summary, inputs: &Inputs, address: &Address) -> Cost {
    let timings = &inputs.timings;
    let importing = import_seconds(summary.items, inputs);
    let page_size = timings.page_size.unwrap_or(PAGE_SIZE).max(1);
    let pages: u64 = Kind::ALL
        .iter()
        .map(|kind| summary.tally(*kind))
        .map(|tally| (tally.owned + tally.adopted + tally.create + tally.delete_foreign).div_ceil(page_size).max(1))
        .sum();
    let in_turn = 1 + polls(importing) + pages;
    let left = summary.both(|tally| tally.delete + tally.disable) + expected_left(summary, timings, address);
    let change = change_seconds(inputs);
    // Pages are read one after the other.
    let request = timings.change_seconds.map_or(REQUEST_SECONDS, |change| change * inputs.concurrency as f64);
    Cost { requests: in_turn + left, seconds: importing + in_turn as f64 * request + left as f64 * change }
}

/// What the import will leave to be put right: as much as the last one from such a place, and the
/// category of every product that has one when a Google feed, which has no category ids, is read as it is, or the
/// names of categories in others, which YML has without these.
fn expected_left(summary: &Summary, timings: &Timings, address: &Address) -> u64 {
    let is_alike = timings.import_was_served == address.is_ours();
    let share = timings.import_left as f64 / timings.import_items.max(1) as f64;
    let learned = if is_alike { (share * summary.items as f64).round() as u64 } else { 0 };
    match address {
        Address::Source(_, ImportFormat::GoogleCsv) => learned.max(summary.categorised),
        Address::Source(..) => learned.max(summary.nested),
        Address::Ours(_) => learned,
    }
}

/// Seconds from one answered change to the next.
fn change_seconds(inputs: &Inputs) -> f64 {
    let pace = inputs.timings.change_seconds.unwrap_or(CHANGE_SECONDS);
    let limit = inputs.requests_per_second.map_or(0.0, |rate| 1.0 / f64::from(rate.max(1)));
    pace.max(limit)
}

/// How long an import of so many items takes. An importer is not expected to be slower than the API.
fn import_seconds(items: u64, inputs: &Inputs) -> f64 {
    let timings = &inputs.timings;
    match timings.import_seconds {
        Some(seconds) => seconds * (items as f64 / timings.import_items.max(1) as f64).max(1.0),
        None => IMPORT_SECONDS + items as f64 * ELEMENT_SECONDS.min(change_seconds(inputs)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PublicUrl;
    use crate::systems::catalog::plan::summary::Tally;

    fn auto(timings: Timings) -> Inputs {
        Inputs {
            strategy: Strategy::Auto,
            concurrency: 8,
            requests_per_second: None,
            kind: PassKind::Sync,
            timings,
            failures: Failures::default(),
            is_importing: false,
            is_held: false,
        }
    }

    fn source(format: ImportFormat) -> Address {
        Address::Source("https://shop.example/feed".parse().expect("a URL"), format)
    }

    fn ours() -> Address {
        Address::Ours(PublicUrl::parse("https://shop.example/keeper").expect("a URL"))
    }

    fn is_import(summary: &Summary, inputs: &Inputs) -> bool {
        choose(summary, inputs, Ok(&[source(ImportFormat::Yml)])).strategy != ChosenStrategy::Api
    }

    fn summary(items: u64, owned: u64, create: u64, update: u64) -> Summary {
        let products = Tally { owned, create, update, ..Tally::default() };
        Summary { items, products, ..Summary::default() }
    }

    #[test]
    fn first_loads_and_great_changes_are_imported_and_small_ones_are_not() {
        let unknown = auto(Timings::default());
        // The table of docs/imports.md.
        for (items, owned, create, update, by_import, requests, seconds) in [
            (250, 0, 250, 0, false, 9, 13.0),
            (500, 0, 500, 0, true, 11, 14.0),
            (100_000, 0, 100_000, 0, true, 1_014, 513.0),
            (1_000, 1_000, 0, 100, false, 16, 16.0),
            (1_000, 1_000, 0, 500, true, 16, 16.0),
            (100_000, 100_000, 0, 1_000, false, 1_014, 513.0),
            (100_000, 100_000, 0, 20_000, true, 1_014, 513.0),
        ] {
            let plan = summary(items, owned, create, update);
            assert_eq!(is_import(&plan, &unknown), by_import, "{items} {owned} {create} {update}");
            let import = choose(&plan, &unknown, Ok(&[ours()])).import.expect("it is open");
            assert_eq!((import.requests, import.seconds.round()), (requests, seconds), "{items} {create} {update}");
        }
    }

    #[test]
    fn the_choice_turns_where_the_costs_meet() {
        for timings in [
            Timings::default(),
            Timings { change_seconds: Some(0.01), ..Timings::default() },
            Timings { import_seconds: Some(120.0), import_items: 10_000, ..Timings::default() },
        ] {
            let inputs = auto(timings);
            let at = |update| is_import(&summary(10_000, 10_000, 0, update), &inputs);
            let turn = (0..=10_000).find(|update| at(*update)).expect("an import pays some time");
            assert!(turn > 100, "{turn}");
            assert!((turn..10_000).step_by(100).all(at));
            let before = summary(10_000, 10_000, 0, turn - 1);
            let decision = choose(&before, &inputs, Ok(&[source(ImportFormat::Yml)]));
            let import = decision.import.expect("it is open");
            assert!(
                decision.api.weight() <= import.weight() && decision.strategy == ChosenStrategy::Api,
                "{decision:?}"
            );
        }
    }

    #[test]
    fn what_imports_leave_behind_is_counted_in() {
        let plan = summary(10_000, 0, 10_000, 0);
        let imports = Timings { import_seconds: Some(30.0), import_items: 5_000, ..Timings::default() };
        assert!(is_import(&plan, &auto(imports)));
        let leaves_all = Timings { import_left: 5_000, ..imports };
        assert!(!is_import(&plan, &auto(leaves_all)));
        // What one from another place left says nothing.
        let other = Timings { import_was_served: true, ..leaves_all };
        assert!(is_import(&plan, &auto(other)));
    }

    #[test]
    fn categories_of_a_google_feed_make_the_difference() {
        let unknown = auto(Timings::default());
        let plain = summary(10_000, 0, 10_000, 0);
        let plan = Summary { categorised: 10_000, ..plain.clone() };
        let google = [source(ImportFormat::GoogleCsv)];
        assert!(matches!(choose(&plain, &unknown, Ok(&google)).strategy, ChosenStrategy::Import(_)));
        assert_eq!(choose(&plan, &unknown, Ok(&google)).strategy, ChosenStrategy::Api);
        let both = [source(ImportFormat::GoogleCsv), ours()];
        assert_eq!(choose(&plan, &unknown, Ok(&both)).strategy, ChosenStrategy::Import(ours()));
        let set = Inputs { strategy: Strategy::Import, ..unknown };
        assert_eq!(choose(&plan, &set, Ok(&both)).strategy, ChosenStrategy::Import(source(ImportFormat::GoogleCsv)));
    }

    #[test]
    fn rows_that_only_nicechat_would_take_are_kept_from_it() {
        let unknown = auto(Timings::default());
        let rejected = Summary { strangers: 1, ..summary(10_000, 0, 10_000, 0) };
        let half = Summary { left_last_row: true, ..summary(10_000, 0, 10_000, 0) };
        for (plan, why) in [(rejected, "rows of the feed that are rejected"), (half, "the feed's last row")] {
            let alone = choose(&plan, &unknown, Ok(&[source(ImportFormat::Yml)]));
            assert_eq!(alone.strategy, ChosenStrategy::Api);
            assert!(alone.reason.as_ref().is_some_and(|reason| reason.contains(why)), "{alone:?}");
            let both = [source(ImportFormat::Yml), ours()];
            assert_eq!(choose(&plan, &unknown, Ok(&both)).strategy, ChosenStrategy::Import(ours()));
            let set = Inputs { strategy: Strategy::Import, ..unknown };
            assert!(is_import(&plan, &set));
        }
    }

    #[test]
    fn settings_and_failures_decide_before_the_cost_does() {
        let plan = summary(10_000, 0, 10_000, 0);
        let auto = auto(Timings::default());
        assert!(!is_import(&plan, &Inputs { strategy: Strategy::Api, ..auto }));
        let failed = Inputs { failures: Failures { in_a_row: MOST_FAILURES, last: None }, ..auto };
        assert!(!is_import(&plan, &failed));
        assert!(is_import(&plan, &Inputs { kind: PassKind::Resync, ..failed }));
        assert_eq!(choose(&plan, &auto, Err("no")).strategy, ChosenStrategy::Api);
        let set = Inputs { strategy: Strategy::Import, ..failed };
        assert!(is_import(&summary(10, 10, 0, 1), &set));
        assert!(!is_import(&summary(10, 10, 0, 0), &set), "nothing to import");
        assert!(!is_import(&plan, &Inputs { is_importing: true, ..set }));
    }
}
