//! The feed that the state equals, and what is known of NiceChat as a whole.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::Digest;
use crate::state::{Key, Reader, StateError};

/// See [`ReadFeed::feed_mark`].
pub(super) const FEED_MARK: Key<FeedMark> = Key::json("feed_mark");
/// See [`ReadFeed::listed`].
pub(super) const LISTED: Key<ListingScope> =
    Key::new("listed", |scope| Ok(scope.name().to_owned()), |name| Some(ListingScope::of(name)));
/// See [`ReadFeed::usually_nameless`].
pub(super) const NAMELESS: Key<u64> = Key::text("nameless_rows");
/// See [`ReadFeed::feed_columns`].
pub(super) const COLUMNS: Key<FeedColumns> = Key::json("feed_columns");
/// See [`ReadFeed::unproven`].
pub(super) const UNPROVEN: Key<Unproven> = Key::json("unproven");
/// See [`ReadFeed::foreign`].
pub(super) const FOREIGN: Key<Foreign> = Key::json("foreign");

/// What the state remembers of the feed that it equals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedMark {
    /// The feed's entity tag.
    pub etag: Option<String>,
    /// The feed's `Last-Modified`.
    pub last_modified: Option<String>,
    /// A digest of its bytes, as fetched.
    pub body: Option<Digest>,
    /// How many they are; `None` = nobody counted.
    #[serde(default)]
    pub length: Option<u64>,
    /// What else the wanted catalogue depends on: settings, and the rules of this program.
    pub shape: String,
    /// When a sale in it begins or ends next.
    pub changes_at: Option<Timestamp>,
    /// When that was judged; `None` = nobody wrote it down.
    #[serde(default)]
    pub judged: Option<Timestamp>,
}

/// How much of NiceChat's listing was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingScope {
    /// What is ours.
    Ours,
    /// All of it: what isn't ours goes.
    All,
}

impl ListingScope {
    fn name(self) -> &'static str {
        match self {
            ListingScope::Ours => "ours",
            ListingScope::All => "all",
        }
    }

    fn of(name: &str) -> ListingScope {
        if name == ListingScope::All.name() { ListingScope::All } else { ListingScope::Ours }
    }
}

/// Objects that NiceChat lists and that are not ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    /// Categories.
    pub categories: u64,
    /// Products.
    pub products: u64,
}

/// What a pass left undone because nothing proves the feed's end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unproven {
    /// Objects that the feed lacks, and that are not deleted.
    pub objects: u64,
    /// Whether its last row was left.
    pub is_last_row_left: bool,
    /// Why nothing proves it.
    pub because: String,
}

/// The columns of a feed, or the elements of its items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedColumns {
    /// The name of the feed's format.
    pub kind: String,
    /// The products' fields, by the names of what they are made of.
    pub columns: BTreeMap<String, String>,
}

/// Reading what is known of the feed and of NiceChat.
pub trait ReadFeed: AsRef<Reader> {
    /// What the state remembers of the feed it equals; `None` while it does not equal one.
    ///
    /// # Errors
    /// When the file can't be read.
    fn feed_mark(&self) -> Result<Option<FeedMark>, StateError> {
        self.as_ref().get(&FEED_MARK)
    }

    /// How much of NiceChat's listing was taken in, once it was.
    ///
    /// # Errors
    /// When the file can't be read.
    fn listed(&self) -> Result<Option<ListingScope>, StateError> {
        self.as_ref().get(&LISTED)
    }

    /// How many rows without an id the feed had when nothing was held back for them; `None` = nobody counted.
    ///
    /// # Errors
    /// When the file can't be read.
    fn usually_nameless(&self) -> Result<Option<u64>, StateError> {
        self.as_ref().get(&NAMELESS)
    }

    /// The columns of the last feed that was carried out.
    ///
    /// # Errors
    /// When the file can't be read.
    fn feed_columns(&self) -> Result<Option<FeedColumns>, StateError> {
        self.as_ref().get(&COLUMNS)
    }

    /// What waits for a proof of the feed's end since the last pass that compared it; `None` = nothing does.
    ///
    /// # Errors
    /// When the file can't be read.
    fn unproven(&self) -> Result<Option<Unproven>, StateError> {
        self.as_ref().get(&UNPROVEN)
    }

    /// What NiceChat listed last that isn't ours, once a whole listing was read.
    ///
    /// # Errors
    /// When the file can't be read.
    fn foreign(&self) -> Result<Option<Foreign>, StateError> {
        self.as_ref().get(&FOREIGN)
    }
}

impl ReadFeed for Reader {}
