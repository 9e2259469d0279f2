//! `sandbox`: an in-memory NiceChat, Lagerkoll, Emplifi and NewStore to try things on.

use std::io::{self, Write as _};

use super::outcome::{Exit, Failure, Outcome};
use super::runtime::{runtime, stop_on_signal};
use crate::cli;
use ::sandbox::{Options, Sandbox};

pub(super) fn sandbox(arguments: &cli::Sandbox) -> Outcome {
    if !arguments.listen.ip().is_loopback() {
        let error = anyhow::anyhow!("--listen {}: the sandbox listens on loopback addresses only", arguments.listen);
        return Err(Failure { error, exit: Exit::Config });
    }
    runtime()?.block_on(async {
        let options = Options { listen: arguments.listen, ..Options::default() };
        let sandbox = Sandbox::start(options).await.map_err(|error| Failure {
            error: anyhow::anyhow!("can't listen on {}: {error}", arguments.listen),
            exit: Exit::Failed,
        })?;
        let mut out = io::stdout();
        writeln!(out, "{}\n{}", sandbox.config_section(), sandbox.lagerkoll_section().trim_end())?;
        writeln!(out, "\n{}", sandbox.emplifi_section().trim_end())?;
        writeln!(out, "\n{}", sandbox.newstore_section().trim_end())?;
        writeln!(
            out,
            "\n# To try Oct8ne, set public_listen = \"127.0.0.1:8788\" in section [http], and take these lines in:"
        )?;
        sandbox.oct8ne_section().lines().try_for_each(|line| writeln!(out, "# {line}"))?;
        writeln!(out, "# {}/sandbox/ tells how to look inside and how to make it misbehave.", sandbox.base_url())?;
        out.flush()?;
        stop_on_signal().cancelled().await;
        Ok(Exit::Done)
    })
}
