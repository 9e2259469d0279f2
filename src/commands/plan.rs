//! `plan`: what the next pass would do.

use std::io::{self, BufWriter, Write as _};

use tokio_util::sync::CancellationToken;

use super::{Exit, Outcome, blocking, until_interrupted};
use crate::cli::{self, Format};
use crate::config::Config;
use crate::report;
use crate::state::PassKind;
use crate::sync::{self, Plan};

pub(super) fn plan(arguments: cli::Plan, config: &Config) -> Outcome {
    let kind = if arguments.resync { PassKind::Resync } else { PassKind::Sync };
    until_interrupted(async move {
        let mut plan = sync::plan(config, kind, &CancellationToken::new()).await?;
        if arguments.force {
            plan.guard = None;
        }
        blocking(move || print(&arguments, &plan)).await
    })
}

fn print(arguments: &cli::Plan, plan: &Plan) -> Outcome {
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        Format::Text => report::plan_text(plan, &mut out)?,
        Format::Json => report::plan_json(plan, &mut out)?,
    }
    out.flush()?;
    Ok(match plan {
        plan if plan.guard.is_some() => Exit::Refused,
        plan if arguments.detailed_exitcode && plan.summary.sent() > 0 => Exit::Changes,
        _ => Exit::Done,
    })
}
