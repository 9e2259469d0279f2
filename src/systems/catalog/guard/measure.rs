//! Which risks are too large: arithmetic, and counts of the state where they are needed.

use crate::catalog::Kind;
use crate::config;
use crate::state::{Reader, StateError};
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::plan::summary::{Summary, Tally};
use crate::systems::catalog::plan::verdict::{Held, HeldRisk};
use crate::systems::catalog::store::{Field, ReadGuard as _, ReadPresence as _};

/// A risk that is too large, and for which kind.
#[derive(Clone)]
pub(super) struct Excess {
    pub(super) risk: Risk,
    pub(super) kind: Kind,
    pub(super) held: HeldRisk,
    /// The same without what went before, and of how many; `None` = nothing did.
    alone: Option<(u64, u64)>,
}

impl Excess {
    /// One of them has somebody's word already.
    pub(super) fn one_less(&mut self) {
        self.held.one_less();
        self.alone = self.alone.map(|(count, of)| (count.saturating_sub(1), of));
    }

    /// Whether it still is one.
    pub(super) fn is_one(&self, settings: &config::Guard) -> bool {
        let HeldRisk { count, of, .. } = self.held;
        self.is_too_much((count, of), settings) || self.alone.is_some_and(|alone| self.is_too_much(alone, settings))
    }

    fn is_too_much(&self, (count, of): (u64, u64), settings: &config::Guard) -> bool {
        count > settings.min_count && self.held.limit.is_none_or(|limit| is_more(count, of, limit))
    }

    /// What is told of it: by the measure that is too large.
    pub(super) fn told(self, settings: &config::Guard) -> HeldRisk {
        let HeldRisk { count, of, .. } = self.held;
        match self.alone {
            Some(alone) if !self.is_too_much((count, of), settings) => self.held.measured(alone),
            _ => self.held,
        }
    }
}

/// The risks that are too large.
pub(super) fn excesses(
    summary: &Summary,
    settings: &config::Guard,
    reader: &Reader,
) -> Result<Vec<Excess>, StateError> {
    let before = Before::of(reader)?;
    let mut excesses = deletions(summary, settings, reader, &before)?;
    if summary.products.owned == 0 {
        // A first pass changes what was there before we came.
        return Ok(excesses);
    }
    for risk in Risk::OF_CHANGES {
        let count = summary.risks.of(risk);
        if count <= settings.min_count {
            continue;
        }
        let limit = match risk {
            Risk::Emptied(_) | Risk::Delete => settings.max_emptied_percent,
            Risk::OutOfStock => settings.max_out_of_stock_percent,
            Risk::Price => settings.max_price_percent,
        };
        let of = match risk.of() {
            Some(field) if !before.holds(&risk.name()) && is_few(count, field, limit, reader)? => continue,
            Some(field) => (reader.having(field)? + summary.adopted.of(field)).max(count),
            None => summary.products.owned,
        };
        let of = before.base(&risk.name(), Kind::Product, of).max(count);
        if is_more(count, of, limit) {
            let held = HeldRisk::new(risk.name(), Kind::Product.name(), (count, of), limit);
            excesses.push(Excess { risk, kind: Kind::Product, held, alone: None });
        }
    }
    // A price takes its currency along, and is told of once; where others lose their currency, that is a risk of its own.
    let has_price = excesses.iter().any(|excess| excess.held.risk == "emptied:price");
    let is_of_prices = |held: &HeldRisk| held.risk == "emptied:currency" && held.count == summary.risks.priceless();
    excesses.retain(|Excess { held, .. }| !(has_price && is_of_prices(held)));
    Ok(excesses)
}

/// Deletions count by themselves, and together with those of a day, of what we owned when they began. Objects that were
/// never ours count as well when `prune = "all"` would delete them, in both the part and the whole.
fn deletions(
    summary: &Summary,
    settings: &config::Guard,
    reader: &Reader,
    before: &Before,
) -> Result<Vec<Excess>, StateError> {
    let mut excesses = Vec::new();
    for kind in [Kind::Product, Kind::Category] {
        let Tally { owned, delete, delete_in_doubt, disable, adopted, delete_foreign, .. } = *summary.tally(kind);
        let gone = (delete + disable).saturating_sub(delete_in_doubt);
        if gone == 0 {
            continue;
        }
        let recent = reader.deleted_of_late()?;
        let at = match kind {
            Kind::Category => 0,
            Kind::Product => 1,
        };
        let recent_gone = recent.deleted[at];
        let base = match recent.owned[at] {
            Some(began) if gone + recent_gone <= began => began,
            // More than there were then: most of them have come since.
            began => owned.max(began.unwrap_or_default()),
        };
        let earlier = before.base(&Risk::Delete.name(), kind, u64::MAX);
        // (What isn't ours was measured against itself alone before anything was.)
        let whole = |base: u64, earlier| match base + adopted + delete_foreign {
            of if delete_foreign > 0 => of,
            of => of.min(earlier),
        };
        // What was held already may have been measured against the rest alone.
        let is_of_rest = recent.owned[at].is_some_and(|began| earlier < began);
        let of_day = whole(base, if is_of_rest { u64::MAX } else { earlier });
        // What came back in between, and goes again, is counted twice: of all, no more than all can go.
        let day = ((gone + recent_gone).min(of_day.max(gone)), of_day);
        // What has gone since with somebody's word makes the rest no smaller a part.
        let alone = (gone, whole(owned, earlier));
        let limit = settings.max_delete_percent;
        let held = HeldRisk::new(Risk::Delete.name(), kind.name(), day, limit);
        let excess = Excess { risk: Risk::Delete, kind, held, alone: Some(alone) };
        excesses.extend(Some(excess).filter(|excess| excess.is_one(settings)));
    }
    Ok(excesses)
}

/// What the pass before held. What is held is measured against what there was then, as long as it is: what else comes
/// meanwhile makes it no better.
struct Before(Vec<HeldRisk>);

impl Before {
    fn of(reader: &Reader) -> Result<Before, StateError> {
        let held = reader.held()?.and_then(|held| serde_json::from_value::<Held>(held).ok());
        Ok(Before(held.map(|held| held.held).unwrap_or_default()))
    }

    fn holds(&self, risk: &str) -> bool {
        self.0.iter().any(|held| held.risk == risk)
    }

    fn base(&self, risk: &str, kind: Kind, of: u64) -> u64 {
        let held = self.0.iter().find(|held| held.risk == risk && held.r#type == kind.name());
        held.map_or(of, |held| held.of.min(of))
    }
}

/// Whether so many are no more than their share of the products with a value in a field, as far as that is quickly told.
fn is_few(count: u64, field: Field, percent: u8, reader: &Reader) -> Result<bool, StateError> {
    let enough = count.saturating_mul(100).checked_div(u64::from(percent));
    enough.map_or(Ok(false), |enough| reader.at_least(enough + 1, field))
}

/// Strictly more than so many per cent.
fn is_more(part: u64, all: u64, percent: u8) -> bool {
    u128::from(part) * 100 > u128::from(all) * u128::from(percent)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::systems::catalog::plan::summary::Tally;

    fn held(owned: u64, delete: u64, max_delete_percent: u8) -> Option<(u64, u64)> {
        let products = Tally { owned, delete, ..Tally::default() };
        let summary = Summary { items: 1, products, ..Summary::default() };
        let settings = config::Guard { max_delete_percent, ..config::Guard::default() };
        let reader = Reader::open(Path::new("/nonexistent/state.db")).expect("an empty state");
        let excesses = excesses(&summary, &settings, &reader).expect("judged");
        excesses.first().map(|excess| (excess.held.count, excess.held.of))
    }

    #[test]
    fn more_than_is_strict_and_ten_are_never_too_many() {
        assert_eq!(held(50, 10, 19), None, "ten are never too many");
        assert_eq!(held(55, 11, 20), None, "exactly twenty per cent");
        assert_eq!(held(54, 11, 20), Some((11, 54)));
        assert_eq!(held(11, 11, 100), None);
        assert_eq!(held(1_000_000, 11, 0), Some((11, 1_000_000)));
    }
}
