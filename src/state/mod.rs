//! What NiceChat last acknowledged to us, and how the passes went: one SQLite file.
//!
//! A [`Reader`] only reads, works beside a running daemon and creates nothing. The one [`Writer`]
//! of a state file holds its lock and writes from a thread of its own.

mod backup;
mod doubt;
mod error;
mod events;
mod identity;
mod import;
mod keys;
mod lock;
mod meta;
mod objects;
mod packed;
mod place;
mod private;
mod reader;
mod rows;
mod schema;
mod secret;
mod store;
mod writer;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{Digest, Fields, Id, Kind};

pub use error::StateError;
pub use events::{
    AddedEvent, Change, ChangeKind, MirrorPass, MirrorState, Mirrored, OwnEvent, PendingAdd, REMEMBERED, RefusedAdd,
    Standing,
};
pub use import::{AtLarge, Experience, Failures, Import, ImportEnd, ImportState, NewImport, Served, ServedFrom};
pub use objects::Objects;
pub use reader::{FailedObject, InDoubt, KeyRow, Reader, Refused};
pub use rows::{FeedRow, FeedRows, InUse, NewRow, RowsEnding, Trail};
pub use writer::{Ending, Settled, Writer};

/// What we know of an object of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its id in the feed and in NiceChat.
    pub id: String,
    /// The fields that we sent and NiceChat acknowledged, as we sent them. A field that is not
    /// there is in doubt: a request about it was under way when a pass was cut off.
    pub acked: Fields,
    /// NiceChat's own spelling of a field, where it differs from ours (its address of a picture).
    pub answered: Fields,
    /// What a field was listed as before we repaired it last.
    pub repaired: Fields,
}

/// What becomes of an object's row once NiceChat has acknowledged a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// See [`Known::acked`].
    pub acked: Fields,
    /// Of the wanted object that `acked` now equals; 0 never equals one.
    pub digest: Digest,
    /// See [`Known::answered`].
    pub answered: Fields,
    /// See [`Known::repaired`].
    pub repaired: Fields,
}

/// A request that may be under way: written before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Of the object.
    pub kind: Kind,
    /// Of the object.
    pub id: Id,
    /// The fields that the request is about; `None` = all, and whether the object exists at all.
    pub fields: Option<Vec<String>>,
}

/// Objects that NiceChat lists and that are not ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    /// Categories.
    pub categories: u64,
    /// Products.
    pub products: u64,
}

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
