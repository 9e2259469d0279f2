//! `status`: how things stand.

use std::io::{self, BufWriter, Write as _};

use super::{Exit, Outcome};
use crate::cli::{self, Format};
use crate::config::Config;
use crate::lagerkoll::Names;
use crate::report::Status;
use crate::state::Reader;

pub(super) fn status(arguments: &cli::Status, config: &Config) -> Outcome {
    let reader = Reader::open(&config.state.path)?;
    reader.check_base(config.nicechat.base_url.as_str())?;
    let events = config.lagerkoll.as_ref().map(Names::of);
    let status = Status::read(&reader, events.as_ref())?;
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        Format::Text => status.print_text(&mut out)?,
        Format::Json => status.print_json(u64::MAX, &mut out)?,
    }
    out.flush()?;
    Ok(Exit::Done)
}
