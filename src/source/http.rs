//! A feed over HTTP: asked for again while that may help, and stored as it comes.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use jiff::Timestamp;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use reqwest::{Response, StatusCode};
use secrecy::ExposeSecret as _;
use tracing::debug;
use url::Url;

use super::error::{FetchError, Recovery, too_large};
use super::fetched::{Asking, Begun, Validators};
use super::headers::header;
use super::transfer::{LONGEST, Transfer};
use crate::catalog::Hasher;
use crate::config::{self, Location};
use crate::http_client::{self, Clients, Manner};

/// Tries after the first one.
const RETRIES: usize = 3;
/// The pause before the first of them; it grows by [`GROWTH`] from one to the next.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const GROWTH: f32 = 4.0;
/// The most that all pauses take together: the next pass comes sooner than a longer wait would end.
const PAUSES: Duration = Duration::from_secs(10);

/// Fetches the feed, with validators only if it is another one than they are of.
///
/// # Errors
/// When no try gave a body within the limits.
pub(super) async fn fetch(
    clients: &Clients,
    (source, url): (&config::Source, &Url),
    hasher: &Hasher,
    asking: Asking<'_>,
) -> Result<Begun, FetchError> {
    let client = client(clients, source, url)?;
    let fetched = tokio::time::timeout(LONGEST, try_again(&client, (source, url), hasher, asking)).await;
    fetched.map_err(|_| FetchError::late(&source.location))?
}

async fn try_again(
    client: &reqwest::Client,
    (source, url): (&config::Source, &Url),
    hasher: &Hasher,
    Asking { known, wanted, failed }: Asking<'_>,
) -> Result<Begun, FetchError> {
    let pauses = ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_factor(GROWTH)
        .with_max_delay(PAUSES)
        .with_max_times(RETRIES);
    let (mut tries, mut left, mut failed) = (0, PAUSES, failed);
    let attempt = || {
        tries += 1;
        let failed = failed.take();
        async move {
            match failed {
                Some(error) => Err(error),
                None => match exchange(client, (source, url), known, hasher).await? {
                    None => Ok(Begun::NotModified),
                    Some(transfer) => transfer.take(wanted).await.map(Begun::Body),
                },
            }
        }
    };
    let fetched = attempt
        .retry(pauses)
        .sleep(tokio::time::sleep)
        .when(|error| error.recovery() != Recovery::Unlikely)
        .adjust(|error, pause| {
            let pause = pause?;
            let pause = match error.recovery() {
                Recovery::Possible(Some(asked)) => asked,
                _ => pause.min(left),
            };
            // A server that wants a longer pause gets it: until the next pass.
            left = left.checked_sub(pause)?;
            Some(pause)
        })
        .notify(|error, pause| debug!(%error, pause_ms = pause.as_millis() as u64, "the feed is asked for once more"))
        .await;
    fetched.map_err(|error| error.after(tries))
}

pub(super) fn client(clients: &Clients, source: &config::Source, url: &Url) -> Result<reqwest::Client, FetchError> {
    let (timeout, is_direct) = (source.timeout, config::is_loopback(url));
    let manner = Manner { total: None, connect: timeout, read: Some(timeout), follows: true, is_direct };
    clients.get(manner).map_err(|error| {
        FetchError::new(&source.location, format!("no HTTP client: {}", http_client::no_client(&error)))
    })
}

/// Asks for the feed, once and whatever is known of it; its body is still to come. Gives how long that is said to be,
/// too.
pub(super) async fn ask(
    client: &reqwest::Client,
    source: &config::Source,
    url: &Url,
) -> Result<(Response, Option<u64>), FetchError> {
    let response = request(client, source, url).send().await;
    let response = response.map_err(|error| no_answer(&source.location, error, source.timeout))?;
    let announced = announced(source, &response)?;
    Ok((response, announced))
}

fn request(client: &reqwest::Client, source: &config::Source, url: &Url) -> reqwest::RequestBuilder {
    let request = client.get(url.clone()).header(ACCEPT_ENCODING, "gzip");
    match &source.credentials {
        Some(credentials) => request.basic_auth(&credentials.username, Some(credentials.password.expose_secret())),
        None => request,
    }
}

/// Asks for the feed once. `None` = it is the one that the validators are of.
async fn exchange(
    client: &reqwest::Client,
    (source, url): (&config::Source, &Url),
    known: Validators<'_>,
    hasher: &Hasher,
) -> Result<Option<Transfer>, FetchError> {
    let location = &source.location;
    let mut request = request(client, source, url);
    if let Some(etag) = known.etag {
        request = request.header(IF_NONE_MATCH, etag);
    }
    if let Some(modified) = known.last_modified {
        request = request.header(IF_MODIFIED_SINCE, modified);
    }
    let response = request.send().await.map_err(|error| no_answer(location, error, source.timeout))?;
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    let announced = announced(source, &response)?;
    Ok(Some(Transfer::of(source, response, announced, hasher)))
}

/// How long the body of an answer is said to be, if it says so.
///
/// # Errors
/// When the body can't be one that was asked for, or is larger than it may be.
fn announced(source: &config::Source, response: &Response) -> Result<Option<u64>, FetchError> {
    let location = &source.location;
    let announced = match response.status() {
        StatusCode::OK => response.content_length(),
        StatusCode::PARTIAL_CONTENT => Some(all_of_it(location, response.headers())?),
        _ => return Err(refused(location, response)),
    };
    let coding = header(response.headers(), &CONTENT_ENCODING).unwrap_or_default();
    // Their case means nothing (RFC 9110, 8.4.1).
    if !matches!(coding.to_ascii_lowercase().as_str(), "" | "gzip" | "x-gzip" | "identity") {
        return Err(FetchError::new(location, format!("the server sends {coding:?}, which was not asked for")));
    }
    match announced {
        Some(length) if length > source.max_bytes => Err(too_large(location, source.max_bytes)),
        announced => Ok(announced),
    }
}

pub(super) fn no_answer(location: &Location, error: reqwest::Error, timeout: Duration) -> FetchError {
    // Its own words would have the whole address.
    let error = error.without_url();
    if error.is_timeout() {
        FetchError::silent(location, timeout)
    } else if error.is_redirect() {
        FetchError::new(location, "redirected again and again")
    } else if error.is_builder() {
        FetchError::new(location, format!("it can't be asked for: {}", http_client::root_cause(&error)))
    } else {
        FetchError::passing(location, format!("no answer: {}", http_client::root_cause(&error)))
    }
}

fn refused(location: &Location, response: &Response) -> FetchError {
    let status = response.status();
    let advice = match status.as_u16() {
        401 | 403 => "; check username and password",
        404 | 410 => "; check the address",
        _ => "",
    };
    let other = other_host(location, response.url());
    let error = FetchError::new(location, format!("the server answered {status}{other}{advice}"));
    let can_pass = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
    if !can_pass {
        return error;
    }
    error.recovering(Recovery::Possible(http_client::asked_pause(response.headers(), Timestamp::now())))
}

/// That a redirect has led to another host; nothing of the address besides, which may be a secret.
fn other_host(location: &Location, url: &Url) -> String {
    let host = |url: &Url| url.host_str().map(|host| (host.to_owned(), url.port_or_known_default()));
    let first = match location {
        Location::Url(first) => host(first),
        Location::File(_) => None,
    };
    match host(url) {
        Some((name, port)) if first.is_some() && first != host(url) => {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            format!(" from {name}{port}, where it redirects to")
        }
        _ => String::new(),
    }
}

/// How long the whole feed is, of which a 206 has all (RFC 9110, 14.4): some servers answer so although no
/// part was asked for.
fn all_of_it(location: &Location, headers: &HeaderMap) -> Result<u64, FetchError> {
    let range = header(headers, &CONTENT_RANGE).unwrap_or_default();
    whole_length(&range).ok_or_else(|| {
        let part = if range.is_empty() { "a part of the feed".to_owned() } else { format!("{range:?}") };
        FetchError::new(location, format!("the server answered 206 with {part}, although all of it was asked for"))
    })
}

/// The length of a `Content-Range` from the first byte to the last one.
fn whole_length(range: &str) -> Option<u64> {
    let (unit, rest) = range.trim().split_once(' ')?;
    let (from_to, all) = rest.trim().split_once('/')?;
    let (from, to) = from_to.trim().split_once('-')?;
    let [from, to, all] = [from, to, all].map(|number| number.trim().parse::<u64>().ok());
    let all = all.filter(|all| from == Some(0) && to.and_then(|to| to.checked_add(1)) == Some(*all))?;
    unit.eq_ignore_ascii_case("bytes").then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_are_all_of_it() {
        for (range, length) in [("bytes 0-99/100", 100), ("Bytes 0-0/1", 1), (" bytes 0 - 9 / 10 ", 10)] {
            assert_eq!(whole_length(range), Some(length), "{range}");
        }
        for range in [
            "",
            "bytes",
            "bytes 0-98/100",
            "bytes 1-99/100",
            "bytes 0-99/*",
            "bytes */100",
            "items 0-99/100",
            "bytes 0-18446744073709551615/0",
            "bytes -1/0",
        ] {
            assert_eq!(whole_length(range), None, "{range}");
        }
    }
}
