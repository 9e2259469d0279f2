//! `approve`: somebody's word for what the guard holds.

use std::io::{self, IsTerminal as _, Write as _};

use super::look::Look;
use super::outcome::{Exit, Failure, Outcome};
use crate::approval::give_word;
use crate::cli;
use crate::status::no_state;
use crate::systems::HeldBack;

pub(super) fn approve(arguments: &cli::Approve, look: &Look) -> Outcome {
    let reader = look.open()?;
    if let Some(absence) = no_state(&reader) {
        return Err(Failure { error: anyhow::anyhow!(absence), exit: Exit::Failed });
    }
    let all = look.systems.iter().map(|system| system.held_back(&reader));
    let all: Vec<HeldBack> = all.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    if all.is_empty() && arguments.digest.is_none() {
        writeln!(io::stdout(), "Nothing is held.")?;
        return Ok(Exit::Done);
    }
    let named =
        |held: &&HeldBack| arguments.digest.as_ref().is_none_or(|digest| digest.eq_ignore_ascii_case(&held.digest));
    let Some(held) = all.iter().find(named) else {
        return Err(not_held(arguments.digest.as_deref().unwrap_or_default(), all.first()));
    };
    write!(io::stdout(), "{}", held.text)?;
    if arguments.digest.is_none() && !asked(held)? {
        writeln!(io::stdout(), "Not approved.")?;
        return Ok(Exit::Done);
    }
    give_word(reader.path(), held.held_by, &held.digest)?;
    writeln!(
        io::stdout(),
        "Approved {}: the next pass sends exactly this. A daemon makes one at once, else: shelfkeeper run --once",
        held.digest
    )?;
    Ok(Exit::Done)
}

/// Asks on a terminal; elsewhere the digest is needed.
fn asked(held: &HeldBack) -> Result<bool, Failure> {
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

fn not_held(digest: &str, held: Option<&HeldBack>) -> Failure {
    let now =
        held.map_or_else(|| "nothing is held now".to_owned(), |held| format!("what is held now is {}", held.digest));
    Failure { error: anyhow::anyhow!("{digest} is not held: {now}"), exit: Exit::Failed }
}
