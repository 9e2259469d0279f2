//! What a page shows of the orders first. Nothing of persons is ever on a page.

use jiff::Timestamp;

use crate::state::{Reader, StateError};
use crate::systems::orders::store::ReadOrders as _;
use crate::text::{count, number};
use crate::view::{Bar, Bars, Block, Cell, Column, Figure, Link, Part, Rank, Section, Shown, Table, Tone, short};

/// Days of which orders are counted.
const DAYS: i64 = 30;
/// Reasons for which entries are set aside that are shown.
const ASIDE: usize = 5;
const SECONDS: i64 = 86_400;

/// All of it.
///
/// # Errors
/// When the state can't be read.
pub(super) fn shown(reader: &Reader) -> Result<Shown, StateError> {
    let counts = reader.order_counts()?;
    let figures = vec![Figure::new(counts.held, "orders").leads("/orders")];
    let section = Section::new("orders", "Orders by day", Rank::Aside);
    let section = match reader.orders_read_at()? {
        None => section.saying("No orders were read yet: the first pass does that."),
        Some(at) => by_day(reader, section.noted(format!("last read {}", short(at))))?,
    };
    Ok(Shown { figures, sections: [section].into_iter().chain(aside(reader)?).collect() })
}

fn by_day(reader: &Reader, section: Section) -> Result<Section, StateError> {
    let links = [Link::new("all", "/orders"), Link::new("by agent", "/orders?by=agent")];
    let section = section.linked(links);
    let today = Timestamp::now().as_second().div_euclid(SECONDS);
    let first = today - DAYS + 1;
    let since = Timestamp::from_second(first * SECONDS).unwrap_or(Timestamp::MIN);
    let days = reader.orders_by_day(since)?;
    let of = |day: Option<i64>| days.iter().find(|(other, _)| *other == day).map_or(0, |(_, orders)| *orders);
    let total: u64 = days.iter().filter(|(day, _)| day.is_some()).map(|(_, orders)| orders).sum();
    let undated = Some(of(None)).filter(|undated| *undated > 0).map(|undated| {
        format!("No date: {}, for which NiceChat gives none; under no day.", count(undated, "order", "orders"))
    });
    if total == 0 {
        let nothing = if undated.is_some() { "No order has a date in" } else { "There was no order in" };
        let section = section.saying(format!("{nothing} the last 30 days."));
        return Ok(undated.into_iter().fold(section, Section::saying));
    }
    let bar = |day: i64| {
        let orders = of(Some(day));
        let at = Timestamp::from_second(day * SECONDS).unwrap_or(Timestamp::MIN);
        let told = format!("{}: {}", at.strftime("%Y-%m-%d"), count(orders, "order", "orders"));
        Bar { label: at.strftime("%b %-d").to_string(), told, values: vec![orders] }
    };
    let bars = Bars {
        told: format!("Orders on each of the last 30 days: {} in all", number(total)),
        parts: vec![Part { name: "orders", tone: Tone::Plain }],
        bars: (first..=today).map(bar).collect(),
        labelled: 7,
    };
    Ok(undated.into_iter().fold(section.with(Block::Bars(bars)), Section::saying))
}

/// Entries of the list that are no orders.
fn aside(reader: &Reader) -> Result<Option<Section>, StateError> {
    let aside = reader.orders_aside()?;
    if aside.is_empty() {
        return Ok(None);
    }
    let columns = [Column::text("since"), Column::text("why"), Column::number("times")];
    let mut table = Table::new("Entries of NiceChat's list that are no orders", &columns);
    for one in aside.iter().take(ASIDE) {
        table.row(vec![Cell::Time(one.since), Cell::Text(one.why.clone()), Cell::Number(one.times)]);
    }
    Ok(Some(Section::new("aside", "Orders set aside", Rank::Aside).with(Block::Table(table))))
}
