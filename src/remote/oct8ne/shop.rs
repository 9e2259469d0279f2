//! The shop's own addresses. What they say of a customer is kept nowhere, and no error shows an address: it may hold an
//! e-mail.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};

use crate::http_client;

/// Bytes of an answer that are looked at.
const LARGEST: usize = 1 << 20;

/// Asks the shop.
#[derive(Clone)]
pub struct ShopClient {
    http: reqwest::Client,
    secret: Option<SecretString>,
}

/// A question.
pub struct ShopRequest {
    /// `GET` or `POST`.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// What of the customer's own request goes along.
    pub headers: HeaderMap,
    /// JSON.
    pub body: Option<serde_json::Value>,
}

/// What the shop said.
pub struct ShopAnswer {
    /// Its status.
    pub status: StatusCode,
    /// What it wants the browser to keep.
    pub cookies: Vec<HeaderValue>,
    /// What it said.
    pub body: Vec<u8>,
}

impl ShopClient {
    /// A client that waits so long for an answer.
    ///
    /// # Errors
    /// When there can't be one.
    pub fn new(secret: Option<SecretString>, timeout: Duration) -> Result<ShopClient, String> {
        let builder = http_client::builder().timeout(timeout).connect_timeout(timeout).no_proxy();
        let http = builder.redirect(reqwest::redirect::Policy::none()).build();
        Ok(ShopClient { http: http.map_err(|error| http_client::no_client(&error))?, secret })
    }

    /// Asks once.
    ///
    /// # Errors
    /// In words, why there is no answer.
    pub async fn ask(&self, request: ShopRequest) -> Result<ShopAnswer, String> {
        let mut call = self.http.request(request.method, &request.url).headers(request.headers);
        if let Some(secret) = &self.secret {
            call = call.bearer_auth(secret.expose_secret());
        }
        if let Some(body) = &request.body {
            call = call.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let failed = |error: reqwest::Error| {
            let why = if error.is_timeout() {
                "it took too long".to_owned()
            } else {
                http_client::root_cause(&error.without_url())
            };
            format!("no answer: {why}")
        };
        let mut answer = call.send().await.map_err(failed)?;
        let status = answer.status();
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(failed)? {
            body.extend_from_slice(&part);
            if body.len() > LARGEST {
                return Err("its answer is longer than 1 MiB".to_owned());
            }
        }
        Ok(ShopAnswer { status, cookies, body })
    }
}
