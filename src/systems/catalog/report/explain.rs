//! One product's way, for people and for programs.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::history::{entry_json, print as print_change};
use super::rejected::rejection_json;
use super::shown::{change_of_shown, next_lines as next_of_shown, print_shown, shown_json};
use crate::catalog::Rejection;
use crate::feed::Row;
use crate::remote::nicechat::product_fields;
use crate::report::PrintError;
use crate::systems::catalog::explain::{Explanation, FeedRow, InFeed, InState, NotRead, Seen};
use crate::systems::catalog::plan::operation::{Action, Operation, Stage};
use crate::systems::catalog::store::{Known, Why};
use crate::text::{difference, one_line, shorten, shorten_to, value, wrap};

/// Characters of a line behind its indent.
const LINE: usize = 75;
/// Changes that people are shown.
const CHANGES: usize = 10;

/// For people, who call the program so for the shop.
///
/// # Errors
/// When it can't be printed.
pub fn explanation_text(explanation: &Explanation, program: &str, out: &mut dyn Write) -> Result<(), PrintError> {
    let Explanation { id, feed, known, shown, is_alone } = explanation;
    let id = one_line(&shorten(id));
    if explanation.is_empty() {
        writeln!(out, "Nothing is known of a product {id}.")?;
        return Ok(print_unread(feed.as_ref().err(), out)?);
    }
    writeln!(out, "Product {id}")?;
    print_feed(feed, known, out)?;
    print_item(feed, known, out)?;
    if !is_alone {
        print_sent(known, program, out)?;
    }
    shown.as_ref().map_or(Ok(()), |shown| print_shown(shown, out))?;
    title("The next pass", out)?;
    Ok(next_lines(explanation, program).iter().try_for_each(|line| write!(out, "{}", wrap(&one_line(line), "  ")))?)
}

/// What NiceChat was sent, and what waits for that.
fn print_sent(known: &InState, program: &str, out: &mut dyn Write) -> Result<(), PrintError> {
    print_acknowledged(known.object.as_ref(), out)?;
    title("Changes, the latest first", out)?;
    if known.changes.is_empty() && known.first_load.is_none() {
        writeln!(out, "  None is remembered.")?;
    }
    known.changes.iter().take(CHANGES).try_for_each(|entry| print_change(entry, out))?;
    if known.changes.len() > CHANGES {
        writeln!(out, "  … `{program} history` has more")?;
    }
    known.first_load.map_or(Ok(()), |at| writeln!(out, "{at:.0}  created   with all others  (first load)"))?;
    Ok(print_waiting(known, out)?)
}

fn title(text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{text}")
}

fn pair(name: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  {}", shorten_to(&one_line(&format!("{name}: {text}")), LINE))
}

fn print_unread(unread: Option<&NotRead>, out: &mut dyn Write) -> io::Result<()> {
    unread.map_or(Ok(()), |unread| write!(out, "{}", wrap(&one_line(&unread_words(unread)), "  ")))
}

pub(super) fn unread_words(unread: &NotRead) -> String {
    match unread {
        NotRead::NoFeed => "The settings name no feed.".to_owned(),
        NotRead::NotAsked(location) => format!("Not read: {location} was not asked."),
        NotRead::Failed(error) => format!("Not read: {error}"),
    }
}

fn print_feed(feed: &Result<InFeed, NotRead>, known: &InState, out: &mut dyn Write) -> io::Result<()> {
    title("In the feed", out)?;
    let feed = match feed {
        Ok(feed) => feed,
        Err(unread) => {
            print_unread(Some(unread), out)?;
            let lines = known.rejected.iter().map(|rejection| rejection.line.to_string()).collect::<Vec<_>>();
            if !lines.is_empty() {
                writeln!(out, "  The last pass had it on line {}.", lines.join(", "))?;
            }
            return Ok(());
        }
    };
    write!(out, "{}", wrap(&one_line(&feed.location), "  "))?;
    match feed.is_same {
        Some(true) => writeln!(out, "  It is the feed of the last pass.")?,
        Some(false) => writeln!(out, "  It has changed since the last pass.")?,
        None => {}
    }
    if feed.rows.is_empty() {
        writeln!(out, "  It has no row of this id.")?;
    }
    for FeedRow { line, cells, .. } in &feed.rows {
        writeln!(out, "  Line {line}:")?;
        for (name, cell) in cells {
            writeln!(out, "    {}", shorten_to(&one_line(&format!("{name}: {}", value(&json!(cell)))), LINE - 2))?;
        }
    }
    Ok(())
}

fn print_item(feed: &Result<InFeed, NotRead>, known: &InState, out: &mut dyn Write) -> io::Result<()> {
    title("What is made of it", out)?;
    let Ok(feed) = feed else {
        if known.rejected.is_empty() {
            return writeln!(out, "  Nothing is known.");
        }
        return known.rejected.iter().try_for_each(|rejection| print_rejection(rejection, out));
    };
    if feed.rows.is_empty() {
        return writeln!(out, "  Nothing.");
    }
    for FeedRow { seen, .. } in &feed.rows {
        match seen {
            Seen::Rejected(rejection) => print_rejection(rejection, out)?,
            Seen::Excluded { rule, fits, .. } => {
                write!(out, "{}", wrap(&one_line(&format!("Rule {rule} ({fits}) leaves it out.")), "  "))?;
            }
            Seen::Item(offer) => {
                let fields = product_fields(&offer.item);
                fields
                    .iter()
                    .filter(|(_, new)| !new.is_null())
                    .try_for_each(|(name, new)| pair(name, &value(new), out))?;
            }
        }
    }
    Ok(())
}

fn print_rejection(rejection: &Rejection, out: &mut dyn Write) -> io::Result<()> {
    let Rejection { line, field, reason, .. } = rejection;
    write!(out, "{}", wrap(&one_line(&format!("Line {line} is rejected: {field}: {reason}")), "  "))?;
    write!(out, "{}", wrap(&one_line(&rejection.advice()), "  > "))
}

fn print_acknowledged(object: Option<&Known>, out: &mut dyn Write) -> io::Result<()> {
    title("At NiceChat, as it acknowledged", out)?;
    let Some(Known { acked, answered, .. }) = object else {
        return writeln!(out, "  Nothing of ours.");
    };
    for (name, ours) in acked.iter().filter(|(_, ours)| !ours.is_null()) {
        pair(name, &value(ours), out)?;
        // Whole: by this somebody finds it at NiceChat.
        let theirs = answered.get(name).filter(|theirs| *theirs != ours);
        let told = theirs.map(|theirs| one_line(&format!("NiceChat writes {name}: {}", value(theirs))));
        told.map_or(Ok(()), |told| write!(out, "{}", wrap(&told, "    ")))?;
    }
    Ok(())
}

fn print_waiting(known: &InState, out: &mut dyn Write) -> io::Result<()> {
    title("Waiting", out)?;
    let lines = waiting(known);
    if lines.is_empty() {
        return writeln!(out, "  Nothing.");
    }
    lines.iter().try_for_each(|line| write!(out, "{}", wrap(&one_line(line), "  ")))
}

pub(super) fn waiting(known: &InState) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(failed) = &known.failed {
        let since = failed.since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
        lines.push(match failed.refused {
            true => format!("Refused by NiceChat{since}, until it changes or a resync: {}", failed.reason),
            false => format!("Not done by the last pass, and to be tried again: {}", failed.reason),
        });
    } else if known.in_doubt.is_some() {
        lines.push("A request about it was cut off: the next pass makes it again.".to_owned());
    }
    lines.extend(known.held_since.map(|since| format!("Held by the guard since {since:.0}.")));
    lines
}

/// What the next pass does with it, in sentences.
pub(super) fn next_lines(explanation: &Explanation, program: &str) -> Vec<String> {
    let Explanation { feed, known, shown, is_alone, .. } = explanation;
    let Ok(feed) = feed else { return vec!["Not known without the feed.".to_owned()] };
    match shown.as_ref().and_then(|shown| Some((shown, shown.next.as_ref()?))) {
        None => next_at_nicechat(feed, known, program),
        Some((shown, next)) if *is_alone => next_of_shown(feed, shown, next, program),
        Some((shown, next)) => {
            let mut lines = next_at_nicechat(feed, known, program);
            let beside = change_of_shown(shown, next).into_iter().enumerate();
            lines.extend(beside.map(|(at, line)| if at == 0 { format!("Oct8ne: {line}") } else { line }));
            lines
        }
    }
}

fn next_at_nicechat(feed: &InFeed, known: &InState, program: &str) -> Vec<String> {
    let mut lines: Vec<String> = feed
        .operations
        .iter()
        .flat_map(|(stage, operation)| does(*stage, operation, (feed.held.as_deref(), program)))
        .collect();
    if lines.is_empty() {
        let is_rejected = feed.rows.first().is_some_and(|row| matches!(row.seen, Seen::Rejected(_)));
        let is_left_out = feed.rows.first().is_some_and(|row| matches!(row.seen, Seen::Excluded { .. }));
        let is_refused = known.failed.as_ref().is_some_and(|failed| failed.refused);
        lines.push(match (&known.object, feed.rows.is_empty()) {
            _ if is_refused => "Nothing: NiceChat refuses it as it is.".to_owned(),
            (Some(_), _) if is_rejected => "Nothing: a rejected row leaves the product as it is.".to_owned(),
            _ if is_rejected => "Nothing: its row is rejected.".to_owned(),
            (Some(_), _) if let Some((since, due)) = feed.missing => {
                format!("Nothing: the feed lacks it since {since:.0}, and it is deleted {}.", due.words())
            }
            (Some(_), is_gone) if is_gone || is_left_out => {
                let because = feed.proves_nothing.map(|because| format!(": {because}")).unwrap_or_default();
                let although = if is_gone { "the feed has it no more" } else { "a rule leaves it out" };
                format!("Nothing: it stays, although {although}{because}.")
            }
            (None, true) => "Nothing: the feed doesn't have it, and NiceChat nothing of ours.".to_owned(),
            (Some(_), _) => "Nothing: NiceChat has what the feed says.".to_owned(),
            (None, false) => "Nothing: it is left out.".to_owned(),
        });
    }
    if feed.is_listing_due {
        lines.push("It reads NiceChat's listing first, which may have more to say.".to_owned());
    }
    lines
}

fn does(stage: Stage, operation: &Operation, (digest, program): (Option<&str>, &str)) -> Vec<String> {
    let mut lines = vec![match (stage, operation.action, digest) {
        (Stage::Held, _, Some(digest)) => {
            let what = if operation.action.is_removal() { "its deletion" } else { "this" };
            format!("The guard holds {what} until somebody approves it: {program} approve {digest}")
        }
        (Stage::Held, ..) => "The guard holds this.".to_owned(),
        (_, Action::Create, _) => "Creates it.".to_owned(),
        (_, Action::Update | Action::Disable, _) => "Changes it:".to_owned(),
        (_, Action::Delete, _) if operation.why == Why::Rule => "Deletes it: a rule leaves it out.".to_owned(),
        (_, Action::Delete, _) => "Deletes it: the feed has it no more.".to_owned(),
        (_, Action::RecordOnly, _) => "Sends nothing: NiceChat has it as the feed says.".to_owned(),
    }];
    if operation.action == Action::Update {
        lines.extend(operation.changes().map(|(name, old, new)| {
            let (old, new) = old.map_or_else(|| ("unknown".to_owned(), value(new)), |old| difference(old, new));
            format!("{name}: {old} → {new}")
        }));
    }
    lines
}

/// For programs.
pub fn explanation_json(explanation: &Explanation, program: &str) -> Value {
    let Explanation { id, feed, known, shown, .. } = explanation;
    let object = known.object.as_ref();
    let read = feed.as_ref().ok();
    let next = read.map(|feed| {
        let operations = feed.operations.iter();
        let operations: Vec<Value> = operations.map(|(stage, operation)| operation_json(*stage, operation)).collect();
        json!({"operations": operations, "digest": feed.held, "reads_listing": feed.is_listing_due,
               "words": next_lines(explanation, program)})
    });
    json!({
        "id": id,
        "feed": read.map(feed_json),
        "feed_not_read": feed.as_ref().err().map(unread_words),
        "rejected": known.rejected.iter().map(rejection_json).collect::<Vec<_>>(),
        "acknowledged": object.map(|object| &object.acked),
        "answered": object.map(|object| &object.answered),
        "first_load": known.first_load,
        "history": known.changes.iter().map(entry_json).collect::<Vec<_>>(),
        "refused": known.failed.as_ref().filter(|failed| failed.refused).map(|failed| json!({"reason": failed.reason, "since": failed.since})),
        "pending": known.failed.as_ref().filter(|failed| !failed.refused).map(|failed| json!({"reason": failed.reason})),
        "in_doubt": known.in_doubt.is_some(),
        "held_since": known.held_since,
        "missing_since": read.and_then(|feed| feed.missing).map(|(since, _)| since),
        "shown": shown.as_ref().map(shown_json),
        "next": next,
    })
}

fn operation_json(stage: Stage, operation: &Operation) -> Value {
    let changes = operation.changes().map(|(name, old, new)| (name.to_owned(), json!({"old": old, "new": new})));
    let fields: Map<String, Value> = changes.collect();
    json!({"op": operation.to_json()["op"], "held": stage == Stage::Held, "fields": fields})
}

fn feed_json(feed: &InFeed) -> Value {
    let rows = feed.rows.iter().map(|FeedRow { line, cells, seen }| {
        let cells: Vec<Value> = cells.iter().map(|(name, cell)| json!({"name": name, "value": cell})).collect();
        let mut row = json!({"line": line, "cells": cells, "item": null, "rejected": null, "excluded": null});
        match seen {
            Seen::Item(offer) => row["item"] = json!(product_fields(&offer.item)),
            Seen::Excluded { row: excluded, rule, fits } => {
                match &**excluded {
                    Row::Offer(offer) => row["item"] = json!(product_fields(&offer.item)),
                    Row::Rejected(rejection) => row["rejected"] = rejection_json(rejection),
                }
                row["excluded"] = json!({"rule": rule, "fits": fits});
            }
            Seen::Rejected(rejection) => row["rejected"] = rejection_json(rejection),
        }
        row
    });
    let rows: Vec<Value> = rows.collect();
    json!({"location": feed.location, "is_last": feed.is_same, "rows": rows})
}
