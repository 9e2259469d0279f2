//! A generator of feeds: catalogs of any size out of a seed, whole or somewhat changed.
//!
//! The same settings give the same bytes on every machine. Items are made one at a time, each from the seed
//! and its own number, so that memory doesn't grow with the catalog.

mod item;
mod rng;
mod tsv;
mod words;
mod yml;

pub use item::Item;

/// A catalog to be written as a feed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Catalog {
    /// What everything follows from.
    pub seed: u64,
    /// How many items the unchanged catalog has.
    pub items: usize,
    /// What percentage of the items differs from the unchanged catalog, 0 to 100. Of those three fifths have
    /// another price, stock or title, one fifth is gone, and one fifth is new.
    pub changed: f64,
    /// The items in another order, which follows from the seed.
    pub shuffled: bool,
}

impl Default for Catalog {
    /// Seed 1, a thousand items, nothing changed, in order.
    fn default() -> Self {
        Self { seed: 1, items: 1000, changed: 0.0, shuffled: false }
    }
}

/// What has become of an item in a changed catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Price,
    Stock,
    Title,
    /// The item isn't there any more.
    Removed,
    /// The item is as it was, and followed by a new one.
    Added,
}

/// Touched items take these in turn.
const CHANGES: [Change; 5] = [Change::Price, Change::Added, Change::Stock, Change::Removed, Change::Title];

impl Catalog {
    /// How many items are changed, gone or new: `changed` percent of `items`, rounded.
    pub fn touched(&self) -> usize {
        let share = (self.changed / 100.0).clamp(0.0, 1.0);
        (self.items as f64 * share).round() as usize
    }

    /// The items in the order of the feed.
    pub fn iter(&self) -> impl Iterator<Item = Item> + '_ {
        let stride = self.stride();
        (0..self.items).flat_map(move |place| self.at(permuted(place, stride, self.items)))
    }

    /// What the changed catalog has in the place of an item of the unchanged one: none, one or two.
    fn at(&self, number: usize) -> impl Iterator<Item = Item> + use<> {
        let mut item = Item::of(self.seed, number);
        let mut added = None;
        let change = self.change_of(number);
        match change {
            Some(Change::Price) => item.reprice(),
            Some(Change::Stock) => item.in_stock = !item.in_stock,
            Some(Change::Title) => item.retitle(),
            Some(Change::Added) => added = Some(Item::of(self.seed, self.items + number)),
            Some(Change::Removed) | None => {}
        }
        let kept = (change != Some(Change::Removed)).then_some(item);
        kept.into_iter().chain(added)
    }

    /// What becomes of an item: the touched ones are spread evenly and take the changes in turn.
    fn change_of(&self, number: usize) -> Option<Change> {
        let touched_before = |number: usize| scaled(number, self.touched(), self.items);
        let turn = touched_before(number);
        (touched_before(number + 1) > turn).then(|| CHANGES[turn % CHANGES.len()])
    }

    /// A step that visits each item exactly once: it has no divisor in common with their number. From a third to
    /// two thirds of them, so that neighbours come far apart.
    fn stride(&self) -> usize {
        let third = self.items / 3;
        if !self.shuffled || third == 0 {
            return 1;
        }
        let start = third + rng::Rng::new(self.seed, u64::MAX).below(third);
        // The number before that of the items would do at the latest.
        (start.max(2)..self.items).find(|step| gcd(*step, self.items) == 1).unwrap_or(1)
    }
}

/// The number of the item in a place of the feed.
fn permuted(place: usize, stride: usize, items: usize) -> usize {
    let number = place as u128 * stride as u128 % items.max(1) as u128;
    usize::try_from(number).unwrap_or(place)
}

/// `number * share / whole`, rounded down.
fn scaled(number: usize, share: usize, whole: usize) -> usize {
    let scaled = number as u128 * share as u128 / whole.max(1) as u128;
    usize::try_from(scaled).unwrap_or(usize::MAX)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn by_id(catalog: &Catalog) -> BTreeMap<String, Item> {
        let items: BTreeMap<_, _> = catalog.iter().map(|item| (item.id.clone(), item)).collect();
        assert_eq!(items.len(), catalog.iter().count(), "ids are unique");
        items
    }

    #[test]
    fn a_changed_catalog_differs_in_just_its_share() {
        let before = Catalog { items: 2000, ..Catalog::default() };
        let after = Catalog { changed: 5.0, ..before };
        let (old, new) = (by_id(&before), by_id(&after));
        let gone = old.keys().filter(|id| !new.contains_key(*id)).count();
        let added = new.keys().filter(|id| !old.contains_key(*id)).count();
        let differ = old.iter().filter(|(id, item)| new.get(*id).is_some_and(|new| new != *item)).count();
        assert_eq!((gone, added, differ, after.touched()), (20, 20, 60, 100));
    }

    #[test]
    fn order_is_all_that_shuffling_changes() {
        let plain = Catalog { items: 997, ..Catalog::default() };
        let shuffled = Catalog { shuffled: true, ..plain };
        assert_eq!(by_id(&plain), by_id(&shuffled));
        assert!(!plain.iter().eq(shuffled.iter()));
    }

    #[test]
    fn feeds_are_the_same_every_time_and_have_their_difficulties() {
        let catalog = Catalog { items: 200, ..Catalog::default() };
        let text = |write: fn(&Catalog, &mut Vec<u8>) -> std::io::Result<()>| {
            let mut bytes = Vec::new();
            write(&catalog, &mut bytes).expect("memory takes all");
            String::from_utf8(bytes).expect("UTF-8")
        };
        let tsv = text(|catalog, out| catalog.write_tsv(out));
        assert_eq!(tsv, text(|catalog, out| catalog.write_tsv(out)));
        assert!(tsv.lines().count() > 201, "some cells have newlines");
        assert!(tsv.contains("\"\"") && tsv.contains('&'));
        let yml = text(|catalog, out| catalog.write_yml(out));
        assert_eq!(yml.matches("<offer ").count(), 200);
        assert!(yml.trim_end().ends_with("</yml_catalog>"));
    }

    #[test]
    fn descriptions_are_of_a_usual_length() {
        let lengths: Vec<usize> = Catalog::default().iter().map(|item| item.description.chars().count()).collect();
        let mean = lengths.iter().sum::<usize>() / lengths.len();
        assert!((200..=300).contains(&mean), "{mean}");
        assert!(lengths.iter().all(|length| (150..=400).contains(length)), "{lengths:?}");
    }
}
