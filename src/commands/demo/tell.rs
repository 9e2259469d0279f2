//! Passes of the demo, and what is said of them.

use std::io::{self, Write as _};

use tokio_util::sync::CancellationToken;

use crate::pass::{Ask, Job, PassKind, Report, Trouble};
use crate::report::Bar;
use crate::text::fold;

/// Makes a pass, and tells what it came to.
pub(super) async fn pass(job: &dyn Job, stop: &CancellationToken) -> anyhow::Result<Report> {
    let bar = Bar::new();
    let mut report = job.run(Ask { kind: PassKind::Sync, force: false }, stop, &|step| bar.tell(step)).await;
    bar.finish();
    report.summary.lines().try_for_each(|line| say(&fold(line, 2)))?;
    let error = std::mem::take(&mut report.troubles).into_iter().find_map(Trouble::into_error);
    error.map_or(Ok(report), Err)
}

pub(super) fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
