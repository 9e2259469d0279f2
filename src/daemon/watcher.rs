//! Looks after what nobody's pass tells: that no pass went well for long, and that the disk is nearly full.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::clock::Stamp;
use crate::pass::{Audience, Job, watch};
use crate::pause::Pause;
use crate::shop::Shop;
use crate::state::Writer;

/// How often it looks when no pass ends.
const LOOK: Duration = Duration::from_secs(60);
/// How long a look under way is waited for at the end: a disk may hang.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// Looks from time to time, in a task of its own: a disk that hangs keeps nothing else waiting. It ends with this.
pub(super) struct Watcher {
    watched: Arc<Watched>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// What is looked after, with the settings that hold.
struct Watched {
    state: Arc<Writer>,
    begun: Stamp,
    now: Mutex<(Audience, Vec<Arc<dyn Job>>)>,
    passed: Arc<Notify>,
}

impl Watcher {
    /// Looks after a shop from now on. `passed` = a pass has ended.
    pub(super) fn start(shop: &Shop, passed: Arc<Notify>) -> Watcher {
        let now = Mutex::new((shop.audience(), Vec::new()));
        let watched = Arc::new(Watched { state: Arc::clone(&shop.state), begun: Stamp::exact(), now, passed });
        let stop = CancellationToken::new();
        let task = tokio::spawn(look_on(Arc::clone(&watched), stop.clone()));
        Watcher { watched, stop, task }
    }

    /// Ends it when a look under way has ended, whose thread nobody can call back: it holds the state, whose log goes into
    /// the file when nobody holds it any more.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        if timeout(LAST_LOOK, &mut self.task).await.is_err() {
            self.task.abort();
            // That it was aborted is what was wanted.
            let _ = (&mut self.task).await;
        }
    }

    /// These are whom it tells and the jobs from now on.
    pub(super) fn expect(&self, audience: Audience, jobs: Vec<Arc<dyn Job>>) {
        *self.watched.now.lock().unwrap_or_else(PoisonError::into_inner) = (audience, jobs);
        // At once: a process that dies in its first pass never gets as far as to look after it.
        self.watched.passed.notify_one();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn look_on(watched: Arc<Watched>, stop: CancellationToken) {
    let mut failed = false;
    loop {
        // Only what the daemon waits for itself is worth a word: a pass that ends or a minute that is over.
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = timeout(LOOK, watched.passed.notified()) => {}
        }
        let (audience, jobs) = watched.now.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_paused = Pause::in_force(watched.state.path()).is_some();
        let looked = watch(&watched.state, &audience, jobs, Some(watched.begun.clone()), is_paused).await;
        match looked {
            Err(error) if !failed => {
                warn!("nobody is told whether passes are overdue, nor whether the disk is full: {error}");
                failed = true;
            }
            looked => failed &= looked.is_err(),
        }
    }
}
