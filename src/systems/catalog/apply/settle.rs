//! What came of a request, and what the state learns of it.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::Value;
use tracing::{debug, warn};

use super::request::{Done, send};
use super::{Application, NAMED, Stop};
use crate::catalog::{Fields, Kind};
use crate::remote::CallError;
use crate::systems::catalog::diff::decide::acknowledged;
use crate::systems::catalog::guard::words_of;
use crate::systems::catalog::plan::operation::{Action, Operation};
use crate::systems::catalog::plan::risk::{Risk, Risks};
use crate::systems::catalog::store::WriteRequests as _;
use crate::systems::catalog::store::{Record, Settled, Was, Why};

impl Application<'_> {
    /// Sends one operation and writes down what came of it.
    pub(super) async fn settle(&self, operation: Operation) -> Result<(), Stop> {
        if self.is_off(&operation) {
            return self.leave(operation).await;
        }
        let object = (operation.kind, operation.id.clone());
        let (lost, answers) = (AtomicBool::new(false), self.answers());
        let result = tokio::select! {
            result = send(self.nicechat, &operation, &lost) => result,
            // What is out is in doubt from now on, and written down as that already.
            () = self.abandon.cancelled() => {
                return if lost.load(Ordering::Relaxed) { Ok(()) } else { self.leave(operation).await };
            }
        };
        let was_lost = lost.into_inner();
        let change = result.as_ref().ok().and_then(|done| self.noted(&operation, Some(done)));
        let settled = match result {
            Ok(done) => self.done(&operation, done),
            Err(error @ CallError::Unauthorized(_)) => {
                let settled = failure(&operation, error.to_string(), was_lost);
                self.state.settle(object, settled, None, Was::default()).await?;
                return Err(Stop::Unauthorized(error));
            }
            Err(CallError::Refused { code, reason }) => self.refused(&operation, (code, reason), was_lost),
            Err(error) => return self.failed(operation, &error, (was_lost, self.answers() > answers)).await,
        };
        self.counts.failed_in_a_row.store(0, Ordering::Relaxed);
        // What may never have been ours is no loss, and has no risk: but it may have had one, and a word, before.
        let unasked = operation.risks.has(Risk::Delete) && operation.why != Why::Approved;
        let is_risky = operation.risks != Risks::default() || operation.why == Why::Approved;
        let words = if is_risky || operation.action.is_removal() { words_of(&operation).collect() } else { Vec::new() };
        self.state.settle(object, settled, change, Was { urgent: operation.is_urgent(), unasked, words }).await?;
        (self.progress)(1);
        Ok(())
    }

    /// Writes down that an operation failed in a way that can pass. `was_answered` = somebody's request was meanwhile.
    async fn failed(
        &self,
        operation: Operation,
        error: &CallError,
        (was_lost, was_answered): (bool, bool),
    ) -> Result<(), Stop> {
        let (reason, is_late) = (error.to_string(), operation.is_late);
        // Told by `status`, and of the pass as a whole: a service that is away for hours
        // must not fill the journal object by object.
        debug!(r#type = %operation.kind, object = %operation.id, reason, "not done, to be tried again by the next pass");
        self.counts.failed.fetch_add(1, Ordering::Relaxed);
        self.note_failure(&reason);
        // (What a listing told is forgotten where it isn't in the journal.)
        let has_twins = self.has_twins.load(Ordering::Relaxed);
        if was_lost || was_answered || is_late || has_twins || self.is_listed {
            self.stays_where_it_is(&operation);
            let settled = failure(&operation, reason.clone(), was_lost);
            self.state.settle((operation.kind, operation.id), settled, None, Was::default()).await?;
        } else {
            // Nobody was there, and nothing was sent: that tells nothing of the object, which keeps its turn.
            self.leave(operation).await?;
        }
        let in_a_row = self.counts.failed_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        match in_a_row >= self.most_failures() {
            _ if error.asks_for_too_long() => Err(Stop::Away(reason)),
            // These failed before; what the stages after this one hold may do better.
            true if is_late => {
                self.given_up.store(true, Ordering::Relaxed);
                Ok(())
            }
            true => Err(Stop::Away(reason)),
            false => Ok(()),
        }
    }

    /// How many requests were answered so far.
    fn answers(&self) -> u64 {
        self.nicechat.answers()
    }

    /// What was written down as about to be sent, and wasn't, is in doubt no more than before.
    async fn leave(&self, operation: Operation) -> Result<(), Stop> {
        self.stays_where_it_is(&operation);
        if !operation.may_be_done && !self.has_twins.load(Ordering::Relaxed) {
            self.state.unintend(operation.kind, operation.id).await?;
        }
        Ok(())
    }

    fn note_failure(&self, reason: &str) {
        let mut first = self.first_failure.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_empty() {
            reason.clone_into(&mut first);
        }
    }

    fn done(&self, operation: &Operation, done: Done) -> Settled {
        debug!(r#type = %operation.kind, object = %operation.id, action = ?operation.action, "acknowledged");
        let count = |count: &AtomicU64| _ = count.fetch_add(1, Ordering::Relaxed);
        let record = operation.record.clone();
        match done {
            Done::Created { reply, sent } => {
                count(&self.counts.created);
                // A new object: what NiceChat made of an earlier one of this id is no more.
                let record = record.map(|record| Record { answered: Fields::new(), repaired: Fields::new(), ..record });
                record.map_or(Settled::Deleted, |record| Settled::Done(acknowledged(record, &sent, &reply)))
            }
            Done::Updated { reply, sent } => {
                count(&self.counts.updated);
                record.map_or(Settled::Deleted, |record| Settled::Done(acknowledged(record, &sent, &reply)))
            }
            Done::Deleted => {
                count(&self.counts.deleted);
                Settled::Deleted
            }
        }
    }

    /// `was_lost` = an answer before this one was.
    fn refused(&self, operation: &Operation, (code, reason): (u16, String), was_lost: bool) -> Settled {
        if self.counts.refused.load(Ordering::Relaxed) < NAMED {
            warn!(
                r#type = %operation.kind, object = %operation.id, code, reason,
                "{} {} is refused by NiceChat ({reason}) and set aside until it changes, or until a resync",
                operation.kind, operation.id
            );
        }
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        self.stays_where_it_is(operation);
        let record = operation.record.as_ref();
        let category = |record: &Record| record.acked.get("category").and_then(Value::as_str).map(str::to_owned);
        Settled::Refused {
            digest: operation.refusal(),
            category: record.and_then(category),
            reason,
            in_doubt: operation.may_be_done || was_lost,
        }
    }

    /// A product that could not be moved or deleted still refers to its category.
    pub(super) fn stays_where_it_is(&self, operation: &Operation) {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.extend(operation.was_in.clone());
        if operation.kind == Kind::Product && operation.is_of_id_alone() {
            self.stays_somewhere.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a product stays in the category that an operation is about, or may do so: what only a listing has told
    /// of is left to later passes by its id alone.
    pub(super) fn is_in_use(&self, category: &Operation) -> bool {
        let may_be_in_it = category.is_of_id_alone() && self.stays_somewhere.load(Ordering::Relaxed);
        may_be_in_it || self.in_use.lock().unwrap_or_else(PoisonError::into_inner).contains(category.id.as_str())
    }
}

/// What is written down of a request that failed in a way that can pass: of a create that is known to have had no
/// effect, nor one before it, that it hadn't.
fn failure(operation: &Operation, reason: String, was_lost: bool) -> Settled {
    if operation.action == Action::Create && !operation.may_be_done && !was_lost {
        Settled::Undone(reason)
    } else {
        Settled::Failed(reason)
    }
}
