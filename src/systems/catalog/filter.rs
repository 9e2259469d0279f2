//! Items that the settings' rules leave out: the comparison doesn't see them, as if the feed didn't have them.

use jiff::Timestamp;

use crate::catalog::{Digest, Hasher};
use crate::config::Rules;
use crate::feed::{Receiver, Row, RowDigest, SinkError};
use crate::systems::catalog::diff::differ::{Comparison, Session};

/// A comparison that gets what the rules leave.
pub(super) struct Filter {
    session: Session,
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
    /// When a sale begins or ends that may bring one of them back.
    changes_at: Option<Timestamp>,
}

impl Filter {
    pub(super) fn new(session: Session, rules: Rules) -> Filter {
        let mark = if rules.is_empty() { 0 } else { session.hasher().digest(rules.to_string().as_bytes()) };
        Filter { session, rules, mark, excluded: Excluded::default(), marked: Vec::new() }
    }

    pub(super) fn into_parts(self) -> (Session, Excluded) {
        (self.session, self.excluded)
    }

    fn marked(&self, row: RowDigest) -> RowDigest {
        RowDigest(row.0 ^ self.mark)
    }
}

impl Excluded {
    /// The comparison with what was left out.
    pub(super) fn counted_in(self, mut comparison: Comparison) -> Comparison {
        comparison.summary.excluded = self.rows;
        comparison.changes_at = [comparison.changes_at, self.changes_at].into_iter().flatten().min();
        comparison
    }
}

impl Receiver for Filter {
    fn hasher(&self) -> &Hasher {
        self.session.hasher()
    }

    fn knows_some(&self) -> bool {
        self.session.knows_some()
    }

    fn foresee(&mut self, rows: &[RowDigest]) {
        if self.mark == 0 {
            return self.session.foresee(rows);
        }
        let mut marked = std::mem::take(&mut self.marked);
        marked.clear();
        marked.extend(rows.iter().map(|row| self.marked(*row)));
        self.session.foresee(&marked);
        self.marked = marked;
    }

    fn knows(&mut self, row: RowDigest) -> Result<bool, SinkError> {
        self.session.knows(self.marked(row))
    }

    fn is_first(&mut self, id: &str) -> Result<bool, SinkError> {
        self.session.is_first(id)
    }

    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError> {
        if let Row::Offer(offer) = &row
            && self.rules.excludes(&offer.item).is_some()
        {
            self.excluded.rows += 1;
            self.excluded.changes_at = [self.excluded.changes_at, offer.changes_at].into_iter().flatten().min();
            return Ok(());
        }
        let digest = digest.map(|digest| self.marked(digest));
        Receiver::row(&mut self.session, row, digest)
    }
}
