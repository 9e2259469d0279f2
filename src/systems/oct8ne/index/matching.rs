//! Which documents have the words of a query, and where in them.

use std::io;

use super::file::{DESCRIPTION, Index, STEM, TITLE, WHOLE, WORD};
use super::sheets::Sheets;
use crate::systems::oct8ne::text::words::{Word, is_near, typos};

/// The word itself was found, and not only a form of it.
const EXACT: u8 = 32;

/// How a word may be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Forms,
    Typos,
}

/// Where a word stands, by segment and document; 0 = nowhere.
struct Places {
    masks: Vec<Vec<u8>>,
    documents: u64,
}

/// A document that has the words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) doc: u16,
    pub(super) score: u32,
    /// All words are in its title.
    pub(super) is_title: bool,
    /// Its id or a code is the whole query.
    pub(super) is_whole: bool,
}

/// The hits of each segment, in the documents' order.
pub(super) type Hits = Vec<Vec<Hit>>;

impl Index {
    /// The documents that have all words: the same, in another form, or the last one's beginning. When there are none,
    /// with typos; when there are still none, without the last word, and so on. Those whose id or code is `whole` are
    /// there in any case.
    pub(super) fn hits(
        &self,
        words: &[Word],
        whole: &str,
        is_hidden: &dyn Fn(usize, u16) -> bool,
        sheets: &Sheets<'_>,
    ) -> io::Result<Hits> {
        let mut coded = self.coded(whole)?;
        for (segment, docs) in coded.iter_mut().enumerate() {
            docs.retain(|doc| !is_hidden(segment, *doc));
        }
        let has_code = coded.iter().any(|docs| !docs.is_empty());
        let mut words = words;
        loop {
            for way in [Way::Forms, Way::Typos] {
                let found = self.all(words, way, is_hidden, sheets)?;
                if has_code || words.is_empty() || found.iter().any(|hits| !hits.is_empty()) {
                    return Ok(joined(found, &coded));
                }
            }
            words = words.split_last().map_or(&[], |(_, rest)| rest);
        }
    }

    /// Documents of which the whole text is the id or a code.
    fn coded(&self, whole: &str) -> io::Result<Vec<Vec<u16>>> {
        let term = format!("{WHOLE}{whole}");
        let of = |segment| {
            let mut docs = Vec::new();
            self.term(segment, &term, |postings| docs.extend(each(postings).map(|(doc, _)| doc)))?;
            Ok(docs)
        };
        self.segments().iter().map(of).collect()
    }

    fn all(
        &self,
        words: &[Word],
        way: Way,
        is_hidden: &dyn Fn(usize, u16) -> bool,
        sheets: &Sheets<'_>,
    ) -> io::Result<Hits> {
        let mut places = Vec::new();
        for (at, word) in words.iter().enumerate() {
            let found = self.places(word, at + 1 == words.len(), way)?;
            if found.documents == 0 {
                return Ok(self.segments().iter().map(|_| Vec::new()).collect());
            }
            places.push(found);
        }
        let weights: Vec<f32> = places.iter().map(|found| rarity(found.documents, self.contents.docs)).collect();
        let mut hits = Vec::new();
        for (number, segment) in self.segments().iter().enumerate() {
            let mut of_segment = Vec::new();
            for doc in 0..segment.docs as usize {
                let masks = || places.iter().map(|found| found.masks[number].get(doc).copied().unwrap_or_default());
                let doc = doc as u16;
                if words.is_empty() || masks().any(|mask| mask == 0) || is_hidden(number, doc) {
                    continue;
                }
                let title =
                    sheets.of(number)?.and_then(|columns| columns.0.get(doc as usize)).map_or(1, |row| row.title);
                let score: f32 = masks().zip(&weights).map(|(mask, weight)| weight * worth(mask, title)).sum();
                let is_title = masks().all(|mask| mask & TITLE != 0);
                of_segment.push(Hit { doc, score: (score * 1000.0) as u32, is_title, is_whole: false });
            }
            hits.push(of_segment);
        }
        Ok(hits)
    }

    /// Where a word stands.
    fn places(&self, word: &Word, is_last: bool, way: Way) -> io::Result<Places> {
        let mut masks = Vec::new();
        let letters: Vec<char> = word.folded.chars().collect();
        let most = if way == Way::Typos { typos(letters.len()) } else { 0 };
        for segment in self.segments() {
            let mut mask = vec![0_u8; segment.docs as usize];
            let mut add = |postings: &[u8], more: u8| {
                for (doc, place) in each(postings) {
                    if let Some(entry) = mask.get_mut(doc as usize) {
                        *entry |= place | more;
                    }
                }
            };
            let own = format!("{WORD}{}", word.folded);
            if is_last {
                self.terms(segment, &own, |term, postings| add(postings, if term == own { EXACT } else { 0 }))?;
            } else {
                self.term(segment, &own, |postings| add(postings, EXACT))?;
            }
            for stem in &word.stems {
                self.term(segment, &format!("{STEM}{stem}"), |postings| add(postings, 0))?;
            }
            if let (Some(first), 1..) = (letters.first(), most) {
                self.terms(segment, &format!("{WORD}{first}"), |term, postings| {
                    let other: Vec<char> = term.chars().skip(1).collect();
                    if is_near(&letters, &other, most) {
                        add(postings, 0);
                    }
                })?;
            }
            masks.push(mask);
        }
        let documents = masks.iter().flatten().filter(|mask| **mask != 0).count() as u64;
        Ok(Places { masks, documents })
    }
}

/// Documents and places of postings.
fn each(postings: &[u8]) -> impl Iterator<Item = (u16, u8)> {
    postings.as_chunks::<3>().0.iter().map(|[low, high, place]| (u16::from_le_bytes([*low, *high]), *place))
}

/// How much a word tells: the fewer have it, the more.
fn rarity(documents: u64, all: u64) -> f32 {
    (1.0 + (all as f32 + 1.0) / (documents as f32 + 0.5)).ln()
}

/// How much a place is worth: a short title before a long one, a title before a brand, that before a description.
fn worth(mask: u8, title: u8) -> f32 {
    let place = match mask {
        mask if mask & TITLE != 0 => 10.0 + 30.0 / (1.0 + f32::from(title)),
        mask if mask & !(TITLE | DESCRIPTION | EXACT) != 0 => 6.0,
        _ => 2.0,
    };
    if mask & EXACT != 0 { place } else { place * 0.8 }
}

/// The hits with those that are known by their code, which come first.
fn joined(mut hits: Hits, coded: &[Vec<u16>]) -> Hits {
    for (of_segment, docs) in hits.iter_mut().zip(coded) {
        for doc in docs {
            match of_segment.iter_mut().find(|hit| hit.doc == *doc) {
                Some(hit) => hit.is_whole = true,
                None => of_segment.push(Hit { doc: *doc, score: 0, is_title: false, is_whole: true }),
            }
        }
        of_segment.sort_by_key(|hit| hit.doc);
    }
    hits
}
