//! The feed's body in a pass, and the mark by which the next pass knows it again.

use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::catalog::{Digest, Hasher};
use crate::config::Catalog;
use crate::feed;
use crate::http_client::Clients;
use crate::source::{self, Begun, Body, Download, End, FetchError, Incoming, Validators, Wanted};
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::store::FeedMark;
use crate::systems::catalog::wait::{blocking, interruptible};

/// A body that isn't the one of the mark that was asked with.
pub(super) struct FeedBody {
    pub(super) body: Arc<Body>,
    /// What it takes until the body is whole.
    pub(super) download: Download,
    /// It lacks what is known only when the body has been read.
    pub(super) mark: FeedMark,
}

impl FeedBody {
    pub(super) fn of(config: &Catalog, Incoming { body, download }: Incoming) -> FeedBody {
        let mark = FeedMark {
            etag: body.etag.clone(),
            last_modified: body.last_modified.clone(),
            body: None,
            length: Some(body.length),
            shape: shape_key(config),
            changes_at: None,
            judged: None,
        };
        FeedBody { body, download, mark }
    }
}

/// What came of asking for the feed.
pub(super) enum Answer {
    /// It is the one of the mark; with the tags that the next request had better name, where those are new ones.
    Same(Option<FeedMark>),
    New(FeedBody),
}

/// Asks for the feed, unless it is still the one of the mark. `hasher` = the state's; `may_come` = the body may be one
/// that is still coming.
pub(super) async fn fetch(
    clients: &Clients,
    config: &Catalog,
    hasher: &Hasher,
    (mark, may_come): (Option<FeedMark>, bool),
    stop: &CancellationToken,
) -> Result<Answer, PassError> {
    let source = &config.source;
    let wanted = match &mark {
        None if may_come => Wanted::Coming { unless: None },
        Some(FeedMark { length: Some(length), .. }) if may_come => Wanted::Coming { unless: Some(*length) },
        _ => Wanted::Whole,
    };
    let asked = source::begin(clients, source, (validators(mark.as_ref()), wanted), hasher);
    let incoming = match (interruptible(stop, asked).await??, mark) {
        (Begun::NotModified, Some(mark)) if !validators(Some(&mark)).is_none() => return Ok(Answer::Same(None)),
        (Begun::NotModified, _) => return Err(PassError::Fetch(FetchError::strange_304(source))),
        (Begun::Body(Incoming { body, download }), Some(mark)) => {
            let (body, is_same) = interruptible(stop, compare_bytes(config, body, &mark)).await??;
            if is_same {
                let (etag, last_modified) = (body.etag.clone(), body.last_modified.clone());
                let is_proven = body.end == End::Proven;
                return Ok(Answer::Same(is_proven.then_some(FeedMark { etag, last_modified, ..mark })));
            }
            Incoming { body, download }
        }
        (Begun::Body(incoming), None) => incoming,
    };
    Ok(Answer::New(FeedBody::of(config, incoming)))
}

/// What the feed's host can tell by that it is as it was.
fn validators(mark: Option<&FeedMark>) -> Validators<'_> {
    let Some(mark) = mark else { return Validators::default() };
    Validators { etag: mark.etag.as_deref(), last_modified: mark.last_modified.as_deref() }
}

/// Whether a body is the one of a mark. Bytes of another number aren't read for that.
async fn compare_bytes(config: &Catalog, body: Arc<Body>, mark: &FeedMark) -> Result<(Arc<Body>, bool), PassError> {
    if mark.length.is_some_and(|length| length != body.length) {
        return Ok((body, false));
    }
    let (body, digest) = blocking(move || {
        let digest = body.digest();
        body.check_unwritten()?;
        Ok((body, digest))
    })
    .await?;
    Ok((body, mark.body == Some(readable(config, digest)?)))
}

/// The digest of a body, or the error of the pass that can't read it.
pub(super) fn readable(config: &Catalog, digest: io::Result<Digest>) -> Result<Digest, PassError> {
    digest.map_err(|error| PassError::Fetch(FetchError::unreadable(&config.source, &error)))
}

/// Everything besides the feed's bytes that the wanted catalogue depends on.
pub(super) fn shape_key(config: &Catalog) -> String {
    let (source, nicechat) = (&config.source, &config.nicechat);
    // Nothing for none, as before there were any.
    let rules = &source.rules;
    let guard = &config.guard;
    let patience = if guard.is_patient() {
        format!("|{:?} {} {:?}", guard.delete_after, guard.delete_feeds, guard.missing)
    } else {
        String::new()
    };
    format!(
        "{}|{}|{}|{:?}|{:?}|{:?}|{:?}|{:?}{rules}{patience}",
        feed::RULES,
        // Another version may make something else of the same bytes, although nobody thought of raising the rules.
        env!("CARGO_PKG_VERSION"),
        source.location.fingerprint(),
        source.format,
        source.default_currency,
        source.default_category,
        nicechat.prune,
        nicechat.vanished_category
    )
}
