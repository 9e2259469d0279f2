//! What is put on the shelf, and what is there.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::catalog::Hasher;
use crate::config::{Guard, Source};
use crate::feed;
use crate::source::{Body, FetchError};
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::shelf::{Generation, Shelf};

/// Whose part of the shelf it is.
pub const SHOWN: &str = "shown";

/// Grows when the same items would be put on the shelf in another way; what an item is says [`feed::RULES`], which is a part
/// of [`Stocking::shape`].
const STOCKING: u32 = 2;

/// The part of a state's shelf that is shown.
pub fn shown(state: &Path) -> Shelf {
    Shelf::beside(state).of(SHOWN)
}

/// What is put on the shelf.
pub struct Stocking<'a> {
    /// How the feed is read.
    pub source: &'a Source,
    /// What may happen without somebody's word.
    pub guard: &'a Guard,
    /// Where it goes.
    pub shelf: Shelf,
    /// The feed.
    pub body: Arc<Body>,
    /// What rows are digested with: the state's.
    pub hasher: Hasher,
    /// The moment at which sales are judged.
    pub now: Timestamp,
    /// Told to end.
    pub stop: CancellationToken,
}

impl Stocking<'_> {
    /// What everything on the shelf was made of besides the feed's bytes and what is held.
    pub(super) fn shape(source: &Source) -> String {
        format!("{}|{}", source.location.fingerprint(), Stocking::meaning(source))
    }

    /// What a row's meaning depends on besides its own bytes and those around it.
    fn meaning(source: &Source) -> String {
        format!(
            "{STOCKING}|{}|{}|{:?}|{:?}|{:?}|{}",
            feed::RULES,
            env!("CARGO_PKG_VERSION"),
            source.format,
            source.default_currency,
            source.default_category,
            source.rules
        )
    }

    /// What tells whether rows that were digested earlier are known.
    pub(super) fn rows_mark(&self) -> String {
        format!("{:032x}", self.hasher.digest(Stocking::meaning(self.source).as_bytes()))
    }

    pub(super) fn key(&self) -> Result<String, PassError> {
        let digest =
            self.body.digest().map_err(|error| PassError::Fetch(FetchError::unreadable(self.source, &error)))?;
        Ok(format!("{}|{digest:032x}", Stocking::shape(self.source)))
    }

    /// What is shown now. What is damaged is made again.
    pub(super) fn old(&self) -> Option<Generation> {
        self.shelf.newest().unwrap_or_else(|error| {
            warn!("{error}; it is made again");
            None
        })
    }
}
