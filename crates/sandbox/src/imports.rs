//! Feed imports: NiceChat fetches a feed by itself and makes objects of it (NiceChat API page, section Feeds).
//!
//! The way of an import: `push` reads the request, `work` goes through its states, `fetch` gets the feed and
//! calls back, `google` and `yml` make `contents` of it, `apply` puts those into the store.

mod apply;
mod contents;
mod fetch;
mod google;
mod push;
mod work;
mod yml;

use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroUsize;
use std::time::Duration;

use hyper::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::{Api, not_found};
use super::reply::Answer;

pub(super) use work::run;

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
    fn draw(&mut self) -> Option<ImportFailure> {
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
    fn is_forgotten(&self) -> bool {
        matches!(self.failure, Some(ImportFailure::Forgotten { .. }))
    }

    fn enter(&mut self, state: ImportState) {
        self.state = state;
        self.updated = Timestamp::now();
    }

    /// The `result` that a client gets to see.
    fn result(&self) -> Value {
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
fn microseconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string()
}

/// An import that was pushed and is to be worked on.
#[derive(Debug)]
pub(super) struct Job {
    seen: ImportSeen,
    enqueued: Duration,
    started: Duration,
}

/// All imports, in the order they were pushed.
#[derive(Debug, Default)]
pub(super) struct Imports {
    all: Vec<ImportSeen>,
    due: Vec<Job>,
}

impl Imports {
    /// All imports, those with a forgotten token too.
    pub(super) fn all(&self) -> &[ImportSeen] {
        &self.all
    }

    /// What nobody works on yet.
    pub(super) fn take_due(&mut self) -> Vec<Job> {
        std::mem::take(&mut self.due)
    }

    /// Puts an import in the place of what was known of it.
    fn put(&mut self, seen: &ImportSeen) {
        if let Some(known) = self.all.iter_mut().find(|known| known.token == seen.token) {
            known.clone_from(seen);
        }
    }
}

impl Api {
    /// `POST import-products/`
    pub(super) fn push_import(&mut self, body: &[u8]) -> Result<Answer, Answer> {
        let push = push::read(body).map_err(|problem| Answer::error(StatusCode::BAD_REQUEST, &problem))?;
        let now = Timestamp::now();
        let seen = ImportSeen {
            token: token(),
            format: push.format,
            url: push.url,
            callback: push.callback,
            failure: self.rules.import_fails.as_mut().and_then(ImportFails::draw),
            state: ImportState::Enqueued,
            imported: 0,
            fetched: None,
            problem: None,
            called_back: None,
            pushed: now,
            updated: now,
        };
        let answer = Answer::ok(StatusCode::CREATED, "Created", json!({ "token": seen.token }));
        self.imports.all.push(seen.clone());
        let Self { rules, imports, .. } = self;
        imports.due.push(Job { seen, enqueued: rules.import_enqueued, started: rules.import_started });
        Ok(answer)
    }

    /// `GET import-products-result/<token>/`
    pub(super) fn import_result(&self, token: &str) -> Result<Answer, Answer> {
        let known = self.imports.all.iter().find(|seen| seen.token == token && !seen.is_forgotten());
        let seen = known.ok_or_else(not_found)?;
        Ok(Answer::ok(StatusCode::OK, "Accepted", seen.result()))
    }
}

/// A name in the shape of a UUID that nobody can guess: the standard library seeds its hashers from the system.
fn token() -> String {
    let random = || RandomState::new().hash_one(());
    let text = format!("{:016x}{:016x}", random(), random());
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}
