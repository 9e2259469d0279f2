//! The rows of a feed as they come: those that are known by their bytes, and those that are parsed.

use jiff::Timestamp;

use super::Differ;
use crate::catalog::{Hasher, Kind};
use crate::feed::{Offer, Row, RowDigest, RowPlace, RowSink, SinkError};
use crate::systems::catalog::diff::error::DifferError;
use crate::systems::catalog::diff::known_rows::KnownRows;
use crate::systems::catalog::plan::summary::Tally;
use crate::systems::catalog::store::{InUse, NewRow, RowLog, RowsEnding};

impl Differ {
    /// Keeps the rows of the feed, for the passes to come. `now` = the moment at which sales are judged.
    pub fn keep_rows(&mut self, now: Timestamp) {
        self.row_log = Some(RowLog::new(self.inventory.known_rows.as_ref().map(|known_rows| &known_rows.table), now));
    }

    /// The row with this digest, if it is known; it begins on this line.
    pub(in crate::systems::catalog) fn recall(&mut self, digest: RowDigest, line: u64) -> Result<bool, DifferError> {
        let Some(known_rows) = &mut self.inventory.known_rows else { return Ok(false) };
        let Some(at) = known_rows.take(digest, line) else { return Ok(false) };
        let row = known_rows.table.get(at);
        let changes_at = known_rows.table.changes_at(at);
        let category = row.category.and_then(|category| known_rows.new_category(category)).cloned();
        self.draft.summary.unchanged += 1;
        self.count_item(row.category.is_some(), row.currency_assumed, changes_at);
        category.iter().for_each(|category| self.feed.use_category(category));
        if let (Some(log), Ok(at)) = (&mut self.row_log, u32::try_from(at)) {
            log.known(at)?;
        }
        Ok(true)
    }

    /// Compares a row that was parsed, and remembers it by its bytes.
    fn parsed(&mut self, offer: Offer, digest: Option<RowDigest>) -> Result<(), DifferError> {
        let item = &offer.item;
        let fields = item.digest(&self.inventory.hasher);
        let (Some(digest), true) = (digest, self.row_log.is_some()) else { return self.offer(offer, fields) };
        let row = NewRow {
            digest,
            key: self.inventory.key(item.id.as_str()),
            fields,
            category: None,
            currency_assumed: offer.currency_assumed,
            changes_at: offer.changes_at,
        };
        let category = item.category.clone();
        let set_aside = self.draft.summary.set_aside;
        self.offer(offer, fields)?;
        if let Some(log) = self.row_log.as_mut().filter(|_| self.draft.summary.set_aside == set_aside) {
            let category = category.map(|category| log.category(&category));
            log.parsed(&NewRow { category, ..row })?;
        }
        Ok(())
    }

    /// What the state is to know of the rows, when the plan has been carried out.
    pub(super) fn rows_ending(&mut self) -> Option<RowsEnding> {
        let log = self.row_log.take()?;
        let Some(KnownRows { table, .. }) = &self.inventory.known_rows else { return Some(RowsEnding::New(log)) };
        let Tally { owned, create, update, delete, record_only, .. } = self.draft.summary.products;
        let is_same = log.new_rows() == 0 && log.known_rows() == table.len() as u64;
        Some(if is_same && create + update + delete + record_only == 0 {
            RowsEnding::Same(InUse { rows: table.len() as u64, owned, judged: log.judged(), content: table.content })
        } else {
            RowsEnding::New(log)
        })
    }
}

impl Differ {
    /// What rows are digested with: the state's.
    pub fn hasher(&self) -> &Hasher {
        &self.inventory.hasher
    }

    pub(in crate::systems::catalog) fn knows_some(&self) -> bool {
        self.inventory.known_rows.is_some()
    }

    /// Rows with these digests are likely to come soon, in this order.
    pub(in crate::systems::catalog) fn prefetch(&mut self, rows: &[RowDigest]) {
        if let Some(known_rows) = &mut self.inventory.known_rows {
            known_rows.prefetch(rows);
        }
    }

    /// The first row with this id, taken or not; `None` = this one.
    pub(in crate::systems::catalog) fn first_of(
        &mut self,
        id: &str,
        row: RowPlace,
    ) -> Result<Option<RowPlace>, DifferError> {
        self.inventory.read_all_if_many(0)?;
        let key = self.inventory.key(id);
        self.inventory.guess(id, key)?;
        let Some(at) = self.inventory.locate(Kind::Product, key)? else {
            return Ok(self.inventory.new_ids.first(key, row));
        };
        if self.inventory.is_seen(Kind::Product, at) || self.left_out.contains(&key) {
            return Ok(Some(self.inventory.place(at)));
        }
        self.inventory.products.set_place(at, row);
        Ok(None)
    }

    /// Takes in a row that was parsed. `None` = it must be parsed again, whatever its bytes.
    pub(in crate::systems::catalog) fn take(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), DifferError> {
        match row {
            Row::Offer(offer) => self.parsed(*offer, digest),
            Row::Rejected(rejection) => self.rejection(&rejection),
        }
    }
}

impl RowSink for Differ {
    fn hasher(&self) -> &Hasher {
        Differ::hasher(self)
    }

    fn knows_some(&self) -> bool {
        Differ::knows_some(self)
    }

    fn prefetch(&mut self, rows: &[RowDigest]) {
        self.prefetch(rows);
    }

    fn knows(&mut self, row: RowDigest, line: u64) -> Result<bool, SinkError> {
        Ok(self.recall(row, line)?)
    }

    fn first(&mut self, id: &str, row: RowPlace) -> Result<Option<RowPlace>, SinkError> {
        Ok(self.first_of(id, row)?)
    }

    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError> {
        Ok(self.take(row, digest)?)
    }
}
