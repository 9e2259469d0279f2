//! `orders`: what NiceChat's chats sold.

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use jiff::Timestamp;

use super::look::{Look, note};
use super::outcome::{Exit, Failure, Outcome};
use crate::cli::{self, TableFormat};
use crate::moment::moment;
use crate::report::PrintError;
use crate::state::Reader;
use crate::status::no_state;
use crate::systems::orders::store::{OrdersFilter, ReadOrders as _};
use crate::systems::orders::{By, Shower, order_json, order_text, orders_csv, orders_json, orders_text};
use crate::systems::orders::{sold, sold_csv, sold_json, sold_text};
use crate::systems::product;

pub(super) fn orders(arguments: cli::Orders, path: &Path) -> Outcome {
    // The currency of what has none.
    let (look, currency) = Look::with(path, |config| config.orders.as_ref().map(|orders| orders.currency))?;
    let Some(currency) = currency else {
        return Err(usage("no orders are mirrored: the config has no section [orders]".to_owned()));
    };
    if arguments.personal && arguments.format == TableFormat::Csv {
        return Err(usage("--personal is not in the CSV: take --format json".to_owned()));
    }
    let now = Timestamp::now();
    let since = arguments.since.as_ref().map(|text| moment(text, now)).transpose().map_err(usage)?;
    let until = arguments.until.as_ref().map(|text| moment(text, now)).transpose().map_err(usage)?;
    let filter = OrdersFilter {
        since: since.map(|moment| moment.begin),
        until: until.map(|moment| moment.end),
        personal: arguments.personal,
    };
    let reader = look.open()?;
    no_state(&reader).map_or(Ok(()), |absence| note(&absence))?;
    let shower = Shower { reader: &reader, products: product, currency };
    match (&arguments.name, arguments.by) {
        (Some(name), _) => one(name, &arguments, &shower),
        (None, Some(by)) => added_up(by.by(), filter, arguments.format, &shower),
        (None, None) => all(filter, arguments.format, &shower),
    }
}

/// One order.
fn one(name: &str, arguments: &cli::Orders, shower: &Shower<'_>) -> Outcome {
    let found = shower.reader.orders_called(name, arguments.personal)?;
    let ids: Vec<String> = found.iter().map(|held| held.order.id.to_string()).collect();
    let mut found = found.into_iter();
    let Some(held) = found.next() else {
        let error = anyhow::anyhow!("there is no order {name} in the mirror, by NiceChat's id or the shop's number");
        return Err(Failure { error, exit: Exit::Failed });
    };
    if found.next().is_some() {
        let error = anyhow::anyhow!("several orders have the number {name}: name one by its id, {}", ids.join(", "));
        return Err(Failure { error, exit: Exit::Failed });
    }
    let order = shower.shown(held)?;
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        TableFormat::Text => order_text(&order, &mut out)?,
        TableFormat::Json => order_json(&order, &mut out)?,
        TableFormat::Csv => orders_csv(&|each| each(order.clone()), &mut out)?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Those of a time.
fn all(filter: OrdersFilter, format: TableFormat, shower: &Shower<'_>) -> Outcome {
    let mut out = BufWriter::new(io::stdout().lock());
    let read = |each: &mut dyn FnMut(_) -> Result<(), PrintError>| {
        shower.reader.each_order(filter, |held| each(shower.shown(held)?))
    };
    match format {
        TableFormat::Text => {
            if orders_text(&read, &mut out)? == 0 && shower.reader.exists() {
                writeln!(out, "{}", nothing(shower.reader)?)?;
            }
        }
        TableFormat::Json => orders_json(&read, &mut out)?,
        TableFormat::Csv => orders_csv(&read, &mut out)?,
    }
    out.flush()?;
    if format != TableFormat::Text && shower.reader.exists() && shower.reader.orders_read_at()?.is_none() {
        note(nothing(shower.reader)?)?;
    }
    Ok(Exit::Done)
}

/// What was sold in a time. What NiceChat doesn't list any more was not.
fn added_up(by: By, filter: OrdersFilter, format: TableFormat, shower: &Shower<'_>) -> Outcome {
    let (mut sum, mut gone) = (sold(by), 0_u64);
    shower.reader.each_order(filter, |held| {
        if held.gone.is_some() {
            gone += 1;
        } else {
            sum.add(&shower.shown(held)?);
        }
        Ok::<(), PrintError>(())
    })?;
    let rows = sum.rows();
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        TableFormat::Text if rows.is_empty() => writeln!(out, "{}", nothing(shower.reader)?)?,
        TableFormat::Text => sold_text(by, &rows, &mut out)?,
        TableFormat::Json => sold_json(by, &rows, &mut out)?,
        TableFormat::Csv => sold_csv(by, &rows, &mut out)?,
    }
    if gone > 0 && format == TableFormat::Text {
        writeln!(out, "Not counted: {gone} that NiceChat does not list any more.")?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn nothing(reader: &Reader) -> Result<&'static str, Failure> {
    let is_read = reader.orders_read_at()?.is_some();
    Ok(if is_read {
        "There are no such orders."
    } else {
        "No orders were read yet: the first pass of `run` does that."
    })
}

fn usage(error: String) -> Failure {
    Failure { error: anyhow::anyhow!("{error}"), exit: Exit::Config }
}
