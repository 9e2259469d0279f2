//! The daemon's own listeners, each open for as long as this is held.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::info;

use crate::config::Http;
use crate::web::listener::{self as http, Limits, ListenError};

/// For whom it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// For those who run us.
    Private,
    /// For everybody else.
    Public,
}

impl Door {
    /// The setting that has its address.
    pub(super) fn setting(self) -> &'static str {
        match self {
            Door::Private => "listen",
            Door::Public => "public_listen",
        }
    }

    fn limits(self) -> Limits {
        match self {
            Door::Private => http::PRIVATE,
            Door::Public => http::PUBLIC,
        }
    }

    /// The address that settings have for it.
    pub(super) fn address(self, http: Option<&Http>) -> Option<SocketAddr> {
        http.and_then(|http| match self {
            Door::Private => http.listen,
            Door::Public => http.public_listen,
        })
    }
}

/// A door's socket. Who calls there waits until it is served.
pub(super) struct Bound {
    pub(super) door: Door,
    /// The address that was asked for.
    pub(super) wanted: SocketAddr,
    socket: TcpListener,
}

impl Bound {
    /// Takes the address that settings have for a door, if they have one.
    pub(super) async fn at(door: Door, settings: Option<&Http>) -> Result<Option<Bound>, ListenError> {
        let Some(wanted) = door.address(settings) else { return Ok(None) };
        let socket = http::bind(door.setting(), wanted).await?;
        Ok(Some(Bound { door, wanted, socket }))
    }

    /// Serves these routes from now on.
    pub(super) fn serve(self, router: Router) -> Listener {
        let Bound { door, wanted, socket } = self;
        // With port 0, the port that was chosen.
        let address = socket.local_addr().unwrap_or(wanted);
        match door {
            Door::Private => info!("listening on http://{address}"),
            Door::Public => info!("public door: listening at http://{address}"),
        }
        let stop = CancellationToken::new();
        let task = tokio::spawn(http::serve(door.limits(), socket, router, stop.clone()));
        Listener { wanted, stop: stop.drop_guard(), task }
    }
}

/// An open listener. Dropped, it closes by itself, and answers under way still end.
pub(super) struct Listener {
    wanted: SocketAddr,
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Listener {
    /// The address that was asked for.
    pub(super) fn wanted(&self) -> SocketAddr {
        self.wanted
    }

    /// Closes it, and waits until it is.
    pub(super) async fn close(self) {
        drop(self.stop);
        // It ends by itself, whatever clients do.
        let _ = self.task.await;
    }
}
