//! Between the plan and its application: what of a plan may be sent.

use super::plan::Plan;
use super::plan::summary::Summary;
use crate::catalog::Kind;
use crate::pass::exceeds;

/// A plan that the guard has judged.
pub(super) enum Guarded {
    /// All of it may be sent.
    Approved(Approved),
    /// None of it, and why.
    Held(String),
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

/// Judges a plan. `force` lets everything through.
pub(super) fn judge(plan: Plan, force: bool) -> Guarded {
    match plan.guard {
        Some(reason) if !force => Guarded::Held(reason),
        _ => Guarded::Approved(Approved(Plan { guard: None, ..plan }.into())),
    }
}

/// Why the guard refuses a pass, or `None` when it doesn't: an empty feed, or strictly more than
/// `max_delete_percent` of a kind gone and more than ten of them. Objects that were never ours
/// count as well when `prune = "all"` would delete them, in both the part and the whole.
pub fn guard(summary: &Summary, max_delete_percent: u8) -> Option<String> {
    if summary.items == 0 {
        return Some(match summary.rejected {
            0 => "the feed is empty: not one product is in it".to_owned(),
            rejected => format!("not one of the feed's {rejected} rows could be taken"),
        });
    }
    [(Kind::Product, &summary.products), (Kind::Category, &summary.categories)].into_iter().find_map(|(kind, tally)| {
        let gone = tally.delete - tally.delete_in_doubt + tally.disable;
        let all = tally.owned + tally.adopted + tally.delete_foreign;
        let percent = exceeds(gone, all, max_delete_percent)?;
        let things = kind.plural(all);
        Some(format!(
            "{gone} of {all} {things} ({percent} %) would go, more than max_delete_percent = {max_delete_percent}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::catalog::plan::summary::Tally;

    fn summary(owned: u64, delete: u64) -> Summary {
        let products = Tally { owned, delete, ..Tally::default() };
        Summary { items: 1, products, ..Summary::default() }
    }

    #[test]
    fn the_guard_is_strict_about_more_than() {
        assert_eq!(guard(&summary(50, 10), 19), None, "ten are never too many");
        assert_eq!(guard(&summary(55, 11), 20), None, "exactly twenty per cent");
        assert!(guard(&summary(54, 11), 20).is_some());
        assert_eq!(guard(&summary(11, 11), 100), None);
        assert!(guard(&summary(1_000_000, 11), 0).is_some());
    }

    #[test]
    fn the_guard_refuses_empty_feeds_and_counts_what_was_never_ours() {
        assert!(guard(&Summary::default(), 100).is_some());
        let mut foreign = summary(0, 1000);
        foreign.products.delete_foreign = 1000;
        assert!(guard(&foreign, 20).is_some());
    }
}
