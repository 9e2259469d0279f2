//! What the state and NiceChat's listing say of objects: where a comparison looks items up.

use std::collections::HashMap;

use jiff::Timestamp;

use super::decide::{Base, Since};
use super::error::DifferError;
use super::fields::without;
use super::index::{Flags, Index};
use super::known_rows::KnownRows;
use crate::catalog::{Digest, Fields, Hasher, Kind};
use crate::feed::{FirstRows, RowPlace};
use crate::state::Reader;
use crate::systems::catalog::plan::store::PlanStore;
use crate::systems::catalog::store::ReadImports as _;
use crate::systems::catalog::store::ReadObjects as _;
use crate::systems::catalog::store::ReadRequests as _;
use crate::systems::catalog::store::{InDoubt, KeyRow, Known, Refused};

/// When more than one row in so many has to be looked up, all objects are read at once.
const MANY: usize = 16;

/// What is known of objects before the comparison, and which of them the feed turned out to have.
pub(super) struct Inventory {
    pub(super) reader: Reader,
    /// The state's.
    pub(super) hasher: Hasher,
    pub(super) categories: Index,
    pub(super) products: Index,
    owned_categories: u64,
    owned_products: u64,
    /// The rows of the last feed, if those that it shares with this one need not be parsed.
    pub(super) known_rows: Option<KnownRows>,
    /// Where the products are in the index that weren't looked up by their keys.
    guessed: Vec<usize>,
    /// How many of them were as they were acknowledged.
    idle: usize,
    /// The product that was guessed last, as it was read.
    read: Option<(i64, Known)>,
    /// Ids that the feed has and nobody knew.
    pub(super) new_ids: FirstRows,
    pub(super) in_doubt: HashMap<(Kind, Digest), InDoubt>,
    pub(super) refused: HashMap<(Kind, Digest), Refused>,
    /// Listed objects that aren't ours, while the listing is read.
    pub(super) foreign: Vec<(Kind, Digest)>,
    /// A listing was read.
    pub(super) is_listed: bool,
    /// A whole listing was read: what is not in it is not there.
    pub(super) absence_proven: bool,
    /// What may have happened since NiceChat was last looked at.
    pub(super) since: Since,
    /// An import may have created objects that nobody has seen since.
    pub(super) awaits_imported: bool,
}

impl Inventory {
    /// What the state knows.
    pub(super) fn new(reader: Reader) -> Result<Inventory, DifferError> {
        Inventory::load(reader, None)
    }

    /// What the state knows, the rows of the last feed included, as far as they mean the same at `now`.
    pub(super) fn with_known_rows(reader: Reader, now: Timestamp) -> Result<Inventory, DifferError> {
        let known_rows = KnownRows::read(&reader, now)?;
        Inventory::load(reader, known_rows)
    }

    /// From now on the rows of the last feed are known as well, but for those of products that the listing doesn't have as
    /// they were acknowledged. What an import or lost requests have done, only rows that are parsed can put right.
    pub(super) fn recall_rows(&mut self, now: Timestamp) -> Result<(), DifferError> {
        if self.since != Since::Nothing {
            return Ok(());
        }
        let Some(mut known_rows) = KnownRows::read(&self.reader, now)? else { return Ok(()) };
        let products = &self.products;
        let others = (0..products.len()).filter(|at| !products.flags(*at).is_as_listed());
        others.for_each(|at| known_rows.set_special(products.object(at)));
        self.known_rows = Some(known_rows);
        Ok(())
    }

    fn load(reader: Reader, known_rows: Option<KnownRows>) -> Result<Inventory, DifferError> {
        let hasher = reader.hasher().clone();
        let key = |id: &str| hasher.digest(id.as_bytes());
        let in_doubt = reader.journal()?.into_iter().map(|row| ((row.kind, key(&row.id)), row)).collect();
        let refused =
            reader.refused()?.into_iter().map(|refused| ((refused.kind, key(&refused.id)), refused)).collect();
        let mut inventory = Inventory {
            categories: Index::default(),
            products: Index::default(),
            owned_categories: 0,
            owned_products: 0,
            known_rows,
            guessed: Vec::new(),
            idle: 0,
            read: None,
            new_ids: FirstRows::default(),
            in_doubt,
            refused,
            foreign: Vec::new(),
            is_listed: false,
            absence_proven: false,
            since: match (reader.is_unsettled()? || reader.import_at_large()?.is_some(), reader.is_doubted()?) {
                (true, _) => Since::OtherImport,
                (false, true) => Since::LostWrites,
                (false, false) => Since::Nothing,
            },
            awaits_imported: reader.awaits_imported()?,
            hasher,
            reader,
        };
        Kind::ALL.into_iter().try_for_each(|kind| inventory.load_index(kind))?;
        Ok(inventory)
    }

    fn load_index(&mut self, kind: Kind) -> Result<(), DifferError> {
        *self.index_mut(kind) = self.new_index(kind)?;
        let in_doubt = self.in_doubt.keys().map(|key| (*key, Flags::IN_DOUBT));
        let refused = self.refused.keys().map(|key| (*key, Flags::REFUSED));
        let special: Vec<_> = in_doubt.chain(refused).filter(|((of, _), _)| *of == kind).collect();
        let mut missing = HashMap::new();
        for ((_, key), flags) in special {
            match self.locate(kind, key)? {
                Some(at) => {
                    self.index_mut(kind).mark(at, flags);
                    let object = self.index(kind).object(at);
                    if let (Kind::Product, Some(known_rows)) = (kind, &mut self.known_rows) {
                        known_rows.set_special(object);
                    }
                }
                None => missing.entry(key).or_insert_with(Flags::default).add(flags),
            }
        }
        if !missing.is_empty() {
            self.index_mut(kind).extend(missing);
        }
        Ok(())
    }

    /// How many objects of a kind are ours.
    pub(super) fn owned(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Category => self.owned_categories,
            Kind::Product => self.owned_products,
        }
    }

    fn owned_mut(&mut self, kind: Kind) -> &mut u64 {
        match kind {
            Kind::Category => &mut self.owned_categories,
            Kind::Product => &mut self.owned_products,
        }
    }

    /// An id's key.
    pub(super) fn key(&self, id: &str) -> Digest {
        self.hasher.digest(id.as_bytes())
    }

    pub(super) fn index(&self, kind: Kind) -> &Index {
        match kind {
            Kind::Category => &self.categories,
            Kind::Product => &self.products,
        }
    }

    pub(super) fn index_mut(&mut self, kind: Kind) -> &mut Index {
        match kind {
            Kind::Category => &mut self.categories,
            Kind::Product => &mut self.products,
        }
    }

    /// Every object of a kind, or an index that has them added as they are asked for.
    fn new_index(&mut self, kind: Kind) -> Result<Index, DifferError> {
        if let (Kind::Product, Some(known_rows)) = (kind, &self.known_rows) {
            self.owned_products = known_rows.table.owned;
            return Ok(Index::sparse());
        }
        let mut index = Index::default();
        self.reader.keys(kind, |row| index.push(row))?;
        *self.owned_mut(kind) = index.len() as u64;
        Ok(index)
    }

    /// Where an object is in the index, if there is anything to be said of it.
    pub(super) fn locate(&mut self, kind: Kind, key: Digest) -> Result<Option<usize>, DifferError> {
        let index = self.index(kind);
        let found = index.find(key);
        if found.is_some() || !index.is_sparse() || self.new_ids.has(key) {
            return Ok(found);
        }
        let Some(row) = self.reader.key(kind, key)? else { return Ok(None) };
        let index = self.index_mut(kind);
        index.push(row);
        Ok(Some(index.len() - 1))
    }

    /// Puts the product with this id into the index, if it is the one whose row was in the place of this one: that is
    /// told by reading the product, which a changed row needs anyway, and saves the looking up of its key.
    pub(super) fn guess(&mut self, id: &str, key: Digest) -> Result<(), DifferError> {
        if !self.products.is_sparse() || self.products.find(key).is_some() || self.new_ids.has(key) {
            return Ok(());
        }
        let Some(known_rows) = &mut self.known_rows else { return Ok(()) };
        let Some(object) = known_rows.guess() else { return Ok(()) };
        let known = self.reader.object(object)?;
        known_rows.guessed(known.id == id);
        if known.id == id {
            self.guessed.push(self.products.len());
            self.products.push(KeyRow { key, digest: 0, object });
            self.read = Some((object, known));
        }
        Ok(())
    }

    /// Makes sure that what was guessed is found by its key as well, by which it is written. Keys that are looked up in
    /// their order lie beside each other.
    pub(super) fn verify_guesses(&mut self) -> Result<(), DifferError> {
        let products = &self.products;
        self.guessed.sort_unstable_by_key(|at| products.key(*at));
        for &at in &self.guessed {
            if self.products.digest(at) != 0 {
                continue;
            }
            let (key, object) = (self.products.key(at), self.products.object(at));
            match self.reader.key(Kind::Product, key)?.filter(|row| row.object == object) {
                Some(row) => self.products.set_digest(at, row.digest),
                None => return Err(self.lost_key(&self.reader.object_id(object)?)),
            }
        }
        Ok(())
    }

    /// Of an object as it was acknowledged; see [`Index::digest`].
    pub(super) fn digest(&mut self, kind: Kind, at: usize) -> Result<Digest, DifferError> {
        let index = self.index(kind);
        let (digest, key) = (index.digest(at), index.key(at));
        if digest != 0 || !index.is_sparse() || index.object(at) == 0 {
            return Ok(digest);
        }
        let object = index.object(at);
        let Some(row) = self.reader.key(kind, key)?.filter(|row| row.object == object) else {
            return Err(self.lost_key(&self.reader.object_id(object)?));
        };
        self.index_mut(kind).set_digest(at, row.digest);
        Ok(row.digest)
    }

    /// Whether an object as it is wanted is as it was acknowledged, which shows now that all of it was read.
    pub(super) fn is_idle(&mut self, kind: Kind, at: usize, wanted: Digest) -> Result<bool, DifferError> {
        let was_read = self.index(kind).digest(at) != 0;
        let is_idle = self.digest(kind, at)? == wanted;
        if is_idle && !was_read {
            self.idle += 1;
            self.known_rows.iter_mut().for_each(KnownRows::guessed_for_nothing);
        }
        Ok(is_idle)
    }

    /// Reads all objects, if so many more would be asked for that this is faster.
    pub(super) fn read_all_if_many(&mut self, more: usize) -> Result<(), DifferError> {
        let Some(known_rows) = &self.known_rows else { return Ok(()) };
        let asked = self.products.len() - (self.guessed.len() - self.idle) + more;
        if self.products.is_sparse() && asked * MANY <= known_rows.table.len() {
            return Ok(());
        }
        // All means something else than last time: two tables of everything would be one too many.
        let is_useless = if self.products.is_sparse() { !known_rows.is_of_use } else { known_rows.is_useless(MANY) };
        if is_useless {
            self.known_rows = None;
        }
        if !self.products.is_sparse() {
            return Ok(());
        }
        let mut all = Index::default();
        self.reader.keys(Kind::Product, |row| all.push(row))?;
        let sparse = std::mem::take(&mut self.products);
        self.guessed.clear();
        self.idle = 0;
        let mut rest = Vec::new();
        for at in 0..sparse.len() {
            match all.find(sparse.key(at)) {
                place if sparse.object(at) != 0 && place.map(|place| all.object(place)) != Some(sparse.object(at)) => {
                    return Err(self.lost_key(&self.reader.object_id(sparse.object(at))?));
                }
                Some(place) => {
                    all.mark(place, sparse.flags(at));
                    all.set_place(place, sparse.place(at));
                }
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
    pub(super) fn locate_missing(&mut self) -> Result<(), DifferError> {
        let Some(known_rows) = &self.known_rows else { return Ok(()) };
        let missing = known_rows.missing().count();
        self.read_all_if_many(missing)?;
        if missing == 0 || !self.products.is_sparse() {
            return Ok(());
        }
        let missing: Vec<i64> = self.known_rows.iter().flat_map(KnownRows::missing).collect();
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
        let by_row = |known_rows: &KnownRows| known_rows.has_seen(index.object(at));
        index.flags(at).has(Flags::SEEN) || (kind == Kind::Product && self.known_rows.as_ref().is_some_and(by_row))
    }

    /// The first row of a product that the feed has.
    pub(super) fn place(&mut self, at: usize) -> RowPlace {
        let (parsed, object) = (self.products.place(at), self.products.object(at));
        let known = self.known_rows.as_mut().filter(|_| parsed == RowPlace::UNKNOWN);
        known.map_or(parsed, |known_rows| known_rows.place(object))
    }

    /// The feed has the object.
    pub(super) fn see(&mut self, kind: Kind, at: usize) {
        self.index_mut(kind).mark(at, Flags::SEEN);
        let object = self.index(kind).object(at);
        if let (Kind::Product, Some(known_rows)) = (kind, &mut self.known_rows) {
            known_rows.see(object);
        }
    }

    pub(super) fn is_gone(&self, flags: Flags) -> bool {
        self.absence_proven && !flags.has(Flags::LISTED)
    }

    /// Whether no earlier request about an object is in doubt.
    pub(super) fn is_plain(&self, kind: Kind, key: Digest) -> bool {
        !self.in_doubt.contains_key(&(kind, key))
    }

    /// What is known of an object in the index.
    pub(super) fn base(&mut self, kind: Kind, at: usize, store: &PlanStore) -> Result<Base, DifferError> {
        let (flags, key) = (self.index(kind).flags(at), self.index(kind).key(at));
        if self.is_gone(flags) {
            return Ok(Base::Absent);
        }
        if self.index(kind).object(at) != 0 {
            let mut known = self.known(kind, at)?;
            let seen = if flags.has(Flags::OBSERVED) { store.observed(kind, key)? } else { None };
            let (drift, has_new_picture) = seen.map_or_else(Default::default, |seen| {
                known.answered = seen.answered;
                known.repaired = seen.repaired;
                (seen.drift, seen.has_new_picture)
            });
            return Ok(Base::Ours { known, drift, has_new_picture });
        }
        let listed = if flags.has(Flags::FOREIGN) { store.listed(kind, key)? } else { None };
        Ok(listed.map_or(Base::Absent, |(_, fields)| Base::Listed(fields)))
    }

    /// What was last acknowledged of the fields of an object that are in doubt.
    pub(super) fn in_doubt(&mut self, kind: Kind, at: usize) -> Result<Fields, DifferError> {
        let index = self.index(kind);
        if index.object(at) == 0 || !index.flags(at).has(Flags::IN_DOUBT) {
            return Ok(Fields::new());
        }
        let object = index.object(at);
        let settled = self.known(kind, at)?.acked;
        Ok(without(&self.reader.object(object)?.acked, &settled))
    }

    /// The state's row of an object of ours, without the fields that are in doubt.
    pub(super) fn known(&mut self, kind: Kind, at: usize) -> Result<Known, DifferError> {
        let object = self.index(kind).object(at);
        let read = self.read.take_if(|(read, _)| *read == object).map(|(_, known)| known);
        let mut known = read.map_or_else(|| self.reader.object(object), Ok)?;
        let index = self.index(kind);
        // Else the feed has it under another key, and it would be taken for gone.
        if self.key(&known.id) != index.key(at) {
            return Err(self.lost_key(&known.id));
        }
        if index.flags(at).has(Flags::IN_DOUBT) {
            match self.in_doubt.get(&(kind, index.key(at))) {
                Some(InDoubt { fields: Some(fields), .. }) => known.acked.retain(|name, _| !fields.contains(name)),
                _ => known.acked.clear(),
            }
        }
        Ok(known)
    }

    pub(super) fn lost_key(&self, id: &str) -> DifferError {
        self.reader.damaged(format!("the {id:?} that it has can't be found by its id")).into()
    }
}
