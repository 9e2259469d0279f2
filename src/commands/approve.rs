//! `approve`: somebody's word for what the guard holds.

use std::io::{self, IsTerminal as _, Write as _};

use super::look::Look;
use super::outcome::{Exit, Failure, Outcome, unheard};
use crate::approval::{give_word, who_is_here};
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
    let digests = all.iter().map(|held| held.digest.as_str()).collect::<Vec<_>>().join(", ");
    let named =
        |held: &&HeldBack| arguments.digest.as_ref().is_none_or(|digest| digest.eq_ignore_ascii_case(&held.digest));
    if let Some(digest) = arguments.digest.as_ref().filter(|_| !all.iter().any(|held| named(&held))) {
        return Err(not_held(digest, &digests));
    }
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    for held in all.iter().filter(named) {
        let shown = write!(io::stdout(), "{}", held.text);
        match &arguments.digest {
            // Who says what is approved needn't see it.
            Some(_) => unheard(shown)?,
            None => shown?,
        }
        match &arguments.digest {
            None if !is_terminal => continue,
            None if !asked()? => {
                writeln!(io::stdout(), "Not approved.")?;
                continue;
            }
            _ => give_word(reader.path(), held.held_by, &held.digest, &who_is_here())?,
        }
        unheard(writeln!(
            io::stdout(),
            "Approved {}: the next pass sends exactly this. A daemon makes one at once, else: {} run --once",
            held.digest,
            look.caller.program
        ))?;
    }
    if arguments.digest.is_none() && !is_terminal {
        let command = |held: &HeldBack| format!("{} approve {}", look.caller.program, held.digest);
        let commands = all.iter().map(command).collect::<Vec<_>>().join("; or ");
        let error = anyhow::anyhow!("this is no terminal to ask at: say what you approve: {commands}");
        return Err(Failure { error, exit: Exit::Config });
    }
    Ok(Exit::Done)
}

/// Asks on a terminal.
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
