//! The program: arguments, logs, one command, an exit code.

use std::process::ExitCode;

use clap::Parser;
use shelfkeeper::cli::Cli;
use shelfkeeper::{commands, logging};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let logs = logging::init(cli.log, cli.verbosity());
    let code = match logs {
        Ok(()) => commands::dispatch(cli),
        Err(error) => commands::complain(&error, commands::Exit::Config),
    };
    ExitCode::from(code as u8)
}
