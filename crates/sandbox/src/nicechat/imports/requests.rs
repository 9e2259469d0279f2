//! The requests about imports.

use std::hash::{BuildHasher as _, RandomState};

use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::push;
use super::record::{ImportFails, ImportSeen, ImportState, Job};
use crate::nicechat::api::{Api, not_found};
use crate::reply::Answer;

impl Api {
    /// `POST import-products/`
    pub(in crate::nicechat) fn push_import(&mut self, body: &[u8]) -> Result<Answer, Answer> {
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
    pub(in crate::nicechat) fn import_result(&self, token: &str) -> Result<Answer, Answer> {
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
