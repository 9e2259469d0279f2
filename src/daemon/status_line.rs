//! The line that `systemctl status` shows: what each job does, then what is wrong with the config on disk, and with
//! the doors.

use std::sync::{Arc, Mutex, PoisonError};

use crate::systemd::Manager;

/// The line. A clone is the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct StatusLine {
    parts: Arc<Mutex<Parts>>,
    manager: Manager,
}

/// A job's part of the line. A clone is the same one.
#[derive(Debug, Clone)]
pub(super) struct Part {
    line: StatusLine,
    at: usize,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Parts {
    jobs: Vec<Doing>,
    refused_config: Option<String>,
    shut_doors: Option<String>,
}

/// What a job does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Doing {
    #[default]
    Nothing,
    Busy(String),
    Idle(String),
}

impl StatusLine {
    /// Which this manager is told.
    pub(super) fn new(manager: Manager) -> StatusLine {
        StatusLine { manager, ..StatusLine::default() }
    }

    /// A place for one more job.
    pub(super) fn part(&self) -> Part {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.jobs.push(Doing::Nothing);
        Part { line: self.clone(), at: parts.jobs.len() - 1 }
    }

    /// Why the config on disk is not the one in use; `None` = it is.
    pub(super) fn refused_config(&self, why: Option<String>) {
        self.change(|parts| parts.refused_config = why);
    }

    /// Which doors can't be opened; `None` = all are.
    pub(super) fn shut_doors(&self, which: Option<String>) {
        self.change(|parts| parts.shut_doors = which);
    }

    fn change(&self, change: impl FnOnce(&mut Parts)) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let before = parts.text();
        change(&mut parts);
        let text = parts.text();
        if text != before {
            self.manager.status(&text);
        }
    }
}

impl Part {
    /// There is no such job.
    pub(super) fn clear(&self) {
        self.set(Doing::Nothing);
    }

    /// A pass is under way.
    pub(super) fn busy(&self, what: String) {
        self.set(Doing::Busy(what));
    }

    /// What the last pass came to.
    pub(super) fn idle(&self, headline: String) {
        self.set(Doing::Idle(headline));
    }

    fn set(&self, doing: Doing) {
        self.line.change(|parts| {
            if let Some(job) = parts.jobs.get_mut(self.at) {
                *job = doing;
            }
        });
    }
}

impl Parts {
    fn text(&self) -> String {
        let is_idle = !self.jobs.iter().any(|job| matches!(job, Doing::Busy(_)));
        let jobs: Vec<&str> = self.jobs.iter().filter_map(Doing::words).collect();
        let jobs = match jobs.join("; ") {
            jobs if jobs.is_empty() => None,
            jobs if is_idle => Some(format!("idle; last {jobs}")),
            jobs => Some(jobs),
        };
        let refused = self.refused_config.as_ref().map(|why| format!("new config not used, the old one stays: {why}"));
        jobs.into_iter().chain(refused).chain(self.shut_doors.clone()).collect::<Vec<_>>().join("; ")
    }
}

impl Doing {
    fn words(&self) -> Option<&str> {
        match self {
            Doing::Nothing => None,
            Doing::Busy(words) | Doing::Idle(words) => Some(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_there_stand_one_after_the_other() {
        let line = StatusLine::default();
        let (sync, events) = (line.part(), line.part());
        let text = || line.parts.lock().expect("the parts").text();
        assert_eq!(text(), "");
        sync.idle("sync: ok".to_owned());
        assert_eq!(text(), "idle; last sync: ok");
        events.busy("events under way".to_owned());
        assert_eq!(text(), "sync: ok; events under way");
        events.idle("events: ok".to_owned());
        line.refused_config(Some("no".to_owned()));
        assert_eq!(text(), "idle; last sync: ok; events: ok; new config not used, the old one stays: no");
        events.clear();
        line.refused_config(None);
        line.shut_doors(Some("can't listen".to_owned()));
        assert_eq!(text(), "idle; last sync: ok; can't listen");
        line.shut_doors(None);
        assert_eq!(text(), "idle; last sync: ok");
    }
}
