//! Sections, tables and cells as HTML.

use jiff::Timestamp;
use maud::{Markup, html};

use super::asked::address;
use super::charts::{bars, grid};
use super::text::{shown, web};
use super::times::time;
use super::tone::tone;
use crate::text::number;
use crate::view::{Block, Cell, Column, Figure, Row, Section, Table};

/// A section with its heading.
pub(super) fn section(section: &Section, now: Timestamp) -> Markup {
    let heading = format!("{}-title", section.id);
    html! {
        section id=(section.id) aria-labelledby=(heading) {
            div.head {
                h2 id=(heading) { (section.title) }
                @if let Some(note) = &section.note { p.note { (shown(note)) } }
                @if !section.links.is_empty() {
                    p.links { @for link in &section.links { a href=(link.to) { (link.text)
                        span.hear { ", " (section.title) } } " " } }
                }
            }
            @for part in &section.blocks { (block(part, now)) }
        }
    }
}

/// A part of a section.
pub(super) fn block(block: &Block, now: Timestamp) -> Markup {
    match block {
        Block::Words(words) => html! { p { (shown(words)) } },
        Block::Table(rows) => table(rows, now),
        Block::Pairs(pairs) => html! {
            dl { @for (name, value) in pairs { dt { (shown(name)) } dd { (cell(value, now)) } } }
        },
        Block::Bars(drawn) => bars(drawn),
        Block::Grid(drawn) => grid(drawn),
    }
}

/// A table. Its roles are spelled out, since a narrow screen has its rows as blocks, and some browsers then forget them.
pub(super) fn table(table: &Table, now: Timestamp) -> Markup {
    html! {
        table role="table" {
            caption.hear { (table.caption) }
            thead role="rowgroup" { tr role="row" {
                @for column in &table.columns { th scope="col" role="columnheader" class=[class(column)] { (column.name) } }
            } }
            tbody role="rowgroup" { @for one in &table.rows { (row(one, &table.columns, now)) } }
        }
    }
}

fn row(row: &Row, columns: &[Column], now: Timestamp) -> Markup {
    html! {
        tr role="row" class=[row.is_marked.then_some("marked")] {
            @for (column, value) in columns.iter().zip(&row.cells) {
                td role="cell" data-name=(column.name) class=[class(column)] { div { (cell(value, now)) } }
            }
        }
    }
}

fn class(column: &Column) -> Option<&'static str> {
    column.is_number.then_some("number")
}

fn cell(cell_: &Cell, now: Timestamp) -> Markup {
    match cell_ {
        Cell::Nothing => html! { span.aside { "–" } },
        Cell::Text(text) => html! { (shown(text)) },
        Cell::Aside(text) => html! { span.aside { (shown(text)) } },
        Cell::Code(text) => html! { code { (shown(text)) } },
        Cell::Number(value) => html! { (number(*value)) },
        Cell::Time(at) => time(*at, now),
        Cell::Product(id) => html! { a href=(address("/product", [("id", id.as_str())])) { code { (shown(id)) } } },
        Cell::Web(text) => match web(text) {
            Some((to, text)) => html! { a href=(to) rel="noopener noreferrer" { (text) } },
            None => html! { code { (shown(text)) } },
        },
        Cell::Word(text, meant) => html! { span class=(format!("word {}", tone(*meant))) { (shown(text)) } },
        Cell::Change { name, old, new, by } => change(name, (old, new), by.as_deref()),
        Cell::Lines(lines) => html! { @for line in lines { div { (cell(line, now)) } } },
    }
}

fn change(name: &str, (old, new): (&str, &str), by: Option<&str>) -> Markup {
    html! {
        span.aside { (shown(name)) } " "
        @if !old.is_empty() { (shown(old)) }
        @if !old.is_empty() || new.is_empty() { " " span aria-hidden="true" { "→" } span.hear { " becomes " } " " }
        @if new.is_empty() { span.aside { "nothing" } } @else { (shown(new)) }
        @if let Some(by) = by { " " span.by { (by) } }
    }
}

/// Numbers that are told first.
pub(super) fn figures(figures: &[Figure]) -> Markup {
    let inner = |figure: &Figure| {
        html! { b { (number(figure.value)) } span { (figure.name) } }
    };
    html! {
        ul.figures aria-label="Numbers" {
            @for figure in figures {
                li class=(tone(figure.tone)) {
                    @match &figure.to {
                        Some(to) => a href=(to) { (inner(figure)) },
                        None => div { (inner(figure)) },
                    }
                }
            }
        }
    }
}
