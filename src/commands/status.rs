//! `status`: how things stand.

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::look::{Look, note};
use super::outcome::{Exit, Outcome};
use crate::cli::{self, Format};
use crate::status::Status;

/// Passes that a person is shown.
const PASSES: u32 = 5;

pub(super) fn status(arguments: &cli::Status, config: &Path) -> Outcome {
    let (look, ()) = Look::quietly_in_spite(config, |_| ())?;
    let reader = look.open()?;
    let status = Status::read(&reader, &look.systems, look.caller.clone())?;
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        Format::Text => {
            let status = status.noting(look.notes());
            status.print_text(arguments.passes.unwrap_or(PASSES), &mut out)?;
        }
        Format::Json => {
            look.tell_broken()?;
            status.absence()?.map_or(Ok(()), |absence| note(&absence))?;
            status.print_json(u64::MAX, arguments.passes, &mut out)?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}
