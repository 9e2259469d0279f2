//! `history`: what was changed, when and why.

use std::io::{self, BufWriter, Write as _};

use jiff::Timestamp;

use super::look::{Look, note};
use super::outcome::{Exit, Failure, Outcome};
use crate::cli::{self, TableFormat};
use crate::moment::moment;
use crate::status::no_state;
use crate::systems::catalog::store::HistoryFilter;
use crate::systems::catalog::{history_csv, history_json, history_text};

pub(super) fn history(arguments: cli::History, look: &Look) -> Outcome {
    let cli::History { id, since, until, kind, field, format } = arguments;
    let now = Timestamp::now();
    let usage = |error: String| Failure { error: anyhow::anyhow!("{error}"), exit: Exit::Config };
    let since = since.map(|text| moment(&text, now)).transpose().map_err(usage)?;
    let until = until.map(|text| moment(&text, now)).transpose().map_err(usage)?;
    let filter = HistoryFilter {
        id,
        since: since.map(|moment| moment.begin),
        until: until.map(|moment| moment.end),
        change: kind.map(cli::ChangeChoice::change),
        field,
        is_done: false,
    };
    let reader = look.open()?;
    let mut out = BufWriter::new(io::stdout().lock());
    no_state(&reader).map_or(Ok(()), |absence| note(&absence))?;
    match format {
        TableFormat::Text => {
            let found = history_text(&reader, &filter, &mut out)?;
            if found == 0 && reader.exists() {
                writeln!(
                    out,
                    "No change is known{}.",
                    if filter == HistoryFilter::default() { " yet" } else { " that fits" }
                )?;
            }
        }
        TableFormat::Json => history_json(&reader, &filter, &mut out)?,
        TableFormat::Csv => history_csv(&reader, &filter, &mut out)?,
    }
    out.flush()?;
    Ok(Exit::Done)
}
