//! Two feeds, one after the other: what the fast way makes of the second is what the plain one makes of it.
//! `cargo +nightly fuzz run known_rows`
#![no_main]

use std::collections::HashMap;
use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use shelfkeeper::catalog::Hasher;
use shelfkeeper::feed::{self, ParseOptions, Row, RowDigest, RowPlace, RowSink, SinkError};

/// Remembers what rows meant by their digests alone.
struct Memory {
    hasher: Hasher,
    rows: Vec<(RowDigest, String)>,
    seen: HashMap<String, RowPlace>,
    told: Vec<String>,
    is_new: bool,
}

impl Memory {
    fn new(rows: Vec<(RowDigest, String)>, is_new: bool) -> Memory {
        let hasher = Hasher::without_secret();
        Memory { hasher, rows, seen: HashMap::new(), told: Vec::new(), is_new }
    }
}

fn tell(row: &Row) -> String {
    match row {
        // The line is no part of an item's meaning.
        Row::Offer(offer) => format!("{:?} {:?} {}", offer.item, offer.changes_at, offer.currency_assumed),
        Row::Rejected(rejection) => format!("{:?} {}", rejection.id, rejection.reason),
    }
}

fn id_of(row: &Row) -> Option<String> {
    match row {
        Row::Offer(offer) => Some(offer.item.id.to_string()),
        Row::Rejected(rejection) => rejection.id.clone(),
    }
}

impl RowSink for Memory {
    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    fn knows_some(&self) -> bool {
        !self.is_new
    }

    fn knows(&mut self, row: RowDigest, line: u64) -> Result<bool, SinkError> {
        let Some((_, text)) = self.rows.iter().find(|(digest, _)| *digest == row) else { return Ok(false) };
        let id = text.split('\u{0}').next().unwrap_or_default().to_owned();
        if self.is_new || self.seen.contains_key(&id) {
            return Ok(false);
        }
        self.seen.insert(id, RowPlace::new(line, true));
        self.told.push(text.clone());
        Ok(true)
    }

    fn first(&mut self, id: &str, row: RowPlace) -> Result<Option<RowPlace>, SinkError> {
        let first = self.seen.get(id).copied();
        self.seen.entry(id.to_owned()).or_insert(row);
        Ok(first)
    }

    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError> {
        let text = format!("{}\u{0}{}", id_of(&row).unwrap_or_default(), tell(&row));
        if let (true, Some(digest), Row::Offer(_)) = (self.is_new, digest, &row) {
            self.rows.push((digest, text.clone()));
        }
        self.told.push(text);
        Ok(())
    }
}

fn read(bytes: &[u8], memory: &mut Memory) -> Result<(), String> {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(bytes).expect("written");
    let shape = ParseOptions::at(jiff::Timestamp::UNIX_EPOCH);
    feed::read_into(&feed::open(&file, 1 << 20), &shape, memory).map(drop).map_err(|error| error.to_string())
}

fuzz_target!(|feeds: (&[u8], &[u8])| {
    let mut first = Memory::new(Vec::new(), true);
    let _ = read(feeds.0, &mut first);
    let mut plain = Memory::new(Vec::new(), true);
    let expected = read(feeds.1, &mut plain);
    let mut fast = Memory::new(first.rows, false);
    assert_eq!(read(feeds.1, &mut fast), expected);
    assert_eq!(fast.told, plain.told);
});
