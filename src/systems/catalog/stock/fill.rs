//! Writing a generation: the rows of the feed, and what stays of the one before.

use std::collections::{HashMap, HashSet};

use super::merge::{FeedReading, patched};
use super::stocking::{SHOWN, Stocking};
use crate::catalog::{Hasher, Item, Owner, Rejection};
use crate::feed::Offer;
use crate::remote::nicechat::product_fields;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::shelf::{About, Draft, Generation, ShelfError, Stocked, Walk};

/// What is written.
pub(super) struct Fill<'s, 'a> {
    pub(super) stocking: &'s Stocking<'a>,
    /// What is there.
    pub(super) old: Option<&'s Generation>,
    /// What stays as it is there.
    pub(super) held: &'s HashSet<Risk>,
    /// Whether a product that the feed doesn't have stays.
    pub(super) keeps: &'s dyn Fn(&str) -> bool,
}

/// What is there, as the feed is walked through.
struct Before<'s> {
    walk: Walk<'s>,
    /// Places whose item the feed has.
    seen: Vec<bool>,
    categories: HashMap<String, String>,
    /// Items of rows that can't be read.
    stay: Vec<u64>,
}

impl<'s> Before<'s> {
    fn new(old: &'s Generation) -> Result<Before<'s>, ShelfError> {
        let mut categories = HashMap::new();
        let mut page = 0;
        while let Some(some) = old.categories(page)? {
            categories.extend(some);
            page += 1;
        }
        let seen = vec![false; usize::try_from(old.len()).unwrap_or_default()];
        Ok(Before { walk: Walk::new(old)?, seen, categories, stay: Vec::new() })
    }

    /// The place of an item that the feed has a row of.
    fn see(&mut self, id: &str) -> Result<Option<u64>, ShelfError> {
        let place = self.walk.find(id)?;
        if let Some(seen) = place.and_then(|place| self.seen.get_mut(usize::try_from(place).ok()?)) {
            *seen = true;
        }
        Ok(place)
    }

    fn category_of(&self, item: &Stocked) -> Option<&str> {
        let id = item.fields.get("category").and_then(|id| id.as_str())?;
        self.categories.get(id).map(String::as_str)
    }
}

impl Fill<'_, '_> {
    /// Writes it, and shows it from then on. Gives how many rows were taken, and weren't.
    pub(super) fn run(&self, about: About) -> Result<(u64, u64), PassError> {
        let shelf = &self.stocking.shelf;
        // One that was damaged in the middle is none.
        let mut before = self.old.map(Before::new).transpose().unwrap_or_default();
        let mut draft = shelf.begin()?;
        let (mut taken, mut rejected) = (0, 0);
        let mut reading = FeedReading::new(self.stocking)?;
        let read = reading.each(|row| match row {
            Ok(offer) => {
                taken += 1;
                self.offer(&mut draft, before.as_mut(), &offer)
            }
            Err(rejection) => {
                rejected += 1;
                reject(before.as_mut(), &rejection)
            }
        })?;
        if let Some(before) = before {
            self.keep(&mut draft, before, &read.mentions, read.proves_absence)?;
        }
        draft.describe(About { kind: Some(read.kind), changes_at: read.changes_at, ..about });
        draft.finish(SHOWN)?;
        shelf.keep_newest()?;
        Ok((taken, rejected))
    }

    fn offer(&self, draft: &mut Draft, before: Option<&mut Before<'_>>, offer: &Offer) -> Result<(), ShelfError> {
        let Some(before) = before else { return draft.add_whole(&offer.item) };
        let place = before.see(offer.item.id.as_str())?;
        let is_held = self.held.iter().any(|risk| *risk != Risk::Delete);
        let Some(place) = place.filter(|_| is_held) else { return draft.add_whole(&offer.item) };
        let old = before.walk.item(place)?;
        let factor = self.stocking.guard.price_factor;
        let mut new = whole(&offer.item);
        if !patched(&old, &mut new, self.held, factor) {
            return draft.add_whole(&offer.item);
        }
        let own = offer.item.category.as_ref().and_then(|category| category.name.as_deref());
        let category =
            if new.fields.get("category") == old.fields.get("category") { before.category_of(&old) } else { own };
        draft.add_stocked(&new, category.or(own))
    }

    /// Adds what stays of what the feed doesn't have.
    fn keep(
        &self,
        draft: &mut Draft,
        mut before: Before<'_>,
        mentions: &HashSet<u128>,
        proves_absence: bool,
    ) -> Result<(), ShelfError> {
        before.stay.sort_unstable();
        let hasher = Hasher::without_secret();
        let unseen = (0_u64..).zip(&before.seen).filter(|(_, seen)| !**seen).map(|(place, _)| place);
        let missing: Vec<u64> = unseen.collect();
        for place in missing {
            let item = before.walk.item(place)?;
            let is_mentioned = mentions.contains(&hasher.digest(item.id.as_bytes()));
            if !proves_absence || is_mentioned || (self.keeps)(&item.id) {
                draft.add_stocked(&item, before.category_of(&item))?;
            }
        }
        for place in std::mem::take(&mut before.stay) {
            let item = before.walk.item(place)?;
            draft.add_stocked(&item, before.category_of(&item))?;
        }
        Ok(())
    }
}

/// A row that can't be read leaves its item as it is.
fn reject(before: Option<&mut Before<'_>>, rejection: &Rejection) -> Result<(), ShelfError> {
    let (Owner::Item(id) | Owner::FaultyId(id)) = rejection.owner() else { return Ok(()) };
    let Some(before) = before else { return Ok(()) };
    let was_seen = |place: u64, before: &Before<'_>| {
        usize::try_from(place).ok().and_then(|at| before.seen.get(at).copied()).unwrap_or(true)
    };
    if let Some(place) = before.walk.find(id)?
        && !was_seen(place, before)
    {
        before.see(id)?;
        before.stay.push(place);
    }
    Ok(())
}

/// An item as it lies on the shelf.
pub(super) fn whole(item: &Item) -> Stocked {
    let mut fields = product_fields(item);
    let local = item.local.to_fields();
    if !local.is_empty() {
        fields.insert("local".to_owned(), local.into());
    }
    Stocked { id: item.id.as_str().to_owned(), fields }
}
