//! From bytes to items: every feed format, read as a stream.
//!
//! A feed is cut into rows or elements first (`text`, `spans`), each of them is decoded and parsed
//! alone, so that a broken one costs nothing but itself. What ends early is an error, never a feed
//! with fewer items.

mod ahead;
mod attributes;
mod bounds;
mod charset;
mod detect;
mod element;
mod google;
mod google_text;
mod google_xml;
mod input;
mod intake;
mod lane;
mod lenient;
mod namespaces;
mod relay;
mod sale;
mod spans;
mod text;
mod tree;
mod unzip;
mod values;
mod window;
mod yml;

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::sync::Arc;

use jiff::Timestamp;
use thiserror::Error;

use crate::catalog::{Category, Currency, Digest, Hasher, Item, Rejection};
use intake::{Forgetful, Intake};

pub use input::Input;
pub use intake::Receiver;

/// Grows when the same feed would come to other items: what was read by older rules is read again.
pub const RULES: u32 = 3;

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedType {
    /// Google Merchant, delimited text.
    GoogleCsv,
    /// Google Merchant, RSS or Atom.
    GoogleXml,
    /// Yandex Market's YML.
    Yml,
}

impl FeedType {
    /// The name in the settings and in reports.
    pub fn name(self) -> &'static str {
        match self {
            FeedType::GoogleCsv => "google-csv",
            FeedType::GoogleXml => "google-xml",
            FeedType::Yml => "yml",
        }
    }
}

impl fmt::Display for FeedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the receiver of rows may stop the reading with.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// Why a feed as a whole could not be read. None of these says anything about what the shop sells.
#[derive(Debug, Error)]
pub enum FeedError {
    /// The body stops before the feed does.
    #[error("the feed is incomplete: {0}")]
    Incomplete(String),
    /// The body is something else altogether.
    #[error("this is not a product feed: {0}")]
    NotAFeed(String),
    /// The body is a feed of another format than the settings say.
    #[error("this is a {found} feed, not {wanted}; set type = \"{found}\", or \"auto\"")]
    WrongType {
        /// What the bytes are.
        found: FeedType,
        /// What the settings say.
        wanted: FeedType,
    },
    /// Over `max_bytes`, packed or unpacked.
    #[error("the feed is larger than max_bytes ({0} bytes)")]
    TooLarge(u64),
    /// The bytes could not be read.
    #[error("the feed could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// The reading was stopped from outside.
    #[error("interrupted")]
    Interrupted,
    /// The receiver stopped the reading.
    #[error("{0}")]
    Sink(SinkError),
}

/// What items depend on besides their own row.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The format, or `None` to tell it from the content.
    pub format: Option<FeedType>,
    /// For prices without one.
    pub default_currency: Option<Currency>,
    /// For items without one.
    pub default_category: Option<Arc<Category>>,
    /// The moment at which sales are judged.
    pub now: Timestamp,
}

impl Shape {
    /// Of all that shapes an item besides the body and the time. A new version of the program reads
    /// everything anew, so that nobody has to think of [`RULES`] for that.
    fn digest(&self, format: FeedType, hasher: &Hasher) -> Digest {
        let currency = self.default_currency.map(|currency| currency.to_string());
        let category = self.default_category.as_ref().map(|category| (&category.id, &category.name));
        let version = env!("CARGO_PKG_VERSION");
        hasher.digest(format!("{version}|{RULES}|{format}|{currency:?}|{category:?}").as_bytes())
    }
}

/// An accepted row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What the row means.
    pub item: Item,
    /// The physical line on which it begins.
    pub line: u64,
    /// When its sale begins or ends next.
    pub changes_at: Option<Timestamp>,
    /// Whether its price was given the default currency.
    pub currency_assumed: bool,
    /// What its availability says, when that is no word that anybody defined.
    pub strange_stock: Option<String>,
}

/// A row, taken or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// Taken.
    Offer(Box<Offer>),
    /// Not taken.
    Rejected(Rejection),
}

/// Stands for a row's bytes and all else that its meaning depends on, but for its line and, while it
/// has a sale that begins or ends later, the time: equal digests, equal items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowDigest(pub Digest);

/// What was read of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// What the feed is.
    pub format: FeedType,
    /// Whether it is known to be there to its end.
    pub is_whole: bool,
    /// Whether its last row was left, because it may be half of one: see [`Input::unproven`].
    pub left_last_row: bool,
}

/// Reads the whole feed in `file` and gives every row to `sink`, in the feed's order. Of rows with
/// the same id the first wins, even when it is rejected itself: the others are rejected.
///
/// Memory: a window of the file, plus 16 bytes an id.
///
/// # Errors
/// When the body is not a whole feed of the right format. Rows that were given to `sink` by then
/// must not be relied on: nothing but `Ok` says that the feed was complete.
pub fn read(
    input: &Input<'_>,
    shape: &Shape,
    sink: &mut dyn FnMut(Row) -> Result<(), SinkError>,
) -> Result<FeedType, FeedError> {
    let hasher = Hasher::random()?;
    read_into(input, shape, &mut Forgetful { hasher, seen: HashSet::new(), sink }).map(|reading| reading.format)
}

/// The same for a receiver that may know rows by their bytes: those are not parsed.
///
/// # Errors
/// As [`read`].
pub fn read_into(input: &Input<'_>, shape: &Shape, receiver: &mut dyn Receiver) -> Result<Reading, FeedError> {
    let head = detect::head(input)?;
    let format = detect::format(&head, shape.format)?;
    let read = |intake: &mut Intake<'_>| match format {
        FeedType::GoogleCsv => google_text::read(input, shape, intake),
        // Without their closing tag they are an error.
        FeedType::GoogleXml => google_xml::read(input, &head, shape, intake).map(|()| false),
        FeedType::Yml => yml::read(input, &head, shape, intake).map(|()| false),
    };
    let outside = shape.digest(format, receiver.hasher());
    let left_last_row = if receiver.knows_some() {
        read(&mut Intake::new(receiver, outside))?
    } else {
        relay::relayed(receiver, outside, read)?
    };
    let is_whole = format != FeedType::GoogleCsv || input.is_whole();
    Ok(Reading { format, is_whole, left_last_row })
}

/// Opens a feed that lies in a file.
pub fn open(file: &File, max_bytes: u64) -> Input<'_> {
    Input::new(file, max_bytes)
}

#[cfg(test)]
mod tests;
