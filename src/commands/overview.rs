//! `status --all`: every shop of this machine's units in a line, the worst first.

use std::cmp::Reverse;
use std::io::{self, Write as _};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::look::Look;
use super::orphan::{beside, without_config};
use super::outcome::{Exit, Failure, Outcome};
use crate::cli::Format;
use crate::config::{UnitShop, unit_shops};
use crate::pass::Standing;
use crate::status::{Overview, Status, moment};
use crate::text::one_line;

/// A shop, and how it stands; `Err` = why that can't be told.
struct Shop {
    name: String,
    found: Result<Overview, Unread>,
}

/// Why it can't be told, and what is known all the same.
struct Unread {
    why: String,
    last_good: Option<Timestamp>,
}

pub(super) fn overview(format: Format) -> Outcome {
    let units = unit_shops()?;
    if units.is_empty() {
        let nowhere = "there is no shop: neither a config in /etc/shelfkeeper nor a state in /var/lib";
        return Err(Failure { error: anyhow::anyhow!(nowhere), exit: Exit::Config });
    }
    let mut shops: Vec<Shop> = units.into_iter().map(Shop::of).collect();
    // By their names where they stand alike: so they came.
    shops.sort_by_key(|shop| Reverse(shop.urgency()));
    let mut out = io::stdout().lock();
    match format {
        Format::Text => print_text(&shops, &mut out)?,
        Format::Json => writeln!(out, "{}", Value::Array(shops.iter().map(Shop::json).collect()))?,
    }
    Ok(shops.iter().fold(Exit::Done, |worst, shop| worst.or_worse(shop.exit())))
}

fn look(unit: &UnitShop) -> Result<Overview, Failure> {
    let Some(config) = &unit.config else { return without_config(unit) };
    let look = Look::load(config)?;
    let reader = look.open()?;
    Ok(Status::read(&reader, &look.systems, look.caller.clone())?.overview()?)
}

impl Shop {
    fn of(unit: UnitShop) -> Shop {
        let found = look(&unit).map_err(|failure| {
            let why = first_line(&format!("{:#}", failure.error));
            // What is wrong with a state says itself what to do.
            if failure.exit != Exit::Config || unit.config.is_none() {
                return Unread { why, last_good: None };
            }
            let (more, last_good) = beside(&unit);
            let end = if why.ends_with(['.', '?', '!']) { "" } else { "." };
            Unread { why: format!("{why}{end} {more}"), last_good }
        });
        Shop { found, name: unit.name }
    }

    /// More is more urgent.
    fn urgency(&self) -> (bool, Standing) {
        // What can't be read comes before everything: nobody knows what it hides.
        self.found.as_ref().map_or((true, Standing::Stopped), |found| (false, found.headline.state))
    }

    fn exit(&self) -> Exit {
        match self.found.as_ref().map(|found| found.headline.state) {
            Err(_) | Ok(Standing::Stopped | Standing::Behind) => Exit::Failed,
            Ok(Standing::Held | Standing::Paused) => Exit::Held,
            Ok(Standing::Rows) => Exit::Partial,
            Ok(Standing::Equal | Standing::None) => Exit::Done,
        }
    }

    fn json(&self) -> Value {
        match &self.found {
            Ok(Overview { headline, last_good, next, absent_daemon: _ }) => {
                json!({"shop": self.name, "headline": headline, "last_good": last_good, "next": next})
            }
            Err(Unread { why, last_good }) => {
                let headline = json!({"state": "unreadable", "text": why, "since": null});
                json!({"shop": self.name, "headline": headline, "last_good": last_good, "next": null})
            }
        }
    }
}

/// What there is more of is told by that shop's own commands.
fn first_line(text: &str) -> String {
    one_line(text.lines().next().unwrap_or_default())
}

fn print_text(shops: &[Shop], out: &mut impl io::Write) -> io::Result<()> {
    let width = shops.iter().map(|shop| shop.name.len()).max().unwrap_or_default();
    let now = Timestamp::now();
    let good =
        |at: &Option<Timestamp>| at.map(|at| format!(" Last good pass {}.", moment(at, now))).unwrap_or_default();
    for shop in shops {
        let told = match &shop.found {
            Ok(Overview { headline, last_good, next, absent_daemon }) => {
                let next = next.map(|at| format!(" Next {}.", moment(at, now))).unwrap_or_default();
                let absent = absent_daemon.as_ref().map(|told| format!(" {told}")).unwrap_or_default();
                format!("{}{}{next}{absent}", headline.text, good(last_good))
            }
            Err(Unread { why, last_good }) => format!("Can't be read: {why}{}", good(last_good)),
        };
        // A line each, however long: lists of a hundred shops are searched, and sorted by others.
        writeln!(out, "{:<width$}  {}", shop.name, one_line(&told))?;
    }
    Ok(())
}
