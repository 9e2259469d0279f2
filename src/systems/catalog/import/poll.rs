//! Asking after an import until it is over.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};
use tracing::debug;

use super::Importer;
use super::endpoints::Registration;
use super::outcome::{ImportOutcome, PollOutcome};
use crate::pass::Step;
use crate::remote::CallError;
use crate::remote::nicechat::ImportStatus;
use crate::systems::catalog::apply::Stop;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::store::WriteImports as _;
use crate::systems::catalog::store::{Import, ImportState};
use crate::systems::catalog::strategy::polls::waits;
use crate::text::span;

impl Importer<'_> {
    /// Asks after an import until it is over.
    pub(super) async fn wait_for(
        &self,
        import: Import,
        token: &str,
        registration: &Registration,
        at_once: bool,
    ) -> Result<ImportOutcome, PassError> {
        let since = SincePush::pushed(&import);
        let outcome = tokio::select! {
            outcome = self.poll(&import, token, registration, at_once, since) => outcome?,
            () = self.stop.cancelled() => return Err(Stop::Interrupted.into()),
        };
        self.end(import, outcome, since.passed()).await
    }

    async fn poll(
        &self,
        import: &Import,
        token: &str,
        registration: &Registration,
        at_once: bool,
        since: SincePush,
    ) -> Result<PollOutcome, PassError> {
        let reader = self.nicechat.reader();
        let limit = self.context.config.nicechat.import_timeout;
        let passed = || since.passed();
        let mut state = ImportState::Enqueued;
        let mut asked_to_wait = Duration::ZERO;
        for wait in at_once.then_some(Duration::ZERO).into_iter().chain(waits()) {
            let words = format!("NiceChat imports the feed ({} since {})", state.name(), span(passed()));
            (self.progress)(Step::Doing(words));
            let wait = wait.max(asked_to_wait).min(limit.saturating_sub(passed()));
            tokio::select! {
                () = sleep(wait) => {}
                () = registration.hinted(), if asked_to_wait.is_zero() => {}
            }
            asked_to_wait = Duration::ZERO;
            match reader.import_result(token).await {
                Ok(result) => {
                    state = match result.status {
                        ImportStatus::Success => return Ok(PollOutcome::Success(result)),
                        ImportStatus::Failed => return Ok(PollOutcome::Failed(result)),
                        ImportStatus::Enqueued => ImportState::Enqueued,
                        ImportStatus::Started => ImportState::Started,
                    };
                    self.context.state.import_goes_on(import.import, state, result.updated).await?;
                }
                Err(error @ CallError::Unauthorized(_)) => return Err(Stop::Unauthorized(error).into()),
                Err(CallError::Missing) => return Ok(PollOutcome::Forgotten),
                Err(error @ (CallError::Refused { .. } | CallError::Exists)) => {
                    return Ok(PollOutcome::Unknown(format!("NiceChat won't tell of it: {error}")));
                }
                Err(error @ (CallError::Passing { .. } | CallError::Strange(_))) => {
                    debug!(import = token, "no news of the import: {error}");
                    asked_to_wait = error.retry_after().unwrap_or_default();
                }
            }
            if passed() >= limit {
                let name = state.name();
                return Ok(PollOutcome::Unknown(format!(
                    "it is still {name} after {limit:?} (nicechat.import_timeout)"
                )));
            }
        }
        Ok(PollOutcome::Unknown("it never ended".to_owned()))
    }
}

/// How long ago an import was pushed: by the wall clock only what lies before this process.
#[derive(Clone, Copy)]
struct SincePush {
    before: Duration,
    began: Instant,
}

impl SincePush {
    fn pushed(import: &Import) -> SincePush {
        let before = Duration::try_from(Timestamp::now().duration_since(import.pushed)).unwrap_or_default();
        SincePush { before, began: Instant::now() }
    }

    fn passed(self) -> Duration {
        self.before + self.began.elapsed()
    }
}
