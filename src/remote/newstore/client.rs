//! The calls of the API page: numbers are listed, a retailer and its stores set up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Trouble};
use super::error::{ReadError, Sent};
use super::reply;
use crate::config::{self, Endpoint};
use crate::phone::{Offer, PhoneNumber};
use crate::remote::error::{CallError, ConnectError};
use crate::remote::http::{Client, Request, Service};

/// What an id may hold unescaped in a path: the unreserved characters of RFC 3986.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A connection to NewStore. Nothing is sent until something is asked for.
pub struct Connected(Arc<Connection>);

impl Connected {
    /// Prepares calls.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn new(settings: &config::NewStore) -> Result<Connected, ConnectError> {
        Connected::stopped_by(settings, CancellationToken::new())
    }

    /// The same, whose waits end with this token: what is not sent by then is not sent.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn stopped_by(settings: &config::NewStore, stop: CancellationToken) -> Result<Connected, ConnectError> {
        Connection::new(settings, stop).map(Arc::new).map(Connected)
    }

    /// What only reads.
    pub fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.0))
    }

    /// What buys.
    pub fn writer(&self) -> Writer {
        Writer(Arc::clone(&self.0))
    }
}

/// Reads.
pub struct Reader(Arc<Connection>);

/// The numbers that are offered for a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Each once.
    pub offers: Vec<Offer>,
    /// Entries of the list that are no numbers.
    pub odd: Vec<String>,
}

impl Reader {
    /// Makes sure that there is a token.
    ///
    /// # Errors
    /// When there is none.
    pub async fn log_in(&self) -> Result<(), ReadError> {
        self.0.log_in().await.map_err(|error| ReadError::All(error.to_string()))
    }

    /// Lists the numbers that are offered for a store.
    ///
    /// # Errors
    /// When it can't be done.
    pub async fn numbers(&self, store: &str) -> Result<Numbers, ReadError> {
        let read = |body: &[u8]| reply::numbers(body).map(|(offers, odd)| Numbers { offers, odd });
        self.get(&self.0.settings().numbers, store, "numbers_path", read).await
    }

    /// Reads the retailer's status, if the settings say where it is.
    ///
    /// # Errors
    /// When it can't be done.
    pub async fn status(&self) -> Result<Option<Value>, ReadError> {
        match &self.0.settings().status {
            Some(endpoint) => self.get(endpoint, "", "status_path", reply::status).await.map(Some),
            None => Ok(None),
        }
    }

    async fn get<T>(
        &self,
        endpoint: &Endpoint,
        store: &str,
        setting: &str,
        read: impl Fn(&[u8]) -> Result<T, CallError>,
    ) -> Result<T, ReadError> {
        let sent = self.0.call(async |client| {
            let request = request(client, endpoint, store, Bytes::new())?;
            client.call(&request, &read).await
        });
        sent.await.map_err(|trouble| match trouble {
            Trouble::NoToken(error) => ReadError::All(error.to_string()),
            Trouble::Failed { error, is_answered } => match error {
                CallError::Missing => ReadError::All(no_address(setting)),
                CallError::Unauthorized(reason) => ReadError::All(reason),
                // Nobody is there.
                CallError::Passing { reason, .. } if !is_answered => ReadError::All(reason),
                CallError::Refused { code: 404, reason } => ReadError::NoStore(reason),
                error => ReadError::This(error.to_string()),
            },
        })
    }
}

/// Sets up. What it does can't be undone.
pub struct Writer(Arc<Connection>);

impl Writer {
    /// Buys a number for a store. Sent again only when the last try is known to have had no effect.
    pub async fn onboard(&self, store: &str, number: &PhoneNumber, enable: bool) -> Sent {
        let body = Bytes::from(json!({ "phone_number": number }).to_string());
        let sent = self.0.call(async |client| {
            let mut request = request(client, &self.0.settings().onboard, store, body.clone())?;
            if enable {
                request.url.query_pairs_mut().append_pair("enable", "true");
            }
            client.call_at_most_once(&request, reply::whole).await
        });
        became(sent.await, "onboard_path")
    }

    /// Tells NewStore the web shop's address. Sent again also when nobody knows what became of the last try: it costs
    /// nothing. Gives what became of the last one, and whether one of them was lost: that one may have been done.
    pub async fn configure(&self, link: &str) -> (Sent, bool) {
        let body = Bytes::from(json!({ "ecom_link": link }).to_string());
        let is_in_doubt = AtomicBool::new(false);
        let again = |error: &CallError| {
            is_in_doubt.fetch_or(error.is_in_doubt(), Ordering::Relaxed);
            error.can_pass()
        };
        let sent = self.0.call(async |client| {
            let request = request(client, &self.0.settings().retailer, "", body.clone())?;
            client.call_while(&request, reply::whole, again, None).await
        });
        let sent = match sent.await {
            // There is no such thing as no such retailer.
            Err(Trouble::Failed { error: CallError::Refused { code: 404, .. }, .. }) => {
                Sent::NotSent { reason: no_address("retailer_path") }
            }
            sent => became(sent, "retailer_path"),
        };
        (sent, is_in_doubt.into_inner())
    }
}

fn request<S: Service>(
    client: &Client<S>,
    endpoint: &Endpoint,
    store: &str,
    body: Bytes,
) -> Result<Request, CallError> {
    let store = utf8_percent_encode(store, IN_PATH).to_string();
    Ok(Request { method: endpoint.method.clone(), url: client.url(&endpoint.path_for(&store))?, body })
}

fn became(sent: Result<(), Trouble>, setting: &str) -> Sent {
    let error = match sent {
        Ok(()) => return Sent::Done,
        // Nothing was sent, whatever became of the request for a token.
        Err(Trouble::NoToken(error)) => return Sent::NotSent { reason: error.to_string() },
        Err(Trouble::Failed { error, .. }) => error,
    };
    let reason = error.to_string();
    match error {
        CallError::Missing => Sent::NotSent { reason: no_address(setting) },
        CallError::Refused { code: 0, .. } | CallError::Unauthorized(_) => Sent::NotSent { reason },
        CallError::Refused { code: 409, .. } => Sent::There { reason },
        CallError::Refused { .. } => Sent::Refused { reason },
        error if error.is_in_doubt() => Sent::Doubt { reason },
        _ => Sent::NotSent { reason },
    }
}

fn no_address(setting: &str) -> String {
    format!(
        "answered 404, but not as NewStore does: the address is probably wrong; look up newstore.{setting} on \
         NewStore's page (Clienteling Setup API), and base_url"
    )
}
