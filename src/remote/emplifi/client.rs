//! The two questions of the API page, a single try each: whoever asks on a timer asks again.

use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;

use super::service::Emplifi;
use crate::config::{self, Question};
use crate::http_client::Clients;
use crate::remote::error::{CallError, ConnectError};
use crate::remote::http::{Client, Request, Settings};
use crate::remote::limit::{Limit, Silence};
use crate::remote::redact::Secrets;
use crate::remote::traffic::Traffic;

/// What an alias may hold unescaped in a path: the unreserved characters of RFC 3986.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const ROOT: &str = "gis/rest/api/v1/live-advisor";

/// Asks whether advisors are there.
pub struct Reader {
    client: Client<Emplifi>,
    limit: Arc<Limit>,
}

/// Prepares calls; nothing is sent yet.
///
/// # Errors
/// When no HTTP client can be made, or no header hold the key.
pub fn connect(settings: &config::Emplifi, limit: &Arc<Limit>) -> Result<Reader, ConnectError> {
    let service = Emplifi::new(&settings.api_key)?;
    let calls = Settings {
        base: &settings.base_url,
        timeout: settings.timeout,
        retries: 0,
        told: Secrets::new([&settings.api_key]),
        // Nothing is kept of an answer but a word that we know.
        kept: Secrets::new([]),
    };
    Ok(Reader {
        client: Client::new(service, calls, Arc::clone(limit), &Clients::default())?,
        limit: Arc::clone(limit),
    })
}

impl Reader {
    /// Asks a question, once. True = somebody is there.
    ///
    /// # Errors
    /// When the answer doesn't say.
    pub async fn ask(&self, question: &Question) -> Result<bool, CallError> {
        let request = match question {
            Question::Direct(alias) => {
                let alias = utf8_percent_encode(alias, IN_PATH);
                let url = self.client.url(&format!("{ROOT}/direct/{alias}/is-available"))?;
                Request { method: Method::GET, url, body: Bytes::new() }
            }
            Question::MultiLevel(rule) => {
                let body = serde_json::to_vec(rule).map_err(CallError::unsendable)?.into();
                let url = self.client.url(&format!("{ROOT}/multi-level/any-available"))?;
                Request { method: Method::POST, url, body }
            }
        };
        self.client.call_once(&request, Ok).await
    }

    /// How long Emplifi still asks to be left alone.
    pub fn silence(&self) -> Option<Silence> {
        self.limit.silence()
    }

    /// What went over the connection since this was asked last.
    pub fn take_traffic(&self) -> Traffic {
        std::mem::take(&mut *self.client.traffic())
    }
}
