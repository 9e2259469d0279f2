//! The first step: the feed's body, unless it is still the one that the state equals.

use tracing::{info, warn};

use super::body::{self, Answer, FeedBody, shape_key};
use crate::source::{self, Download, FetchError, Incoming};
use crate::state;
use crate::systems::catalog::context::Tools;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::planner::{Request, needs_listing};
use crate::systems::catalog::stock;
use crate::systems::catalog::store::FeedMark;
use crate::systems::catalog::store::ReadFeed as _;
use crate::systems::catalog::store::ReadPlan as _;
use crate::systems::catalog::wait::interruptible;

/// The feed's body, or that it is the one that the state equals.
pub(super) async fn fetch(tools: &Tools<'_>, request: Request) -> Result<Answer, PassError> {
    let state = tools.state()?;
    let config = &tools.context.config;
    let mark = current_mark(tools, request, &state)?;
    // NiceChat isn't asked for its listing for the sake of a feed that may not come whole.
    let may_come = !needs_listing(config, &state, request.kind)?;
    body::fetch(tools.context.limits.clients(), config, state.hasher(), (mark, may_come), tools.stop).await
}

/// The feed once more, of which a first body didn't come whole.
pub(super) async fn fetch_rest(tools: &Tools<'_>, failed: FetchError) -> Result<FeedBody, PassError> {
    let (config, hasher) = (&tools.context.config, tools.state()?.hasher().clone());
    let body = source::fetch_again(tools.context.limits.clients(), &config.source, &hasher, failed);
    let body = interruptible(tools.stop, body).await??;
    Ok(FeedBody::of(config, Incoming { body, download: Download::default() }))
}

/// After an import that read the feed at its own place: what is there now, for that is what NiceChat has read.
pub(super) async fn fetch_again(tools: &Tools<'_>, feed: FeedBody) -> Result<FeedBody, PassError> {
    let mark = Some(feed.mark.clone());
    let (clients, config) = (tools.context.limits.clients(), &tools.context.config);
    match body::fetch(clients, config, tools.state()?.hasher(), (mark, false), tools.stop).await {
        Ok(Answer::Same(_)) => Ok(feed),
        Ok(Answer::New(newer)) => {
            info!("the feed has changed during the import; what it says now counts");
            Ok(newer)
        }
        Err(PassError::Fetch(error)) => {
            warn!("the feed can't be read once more after the import: {error}");
            Ok(feed)
        }
        Err(error) => Err(error),
    }
}

/// Whether the feed is another one by now than that of a mark. One that can't be read is none.
pub(super) async fn is_newer(tools: &Tools<'_>, mark: &FeedMark) -> bool {
    let Ok(state) = tools.state() else { return false };
    let answer = body::fetch(
        tools.context.limits.clients(),
        &tools.context.config,
        state.hasher(),
        (Some(mark.clone()), false),
        tools.stop,
    )
    .await;
    matches!(answer, Ok(Answer::New(_)))
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
