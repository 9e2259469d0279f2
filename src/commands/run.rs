//! `run`: a pass, or the daemon.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::info;

use super::{Exit, Failure, Outcome, complain, runtime, stop_on_signal};
use crate::cli;
use crate::config::Config;
use crate::jobs;
use crate::report::{self, Bar};
use crate::state::{self, PassKind, StateError, Writer};
use crate::sync::{self, Context, Exchange, Report};

pub(super) fn run(arguments: &cli::Run, config: Config, named: Option<&Path>) -> Outcome {
    let runtime = runtime()?;
    let state = open(&config, Duration::from_secs(arguments.lock_wait))?;
    let context = Context {
        config: Arc::new(config),
        state: Arc::new(state),
        exchange: Exchange::default(),
        is_listening: false,
    };
    if !arguments.once && !arguments.resync {
        let find = || Config::load(&Config::find(named)?);
        let ended = runtime.block_on(jobs::daemon(context, arguments.force, &find));
        runtime.shutdown_background();
        return ended.map(|()| Exit::Done).map_err(|error| Failure { error, exit: Exit::Failed });
    }
    let kind = if arguments.resync { PassKind::Resync } else { PassKind::Sync };
    let report = runtime.block_on(async {
        let bar = Bar::new();
        let report = sync::run(&context, kind, arguments.force, &stop_on_signal(), &|step| bar.tell(step)).await;
        bar.finish();
        report
    });
    // Whatever still reads or computes for an interrupted pass must not keep the program from ending.
    runtime.shutdown_background();
    let exit = exit(&report);
    writeln!(io::stdout(), "{}", report::summary_line(&report))?;
    if let Some(error) = report.error {
        return Ok(complain(&error.into(), exit));
    }
    Ok(exit)
}

/// The exit code of a pass.
pub(super) fn exit(report: &Report) -> Exit {
    let standing = report.refused + report.row.rejected;
    match (&report.error, report.row.outcome) {
        (Some(error), _) if error.is_config() => Exit::Config,
        (Some(_), _) | (None, state::Outcome::Failed) => Exit::Failed,
        (None, state::Outcome::Refused) => Exit::Refused,
        (None, state::Outcome::Partial) => Exit::Partial,
        (None, _) if standing > 0 => Exit::Partial,
        (None, _) => Exit::Done,
    }
}

/// Opens the state; waits for another instance as long as we may.
fn open(config: &Config, wait: Duration) -> Result<Writer, StateError> {
    let until = Instant::now() + wait;
    let mut told = false;
    loop {
        match Writer::open(&config.state.path, config.nicechat.base_url.as_str()) {
            Err(error @ StateError::Locked { .. }) if Instant::now() < until => {
                if !told {
                    info!(%error, "waiting for it");
                    told = true;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            other => return other,
        }
    }
}
