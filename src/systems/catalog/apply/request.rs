//! One operation's request, and the other one where the object's presence is not what we thought.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::catalog::Fields;
use crate::remote::CallError;
use crate::remote::nicechat::Writer;
use crate::systems::catalog::diff::fields::with_values;
use crate::systems::catalog::plan::operation::{Action, Operation};

/// What a request did.
pub(super) enum Done {
    /// What it is now by NiceChat's answer, and what was sent for it.
    Created {
        reply: Fields,
        sent: Fields,
    },
    Updated {
        reply: Fields,
        sent: Fields,
    },
    Deleted,
}

/// The request itself, and the other one where the object's presence is not what we thought.
/// `lost` = an answer was lost on the way to the last one, or isn't there yet: what it was to do may be done. Or what was
/// to be changed is gone.
pub(super) async fn send(nicechat: &Writer, operation: &Operation, lost: &AtomicBool) -> Result<Done, CallError> {
    let connection = (nicechat, lost);
    let Operation { kind, id, send, .. } = operation;
    match operation.action {
        Action::Create => match create(connection, operation, send.clone()).await {
            // It is there, made by someone else or by a request whose answer was lost.
            Err(CallError::Exists) => change(connection, operation, operation.whole()).await,
            other => other,
        },
        Action::Update => match change(connection, operation, send.clone()).await {
            // It is gone, whatever becomes of it now: what was acknowledged of it is in doubt.
            Err(CallError::Missing) => {
                lost.store(true, Ordering::Relaxed);
                create_anew(connection, operation).await
            }
            other => other,
        },
        Action::Disable => match change(connection, operation, send.clone()).await {
            Err(CallError::Missing) => Ok(Done::Deleted),
            other => other,
        },
        Action::Delete => match nicechat.delete(*kind, id, lost).await {
            Ok(()) | Err(CallError::Missing) => Ok(Done::Deleted),
            Err(error) => Err(error),
        },
        // Notes have a stage of their own that sends nothing.
        Action::RecordOnly => Ok(Done::Updated { reply: Fields::new(), sent: Fields::new() }),
    }
}

/// Creates an object that was there once, with all its fields.
async fn create_anew(connection: (&Writer, &AtomicBool), operation: &Operation) -> Result<Done, CallError> {
    match create(connection, operation, with_values(&operation.whole())).await {
        // It is there again, or the first answer was wrong.
        Err(CallError::Exists) => match change(connection, operation, operation.whole()).await {
            Err(CallError::Missing) => {
                let reason = "NiceChat says both that it is not there (404) and that it is (code 412)".to_owned();
                Err(CallError::Refused { code: 412, reason })
            }
            other => other,
        },
        other => other,
    }
}

async fn create(
    (nicechat, lost): (&Writer, &AtomicBool),
    operation: &Operation,
    sent: Fields,
) -> Result<Done, CallError> {
    let reply = nicechat.create(operation.kind, &operation.id, &sent, lost).await?;
    Ok(Done::Created { reply, sent })
}

async fn change(
    (nicechat, lost): (&Writer, &AtomicBool),
    operation: &Operation,
    sent: Fields,
) -> Result<Done, CallError> {
    let reply = nicechat.change(operation.kind, &operation.id, &sent, lost).await?;
    Ok(Done::Updated { reply, sent })
}
