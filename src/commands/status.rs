//! `status`: how things stand.

use std::io::{self, BufWriter, Write as _};

use super::{Exit, Outcome};
use crate::cli::{self, Format};
use crate::config::Config;
use crate::lagerkoll;
use crate::report::Status;
use crate::state::Reader;

pub(super) fn status(arguments: &cli::Status, config: &Config) -> Outcome {
    let reader = Reader::open(&config.state.path)?;
    reader.check_base(config.nicechat.base_url.as_str())?;
    let mirror = config.lagerkoll.as_ref().map(lagerkoll::place);
    let status = Status::read(&reader, mirror.as_deref())?;
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        Format::Text => status.print_text(&mut out)?,
        Format::Json => writeln!(out, "{}", status.to_json())?,
    }
    out.flush()?;
    Ok(Exit::Done)
}
