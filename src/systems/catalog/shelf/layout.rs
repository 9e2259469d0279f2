//! How a generation lies in its file.
//!
//! `MAGIC`, blocks, and a foot that tells where the last block is, which tells where the others are: pages of items in
//! the feed's order, pages of ids in the ids' order, pages of categories. Blocks are packed, and each has a checksum
//! that depends on its place, so that nothing is ever read that wasn't written there.

use jiff::{SignedDuration, Timestamp};
use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::clock::{Clock, Stamp};

/// The name of the file.
pub(super) const FILE: &str = "items";
/// Begins and ends a file; the last byte is the version.
pub const MAGIC: [u8; 8] = *b"shelf\0\0\x03";
/// Bytes of the foot: where the last block is, a checksum of that, and [`MAGIC`].
pub const FOOT: usize = 12 + 8 + MAGIC.len();
/// A page is full when it has so many bytes: one is read and unpacked for each product that is asked for.
pub(super) const PAGE: usize = if cfg!(test) { 1 << 10 } else { 16 << 10 };

/// Where a block lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// From the file's beginning.
    pub at: u64,
    /// Bytes.
    pub length: u32,
}

/// What a generation was made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Of what it was made: another key, another content.
    pub key: String,
    /// What kind of feed that was, and from where.
    pub kind: Option<(String, String)>,
    /// When a sale in it begins or ends next.
    pub changes_at: Option<Timestamp>,
    /// When sales in it were judged: earlier than that, it may have said something else.
    pub judged: Option<Timestamp>,
    /// What of it is as it was before, until somebody approves it.
    pub held: Option<Value>,
    /// What went of late without anybody's word, the first first.
    #[serde(default)]
    pub gone: Vec<Gone>,
    /// What its rows were digested and read with; under another one none of them is known.
    pub rows: Option<String>,
}

/// Items that went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// When.
    #[serde(flatten)]
    pub when: Stamp,
    /// How many.
    pub items: u64,
    /// Of how many.
    pub of: u64,
}

/// What went counts together for so long.
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl About {
    /// What went in the last 24 hours. By a clock that was set back it may seem to be to come: it can't be long ago.
    pub fn gone_of_late(&self) -> Vec<Gone> {
        let clock = Clock::read();
        self.gone.iter().filter(|gone| clock.age(&gone.when) < DAY).cloned().collect()
    }

    /// Whether the same feed says the same at another moment.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.is_judged_by(now) && self.changes_at.is_none_or(|at| at > now)
    }

    /// Whether sales were judged then or before: clocks are set back.
    pub fn is_judged_by(&self, now: Timestamp) -> bool {
        self.judged.is_some_and(|judged| judged <= now)
    }
}

/// What the last block says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Contents {
    pub(super) made: Timestamp,
    pub(super) about: About,
    pub(super) items: u64,
    /// The currencies by their numbers, and how many items have each: none, when the last one has gone.
    pub(super) currencies: Vec<(String, u64)>,
    /// Pages of items, each with the place of its first one.
    pub(super) pages: Vec<(u64, Span)>,
    /// Pages of ids with the places of their items, each with its first id.
    pub(super) ids: Vec<(String, Span)>,
    /// Pages of categories by their numbers: the id, the name, and how many items have it.
    pub(super) categories: Vec<Span>,
}

/// A category that has a number.
pub(super) struct Category {
    pub(super) id: String,
    pub(super) name: String,
    /// Items that have it: none, when the last one has gone.
    pub(super) items: u64,
}

/// A block as it is written at a place.
pub fn pack(bytes: &[u8], at: u64) -> Vec<u8> {
    let packed = compress_prepend_size(bytes);
    let sum = xxh3_64_with_seed(&packed, at);
    [&sum.to_le_bytes()[..], &packed].concat()
}

/// The bytes of a block that was read at a place; `None` = it isn't what was written there.
pub fn unpack(block: &[u8], at: u64) -> Option<Vec<u8>> {
    let (sum, packed) = block.split_first_chunk::<8>()?;
    let is_whole = xxh3_64_with_seed(packed, at).to_le_bytes() == *sum;
    is_whole.then(|| decompress_size_prepended(packed).ok()).flatten()
}

/// A block that was read at a place as it is written at another one; `None` = it isn't what was written there.
pub(super) fn moved(block: &[u8], from: u64, to: u64) -> Option<Vec<u8>> {
    let (sum, packed) = block.split_first_chunk::<8>()?;
    let is_whole = xxh3_64_with_seed(packed, from).to_le_bytes() == *sum;
    is_whole.then(|| [&xxh3_64_with_seed(packed, to).to_le_bytes()[..], packed].concat())
}

pub fn foot(last: Span) -> Vec<u8> {
    let place = [&last.at.to_le_bytes()[..], &last.length.to_le_bytes()].concat();
    let sum = xxh3_64_with_seed(&place, u64::from_le_bytes(MAGIC));
    [&place[..], &sum.to_le_bytes(), &MAGIC].concat()
}

/// Where the last block is, by the foot.
pub fn read_foot(foot: &[u8; FOOT]) -> Option<Span> {
    let (at, rest) = foot.split_first_chunk::<8>()?;
    let length = rest.first_chunk::<4>()?;
    let span = Span { at: u64::from_le_bytes(*at), length: u32::from_le_bytes(*length) };
    (self::foot(span) == foot).then_some(span)
}

/// Adds bytes to a page, with their number before them.
pub fn put(page: &mut Vec<u8>, bytes: &[u8]) {
    page.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    page.extend_from_slice(bytes);
}

/// Takes the next bytes off a page.
pub fn take<'p>(page: &mut &'p [u8]) -> Option<&'p [u8]> {
    let length = usize::try_from(take_number(page)?).ok()?;
    let (bytes, rest) = page.split_at_checked(length)?;
    *page = rest;
    Some(bytes)
}

pub fn take_text<'p>(page: &mut &'p [u8]) -> Option<&'p str> {
    str::from_utf8(take(page)?).ok()
}

pub fn take_number(page: &mut &[u8]) -> Option<u64> {
    let (number, rest) = page.split_first_chunk::<8>()?;
    *page = rest;
    Some(u64::from_le_bytes(*number))
}
