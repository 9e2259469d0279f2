//! Items that the settings' rules leave out: the comparison doesn't see them, as if the feed didn't have them.

use jiff::Timestamp;

use crate::catalog::{Digest, Hasher};
use crate::config::Rules;
use crate::feed::{Row, RowDigest, RowPlace};
use crate::systems::catalog::diff::differ::{Comparison, Differ};
use crate::systems::catalog::diff::error::DifferError;
use crate::systems::catalog::plan::summary::RuleUse;

/// A comparison that gets what the rules leave.
pub(super) struct Filter {
    differ: Differ,
    rules: Rules,
    /// Of the rules: a row that is known by its bytes is known under these rules only.
    mark: Digest,
    excluded: Excluded,
    marked: Vec<RowDigest>,
}

/// What was left out.
#[derive(Debug, Default)]
pub(super) struct Excluded {
    rows: u64,
    /// What the rules were good for.
    rules: RuleUse,
    /// When a sale begins or ends that may bring one of them back.
    changes_at: Option<Timestamp>,
}

impl Filter {
    pub(super) fn new(differ: Differ, rules: Rules) -> Filter {
        let mark = if rules.is_empty() { 0 } else { differ.hasher().digest(rules.to_string().as_bytes()) };
        let decided = vec![false; rules.iter().count()];
        let excluded = Excluded { rules: RuleUse { decided, knew_rows: false }, ..Excluded::default() };
        Filter { differ, rules, mark, excluded, marked: Vec::new() }
    }

    pub(super) fn into_parts(self) -> (Differ, Excluded) {
        (self.differ, self.excluded)
    }

    fn marked(&self, row: RowDigest) -> RowDigest {
        RowDigest(row.0 ^ self.mark)
    }
}

impl Excluded {
    /// The comparison with what was left out.
    pub(super) fn counted_in(self, mut comparison: Comparison) -> Comparison {
        comparison.summary.excluded = self.rows;
        comparison.summary.rules = self.rules;
        comparison.changes_at = [comparison.changes_at, self.changes_at].into_iter().flatten().min();
        comparison
    }
}

impl Filter {
    pub(super) fn hasher(&self) -> &Hasher {
        self.differ.hasher()
    }

    pub(super) fn knows_some(&self) -> bool {
        self.differ.knows_some()
    }

    /// See [`Differ::prefetch`].
    pub(super) fn prefetch(&mut self, rows: &[RowDigest]) {
        if self.mark == 0 {
            return self.differ.prefetch(rows);
        }
        let mut marked = std::mem::take(&mut self.marked);
        marked.clear();
        marked.extend(rows.iter().map(|row| self.marked(*row)));
        self.differ.prefetch(&marked);
        self.marked = marked;
    }

    /// See [`Differ::recall`].
    pub(super) fn recall(&mut self, row: RowDigest, line: u64) -> Result<bool, DifferError> {
        let is_known = self.differ.recall(self.marked(row), line)?;
        self.excluded.rules.knew_rows |= is_known;
        Ok(is_known)
    }

    /// See [`Differ::first_of`].
    pub(super) fn first(&mut self, id: &str, row: RowPlace) -> Result<Option<RowPlace>, DifferError> {
        self.differ.first_of(id, row)
    }

    /// Takes in a row that was parsed, unless it is left out.
    pub(super) fn take(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), DifferError> {
        if let Some(verdict) = self.rules.decide_row(&row) {
            self.excluded.rules.decided.get_mut(verdict.rule).into_iter().for_each(|decided| *decided = true);
            if !verdict.include {
                self.excluded.rows += 1;
                self.excluded.changes_at = [self.excluded.changes_at, row.changes_at()].into_iter().flatten().min();
                return row.id().map_or(Ok(()), |id| self.differ.leave_out(id));
            }
        }
        let digest = digest.map(|digest| self.marked(digest));
        self.differ.take(row, digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Id, Item};
    use crate::config::{Prune, VanishedCategory};
    use crate::feed::Offer;
    use crate::state::Reader;
    use crate::systems::catalog::diff::differ::Policy;

    fn differ() -> Differ {
        let folder = tempfile::tempdir().expect("a folder");
        let policy = Policy {
            prune: Prune::Owned,
            vanished_category: VanishedCategory::Delete,
            default_category: None,
            retry_refused: false,
            price_factor: rust_decimal::Decimal::from(3),
        };
        Differ::new(Reader::open(&folder.path().join("none.db")).expect("no state"), policy).expect("a differ")
    }

    fn row(id: &str, in_stock: bool, changes_at: i64) -> Row {
        let item = Item {
            id: Id::parse(id).expect(id),
            category: None,
            title: "Lamp".to_owned(),
            price: None,
            currency: None,
            description: None,
            url: None,
            image_url: None,
            in_stock,
            local: Default::default(),
        };
        let changes_at = Timestamp::from_second(changes_at).ok();
        Row::Offer(Box::new(Offer { item, line: 2, changes_at, currency_assumed: false, strange_stock: None }))
    }

    /// A sale that begins gives an item another price, by which a rule may take it again.
    #[test]
    fn a_sale_of_what_is_left_out_counts() {
        let mut filter = Filter::new(differ(), Rules::leaving_out_of_stock_out());
        for (id, in_stock, changes_at) in [("1", true, 300), ("2", false, 200), ("3", false, 400)] {
            filter.take(row(id, in_stock, changes_at), None).expect("taken in");
        }
        let (differ, excluded) = filter.into_parts();
        let comparison = excluded.counted_in(differ.finish().expect("a comparison"));
        assert_eq!((comparison.summary.items, comparison.summary.excluded), (1, 2));
        assert_eq!(comparison.changes_at, Timestamp::from_second(200).ok());
    }

    #[test]
    fn without_rules_rows_have_the_digests_that_they_always_had() {
        let row = RowDigest(7);
        assert_eq!(Filter::new(differ(), Rules::default()).marked(row), row);
        assert_ne!(Filter::new(differ(), Rules::leaving_out_of_stock_out()).marked(row), row);
    }
}
