//! What the feed says, for those who show it: a step that has nothing to do with NiceChat, and fails no pass.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use tracing::warn;

use super::body::{Answer, fetch};
use crate::approval::{CATALOG, word};
use crate::catalog::{Digest, Hasher, Kind};
use crate::config::{Missing, Prune};
use crate::source::Body;
use crate::state::Reader;
use crate::systems::catalog::context::Tools;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::Plan;
use crate::systems::catalog::plan::operation::Stage;
use crate::systems::catalog::request::Request;
use crate::systems::catalog::stock::{Decided, Fate, Stocking, Word, is_of, shown};
use crate::systems::catalog::store::ReadObjects as _;
use crate::systems::catalog::wait::{blocking, interruptible};

/// Shows what a feed says that was compared, or could not be for want of NiceChat. It goes on beside what follows, and
/// has to be waited for.
pub(super) fn stock(
    tools: &Tools<'_>,
    request: Request,
    body: Arc<Body>,
    plan: Result<&Plan, &PassError>,
) -> impl Future<Output = ()> + use<> {
    let decided = match plan {
        _ if !tools.context.config.is_shown => None,
        Ok(plan) => Some(Some(decided(tools, plan))),
        Err(PassError::Interrupted | PassError::Feed { .. } | PassError::Fetch(_)) => None,
        Err(_) => Some(None),
    };
    let config = Arc::clone(&tools.context.config);
    let (stop, bell) = (tools.stop.clone(), tools.context.stocked.clone());
    async move {
        let Some(decided) = decided else { return };
        let done = blocking(move || {
            let state = Reader::open(&config.state.path)?;
            let hasher = state.hasher().clone();
            let (source, guard, shelf) = (&config.source, &config.guard, shown(&config.state.path));
            let stocking = Stocking { source, guard, shelf, body, hasher, now: request.now, stop };
            let outcome = match decided {
                Some(decided) => stocking.by_plan(&decided?)?,
                None => {
                    let word = Word { force: request.force, approved: word(&config.state.path, CATALOG) };
                    stocking.alone(&state, &word)?
                }
            };
            if outcome.is_new {
                bell.ring();
            }
            Ok(())
        });
        match done.await {
            Ok(()) | Err(PassError::Interrupted) => {}
            Err(error) => warn!("what the feed says is not shown: {error}"),
        }
    }
}

/// The same while NiceChat's listing is waited for, unless it is what is shown already.
pub(super) async fn stock_meanwhile(tools: &Tools<'_>, request: Request, body: Arc<Body>) {
    let (config, read) = (&tools.context.config, Arc::clone(&body));
    let Ok(digest) = blocking(move || Ok(read.digest().ok())).await else { return };
    if !is_of(&config.state.path, &config.source, digest, request.now) {
        stock(tools, request, body, Err(&PassError::Client(String::new()))).await;
    }
}

/// The same where the pass has come to nothing before the feed was asked for.
pub(super) async fn stock_anyway(tools: &Tools<'_>, request: Request) {
    let config = &tools.context.config;
    if !config.is_shown || tools.stop.is_cancelled() {
        return;
    }
    let Ok(state) = tools.state() else { return };
    let fetched = fetch(tools.context.limits.clients(), config, state.hasher(), (None, false), tools.stop);
    if let Ok(Ok(Answer::New(feed))) = interruptible(tools.stop, fetched).await {
        stock(tools, request, feed.body, Err(&PassError::Client(String::new()))).await;
    }
}

/// What a plan says of what is shown.
fn decided(tools: &Tools<'_>, plan: &Plan) -> Result<Decided, PassError> {
    let config = &tools.context.config;
    let hasher = Hasher::without_secret();
    let (mut deleted, mut held_products) = (HashSet::new(), HashSet::new());
    {
        let store = plan.store.lock().unwrap_or_else(PoisonError::into_inner);
        for stage in [Stage::ProductDeletes, Stage::TwinDeletes] {
            store.ids(stage, Kind::Product, |id, _| {
                deleted.insert(hasher.digest(id.as_bytes()));
            })?;
        }
        store.ids(Stage::Held, Kind::Product, |id, _| {
            held_products.insert(hasher.digest(id.as_bytes()));
        })?;
    }
    let held = plan.verdict.held.clone();
    let risks = plan.verdict.risks_of_products();
    let (held_for, prunes) = (risks.clone(), config.nicechat.prune != Prune::None);
    let sells_out = config.guard.missing == Missing::OutOfStock;
    let missing = plan.missing.iter().flatten().filter(|_| sells_out);
    let sold_out: HashSet<String> = missing.map(|missing| missing.id.clone()).collect();
    let sum = |ids: &mut dyn Iterator<Item = Digest>| ids.fold(0, Digest::wrapping_add);
    let gone = sum(&mut deleted.iter().copied());
    let sold = sum(&mut sold_out.iter().map(|id| hasher.digest(id.as_bytes())));
    let digest = held.as_ref().map_or("", |held| &held.digest);
    // What waits for a proof of the feed's end comes with it, though the bytes are the same.
    let unproven = if plan.summary.unproven_because.is_some() { "|unproven" } else { "" };
    let key = format!("{digest}|{gone:x}|{sold:x}|{prunes}{unproven}");
    let reader = Reader::open(&config.state.path)?;
    let fate = move |id: &str| {
        let is_owned = || {
            let key = reader.hasher().digest(id.as_bytes());
            reader.key(Kind::Product, key).is_ok_and(|row| row.is_some())
        };
        let is = (deleted.contains(&hasher.digest(id.as_bytes())), sold_out.contains(id));
        Fate::beside_nicechat((&held_for, prunes), is, is_owned)
    };
    Ok(Decided { risks, is_whole: plan.verdict.is_whole, held, held_products, fate: Box::new(fate), key })
}
