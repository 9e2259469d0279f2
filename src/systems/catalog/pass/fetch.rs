//! The first step: the feed's body, unless it is still the one that the state equals.

use std::sync::Arc;

use tracing::{info, warn};

use super::body::{self, Answer, FeedBody, shape_key};
use crate::config::Source;
use crate::feed;
use crate::source::{Body, Download, Incoming};
use crate::state;
use crate::systems::catalog::context::Tools;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::overtaking::Newer;
use crate::systems::catalog::planner::needs_listing;
use crate::systems::catalog::request::Request;
use crate::systems::catalog::stock;
use crate::systems::catalog::store::FeedMark;
use crate::systems::catalog::store::ReadFeed as _;
use crate::systems::catalog::store::ReadPlan as _;
use crate::task;

/// The feed's body, or that it is the one that the state equals.
pub(super) async fn fetch(tools: &Tools<'_>, request: Request) -> Result<Answer, PassError> {
    let state = tools.state()?;
    let config = &tools.context.config;
    if let Some(newer) = tools.turn.left().filter(|newer| newer.shape == shape_key(config)) {
        return take_over(tools, newer).await.map(Answer::New);
    }
    let mark = current_mark(tools, request, &state)?;
    // NiceChat isn't asked for its listing for the sake of a feed that may not come whole.
    let may_come = !needs_listing(config, &state, request.kind)?;
    body::fetch(tools.context.limits.clients(), config, state.hasher(), (mark, may_come), tools.stop).await
}

/// A feed that the pass before has left; or the one that there is by now, if somebody has asked for that since.
async fn take_over(tools: &Tools<'_>, Newer { body, asks, .. }: Newer) -> Result<FeedBody, PassError> {
    let config = &tools.context.config;
    let digest = body::readable(config, body.digest())?;
    let mut feed = FeedBody::of(config, Incoming { body, download: Download::default() });
    feed.mark.body = Some(digest);
    if tools.turn.asks() == asks { Ok(feed) } else { fetch_again(tools, feed, "while a pass ended for it").await }
}

/// What is there by now, of a feed that may have changed in this time. One that can't be read changes nothing.
pub(super) async fn fetch_again(tools: &Tools<'_>, feed: FeedBody, when: &str) -> Result<FeedBody, PassError> {
    let mark = Some(feed.mark.clone());
    let (clients, config) = (tools.context.limits.clients(), &tools.context.config);
    match body::fetch(clients, config, tools.state()?.hasher(), (mark, false), tools.stop).await {
        Ok(Answer::Same(_)) => Ok(feed),
        Ok(Answer::New(newer)) => {
            if !is_feed(tools, &newer.body).await {
                return Ok(feed);
            }
            info!("the feed has changed {when}; what it says now counts");
            Ok(newer)
        }
        Err(PassError::Fetch(error)) => {
            warn!("the feed can't be read once more: {error}");
            Ok(feed)
        }
        Err(error) => Err(error),
    }
}

/// Whether the feed is another one by now than that of a mark; one that can't be read is none. What was downloaded to
/// tell is left to the pass that follows. (A file is opened anew: others may write it until then.)
pub(super) async fn is_newer(tools: &Tools<'_>, mark: &FeedMark) -> bool {
    let asks = tools.turn.asks();
    let Ok(state) = tools.state() else { return false };
    let answer = body::fetch(
        tools.context.limits.clients(),
        &tools.context.config,
        state.hasher(),
        (Some(mark.clone()), false),
        tools.stop,
    )
    .await;
    let Ok(Answer::New(FeedBody { body, mark, .. })) = answer else { return false };
    if !is_feed(tools, &body).await {
        return false;
    }
    if body.is_stored() {
        tools.turn.leave(Newer { body, shape: mark.shape, asks });
    }
    true
}

/// Whether what is in the feed's place now looks like a feed: a page of the host's, or nothing yet, is no reason to
/// leave what is known undone.
async fn is_feed(tools: &Tools<'_>, body: &Arc<Body>) -> bool {
    let Source { max_bytes, format, .. } = tools.context.config.source;
    let body = Arc::clone(body);
    let recognised = task::blocking(move || feed::recognise(&feed::open(&body.file, max_bytes), format)).await;
    if let Ok(Err(error)) = recognised {
        warn!("what is in the feed's place now is not read, and the pass goes on: {error}");
        return false;
    }
    true
}

/// What the state equals, if nothing but the feed's bytes can have changed since.
fn current_mark(tools: &Tools<'_>, request: Request, state: &state::Reader) -> Result<Option<FeedMark>, PassError> {
    let config = &tools.context.config;
    if needs_listing(config, state, request.kind)? || state.pending()? > 0 {
        return Ok(None);
    }
    let shape = shape_key(config);
    // Sales that were judged at a moment to come were judged by a clock that was wrong.
    let is_current = |mark: &FeedMark| {
        mark.changes_at.is_none_or(|at| at > request.now) && mark.judged.is_none_or(|at| at <= request.now)
    };
    // What is shown may have been lost, or be wanted only now.
    let is_shown =
        |mark: &FeedMark| !config.is_shown || stock::is_of(&config.state.path, &config.source, mark.body, request.now);
    Ok(state.feed_mark()?.filter(|mark| mark.shape == shape && is_current(mark) && is_shown(mark)))
}
