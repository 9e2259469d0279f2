//! `plan`: what the next pass would do.

use std::io::{self, BufWriter, Write as _};

use tokio_util::sync::CancellationToken;

use super::{Exit, Failure, Outcome, blocking, until_interrupted};
use crate::cli::{self, Format};
use crate::config::Config;
use crate::lagerkoll;
use crate::report::{self, EventTally};
use crate::state::PassKind;
use crate::sync::{self, Plan};

pub(super) fn plan(arguments: cli::Plan, config: &Config) -> Outcome {
    let kind = if arguments.resync { PassKind::Resync } else { PassKind::Sync };
    until_interrupted(async move {
        let stop = CancellationToken::new();
        let catalog = async { Ok::<_, Failure>(sync::plan(config, kind, &stop).await?) };
        let (mut plan, mut events) = tokio::try_join!(catalog, plan_events(config, kind))?;
        if arguments.force {
            plan.guard = None;
            events.let_through();
        }
        blocking(move || print(&arguments, &plan, &events)).await
    })
}

/// The events' part of a plan; empty when there is none to be made.
async fn plan_events(config: &Config, kind: PassKind) -> Result<lagerkoll::Plan, Failure> {
    match &config.lagerkoll {
        Some(settings) => Ok(lagerkoll::plan(settings, &config.state.path, kind).await?),
        None => Ok(lagerkoll::Plan::default()),
    }
}

fn print(arguments: &cli::Plan, plan: &Plan, events: &lagerkoll::Plan) -> Outcome {
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        Format::Text => {
            report::plan_text(plan, &mut out)?;
            report::event_plan_text(events, &mut out)?;
        }
        Format::Json => report::plan_json(plan, events, &mut out)?,
    }
    out.flush()?;
    let has_changes = plan.summary.sent() > 0 || EventTally::of(events).all() > 0;
    Ok(match plan {
        plan if plan.guard.is_some() || events.guard().is_some() => Exit::Refused,
        _ if arguments.detailed_exitcode && has_changes => Exit::Changes,
        _ => Exit::Done,
    })
}
