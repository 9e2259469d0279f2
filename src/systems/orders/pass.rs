//! The steps of a pass in their order: erase, read page by page, and judge what is missing.

use std::collections::{BTreeSet, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::JOB;
use super::announce::{announces, gone_events, new_event};
use super::erase::finish_erasing;
use super::error::OrdersError;
use super::findings::Findings;
use super::guard::{Held, judge};
use super::persons::{emails, kept, unreadable_parts};
use super::store::{ErasePersonal as _, Erased, Incoming, Page, Vanished, WriteOrders as _, WritePages as _};
use super::store::{HeldOrder, Known, PagePut, ReadOrders as _};
use super::tools::Tools;
use super::walk::{Agreement, Walk};
use crate::approval::{take_word, word};
use crate::clock::Moment;
use crate::order::{Contacts, Listed, ListedOrder, Order};
use crate::pass::PassKind;
use crate::remote::CallError;
use crate::remote::nicechat::{OrdersPage, OrdersReader};
use crate::state;

/// So many pages in a row may have nothing that the pass hasn't met: as many come before them while it reads.
const MOST_STALE: u32 = 10;
/// What is personal may stay for an hour after its time, and a pass may take longer.
const ERASED_EVERY: SignedDuration = SignedDuration::from_mins(30);

/// Erases what may not be kept any more, unless the pass did so a moment ago.
pub(super) async fn erase(tools: &Tools<'_>, findings: &mut Findings) -> Result<(), OrdersError> {
    let Moment { wall, up } = Moment::now();
    if findings.erased_at.is_some_and(|at| up.saturating_sub(at) < ERASED_EVERY) {
        return Ok(());
    }
    let Erased { orders, old } = tools.state.erase_personal(tools.rules(), wall).await?;
    findings.erased.orders += orders;
    findings.erased.old += old;
    finish_erasing(tools.state).await?;
    findings.erased_at = Some(up);
    Ok(())
}

/// Makes the steps of a pass that need NiceChat. What they find out is in `findings` even when one fails.
pub(super) async fn run_steps(
    tools: &Tools<'_>,
    nicechat: &OrdersReader,
    findings: &mut Findings,
) -> Result<(), OrdersError> {
    let reader = tools.read()?;
    findings.is_first = !reader.has_read_orders()?;
    findings.is_doubted = reader.are_orders_doubted()?;
    // What is held may be there again, which only the whole listing tells.
    let wants_whole = tools.ask.kind == PassKind::Resync
        || findings.is_first
        || findings.is_doubted
        || reader.must_read_whole()?
        || reader.held_orders()?.is_some();
    let told = reader.told_names()?;
    drop(reader);
    let walk = read_pages(tools, nicechat, wants_whole, told, findings).await?;
    settle(tools, nicechat, walk, findings).await?;
    finish_erasing(tools.state).await?;
    findings.was_read = true;
    Ok(())
}

/// Reads the listing, each page written before the next is asked for: to its end, or as far as it takes to hold as
/// many as it counts.
async fn read_pages(
    tools: &Tools<'_>,
    nicechat: &OrdersReader,
    wants_whole: bool,
    mut told: BTreeSet<String>,
    findings: &mut Findings,
) -> Result<Walk, OrdersError> {
    let mut walk = Walk::default();
    let (mut visited, mut stale) = (HashSet::new(), 0);
    let mut address = nicechat.first_page()?;
    loop {
        erase(tools, findings).await?;
        if !visited.insert(address.clone()) {
            return Err(OrdersError::Circle);
        }
        let page = match nicechat.page(&address).await {
            // One may go while others are read: not each time.
            Err(CallError::Missing) if tools.read()?.must_read_whole()? => return Err(OrdersError::Gap),
            Err(CallError::Missing) => {
                walk.has_lost_page = true;
                return Ok(walk);
            }
            page => page?,
        };
        let (count, next) = (page.count, page.next.clone());
        let (fresh, put) = take(tools, page, &mut walk, (&mut told, &mut *findings)).await?;
        stale = if fresh == 0 { stale + 1 } else { 0 };
        findings.met = walk.met();
        findings.counts = Some(put.counts);
        match next {
            None => {
                walk.is_whole = true;
                return Ok(walk);
            }
            Some(_) if !wants_whole && count == Some(put.counts.all()) => return Ok(walk),
            // Each page another address, and the same orders.
            Some(_) if stale > MOST_STALE => return Err(OrdersError::Circle),
            Some(next) => address = next,
        }
    }
}

/// Writes a page. Gives how many of its entries the pass had not met before.
async fn take(
    tools: &Tools<'_>,
    page: OrdersPage,
    walk: &mut Walk,
    (told, findings): (&mut BTreeSet<String>, &mut Findings),
) -> Result<(usize, PagePut), OrdersError> {
    let (mut orders, mut ids, mut odd) = (Vec::new(), Vec::new(), Vec::new());
    let mut unreadable = Vec::new();
    let reader = tools.read()?;
    for listed in page.listed {
        match listed {
            Listed::Odd(entry) => {
                let hash = tools.state.hasher().digest(entry.said.as_bytes()).to_be_bytes();
                odd.push((hash, entry.why));
            }
            Listed::Order(listed) => {
                let ListedOrder { order, contacts, unreadable: fields, unknown } = *listed;
                findings.names.extend(unknown.into_iter().filter(|name| told.insert(name.clone())));
                ids.push(order.id);
                let known = order.lines.iter().map(|line| match &line.id {
                    Some(id) => (tools.products)(&reader, id),
                    None => Ok(Known::default()),
                });
                let known: Vec<Known> = known.collect::<Result<_, _>>()?;
                let mut incoming = incoming(tools, order, known, &contacts, &fields);
                if announces(tools, findings) {
                    incoming.event = new_event(tools, &reader, &incoming)?.map(Box::new);
                }
                unreadable.extend(fields.into_iter().map(|field| (incoming.order.id, field)));
                orders.push(incoming);
            }
        }
    }
    drop(reader);
    let hashes: Vec<[u8; 16]> = odd.iter().map(|(hash, _)| *hash).collect();
    let fresh = walk.take(page.count, &ids, &hashes);
    let times = |hash: &[u8; 16]| walk.aside.get(hash).copied().unwrap_or(1);
    let aside = odd.into_iter().map(|(hash, why)| (hash, why, times(&hash))).collect();
    let rules = tools.rules();
    let (oldest, personal_since) = (rules.oldest, rules.since(Timestamp::now()));
    let (at, subscribers) = (tools.started, tools.subscribers.to_vec());
    let put = tools.state.put_orders(Page { orders, aside, at, oldest, personal_since, subscribers }).await?;
    findings.new += put.new.len() as u64;
    findings.changed += put.changed.len() as u64;
    // What is as it was has been told.
    let is_news = |id: &i64| put.new.contains(id) || put.changed.contains(id);
    findings.unreadable.extend(unreadable.into_iter().filter(|(id, _)| is_news(id)));
    Ok((fresh, put))
}

/// `unreadable` = all that can't be read of it.
fn incoming(
    tools: &Tools<'_>,
    order: Order,
    known: Vec<Known>,
    contacts: &Contacts,
    unreadable: &[String],
) -> Incoming {
    let settings = tools.settings;
    let emails = if settings.match_email { emails(contacts, tools.state.hasher()) } else { Vec::new() };
    let (personal, unreadable) = (kept(contacts, settings.keep), unreadable_parts(unreadable));
    Incoming { order, known, personal, unreadable, emails, event: None }
}

/// Judges what the listing doesn't have. Only one that is whole, and whose count agrees, proves that anything is gone.
async fn settle(
    tools: &Tools<'_>,
    nicechat: &OrdersReader,
    mut walk: Walk,
    findings: &mut Findings,
) -> Result<(), OrdersError> {
    findings.is_at_end = walk.is_whole;
    match walk.agreement() {
        Agreement::Part => return Ok(()),
        Agreement::Otherwise(how) => return disagrees(tools, how, findings).await,
        Agreement::Whole => {}
    }
    let held = tools.read()?.listed_ids()?;
    let missing = |walk: &Walk| held.iter().filter(|id| !walk.ids.contains(id)).copied().collect::<Vec<i64>>();
    let approved = word(tools.state.path(), JOB);
    let has_word = |held: &Held| tools.ask.force || approved.as_deref() == Some(&held.digest);
    let verdict = judge(tools.settings, &missing(&walk), held.len() as u64).filter(|held| !has_word(held));
    if verdict.is_none() && walk.pages > 1 && !missing(&walk).is_empty() {
        // While pages are read one order may go and another one come: each page counts as many, and one was on none of
        // them. What two readings lack is gone.
        let mut told = tools.read()?.told_names()?;
        told.extend(findings.names.iter().cloned());
        let again = read_pages(tools, nicechat, true, told, findings).await?;
        if let Agreement::Otherwise(how) = again.agreement() {
            return disagrees(tools, how, findings).await;
        }
        walk.ids.extend(again.ids);
        walk.aside = again.aside;
    }
    let gone = if verdict.is_some() { Vec::new() } else { missing(&walk) };
    findings.held = verdict;
    vanish(tools, gone, walk, findings).await?;
    // Whatever came of it: it isn't kept for the day when the same are missing once more.
    take_word(tools.state.path(), JOB, approved.as_deref());
    findings.counts = Some(tools.read()?.order_counts()?);
    Ok(())
}

/// Writes down that these orders are gone, and what is held.
async fn vanish(tools: &Tools<'_>, orders: Vec<i64>, walk: Walk, findings: &mut Findings) -> Result<(), OrdersError> {
    let reader = tools.read()?;
    let told = findings.held.as_ref().map(|held| held.json(|id| called(&reader, id)));
    let (had_held, must_read) = (reader.held_orders()?, reader.must_read_whole()?);
    drop(reader);
    // Somebody may know it already, of a state that is no more.
    let events = if findings.is_doubted { Vec::new() } else { gone_events(tools, &orders)? };
    findings.gone = orders.len() as u64;
    let listed = walk.ids.into_iter().collect();
    let aside = walk.aside.into_iter().collect();
    let subscribers = tools.subscribers.to_vec();
    tools.state.orders_vanished(Vanished { orders, events, subscribers, listed, aside }, tools.started).await?;
    if told != had_held {
        tools.state.hold_orders(told).await?;
    }
    if must_read {
        tools.state.read_whole_next(false).await?;
    }
    Ok(())
}

/// A listing that is otherwise than it says proves nothing: what was held is held still.
async fn disagrees(tools: &Tools<'_>, how: String, findings: &mut Findings) -> Result<(), OrdersError> {
    findings.disagreement = Some(how);
    findings.held = tools.read()?.held_orders()?.as_ref().and_then(Held::of_json);
    Ok(tools.state.read_whole_next(true).await?)
}

/// What an order is called in the shop.
fn called(reader: &state::Reader, id: i64) -> Option<String> {
    let HeldOrder { order, .. } = reader.orders_called(&id.to_string(), false).ok()?.into_iter().next()?;
    let words = [order.num, order.website].into_iter().flatten().collect::<Vec<_>>().join(" at ");
    Some(words).filter(|words| !words.is_empty())
}
