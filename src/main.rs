//! The program: arguments, logs, one command, an exit code.

use std::process::ExitCode;

use clap::Parser;
use shelfkeeper::cli::Cli;
use shelfkeeper::commands;
use shelfkeeper::logging::Log;
use tikv_jemallocator::Jemalloc;

/// Gives memory back some seconds after a large pass, SQLite's too, while nothing else happens: a thread
/// of its own sees to that. It also suits what one thread makes and another one drops, as a first load does.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let code = match Log::init(cli.log, cli.verbosity(), &commands::identifier(&cli)) {
        Ok(log) => commands::dispatch(cli, log),
        Err(error) => commands::complain(&error, commands::Exit::Config, Log::default()),
    };
    ExitCode::from(code as u8)
}
