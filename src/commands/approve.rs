//! `approve`: somebody's word for what the guard holds.

use std::io::{self, IsTerminal as _, Write as _};

use super::look::Look;
use super::outcome::{Exit, Failure, Outcome};
use crate::approval::give_word;
use crate::cli;
use crate::status::no_state;
use crate::systems::catalog::store::ReadGuard as _;
use crate::systems::catalog::{Held, print_held};

pub(super) fn approve(arguments: &cli::Approve, look: &Look) -> Outcome {
    let reader = look.open()?;
    if let Some(absence) = no_state(&reader) {
        return Err(Failure { error: anyhow::anyhow!(absence), exit: Exit::Failed });
    }
    let held = reader.held()?.and_then(|held| serde_json::from_value::<Held>(held).ok());
    let Some(held) = held else {
        if let Some(digest) = &arguments.digest {
            return Err(not_held(digest, None));
        }
        writeln!(io::stdout(), "Nothing is held.")?;
        return Ok(Exit::Done);
    };
    if let Some(digest) = arguments.digest.as_ref().filter(|digest| **digest != held.digest) {
        return Err(not_held(digest, Some(&held)));
    }
    print_held(&held, usize::MAX, &mut io::stdout().lock())?;
    if arguments.digest.is_none() && !asked(&held)? {
        writeln!(io::stdout(), "Not approved.")?;
        return Ok(Exit::Done);
    }
    give_word(reader.path(), &held.digest)?;
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
