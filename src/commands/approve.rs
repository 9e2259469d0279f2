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
    let digests = all.iter().map(|(_, held)| held.digest.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(digest) = arguments.digest.as_ref().filter(|_| !all.iter().any(|(_, held)| named(held))) {
        return Err(not_held(digest, &digests));
    }
    let is_asked = io::stdin().is_terminal() && io::stdout().is_terminal();
    for (held_by, held) in all.iter().filter(|(_, held)| named(held)) {
        print_held(held, usize::MAX, &mut io::stdout().lock())?;
        match &arguments.digest {
            None if !is_asked => continue,
            None if !asked()? => {
                writeln!(io::stdout(), "Not approved.")?;
                continue;
            }
            _ => give_word(reader.path(), held_by, &held.digest)?,
        }
        writeln!(
            io::stdout(),
            "Approved {}: the next pass sends exactly this. A daemon makes one at once, else: shelfkeeper run --once",
            held.digest
        )?;
    }
    if arguments.digest.is_none() && !is_asked {
        let error = "this is no terminal to ask at: say what you approve: shelfkeeper approve";
        return Err(Failure { error: anyhow::anyhow!("{error} {digests}"), exit: Exit::Config });
    }
    Ok(Exit::Done)
}

/// Asks on a terminal; elsewhere the digest is needed.
fn asked() -> io::Result<bool> {
    write!(io::stdout(), "Let exactly this through in the next pass? [y/N] ")?;
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn not_held(digest: &str, held: &str) -> Failure {
    let now = if held.is_empty() { "nothing is held now".to_owned() } else { format!("what is held now is {held}") };
    Failure { error: anyhow::anyhow!("{digest} is not held: {now}"), exit: Exit::Failed }
}
