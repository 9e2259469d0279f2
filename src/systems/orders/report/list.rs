//! Orders one by one.

use std::io::{self, Write};

use serde_json::Value;

use super::shown::{ShownLine, ShownOrder};
use crate::order::Sums;
use crate::report::{Csv, JsonList, PrintError};
use crate::text::{number, one_line, shorten, value};

/// The columns of the CSV (part of the contract).
const COLUMNS: [&str; 12] = [
    "order_id",
    "num",
    "date",
    "website",
    "chat",
    "agents",
    "product_id",
    "title",
    "qty",
    "price",
    "currency",
    "amount",
];

/// Gives orders one by one: there may be more of them than memory holds.
pub(crate) type EachOrder<'a> = &'a mut dyn FnMut(ShownOrder) -> Result<(), PrintError>;

/// Whoever reads the orders.
pub(crate) type ReadAll<'a> = &'a dyn Fn(EachOrder<'_>) -> Result<(), PrintError>;

/// All of them for programs.
///
/// # Errors
/// When they can't be read or printed.
pub fn orders_json(read: ReadAll<'_>, out: &mut dyn Write) -> Result<(), PrintError> {
    let mut list = JsonList::begin(out)?;
    read(&mut |order| Ok(list.item(&order)?))?;
    list.end()?;
    Ok(writeln!(out)?)
}

/// One of them for programs.
///
/// # Errors
/// When it can't be printed.
pub fn order_json(order: &ShownOrder, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, order)?;
    writeln!(out)
}

/// All of them for spreadsheets, a line a product.
///
/// # Errors
/// When they can't be read or printed.
pub fn orders_csv(read: ReadAll<'_>, out: &mut dyn Write) -> Result<(), PrintError> {
    let mut csv = Csv::plain(out, &COLUMNS)?;
    read(&mut |order| {
        let lines = order.lines.iter().map(Some);
        // An order without products is an order all the same.
        let none = order.lines.is_empty().then_some(None);
        lines.chain(none).try_for_each(|line| Ok(csv.cells(&cells(&order, line))?))
    })
}

fn cells(order: &ShownOrder, line: Option<&ShownLine>) -> Vec<String> {
    let text = |text: Option<&String>| Csv::text(text.map(String::as_str).unwrap_or_default());
    let plain = |value: Option<String>| value.unwrap_or_default();
    vec![
        order.id.to_string(),
        text(order.num.as_ref()),
        plain(order.date.map(|date| date.to_string())),
        text(order.website.as_ref()),
        plain(order.chat.map(|chat| chat.to_string())),
        Csv::text(&order.agents.join("; ")),
        text(line.and_then(|line| line.id.as_ref())),
        text(line.and_then(|line| line.title.as_ref())),
        plain(line.and_then(|line| line.qty).map(|qty| qty.to_string())),
        plain(line.and_then(|line| line.price).map(|price| price.to_string())),
        plain(line.and_then(|line| line.currency.clone())),
        plain(line.and_then(|line| line.amount).map(|amount| amount.to_string())),
    ]
}

/// All of them for people, a line each. Gives how many there are.
///
/// # Errors
/// When they can't be read or printed.
pub fn orders_text(read: ReadAll<'_>, out: &mut dyn Write) -> Result<u64, PrintError> {
    let mut found = 0;
    read(&mut |order| {
        found += 1;
        let date = order.date.map_or_else(|| "no date".to_owned(), |date| format!("{date:.0}"));
        let name = order.num.as_deref().map(|num| format!(" {}", shorten(&one_line(num)))).unwrap_or_default();
        let gone = if order.gone.is_some() { ", gone" } else { "" };
        let items: u64 = order.lines.iter().filter_map(|line| line.qty).fold(0, u64::saturating_add);
        let agents = if order.agents.is_empty() { "nobody".to_owned() } else { order.agents.join(", ") };
        let agents = shorten(&one_line(&agents));
        let (id, items, total) = (order.id, number(items), money(&order.total));
        Ok(writeln!(out, "{date:<20}  {id}{name}: {items} pcs, {total}; {agents}{gone}")?)
    })?;
    Ok(found)
}

/// One of them for people.
///
/// # Errors
/// When it can't be printed.
pub fn order_text(order: &ShownOrder, out: &mut dyn Write) -> io::Result<()> {
    let or_none = |text: Option<String>| text.map_or_else(|| "none".to_owned(), |text| one_line(&text));
    writeln!(out, "Order {} (number {})", order.id, or_none(order.num.clone()))?;
    writeln!(out, "  date     {}", or_none(order.date.map(|date| date.to_string())))?;
    writeln!(out, "  website  {}", or_none(order.website.clone()))?;
    writeln!(out, "  chat     {}", or_none(order.chat.map(|chat| chat.to_string())))?;
    writeln!(out, "  agents   {}", or_none(Some(order.agents.join(", ")).filter(|agents| !agents.is_empty())))?;
    for line in &order.lines {
        let number = |value: Option<String>| value.unwrap_or_else(|| "?".to_owned());
        let (qty, price) = (number(line.qty.map(|n| n.to_string())), number(line.price.map(|n| n.to_string())));
        let currency = line.currency.as_deref().map(|code| format!(" {}", code.to_uppercase())).unwrap_or_default();
        let name = [line.id.as_deref(), line.title.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("  ");
        writeln!(out, "  {qty} × {price}{currency}  {}", shorten(&one_line(&name)))?;
    }
    writeln!(out, "  total    {}", money(&order.total))?;
    writeln!(out, "  first seen {:.0}", order.first_seen)?;
    order.gone.iter().try_for_each(|gone| writeln!(out, "  gone since {gone:.0}"))?;
    for (part, fields) in order.personal.iter().flatten() {
        writeln!(out, "  {part}")?;
        let fields = fields.as_object().into_iter().flatten();
        fields.into_iter().try_for_each(|(name, held)| writeln!(out, "    {}: {}", one_line(name), personal(held)))?;
    }
    Ok(())
}

fn personal(held: &Value) -> String {
    held.as_str().map_or_else(|| value(held), one_line)
}

/// `111.00 USD, 5.00 EUR`.
pub(super) fn money(sums: &Sums) -> String {
    let sum = |sum: &crate::order::Sum| {
        let currency = sum.currency.as_deref().map(|code| format!(" {}", code.to_uppercase())).unwrap_or_default();
        format!("{}{currency}", sum.amount)
    };
    let all: Vec<String> = sums.iter().map(sum).collect();
    if all.is_empty() { "no price".to_owned() } else { all.join(", ") }
}
