//! `plan`: what the next pass would do.

use std::io::{self, BufWriter, Write as _};

use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::look::note;
use super::outcome::{Exit, Outcome, complain, unheard};
use super::runtime::{blocking, until_interrupted};
use crate::cli::{self, Format};
use crate::config::Config;
use crate::logging::Log;
use crate::pass::{Ask, Counts, PassKind, Planned, all_held};
use crate::pause::Pause;
use crate::remote::Limits;
use crate::report::PrintError;
use crate::state::Reader;
use crate::status::no_state;
use crate::systems::{nothing_to_do, systems};

pub(super) fn plan(arguments: cli::Plan, config: &Config, log: Log) -> Outcome {
    // What keeps it from being opened is told by the plan itself.
    let absence = Reader::open(&config.state.path).ok().and_then(|reader| no_state(&reader));
    let pause = Pause::in_force(&config.state.path);
    let kind = if arguments.resync { PassKind::Resync } else { PassKind::Sync };
    let ask = Ask { kind, force: arguments.force };
    let by_hand = systems().iter().any(|system| system.by_hand(config).is_some());
    let idle = by_hand.then(|| nothing_to_do(&systems(), config));
    let program = config.program.clone();
    until_interrupted(async move {
        let (stop, limits, systems) = (CancellationToken::new(), Limits::default(), systems());
        let planned = join_all(systems.iter().map(|system| system.plan(config, &limits, ask, &stop))).await;
        let (mut plans, mut failures) = (Plans::default(), Vec::new());
        for plan in planned.into_iter().flatten() {
            match plan {
                Ok(plan) => plans.0.push(plan),
                Err(failure) => failures.push(failure),
            }
        }
        let idle = idle.filter(|_| plans.0.is_empty() && failures.is_empty() && arguments.format == Format::Text);
        blocking(move || {
            unheard(idle.map_or(Ok(()), |idle| writeln!(io::stdout(), "{idle}")))?;
            // What is known is shown all the same, but for a JSON that lacks a part of it.
            let exit = plans.show(&arguments, &program, failures.is_empty(), pause.as_ref())?;
            // Another plan would be made with a state.
            match (arguments.format, absence) {
                (_, None) => {}
                (Format::Text, Some(absence)) => unheard(writeln!(io::stdout(), "\n{absence}"))?,
                (Format::Json, Some(absence)) => note(&absence)?,
            }
            failures.extend(plans.0.iter_mut().flat_map(|plan| plan.failures()));
            Ok(failures
                .into_iter()
                .fold(exit, |exit, failure| exit.or_worse(complain(&failure.error, failure.exit, log))))
        })
        .await
    })
}

/// The plans of all systems.
#[derive(Default)]
struct Plans(Vec<Box<dyn Planned>>);

impl Plans {
    fn show(&self, arguments: &cli::Plan, program: &str, is_whole: bool, pause: Option<&Pause>) -> Outcome {
        match self.print(arguments, program, is_whole, pause) {
            Err(PrintError::Io(error)) => unheard(Err(error))?,
            printed => printed?,
        }
        let has_changes = self.0.iter().any(|plan| plan.changes() > 0);
        Ok(match (self.guard().is_some(), arguments.detailed_exitcode && has_changes) {
            (true, _) => Exit::Held,
            (false, true) => Exit::Changes,
            (false, false) => Exit::Done,
        })
    }

    fn print(
        &self,
        arguments: &cli::Plan,
        program: &str,
        is_whole: bool,
        pause: Option<&Pause>,
    ) -> Result<(), PrintError> {
        let mut out = BufWriter::new(io::stdout().lock());
        match arguments.format {
            Format::Text => {
                pause.map_or(Ok(()), |pause| writeln!(out, "{}\n", pause.headline(program).text))?;
                self.0.iter().try_for_each(|plan| plan.print(program, &mut out))?;
            }
            Format::Json if is_whole => self.print_json(pause, &mut out)?,
            Format::Json => {}
        }
        Ok(out.flush()?)
    }

    fn guard(&self) -> Option<Value> {
        all_held(self.0.iter().filter_map(|plan| plan.guard()))
    }

    /// Prints all of it as JSON, operation by operation: a plan may be larger than memory.
    fn print_json(&self, pause: Option<&Pause>, out: &mut impl io::Write) -> io::Result<()> {
        let mut fields = Map::new();
        fields.insert("source".to_owned(), json!({"items": 0, "rejected": 0, "unchanged": 0}));
        fields.insert("strategy".to_owned(), json!("api"));
        fields.extend(pause.map(|pause| ("paused".to_owned(), pause.json())));
        self.0.iter().for_each(|plan| fields.extend(plan.fields()));
        write!(out, "{{")?;
        fields.iter().try_for_each(|(name, value)| write!(out, "{}:{value},", json!(name)))?;
        write!(out, "\"operations\":[")?;
        let mut separator = "";
        for plan in &self.0 {
            plan.each_operation(&mut |operation| {
                write!(out, "{separator}\n{operation}")?;
                separator = ",";
                Ok(())
            })?;
        }
        let Counts { create, update, delete, disable } =
            self.0.iter().map(|plan| plan.counts()).fold(Counts::default(), std::ops::Add::add);
        let summary = json!({"create": create, "update": update, "delete": delete, "disable": disable});
        write!(out, "],\"held_operations\":[")?;
        let mut separator = "";
        for plan in &self.0 {
            plan.each_held_operation(&mut |operation| {
                write!(out, "{separator}\n{operation}")?;
                separator = ",";
                Ok(())
            })?;
        }
        writeln!(out, "],\"summary\":{summary},\"guard\":{}}}", json!(self.guard()))
    }
}
