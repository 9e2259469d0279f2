//! `plan`: what the next pass would do.

use std::io::{self, BufWriter, Write as _};

use tokio_util::sync::CancellationToken;

use super::look::note;
use super::outcome::{Exit, Failure, Outcome, complain};
use super::runtime::{blocking, until_interrupted};
use crate::cli::{self, Format};
use crate::config::Config;
use crate::pass::{Ask, PassKind};
use crate::remote::Limits;
use crate::report::{self, EventTally};
use crate::state::Reader;
use crate::systems::catalog::{self as sync, Plan};
use crate::systems::events as lagerkoll;

pub(super) fn plan(arguments: cli::Plan, config: &Config) -> Outcome {
    // What keeps it from being opened is told by the plan itself.
    let absence = Reader::open(&config.state.path).ok().and_then(|reader| report::no_state(&reader));
    let kind = if arguments.resync { PassKind::Resync } else { PassKind::Sync };
    until_interrupted(async move {
        let stop = CancellationToken::new();
        let catalog = async {
            match &config.catalog {
                Some(settings) => sync::plan(settings, kind, &stop).await.map(Some),
                None => Ok(None),
            }
        };
        let (catalog, mut events) = tokio::join!(catalog, plan_events(config, kind, arguments.force));
        let (mut catalog, failed) = match catalog {
            Ok(plan) => (plan, None),
            Err(error) => (None, Some(Failure::from(error))),
        };
        let is_alone = config.catalog.is_none();
        if arguments.force {
            catalog.iter_mut().for_each(|plan| plan.guard = None);
            events.let_through();
        }
        blocking(move || {
            // What is known is shown all the same.
            let exit = print(&arguments, catalog.as_ref(), &events, is_alone)?;
            // Another plan would be made with a state.
            match (arguments.format, absence) {
                (_, None) => {}
                (Format::Text, Some(absence)) => writeln!(io::stdout(), "\n{absence}")?,
                (Format::Json, Some(absence)) => note(&absence)?,
            }
            let failures = failed.into_iter().chain(events.errors.into_iter().map(Failure::from));
            Ok(failures.fold(exit, |exit, failure| exit.or_worse(complain(&failure.error, failure.exit))))
        })
        .await
    })
}

/// The events' part of a plan; empty when there is none to be made.
async fn plan_events(config: &Config, kind: PassKind, force: bool) -> lagerkoll::Plan {
    match &config.lagerkoll {
        Some(settings) => lagerkoll::plan(settings, &Limits::default(), &config.state.path, Ask { kind, force }).await,
        None => lagerkoll::Plan::default(),
    }
}

/// Prints what is known. JSON is about the catalogue first of all: where that can't be planned there is none.
fn print(arguments: &cli::Plan, catalog: Option<&Plan>, events: &lagerkoll::Plan, is_alone: bool) -> Outcome {
    let mut out = BufWriter::new(io::stdout().lock());
    match (arguments.format, catalog) {
        (Format::Text, catalog) => {
            catalog.map_or(Ok(()), |plan| report::plan_text(plan, &mut out))?;
            report::event_plan_text(events, &mut out)?;
        }
        (Format::Json, Some(plan)) => report::plan_json(plan, events, &mut out)?,
        (Format::Json, None) if is_alone => report::event_plan_json(events, &mut out)?,
        (Format::Json, None) => {}
    }
    out.flush()?;
    let is_refused = events.guard().is_some() || catalog.is_some_and(|plan| plan.guard.is_some());
    let has_changes = EventTally::of(events).all() > 0 || catalog.is_some_and(|plan| plan.summary.sent() > 0);
    Ok(match (is_refused, arguments.detailed_exitcode && has_changes) {
        (true, _) => Exit::Refused,
        (false, true) => Exit::Changes,
        (false, false) => Exit::Done,
    })
}
