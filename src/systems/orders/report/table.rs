//! What was sold, as a table.

use std::io::{self, Write};

use serde::Serialize as _;
use serde_json::{Map, Value, json};

use super::list::money;
use super::sold::{By, Sold};
use crate::order::Sum;
use crate::report::{Csv, JsonList};
use crate::text::{number, one_line, shorten};

/// For programs.
///
/// # Errors
/// When it can't be printed.
pub fn sold_json(by: By, rows: &[Sold], out: &mut dyn Write) -> io::Result<()> {
    let mut list = JsonList::begin(out)?;
    for row in rows {
        let Sold { key, called, orders, chats, items, revenue } = row;
        let mut fields = Map::new();
        fields.insert(by.name().to_owned(), json!(key));
        by.called().into_iter().for_each(|name| drop(fields.insert(name.to_owned(), json!(called))));
        fields.insert("orders".to_owned(), json!(orders));
        fields.insert("chats".to_owned(), json!(chats.len()));
        fields.insert("items".to_owned(), json!(items));
        fields.insert("revenue".to_owned(), revenue.serialize(serde_json::value::Serializer)?);
        list.item(&Value::Object(fields))?;
    }
    list.end()?;
    writeln!(out)
}

/// For spreadsheets: a line for each currency, all else in the first of them.
///
/// # Errors
/// When it can't be printed.
pub fn sold_csv(by: By, rows: &[Sold], out: &mut dyn Write) -> io::Result<()> {
    let columns = [Some(by.name()), by.called()].into_iter().flatten();
    let columns: Vec<&str> = columns.chain(["orders", "chats", "items", "currency", "amount"]).collect();
    let mut csv = Csv::plain(out, &columns)?;
    for row in rows {
        let sums: Vec<&Sum> = row.revenue.iter().collect();
        for nth in 0..sums.len().max(1) {
            let figure = |n: u64| if nth == 0 { n.to_string() } else { String::new() };
            let sum = sums.get(nth);
            let mut cells = vec![Csv::text(row.key.as_deref().unwrap_or_default())];
            cells.extend(by.called().map(|_| Csv::text(row.called.as_deref().unwrap_or_default())));
            cells.extend([figure(row.orders), figure(row.chats.len() as u64), figure(row.items)]);
            cells.push(sum.and_then(|sum| sum.currency.clone()).unwrap_or_default());
            cells.push(sum.map(|sum| sum.amount.to_string()).unwrap_or_default());
            csv.cells(&cells)?;
        }
    }
    Ok(())
}

/// For people.
///
/// # Errors
/// When it can't be printed.
pub fn sold_text(by: By, rows: &[Sold], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{:<28} {:>7} {:>7} {:>7}  revenue", by.name(), "orders", "chats", "pieces")?;
    for row in rows {
        let key = row.key.as_deref().unwrap_or("(none)");
        let called = row.called.as_deref().map(|called| format!(" {called}")).unwrap_or_default();
        let name = shorten_name(&format!("{key}{called}"));
        let (orders, chats, items) = (number(row.orders), number(row.chats.len() as u64), number(row.items));
        writeln!(out, "{name:<28} {orders:>7} {chats:>7} {items:>7}  {}", money(&row.revenue))?;
    }
    Ok(())
}

/// At most 28 characters of a name.
fn shorten_name(name: &str) -> String {
    let name = shorten(&one_line(name));
    if name.chars().count() <= 28 { name } else { name.chars().take(27).chain(['…']).collect() }
}
