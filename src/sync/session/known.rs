//! Rows that are known by their bytes, and what is to be known of them next time.
//!
//! A known row stands for an object that is acknowledged as the row wants it, so that it counts as
//! unchanged without being parsed. Objects of which more is to be said (in doubt, refused) have no
//! known rows; after a listing no row is known at all.

use std::collections::HashMap;

use hashbrown::HashTable;
use jiff::Timestamp;

use super::{Policy, Session, SessionError, key_of};
use crate::catalog::{Category, Digest, Kind};
use crate::feed::{Receiver, Row, RowDigest, SinkError};
use crate::state::{CHUNK, KeyRow, KnownRow, Objects, OpenRow, Reader, RowChunk, RowTable};
use crate::sync::index::{Flags, Index};

/// When one in so many products was looked up by itself, reading all of them is cheaper.
const SINGLE: u64 = 16;

/// So many single looks are cheap whatever the state's size.
const FREE: u64 = 4;

/// The table of rows, and how far the feed has come along it.
pub(super) struct Shortcut {
    table: RowTable,
    now: Timestamp,
    next: usize,
    places: Option<HashTable<u32>>,
    /// Objects that a row of the feed has claimed.
    taken: Objects,
    /// Objects that take more than a look at their row's bytes.
    special: Objects,
    /// Which of the table's categories were met.
    met: Vec<bool>,
    /// What is remembered for the next pass.
    notes: Option<Notes>,
}

impl Shortcut {
    fn new(table: RowTable, now: Timestamp, notes: Option<Notes>) -> Shortcut {
        let met = vec![false; table.categories.len()];
        let (taken, special) = Default::default();
        Shortcut { table, now, next: 0, places: None, taken, special, met, notes }
    }

    /// Where the row with this digest is: mostly where the feed's last known row lets it be expected.
    fn find(&mut self, digest: Digest) -> Option<usize> {
        let digests = self.table.digests();
        // One more row ahead, because a changed row leaves its old one unmet.
        if let Some(at) = (self.next..digests.len().min(self.next + 2)).find(|at| digests[*at] == digest) {
            return Some(at);
        }
        let places = self.places.get_or_insert_with(|| places(digests));
        places.find(hash(digest), |at| digests[*at as usize] == digest).map(|at| *at as usize)
    }

    /// The row with this digest, which has claimed its object from here on.
    fn take(&mut self, digest: Digest) -> Option<KnownRow> {
        let at = self.find(digest)?;
        let row = self.table.row(at);
        let holds = row.changes_at.is_none_or(|moment| moment > self.now);
        if !holds || self.special.has(row.object) || !self.taken.insert(row.object) {
            return None;
        }
        self.next = at + 1;
        if let Some(notes) = &mut self.notes {
            notes.known(&self.table, at);
        }
        Some(row)
    }
}

fn hash(digest: Digest) -> u64 {
    digest as u64
}

fn places(digests: &[Digest]) -> HashTable<u32> {
    let mut places = HashTable::with_capacity(digests.len());
    for (at, digest) in (0_u32..).zip(digests) {
        places.insert_unique(hash(*digest), at, |at| hash(digests[*at as usize]));
    }
    places
}

/// What a pass learned about the rows of its feed.
#[derive(Debug)]
pub struct NextRows {
    /// Whether the table has these very rows already; else they are in the staging.
    pub are_the_same: bool,
    /// The categories of the rows.
    pub categories: Vec<Category>,
    /// The moment at which sales were judged.
    pub now: Timestamp,
}

/// The next table, under way. While the feed keeps to the old one, nothing needs to be written.
#[derive(Default)]
struct Notes {
    /// Rows from the beginning on that are those of the old table; `None` = another one came.
    same: Option<usize>,
    chunk: RowChunk,
    full: Vec<RowChunk>,
    categories: Vec<Category>,
    numbers: HashMap<(String, Option<String>), u32>,
    /// What the old table's categories are in the new one.
    translated: HashMap<u32, Option<u32>>,
}

impl Notes {
    fn known(&mut self, table: &RowTable, at: usize) {
        if self.same == Some(at) {
            self.same = Some(at + 1);
            return;
        }
        self.depart(table);
        self.copy(table, at);
    }

    /// From here on the feed has other rows.
    fn depart(&mut self, table: &RowTable) {
        if let Some(same) = self.same.take() {
            (0..same).for_each(|at| self.copy(table, at));
        }
    }

    fn copy(&mut self, table: &RowTable, at: usize) {
        let row = table.row(at);
        let category = row.category.and_then(|old| match self.translated.get(&old) {
            Some(new) => *new,
            None => {
                let new = table.categories.get(old as usize).and_then(|category| self.number(category));
                self.translated.insert(old, new);
                new
            }
        });
        self.push(KnownRow { category, ..row }, None);
    }

    fn number(&mut self, category: &Category) -> Option<u32> {
        let key = (category.id.as_str().to_owned(), category.name.clone());
        if let Some(number) = self.numbers.get(&key) {
            return Some(*number);
        }
        let number = u32::try_from(self.categories.len()).ok()?;
        self.categories.push(category.clone());
        self.numbers.insert(key, number);
        Some(number)
    }

    fn push(&mut self, row: KnownRow, open: Option<OpenRow>) {
        self.chunk.push(row, open);
        if self.chunk.len() == CHUNK {
            self.full.push(std::mem::take(&mut self.chunk));
        }
    }
}

impl Session {
    /// Begins with what the state knows, the bytes of the feed's rows included. No listing is taken in.
    ///
    /// # Errors
    /// As [`Session::new`].
    pub fn by_bytes(reader: Reader, policy: Policy, now: Timestamp) -> Result<Session, SessionError> {
        let table = reader.feed_rows(now)?;
        Session::begin(reader, policy, table.map(|table| Shortcut::new(table, now, None)))
    }

    /// Remembers the rows for the next pass.
    pub fn remember(&mut self, now: Timestamp) {
        match &mut self.shortcut {
            Some(shortcut) => shortcut.notes = Some(Notes { same: Some(0), ..Notes::default() }),
            None => self.shortcut = Some(Shortcut::new(RowTable::default(), now, Some(Notes::default()))),
        }
    }

    /// Reads every object's key, unless the feed's rows will mostly do without; how many are ours.
    pub(super) fn load_index(&mut self, kind: Kind) -> Result<u64, SessionError> {
        if kind == Kind::Product
            && let Some(shortcut) = &self.shortcut
        {
            self.products = Index::unsorted();
            return Ok(shortcut.table.owned);
        }
        let mut index = Index::default();
        self.reader.keys(kind, |row: KeyRow| index.push(row))?;
        *self.index_mut(kind) = index;
        Ok(self.index(kind).len() as u64)
    }

    /// An object's place in the index, where it is put if only the state had it.
    pub(super) fn find(&mut self, kind: Kind, key: Digest) -> Result<Option<usize>, SessionError> {
        let found = self.index(kind).find(key);
        if found.is_some() || !self.index(kind).is_partial() {
            return Ok(found);
        }
        if self.index(kind).len() as u64 > FREE + self.summary.products.owned / SINGLE {
            self.load_all_products()?;
            return Ok(self.products.find(key));
        }
        let Some(row) = self.reader.key(kind, key)? else { return Ok(None) };
        self.index_mut(kind).push(row);
        Ok(Some(self.index(kind).len() - 1))
    }

    fn load_all_products(&mut self) -> Result<(), SessionError> {
        let few = std::mem::take(&mut self.products);
        let mut all = Index::default();
        self.reader.keys(Kind::Product, |row: KeyRow| all.push(row))?;
        let mut others = Vec::new();
        for at in 0..few.len() {
            match all.find(few.key(at)) {
                Some(place) => all.mark(place, few.flags(at)),
                None => others.push((few.key(at), few.flags(at))),
            }
        }
        if !others.is_empty() {
            all.extend(others);
        }
        self.products = all;
        Ok(())
    }

    /// Brings into the index what may have to be deleted.
    pub(super) fn load_unseen(&mut self) -> Result<(), SessionError> {
        let Some(shortcut) = self.shortcut.as_ref().filter(|_| self.products.is_partial()) else { return Ok(()) };
        let table = &shortcut.table;
        if shortcut.taken.len() == table.owned {
            return Ok(());
        }
        let objects = table.objects().iter().chain(&table.rest);
        let unseen: Vec<u32> = objects.copied().filter(|object| !shortcut.taken.has(*object)).collect();
        if unseen.len() as u64 > FREE + table.owned / SINGLE {
            return self.load_all_products();
        }
        for object in unseen {
            let known = self.reader.object(i64::from(object))?;
            self.find(Kind::Product, key_of(&known.id))?;
        }
        Ok(())
    }

    /// Whether the feed has it.
    pub(super) fn is_seen(&self, kind: Kind, at: usize) -> bool {
        let index = self.index(kind);
        index.flags(at).has(Flags::SEEN)
            || (kind == Kind::Product
                && !index.flags(at).has(Flags::CLAIMED)
                && self.shortcut.as_ref().is_some_and(|shortcut| shortcut.taken.has(object_of(index, at))))
    }

    /// The object's row is to be parsed whatever its bytes.
    pub(super) fn never_by_bytes(&mut self, kind: Kind, at: usize) {
        let object = object_of(self.index(kind), at);
        if let Some(shortcut) = self.shortcut.as_mut().filter(|_| kind == Kind::Product && object != 0) {
            shortcut.special.insert(object);
        }
    }

    fn note(&mut self, digest: RowDigest, row: &Noted) -> Result<(), SessionError> {
        if self.shortcut.as_ref().is_none_or(|shortcut| shortcut.notes.is_none()) {
            return Ok(());
        }
        let mut special = Flags::IN_DOUBT;
        special.add(Flags::REFUSED);
        let at = self.find(Kind::Product, row.open.key)?;
        let is_settled =
            |at: &usize| self.products.digest(*at) == row.open.item && !self.products.flags(*at).has(special);
        let object = at.filter(is_settled).map_or(0, |at| object_of(&self.products, at));
        let Some(Shortcut { notes: Some(notes), table, .. }) = &mut self.shortcut else { return Ok(()) };
        notes.depart(table);
        let category = row.category.as_ref().and_then(|category| notes.number(category));
        let (currency_assumed, changes_at) = (row.currency_assumed, row.changes_at);
        let known = KnownRow { digest: digest.0, object, category, currency_assumed, changes_at };
        notes.push(known, (object == 0).then_some(row.open));
        self.put_full_chunks()
    }

    fn put_full_chunks(&mut self) -> Result<(), SessionError> {
        let Some(Shortcut { notes: Some(notes), .. }) = &mut self.shortcut else { return Ok(()) };
        for chunk in notes.full.drain(..) {
            self.staging.put_rows(&chunk)?;
        }
        Ok(())
    }

    /// What is known of the rows next time.
    pub(super) fn end_of_rows(&mut self) -> Result<Option<NextRows>, SessionError> {
        let Some(Shortcut { notes: Some(notes), table, now, .. }) = &mut self.shortcut else { return Ok(None) };
        let now = *now;
        if notes.same == Some(table.len()) {
            return Ok(Some(NextRows { are_the_same: true, categories: table.categories.clone(), now }));
        }
        notes.depart(table);
        let rest = std::mem::take(&mut notes.chunk);
        notes.full.push(rest);
        let categories = std::mem::take(&mut notes.categories);
        self.put_full_chunks()?;
        Ok(Some(NextRows { are_the_same: false, categories, now }))
    }
}

/// What is to be remembered of an accepted row.
struct Noted {
    open: OpenRow,
    category: Option<std::sync::Arc<Category>>,
    currency_assumed: bool,
    changes_at: Option<Timestamp>,
}

impl Receiver for Session {
    fn knows(&mut self, RowDigest(digest): RowDigest) -> Result<bool, SinkError> {
        let Some(shortcut) = &mut self.shortcut else { return Ok(false) };
        let Some(row) = shortcut.take(digest) else { return Ok(false) };
        let category = row.category.map(|category| category as usize);
        if let Some(at) = category.filter(|at| shortcut.met.get(*at) == Some(&false)) {
            shortcut.met[at] = true;
            let category = shortcut.table.categories[at].clone();
            self.use_category(&category);
        }
        self.item_counts(row.changes_at, row.currency_assumed, category.is_some());
        self.summary.unchanged += 1;
        self.put_full_chunks()?;
        Ok(true)
    }

    fn is_first(&mut self, id: &str) -> Result<bool, SinkError> {
        let key = key_of(id);
        let Some(at) = self.find(Kind::Product, key)? else { return Ok(self.claimed.insert(key)) };
        if self.products.flags(at).has(Flags::CLAIMED) {
            return Ok(false);
        }
        let object = object_of(&self.products, at);
        if let Some(shortcut) = self.shortcut.as_mut().filter(|_| object != 0)
            && !shortcut.taken.insert(object)
        {
            return Ok(false);
        }
        self.products.mark(at, Flags::CLAIMED);
        Ok(true)
    }

    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError> {
        let noted = match (&row, digest) {
            (Row::Offer(offer), Some(digest)) => {
                let open = OpenRow { key: key_of(offer.item.id.as_str()), item: offer.item.digest() };
                let (currency_assumed, changes_at) = (offer.currency_assumed, offer.changes_at);
                Some((digest, Noted { open, category: offer.item.category.clone(), currency_assumed, changes_at }))
            }
            _ => None,
        };
        Session::row(self, row)?;
        if let Some((digest, noted)) = noted {
            self.note(digest, &noted)?;
        }
        Ok(())
    }
}

/// 0 = none that the table of rows could name.
fn object_of(index: &Index, at: usize) -> u32 {
    u32::try_from(index.object(at)).unwrap_or(0)
}
