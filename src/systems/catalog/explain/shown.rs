//! A product where there is no NiceChat: what the feed has of it, and what would be shown of it.

use std::sync::Arc;

use super::face::{InShown, Next};
use super::feed::{InFeed, rows};
use crate::clock::{Moment, boot_id};
use crate::http_client::Clients;
use crate::source::Body;
use crate::state::Reader;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::planner::body;
use crate::systems::catalog::stock::{Preview, PreviewOfOne, Showing};
use crate::systems::catalog::wait::blocking;

/// Reads the feed, and holds it against what is shown.
pub(super) async fn read_feed(showing: &Showing, id: &str) -> Result<(InFeed, InShown), PassError> {
    let state = Reader::open(&showing.state)?;
    let hasher = state.hasher().clone();
    let body = body(&Clients::default(), &showing.source, &hasher).await?;
    let (showing, id) = (showing.clone(), id.to_owned());
    blocking(move || examine(&showing, &state, &body, &id)).await
}

fn examine(showing: &Showing, state: &Reader, body: &Arc<Body>, id: &str) -> Result<(InFeed, InShown), PassError> {
    let preview = showing.preview(state, body, false, Some(id))?;
    let Preview { product, held, is_same, proves_nothing, .. } = preview;
    let PreviewOfOne { seen, shown, then, is_held, missing } = product;
    let guard = &showing.guard;
    let missing = missing.map(|missing| {
        let due = missing.due(guard.delete_after, guard.delete_feeds, Moment::now(), boot_id().as_deref());
        (missing.since.at, due)
    });
    let feed = InFeed {
        location: showing.source.location.to_string(),
        is_same: Some(is_same),
        rows: rows(&showing.source, body, seen, id)?,
        operations: Vec::new(),
        held: held.map(|held| held.digest),
        missing,
        proves_nothing: proves_nothing.then_some("nothing proves that the feed is whole"),
        is_listing_due: false,
    };
    Ok((feed, InShown { item: shown, next: Some(Next { item: then, is_held }) }))
}
