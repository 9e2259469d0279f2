//! `rejected`: which rows of the feed the shop has to mend.

use std::io::{self, BufWriter, Write as _};

use super::look::{Look, note};
use super::outcome::{Exit, Outcome};
use crate::cli::{self, TableFormat};
use crate::status::no_state;
use crate::systems::catalog::{rejected_csv, rejected_json, rejected_text, was_feed_read};

pub(super) fn rejected(arguments: &cli::Rejected, look: &Look) -> Outcome {
    let reader = look.open()?;
    no_state(&reader).map_or(Ok(()), |absence| note(&absence))?;
    let was_read = was_feed_read(&reader)?;
    if reader.exists() && !was_read {
        note("no feed was read yet: what is rejected of it is known after the first pass that reads one")?;
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        TableFormat::Text => {
            if rejected_text(&reader, u64::MAX, &mut out)? == 0 && was_read {
                writeln!(out, "No row of the last feed is rejected.")?;
            }
        }
        TableFormat::Json => rejected_json(&reader, None, &mut out)?,
        TableFormat::Csv => rejected_csv(&reader, None, u64::MAX, &mut out)?,
    }
    out.flush()?;
    Ok(Exit::Done)
}
