//! `completions` and `man`: what a package installs beside the program.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::outcome::{Exit, Failure, Outcome};
use crate::cli::{self, Cli};

/// The name that is typed.
const PROGRAM: &str = "shelfkeeper";

pub(super) fn completions(shell: Shell) -> Outcome {
    // Into memory first: it panics when it can't write.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut text);
    io::stdout().write_all(&text)?;
    Ok(Exit::Done)
}

/// A command by its name; one of another's by both, as in `config dump` or `config-dump`.
fn find<'c>(program: &'c clap::Command, name: &str) -> Option<&'c clap::Command> {
    let within = || {
        let (command, rest) = name.split_once([' ', '-'])?;
        find(program.find_subcommand(command)?, rest)
    };
    program.find_subcommand(name).or_else(within)
}

/// The page of the program, or of one of its commands.
pub(super) fn man(arguments: &cli::Man) -> Outcome {
    let mut program = Cli::command();
    program.build();
    let page = match &arguments.command {
        None => program,
        Some(name) => match find(&program, name) {
            Some(command) => command.clone(),
            None => {
                let error = anyhow::anyhow!("there is no command {name}; `{PROGRAM} --help` lists them");
                return Err(Failure { error, exit: Exit::Config });
            }
        },
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    io::stdout().write_all(&text)?;
    Ok(Exit::Done)
}
