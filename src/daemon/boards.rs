//! The notices beside a state while the daemon runs: looked at when something comes into their folder, from a thread of
//! its own, so that a disk that hangs keeps nothing else waiting.

use std::path::{Path, PathBuf};
use std::thread;

use tokio::sync::mpsc;
use tracing::warn;

use super::folder_watch::FolderWatch;
use crate::approval;
use crate::clock::{Moment, boot_id};
use crate::pause::{self, Pause};
use crate::state::{Board, Glance};

/// What is new on a board.
#[derive(Debug, PartialEq)]
pub(super) enum News {
    /// The pause that is in force now.
    Pause(Option<Pause>),
    /// The notice of this name was hung there, or in the place of another one.
    Hung(&'static str),
}

/// Tells the news of a state's boards.
pub(super) struct Boards(mpsc::Receiver<News>);

impl Boards {
    /// Looks at the boards of a state from now on. `pause` = the one that is known to be in force.
    pub(super) fn watch(state: &Path, pause: Option<Pause>) -> Boards {
        let (sender, receiver) = mpsc::channel(4);
        let mut watcher = Watcher::new(state, pause);
        let mut folder = FolderWatch::new(watcher.board.path().parent().unwrap_or(Path::new(".")));
        let look = move || {
            while !sender.is_closed() {
                // Whoever is told must be gone before this ends.
                if watcher.look(Moment::now()).into_iter().any(|news| sender.blocking_send(news).is_err()) {
                    return;
                }
                // A pause that ends by itself ends in time.
                folder.sleep(watcher.pause.is_some());
            }
        };
        if let Err(error) = thread::Builder::new().name("boards".into()).spawn(look) {
            warn!("nobody looks out for `pause` and `approve` between passes: no thread can be started: {error}");
        }
        Boards(receiver)
    }

    /// The next news. Nothing is lost when it is not waited for to the end.
    pub(super) async fn next(&mut self) -> News {
        match self.0.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }
}

struct Watcher {
    state: PathBuf,
    board: Board,
    glance: Option<Glance>,
    pause: Option<Pause>,
    others: Vec<(&'static str, Board, Option<Glance>)>,
}

impl Watcher {
    fn new(state: &Path, pause: Option<Pause>) -> Watcher {
        let other = |name| {
            let board = Board::new(state, name);
            let glance = board.glance();
            (name, board, glance)
        };
        let board = Board::new(state, pause::NAME);
        Watcher { state: state.to_owned(), board, glance: None, pause, others: approval::NAMES.map(other).into() }
    }

    fn look(&mut self, now: Moment) -> Vec<News> {
        let pause = self.pause(now).map(News::Pause);
        let mut news: Vec<News> = pause.into_iter().collect();
        for (name, board, before) in &mut self.others {
            let glance = board.glance();
            if std::mem::replace(before, glance) != glance && glance.is_some() {
                news.push(News::Hung(name));
            }
        }
        news
    }

    /// The pause in force, if it is another one than before.
    fn pause(&mut self, now: Moment) -> Option<Option<Pause>> {
        let glance = self.board.glance();
        let pause = if std::mem::replace(&mut self.glance, glance) != glance {
            Pause::in_force(&self.state)
        } else {
            self.pause.clone().filter(|pause| !pause.is_over(now, boot_id().as_deref()))
        };
        (pause != self.pause).then(|| {
            self.pause.clone_from(&pause);
            pause
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn news_are_told_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state.db");
        std::fs::write(&state, "").expect("a state");
        let [_, name, _] = approval::NAMES;
        let approved = Board::new(&state, name);
        approved.write(&1).expect("written");
        let mut watcher = Watcher::new(&state, None);
        let mut look = |later: i64| {
            let now = Moment::now();
            watcher.look(Moment { up: now.up + SignedDuration::from_secs(later), ..now })
        };
        assert_eq!(look(0), [], "what hung there before is no news");
        let pause = Pause::now(Some(Duration::from_secs(60)), None);
        pause.write(&state).expect("written");
        assert_eq!(look(0), [News::Pause(Some(pause))]);
        assert_eq!(look(50), []);
        assert_eq!(look(61), [News::Pause(None)], "it has ended by itself");
        assert_eq!(look(62), []);
        let endless = Pause::now(None, Some("why"));
        endless.write(&state).expect("written");
        approved.write(&1).expect("written");
        assert_eq!(look(0), [News::Pause(Some(endless)), News::Hung(name)]);
        std::fs::write(state.with_extension("db.pause"), "{").expect("written");
        approved.remove().expect("removed");
        assert_eq!(look(0), [News::Pause(None)], "what can't be read is no pause");
        assert_eq!(look(0), []);
    }
}
