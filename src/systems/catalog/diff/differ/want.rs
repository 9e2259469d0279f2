//! One wanted object against what is known of it.

use serde_json::Value;

use super::{Differ, category_of};
use crate::catalog::{Category, Digest, Fields, Hasher, Id, Kind};
use crate::systems::catalog::diff::decide::{Base, Wanted, adoption, as_listed, decide};
use crate::systems::catalog::diff::error::DifferError;
use crate::systems::catalog::diff::fields::{overlaid, same};
use crate::systems::catalog::diff::index::Flags;
use crate::systems::catalog::plan::operation::{Action, Operation, Stage};
use crate::systems::catalog::plan::risk::Risks;
use crate::systems::catalog::store::ReadObjects as _;
use crate::systems::catalog::store::Why;

impl Differ {
    /// Compares one wanted object with what is known of it. `true` = something is to be sent. `digest` is what
    /// `digest_with` the state's hasher comes to.
    pub(super) fn want(
        &mut self,
        (kind, id): (Kind, &Id),
        digest: Digest,
        digest_with: impl Fn(&Hasher) -> Digest,
        fields: impl FnOnce() -> Fields,
    ) -> Result<bool, DifferError> {
        let Some(at) = self.inventory.locate(kind, self.inventory.key(id.as_str()))? else {
            let wanted = Wanted { fields: fields(), digest };
            return self.stage(decide(kind, id, &Base::Absent, &wanted));
        };
        let flags = self.inventory.index(kind).flags(at);
        self.inventory.see(kind, at);
        let mut special = Flags::IN_DOUBT;
        special.add(Flags::OBSERVED);
        special.add(Flags::REFUSED);
        let is_known =
            self.inventory.index(kind).object(at) != 0 && !flags.has(special) && !self.inventory.is_gone(flags);
        if is_known && self.inventory.index(kind).digest(at) == digest {
            return Ok(false);
        }
        let refused = self.inventory.refused.get(&(kind, self.inventory.index(kind).key(at)));
        if !self.policy.retry_refused
            && refused.is_some_and(|refused| refused.is_of(digest, digest_with))
            && !self.is_told_of(kind, at)?
        {
            if kind == Kind::Product {
                self.set_aside(id, at, Wanted { fields: fields(), digest })?;
            }
            return Ok(false);
        }
        let base = self.inventory.base(kind, at, &self.draft.store)?;
        let wanted = Wanted { fields: fields(), digest };
        let operation = decide(kind, id, &base, &wanted);
        if is_known && operation.action == Action::RecordOnly && self.inventory.is_idle(kind, at, digest)? {
            return Ok(false);
        }
        let mut operation = self.judged(kind, at, &base, operation)?;
        operation.why = self.why(&base, &operation);
        if operation.why == Why::Import && operation.action == Action::RecordOnly {
            operation.old = replaced(&base, &wanted);
        }
        if let Base::Listed(listed) = &base {
            self.draft.summary.tally_mut(kind).adopted += 1;
            if kind == Kind::Product {
                self.draft.summary.adopted.add(listed);
            }
            if operation.action == Action::Update {
                // Ours from now on, whatever becomes of the change.
                let why = if operation.why == Why::Import { Why::Import } else { Why::Listed };
                let old = if why == Why::Import { replaced(&base, &wanted) } else { Fields::new() };
                self.stage(Operation { why, old, ..adoption(kind, id, listed, &wanted) })?;
            }
        }
        self.stage(operation)
    }

    /// A product that NiceChat refused as it is wanted.
    fn set_aside(&mut self, id: &Id, at: usize, wanted: Wanted) -> Result<(), DifferError> {
        self.draft.summary.set_aside += 1;
        let base = self.inventory.base(Kind::Product, at, &self.draft.store)?;
        match &base {
            Base::Ours { known, .. } if known.acked.contains_key("category") => {
                self.feed.kept.extend(category_of(&known.acked));
            }
            _ => self.keep_category(Kind::Product, at)?,
        }
        if self.category_may_be_sent(&wanted) {
            self.feed.set_aside.push((id.clone(), wanted));
            return Ok(());
        }
        self.weigh_set_aside(id, at, &base, &wanted)
    }

    /// What would be risky of a product that is set aside counts all the same: without it, what the guard holds beside
    /// may be few enough to be let through.
    pub(super) fn weigh_set_aside(
        &mut self,
        id: &Id,
        at: usize,
        base: &Base,
        wanted: &Wanted,
    ) -> Result<(), DifferError> {
        if !matches!(base, Base::Ours { .. }) {
            return Ok(());
        }
        let operation = decide(Kind::Product, id, base, wanted);
        let operation = self.judged(Kind::Product, at, base, operation)?;
        let why = self.why(base, &operation);
        self.add_set_aside(&Operation { why, ..operation })
    }

    /// A change that is set aside: the guard is about what of it is risky.
    pub(super) fn add_set_aside(&mut self, operation: &Operation) -> Result<(), DifferError> {
        if operation.risks != Risks::default() {
            self.draft.summary.risks.add(operation.risks);
            self.draft.store.add_to(Stage::SetAside, operation)?;
        }
        Ok(())
    }

    /// Whether a listing has something of an object that is to be taken over, or put right, though it was refused.
    fn is_told_of(&self, kind: Kind, at: usize) -> Result<bool, DifferError> {
        let flags = self.inventory.index(kind).flags(at);
        if !flags.has(Flags::OBSERVED) {
            return Ok(flags.has(Flags::FOREIGN));
        }
        let seen = self.draft.store.observed(kind, self.inventory.index(kind).key(at))?;
        Ok(seen.is_some_and(|seen| seen.has_new_picture || !seen.drift.is_empty()))
    }

    /// A change with its risks, for the guard. To correct drift is none, nor what an import of ours has created. A value
    /// that is in doubt is measured by the one that was acknowledged last.
    pub(super) fn judged(
        &mut self,
        kind: Kind,
        at: usize,
        base: &Base,
        operation: Operation,
    ) -> Result<Operation, DifferError> {
        let acked = match base {
            Base::Ours { known, .. } => &known.acked,
            Base::Listed(listed) => listed,
            Base::Absent => return Ok(operation),
        };
        if operation.action != Action::Update {
            return Ok(operation);
        }
        let is_in_doubt = self.inventory.index(kind).flags(at).has(Flags::IN_DOUBT);
        let mut in_doubt = self.inventory.in_doubt(kind, at)?;
        let factor = self.policy.price_factor;
        let is_harmless = kind == Kind::Category || self.may_be_imported(kind, at)?;
        let risks = if is_harmless {
            Risks::default()
        } else if in_doubt.is_empty() {
            Risks::of_change(acked, &operation.send, factor)
        } else {
            Risks::of_change(&overlaid(acked, &in_doubt), &operation.send, factor)
        };
        if let Base::Ours { known, drift, .. } = base
            && risks != Risks::default()
            && !drift.is_empty()
            && !is_in_doubt
        {
            // The guard may hold it, and the listing is not read again for that.
            self.stage(as_listed((kind, &operation.id), known, drift))?;
        }
        in_doubt.retain(|name, _| operation.send.contains_key(name));
        Ok(Operation { in_doubt, risks, ..operation })
    }

    /// What an operation is for, seen from what is known of its object.
    fn why(&self, base: &Base, operation: &Operation) -> Why {
        let is_sent = |drift: &Fields| operation.send.keys().any(|name| drift.contains_key(name));
        match base {
            Base::Listed(_) if self.inventory.since.is_import() => Why::Import,
            Base::Ours { drift, .. }
                if self.inventory.since.is_import() && (operation.action == Action::RecordOnly || is_sent(drift)) =>
            {
                Why::Import
            }
            Base::Listed(_) if operation.action == Action::RecordOnly => Why::Listed,
            Base::Ours { drift, .. } if is_sent(drift) => Why::Drift,
            Base::Absent if self.inventory.absence_proven && self.draft.summary.tally(operation.kind).owned > 0 => {
                self.why_absent(operation)
            }
            _ => self.draft.why,
        }
    }

    /// What is ours and not listed was deleted by somebody.
    fn why_absent(&self, operation: &Operation) -> Why {
        let index = self.inventory.index(operation.kind);
        let at = index.find(self.inventory.key(operation.id.as_str()));
        if at.is_some_and(|at| index.object(at) != 0) { Why::Resync } else { self.draft.why }
    }

    /// Whether the category of a product isn't known to be there as the feed wants it.
    fn category_may_be_sent(&self, product: &Wanted) -> bool {
        let category = product.fields.get("category").and_then(|id| id.as_str());
        let Some((id, name)) = category.and_then(|id| self.feed.used.get_key_value(&Id::parse(id).ok()?)) else {
            return false;
        };
        self.inventory.categories.find(self.inventory.key(id.as_str())).is_none_or(|at| {
            let flags = self.inventory.categories.flags(at);
            self.inventory.categories.object(at) == 0
                || self.inventory.categories.digest(at) != Category::digest(name, &self.inventory.hasher)
                || flags.has(Flags::IN_DOUBT)
                || flags.has(Flags::OBSERVED)
                || self.inventory.is_gone(flags)
        })
    }

    /// Keeps the category that a product lies in, as far as anybody knows: a move to another one may be
    /// in doubt, or refused.
    pub(super) fn keep_category(&mut self, kind: Kind, at: usize) -> Result<(), DifferError> {
        let category = self.category_of_product(kind, at)?;
        self.feed.kept.extend(category);
        Ok(())
    }

    /// The category that a product was last acknowledged to be in; of one that isn't ours, the one that is listed.
    fn category_of_product(&self, kind: Kind, at: usize) -> Result<Option<String>, DifferError> {
        if kind == Kind::Category {
            return Ok(None);
        }
        let (object, key) = (self.inventory.products.object(at), self.inventory.products.key(at));
        if object == 0 {
            let listed = self.draft.store.listed(kind, key)?;
            return Ok(listed.and_then(|(_, fields)| category_of(&fields)));
        }
        let acked = self.inventory.reader.object(object)?.acked;
        Ok(category_of(&acked))
    }

    /// Marks an object as wanted the way it was last acknowledged, and puts right what drifted or is
    /// in doubt.
    pub(super) fn keep(&mut self, kind: Kind, at: usize) -> Result<(), DifferError> {
        let flags = self.inventory.index(kind).flags(at);
        self.inventory.see(kind, at);
        let is_settled = !flags.has(Flags::IN_DOUBT) && !flags.has(Flags::OBSERVED) && !self.inventory.is_gone(flags);
        let object = self.inventory.index(kind).object(at);
        if object == 0 || is_settled {
            return Ok(());
        }
        // As it was acknowledged, fields that are in doubt now included.
        let known = self.inventory.reader.object(object)?;
        let Ok(id) = Id::parse(&known.id) else { return Ok(()) };
        let wanted = Wanted { fields: known.acked, digest: self.inventory.digest(kind, at)? };
        let base = self.inventory.base(kind, at, &self.draft.store)?;
        let operation = decide(kind, &id, &base, &wanted);
        self.stage(Operation { why: self.why(&base, &operation), ..operation }).map(|_| ())
    }

    pub(super) fn stage(&mut self, mut operation: Operation) -> Result<bool, DifferError> {
        let kind = operation.kind;
        let key = self.inventory.key(operation.id.as_str());
        let in_doubt = self.inventory.in_doubt.get(&(kind, key));
        operation.is_late = in_doubt.is_some();
        operation.may_be_done = in_doubt.is_some_and(|object| !object.had_no_effect());
        operation.was_in = self.was_in(&operation, key)?;
        self.draft.summary.tally_mut(kind).add(&operation);
        self.draft.summary.risks.add(operation.risks);
        self.draft.store.add(&operation)?;
        Ok(operation.action != Action::RecordOnly)
    }

    /// See [`Operation::was_in`]. `key` = of the product.
    fn was_in(&mut self, operation: &Operation, key: Digest) -> Result<Option<String>, DifferError> {
        let Operation { kind, action, send, old, .. } = operation;
        let leaves = *action == Action::Delete || (*action == Action::Update && send.contains_key("category"));
        if *kind == Kind::Category || !leaves {
            return Ok(None);
        }
        if old.contains_key("category") {
            return Ok(category_of(old));
        }
        // It is in doubt.
        let Some(at) = self.inventory.locate(*kind, key)? else { return Ok(None) };
        self.category_of_product(*kind, at)
    }
}

/// What an import has changed of an object by itself, as it was before: nothing, where it created the object.
fn replaced(base: &Base, wanted: &Wanted) -> Fields {
    let before = |name: &str| match base {
        Base::Ours { known, .. } => known.acked.get(name).cloned(),
        Base::Listed(_) => Some(Value::Null),
        Base::Absent => None,
    };
    let fields = wanted.fields.iter().filter_map(|(name, new)| Some((name, before(name)?, new)));
    fields.filter(|(name, old, new)| !same(name, old, new)).map(|(name, old, _)| (name.clone(), old)).collect()
}
