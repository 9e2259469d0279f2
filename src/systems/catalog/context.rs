//! What a pass works with.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Catalog;
use crate::pass::{Audience, Progress};
use crate::pause::Pause;
use crate::remote::{Limits, nicechat};
use crate::shop::Bell;
use crate::state::{self, StateError};
use crate::systems::catalog::import::endpoints::Endpoints;
use crate::systems::catalog::overtaking::{Overtaking, Turn};

/// What a pass works with.
#[derive(Clone)]
pub struct Context {
    /// The settings.
    pub config: Arc<Catalog>,
    /// The state.
    pub state: Arc<state::Writer>,
    /// The addresses of imports under way.
    pub endpoints: Endpoints,
    /// See [`crate::shop::Shop::computing`].
    pub computing: Arc<Semaphore>,
    /// Rung when the shelf has something else.
    pub stocked: Bell,
    /// See [`crate::shop::Shop::limits`].
    pub limits: Limits,
    /// What passes tell each other of newer feeds.
    pub(super) overtaking: Overtaking,
    /// Who is told of passes.
    pub audience: Audience,
    /// Whether somebody serves `endpoints` already; else a pass does so itself when an import needs it.
    pub is_listening: bool,
}

impl Context {
    /// See [`Tools::paused`].
    pub(super) fn paused(&self) -> Option<String> {
        Pause::in_force(self.state.path()).map(|pause| pause.words())
    }
}

/// What every step of a pass may use.
#[derive(Clone, Copy)]
pub(super) struct Tools<'a> {
    pub(super) context: &'a Context,
    pub(super) nicechat: &'a nicechat::Writer,
    pub(super) stop: &'a CancellationToken,
    pub(super) progress: Progress<'a>,
    pub(super) turn: &'a Turn,
}

impl Tools<'_> {
    /// Why nothing may be sent now, if somebody has stopped the sending for a while.
    pub(super) fn paused(&self) -> Option<String> {
        self.context.paused()
    }

    /// The state as it is now.
    pub(super) fn state(&self) -> Result<state::Reader, StateError> {
        self.context.state.reader()
    }
}
