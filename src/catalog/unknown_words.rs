//! Words of a feed that nobody defined, counted so that they can be told.

use std::collections::BTreeMap;
use std::fmt;

/// Different words that are counted each by itself; a feed can hold any number of them.
const MOST: usize = 20;
/// Letters of a word that are kept.
const LONGEST: usize = 40;

/// Words and how often each occurs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnknownWords {
    counts: BTreeMap<String, u64>,
    others: u64,
}

impl UnknownWords {
    /// Counts a word.
    pub fn add(&mut self, word: &str) {
        let word: String = word.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        if self.counts.len() < MOST || self.counts.contains_key(&word) {
            *self.counts.entry(word).or_default() += 1;
        } else {
            self.others += 1;
        }
    }

    /// How many there were, the same word as often as it came.
    pub fn total(&self) -> u64 {
        self.counts.values().sum::<u64>() + self.others
    }

    /// The words that were counted each by itself.
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }
}

/// `"maybe" (3), "soon" (1) and 7 more`: the most frequent first.
impl fmt::Display for UnknownWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<_> = self.counts.iter().collect();
        words.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (index, (word, count)) in words.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{word:?} ({count})")?;
        }
        if self.others > 0 { write!(f, " and {} more", self.others) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_come_first_and_their_number_is_bounded() {
        let mut words = UnknownWords::default();
        for word in ["soon", "maybe", "maybe"] {
            words.add(word);
        }
        assert_eq!(words.to_string(), r#""maybe" (2), "soon" (1)"#);
        (0..1000).for_each(|n| words.add(&format!("w{n}")));
        assert_eq!((words.total(), words.counts().len()), (1003, MOST));
        assert!(words.to_string().ends_with("and 982 more"));
    }
}
