//! From rows to a plan: each item is looked up as it is read, and only what differs is kept.
//!
//! The one way from bytes to the difference. It is given a state that it can read and a temporary
//! file of its own; it could not change anything if it tried.

mod closing;
mod rows;
mod twins;

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use thiserror::Error;
use tracing::info;

use crate::catalog::{Category, Digest, Fields, Hasher, Id, Kind, Rejection};
use crate::config::{Prune, VanishedCategory};
use crate::feed::{Offer, Row};
use crate::remote::nicechat::{ProductFields, product_fields};
use crate::state::{InDoubt, Known, Reader, Refused, RowsEnding, StateError, Trail};
use crate::systems::catalog::diff::decide::{Base, Since, Wanted, adoption, decide, observe};
use crate::systems::catalog::diff::index::{Flags, Index};
use crate::systems::catalog::diff::known_rows::Remembered;
use crate::systems::catalog::plan::operation::{Action, Operation, Summary};
use crate::systems::catalog::plan::store::{Staging, StagingError};

/// What can stop the comparison.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The temporary file.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The rows that are to be remembered.
    #[error("a temporary file can't be written: {0}; is there room where TMPDIR points?")]
    Rows(#[from] std::io::Error),
}

/// The settings that a plan depends on.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What may be deleted.
    pub prune: Prune,
    /// What becomes of categories without items.
    pub vanished_category: VanishedCategory,
    /// Never pruned: our products may refer to it.
    pub default_category: Option<Id>,
    /// Try again what NiceChat refused.
    pub retry_refused: bool,
}

/// A finished comparison.
pub struct Comparison {
    /// The operations and the rejected rows.
    pub staging: Staging,
    /// What they come to.
    pub summary: Summary,
    /// When a sale in the feed begins or ends next.
    pub changes_at: Option<Timestamp>,
    /// What the state is to know of the feed's rows, once the plan has been carried out.
    pub rows: Option<RowsEnding>,
    /// Objects that an import may have created, and with which nothing is done in this pass.
    pub left: Vec<(Kind, Id)>,
}

/// The most words of broken rows that are remembered.
const MENTIONS: usize = 1_000_000;

/// A comparison under way.
pub struct Session {
    reader: Reader,
    /// The state's.
    hasher: Hasher,
    staging: Staging,
    policy: Policy,
    summary: Summary,
    categories: Index,
    products: Index,
    /// The rows of the last feed, if those that it shares with this one need not be parsed.
    remembered: Option<Remembered>,
    /// The rows of this feed, if they are to be remembered.
    trail: Option<Trail>,
    /// Ids that the feed has and nobody knew.
    new_ids: HashSet<Digest>,
    in_doubt: HashMap<(Kind, Digest), InDoubt>,
    refused: HashMap<(Kind, Digest), Refused>,
    foreign: Vec<(Kind, Digest)>,
    /// A whole listing was read: what is not in it is not there.
    absence_proven: bool,
    used: HashMap<Id, String>,
    /// Names of the categories in use, once all rows are read.
    names: HashSet<String>,
    kept: HashSet<String>,
    /// Products set aside whose category may be sent in this pass, which can change the answer.
    set_aside: Vec<(Id, Wanted)>,
    changes_at: Option<Timestamp>,
    /// A row was too broken to tell whose it is: no product's absence is proven.
    some_row_is_unknown: bool,
    /// Why the feed may have gone on: no object's absence is proven.
    unproven: Option<&'static str>,
    /// What may have happened since NiceChat was last looked at.
    since: Since,
    /// An import may have created objects that nobody has seen since.
    awaits_imported: bool,
    /// Ids that stand in broken rows: what is missed of them may have been in one.
    mentioned: HashSet<Digest>,
    /// Objects of an import's that are there, and with which nothing is done now.
    left: Vec<(Kind, Id)>,
}

impl Session {
    /// Begins with what the state knows.
    ///
    /// # Errors
    /// When the state can't be read, or there is no room for a temporary file.
    pub fn new(reader: Reader, policy: Policy) -> Result<Session, SessionError> {
        let mut session = Session::empty(reader, policy)?;
        session.load()?;
        Ok(session)
    }

    fn empty(reader: Reader, policy: Policy) -> Result<Session, SessionError> {
        Ok(Session {
            staging: Staging::new()?,
            policy,
            summary: Summary::default(),
            categories: Index::default(),
            products: Index::default(),
            remembered: None,
            trail: None,
            new_ids: HashSet::new(),
            in_doubt: HashMap::new(),
            refused: HashMap::new(),
            foreign: Vec::new(),
            absence_proven: false,
            used: HashMap::new(),
            names: HashSet::new(),
            kept: HashSet::new(),
            set_aside: Vec::new(),
            changes_at: None,
            some_row_is_unknown: false,
            unproven: None,
            since: match (reader.is_unsettled()?, reader.is_doubted()?) {
                (true, _) => Since::Import,
                (false, true) => Since::LostWrites,
                (false, false) => Since::Nothing,
            },
            awaits_imported: reader.awaits_imported()?,
            mentioned: HashSet::new(),
            left: Vec::new(),
            hasher: reader.hasher().clone(),
            reader,
        })
    }

    fn load(&mut self) -> Result<(), SessionError> {
        let hasher = self.hasher.clone();
        let key = |id: &str| hasher.digest(id.as_bytes());
        let journal = self.reader.journal()?;
        self.in_doubt = journal.into_iter().map(|row| ((row.kind, key(&row.id)), row)).collect();
        let refused = self.reader.refused()?;
        self.refused = refused.into_iter().map(|refused| ((refused.kind, key(&refused.id)), refused)).collect();
        for kind in Kind::ALL {
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
                        if let (Kind::Product, Some(remembered)) = (kind, &mut self.remembered) {
                            remembered.set_special(object);
                        }
                    }
                    None => missing.entry(key).or_insert_with(Flags::default).add(flags),
                }
            }
            if !missing.is_empty() {
                self.index_mut(kind).extend(missing);
            }
        }
        Ok(())
    }

    /// An id's key.
    fn key(&self, id: &str) -> Digest {
        self.hasher.digest(id.as_bytes())
    }

    fn index(&self, kind: Kind) -> &Index {
        match kind {
            Kind::Category => &self.categories,
            Kind::Product => &self.products,
        }
    }

    fn index_mut(&mut self, kind: Kind) -> &mut Index {
        match kind {
            Kind::Category => &mut self.categories,
            Kind::Product => &mut self.products,
        }
    }

    /// Takes in a page of NiceChat's listing.
    ///
    /// # Errors
    /// When the state or the temporary file can't be used.
    pub fn observe(&mut self, kind: Kind, objects: Vec<(Id, Fields)>) -> Result<(), SessionError> {
        for (id, listed) in objects {
            let key = self.key(id.as_str());
            match self.index(kind).find(key) {
                Some(at) if self.index(kind).object(at) != 0 => {
                    self.index_mut(kind).mark(at, Flags::LISTED);
                    let known = self.known(kind, at)?;
                    let seen = observe(&known, &listed, self.since);
                    for field in &seen.learned {
                        info!(object = %id, field, "NiceChat writes this value its own way; not repaired again until the source changes");
                    }
                    if !seen.drift.is_empty() || seen.answered != known.answered || seen.repaired != known.repaired {
                        self.index_mut(kind).mark(at, Flags::OBSERVED);
                        self.staging.put_observed(kind, key, seen)?;
                    }
                }
                _ => {
                    if self.staging.put_listed(kind, key, &id, &listed)? {
                        self.foreign.push((kind, key));
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends the listing. `whole` = every page was read and the counts agree.
    pub fn listing_ends(&mut self, whole: bool) {
        self.absence_proven = whole;
        self.summary.is_listed = whole;
        let foreign = std::mem::take(&mut self.foreign);
        for kind in Kind::ALL {
            let mut flags = Flags::FOREIGN;
            flags.add(Flags::LISTED);
            let mut new = Vec::new();
            for key in foreign.iter().filter(|(of, _)| *of == kind).map(|(_, key)| *key) {
                match self.index(kind).find(key) {
                    Some(at) => self.index_mut(kind).mark(at, flags),
                    None => new.push((key, flags)),
                }
            }
            if !new.is_empty() {
                self.index_mut(kind).extend(new);
            }
        }
    }

    /// Takes in a row of the feed.
    ///
    /// # Errors
    /// When the state or the temporary file can't be used.
    pub fn row(&mut self, row: Row) -> Result<(), SessionError> {
        match row {
            Row::Offer(offer) => self.offer(*offer),
            Row::Rejected(rejection) => self.rejection(&rejection),
        }
    }

    fn offer(&mut self, offer: Offer) -> Result<(), SessionError> {
        let Offer { item, changes_at, currency_assumed, strange_stock, line: _ } = offer;
        strange_stock.iter().for_each(|word| self.summary.strange_stock.add(word));
        self.count_item(item.category.is_some(), currency_assumed, changes_at);
        item.category.iter().for_each(|category| self.use_category(category));
        let key = self.key(item.id.as_str());
        let sent = if self.locate(Kind::Product, key)?.is_none() && self.is_plain(Kind::Product, key) {
            // As `want` has it, without taking the item apart: a first load is made of these.
            self.summary.products.create += 1;
            self.staging.add_create(Kind::Product, &item.id, &ProductFields(&item), item.digest(&self.hasher))?;
            true
        } else {
            self.want(Kind::Product, &item.id, |hasher| item.digest(hasher), || product_fields(&item))?
        };
        self.summary.unchanged += u64::from(!sent);
        Ok(())
    }

    fn count_item(&mut self, is_categorised: bool, currency_assumed: bool, changes_at: Option<Timestamp>) {
        self.summary.items += 1;
        self.summary.categorised += u64::from(is_categorised);
        self.summary.currency_assumed += u64::from(currency_assumed);
        self.changes_at = [self.changes_at, changes_at].into_iter().flatten().min();
    }

    fn use_category(&mut self, category: &Category) {
        if let Some(name) = category.name.as_ref().filter(|_| !self.used.contains_key(&category.id)) {
            self.used.insert(category.id.clone(), name.clone());
        }
    }

    /// A row that was not taken leaves the product that we know by its id as it is.
    fn rejection(&mut self, rejection: &Rejection) -> Result<(), SessionError> {
        self.summary.rejected += 1;
        self.staging.reject(rejection)?;
        self.changes_at = [self.changes_at, rejection.changes_at].into_iter().flatten().min();
        // A row too broken to tell its id may be that of any product that is missed later.
        let is_nameless = rejection.id.is_none() && rejection.field == "id";
        self.summary.nameless += u64::from(is_nameless);
        self.some_row_is_unknown |= rejection.id.is_none() && !is_nameless;
        for word in rejection.mentions.iter().take(MENTIONS.saturating_sub(self.mentioned.len())) {
            self.mentioned.insert(self.key(word));
        }
        let Some(id) = rejection.id.as_deref() else { return Ok(()) };
        let Some(at) = self.locate(Kind::Product, self.key(id))? else {
            self.some_row_is_unknown |= rejection.is_doubtful;
            // Of a duplicate's id the first row tells.
            self.summary.strangers += u64::from(rejection.field != "id");
            return Ok(());
        };
        if self.is_seen(Kind::Product, at) {
            return Ok(());
        }
        self.keep_category(Kind::Product, at)?;
        self.keep(Kind::Product, at)?;
        self.leave_foreign(Kind::Product, at)
    }

    /// Keeps the category that a product was last acknowledged to be in: a move to another one may be
    /// in doubt, or refused.
    fn keep_category(&mut self, kind: Kind, at: usize) -> Result<(), SessionError> {
        let category = self.acknowledged_category(kind, at)?;
        self.kept.extend(category);
        Ok(())
    }

    fn acknowledged_category(&self, kind: Kind, at: usize) -> Result<Option<String>, SessionError> {
        let object = self.index(kind).object(at);
        if kind == Kind::Category || object == 0 {
            return Ok(None);
        }
        let acked = self.reader.object(object)?.acked;
        Ok(category_of(&acked))
    }

    /// Marks an object as wanted the way it was last acknowledged, and puts right what drifted or is
    /// in doubt.
    fn keep(&mut self, kind: Kind, at: usize) -> Result<(), SessionError> {
        let flags = self.index(kind).flags(at);
        self.see(kind, at);
        let is_settled = !flags.has(Flags::IN_DOUBT) && !flags.has(Flags::OBSERVED) && !self.is_gone(flags);
        let object = self.index(kind).object(at);
        if object == 0 || is_settled {
            return Ok(());
        }
        // As it was acknowledged, fields that are in doubt now included.
        let known = self.reader.object(object)?;
        let Ok(id) = Id::parse(&known.id) else { return Ok(()) };
        let wanted = Wanted { fields: known.acked, digest: self.index(kind).digest(at) };
        let base = self.base(kind, at)?;
        self.stage(decide(kind, &id, &base, &wanted)).map(|_| ())
    }

    fn is_gone(&self, flags: Flags) -> bool {
        self.absence_proven && !flags.has(Flags::LISTED)
    }

    /// Whether no earlier request about an object is in doubt.
    fn is_plain(&self, kind: Kind, key: Digest) -> bool {
        !self.in_doubt.contains_key(&(kind, key))
    }

    /// Compares one wanted object with what is known of it. `true` = something is to be sent.
    fn want(
        &mut self,
        kind: Kind,
        id: &Id,
        digest_with: impl Fn(&Hasher) -> Digest,
        fields: impl FnOnce() -> Fields,
    ) -> Result<bool, SessionError> {
        let digest = digest_with(&self.hasher);
        let Some(at) = self.locate(kind, self.key(id.as_str()))? else {
            let wanted = Wanted { fields: fields(), digest };
            return self.stage(decide(kind, id, &Base::Absent, &wanted));
        };
        let flags = self.index(kind).flags(at);
        self.see(kind, at);
        let mut special = Flags::IN_DOUBT;
        special.add(Flags::OBSERVED);
        special.add(Flags::REFUSED);
        let is_known = self.index(kind).object(at) != 0 && !flags.has(special) && !self.is_gone(flags);
        if is_known && self.index(kind).digest(at) == digest {
            return Ok(false);
        }
        let refused = self.refused.get(&(kind, self.index(kind).key(at)));
        if !self.policy.retry_refused && refused.is_some_and(|refused| refused.is_of(digest, digest_with)) {
            if kind == Kind::Product {
                self.summary.set_aside += 1;
                self.keep_category(kind, at)?;
                let wanted = Wanted { fields: fields(), digest };
                if self.category_may_be_sent(&wanted) {
                    self.set_aside.push((id.clone(), wanted));
                }
            }
            return Ok(false);
        }
        let base = self.base(kind, at)?;
        let wanted = Wanted { fields: fields(), digest };
        let mut operation = decide(kind, id, &base, &wanted);
        if let (Kind::Product, Base::Ours { known, .. }, false) = (kind, &base, flags.has(Flags::IN_DOUBT)) {
            operation.was_in = category_of(&known.acked);
        }
        if let Base::Listed(listed) = &base {
            self.summary.tally_mut(kind).adopted += 1;
            if operation.action == Action::Update {
                // Ours from now on, whatever becomes of the change.
                self.stage(adoption(kind, id, listed, &wanted))?;
            }
        }
        self.stage(operation)
    }

    /// Whether the category of a product isn't known to be there as the feed wants it.
    fn category_may_be_sent(&self, product: &Wanted) -> bool {
        let category = product.fields.get("category").and_then(|id| id.as_str());
        let Some((id, name)) = category.and_then(|id| self.used.get_key_value(&Id::parse(id).ok()?)) else {
            return false;
        };
        self.categories.find(self.key(id.as_str())).is_none_or(|at| {
            let flags = self.categories.flags(at);
            self.categories.object(at) == 0
                || self.categories.digest(at) != Category::digest(name, &self.hasher)
                || flags.has(Flags::IN_DOUBT)
                || flags.has(Flags::OBSERVED)
                || self.is_gone(flags)
        })
    }

    /// What is known of an object in the index.
    fn base(&self, kind: Kind, at: usize) -> Result<Base, SessionError> {
        let index = self.index(kind);
        let flags = index.flags(at);
        if self.is_gone(flags) {
            return Ok(Base::Absent);
        }
        if index.object(at) != 0 {
            let mut known = self.known(kind, at)?;
            let seen = if flags.has(Flags::OBSERVED) { self.staging.observed(kind, index.key(at))? } else { None };
            let (drift, has_new_picture) = seen.map_or_else(Default::default, |seen| {
                known.answered = seen.answered;
                known.repaired = seen.repaired;
                (seen.drift, seen.has_new_picture)
            });
            return Ok(Base::Ours { known, drift, has_new_picture });
        }
        let listed = if flags.has(Flags::FOREIGN) { self.staging.listed(kind, index.key(at))? } else { None };
        Ok(listed.map_or(Base::Absent, |(_, fields)| Base::Listed(fields)))
    }

    /// The state's row of an object of ours, without the fields that are in doubt.
    fn known(&self, kind: Kind, at: usize) -> Result<Known, SessionError> {
        let index = self.index(kind);
        let mut known = self.reader.object(index.object(at))?;
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

    fn lost_key(&self, id: &str) -> SessionError {
        self.reader.damaged(format!("the {id:?} that it has can't be found by its id")).into()
    }

    fn stage(&mut self, mut operation: Operation) -> Result<bool, SessionError> {
        let kind = operation.kind;
        let key = self.key(operation.id.as_str());
        operation.is_late = !self.is_plain(kind, key);
        if kind == Kind::Product
            && operation.was_in.is_none()
            && matches!(operation.action, Action::Update | Action::Delete)
            && let Some(at) = self.locate(kind, key)?
        {
            operation.was_in = self.acknowledged_category(kind, at)?;
        }
        self.summary.tally_mut(kind).add(&operation);
        self.staging.add(&operation)?;
        Ok(operation.action != Action::Note)
    }
}

fn category_of(product: &Fields) -> Option<String> {
    product.get("category").and_then(|id| id.as_str()).map(str::to_owned)
}
