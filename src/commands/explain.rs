//! `explain`: one product's way.

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::look::{Look, note};
use super::outcome::{Exit, Outcome};
use super::runtime::{blocking, until_interrupted};
use crate::cli::{self, Format};
use crate::config::Config;
use crate::pause::Pause;
use crate::status::no_state;
use crate::systems::catalog::{ExplainedBy, Explanation, explain as find_out, explanation_json, explanation_text};

pub(super) fn explain(arguments: &cli::Explain, path: &Path) -> Outcome {
    let look = Look::load(path)?;
    let mut may_ask = !arguments.offline;
    let by = match Config::load(path) {
        Ok(config) => ExplainedBy::of(&config),
        // Whoever may not see the secrets may still look; only a feed behind a password isn't asked for then.
        Err(_) => {
            let by = Config::without_secrets(path, ExplainedBy::of)?;
            may_ask &= by.as_ref().is_some_and(|by| by.source().credentials.is_none());
            by
        }
    };
    let reader = look.open()?;
    no_state(&reader).map_or(Ok(()), |absence| note(&absence))?;
    let (program, pause) = (look.caller.program.clone(), Pause::in_force(reader.path()));
    let (id, format) = (arguments.id.trim().to_owned(), arguments.format);
    until_interrupted(async move {
        let explanation = find_out(by.as_ref(), &reader, &id, may_ask).await?;
        blocking(move || print(&explanation, (&program, pause.as_ref()), format)).await
    })
}

fn print(explanation: &Explanation, (program, pause): (&str, Option<&Pause>), format: Format) -> Outcome {
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        Format::Text => {
            pause.map_or(Ok(()), |pause| writeln!(out, "{}\n", pause.headline(program).text))?;
            explanation_text(explanation, program, &mut out)?;
        }
        Format::Json => {
            let mut told = explanation_json(explanation, program);
            if let Some(pause) = pause {
                told["paused"] = pause.json();
            }
            writeln!(out, "{told}")?;
        }
    }
    out.flush()?;
    Ok(if explanation.is_empty() { Exit::Failed } else { Exit::Done })
}
