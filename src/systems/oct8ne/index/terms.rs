//! The terms of a segment that is being made.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::file::STEM;
use super::list::{List, MOST};
use super::postings;
use crate::sorter::Sorter;
use crate::systems::oct8ne::text::words::{Analyser, Word, tokens};

/// What each document takes of a term.
pub(super) type Entry = (u16, u8);

/// Which documents have which words.
#[derive(Default)]
pub(super) struct Terms {
    /// Words as they stand in texts, with the numbers of their terms: to take one apart costs more than all else.
    known: HashMap<String, usize, Digests>,
    numbers: HashMap<Word, usize, Digests>,
    terms: Vec<(Word, Vec<Entry>)>,
    /// How many entries there are.
    pub(super) entries: usize,
}

impl Terms {
    /// Adds the words of a text of a document; gives how many they are.
    pub(super) fn add(&mut self, analyser: &Analyser, text: &str, (doc, place): Entry) -> usize {
        let mut count = 0;
        tokens(text, |raw, is_number| {
            count += 1;
            let term = match self.known.get(raw) {
                Some(term) => *term,
                None => self.learn(analyser, raw, is_number),
            };
            let Some((_, entries)) = self.terms.get_mut(term) else { return };
            match entries.last_mut().filter(|(last, _)| *last == doc) {
                Some((_, places)) => *places |= place,
                None => {
                    entries.push((doc, place));
                    self.entries += 1;
                }
            }
        });
        count
    }

    fn learn(&mut self, analyser: &Analyser, raw: &str, is_number: bool) -> usize {
        let word = analyser.word(raw, is_number);
        let next = self.terms.len();
        let term = *self.numbers.entry(word).or_insert_with_key(|word| {
            self.terms.push((word.clone(), Vec::new()));
            next
        });
        self.known.insert(raw.to_owned(), term);
        term
    }

    /// Writes the lists of a segment of so many documents, whose first one lies at a place; their terms go to the sorter.
    pub(super) fn write(
        self,
        (segment, docs): (usize, usize),
        at: u64,
        sorter: &mut Sorter,
        mut write: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let segment = u16::try_from(segment).ok().filter(|segment| *segment < 1 << 15);
        let segment = segment.ok_or_else(|| io::Error::other("there are too many products"))?;
        let mut next = 0;
        let mut terms = self.terms;
        // Those of words that begin alike are read together.
        terms.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (word, entries) in terms {
            let list = match entries.as_slice() {
                [] => continue,
                [(doc, place)] => List::alone(segment, *doc, *place),
                entries => {
                    let bytes = postings::write(entries, docs, at + next);
                    let list = List::at(segment, next, entries.len());
                    write(&bytes)?;
                    next += bytes.len() as u64;
                    list
                }
            };
            if next >= MOST {
                return Err(io::Error::other("the descriptions are too long"));
            }
            sorter.add(&word.folded, list.0)?;
            word.stems.iter().try_for_each(|stem| sorter.add(&format!("{stem}{STEM}"), list.0))?;
        }
        Ok(())
    }
}

/// Hashes texts with a secret: who writes a feed can't choose words that are all alike to it.
#[derive(Clone)]
struct Digests(u64);

impl Default for Digests {
    fn default() -> Digests {
        Digests(RandomState::new().hash_one(0))
    }
}

impl BuildHasher for Digests {
    type Hasher = Digest;

    fn build_hasher(&self) -> Digest {
        Digest(self.0)
    }
}

struct Digest(u64);

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }
}
