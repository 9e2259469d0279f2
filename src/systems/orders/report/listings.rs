//! The orders' table with a page of its own. Nothing of persons is ever on it.

use std::io::Write;
use std::str::FromStr;

use jiff::Timestamp;

use super::list::{EachOrder, money, order_json, orders_csv, orders_json};
use super::shown::{Shower, ShownLine, ShownOrder};
use super::sold::{By, Sold, sold};
use super::table::{sold_csv, sold_json};
use crate::catalog::Currency;
use crate::report::PrintError;
use crate::state::Reader;
use crate::systems::listing::{
    Asked, Filter, Form, Listed, Listing, ListingError, choice_of, last_of_page, moment_of, place_of,
};
use crate::systems::orders::Products;
use crate::systems::orders::store::{OrdersFilter, ReadOrders as _};
use crate::view::{Cell, Column, Table};

const WAYS: [By; 5] = [By::Agent, By::Product, By::Category, By::Day, By::Website];
/// Products of an order that are shown.
const LINES: usize = 5;
/// Orders that are added up for a page; the files have all.
const ADDED: u64 = 20_000;
/// Rows of what was sold that are shown.
const ROWS: usize = 500;

const COLUMNS: [Column; 6] = [
    Column::text("date"),
    Column::text("order"),
    Column::text("products"),
    Column::number("total"),
    Column::text("agents"),
    Column::text("website"),
];

/// What the chats sold.
pub(super) struct OrdersListing {
    /// What our snapshot says of a product.
    pub(super) products: Products,
    /// Of what has none.
    pub(super) currency: Option<Currency>,
}

impl Listing for OrdersListing {
    fn path(&self) -> &'static str {
        "/orders"
    }

    fn title(&self) -> &'static str {
        "Orders"
    }

    fn about(&self) -> &'static str {
        "What NiceChat's chats sold, the latest first. What is kept of persons is never shown here."
    }

    fn filters(&self) -> Vec<Filter> {
        let [since, until] = Filter::times();
        vec![
            Filter::words("id", "Order", "NiceChat's id, or the shop's number"),
            since,
            until,
            Filter::one_of("by", "Added up by", WAYS.map(By::name)),
        ]
    }

    fn page(&self, reader: &Reader, asked: &Asked, from: Option<&str>, most: usize) -> Result<Listed, ListingError> {
        let wanted = wanted(asked)?;
        if let Some(by) = wanted.by {
            return Ok(self.added_up(reader, by, wanted.filter)?);
        }
        let shower = self.shower(reader);
        let mut table = Table::new("Orders, the latest first", &COLUMNS);
        let (held, next) = match &wanted.name {
            Some(name) => (reader.orders_called(name, false)?, None),
            None => {
                let held = reader.orders_page(wanted.filter, place(from)?, most.saturating_add(1))?;
                let next = last_of_page(&held, most).map(|((sold, id), _)| format!("{sold}.{id}"));
                (held.into_iter().map(|(_, held)| held).collect(), next)
            }
        };
        for held in held.into_iter().take(most) {
            table.row(row(&shower.shown(held)?));
        }
        let told = table.rows.is_empty().then(|| nothing(reader)).transpose()?;
        Ok(Listed { table, next, told })
    }

    fn write(&self, reader: &Reader, asked: &Asked, form: Form, out: &mut dyn Write) -> Result<(), ListingError> {
        let wanted = wanted(asked)?;
        let shower = self.shower(reader);
        if let Some(by) = wanted.by {
            let mut sum = sold(by);
            reader.each_order(wanted.filter, |held| {
                if held.gone.is_none() {
                    sum.add(&shower.shown(held)?);
                }
                Ok::<(), PrintError>(())
            })?;
            let rows = sum.rows();
            match form {
                Form::Json => sold_json(by, &rows, out).map_err(PrintError::from)?,
                Form::Csv => sold_csv(by, &rows, out).map_err(PrintError::from)?,
            }
            return Ok(());
        }
        // One is no list.
        if let (Some(name), Form::Json) = (&wanted.name, form)
            && let Ok([held]) = <[_; 1]>::try_from(reader.orders_called(name, false)?)
        {
            return Ok(order_json(&shower.shown(held)?, out).map_err(PrintError::from)?);
        }
        let read = |each: EachOrder<'_>| match &wanted.name {
            Some(name) => reader.orders_called(name, false)?.into_iter().try_for_each(|held| each(shower.shown(held)?)),
            None => reader.each_order(wanted.filter, |held| each(shower.shown(held)?)),
        };
        match form {
            Form::Json => orders_json(&read, out)?,
            Form::Csv => orders_csv(&read, out)?,
        }
        Ok(())
    }
}

impl OrdersListing {
    fn shower<'r>(&self, reader: &'r Reader) -> Shower<'r> {
        Shower { reader, products: self.products, currency: self.currency }
    }

    /// What was sold, of the latest orders.
    fn added_up(&self, reader: &Reader, by: By, filter: OrdersFilter) -> Result<Listed, PrintError> {
        let shower = self.shower(reader);
        let held = reader.orders_page(filter, LAST, usize::try_from(ADDED).unwrap_or(usize::MAX))?;
        let is_all = (held.len() as u64) < ADDED;
        let mut sum = sold(by);
        for (_, held) in held.into_iter().filter(|(_, held)| held.gone.is_none()) {
            sum.add(&shower.shown(held)?);
        }
        let mut rows = sum.rows();
        if by == By::Day {
            // What has no day stays last.
            rows.sort_by(|a, b| b.key.cmp(&a.key));
        }
        let called = by.called().map(Column::text);
        let columns = [Some(Column::text(by.name())), called].into_iter().flatten();
        let numbers = ["orders", "chats", "pieces", "revenue"].map(Column::number);
        let columns: Vec<Column> = columns.chain(numbers).collect();
        let mut table = Table::new(format!("What was sold, by {}", by.name()), &columns);
        let all = rows.len();
        rows.iter().take(ROWS).for_each(|sold| table.row(sold_row(by, sold)));
        let told = match (is_all, all > ROWS) {
            _ if all == 0 => Some(nothing(reader)?),
            (false, _) => Some(format!("Of the last {ADDED} orders; the CSV and JSON have all.")),
            (true, true) => Some(format!("The first {ROWS} of {all}; the CSV and JSON have all.")),
            (true, false) => None,
        };
        Ok(Listed { table, next: None, told })
    }
}

/// Behind every order.
const LAST: (i64, i64) = (i64::MAX, i64::MAX);

struct Wanted {
    name: Option<String>,
    filter: OrdersFilter,
    by: Option<By>,
}

fn wanted(asked: &Asked) -> Result<Wanted, ListingError> {
    let now = Timestamp::now();
    let (since, until) = (moment_of(asked, "since", now)?, moment_of(asked, "until", now)?);
    let by = choice_of(asked, "by", WAYS.map(|by| (by.name(), by)))?;
    let name = asked.get("id").cloned();
    if name.is_some() && (since.is_some() || until.is_some() || by.is_some()) {
        let message = "one order has no time and isn't added up: leave out since, until and by".to_owned();
        return Err(ListingError::Filter { name: "id", message });
    }
    let (since, until) = (since.map(|moment| moment.begin), until.map(|moment| moment.end));
    Ok(Wanted { name, filter: OrdersFilter { since, until, personal: false }, by })
}

/// A place as an address has it: `sold.id`.
struct Place(i64, i64);

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Place, ()> {
        let parts = text.split_once('.').and_then(|(sold, id)| Some(Place(sold.parse().ok()?, id.parse().ok()?)));
        parts.ok_or(())
    }
}

fn place(from: Option<&str>) -> Result<(i64, i64), ListingError> {
    Ok(place_of(from)?.map_or(LAST, |Place(sold, id)| (sold, id)))
}

fn nothing(reader: &Reader) -> Result<String, PrintError> {
    let is_read = reader.orders_read_at()?.is_some();
    let words =
        if is_read { "There are no such orders." } else { "No orders were read yet: the first pass does that." };
    Ok(words.to_owned())
}

fn row(order: &ShownOrder) -> Vec<Cell> {
    let number = order.num.as_ref().map(|num| Cell::Code(num.clone()));
    let gone = order.gone.map(|_| Cell::Aside("not listed any more".to_owned()));
    let id = Cell::Aside(format!("NiceChat {}", order.id));
    let more = order.lines.len().saturating_sub(LINES);
    let more = (more > 0).then(|| Cell::Aside(format!("and {more} more")));
    vec![
        order.date.map_or(Cell::Nothing, Cell::Time),
        Cell::Lines(number.into_iter().chain([id]).chain(gone).collect()),
        Cell::Lines(order.lines.iter().take(LINES).map(line).chain(more).collect()),
        Cell::Text(money(&order.total)),
        if order.agents.is_empty() { Cell::Nothing } else { Cell::Text(order.agents.join(", ")) },
        Cell::text(order.website.clone()),
    ]
}

fn line(line: &ShownLine) -> Cell {
    let qty = line.qty.map_or_else(|| "?".to_owned(), |qty| qty.to_string());
    let name = line.title.as_deref().or(line.id.as_deref()).unwrap_or("a product without a name");
    Cell::Text(format!("{qty} × {name}"))
}

fn sold_row(by: By, sold: &Sold) -> Vec<Cell> {
    let key = match (&sold.key, by) {
        (None, _) => Cell::Aside("(none)".to_owned()),
        (Some(id), By::Product) => Cell::Product(id.clone()),
        (Some(key), _) => Cell::Text(key.clone()),
    };
    let called = by.called().map(|_| Cell::text(sold.called.clone()));
    let figures = [
        Cell::Number(sold.orders),
        Cell::Number(sold.chats.len() as u64),
        Cell::Number(sold.items),
        Cell::Text(money(&sold.revenue)),
    ];
    [key].into_iter().chain(called).chain(figures).collect()
}
