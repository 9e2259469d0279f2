//! `/`: how the shop stands, and what is to be done.

use std::collections::BTreeMap;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::actions::{approve_form, done, forms};
use super::answer::html as answer;
use super::asked::asked;
use super::blocks::{block, figures, section};
use super::frame::Frame;
use super::passes::strip;
use super::text::shown;
use super::times::away;
use super::words::unread;
use crate::pass::Standing;
use crate::report::PrintError;
use crate::state::Reader;
use crate::status::{Status, no_state};
use crate::systems::{HeldBack, Look};
use crate::text::count;
use crate::view::{Block, Cell, Column, Figure, Rank, Section, Shown, Table, Tone};
use crate::web::private::Monitor;

/// Passes of a job that are looked at.
const PASSES: u32 = 9_000;
/// Objects that are not as wanted, of those that there are.
const FAILED: u64 = 10;

/// The page.
pub(super) async fn home(State(monitor): State<Monitor>, RawQuery(query): RawQuery) -> Response {
    let asked = asked(query.unwrap_or_default().as_bytes());
    let page = monitor.blocking(move |monitor| page(monitor, &asked)).await;
    match page {
        Some(Ok(page)) => answer(StatusCode::OK, page),
        Some(Err(error)) => unread(&monitor, &error.to_string()),
        None => unread(&monitor, "It is told in the log."),
    }
}

fn page(monitor: &Monitor, asked: &BTreeMap<String, String>) -> Result<Markup, PrintError> {
    let config = monitor.config();
    let reader = Reader::open(&config.state.path)?;
    let looks = monitor.looks(&config);
    let frame = Frame::of(monitor, &config, &looks);
    let status = Status::read_in(&reader, &looks, config.caller(), PASSES)?;
    let headline = status.headline()?;
    let (word, tone) = word(headline.state);
    let is_paused = status.pause().is_some();
    let held = looks.iter().map(|look| look.held_back(&reader)).collect::<Result<Vec<_>, _>>()?;
    let has_word = held.iter().flatten().any(|held| held.is_approved);
    let main = html! {
        @if let Some(words) = asked.get("done").and_then(|act| done(act, is_paused, has_word)) {
            p.done role="status" { (words) }
        }
        div.headline.(tone) {
            p.state { span.(tone) { (word) } }
            h1 { (shown(&headline.text)) }
            @if let Some(pause) = status.beside(&headline) { p { (shown(&pause)) } }
            (lead(&status))
            @if frame.can_act { (forms(&monitor.0.key, is_paused)) }
        }
        @if let Some(absence) = no_state(&reader) {
            section aria-label="State" { p { (shown(&absence)) } }
        } @else {
            (all(monitor, &frame, (&reader, &looks), &status)?)
        }
    };
    Ok(frame.page(word, ("/", true), main))
}

/// What there is when there is a state.
fn all(
    monitor: &Monitor,
    frame: &Frame,
    (reader, looks): (&Reader, &[Box<dyn Look>]),
    status: &Status<'_>,
) -> Result<Markup, PrintError> {
    let held = looks.iter().map(|look| look.held_back(reader)).filter_map(Result::transpose);
    let held: Vec<HeldBack> = held.collect::<Result<_, _>>()?;
    let shown = looks.iter().map(|look| look.shown(reader)).collect::<Result<Vec<Shown>, _>>()?;
    let (mut numbers, mut sections) = (Vec::new(), Vec::new());
    for Shown { figures, sections: more } in shown {
        numbers.extend(figures);
        sections.extend(more);
    }
    let objects = held.iter().map(|held| held.objects).sum();
    numbers.push(Figure::new(objects, "held").to_mend().leads("#held"));
    numbers.push(Figure::new(status.failed(), "refused or failed").to_mend().leads("#failed"));
    sections.insert(0, failed(status, &frame.program)?);
    let now = frame.now;
    let of = |rank: Rank| sections.iter().filter(move |section| section.rank == rank);
    let is_held = !held.is_empty();
    Ok(html! {
        (strips(status))
        (figures(&numbers))
        @if is_held { (held_section(monitor, frame, &held)) }
        @for one in of(Rank::ToMend).chain(of(Rank::Done)) { (section(one, now)) }
        div.two {
            @if !is_held { (held_section(monitor, frame, &held)) }
            @for one in of(Rank::Aside) { (section(one, now)) }
        }
    })
}

/// When each job went well last, and when it is due.
fn lead(status: &Status<'_>) -> Markup {
    let now = status.now();
    html! {
        ul.lead {
            @for part in status.parts().iter().filter(|part| !part.passes().is_empty()) {
                li {
                    (part.label()) ": "
                    @match part.last_good() {
                        Some(at) => { "last good pass " (away(at, now)) },
                        None => { b { "no good pass" } " among the last " (part.passes().len()) },
                    }
                    @if let Some(due) = part.due() { ", next " (away(due, now)) }
                }
            }
        }
    }
}

fn strips(status: &Status<'_>) -> Markup {
    let drawn = status
        .parts()
        .iter()
        .filter_map(|part| strip(part.label(), part.passes(), status.now(), &|pass| part.pass_line(pass)));
    let drawn: Vec<Markup> = drawn.collect();
    html! {
        section id="passes" aria-labelledby="passes-title" {
            div.head { h2 id="passes-title" { "Passes of the last 24 hours" } }
            @if drawn.is_empty() { p { "There was no pass in the last 24 hours." } }
            @for one in &drawn { (one) }
        }
    }
}

fn held_section(monitor: &Monitor, frame: &Frame, held: &[HeldBack]) -> Markup {
    html! {
        section id="held" aria-labelledby="held-title" {
            div.head { h2 id="held-title" { "Held by the guard" } }
            @if held.is_empty() { p { "Nothing is held." } }
            @for one in held {
                div.held {
                    @for part in &one.blocks { (block(part, frame.now)) }
                    @if one.is_approved {
                        p { "Approved: the next pass lets exactly this through." }
                    } @else {
                        p { "It stays as it is until somebody approves it: "
                            code { (frame.program) " approve " (one.digest) } }
                        @if frame.can_act { (approve_form(&monitor.0.key, &one.digest)) }
                    }
                }
            }
        }
    }
}

/// What is refused, or failed and is tried again.
fn failed(status: &Status<'_>, program: &str) -> Result<Section, PrintError> {
    let all = status.failed();
    // What is well needs no place among what isn't.
    let rank = if all > 0 { Rank::ToMend } else { Rank::Aside };
    let section = Section::new("failed", "Refused or failed", rank);
    if all == 0 {
        return Ok(section.saying("Nothing is refused, and nothing has failed."));
    }
    let columns = ["what", "id", "why", "since"].map(Column::text);
    let mut table = Table::new("Objects that are not as wanted", &columns);
    status.each_failed(FAILED, |object| {
        let what = if object.refused { ("refused", Tone::Bad) } else { ("failed, tried again", Tone::Warn) };
        let id =
            if object.kind == "product" { Cell::Product(object.id.clone()) } else { Cell::Code(object.id.clone()) };
        let store = object.store.as_ref().map(|store| Cell::Aside(format!("in store {store}")));
        table.row(vec![
            Cell::Lines(vec![Cell::Text(object.kind.to_owned()), Cell::Word(what.0.to_owned(), what.1)]),
            Cell::Lines([id].into_iter().chain(store).collect()),
            Cell::Text(object.reason.clone()),
            object.since.map_or(Cell::Nothing, Cell::Time),
        ]);
        Ok(())
    })?;
    let section = section.with(Block::Table(table));
    let told = format!("{} in all: {program} status --format json", count(all, "object", "objects"));
    Ok(if all > FAILED { section.saying(told) } else { section })
}

/// A headline in a word.
fn word(state: Standing) -> (&'static str, &'static str) {
    match state {
        Standing::Equal => ("In step", "good"),
        Standing::Rows => ("Something to mend", "warn"),
        Standing::None => ("No pass yet", "plain"),
        Standing::Paused => ("Paused", "warn"),
        Standing::Held => ("Held", "warn"),
        Standing::Behind => ("Behind", "bad"),
        Standing::Stopped => ("Stopped", "bad"),
    }
}
