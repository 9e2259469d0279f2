//! The catalog's tables with pages of their own.

use std::io::Write;

use jiff::Timestamp;

use super::changes::changes_table;
use super::history::{history_csv, history_json};
use super::rejected::{rejected_csv, rejected_json};
use crate::catalog::{Cell as FeedCell, Rejection};
use crate::remote::nicechat::FIELDS;
use crate::state::Reader;
use crate::systems::catalog::store::{ChangeKind, HistoryFilter, ReadHistory as _, ReadTroubles as _};
use crate::systems::listing::{
    Asked, Filter, Form, Listed, Listing, ListingError, choice_of, last_of_page, moment_of, place_of,
};
use crate::view::{Cell, Column, Table, short};

const COLUMNS: [Column; 6] = [
    Column::number("line"),
    Column::text("id"),
    Column::text("product"),
    Column::text("column"),
    Column::text("holds"),
    Column::text("what to do"),
];

/// What was changed.
pub(super) struct HistoryListing;

impl Listing for HistoryListing {
    fn path(&self) -> &'static str {
        "/history"
    }

    fn title(&self) -> &'static str {
        "History"
    }

    fn about(&self) -> &'static str {
        "Every change that NiceChat acknowledged, and what the guard held back (held: not sent), the latest first."
    }

    fn filters(&self) -> Vec<Filter> {
        let [since, until] = Filter::times();
        vec![
            Filter::words("id", "Product or category id", "as the feed writes it"),
            since,
            until,
            Filter::one_of("kind", "Change", ChangeKind::ALL.map(ChangeKind::name)),
            Filter::one_of("field", "Field", FIELDS),
        ]
    }

    fn page(&self, reader: &Reader, asked: &Asked, from: Option<&str>, most: usize) -> Result<Listed, ListingError> {
        let filter = filter(asked)?;
        let page = reader.changes_page(&filter, place_of(from)?, most)?;
        let told = match (page.entries.is_empty(), page.is_cut, page.entries.last()) {
            (true, true, _) => Some("Nothing that fits among the changes looked at so far; there are earlier ones."),
            (true, false, _) if filter == HistoryFilter::default() && from.is_none() => Some("No change is known yet."),
            (true, false, _) => Some("No change is known that fits."),
            _ => None,
        };
        let told = told.map(str::to_owned).or_else(|| {
            let last = page.entries.last().filter(|_| page.is_cut)?;
            Some(format!("Looked as far as {}; there are earlier changes.", short(last.at)))
        });
        let table = changes_table("Changes, the latest first", &page.entries, reader)?;
        Ok(Listed { table, next: page.next.map(|next| next.to_string()), told })
    }

    fn write(&self, reader: &Reader, asked: &Asked, form: Form, out: &mut dyn Write) -> Result<(), ListingError> {
        let filter = filter(asked)?;
        match form {
            Form::Json => history_json(reader, &filter, out)?,
            Form::Csv => history_csv(reader, &filter, out)?,
        }
        Ok(())
    }
}

fn filter(asked: &Asked) -> Result<HistoryFilter, ListingError> {
    let now = Timestamp::now();
    let field = choice_of(asked, "field", FIELDS.map(|field| (field, field)))?;
    Ok(HistoryFilter {
        id: asked.get("id").cloned(),
        since: moment_of(asked, "since", now)?.map(|moment| moment.begin),
        until: moment_of(asked, "until", now)?.map(|moment| moment.end),
        change: choice_of(asked, "kind", ChangeKind::ALL.map(|kind| (kind.name(), kind)))?,
        field: field.map(str::to_owned),
        is_done: false,
    })
}

/// The rows of the feed that the shop has to mend.
pub(super) struct RejectedListing;

impl Listing for RejectedListing {
    fn path(&self) -> &'static str {
        "/rejected"
    }

    fn title(&self) -> &'static str {
        "Rows to mend"
    }

    fn about(&self) -> &'static str {
        "Rows of the last feed that were not taken, and what to do about each in the shop."
    }

    fn filters(&self) -> Vec<Filter> {
        vec![Filter::words("id", "Product id", "as the feed writes it")]
    }

    fn page(&self, reader: &Reader, asked: &Asked, from: Option<&str>, most: usize) -> Result<Listed, ListingError> {
        let id = asked.get("id").map(String::as_str);
        let rows = reader.rejected_page(id, place_of(from)?, most.saturating_add(1))?;
        let next = last_of_page(&rows, most).map(|(place, _)| place.to_string());
        let told = rows.is_empty().then(|| match id {
            None => "No row of the last feed is rejected.".to_owned(),
            Some(_) => "No row of the last feed with this id is rejected.".to_owned(),
        });
        let table = rejected_table(rows.iter().take(most).map(|(_, rejection)| rejection));
        Ok(Listed { table, next, told })
    }

    fn write(&self, reader: &Reader, asked: &Asked, form: Form, out: &mut dyn Write) -> Result<(), ListingError> {
        let id = asked.get("id").map(String::as_str);
        match form {
            Form::Json => rejected_json(reader, id, out)?,
            Form::Csv => rejected_csv(reader, id, u64::MAX, out)?,
        }
        Ok(())
    }
}

/// A table of rejected rows.
pub(super) fn rejected_table<'r>(rows: impl Iterator<Item = &'r Rejection>) -> Table {
    let mut table = Table::new("Rejected rows, in the feed's order", &COLUMNS);
    for rejection in rows {
        let nothing = FeedCell::default();
        let FeedCell { column, value, title } = rejection.cell.as_deref().unwrap_or(&nothing);
        let first = rejection.first.map(|first| Cell::Aside(format!("the other is on line {first}")));
        let advice = [Cell::Text(rejection.advice()), Cell::Aside(rejection.reason.clone())];
        table.row(vec![
            Cell::Number(rejection.line),
            rejection.id.clone().map_or(Cell::Nothing, Cell::Product),
            Cell::text(title.clone()),
            Cell::Text(column.clone().unwrap_or_else(|| rejection.field.clone())),
            value.clone().map_or_else(|| Cell::Aside("(empty)".to_owned()), Cell::Code),
            Cell::Lines(advice.into_iter().chain(first).collect()),
        ]);
    }
    table
}
