//! What a pass has met of the listing. In which order NiceChat lists, nobody knows: rows move while pages are read.

use std::collections::{HashMap, HashSet};

/// What a pass has met of the listing.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Orders with an id.
    pub(super) ids: HashSet<i64>,
    /// What is no order, by its digest, and how often.
    pub(super) aside: HashMap<[u8; 16], u64>,
    /// NiceChat's own counts, page by page.
    counts: HashSet<Option<u64>>,
    /// Whether its last page was read.
    pub(super) is_whole: bool,
    /// How many pages were.
    pub(super) pages: u64,
    /// A page that another one named was there no more.
    pub(super) has_lost_page: bool,
}

/// How the listing's count and its pages agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Agreement {
    /// It was read to its end, and is as it says.
    Whole,
    /// It was not read to its end.
    Part,
    /// It says otherwise than it is, in words.
    Otherwise(String),
}

impl Walk {
    /// Takes a page in; gives how many of its entries are new to the pass.
    pub(super) fn take(&mut self, count: Option<u64>, ids: &[i64], aside: &[[u8; 16]]) -> usize {
        self.counts.insert(count);
        self.pages += 1;
        let new = ids.iter().filter(|id| self.ids.insert(**id)).count();
        let other = aside.iter().filter(|hash| {
            let times = self.aside.entry(**hash).or_default();
            *times += 1;
            *times == 1
        });
        new + other.count()
    }

    pub(super) fn met(&self) -> u64 {
        self.ids.len() as u64 + self.aside.values().sum::<u64>()
    }

    pub(super) fn agreement(&self) -> Agreement {
        if self.has_lost_page {
            return Agreement::Otherwise("a page of it went while it was read".to_owned());
        }
        if !self.is_whole {
            return Agreement::Part;
        }
        let met = self.met();
        let mut counts: Vec<u64> = self.counts.iter().flatten().copied().collect();
        counts.sort_unstable();
        match (counts.as_slice(), self.counts.contains(&None)) {
            ([count], false) if *count == met => Agreement::Whole,
            ([count], false) => Agreement::Otherwise(format!("it counts {count} orders, and its pages have {met}")),
            ([], _) => Agreement::Otherwise("it doesn't count its orders".to_owned()),
            (counts, _) => {
                let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
                Agreement::Otherwise(format!("its pages count {} orders", counts.join(" and ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listing_that_is_as_it_says_proves_absence() {
        let mut walk = Walk::default();
        assert_eq!(walk.take(Some(4), &[1, 2, 2], &[[7; 16]]), 3);
        assert_eq!(walk.agreement(), Agreement::Part);
        assert_eq!(walk.take(Some(4), &[2], &[[7; 16]]), 0);
        walk.is_whole = true;
        assert_eq!(walk.agreement(), Agreement::Whole);
        walk.take(Some(5), &[], &[]);
        assert_eq!(walk.agreement(), Agreement::Otherwise("its pages count 4 and 5 orders".to_owned()));
        let mut silent = Walk { is_whole: true, ..Walk::default() };
        silent.take(None, &[1], &[]);
        assert!(matches!(silent.agreement(), Agreement::Otherwise(_)));
    }
}
