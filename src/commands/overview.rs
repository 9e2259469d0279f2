//! `status --all`: every shop of this machine's units in a line, the worst first.

use std::cmp::Reverse;
use std::io::{self, Write as _};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::look::Look;
use super::outcome::{Exit, Failure, Outcome};
use crate::cli::Format;
use crate::config::{UnitShop, unit_shops};
use crate::pass::{Headline, Standing};
use crate::status::{Overview, Status, moment};
use crate::text::one_line;

/// A shop, and how it stands; `Err` = why that can't be told.
struct Shop {
    name: String,
    found: Result<Overview, Failure>,
}

pub(super) fn overview(format: Format) -> Outcome {
    let units = unit_shops()?;
    if units.is_empty() {
        let nowhere = "there is no shop: neither a config in /etc/shelfkeeper nor a state in /var/lib";
        return Err(Failure { error: anyhow::anyhow!(nowhere), exit: Exit::Config });
    }
    let mut shops: Vec<Shop> = units.into_iter().map(|unit| Shop { found: look(&unit), name: unit.name }).collect();
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
    let Some(config) = &unit.config else {
        let place = unit.state.display();
        let told = format!("There is no config /etc/shelfkeeper/{}.toml any more; its state is in {place}.", unit.name);
        let headline = Headline { state: Standing::None, text: told, since: None };
        return Ok(Overview { headline, last_good: None, next: None });
    };
    let look = Look::load(config)?;
    let reader = look.open()?;
    Ok(Status::read(&reader, &look.systems)?.overview()?)
}

impl Shop {
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

    fn error(&self) -> Option<String> {
        self.found.as_ref().err().map(|failure| first_line(&format!("{:#}", failure.error)))
    }

    fn json(&self) -> Value {
        match &self.found {
            Ok(Overview { headline, last_good, next }) => {
                json!({"shop": self.name, "headline": headline, "last_good": last_good, "next": next})
            }
            Err(_) => {
                let headline = json!({"state": "unreadable", "text": self.error(), "since": null});
                json!({"shop": self.name, "headline": headline, "last_good": null, "next": null})
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
    for shop in shops {
        let told = match &shop.found {
            Ok(Overview { headline, last_good, next }) => {
                let good = last_good.map(|at| format!(" Last good pass {}.", moment(at, now))).unwrap_or_default();
                let next = next.map(|at| format!(" Next {}.", moment(at, now))).unwrap_or_default();
                format!("{}{good}{next}", headline.text)
            }
            Err(_) => format!("Can't be read: {}", shop.error().unwrap_or_default()),
        };
        // A line each, however long: lists of a hundred shops are searched, and sorted by others.
        writeln!(out, "{:<width$}  {}", shop.name, one_line(&told))?;
    }
    Ok(())
}
