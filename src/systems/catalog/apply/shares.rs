//! Products that others overtake get their share of the requests all the same.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::{Operations, Stop};
use crate::systems::catalog::plan::operation::Operation;

/// Of so many products one is of the less urgent.
const SHARES: u32 = 10;

type Streams<'a> = (Operations<'a>, Operations<'a>, u32);

/// Both, each in its order: nine of the urgent, then one of the rest.
pub(super) fn in_shares<'a>(urgent: Operations<'a>, rest: Operations<'a>) -> Operations<'a> {
    stream::try_unfold((urgent, rest, 1), next).boxed()
}

async fn next((mut urgent, mut rest, nth): Streams<'_>) -> Result<Option<(Operation, Streams<'_>)>, Stop> {
    let (first, second) = if nth.is_multiple_of(SHARES) { (&mut rest, &mut urgent) } else { (&mut urgent, &mut rest) };
    let operation = match first.try_next().await? {
        Some(operation) => Some(operation),
        None => second.try_next().await?,
    };
    Ok(operation.map(|operation| (operation, (urgent, rest, nth + 1))))
}
