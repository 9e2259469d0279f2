//! `approve`: somebody's word for what the guard holds.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;

use super::look::Look;
use super::outcome::{Exit, Failure, Outcome};
use crate::approval::{CATALOG, give_word};
use crate::cli;
use crate::status::no_state;
use crate::systems::catalog::store::ReadGuard as _;
use crate::systems::catalog::{Held, print_held};
use crate::systems::orders::JOB as ORDERS;
use crate::systems::orders::store::ReadOrders as _;

pub(super) fn approve(arguments: &cli::Approve, look: &Look) -> Outcome {
    let reader = look.open()?;
    if let Some(absence) = no_state(&reader) {
        return Err(Failure { error: anyhow::anyhow!(absence), exit: Exit::Failed });
    }
    let read = |held: Option<Value>| held.and_then(|held| serde_json::from_value::<Held>(held).ok());
    let (catalog, orders) = (read(reader.held()?), read(reader.held_orders()?));
    let all: Vec<(&str, Held)> =
        [(CATALOG, catalog), (ORDERS, orders)].into_iter().filter_map(|(by, held)| Some((by, held?))).collect();
    if all.is_empty() && arguments.digest.is_none() {
        writeln!(io::stdout(), "Nothing is held.")?;
        return Ok(Exit::Done);
    }
    let named = |held: &Held| arguments.digest.as_ref().is_none_or(|digest| digest.eq_ignore_ascii_case(&held.digest));
    let Some((held_by, held)) = all.iter().find(|(_, held)| named(held)) else {
        return Err(not_held(arguments.digest.as_deref().unwrap_or_default(), all.first().map(|(_, held)| held)));
    };
    print_held(held, usize::MAX, &mut io::stdout().lock())?;
    if arguments.digest.is_none() && !asked(held)? {
        writeln!(io::stdout(), "Not approved.")?;
        return Ok(Exit::Done);
    }
    give_word(reader.path(), held_by, &held.digest)?;
    writeln!(
        io::stdout(),
        "Approved {}: the next pass sends exactly this. A daemon makes one at once, else: shelfkeeper run --once",
        held.digest
    )?;
    Ok(Exit::Done)
}

/// Asks on a terminal; elsewhere the digest is needed.
fn asked(held: &Held) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let digest = &held.digest;
        let error =
            anyhow::anyhow!("this is no terminal to ask at: say what you approve: shelfkeeper approve {digest}");
        return Err(Failure { error, exit: Exit::Config });
    }
    write!(io::stdout(), "Let exactly this through in the next pass? [y/N] ")?;
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn not_held(digest: &str, held: Option<&Held>) -> Failure {
    let now =
        held.map_or_else(|| "nothing is held now".to_owned(), |held| format!("what is held now is {}", held.digest));
    Failure { error: anyhow::anyhow!("{digest} is not held: {now}"), exit: Exit::Failed }
}
