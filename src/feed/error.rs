//! Why a feed as a whole could not be read.

use thiserror::Error;

use super::format::FeedType;

/// What a [`RowSink`](super::RowSink) may stop the reading with.
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
    /// The sink stopped the reading.
    #[error("{0}")]
    Sink(SinkError),
}
