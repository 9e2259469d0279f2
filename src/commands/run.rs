//! `run`: a pass, or the daemon.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::outcome::{Exit, Failure, Outcome, complain, unheard};
use super::runtime::{runtime, stop_on_signal};
use crate::cli::{self, Format};
use crate::config::Config;
use crate::daemon;
use crate::heartbeat::Heart;
use crate::logging::Log;
use crate::pass::{Ask, Failing, Job, Notice, PassKind, PassLog, Report, Trouble, watch};
use crate::pause::Pause;
use crate::report::Bar;
use crate::shop::Shop;
use crate::state::{StateError, Writer};
use crate::systems::{nothing_to_do, systems};

pub(super) fn run(arguments: &cli::Run, config: Config, named: Option<&Path>, log: Log) -> Outcome {
    let is_daemon = !arguments.once && !arguments.resync;
    if is_daemon && arguments.format == Format::Json {
        let error = anyhow::anyhow!("--format json is of a single pass: add --once or --resync");
        return Err(Failure { error, exit: Exit::Config });
    }
    let runtime = runtime()?;
    config.warnings().iter().for_each(|warning| warn!("{warning}"));
    let state = open(&config, Duration::from_secs(arguments.lock_wait))?;
    let shop = Shop::new(config, state);
    if is_daemon {
        let find = || Config::load(&Config::find(named)?);
        let ended = runtime.block_on(daemon::daemon(shop, arguments.force, &find));
        runtime.shutdown_background();
        return ended.map(|()| Exit::Done).map_err(|error| Failure { error, exit: Exit::Failed });
    }
    let kind = if arguments.resync { PassKind::Resync } else { PassKind::Sync };
    let systems = systems();
    let jobs = systems.iter().filter_map(|system| system.job(&shop, false));
    let mut jobs: Vec<Arc<dyn Job>> = jobs.map(Arc::from).collect();
    jobs.sort_by_key(|job| job.follows_others());
    if jobs.is_empty() && arguments.format == Format::Text {
        unheard(writeln!(io::stdout(), "{}", nothing_to_do(&systems, &shop.config)))?;
    }
    let ask = Ask { kind, force: arguments.force };
    let reports = runtime.block_on(async {
        let stop = stop_on_signal();
        let (paused, path) = (stop.clone(), shop.state.path().to_owned());
        tokio::spawn(async move {
            Pause::begins(path).await;
            paused.cancel();
        });
        // On the threads where connections are served: from this one, every request would wake another.
        let passes = tokio::spawn(passes(shop.clone(), jobs.clone(), ask, stop));
        passes.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    });
    // Whatever still reads or computes for an interrupted pass must not keep the program from ending.
    runtime.shutdown_background();
    let mut ended: Option<Exit> = None;
    for (job, report) in jobs.iter().zip(reports) {
        unheard(tell(job.as_ref(), &report, arguments.format, log))?;
        let exit = report.exit;
        let errors = report.troubles.into_iter().filter_map(Trouble::into_error);
        for error in errors.filter(|_| !log.is_in_journal()) {
            complain(&error, exit, log);
        }
        ended = Some(ended.map_or(exit, |other| other.or_worse(exit)));
    }
    Ok(ended.unwrap_or(Exit::Done))
}

/// A pass of each job, in their order.
async fn passes(shop: Shop, jobs: Vec<Arc<dyn Job>>, ask: Ask, stop: CancellationToken) -> Vec<Report> {
    let heart = Heart::new(shop.limits.clients().clone());
    heart.expect(shop.config.notify.heartbeat.clone(), jobs.iter().map(|job| &**job), shop.state.path());
    let bar = Bar::new();
    let tell = |step| bar.tell(step);
    let caller = shop.config.caller();
    // What some leave, others go on with.
    let of_round = |follows: bool| {
        let jobs = jobs.iter().filter(move |job| job.follows_others() == follows);
        let (stop, tell, heart, caller) = (&stop, &tell, &heart, &caller);
        join_all(jobs.map(|job| async move {
            heart.begins(job.as_ref());
            let report = job.run(ask, stop, tell).await.typed(caller);
            heart.ended(job.as_ref(), &report);
            report
        }))
    };
    let mut reports = of_round(false).await;
    let is_paused = Pause::in_force(shop.state.path()).is_some();
    if let Err(error) = watch(&shop.state, &shop.audience(), jobs.clone(), None, is_paused).await {
        warn!("nobody is told whether passes are overdue, nor whether the disk is full: {error}");
    }
    reports.extend(of_round(true).await);
    bar.finish();
    heart.finish().await;
    reports
}

/// Prints what a pass came to. The journal has it with its fields, and only once.
fn tell(job: &dyn Job, report: &Report, format: Format, log: Log) -> io::Result<()> {
    if log.is_in_journal() {
        PassLog::new(None, Failing::Error).tell(job, report);
    } else {
        report.notices.iter().for_each(|notice| {
            if let Notice::News(text) = notice {
                warn!("{text}")
            }
        });
    }
    match format {
        // It had nothing to do.
        _ if report.summary.is_empty() => Ok(()),
        Format::Json => writeln!(io::stdout(), "{}", report.json(job.name())?),
        Format::Text if log.is_output_in_journal() => Ok(()),
        Format::Text => writeln!(io::stdout(), "{}", report.summary),
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
