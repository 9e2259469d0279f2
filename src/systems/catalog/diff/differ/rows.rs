//! The rows of a feed as they come: those that are known by their bytes, and those that are parsed.

use jiff::Timestamp;

use super::{Policy, Session, SessionError};
use crate::catalog::{Digest, Hasher, Kind};
use crate::feed::{Offer, Receiver, Row, RowDigest, SinkError};
use crate::state::Reader;
use crate::systems::catalog::diff::index::{Flags, Index};
use crate::systems::catalog::diff::known_rows::Remembered;
use crate::systems::catalog::plan::operation::Tally;
use crate::systems::catalog::store::{InUse, NewRow, ReadKnownRows as _, ReadObjects as _, RowLog, RowsEnding};

/// When more than one row in so many has to be looked up, all objects are read at once.
const MANY: usize = 16;

impl Session {
    /// Begins with what the state knows, the rows of the last feed included: what the feed still has of
    /// them isn't parsed again. For a comparison without a listing, which would have more to say.
    ///
    /// # Errors
    /// As [`Session::new`].
    pub fn remembering(reader: Reader, policy: Policy, now: Timestamp) -> Result<Session, SessionError> {
        // A clock that was put back may have sales begin or end that nobody thought of.
        let rows = reader.feed_rows()?.filter(|rows| rows.judged <= now && !rows.is_empty());
        let mut session = Session::empty(reader, policy)?;
        session.remembered = rows.map(|rows| Remembered::new(rows, now));
        session.load()?;
        Ok(session)
    }

    /// Keeps the rows of the feed, for the passes to come. `now` = the moment at which sales are judged.
    pub fn keep_rows(&mut self, now: Timestamp) {
        self.trail = Some(RowLog::new(self.remembered.as_ref().map(|remembered| &remembered.table), now));
    }

    /// Every object of a kind, or an index that has them added as they are asked for.
    pub(super) fn new_index(&mut self, kind: Kind) -> Result<Index, SessionError> {
        if let (Kind::Product, Some(remembered)) = (kind, &self.remembered) {
            self.summary.products.owned = remembered.table.owned;
            return Ok(Index::sparse());
        }
        let mut index = Index::default();
        self.reader.keys(kind, |row| index.push(row))?;
        self.summary.tally_mut(kind).owned = index.len() as u64;
        Ok(index)
    }

    /// Where an object is in the index, if there is anything to be said of it.
    pub(super) fn locate(&mut self, kind: Kind, key: Digest) -> Result<Option<usize>, SessionError> {
        let index = self.index(kind);
        let found = index.find(key);
        if found.is_some() || !index.is_sparse() || self.new_ids.contains(&key) {
            return Ok(found);
        }
        let Some(row) = self.reader.key(kind, key)? else { return Ok(None) };
        let index = self.index_mut(kind);
        index.push(row);
        Ok(Some(index.len() - 1))
    }

    /// Reads all objects, if so many more would be asked for that this is faster.
    fn read_all_if_many(&mut self, more: usize) -> Result<(), SessionError> {
        let Some(remembered) = &self.remembered else { return Ok(()) };
        if !self.products.is_sparse() || (self.products.len() + more) * MANY <= remembered.table.len() {
            return Ok(());
        }
        if !remembered.is_of_use {
            // All means something else than last time: two tables of everything would be one too many.
            self.remembered = None;
        }
        let mut all = Index::default();
        self.reader.keys(Kind::Product, |row| all.push(row))?;
        let sparse = std::mem::take(&mut self.products);
        let mut rest = Vec::new();
        for at in 0..sparse.len() {
            match all.find(sparse.key(at)) {
                Some(place) => all.mark(place, sparse.flags(at)),
                None => rest.push((sparse.key(at), sparse.flags(at))),
            }
        }
        if !rest.is_empty() {
            all.extend(rest);
        }
        self.products = all;
        Ok(())
    }

    /// Puts what no row of the feed became into the index.
    pub(super) fn locate_missing(&mut self) -> Result<(), SessionError> {
        let Some(remembered) = &self.remembered else { return Ok(()) };
        let missing = remembered.missing().count();
        self.read_all_if_many(missing)?;
        if missing == 0 || !self.products.is_sparse() {
            return Ok(());
        }
        let missing: Vec<i64> = self.remembered.iter().flat_map(Remembered::missing).collect();
        for object in missing {
            let id = self.reader.object_id(object)?;
            if self.locate(Kind::Product, self.key(&id))?.is_none() {
                return Err(self.lost_key(&id));
            }
        }
        Ok(())
    }

    /// Whether the feed has the object.
    pub(super) fn is_seen(&self, kind: Kind, at: usize) -> bool {
        let index = self.index(kind);
        let by_row = |remembered: &Remembered| remembered.has_seen(index.object(at));
        index.flags(at).has(Flags::SEEN) || (kind == Kind::Product && self.remembered.as_ref().is_some_and(by_row))
    }

    /// The feed has the object.
    pub(super) fn see(&mut self, kind: Kind, at: usize) {
        self.index_mut(kind).mark(at, Flags::SEEN);
        let object = self.index(kind).object(at);
        if let (Kind::Product, Some(remembered)) = (kind, &mut self.remembered) {
            remembered.see(object);
        }
    }

    /// The row with this digest, if it is known.
    fn recall(&mut self, digest: RowDigest) -> Result<bool, SessionError> {
        let Some(remembered) = &mut self.remembered else { return Ok(false) };
        let Some(at) = remembered.take(digest) else { return Ok(false) };
        let row = remembered.table.get(at);
        let changes_at = remembered.table.changes_at(at);
        let category = row.category.and_then(|category| remembered.new_category(category)).cloned();
        self.summary.unchanged += 1;
        self.count_item(row.category.is_some(), row.currency_assumed, changes_at);
        category.iter().for_each(|category| self.use_category(category));
        if let (Some(trail), Ok(at)) = (&mut self.trail, u32::try_from(at)) {
            trail.known(at)?;
        }
        Ok(true)
    }

    /// Compares a row that was parsed, and remembers it by its bytes.
    fn parsed(&mut self, offer: Offer, digest: Option<RowDigest>) -> Result<(), SessionError> {
        let (Some(digest), true) = (digest, self.trail.is_some()) else { return self.offer(offer) };
        let item = &offer.item;
        let row = NewRow {
            digest,
            key: self.key(item.id.as_str()),
            fields: item.digest(&self.hasher),
            category: None,
            currency_assumed: offer.currency_assumed,
            changes_at: offer.changes_at,
        };
        let category = item.category.clone();
        let set_aside = self.summary.set_aside;
        self.offer(offer)?;
        if let Some(trail) = self.trail.as_mut().filter(|_| self.summary.set_aside == set_aside) {
            let category = category.map(|category| trail.category(&category));
            trail.parsed(&NewRow { category, ..row })?;
        }
        Ok(())
    }

    /// What the state is to know of the rows, when the plan has been carried out.
    pub(super) fn rows_ending(&mut self) -> Option<RowsEnding> {
        let trail = self.trail.take()?;
        let Some(Remembered { table, .. }) = &self.remembered else { return Some(RowsEnding::New(trail)) };
        let Tally { owned, create, update, delete, note, .. } = self.summary.products;
        let is_same = !trail.has_new_rows() && trail.known_rows() == table.len() as u64;
        Some(if is_same && create + update + delete + note == 0 {
            RowsEnding::Same(InUse { rows: table.len() as u64, owned, judged: trail.judged(), content: table.content })
        } else {
            RowsEnding::New(trail)
        })
    }
}

impl Receiver for Session {
    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    fn knows_some(&self) -> bool {
        self.remembered.is_some()
    }

    fn foresee(&mut self, rows: &[RowDigest]) {
        if let Some(remembered) = &mut self.remembered {
            remembered.foresee(rows);
        }
    }

    fn knows(&mut self, row: RowDigest) -> Result<bool, SinkError> {
        Ok(self.recall(row)?)
    }

    fn is_first(&mut self, id: &str) -> Result<bool, SinkError> {
        self.read_all_if_many(0)?;
        let key = self.key(id);
        Ok(match self.locate(Kind::Product, key)? {
            Some(at) => !self.is_seen(Kind::Product, at),
            None => self.new_ids.insert(key),
        })
    }

    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError> {
        match row {
            Row::Offer(offer) => self.parsed(*offer, digest)?,
            Row::Rejected(rejection) => self.rejection(&rejection)?,
        }
        Ok(())
    }
}
