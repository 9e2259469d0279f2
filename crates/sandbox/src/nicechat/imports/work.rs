//! The course of one import, from the queue to the callback.

use super::contents::Contents;
use super::fetch::{self, Fetched};
use super::record::{ImportFailure, ImportFormat, ImportSeen, ImportState, Job, microseconds};
use super::{google, yml};
use crate::nicechat::api::Api;
use crate::pace::pause;

/// Works on an import to its end, if it has one. `with` gives access to what it is to change, one at a time.
pub(in crate::nicechat) async fn run(with: impl Fn(&mut dyn FnMut(&mut Api)), job: Job) {
    let Job { mut seen, enqueued, started } = job;
    pause(enqueued).await;
    if matches!(seen.failure, Some(ImportFailure::StuckEnqueued | ImportFailure::Forgotten { imported: false })) {
        return;
    }
    seen.enter(ImportState::Started);
    with(&mut |api| api.imports.put(&seen));
    pause(started).await;
    if seen.failure == Some(ImportFailure::StuckStarted) {
        return;
    }
    let fetched = fetch::get(&seen.url).await;
    seen.fetched = fetched.status;
    let contents = read(seen.format, fetched).await;
    let mut contents = Some(contents);
    with(&mut |api| contents.take().into_iter().for_each(|contents| api.finish(&mut seen, contents)));
    if let Some(callback) = &seen.callback {
        seen.called_back = fetch::call_back(callback, &values(&seen)).await;
        with(&mut |api| api.imports.put(&seen));
    }
}

/// Reads a feed beside everything else, as a large one takes a while.
async fn read(format: ImportFormat, fetched: Fetched) -> Result<Contents, String> {
    let body = fetched.body?;
    let parse = match format {
        ImportFormat::GoogleCsv => google::parse,
        ImportFormat::Yml => yml::parse,
    };
    let parsed = tokio::task::spawn_blocking(move || parse(&body)).await;
    parsed.unwrap_or_else(|error| Err(error.to_string()))
}

impl Api {
    /// Imports everything at one go and gives the import its last state.
    fn finish(&mut self, seen: &mut ImportSeen, contents: Result<Contents, String>) {
        let is_to_fail = matches!(seen.failure, Some(ImportFailure::Before | ImportFailure::Halfway));
        match contents {
            Err(problem) => seen.problem = Some(problem),
            Ok(_) if seen.failure == Some(ImportFailure::Before) => {}
            Ok(contents) => seen.imported = self.import(seen, contents),
        }
        let is_failed = is_to_fail || seen.problem.is_some();
        seen.enter(if is_failed { ImportState::Failed } else { ImportState::Success });
        self.imports.put(seen);
    }
}

/// What a callback is told. Times have no offset there, and names have underscores
/// (NiceChat API page, section Push the feed with callback).
fn values(seen: &ImportSeen) -> Vec<(&'static str, String)> {
    let mut values = vec![("updated", microseconds(seen.updated))];
    if seen.state == ImportState::Success {
        values.push(("imported_elements_count", seen.imported.to_string()));
    }
    values
}
