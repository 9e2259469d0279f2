//! What is written down of an import that is over.

use std::time::Duration;

use jiff::Timestamp;
use tracing::{info, warn};

use super::Importer;
use super::outcome::{ImportOutcome, PollOutcome};
use crate::config::Strategy;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::store::ReadImports as _;
use crate::systems::catalog::store::WriteImports as _;
use crate::systems::catalog::store::{Failures, Import, ImportEnd};
use crate::systems::catalog::strategy::cost::MOST_FAILURES;

impl Importer<'_> {
    /// Ends an import that had no effect. `counts` = it says something of imports to come.
    pub(super) async fn end_at_once(
        &self,
        import: Import,
        reason: String,
        counts: bool,
    ) -> Result<ImportOutcome, PassError> {
        let end =
            ImportEnd { failure: Some(reason), updated: None, imported: None, came_to_nothing: true, at_large: None };
        let failures = self.failures(end.failure.as_ref().filter(|_| counts))?;
        self.record(import, end, failures, Duration::ZERO).await
    }

    /// The failures in a row after an import that ended so.
    fn failures(&self, failure: Option<&String>) -> Result<Failures, PassError> {
        let before = self.context.state.reader()?.import_failures()?;
        let in_a_row = before.in_a_row + 1;
        if in_a_row == MOST_FAILURES && failure.is_some() && self.context.config.nicechat.strategy == Strategy::Auto {
            warn!("{MOST_FAILURES} imports failed in a row: changes go by the API until a resync");
        }
        Ok(failure.map_or(before, |_| Failures { in_a_row, last: Some(Timestamp::now()) }))
    }

    /// `passed` = since the push.
    pub(super) async fn end(
        &self,
        import: Import,
        outcome: PollOutcome,
        passed: Duration,
    ) -> Result<ImportOutcome, PassError> {
        let is_lost = matches!(outcome, PollOutcome::Lost(_));
        let at_large = match outcome {
            PollOutcome::Success(_) | PollOutcome::Failed(_) => None,
            PollOutcome::Unknown(_) => Some(import.token.clone()),
            PollOutcome::Lost(_) | PollOutcome::Forgotten => Some(None),
        };
        let is_at_large = at_large.is_some();
        let (failure, result) = match outcome {
            PollOutcome::Success(result) => (None, Some(result)),
            PollOutcome::Failed(result) => (Some("NiceChat says that it failed".to_owned()), Some(result)),
            PollOutcome::Unknown(reason) | PollOutcome::Lost(reason) => (Some(reason), None),
            PollOutcome::Forgotten => (Some("NiceChat has forgotten it (404)".to_owned()), None),
        };
        let failures = match &failure {
            // What says nothing of NiceChat's imports doesn't count against them.
            Some(_) => self.failures(failure.as_ref().filter(|_| !is_lost))?,
            None => Failures::default(),
        };
        // By NiceChat's own clock: we may have been away when it was done.
        let took = result.as_ref().and_then(|result| Some(result.updated?.duration_since(result.pushed?)));
        let (updated, imported) = result.map(|result| (result.updated, result.imported)).unwrap_or_default();
        let end = ImportEnd { failure, updated, imported, came_to_nothing: false, at_large };
        let ended = self.record(import, end, failures, passed).await?;
        let took = took.map(|took| took.as_secs_f64()).filter(|took| *took >= 0.0);
        let seconds = took.map_or(ended.seconds, |took| took.min(ended.seconds));
        Ok(ImportOutcome { is_at_large, seconds, ..ended })
    }

    async fn record(
        &self,
        import: Import,
        end: ImportEnd,
        failures: Failures,
        passed: Duration,
    ) -> Result<ImportOutcome, PassError> {
        self.context.state.end_import(import.import, end.clone(), failures).await?;
        self.clear_shelf().await;
        let ImportEnd { failure, imported, came_to_nothing: had_no_effect, .. } = end;
        let seconds = passed.as_secs_f64();
        let import = Import { imported, ..import };
        let shortfall = import.shortfall().filter(|_| failure.is_none());
        match (&failure, &shortfall) {
            (Some(reason), _) => warn!(failures_in_a_row = failures.in_a_row, "the import failed: {reason}"),
            (None, Some(shortfall)) => warn!(imported, expected = import.expected, "{shortfall}"),
            (None, None) => info!(imported, seconds, "the import succeeded"),
        }
        let Import { import, expected: items, to_create, to_update, is_served: was_served, .. } = import;
        Ok(ImportOutcome {
            import,
            failure,
            had_no_effect,
            is_at_large: false,
            shortfall,
            seconds,
            items,
            to_create,
            to_update,
            was_served,
        })
    }
}
