//! Feed imports as a part of a pass: NiceChat is told where the feed is, fetches it by itself, and is
//! asked now and then how far it is. What it makes of the feed is not relied on: the pass reads the
//! listing afterwards, and sends what the import left otherwise.
//!
//! An import is in the state before it is pushed, its token before the first poll. After a crash it
//! is asked after again, and never pushed twice.

mod at_large;
mod end;
pub(super) mod endpoints;
mod hosted;
pub(super) mod outcome;
mod poll;
mod rest;
mod stocking;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{info, warn};
use uuid::Uuid;

use self::endpoints::{callback_url, feed_url};
use self::outcome::{ImportOutcome, PollOutcome};
use crate::catalog::{Digest, Kind};
use crate::pass::Progress;
use crate::remote::CallError;
use crate::remote::nicechat::{ImportFormat, Push, Writer};
use crate::source::Body;
use crate::systems::catalog::apply::Stop;
use crate::systems::catalog::context::{Context, Tools};
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::Plan;
use crate::systems::catalog::plan::operation::{Action, Stage};
use crate::systems::catalog::plan::store::Cursor;
use crate::systems::catalog::plan::summary::Summary;
use crate::systems::catalog::store::WriteImports as _;
use crate::systems::catalog::store::{Import, NewImport};
use crate::systems::catalog::strategy::address::Address;
use crate::systems::catalog::wait::interruptible;
use crate::web::listener as http;
use crate::web::public::PublicDoor;

pub(crate) use self::endpoints::Endpoints;

/// How long a push may still take when the pass is to stop.
const GRACE: Duration = Duration::from_secs(3);
/// Objects that are written down together.
const CHUNK: usize = 1_000;

/// What an import works with.
pub(super) struct Importer<'a> {
    pub(super) context: &'a Context,
    pub(super) nicechat: &'a Writer,
    pub(super) stop: &'a CancellationToken,
    pub(super) progress: Progress<'a>,
}

impl<'a> Importer<'a> {
    pub(super) fn new(tools: &Tools<'a>) -> Importer<'a> {
        let Tools { context, nicechat, stop, progress, .. } = *tools;
        Importer { context, nicechat, stop, progress }
    }

    /// Goes on with an import that an earlier pass had begun.
    pub(super) async fn resume(&self, import: Import) -> Result<ImportOutcome, PassError> {
        let Some(token) = import.token.clone() else {
            let lost = PollOutcome::Lost("the pass was cut off before NiceChat answered the push".to_owned());
            return self.end(import, lost, Duration::ZERO).await;
        };
        info!(import = %token, "an import is under way; asking after it");
        let feed = self.stocked(&import).await?;
        let _listener = self.listen_if_called().await.unwrap_or_else(|error| {
            warn!("nobody can call us while the import is under way: {error}");
            None
        });
        let registration = self.context.endpoints.open(&import.nonce, feed);
        self.wait_for(import, &token, &registration, true).await
    }

    /// Pushes the feed, and waits until NiceChat is done with it.
    ///
    /// `body` is what the plan was made of, at the moment `now`; `feed` = its digest.
    pub(super) async fn push(
        &self,
        address: &Address,
        plan: &Plan,
        (body, feed): (&Arc<Body>, Option<Digest>),
        now: Timestamp,
    ) -> Result<ImportOutcome, PassError> {
        self.rest().await?;
        let is_served = address.is_ours();
        let nonce = Uuid::new_v4().simple().to_string();
        let served = if is_served { Some(self.stock(body, now, &nonce).await?) } else { None };
        interruptible(self.stop, self.await_created(address, plan)).await??;
        let Summary { items, .. } = plan.summary;
        let new = NewImport {
            nonce,
            is_served,
            feed,
            expected: items,
            to_create: plan.summary.created(),
            to_update: plan.summary.updated(),
        };
        let import = self.context.state.begin_import(new).await?;
        let _listener = match self.listen_if_called().await {
            Ok(listener) => listener,
            Err(error) if is_served => return self.end_at_once(import, error.to_string(), true).await,
            Err(error) => {
                warn!("NiceChat can't call us when the import is done: {error}");
                None
            }
        };
        let registration = self.context.endpoints.open(&import.nonce, served);
        let message = self.message(address, &import);
        let pushed = tokio::select! {
            pushed = self.nicechat.push_import(&message) => pushed,
            // Without its token an import is lost: it is worth a moment.
            () = async { self.stop.cancelled().await; sleep(GRACE).await } => return Err(Stop::Interrupted.into()),
        };
        match pushed {
            Ok(token) => {
                self.context.state.import_pushed(import.import, token.clone()).await?;
                info!(import = %token, items, "NiceChat was told to import the feed");
                let import = Import { token: Some(token.clone()), ..import };
                self.wait_for(import, &token, &registration, false).await
            }
            Err(error @ CallError::Unauthorized(_)) => {
                self.end_at_once(import, error.to_string(), false).await?;
                Err(Stop::Unauthorized(error).into())
            }
            Err(error) if error.is_in_doubt() => {
                self.end(import, PollOutcome::Lost(error.to_string()), Duration::ZERO).await
            }
            Err(CallError::Missing) => {
                self.end_at_once(import, "NiceChat offers no imports (404)".to_owned(), true).await
            }
            // A service that is away for a while says nothing about its imports.
            Err(error) => self.end_at_once(import, error.to_string(), !error.can_pass()).await,
        }
    }

    /// Writes down what the import may create: what the plan creates, and of a feed that we don't serve ourselves also
    /// rows that we don't take, as far as a listing has just shown that they aren't there already, as somebody else's.
    async fn await_created(&self, address: &Address, plan: &Plan) -> Result<(), PassError> {
        let store = &plan.store;
        let lock = || store.lock().unwrap_or_else(PoisonError::into_inner);
        let hasher = self.context.state.reader()?.hasher().clone();
        for stage in [Stage::Categories, Stage::Products] {
            let mut cursor = Cursor::default();
            loop {
                let operations = lock().operations(stage, &mut cursor, CHUNK)?;
                if operations.is_empty() {
                    break;
                }
                let created = operations.into_iter().filter(|operation| operation.action == Action::Create);
                let objects = created.map(|operation| (operation.kind, operation.id.to_string()));
                self.context.state.await_imported(objects.collect()).await?;
            }
        }
        for from in (0..).step_by(CHUNK).take_while(|_| !address.is_ours() && plan.summary.is_listed) {
            let rejected = lock().rejected(from, CHUNK)?;
            if rejected.is_empty() {
                break;
            }
            let mut absent = Vec::new();
            for id in rejected.into_iter().filter_map(|row| row.id) {
                if lock().listed(Kind::Product, hasher.digest(id.as_bytes()))?.is_none() {
                    absent.push((Kind::Product, id));
                }
            }
            self.context.state.await_imported(absent).await?;
        }
        Ok(())
    }

    fn message(&self, address: &Address, import: &Import) -> Push {
        let (url, format) = match address {
            Address::Source(url, format) => (url.to_string(), *format),
            Address::Ours(public) => (feed_url(public, &import.nonce), ImportFormat::Yml),
        };
        Push {
            format,
            url,
            callback: self.context.config.public_url().map(|public| callback_url(public, &import.nonce)),
        }
    }

    /// Opens the listener for the time of the import, when NiceChat may call and nobody listens yet.
    async fn listen_if_called(&self) -> Result<Option<DropGuard>, http::ListenError> {
        let Some(settings) = self.context.config.http.as_ref().filter(|http| http.public_url.is_some()) else {
            return Ok(None);
        };
        let Some(address) = settings.public_listen.filter(|_| !self.context.is_listening) else { return Ok(None) };
        let listener = http::bind("public_listen", address).await?;
        let stop = CancellationToken::new();
        let door = PublicDoor::default();
        door.expect(Some(settings));
        let routes = door.guard(self.context.endpoints.routes());
        tokio::spawn(http::serve(http::PUBLIC, listener, routes, stop.clone()));
        Ok(Some(stop.drop_guard()))
    }
}
