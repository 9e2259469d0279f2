//! What the guard holds, told by the history once it is held, and not again by each pass that holds the same.

use std::sync::{Arc, PoisonError};

use serde_json::Value;

use crate::catalog::Kind;
use crate::systems::catalog::apply::held_change;
use crate::systems::catalog::context::Tools;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::guard::hash;
use crate::systems::catalog::plan::operation::{Operation, Stage};
use crate::systems::catalog::plan::store::{Cursor, SharedPlanStore};
use crate::systems::catalog::plan::verdict::Held;
use crate::systems::catalog::request::Request;
use crate::systems::catalog::store::{ApprovedHash, Change, ChangeKind, HeldNote, Why, WriteHistory as _};
use crate::systems::catalog::wait::blocking;

/// Objects that are told one by one; more are one line.
const MOST: u64 = 10_000;
/// Objects that are written together.
const TOGETHER: usize = 500;

/// Tells what a plan holds.
pub(super) async fn note_held(
    tools: &Tools<'_>,
    request: Request,
    held: &Held,
    store: &SharedPlanStore,
) -> Result<(), PassError> {
    let state = &tools.context.state;
    let counts = store.lock().unwrap_or_else(PoisonError::into_inner).count_held()?;
    if counts.iter().sum::<u64>() > MOST {
        state.note_held(request.now, vec![all(held, counts)]).await?;
    } else {
        let mut cursor = Cursor::default();
        loop {
            let (store, mut after) = (Arc::clone(store), cursor);
            let read = blocking(move || {
                let store = store.lock().unwrap_or_else(PoisonError::into_inner);
                let operations = store.operations(Stage::Held, &mut after, TOGETHER)?;
                Ok((operations.iter().map(note).collect::<Vec<HeldNote>>(), after))
            });
            let (notes, after) = read.await?;
            if notes.is_empty() {
                break;
            }
            cursor = after;
            state.note_held(request.now, notes).await?;
        }
    }
    Ok(state.forget_released(request.now).await?)
}

fn note(operation: &Operation) -> HeldNote {
    let Operation { kind, id, send, .. } = operation;
    HeldNote { hash: hash(operation, send), kind: *kind, id: id.to_string(), change: held_change(operation) }
}

/// One line for all: no object has its id.
fn all(held: &Held, counts: [u64; 2]) -> HeldNote {
    let counts = counts.map(Value::from);
    let fields = ["categories", "products"].into_iter().zip(&counts).map(|(name, count)| (name, None, Some(count)));
    let mut hash = ApprovedHash::default();
    hash.iter_mut().zip(held.digest.bytes()).for_each(|(to, from)| *to = from);
    let change = Change::new(ChangeKind::Held, Why::Feed, fields);
    HeldNote { hash, kind: Kind::Product, id: String::new(), change }
}
