//! The daemon's own listener, open for as long as this is held.

use std::net::SocketAddr;

use axum::Router;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::info;

use crate::web::listener::{self as http, ListenError};

/// An open listener. Dropped, it closes by itself, and answers under way still end.
pub(super) struct Listener {
    wanted: SocketAddr,
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Listener {
    /// Listens there, and serves these routes from now on.
    pub(super) async fn open(wanted: SocketAddr, router: Router) -> Result<Listener, ListenError> {
        let listener = http::bind(wanted).await?;
        // With port 0, the port that was chosen.
        let address = listener.local_addr().unwrap_or(wanted);
        info!("listening on http://{address}");
        let stop = CancellationToken::new();
        let task = tokio::spawn(http::serve(listener, router, stop.clone()));
        Ok(Listener { wanted, stop: stop.drop_guard(), task })
    }

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
