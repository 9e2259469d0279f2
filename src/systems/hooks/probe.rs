//! Whether a hook could be told.

use super::mail;
use crate::config::{Hook, HookTarget};
use crate::{files, http_client};

/// Asks a hook's host, which is told nothing; of a program, whether it is there; a mail server, whether it takes us.
pub(super) async fn probe(hook: &Hook) -> anyhow::Result<String> {
    let name = &hook.name;
    match &hook.to {
        HookTarget::Url { url, .. } => {
            // Its path and query may be what it knows us by.
            let host = url.origin().ascii_serialization();
            let answered = http_client::status_of(&host).await;
            let status = answered.map_err(|error| anyhow::anyhow!("{name}: {host}: {error}"))?;
            Ok(format!("{name}: {host} answers (HTTP {status})"))
        }
        HookTarget::Command(words) => {
            let program = words.first().map(String::as_str).unwrap_or_default();
            anyhow::ensure!(files::finds_program(program), "{name}: there is no program {program} that we may run");
            Ok(format!("{name}: {program} is there"))
        }
        HookTarget::Mail { smtp, .. } => {
            let said = mail::greet(smtp).await;
            said.map(|said| format!("{name}: {said}"))
                .map_err(|error| anyhow::anyhow!("{name}: {}: {error}", smtp.place()))
        }
    }
}
