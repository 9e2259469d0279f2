//! Feed imports: NiceChat fetches a whole feed by itself (API page, section "Feeds").

use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::client::{IN_PATH, Reader, Writer, body};
use super::reply::IMPORT;
use crate::remote::error::CallError;
use crate::remote::http::Request;

/// The formats that NiceChat imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ImportFormat {
    /// Google Merchant, delimited text.
    #[serde(rename = "google-csv")]
    GoogleCsv,
    /// YML.
    #[serde(rename = "yml")]
    Yml,
}

/// What NiceChat is asked to import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Push {
    /// The feed's format.
    pub format: ImportFormat,
    /// Where NiceChat fetches it.
    pub url: String,
    /// Where it tells once that it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
}

/// How far NiceChat says that an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportStatus {
    /// In its queue.
    Enqueued,
    /// Under way, or in a state that isn't documented: it is not over.
    Started,
    /// Over, and done.
    Success,
    /// Over, and not done.
    Failed,
}

impl ImportStatus {
    fn of(name: &str) -> ImportStatus {
        match name {
            "enqueued" => ImportStatus::Enqueued,
            "success" => ImportStatus::Success,
            "failed" => ImportStatus::Failed,
            _ => ImportStatus::Started,
        }
    }
}

/// What NiceChat says of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportResult {
    /// How far it is.
    pub status: ImportStatus,
    /// When it was put into the queue, by NiceChat's clock.
    pub pushed: Option<Timestamp>,
    /// When NiceChat last had news of it, by the same clock.
    pub updated: Option<Timestamp>,
    /// How many elements it imported; told at the end, if at all.
    pub imported: Option<u64>,
}

/// The `result` of a push.
#[derive(Deserialize)]
struct Pushed {
    token: Value,
}

/// The `result` of a poll. What is not needed may be of any type. The count is spelled with blanks on
/// the page, with underscores in callbacks.
#[derive(Deserialize)]
struct Polled {
    state: String,
    #[serde(default)]
    pushed: Value,
    #[serde(default)]
    updated: Value,
    #[serde(default, rename = "imported elements count", alias = "imported_elements_count")]
    imported: Value,
}

/// In bytes; NiceChat's have 36.
const LONGEST_TOKEN: usize = 200;

/// A token that can be asked after: not empty, and nothing that a URL takes for a folder.
fn usable(token: &Value) -> Option<String> {
    let text = match token {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let is_usable = text.len() <= LONGEST_TOKEN && !text.contains(char::is_control);
    (is_usable && !matches!(text.as_str(), "" | "." | "..")).then_some(text)
}

impl Writer {
    /// Asks NiceChat to import a feed, and gives the token to ask after it with.
    ///
    /// # Errors
    /// As of any call. When the answer is lost ([`CallError::is_in_doubt`]) it is not asked again: the
    /// import may be under way.
    pub async fn push_import(&self, push: &Push) -> Result<String, CallError> {
        let url = self.0.url(IMPORT)?;
        let request = Request { method: Method::POST, url, body: body(push)? };
        let token = |result: Option<&RawValue>| {
            let pushed = result.and_then(|result| serde_json::from_str(result.get()).ok());
            let token = pushed.and_then(|Pushed { token }| usable(&token));
            token.ok_or_else(|| CallError::no_answer("the answer to the push has no token"))
        };
        self.0.call_at_most_once(&request, token).await
    }
}

impl Reader {
    /// How far an import is.
    ///
    /// # Errors
    /// As of any call, but it is sent once: who asks will ask again. [`CallError::Missing`] when NiceChat
    /// knows no such token.
    pub async fn import_result(&self, token: &str) -> Result<ImportResult, CallError> {
        let path = format!("marketplaces/v1/import-products-result/{}/", utf8_percent_encode(token, IN_PATH));
        let request = Request { method: Method::GET, url: self.0.url(&path)?, body: bytes::Bytes::new() };
        let polled = |result: Option<&RawValue>| {
            let polled = result.and_then(|result| serde_json::from_str::<Polled>(result.get()).ok());
            polled.ok_or_else(|| CallError::no_answer("the import's result has another shape than documented"))
        };
        let polled = self.0.call_once(&request, polled).await?;
        let imported = match &polled.imported {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_u64(),
        };
        let time = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        let (pushed, updated) = (time(&polled.pushed), time(&polled.updated));
        Ok(ImportResult { status: ImportStatus::of(&polled.state), pushed, updated, imported })
    }
}
