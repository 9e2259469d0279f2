//! The end of a comparison: what the feed turned out not to have.

use std::collections::HashSet;

use super::{Comparison, Session, SessionError, category_of};
use crate::catalog::{Category, Fields, Id, Kind};
use crate::config::{Prune, VanishedCategory};
use crate::state::{InDoubt, Known, Refused};
use crate::systems::catalog::diff::decide::{Since, decide, disable, vanish};
use crate::systems::catalog::diff::fields::overlaid;
use crate::systems::catalog::diff::index::Flags;
use crate::systems::catalog::plan::operation::{Action, Operation};

impl Session {
    /// Says that nothing proves the feed's end, and why: what it did not have may come behind it.
    pub fn may_go_on(&mut self, because: &'static str, left_last_row: bool) {
        self.unproven = Some(because);
        self.summary.left_last_row = left_last_row;
        self.summary.unproven_because = left_last_row.then_some(because);
    }

    /// Ends the comparison: what the feed did not have is no longer wanted.
    ///
    /// # Errors
    /// When the state or the temporary file can't be used.
    pub fn finish(mut self) -> Result<Comparison, SessionError> {
        let mut sent = HashSet::new();
        for (id, name) in std::mem::take(&mut self.used) {
            self.names.insert(name.clone());
            if self.want(Kind::Category, &id, |hasher| Category::digest(&name, hasher), || Category::fields(&name))? {
                sent.insert(id.to_string());
            }
        }
        for (id, wanted) in std::mem::take(&mut self.set_aside) {
            let category = wanted.fields.get("category").and_then(|id| id.as_str()).unwrap_or_default();
            if !sent.contains(category) {
                continue;
            }
            if let Some(at) = self.locate(Kind::Product, self.key(id.as_str()))? {
                self.summary.set_aside -= 1;
                let base = self.base(Kind::Product, at)?;
                let is_sent = self.stage(decide(Kind::Product, &id, &base, &wanted))?;
                self.summary.unchanged -= u64::from(is_sent);
            }
        }
        self.keep_mentioned()?;
        // Rows without an id are some feeds' habit; one more of them than ever may be a typo in anybody's.
        self.some_row_is_unknown |= self.summary.nameless > self.reader.usually_nameless()?.unwrap_or(u64::MAX);
        self.locate_missing()?;
        for kind in [Kind::Product, Kind::Category] {
            if kind == Kind::Category {
                self.keep_categories()?;
            }
            for at in 0..self.index(kind).len() {
                if !self.is_seen(kind, at) && !self.unwanted(kind, at)? {
                    self.leave_foreign(kind, at)?;
                }
            }
        }
        self.order_twins()?;
        self.staging.seal()?;
        let rows = self.rows_ending();
        let Session { staging, summary, changes_at, left, .. } = self;
        Ok(Comparison { staging, summary, changes_at, rows, left })
    }

    /// Products whose ids stand in broken rows, and that no row of the feed became.
    fn keep_mentioned(&mut self) -> Result<(), SessionError> {
        for key in std::mem::take(&mut self.mentioned) {
            if let Some(at) = self.locate(Kind::Product, key)?.filter(|at| !self.is_seen(Kind::Product, *at)) {
                self.keep_category(Kind::Product, at)?;
                self.keep(Kind::Product, at)?;
                self.leave_foreign(Kind::Product, at)?;
            }
        }
        Ok(())
    }

    /// Categories that no item names, but that a product which stays as it is still needs.
    fn keep_categories(&mut self) -> Result<(), SessionError> {
        let kept: Vec<usize> = self.kept.iter().filter_map(|id| self.categories.find(self.key(id))).collect();
        for at in kept {
            if !self.categories.flags(at).has(Flags::SEEN) {
                self.keep(Kind::Category, at)?;
            }
        }
        Ok(())
    }

    /// Whether an object that NiceChat lists isn't known to be ours, but may have been created by an import of ours.
    fn may_be_imported(&self, kind: Kind, at: usize) -> Result<bool, SessionError> {
        let index = self.index(kind);
        if !self.awaits_imported || index.object(at) != 0 {
            return Ok(false);
        }
        let listed = self.staging.listed(kind, index.key(at))?;
        Ok(listed.map(|(id, _)| self.reader.may_be_imported(kind, &id)).transpose()?.unwrap_or_default())
    }

    /// Notes an object that isn't known to be ours and that stays: for a later pass when it may be, otherwise as one
    /// of nobody's.
    pub(super) fn leave_foreign(&mut self, kind: Kind, at: usize) -> Result<(), SessionError> {
        let index = self.index(kind);
        if index.object(at) != 0 || !index.flags(at).has(Flags::FOREIGN) {
            return Ok(());
        }
        if self.may_be_imported(kind, at)? {
            let listed = self.staging.listed(kind, self.index(kind).key(at))?;
            self.left.extend(listed.and_then(|(id, _)| Some((kind, Id::parse(&id).ok()?))));
        } else if !self.index(kind).flags(at).has(Flags::IN_DOUBT) {
            self.summary.tally_mut(kind).foreign += 1;
        }
        Ok(())
    }

    /// An object that the feed doesn't have. `false` = nothing is done about it.
    fn unwanted(&mut self, kind: Kind, at: usize) -> Result<bool, SessionError> {
        let (flags, key) = (self.index(kind).flags(at), self.index(kind).key(at));
        let is_ours = self.index(kind).object(at) != 0;
        let (id, known) = if is_ours {
            let known = self.known(kind, at)?;
            (known.id.clone(), known)
        } else if let Some((id, fields)) = self.staging.listed(kind, key)? {
            (id.clone(), Known { id, acked: fields, ..Known::default() })
        } else if let Some(InDoubt { id, .. }) = self.in_doubt.get(&(kind, key)) {
            (id.clone(), Known { id: id.clone(), ..Known::default() })
        } else if let Some(Refused { id, .. }) = self.refused.get(&(kind, key)) {
            (id.clone(), Known { id: id.clone(), ..Known::default() })
        } else {
            return Ok(false);
        };
        let Ok(id) = Id::parse(&id) else { return Ok(false) };
        // It is ours when we made it, or may have: a create was under way when a pass was cut off, or an import.
        let may_be_ours = is_ours || flags.has(Flags::IN_DOUBT) || self.may_be_imported(kind, at)?;
        if !flags.has(Flags::FOREIGN) && !may_be_ours {
            let forget = Operation::new(kind, &id, Action::Note, Fields::new(), Fields::new(), None);
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
        if !self.policy.retry_refused && self.refused.get(&(kind, key)).is_some_and(|refused| refused.digest == 0) {
            // NiceChat refused to delete it, and nothing has changed since.
            self.summary.set_aside += 1;
            return self.keep_category(kind, at).map(|()| false);
        }
        if self.some_row_is_unknown {
            self.summary.held_back += 1;
            return Ok(false);
        }
        if self.unproven.is_some() {
            self.summary.unproven += 1;
            self.summary.unproven_because = self.unproven;
            return Ok(false);
        }
        let drift = self.staging.observed(kind, key)?.map(|seen| seen.drift).unwrap_or_default();
        let is_off = overlaid(&known.acked, &drift).get("is_enabled") == Some(&serde_json::Value::Bool(false));
        let operation = match (kind, self.policy.vanished_category) {
            (Kind::Category, VanishedCategory::Disable) if is_off => return Ok(false),
            (Kind::Category, VanishedCategory::Disable) => {
                let operation = disable(&id, &known);
                // What was never ours is switched off, not taken over.
                Operation { record: operation.record.filter(|_| may_be_ours), ..operation }
            }
            _ => {
                let was_in = if flags.has(Flags::IN_DOUBT) { None } else { category_of(&known.acked) };
                Operation { was_in: was_in.filter(|_| is_ours), ..vanish(kind, &id, known.acked) }
            }
        };
        if !is_ours && operation.action == Action::Delete {
            // An import makes categories of its own beside ours, with the same names: no loss.
            let name = operation.old.get("name").and_then(|name| name.as_str());
            let is_category = kind == Kind::Category && self.since == Since::Import;
            let is_twin = is_category && name.is_some_and(|name| self.names.contains(name));
            let tally = self.summary.tally_mut(kind);
            *(if may_be_ours || is_twin { &mut tally.delete_in_doubt } else { &mut tally.delete_foreign }) += 1;
        }
        self.stage(operation).map(|_| true)
    }
}
