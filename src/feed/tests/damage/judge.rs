//! Whether damage has cost no more than it may.

use std::collections::HashMap;
use std::ops::Range;

use super::feeds::{Feed, Field, ITEMS, Place};
use super::read_all;
use crate::catalog::{Item, Rejection};
use crate::feed::{Offer, Row};

/// A damaged feed, and what it was before.
pub(super) struct Case<'c> {
    pub(super) feed: &'c Feed,
    pub(super) before: &'c HashMap<String, Item>,
    /// Where in the whole feed the damage is.
    pub(super) hit: &'c Range<usize>,
}

/// What was read of the damaged feed.
struct Read<'r> {
    taken: HashMap<&'r str, &'r Offer>,
    rejected: Vec<&'r Rejection>,
}

impl<'r> Read<'r> {
    fn of(rows: &'r [Row]) -> Read<'r> {
        let mut read = Read { taken: HashMap::new(), rejected: Vec::new() };
        for row in rows {
            match row {
                Row::Offer(offer) => _ = read.taken.insert(offer.item.id.as_str(), offer),
                Row::Rejected(rejection) => read.rejected.push(rejection),
            }
        }
        read
    }
}

impl Case<'_> {
    /// What became of the damage, or what is wrong with it.
    pub(super) fn judge(&self, damaged: &[u8]) -> Result<&'static str, String> {
        let places = &self.feed.places;
        let within = places[0].whole.start < self.hit.start && self.hit.end < places[ITEMS - 1].whole.end;
        let rows = match read_all(damaged) {
            Ok(rows) => rows,
            Err(error) if within => return Err(format!("the whole feed failed: {error}")),
            Err(_) => return Ok("whole feed"),
        };
        let read = Read::of(&rows);
        if let Some(rejection) = read.rejected.iter().find(|rejection| !rejection.is_advised()) {
            return Err(format!("nothing is said of what to do about it: {rejection:?}"));
        }
        let mut outcome = "unnoticed";
        for place in places {
            outcome = self.judge_item(place, &read)?.unwrap_or(outcome);
        }
        self.judge_strangers(&read)?;
        Ok(outcome)
    }

    fn judge_item(&self, place: &Place, read: &Read<'_>) -> Result<Option<&'static str>, String> {
        let is_hit = self.touches(&place.whole);
        let is_rejected = read.rejected.iter().any(|rejection| rejection.id.as_deref() == Some(&place.id));
        let is_unknown = read.rejected.iter().any(|rejection| match &rejection.id {
            None => true,
            Some(id) => rejection.is_doubtful && !self.before.contains_key(id),
        });
        let is_mentioned = read.rejected.iter().any(|rejection| rejection.mentions.contains(&place.id));
        match read.taken.get(place.id.as_str()) {
            Some(offer) if !is_hit && offer.item != self.before[&place.id] => {
                self.judge_change_elsewhere(place, &offer.item).map(|()| None)
            }
            Some(offer) => {
                self.judge_fields(place, &offer.item)?;
                if is_rejected && !is_hit {
                    return Err(format!("{} is there twice", place.id));
                }
                Ok(None)
            }
            None if !is_hit && (self.hits_any() || !(is_rejected || is_unknown)) => {
                Err(format!("{} was lost, and was not hit", place.id))
            }
            None if is_rejected => Ok(Some("rejected")),
            None if is_unknown => Ok(Some("unknown")),
            None if is_mentioned => Ok(Some("mentioned")),
            None if self.hits_id(place) => Ok(Some("another id")),
            None => Err(format!("{} was lost", place.id)),
        }
    }

    /// An item that was not hit may only change with what all items refer to.
    fn judge_change_elsewhere(&self, place: &Place, new: &Item) -> Result<(), String> {
        let old = &self.before[&place.id];
        let is_other = new.category.is_some() || self.feed.referred.iter().any(|range| self.touches(range));
        let is_category_alone = is_other && Item { category: old.category.clone(), ..new.clone() } == *old;
        if is_category_alone && !self.hits_any() {
            return Ok(());
        }
        Err(format!("{} changed, and was not hit", place.id))
    }

    /// A field changes only where it was hit, and has no value only where the value was hit.
    fn judge_fields(&self, place: &Place, new: &Item) -> Result<(), String> {
        let old = &self.before[&place.id];
        if new == old {
            return Ok(());
        }
        let (old, new) = (values(old), values(new));
        for (name, old) in &old {
            // A currency may stand beside the price.
            let is_named = |field: &&Field| field.name == name || (name == "currency" && field.name == "price");
            let own: Vec<&Field> = place.fields.iter().filter(is_named).collect();
            let is_own = own.iter().any(|field| self.touches(&field.whole));
            let is_erased = own.iter().any(|field| self.touches(&field.value));
            if new[name] != *old && (!is_own || (new[name] == "null" || name == "in_stock") && !is_erased) {
                return Err(format!("{name} of {} is {} and was {old}", place.id, new[name]));
            }
        }
        Ok(())
    }

    /// An id that no item had comes only of damage to an id.
    fn judge_strangers(&self, read: &Read<'_>) -> Result<(), String> {
        let sure = read.rejected.iter().filter(|rejection| !rejection.is_doubtful);
        let ids = read.taken.keys().copied().chain(sure.filter_map(|rejection| rejection.id.as_deref()));
        for id in ids.filter(|id| !self.before.contains_key(*id)) {
            if !self.feed.places.iter().any(|place| self.touches(&place.whole) && self.hits_id(place)) {
                return Err(format!("{id:?} is nobody's id"));
            }
            if id.contains(['\n', '<', '>', '\t']) || id.trim() != id || id.len() > 20 {
                return Err(format!("{id:?} is no id"));
            }
        }
        Ok(())
    }

    /// Whether the damage can have changed what lies in `range`; at its borders too.
    fn touches(&self, range: &Range<usize>) -> bool {
        self.hit.start <= range.end && self.hit.end >= range.start
    }

    fn hits_id(&self, place: &Place) -> bool {
        place.fields.iter().any(|field| field.name == "id" && self.touches(&field.whole))
    }

    /// Whether an item is hit. What all items refer to may be hit together with one of them.
    fn hits_any(&self) -> bool {
        let places = &self.feed.places;
        places.iter().any(|place| self.touches(&place.whole)) && self.hit.start >= places[0].whole.start
    }
}

/// The fields of an item by their names, as `feed --format json` has them.
fn values(item: &Item) -> HashMap<String, String> {
    let fields = item.to_json();
    let fields = fields.as_object().into_iter().flatten().filter(|(name, _)| !matches!(name.as_str(), "id" | "local"));
    fields.map(|(name, value)| (name.clone(), value.to_string())).collect()
}
