//! Telling a hook of an event: by a POST, by running a program, or by mail.

use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::SecretString;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use url::Url;

use super::answer::Answer;
use super::mail;
use super::sign::signature;
use crate::config::{Hook, HookTarget, is_loopback};
use crate::http_client::{self, no_client, retry_after, root_cause};
use crate::outbox::Pending;

/// An event as it is sent.
pub(super) struct Message<'a> {
    pub(super) pending: &'a Pending,
    pub(super) body: &'a str,
}

/// Sends an event once.
pub(super) async fn send(hook: &Hook, tools: &Tools, message: Message<'_>) -> Answer {
    match &hook.to {
        HookTarget::Url { url, secret } => match tools.clients.get(url) {
            Ok(client) => post((client, url), secret.as_ref(), hook.timeout, message).await,
            Err(error) => Answer::Failed(error, None),
        },
        HookTarget::Command(words) => run(words, hook.timeout, message).await,
        HookTarget::Mail { to, smtp } => {
            let event = (message.pending, message.body);
            mail::send(&tools.desk, (&hook.name, hook.timeout), (to, smtp), event).await
        }
    }
}

/// What is sent with.
pub(super) struct Tools {
    pub(super) clients: Clients,
    pub(super) desk: mail::Desk,
}

/// The clients of all hooks, each made when there is something to send: that takes longer than sending does.
#[derive(Default)]
pub(super) struct Clients {
    /// For what is on this machine.
    near: OnceLock<reqwest::Client>,
    far: OnceLock<reqwest::Client>,
}

impl Clients {
    fn get(&self, url: &Url) -> Result<&reqwest::Client, String> {
        let place = if is_loopback(url) { &self.near } else { &self.far };
        if let Some(client) = place.get() {
            return Ok(client);
        }
        // A redirect could lead what is told elsewhere. A connection that was kept may be closed when it is needed.
        let client = http_client::builder_for(url).redirect(Policy::none()).pool_max_idle_per_host(0).build();
        let client = client.map_err(|error| format!("no HTTP client: {}", no_client(&error)))?;
        Ok(place.get_or_init(|| client))
    }
}

async fn post(
    (client, url): (&reqwest::Client, &Url),
    secret: Option<&SecretString>,
    within: Duration,
    Message { pending, body }: Message<'_>,
) -> Answer {
    let failed = |error: String| Answer::Failed(error, None);
    let timestamp = Timestamp::now().as_second();
    let request = client
        .post(url.clone())
        .timeout(within)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &pending.id)
        .header("webhook-timestamp", timestamp.to_string())
        .body(body.to_owned());
    let request = match secret {
        Some(secret) => request.header("webhook-signature", signature(secret, &pending.id, timestamp, body)),
        None => request,
    };
    match request.send().await {
        Ok(answer) if answer.status().is_success() => Answer::Taken,
        Ok(answer) if answer.status() == StatusCode::GONE => Answer::Gone,
        Ok(answer) => {
            let asked = retry_after(answer.headers(), Timestamp::now());
            Answer::Failed(format!("answered {}", answer.status().as_u16()), asked)
        }
        Err(error) if error.is_timeout() => failed(format!("no answer within {} s", within.as_secs_f32())),
        // Its own words have the address, of which a part may be secret.
        Err(error) => failed(format!("no answer: {}", root_cause(&error.without_url()))),
    }
}

async fn run(words: &[String], within: Duration, Message { pending, body }: Message<'_>) -> Answer {
    let failed = |error: String| Answer::Failed(error, None);
    let Some((program, arguments)) = words.split_first() else { return failed("there is no program".to_owned()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // The program gets neither our secrets nor our connection to the service manager.
    let ours =
        |name: &str| name.starts_with("SHELFKEEPER_") || matches!(name, "CREDENTIALS_DIRECTORY" | "NOTIFY_SOCKET");
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| ours(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command.env("SHELFKEEPER_EVENT", &pending.kind).env("SHELFKEEPER_EVENT_ID", &pending.id);
    // Its children are killed with it.
    command.process_group(0).kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => Group(child),
        Err(error) => return failed(format!("{program} can't be run: {error}")),
    };
    match timeout(within, tell(&mut child.0, body)).await {
        Ok(Ok(status)) if status.success() => Answer::Taken,
        Ok(Ok(status)) => failed(format!("{program}: {status}")),
        Ok(Err(error)) => failed(format!("{program}: {error}")),
        Err(_) => {
            child.kill();
            let _ = child.0.wait().await;
            failed(format!("{program} took longer than {} s and was killed", within.as_secs_f32()))
        }
    }
}

/// Gives a program the event, and waits for its end.
async fn tell(child: &mut Child, body: &str) -> std::io::Result<std::process::ExitStatus> {
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends without reading it has its reasons.
        let _ = stdin.write_all(body.as_bytes()).await;
    }
    child.wait().await
}

/// A program and its children, which end with whoever waits for it.
struct Group(Child);

impl Group {
    fn kill(&self) {
        // One that has ended has no id any more.
        let group = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // It may have ended just now.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
