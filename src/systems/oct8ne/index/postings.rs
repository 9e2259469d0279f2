//! The documents of a segment that have a term, and where in each it stands.
//!
//! A list is a head, the documents (a bit for each of the segment, or the gaps between them, whichever is the shorter)
//! and the places: one that all have, or a number of few bits a document that says which of a short table. Behind it a
//! checksum that depends on where it lies.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::varint;

/// Bytes of the head: what kind of list it is, how many documents it has (less one), and how many bytes follow.
const HEAD: usize = 1 + 2 + 4;
/// Bytes of the checksum.
const SUM: usize = 4;
/// In the head: documents are bits.
const IS_DENSE: u8 = 0x80;

/// A list that was read.
pub(super) struct Postings {
    docs: Docs,
    /// Bits of a number of a place.
    bits: usize,
    table: Vec<u8>,
    numbers: Vec<u8>,
}

enum Docs {
    Few(Vec<u16>),
    Many(Vec<u64>),
}

/// A list as it is written at a place; `entries` are in the documents' order, and at least one.
pub(super) fn write(entries: &[(u16, u8)], docs: usize, at: u64) -> Vec<u8> {
    let mut table: Vec<u8> = entries.iter().map(|(_, place)| *place).collect();
    table.sort_unstable();
    table.dedup();
    let bits = match table.len() {
        ..2 => 0,
        2 => 1,
        3..5 => 2,
        5..17 => 4,
        _ => 8,
    };
    let is_dense = entries.len() * 8 >= docs;
    let mut bytes = vec![bits as u8 | if is_dense { IS_DENSE } else { 0 }];
    bytes.extend_from_slice(&(entries.len().saturating_sub(1) as u16).to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    if bits < 8 {
        table.resize(1 << bits, 0);
        bytes.extend_from_slice(&table);
    }
    if is_dense {
        let mut set = vec![0_u8; docs.div_ceil(64) * 8];
        for (doc, _) in entries {
            set[usize::from(*doc) / 8] |= 1 << (doc % 8);
        }
        bytes.extend_from_slice(&set);
    } else {
        let mut next = 0;
        for (doc, _) in entries {
            varint::put(&mut bytes, u64::from(*doc) - next);
            next = u64::from(*doc) + 1;
        }
    }
    match bits {
        0 => {}
        8 => bytes.extend(entries.iter().map(|(_, place)| *place)),
        bits => {
            let mut numbers = vec![0_u8; (entries.len() * bits).div_ceil(8)];
            for (at, (_, place)) in entries.iter().enumerate() {
                let number = table.iter().position(|other| other == place).unwrap_or_default() as u8;
                numbers[at * bits / 8] |= number << (at * bits % 8);
            }
            bytes.extend_from_slice(&numbers);
        }
    }
    let length = (bytes.len() - HEAD) as u32;
    bytes[3..HEAD].copy_from_slice(&length.to_le_bytes());
    let sum = sum(&bytes, at);
    bytes.extend_from_slice(&sum);
    bytes
}

/// As many bytes as a list of so many documents has at most, when they are few; of many, the head, which tells.
pub(super) fn first_bytes(entries: usize) -> usize {
    if entries > 512 { 64 } else { HEAD + (1 << 4) + entries * 4 + SUM }
}

/// How long a list is, by its first bytes; more than is possible = it isn't what was written.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(*bytes.get(3..HEAD)?.first_chunk::<4>()?);
    usize::try_from(length).ok()?.checked_add(HEAD + SUM)
}

fn sum(bytes: &[u8], at: u64) -> [u8; SUM] {
    (xxh3_64_with_seed(bytes, at) as u32).to_le_bytes()
}

impl Postings {
    /// One that was read at a place, perhaps with more behind it; `None` = it isn't what was written there.
    pub(super) fn read(bytes: &[u8], docs: usize, at: u64) -> Option<Postings> {
        let (list, rest) = bytes.split_at_checked(length(bytes)? - SUM)?;
        if sum(list, at) != *rest.first_chunk::<SUM>()? {
            return None;
        }
        let (head, rest) = list.split_first_chunk::<HEAD>()?;
        let count = usize::from(u16::from_le_bytes([head[1], head[2]])) + 1;
        let bits = usize::from(head[0] & !IS_DENSE);
        if !matches!(bits, 0 | 1 | 2 | 4 | 8) {
            return None;
        }
        let (table, rest) = rest.split_at_checked(if bits < 8 { 1 << bits } else { 0 })?;
        let (found, numbers) = match head[0] & IS_DENSE {
            0 => few(rest, count, docs)?,
            _ => {
                let (set, rest) = rest.split_at_checked(docs.div_ceil(64) * 8)?;
                let (words, _) = set.as_chunks::<8>();
                (Docs::Many(words.iter().map(|word| u64::from_le_bytes(*word)).collect()), rest)
            }
        };
        (numbers.len() >= (count * bits).div_ceil(8)).then_some(())?;
        Some(Postings { docs: found, bits, table: table.to_vec(), numbers: numbers.to_vec() })
    }

    /// Where in its document the one with a number stands.
    fn place(&self, number: usize) -> u8 {
        let place = match self.bits {
            0 => self.table.first(),
            8 => self.numbers.get(number),
            bits => {
                let byte = self.numbers.get(number * bits / 8).copied().unwrap_or_default();
                let number = (byte >> (number * bits % 8)) & ((1 << bits) - 1);
                self.table.get(usize::from(number))
            }
        };
        place.copied().unwrap_or_default()
    }

    /// Documents in their order, and their places.
    pub(super) fn unpacked(self) -> (Vec<u16>, Vec<u8>) {
        let docs = match self.docs {
            Docs::Few(docs) => docs,
            Docs::Many(words) => {
                let count = words.iter().map(|word| word.count_ones() as usize).sum();
                let mut docs = Vec::with_capacity(count);
                bits(&words, |doc| docs.push(doc));
                docs
            }
        };
        let mut places = match self.bits {
            0 => vec![self.table.first().copied().unwrap_or_default(); docs.len()],
            8 => self.numbers,
            bits => {
                let numbers = |byte: &u8| {
                    let byte = *byte;
                    (0..8 / bits).map(move |at| usize::from(byte >> (at * bits)) & ((1 << bits) - 1))
                };
                let place = |number: usize| self.table.get(number).copied().unwrap_or_default();
                self.numbers.iter().flat_map(numbers).map(place).collect()
            }
        };
        places.resize(docs.len(), 0);
        (docs, places)
    }

    /// Documents with their places, in the documents' order.
    pub(super) fn each(&self, mut each: impl FnMut(u16, u8)) {
        let mut number = 0;
        let next = |doc| {
            each(doc, self.place(number));
            number += 1;
        };
        match &self.docs {
            Docs::Few(docs) => docs.iter().copied().for_each(next),
            Docs::Many(words) => bits(words, next),
        }
    }

    /// The places in some documents, which are in order; 0 = nowhere.
    pub(super) fn places(&self, wanted: &[u16]) -> Vec<u8> {
        match &self.docs {
            Docs::Few(docs) => {
                let mut at = 0;
                let place = |doc: &u16| {
                    while docs.get(at).is_some_and(|other| other < doc) {
                        at += 1;
                    }
                    if docs.get(at) == Some(doc) { self.place(at) } else { 0 }
                };
                wanted.iter().map(place).collect()
            }
            Docs::Many(words) => {
                let (mut behind, mut before) = (0, 0);
                let place = |doc: &u16| {
                    let (at, bit) = (usize::from(*doc) / 64, doc % 64);
                    let Some(word) = words.get(at) else { return 0 };
                    before += words[behind..at].iter().map(|word| word.count_ones() as usize).sum::<usize>();
                    behind = at;
                    let lower = (word & ((1 << bit) - 1)).count_ones() as usize;
                    if word >> bit & 1 == 1 { self.place(before + lower) } else { 0 }
                };
                wanted.iter().map(place).collect()
            }
        }
    }
}

/// Gives the bits that are set to `each`.
fn bits(words: &[u64], mut each: impl FnMut(u16)) {
    for (at, word) in words.iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            each((at * 64) as u16 | left.trailing_zeros() as u16);
            left &= left - 1;
        }
    }
}

/// Documents by their gaps, and what follows them.
fn few(mut rest: &[u8], count: usize, docs: usize) -> Option<(Docs, &[u8])> {
    let mut found = Vec::with_capacity(count);
    let mut next = 0_u64;
    for _ in 0..count {
        let doc = next.checked_add(varint::take(&mut rest)?).filter(|doc| *doc < docs as u64)?;
        found.push(doc as u16);
        next = doc + 1;
    }
    Some((Docs::Few(found), rest))
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lists_come_back(
            docs in 200_usize..3000,
            entries in btree_map(0_u16..3000, prop_oneof![1 => 1_u8..32, 4 => 1_u8..3], 1..600),
            cut in any::<(usize, u8)>(),
        ) {
            let entries: Vec<(u16, u8)> = entries.into_iter().filter(|(doc, _)| usize::from(*doc) < docs).collect();
            prop_assume!(!entries.is_empty());
            let mut bytes = write(&entries, docs, 77);
            prop_assert_eq!(length(&bytes), Some(bytes.len()));
            let read = Postings::read(&[&bytes[..], b"more"].concat(), docs, 77).expect("a list");
            let mut found = Vec::new();
            read.each(|doc, place| found.push((doc, place)));
            prop_assert_eq!(&found, &entries);
            let (docs_found, places) = Postings::read(&bytes, docs, 77).expect("a list").unpacked();
            prop_assert_eq!(&docs_found.into_iter().zip(places).collect::<Vec<_>>(), &entries);
            let wanted: Vec<u16> = (0..docs as u16).step_by(3).collect();
            let expected: Vec<u8> = wanted
                .iter()
                .map(|doc| entries.binary_search_by_key(doc, |(doc, _)| *doc).map_or(0, |at| entries[at].1))
                .collect();
            prop_assert_eq!(read.places(&wanted), expected);
            prop_assert!(Postings::read(&bytes, docs, 78).is_none(), "of another place");
            // Damage is noticed.
            let at = cut.0 % bytes.len();
            bytes[at] = bytes[at].wrapping_add(cut.1.max(1));
            prop_assert!(Postings::read(&bytes, docs, 77).is_none());
            prop_assert!(Postings::read(&bytes[..at], docs, 77).is_none());
        }
    }
}
