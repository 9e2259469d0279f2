//! Whether the pages of a listing come to an end and to a whole. Pure.
//!
//! Objects may come and go while pages are read, so that one may be listed twice, or not at all; but each page has
//! something new, and there are not more objects than were counted.

use std::collections::HashSet;

use super::listed::Listed;
use crate::catalog::{DigestSet, Hasher};
use crate::remote::nicechat::{Page, PageAddress};

/// So many objects may come while a listing is read, besides as many as there were.
const MOST_NEW: u64 = 1_000;

/// No shop has more objects.
const MOST_OBJECTS: u64 = 10_000_000;

/// Nor are there more pages, of as few objects as anybody would put on one.
const MOST_PAGES: u64 = 100_000;

/// The pages of a listing so far.
pub(super) struct Walk {
    hasher: Hasher,
    addresses: HashSet<PageAddress>,
    ids: Listed,
    odd: DigestSet,
    /// Several may be alike.
    all_odd: u64,
    pages: u64,
    counts: Option<Counts>,
    largest_page: u64,
}

/// What pages counted.
#[derive(Debug, Clone, Copy)]
struct Counts {
    first: u64,
    largest: u64,
    last: u64,
    is_same: bool,
}

/// A listing that is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Walked {
    /// Objects with an id.
    pub(super) listed: u64,
    /// Objects whose id is none.
    pub(super) odd: u64,
    /// How many there are by the last count.
    pub(super) counted: Option<u64>,
    is_steady: bool,
}

impl Walked {
    /// Whether every object there is was listed.
    pub(super) fn is_whole(&self) -> bool {
        self.is_steady && self.counted == Some(self.listed + self.odd)
    }
}

impl Walk {
    pub(super) fn new(first: PageAddress, hasher: Hasher) -> Walk {
        Walk {
            hasher,
            addresses: HashSet::from([first]),
            ids: Listed::default(),
            odd: DigestSet::default(),
            all_odd: 0,
            pages: 0,
            counts: None,
            largest_page: 0,
        }
    }

    /// Takes in the next page.
    ///
    /// # Errors
    /// Why it is no page of a listing.
    pub(super) fn take(&mut self, page: &Page) -> Result<(), String> {
        self.pages += 1;
        let before = self.ids.len() + self.odd.len();
        page.objects.iter().for_each(|(id, _)| self.ids.add(self.hasher.digest(id.as_str().as_bytes())));
        self.odd.extend(&page.odd);
        self.all_odd += page.odd.len() as u64;
        let number = self.pages;
        if number > MOST_PAGES {
            return Err(format!("it has more than {MOST_PAGES} pages"));
        }
        let has_more = page.next.is_some();
        if self.ids.len() + self.odd.len() == before && (has_more || number > 1) {
            return Err(format!("its page {number} brings no new id"));
        }
        self.count(page)?;
        match &page.next {
            Some(next) if !self.addresses.insert(next.clone()) => {
                Err(format!("it goes round in a circle after page {number}"))
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, page: &Page) -> Result<(), String> {
        let number = self.pages;
        let on_page = (page.objects.len() + page.odd.len()) as u64;
        self.largest_page = self.largest_page.max(on_page);
        let Some(count) = page.count else {
            // A listing of several pages that says nothing of their number need not have an end.
            let is_alone = page.next.is_none() && number == 1;
            return if is_alone { Ok(()) } else { Err(format!("its page {number} has no count")) };
        };
        if count > MOST_OBJECTS {
            return Err(format!("it counts {count} objects, and no shop has so many"));
        }
        if on_page > count {
            return Err(format!("its page {number} has {on_page} objects and counts {count}"));
        }
        let counts = self.counts.get_or_insert(Counts { first: count, largest: count, last: count, is_same: true });
        counts.is_same &= counts.last == count;
        counts.last = count;
        counts.largest = counts.largest.max(count);
        // One that went after it was listed is counted no more, and another may have come in its place.
        let most = counts.largest.min(2 * counts.first + MOST_NEW) + self.largest_page;
        let all = self.ids.len() as u64 + self.all_odd;
        if all > most {
            return Err(format!("it has {all} objects up to page {number} and counts {count}"));
        }
        Ok(())
    }

    /// The next page isn't there any more: objects have gone meanwhile, and what was on it may have been passed over.
    pub(super) fn breaks_off(&mut self) {
        self.counts.iter_mut().for_each(|counts| counts.is_same = false);
    }

    pub(super) fn end(self) -> Walked {
        Walked {
            listed: self.ids.len() as u64,
            odd: self.all_odd,
            counted: self.counts.map(|counts| counts.last),
            is_steady: self.counts.is_some_and(|counts| counts.is_same),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::{Fields, Id};

    /// A page with these ids; those that are empty are odd.
    fn page(count: Option<u64>, ids: &[String], next: Option<u64>) -> Page {
        let mut page = Page { count, objects: Vec::new(), odd: Vec::new(), next: next.map(PageAddress::numbered) };
        for id in ids {
            match Id::parse(id) {
                Ok(id) => page.objects.push((id, Fields::new())),
                Err(_) => page.odd.push(0),
            }
        }
        page
    }

    /// Walks as far as `pages` goes; what it came to, and after how many pages.
    fn walk(mut pages: impl FnMut(u64) -> Page) -> (Result<Walked, String>, u64) {
        let mut walk = Walk::new(PageAddress::numbered(1), Hasher::without_secret());
        for number in 1.. {
            let page = pages(number);
            if let Err(problem) = walk.take(&page) {
                return (Err(problem), number);
            }
            if page.next.is_none() {
                return (Ok(walk.end()), number);
            }
        }
        unreachable!()
    }

    fn ids(from: u64, to: u64) -> Vec<String> {
        (from..to).map(|id| id.to_string()).collect()
    }

    #[test]
    fn listings_without_an_end_are_found_out_soon() {
        let endless =
            |count: fn(u64) -> u64| walk(move |n| page(Some(count(n)), &ids(n * 10, n * 10 + 10), Some(n + 1)));
        let found = endless(|_| 10);
        assert_eq!(found, (Err("it has 30 objects up to page 3 and counts 10".to_owned()), 3));
        // One that counts more and more.
        let (found, pages) = endless(|n| n * 100);
        assert!(found.is_err() && pages < 150, "{pages}");
        let again = walk(|n| page(Some(1_000), &ids(0, 10), Some(n + 1)));
        assert_eq!(again, (Err("its page 2 brings no new id".to_owned()), 2));
        let circle = walk(|n| page(Some(1_000), &ids(n * 10, n * 10 + 10), Some(n % 3 + 1)));
        assert_eq!(circle, (Err("it goes round in a circle after page 3".to_owned()), 3));
        let uncounted = walk(|n| page(None, &ids(n * 10, n * 10 + 10), Some(n + 1)));
        assert_eq!(uncounted, (Err("its page 1 has no count".to_owned()), 1));
        let too_few = walk(|_| page(Some(0), &ids(0, 3), None));
        assert_eq!(too_few, (Err("its page 1 has 3 objects and counts 0".to_owned()), 1));
    }

    #[test]
    fn absence_is_proven_by_a_count_that_agrees() {
        let one = |count, ids: &[String]| walk(|_| page(count, ids, None)).0.expect("a listing");
        assert!(one(Some(3), &ids(0, 3)).is_whole());
        assert!(one(Some(0), &[]).is_whole());
        // Odd ones are there too, and may look alike.
        assert!(one(Some(4), &["a".to_owned(), String::new(), String::new(), "b".to_owned()]).is_whole());
        assert!(!one(Some(4), &ids(0, 3)).is_whole());
        assert!(!one(None, &ids(0, 3)).is_whole());
        // Two went while it was read, so that two were passed over.
        let moving = walk(|n| page(Some([20, 18][n as usize - 1]), &ids(n * 10, n * 10 + 8), (n == 1).then_some(2)));
        assert!(!moving.0.expect("a listing").is_whole());
    }

    proptest! {
        #[test]
        fn whole_listings_are_whole(objects in 0_u64..500, size in 1_u64..60, odd in proptest::collection::vec(0_usize..500, 0..5)) {
            let mut all = ids(0, objects);
            odd.iter().filter(|at| **at < all.len()).copied().collect::<Vec<_>>().into_iter().for_each(|at| all[at].clear());
            let last = objects.div_ceil(size).max(1);
            let (walked, pages) = walk(|n| {
                let from = ((n - 1) * size) as usize;
                let to = all.len().min(from + size as usize);
                page(Some(objects), &all[from..to], (n < last).then_some(n + 1))
            });
            // Pages of nothing but odd objects that look alike have nothing new.
            if let Ok(walked) = walked {
                prop_assert!(walked.is_whole());
                prop_assert_eq!(pages, last);
            } else {
                let shortest = if objects % size == 0 { size } else { objects % size };
                prop_assert!(shortest <= 4);
            }
        }
    }
}
