//! The end of a comparison: what the feed turned out not to have.

use std::collections::HashSet;

use super::{Comparison, Differ, Draft};
use crate::catalog::{Category, Digest, Fields, Hasher, Id, Kind};
use crate::config::{self, Prune, VanishedCategory};
use crate::remote::nicechat::category_fields;
use crate::systems::catalog::diff::decide::{Base, as_listed, decide, disable, sell_out, vanish};
use crate::systems::catalog::diff::error::DifferError;
use crate::systems::catalog::diff::fields::{IMAGE, overlaid};
use crate::systems::catalog::diff::index::Flags;
use crate::systems::catalog::diff::patience::Waiting;
use crate::systems::catalog::plan::operation::{Action, Operation, SOLD_OUT, Stage};
use crate::systems::catalog::plan::risk::Risks;
use crate::systems::catalog::store::{InDoubt, Known, ReadFeed as _, ReadImports as _, Refused, Why};

/// What is known of an object that the feed doesn't have.
struct LastKnown {
    known: Known,
    is_ours: bool,
}

impl Differ {
    /// Says that nothing proves the feed's end, and why: what it did not have may come behind it.
    pub fn may_go_on(&mut self, because: &'static str, left_last_row: bool) {
        self.feed.unproven = Some(because);
        self.draft.summary.left_last_row = left_last_row;
        self.draft.summary.unproven_because = left_last_row.then_some(because);
    }

    /// Ends the comparison: what the feed did not have is no longer wanted.
    ///
    /// # Errors
    /// When the state or the temporary file can't be used.
    pub fn finish(mut self) -> Result<Comparison, DifferError> {
        self.doubt_unlisted()?;
        let mut sent = HashSet::new();
        self.draft.why = Why::Feed;
        for (id, name) in std::mem::take(&mut self.feed.used) {
            self.feed.names.insert(name.clone());
            let digest = Category::digest(&name, &self.inventory.hasher);
            let digest_with = |hasher: &Hasher| Category::digest(&name, hasher);
            if self.want((Kind::Category, &id), digest, digest_with, || category_fields(&name))? {
                sent.insert(id.to_string());
                self.draft.summary.nested += u64::from(name.contains(" > "));
            }
        }
        for (id, wanted) in std::mem::take(&mut self.feed.set_aside) {
            let Some(at) = self.inventory.locate(Kind::Product, self.inventory.key(id.as_str()))? else { continue };
            let category = wanted.fields.get("category").and_then(|id| id.as_str()).unwrap_or_default();
            let base = self.inventory.base(Kind::Product, at, &self.draft.store)?;
            if !sent.contains(category) {
                self.weigh_set_aside(&id, at, &base, &wanted)?;
                continue;
            }
            self.draft.summary.set_aside -= 1;
            let operation = decide(Kind::Product, &id, &base, &wanted);
            let operation = self.judged(Kind::Product, at, &base, operation)?;
            let is_sent = self.stage(operation)?;
            self.draft.summary.unchanged -= u64::from(is_sent);
        }
        self.keep_mentioned()?;
        // Rows without an id are some feeds' habit; one more of them than ever may be a typo in anybody's.
        self.feed.some_row_is_unknown |=
            self.draft.summary.nameless > self.inventory.reader.usually_nameless()?.unwrap_or(u64::MAX);
        self.inventory.verify_guesses()?;
        self.inventory.locate_missing()?;
        self.close_unseen()?;
        self.wait_for_foreign()?;
        self.order_twins()?;
        self.draft.store.seal()?;
        self.note_known_fields()?;
        let rows = self.rows_ending();
        if let Some(waiting) = &self.waiting {
            (self.draft.summary.waiting, self.draft.summary.waiting_until) = (waiting.count, waiting.until);
            self.feed.may_change_at(waiting.until);
        }
        let Draft { store, summary, left, .. } = self.draft;
        let missing = self.waiting.map(Waiting::into_all);
        Ok(Comparison { store, summary, changes_at: self.feed.changes_at, rows, missing, left })
    }

    /// What the feed doesn't have.
    fn close_unseen(&mut self) -> Result<(), DifferError> {
        for kind in [Kind::Product, Kind::Category] {
            if kind == Kind::Category {
                self.keep_categories()?;
            }
            for at in 0..self.inventory.index(kind).len() {
                if self.inventory.is_seen(kind, at) {
                    continue;
                }
                self.note_listed(kind, at)?;
                if !self.unwanted(kind, at)? {
                    self.leave_foreign(kind, at)?;
                }
            }
        }
        Ok(())
    }

    /// What the listing says of an object of ours that the feed doesn't have: it may stay for now, and is compared with
    /// that when it is wanted again.
    fn note_listed(&mut self, kind: Kind, at: usize) -> Result<(), DifferError> {
        let flags = self.inventory.index(kind).flags(at);
        // The state remembers what is in doubt by itself.
        if !flags.has(Flags::OBSERVED) || flags.has(Flags::IN_DOUBT) {
            return Ok(());
        }
        let base = self.inventory.base(kind, at, &self.draft.store)?;
        let Base::Ours { known, mut drift, has_new_picture } = base else { return Ok(()) };
        let picture = known.answered.get(IMAGE).filter(|_| has_new_picture);
        drift.extend(picture.map(|picture| (IMAGE.to_owned(), picture.clone())));
        match Id::parse(&known.id) {
            Ok(id) if !drift.is_empty() => self.stage(as_listed((kind, &id), &known, &drift)).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// What an import may have created, and neither the listing nor the feed has: a page that moved while it was read
    /// may have had it. It is as much in doubt as what a create was cut off for.
    fn doubt_unlisted(&mut self) -> Result<(), DifferError> {
        let inventory = &self.inventory;
        if !inventory.is_listed || !inventory.awaits_imported {
            return Ok(());
        }
        // Then there is among it what was deleted, and that was acknowledged.
        if inventory.reader.import_at_large()?.is_some() || inventory.reader.import_was_at_large()? {
            return Ok(());
        }
        let mut unlisted: Vec<(Digest, InDoubt)> = Vec::new();
        inventory.reader.each_imported(|kind, id| {
            let key = inventory.key(&id);
            let is_wanted = match kind {
                Kind::Category => Id::parse(&id).is_ok_and(|id| self.feed.used.contains_key(&id)),
                Kind::Product => inventory.new_ids.has(key) && !self.left_out.contains(&key),
            };
            if !is_wanted && inventory.index(kind).find(key).is_none() {
                unlisted.push((key, InDoubt { kind, id, fields: None }));
            }
        })?;
        for kind in Kind::ALL {
            let of_kind = unlisted.iter().filter(|(_, object)| object.kind == kind);
            let new: Vec<(Digest, Flags)> = of_kind.map(|(key, _)| (*key, Flags::IN_DOUBT)).collect();
            if !new.is_empty() {
                self.inventory.index_mut(kind).extend(new);
            }
        }
        self.inventory.in_doubt.extend(unlisted.into_iter().map(|(key, object)| ((object.kind, key), object)));
        Ok(())
    }

    /// Products that aren't ours are met in a listing only: where none was read, those that were missing are so still,
    /// unless the feed has them.
    fn wait_for_foreign(&mut self) -> Result<(), DifferError> {
        let Some(waiting) = &mut self.waiting else { return Ok(()) };
        if self.policy.prune != Prune::All || self.inventory.is_listed {
            return Ok(());
        }
        let is_proven = !self.feed.some_row_is_unknown && self.feed.unproven.is_none();
        for id in waiting.unmet() {
            let key = self.inventory.key(&id);
            let is_there = self.inventory.new_ids.has(key) && !self.left_out.contains(&key);
            if self.inventory.locate(Kind::Product, key)?.is_some() || is_there {
                continue;
            }
            if is_proven {
                waiting.is_over(&id);
            } else {
                waiting.stays(&id);
            }
        }
        Ok(())
    }

    /// Products whose ids stand in broken rows, and that no row of the feed became.
    fn keep_mentioned(&mut self) -> Result<(), DifferError> {
        for key in std::mem::take(&mut self.feed.mentioned) {
            if let Some(at) =
                self.inventory.locate(Kind::Product, key)?.filter(|at| !self.inventory.is_seen(Kind::Product, *at))
            {
                self.keep_category(Kind::Product, at)?;
                self.keep(Kind::Product, at)?;
                self.leave_foreign(Kind::Product, at)?;
            }
        }
        Ok(())
    }

    /// Categories that no item names, but that a product which stays as it is still needs.
    fn keep_categories(&mut self) -> Result<(), DifferError> {
        let kept: Vec<usize> =
            self.feed.kept.iter().filter_map(|id| self.inventory.categories.find(self.inventory.key(id))).collect();
        for at in kept {
            if !self.inventory.categories.flags(at).has(Flags::SEEN) {
                if let Some(object) = self.last_known(Kind::Category, at)?.filter(|object| object.is_ours) {
                    self.set_removal_aside(Kind::Category, at, object)?;
                }
                self.keep(Kind::Category, at)?;
                self.leave_foreign(Kind::Category, at)?;
            }
        }
        Ok(())
    }

    /// What is to go and stays for now, because products are in it or NiceChat refuses: what somebody said of that
    /// holds until it goes.
    fn set_removal_aside(&mut self, kind: Kind, at: usize, object: LastKnown) -> Result<(), DifferError> {
        let Ok(id) = Id::parse(&object.known.id) else { return Ok(()) };
        if let Some(removal) = self.removal(kind, at, &id, object, true)? {
            self.draft.store.add_to(Stage::SetAside, &Operation { risks: Risks::delete(), ..removal })?;
        }
        Ok(())
    }

    /// Whether an object that NiceChat lists isn't known to be ours, but may have been created by an import of ours.
    pub(super) fn may_be_imported(&self, kind: Kind, at: usize) -> Result<bool, DifferError> {
        let index = self.inventory.index(kind);
        if !self.inventory.awaits_imported || index.object(at) != 0 {
            return Ok(false);
        }
        let listed = self.draft.store.listed(kind, index.key(at))?;
        Ok(listed.map(|(id, _)| self.inventory.reader.may_be_imported(kind, &id)).transpose()?.unwrap_or_default())
    }

    /// Whether an earlier request may have made an object. One that is known to have had no effect says nothing of what
    /// an import of ours has done.
    fn may_have_been_made(&self, kind: Kind, at: usize) -> Result<bool, DifferError> {
        let key = self.inventory.index(kind).key(at);
        let Some(object) = self.inventory.in_doubt.get(&(kind, key)) else { return Ok(false) };
        let may_be_imported = || self.inventory.reader.may_be_imported(kind, &object.id);
        Ok(!object.had_no_effect() || (self.inventory.awaits_imported && may_be_imported()?))
    }

    /// Notes an object that isn't known to be ours and that stays: for a later pass when it may be, listed or not,
    /// otherwise as one of nobody's.
    pub(super) fn leave_foreign(&mut self, kind: Kind, at: usize) -> Result<(), DifferError> {
        let index = self.inventory.index(kind);
        if index.object(at) != 0 {
            return Ok(());
        }
        if !index.flags(at).has(Flags::FOREIGN) {
            let is_left = self.inventory.is_listed && self.may_have_been_made(kind, at)?;
            let in_doubt = self.inventory.in_doubt.get(&(kind, index.key(at))).filter(|_| is_left);
            self.draft.left.extend(in_doubt.and_then(|object| Some((kind, Id::parse(&object.id).ok()?))));
            return Ok(());
        }
        if self.may_be_imported(kind, at)? {
            let listed = self.draft.store.listed(kind, self.inventory.index(kind).key(at))?;
            self.draft.left.extend(listed.and_then(|(id, _)| Some((kind, Id::parse(&id).ok()?))));
        } else if !self.may_have_been_made(kind, at)? {
            self.draft.summary.tally_mut(kind).foreign += 1;
        }
        Ok(())
    }

    /// An object that the feed doesn't have. `false` = nothing is done about it.
    fn unwanted(&mut self, kind: Kind, at: usize) -> Result<bool, DifferError> {
        let Some(object) = self.last_known(kind, at)? else { return Ok(false) };
        let Ok(id) = Id::parse(&object.known.id) else { return Ok(false) };
        let flags = self.inventory.index(kind).flags(at);
        // It is ours when we made it, or may have: a create was under way when a pass was cut off, or an import.
        let may_be_ours = object.is_ours || self.may_have_been_made(kind, at)? || self.may_be_imported(kind, at)?;
        if !flags.has(Flags::FOREIGN) && !may_be_ours {
            let forget = Operation::new((kind, &id), Action::RecordOnly, Fields::new(), Fields::new(), None);
            return self.stage(forget).map(|_| true);
        }
        if kind == Kind::Category && self.policy.default_category.as_ref() == Some(&id) {
            return Ok(false);
        }
        let may_go = match self.policy.prune {
            Prune::None => false,
            Prune::Owned => may_be_ours,
            Prune::All => true,
        };
        if !may_go {
            return Ok(false);
        }
        if self.was_refused(kind, at, 0) {
            // NiceChat refused to delete it, and nothing has changed since.
            self.draft.summary.set_aside += 1;
            self.waiting.iter_mut().for_each(|waiting| waiting.stays(id.as_str()));
            self.keep_category(kind, at)?;
            return self.set_removal_aside(kind, at, object).map(|()| false);
        }
        if !self.is_absence_proven() {
            self.waiting.iter_mut().for_each(|waiting| waiting.stays(id.as_str()));
            return Ok(false);
        }
        if kind == Kind::Product
            && let Some(waiting) = &mut self.waiting
            && !waiting.is_over(id.as_str())
        {
            let is_sold_out = waiting.until_then() == config::Missing::OutOfStock;
            return self.wait(at, &id, is_sold_out && object.is_ours);
        }
        let is_ours = object.is_ours;
        let Some(mut operation) = self.removal(kind, at, &id, object, may_be_ours)? else { return Ok(false) };
        operation.risks = Risks::delete();
        if !is_ours && operation.action == Action::Delete {
            // An import makes categories of its own beside ours, with the same names: no loss.
            let name = operation.old.get("name").and_then(|name| name.as_str());
            let is_category = kind == Kind::Category && self.inventory.since.is_import();
            let is_twin = is_category && name.is_some_and(|name| self.feed.names.contains(name));
            let is_no_loss = may_be_ours || is_twin;
            if is_no_loss {
                operation.risks = Risks::default();
            }
            let tally = self.draft.summary.tally_mut(kind);
            *(if is_no_loss { &mut tally.delete_in_doubt } else { &mut tally.delete_foreign }) += 1;
        }
        self.stage(operation).map(|_| true)
    }

    /// A product that the feed doesn't have, and that is not deleted yet. `false` = nothing is done about it.
    fn wait(&mut self, at: usize, id: &Id, is_sold_out: bool) -> Result<bool, DifferError> {
        self.keep_category(Kind::Product, at)?;
        if !is_sold_out {
            return Ok(false);
        }
        let base = self.inventory.base(Kind::Product, at, &self.draft.store)?;
        let Base::Ours { known, drift, .. } = &base else { return Ok(false) };
        let Some(operation) = sell_out(id, known, drift) else { return Ok(false) };
        let operation = self.judged(Kind::Product, at, &base, operation)?;
        let operation = Operation { why: self.why_gone(Kind::Product, at), ..operation };
        if self.was_refused(Kind::Product, at, SOLD_OUT) {
            self.draft.summary.set_aside += 1;
            return self.add_set_aside(&operation).map(|()| false);
        }
        self.stage(operation).map(|_| true)
    }

    /// What is known of an object that the feed doesn't have: from the state, the listing, or what was tried.
    fn last_known(&mut self, kind: Kind, at: usize) -> Result<Option<LastKnown>, DifferError> {
        let index = self.inventory.index(kind);
        let key = index.key(at);
        if index.object(at) != 0 {
            return Ok(Some(LastKnown { known: self.inventory.known(kind, at)?, is_ours: true }));
        }
        let known = if let Some((id, acked)) = self.draft.store.listed(kind, key)? {
            Known { id, acked, ..Known::default() }
        } else if let Some(InDoubt { id, .. }) = self.inventory.in_doubt.get(&(kind, key)) {
            Known { id: id.clone(), ..Known::default() }
        } else if let Some(Refused { id, .. }) = self.inventory.refused.get(&(kind, key)) {
            Known { id: id.clone(), ..Known::default() }
        } else {
            return Ok(None);
        };
        Ok(Some(LastKnown { known, is_ours: false }))
    }

    /// Whether an object that the feed doesn't have may be deleted for that: where not, it is counted why.
    fn is_absence_proven(&mut self) -> bool {
        if self.feed.some_row_is_unknown {
            self.draft.summary.held_back += 1;
            return false;
        }
        if self.feed.unproven.is_some() {
            self.draft.summary.unproven += 1;
            self.draft.summary.unproven_because = self.feed.unproven;
            return false;
        }
        true
    }

    /// Whether NiceChat refused just this, see [`Operation::refusal`], and it isn't tried again.
    fn was_refused(&self, kind: Kind, at: usize, refusal: Digest) -> bool {
        let refused = self.inventory.refused.get(&(kind, self.inventory.index(kind).key(at)));
        !self.policy.retry_refused && refused.is_some_and(|refused| refused.digest == refusal)
    }

    /// Why the comparison hasn't met an object.
    fn why_gone(&self, kind: Kind, at: usize) -> Why {
        let is_left_out = kind == Kind::Product && self.left_out.contains(&self.inventory.products.key(at));
        if is_left_out { Why::Rule } else { Why::Gone }
    }

    /// The operation that takes an object away; `None` = there is nothing left to do.
    fn removal(
        &self,
        kind: Kind,
        at: usize,
        id: &Id,
        object: LastKnown,
        may_be_ours: bool,
    ) -> Result<Option<Operation>, DifferError> {
        let known = object.known;
        let key = self.inventory.index(kind).key(at);
        let drift = self.draft.store.observed(kind, key)?.map(|seen| seen.drift).unwrap_or_default();
        let is_off = overlaid(&known.acked, &drift).get("is_enabled") == Some(&serde_json::Value::Bool(false));
        Ok(match (kind, self.policy.vanished_category) {
            (Kind::Category, VanishedCategory::Disable) if is_off => None,
            (Kind::Category, VanishedCategory::Disable) => {
                let operation = disable(id, &known, &drift);
                // What was never ours is switched off, not taken over.
                let record = operation.record.filter(|_| may_be_ours);
                Some(Operation { record, why: Why::Gone, ..operation })
            }
            _ => Some(Operation { why: self.why_gone(kind, at), ..vanish(kind, id, known.acked) }),
        })
    }
}
