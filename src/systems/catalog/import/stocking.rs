//! The feed that we serve for an import: what the feed says, put on the shelf before NiceChat is told of it.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Importer;
use crate::config::Catalog;
use crate::feed::{self, Row, SinkError};
use crate::source::Body;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::input::input;
use crate::systems::catalog::planner::options_for_nicechat;
use crate::systems::catalog::shelf::{Draft, Generation, Shelf};
use crate::systems::catalog::stock::SHOWN;
use crate::systems::catalog::store::Import;
use crate::systems::catalog::wait::blocking;
use crate::task;

impl Importer<'_> {
    fn shelf(&self) -> Shelf {
        Shelf::beside(self.context.state.path())
    }

    /// Puts what the feed says where it can be served, with the same bytes until the import with this nonce is over.
    /// `now` = the moment at which sales are judged.
    pub(super) async fn stock(&self, body: &Arc<Body>, now: Timestamp, nonce: &str) -> Result<Generation, PassError> {
        let (config, body, stop) = (Arc::clone(&self.context.config), Arc::clone(body), self.stop.clone());
        let (shelf, nonce) = (self.shelf(), nonce.to_owned());
        blocking(move || {
            let mut draft = shelf.begin()?;
            read_into(&mut draft, &config, &body, now, &stop)?;
            Ok(draft.finish(&nonce)?)
        })
        .await
    }

    /// What is served for an import that was begun in an earlier pass.
    pub(super) async fn stocked(&self, import: &Import) -> Result<Option<Generation>, PassError> {
        let (shelf, nonce) = (self.shelf(), import.nonce.clone());
        if !import.is_served {
            return Ok(None);
        }
        let why = match task::blocking(move || shelf.held_for(&nonce)).await? {
            Ok(Some(feed)) => return Ok(Some(feed)),
            Ok(None) => "it is not there any more".to_owned(),
            Err(error) => error.to_string(),
        };
        warn!("NiceChat can't fetch the feed of the import under way any more: {why}");
        Ok(None)
    }

    /// Removes what was served, when no import is under way any more. The next pass does it if this fails.
    pub(in crate::systems::catalog) async fn clear_shelf(&self) {
        // Nearly always: no thread is started for it.
        if !self.shelf().is_there() {
            return;
        }
        let (shelf, is_shown) = (self.shelf(), self.context.config.is_shown);
        let clear = move || if is_shown { shelf.clear_but(SHOWN) } else { shelf.clear() };
        if let Ok(Err(error)) = task::blocking(clear).await {
            warn!("{error}");
        }
    }
}

/// Reads a body once more. Memory: 16 bytes an id, and what a draft takes.
fn read_into(
    draft: &mut Draft,
    config: &Catalog,
    body: &Body,
    now: Timestamp,
    stop: &CancellationToken,
) -> Result<(), PassError> {
    let mut sink = |row: Row| -> Result<(), SinkError> {
        match row {
            _ if stop.is_cancelled() => Err(Box::new(PassError::Interrupted)),
            row if config.source.rules.excludes(&row).is_some() => Ok(()),
            Row::Offer(offer) => Ok(draft.add(&offer.item).map_err(PassError::from)?),
            Row::Rejected(_) => Ok(()),
        }
    };
    let mut read = || {
        let feed = input(body, config.source.max_bytes, stop)?;
        feed::read(&feed, &options_for_nicechat(&config.source, now), &mut sink)
    };
    read().map_err(|error| PassError::reading(&config.source, error))?;
    Ok(body.check_unwritten()?)
}
