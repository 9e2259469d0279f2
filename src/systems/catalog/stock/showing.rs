//! The settings by which a feed is shown where there is no NiceChat.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::judge::Word;
use super::preview::Preview;
use super::stocking::{Stocking, shown};
use crate::approval::{CATALOG, word};
use crate::config::{Config, Guard, Source};
use crate::source::Body;
use crate::state::Reader;
use crate::systems::catalog::error::PassError;

/// The settings by which a feed is shown where there is no NiceChat.
#[derive(Debug, Clone)]
pub struct Showing {
    /// The feed.
    pub source: Source,
    /// What a pass may do without somebody's word.
    pub guard: Guard,
    /// The state file.
    pub state: PathBuf,
}

impl Showing {
    /// `None` = there is a NiceChat, or nobody to show anything to.
    pub fn of(config: &Config) -> Option<Showing> {
        let source = config.source_alone.clone().filter(|_| config.oct8ne.is_some())?;
        Some(Showing { source, guard: config.guard.clone(), state: config.state.path.clone() })
    }

    /// What the next pass over this feed would change of what is shown. `force` = nothing is held; `watched` = a product of
    /// which everything is told. Waits for the disk.
    ///
    /// # Errors
    /// When the feed can't be read to its end.
    pub fn preview(
        &self,
        state: &Reader,
        body: &Arc<Body>,
        force: bool,
        watched: Option<&str>,
    ) -> Result<Preview, PassError> {
        let stocking = Stocking {
            source: &self.source,
            guard: &self.guard,
            shelf: shown(&self.state),
            body: Arc::clone(body),
            hasher: state.hasher().clone(),
            now: Timestamp::now(),
            stop: CancellationToken::new(),
        };
        stocking.preview(state, &Word { force, approved: word(&self.state, CATALOG) }, watched)
    }
}
