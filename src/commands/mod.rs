//! What each command does, and the exit code that it ends with.

mod approve;
mod availability;
mod backup;
mod check;
mod demo;
mod dump;
mod events;
mod explain;
mod feed;
mod history;
mod init;
mod look;
mod newstore;
mod oct8ne;
mod orders;
mod orphan;
mod outcome;
mod overview;
mod packaging;
mod pause;
mod plan;
mod rejected;
mod run;
mod runtime;
mod sandbox;
mod status;

use std::io;

use look::Look;
use outcome::Failure;

use crate::cli::{Cli, Command, ConfigCommand};
use crate::config::Config;
use crate::logging::Log;

pub use crate::pass::Exit;
pub use outcome::complain;

/// What entries of the journal are by: the unit of the shop that somebody named, or the program.
pub fn identifier(cli: &Cli) -> String {
    let config = cli.shop.as_deref().map(Config::place_of).or_else(|| cli.config.clone());
    config.and_then(|config| Config::unit_of(&config)).unwrap_or_else(|| "shelfkeeper".to_owned())
}

/// Runs the command.
pub fn dispatch(cli: Cli, log: Log) -> Exit {
    let (config, shop) = (cli.config, cli.shop);
    // What somebody named; `None` = it is to be looked for.
    let named = || match &shop {
        Some(shop) => Config::of_shop(shop).map(Some),
        None => Ok(config.clone()),
    };
    let find = || Config::find(named()?.as_deref());
    let load = || -> Result<Config, Failure> { Ok(Config::load(&find()?)?) };
    let look = || -> Result<Look, Failure> { Look::load(&find()?) };
    let look_in_spite = || -> Result<Look, Failure> { Look::in_spite(&find()?) };
    let outcome = match cli.command {
        Command::Run(arguments) => load().and_then(|loaded| run::run(&arguments, loaded, named()?.as_deref(), log)),
        Command::Plan(arguments) => load().and_then(|config| plan::plan(arguments, &config, log)),
        Command::Check(arguments) => find().map_err(Failure::from).and_then(|path| check::check(&arguments, &path)),
        Command::Init(arguments) => init::init(&arguments, shop.as_deref(), config),
        Command::Config(ConfigCommand::Dump(arguments)) => find()
            .and_then(|path| Config::dump(&path))
            .map_err(Failure::from)
            .and_then(|found| dump::dump(&arguments, &found)),
        Command::Feed(arguments) => {
            named().map_err(Failure::from).and_then(|named| feed::feed(&arguments, named.as_deref()))
        }
        Command::Approve(arguments) => look_in_spite().and_then(|look| approve::approve(&arguments, &look)),
        Command::Status(arguments) if arguments.all => overview::overview(arguments.format),
        Command::Status(arguments) => find().map_err(Failure::from).and_then(|path| status::status(&arguments, &path)),
        Command::Availability(arguments) => {
            find().map_err(Failure::from).and_then(|path| availability::availability(&arguments, &path))
        }
        Command::Events(arguments) => find().map_err(Failure::from).and_then(|path| events::events(&arguments, &path)),
        Command::Orders(arguments) => find().map_err(Failure::from).and_then(|path| orders::orders(arguments, &path)),
        Command::Pause(arguments) => find().map_err(Failure::from).and_then(|path| pause::pause(&arguments, &path)),
        Command::Resume => find().map_err(Failure::from).and_then(|path| pause::resume(&path)),
        Command::History(arguments) => look_in_spite().and_then(|look| history::history(arguments, &look)),
        Command::Rejected(arguments) => look_in_spite().and_then(|look| rejected::rejected(&arguments, &look)),
        Command::Explain(arguments) => {
            find().map_err(Failure::from).and_then(|path| explain::explain(&arguments, &path))
        }
        Command::Backup(arguments) => look().and_then(|look| backup::backup(&arguments, &look)),
        Command::Oct8ne(command) => find().map_err(Failure::from).and_then(|path| oct8ne::oct8ne(&command, &path)),
        Command::Newstore(command) => {
            find().map_err(Failure::from).and_then(|path| newstore::newstore(command, &path, log))
        }
        Command::Completions(arguments) => packaging::completions(arguments.shell),
        Command::Man(arguments) => packaging::man(&arguments),
        Command::Sandbox(arguments) => sandbox::sandbox(&arguments),
        Command::Demo => demo::demo(),
    };
    match outcome {
        Ok(exit) => exit,
        // Whoever reads our output has had enough of it.
        Err(failure) if is_broken_pipe(&failure.error) => Exit::Done,
        Err(Failure { error, exit }) => complain(&error, exit, log),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
