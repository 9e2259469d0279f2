//! `run`: a pass, or the daemon.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::outcome::{Exit, Failure, Outcome, complain};
use super::runtime::{runtime, stop_on_signal};
use crate::cli;
use crate::config::Config;
use crate::daemon::{self, EventsLog, Failing, PassLog};
use crate::logging;
use crate::pass::{Ask, PassKind};
use crate::report::{self, Bar};
use crate::shop::Shop;
use crate::state::{StateError, Writer};
use crate::systems::catalog::{self as sync, Report};
use crate::systems::events as lagerkoll;

pub(super) fn run(arguments: &cli::Run, config: Config, named: Option<&Path>) -> Outcome {
    let runtime = runtime()?;
    config.warnings().iter().for_each(|warning| warn!("{warning}"));
    let state = open(&config, Duration::from_secs(arguments.lock_wait))?;
    let shop = Shop::new(config, state);
    if !arguments.once && !arguments.resync {
        let find = || Config::load(&Config::find(named)?);
        let ended = runtime.block_on(daemon::daemon(shop, arguments.force, &find));
        runtime.shutdown_background();
        return ended.map(|()| Exit::Done).map_err(|error| Failure { error, exit: Exit::Failed });
    }
    let kind = if arguments.resync { PassKind::Resync } else { PassKind::Sync };
    let log = PassLog::new(&shop.config.state.path, Failing::Error);
    let (report, events) = runtime.block_on(async {
        let stop = stop_on_signal();
        let bar = Bar::new();
        let tell = |step| bar.tell(step);
        let context = shop.catalog(false);
        let catalog = async {
            match &context {
                Some(context) => Some(sync::run(context, kind, arguments.force, &stop, &tell).await),
                None => None,
            }
        };
        let events = mirror(&shop, kind, arguments.force, &stop);
        let reports = tokio::join!(catalog, events);
        bar.finish();
        reports
    });
    // Whatever still reads or computes for an interrupted pass must not keep the program from ending.
    runtime.shutdown_background();
    let mut ended = None;
    if let Some(report) = report {
        tell(&report, log)?;
        let exit = exit(&report);
        if let Some(error) = report.error.filter(|_| !logging::is_in_journal()) {
            complain(&error.into(), exit);
        }
        ended = Some(exit);
    }
    if let Some(events) = events {
        tell_of_events(&events)?;
        let exit = Exit::of(events.row.outcome);
        for error in events.errors.into_iter().filter(|_| !logging::is_in_journal()) {
            complain(&error.into(), exit);
        }
        ended = Some(ended.map_or(exit, |other| other.or_worse(exit)));
    }
    Ok(ended.unwrap_or(Exit::Done))
}

/// Prints what a pass came to. The journal has it with its fields, and only once.
fn tell(report: &Report, mut log: PassLog) -> io::Result<()> {
    if logging::is_in_journal() {
        log.tell(report);
    }
    if logging::is_output_in_journal() { Ok(()) } else { writeln!(io::stdout(), "{}", report::pass_summary(report)) }
}

/// The same of a pass over the events.
fn tell_of_events(report: &lagerkoll::Report) -> io::Result<()> {
    if logging::is_in_journal() {
        EventsLog::new(Failing::Error).tell(report);
    } else if let Some(left) = report::left_behind(&report.left_behind) {
        warn!("{left}");
    }
    if logging::is_output_in_journal() { Ok(()) } else { writeln!(io::stdout(), "{}", report::events_summary(report)) }
}

/// A pass over the events, beside that over the catalogue; `None` when they are not mirrored.
async fn mirror(shop: &Shop, kind: PassKind, force: bool, stop: &CancellationToken) -> Option<lagerkoll::Report> {
    let settings = shop.config.lagerkoll.as_ref()?;
    Some(lagerkoll::run(settings, &shop.limits, &shop.state, Ask { kind, force }, stop).await)
}

/// The exit code of a pass.
pub(super) fn exit(report: &Report) -> Exit {
    let standing = report.refused + report.row.rejected;
    match (&report.error, Exit::of(report.row.outcome)) {
        (Some(error), _) if error.is_config() => Exit::Config,
        (Some(_), _) => Exit::Failed,
        (None, Exit::Done) if standing > 0 => Exit::Partial,
        (None, exit) => exit,
    }
}

/// Opens the state; waits for another instance as long as we may.
fn open(config: &Config, wait: Duration) -> Result<Writer, StateError> {
    let until = Instant::now() + wait;
    let mut told = false;
    loop {
        match Writer::open(&config.state.path, config.base_url()) {
            Err(StateError::Locked { path, holder }) if Instant::now() < until => {
                if !told {
                    let (path, seconds) = (path.display(), wait.as_secs());
                    info!("another instance (process {holder}) works with {path}; waiting up to {seconds} s");
                    told = true;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            other => return other,
        }
    }
}
