//! Oct8ne's own addresses: linking a shop up, and telling of a visitor's changes.

use std::time::Duration;

use backon::Retryable as _;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use thiserror::Error;

use crate::http_client::{self, retry_after};

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(30);
/// Further tries of what may be repeated.
const RETRIES: u32 = 5;
/// Before the first of them: somebody waits for the command.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// A connection to Oct8ne.
pub struct Backoffice {
    http: reqwest::Client,
    server: String,
}

/// What a link-up gave.
pub struct Linked {
    /// What Oct8ne will ask with.
    pub token: SecretString,
    /// The shop's licence.
    pub license: String,
    /// Where it is from now on, if it says so.
    pub server: Option<String>,
    /// The same of its scripts.
    pub static_server: Option<String>,
}

/// Why Oct8ne didn't do as it was asked.
#[derive(Debug, Error)]
pub enum Refusal {
    /// It said no.
    #[error("Oct8ne refuses: {0}")]
    Refused(String),
    /// It didn't answer, or not as it should.
    #[error("{0}")]
    Failed(String),
}

/// A try that failed.
struct Failed {
    /// Another one may do better.
    can_pass: bool,
    /// After so long.
    asks: Option<Duration>,
    why: Refusal,
}

impl Backoffice {
    /// `server` = its address, with the scheme and without a slash at the end.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub fn new(server: &str) -> Result<Backoffice, Refusal> {
        let builder = http_client::builder().timeout(WITHIN).redirect(reqwest::redirect::Policy::none());
        let builder = if server.starts_with("http://") { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| Refusal::Failed(http_client::no_client(&error)))?;
        Ok(Backoffice { http, server: server.to_owned() })
    }

    /// Links a shop up. Sent once: who knows what a second one would do.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn link(&self, email: &str, password: &SecretString, shop: &str, is_on: bool) -> Result<Linked, Refusal> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("email", email)
            .append_pair("pass", password.expose_secret())
            .append_pair("platform", "Custom")
            .append_pair("urlDomain", shop)
            .append_pair("statusPlatform", if is_on { "true" } else { "false" })
            .finish();
        let url = format!("{}/platformConnection/linkup", self.server);
        let call = self.http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = call.send().await.map_err(|error| self.failed(error))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| self.failed(error))?;
        let fields: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |name: &str| {
            let fields = fields.as_object()?;
            let (_, value) = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            let text = value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()));
            text.filter(|text| !text.trim().is_empty())
        };
        match (text("apiToken"), text("licenseId")) {
            (Some(token), Some(license)) if status.is_success() => {
                Ok(Linked { token: token.into(), license, server: text("server"), static_server: text("urlStatic") })
            }
            _ => {
                let message = text("Message").map(|message| crate::text::plain(&message, 300));
                let message = message.map(|message| message.replace(password.expose_secret(), "***"));
                Err(Refusal::Refused(message.unwrap_or_else(|| format!("it says HTTP {status} and no token"))))
            }
        }
    }

    /// Tells that something of a visitor's has changed.
    ///
    /// # Errors
    /// When it can't be delivered.
    pub async fn update(&self, visitor: &str, what: &str) -> Result<(), Refusal> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("visitor", visitor)
            .append_pair("what", what)
            .finish();
        let url = format!("{}/platformConnection/update?{query}", self.server);
        let send = async || {
            let answer = self.http.post(&url).header("content-length", "0").send().await;
            let answer = answer.map_err(|error| Failed { can_pass: true, asks: None, why: self.failed(error) })?;
            let status = answer.status();
            if status.is_success() {
                return Ok(());
            }
            Err(Failed {
                can_pass: status.is_server_error() || matches!(status.as_u16(), 408 | 429),
                asks: retry_after(answer.headers(), Timestamp::now()),
                why: Refusal::Failed(format!("{}: HTTP {status}", self.server)),
            })
        };
        let waits = http_client::waits(RETRIES).with_min_delay(FIRST_WAIT);
        let sent = send.retry(waits).sleep(tokio::time::sleep).when(|failed| failed.can_pass);
        let sent = sent.adjust(|failed, wait| http_client::as_asked(failed.asks, wait));
        sent.await.map_err(|failed| failed.why)
    }

    fn failed(&self, error: reqwest::Error) -> Refusal {
        Refusal::Failed(format!("{}: no answer: {}", self.server, http_client::root_cause(&error.without_url())))
    }
}
