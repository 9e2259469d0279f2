//! `plan`: what the next pass would do.

use std::io::{self, BufWriter, Write as _};

use super::{Exit, Outcome, runtime, stop_on_signal};
use crate::cli::{self, Format};
use crate::config::Config;
use crate::report;
use crate::state::PassKind;
use crate::sync;

pub(super) fn plan(arguments: &cli::Plan, config: &Config) -> Outcome {
    let kind = if arguments.resync { PassKind::Resync } else { PassKind::Sync };
    let mut planned = runtime()?.block_on(async { sync::plan(config, kind, &stop_on_signal()).await })?;
    if arguments.force {
        planned.plan.guard = None;
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        Format::Text => report::plan_text(&planned.plan, &mut out)?,
        Format::Json => report::plan_json(&planned.plan, &mut out)?,
    }
    out.flush()?;
    Ok(match planned.plan {
        plan if plan.guard.is_some() => Exit::Refused,
        plan if arguments.detailed_exitcode && plan.summary.sent() > 0 => Exit::Changes,
        _ => Exit::Done,
    })
}
