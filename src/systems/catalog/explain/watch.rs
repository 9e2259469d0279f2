//! A comparison that keeps in mind what it was given of one product.

use thiserror::Error;

use crate::catalog::Hasher;
use crate::config::Rules;
use crate::feed::{Row, RowDigest, RowPlace, RowSink, SinkError};
use crate::systems::catalog::diff::error::DifferError;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::filter::Filter;
use crate::systems::catalog::seen::Seen;

pub(super) struct Watch {
    pub(super) filter: Filter,
    rules: Rules,
    id: String,
    pub(super) seen: Vec<Seen>,
    pub(super) failure: Option<PassError>,
}

/// The comparison takes no more rows.
#[derive(Debug, Error)]
#[error("the comparison has ended")]
struct Closed;

impl Watch {
    pub(super) fn new(filter: Filter, rules: Rules, id: String) -> Watch {
        Watch { filter, rules, id, seen: Vec::new(), failure: None }
    }

    fn end<T>(&mut self, failure: DifferError) -> Result<T, SinkError> {
        self.failure.get_or_insert(failure.into());
        Err(Box::new(Closed))
    }

    fn see(&mut self, row: &Row) {
        let is_its = row.id() == Some(self.id.as_str());
        if is_its
            && let Some((at, rule)) = self.rules.excludes(row).and_then(|at| Some((at, self.rules.iter().nth(at)?)))
        {
            let (row, fits) = (Box::new(row.clone()), rule.to_string());
            return self.seen.push(Seen::Excluded { row, rule: at + 1, fits });
        }
        match row {
            Row::Offer(offer) if is_its => self.seen.push(Seen::Item(offer.clone())),
            Row::Rejected(rejection) if is_its || rejection.mentions.contains(&self.id) => {
                self.seen.push(Seen::Rejected(rejection.clone()));
            }
            Row::Offer(_) | Row::Rejected(_) => {}
        }
    }
}

impl RowSink for Watch {
    fn hasher(&self) -> &Hasher {
        self.filter.hasher()
    }

    fn knows(&mut self, _: RowDigest, _: u64) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn first(&mut self, id: &str, row: RowPlace) -> Result<Option<RowPlace>, SinkError> {
        self.filter.first(id, row).or_else(|error| self.end(error))
    }

    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError> {
        self.see(&row);
        self.filter.take(row, digest).or_else(|error| self.end(error))
    }
}
