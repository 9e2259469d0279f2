//! `status`: how things stand.

use std::io::{self, BufWriter, Write as _};

use super::look::{Look, note};
use super::outcome::{Exit, Outcome};
use crate::cli::{self, Format};
use crate::status::{Status, no_state};

pub(super) fn status(arguments: &cli::Status, look: &Look) -> Outcome {
    let reader = look.open()?;
    let status = Status::read(&reader, look.events.as_ref())?;
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        Format::Text => status.print_text(&mut out)?,
        Format::Json => {
            no_state(&reader).map_or(Ok(()), |absence| note(&absence))?;
            status.print_json(u64::MAX, &mut out)?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}
