//! What hooks are told of orders.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::findings::Findings;
use super::report::Shower;
use super::store::{HeldOrder, Incoming, ReadOrders as _};
use super::tools::Tools;
use crate::outbox::{EventKind, NewEvent};
use crate::state::{self, Reader, StateError};

/// Whether orders that are new to us are news: not at the first read, unless the settings want it, nor when the state
/// may have known them once.
pub(super) fn announces(tools: &Tools<'_>, findings: &Findings) -> bool {
    let is_old = findings.is_first && !tools.settings.announce_old;
    !is_old && !findings.is_doubted && is_wanted(tools, EventKind::OrderNew)
}

fn is_wanted(tools: &Tools<'_>, kind: EventKind) -> bool {
    tools.subscribers.iter().any(|hook| hook.events.contains(&kind))
}

/// What is told of an order if it is new; `None` = it is not.
pub(super) fn new_event(
    tools: &Tools<'_>,
    reader: &Reader,
    incoming: &Incoming,
) -> Result<Option<NewEvent>, StateError> {
    let Incoming { order, known, personal, .. } = incoming;
    if reader.holds_order(order.id)? {
        return Ok(None);
    }
    let held = HeldOrder {
        order: order.clone(),
        known: known.clone(),
        first_seen: tools.started,
        gone: None,
        personal: personal.clone(),
    };
    event(tools, reader, EventKind::OrderNew, held).map(Some)
}

/// What is told of orders that are gone from now on. What is personal of them is erased in the same moment.
pub(super) fn gone_events(tools: &Tools<'_>, ids: &[i64]) -> Result<Vec<NewEvent>, StateError> {
    if ids.is_empty() || !is_wanted(tools, EventKind::OrderGone) {
        return Ok(Vec::new());
    }
    let reader = Reader::open(tools.state.path())?;
    let mut all = Vec::new();
    for id in ids {
        let held = reader.orders_called(&id.to_string(), false)?.into_iter();
        all.extend(held.map(|held| HeldOrder { gone: Some(tools.started), ..held }));
    }
    all.sort_by_key(|held| (held.order.date.unwrap_or(held.first_seen), held.order.id));
    all.into_iter().map(|held| event(tools, &reader, EventKind::OrderGone, held)).collect()
}

fn event(tools: &Tools<'_>, reader: &Reader, kind: EventKind, held: HeldOrder) -> Result<NewEvent, StateError> {
    let shower = Shower { reader, products: tools.products, currency: tools.settings.currency };
    let sold = held.order.date.unwrap_or(held.first_seen);
    let has_personal = held.personal.is_some();
    let shown = shower.shown(held)?;
    let whole = reader.read(|_| state::value(&shown))?;
    let mut data = whole.clone();
    data["personal"] = Value::Null;
    let days = SignedDuration::from_hours(24 * i64::from(tools.settings.personal_days));
    let until = sold.checked_add(days).unwrap_or(Timestamp::MAX).as_millisecond();
    let is_kept = tools.settings.personal_days > 0;
    let may_be_kept = has_personal && is_kept && until > Timestamp::now().as_millisecond();
    Ok(NewEvent { kind, at: tools.started, data, personal: may_be_kept.then_some((whole, until)) })
}
