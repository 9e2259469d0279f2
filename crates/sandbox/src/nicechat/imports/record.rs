//! What is known of imports.

use std::num::NonZeroUsize;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a pushed feed is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportFormat {
    /// A Google Merchant text feed.
    #[serde(rename = "google-csv")]
    GoogleCsv,
    /// A YML feed (Yandex Market Language).
    #[serde(rename = "yml")]
    Yml,
}

/// How far an import has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Waits for its turn.
    Enqueued,
    /// Being worked on.
    Started,
    /// Done, rightly.
    Success,
    /// Given up.
    Failed,
}

/// What goes wrong with an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ImportFailure {
    /// It fails after the feed was fetched and before anything is imported.
    Before,
    /// It fails when the first half of the elements is imported.
    Halfway,
    /// Its token is not known any more, right after the push.
    Forgotten {
        /// Whether the feed is imported all the same.
        imported: bool,
    },
    /// It is enqueued for ever.
    StuckEnqueued,
    /// It is being worked on for ever; the feed isn't fetched.
    StuckStarted,
    /// It succeeds, but leaves elements out without a word, other than a smaller count.
    Partial {
        /// Each n-th element is left out.
        every: NonZeroUsize,
    },
}

/// Which imports go wrong: those that are pushed from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportFails {
    /// What goes wrong.
    pub failure: ImportFailure,
    /// How many of them, counted down with each push; left out, all of them.
    #[serde(default)]
    pub times: Option<usize>,
}

impl ImportFails {
    /// Every import goes wrong in this way.
    pub fn always(failure: ImportFailure) -> Self {
        Self { failure, times: None }
    }

    /// The next imports go wrong in this way.
    pub fn next(times: usize, failure: ImportFailure) -> Self {
        Self { failure, times: Some(times) }
    }

    /// The failure of an import that is being pushed.
    pub(super) fn draw(&mut self) -> Option<ImportFailure> {
        if let Some(times) = &mut self.times {
            *times = times.checked_sub(1)?;
        }
        Some(self.failure)
    }
}

/// An import and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct ImportSeen {
    /// What it was given as its name.
    pub token: String,
    /// As pushed.
    pub format: ImportFormat,
    /// As pushed.
    pub url: String,
    /// As pushed.
    pub callback: Option<String>,
    /// What is to go wrong with it.
    pub failure: Option<ImportFailure>,
    /// How far it has got.
    pub state: ImportState,
    /// How many products were imported, also by an import that failed halfway.
    pub imported: usize,
    /// The HTTP status with which the feed was answered; none before that, and when there was no answer.
    pub fetched: Option<u16>,
    /// Why the feed could not be imported, when that wasn't to order.
    pub problem: Option<String>,
    /// The HTTP status with which the callback was answered; none when there was none, or no answer.
    pub called_back: Option<u16>,
    /// When it was pushed.
    pub pushed: Timestamp,
    /// When its state changed last.
    pub updated: Timestamp,
}

impl ImportSeen {
    pub(super) fn is_forgotten(&self) -> bool {
        matches!(self.failure, Some(ImportFailure::Forgotten { .. }))
    }

    pub(super) fn enter(&mut self, state: ImportState) {
        self.state = state;
        self.updated = Timestamp::now();
    }

    /// The `result` that a client gets to see.
    pub(super) fn result(&self) -> Value {
        let time = |time: Timestamp| format!("{}+00:00", microseconds(time));
        let mut result = json!({
            "pushed": time(self.pushed),
            "updated": time(self.updated),
            "state": self.state,
        });
        if self.state == ImportState::Success {
            result["imported elements count"] = json!(self.imported);
        }
        result
    }
}

/// A time as the callback has it; results have an offset behind it.
pub(super) fn microseconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string()
}

/// An import that was pushed and is to be worked on.
#[derive(Debug)]
pub(in crate::nicechat) struct Job {
    pub(super) seen: ImportSeen,
    pub(super) enqueued: Duration,
    pub(super) started: Duration,
}

/// All imports, in the order they were pushed.
#[derive(Debug, Default)]
pub(in crate::nicechat) struct Imports {
    pub(super) all: Vec<ImportSeen>,
    pub(super) due: Vec<Job>,
}

impl Imports {
    /// All imports, those with a forgotten token too.
    pub(in crate::nicechat) fn all(&self) -> &[ImportSeen] {
        &self.all
    }

    /// What nobody works on yet.
    pub(in crate::nicechat) fn take_due(&mut self) -> Vec<Job> {
        std::mem::take(&mut self.due)
    }

    /// Puts an import in the place of what was known of it.
    pub(super) fn put(&mut self, seen: &ImportSeen) {
        if let Some(known) = self.all.iter_mut().find(|known| known.token == seen.token) {
            known.clone_from(seen);
        }
    }
}
