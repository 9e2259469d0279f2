//! What can be done on a page, where the settings want it: by a form of our own, and by nobody else's.

use std::net::IpAddr;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN, REFERER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};

use super::answer::redirect;
use super::asked::asked;
use super::token::Key;
use super::words::told;
use crate::approval::give_word;
use crate::config::time_span;
use crate::pass::PassKind;
use crate::pause::Pause;
use crate::state::{Reader, StateError};
use crate::web::client::client;
use crate::web::listener::Peer;
use crate::web::private::Monitor;

const FORM: &str = "application/x-www-form-urlencoded";

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// For whoever calls from there.
    Approve(IpAddr),
    Pause,
    Resume,
    Resync,
}

/// What was done, in words, by what the address says afterwards, and as far as it can be so: anybody can make such a link.
/// `has_word` = somebody's word for what is held waits for the next pass.
pub(super) fn done(act: &str, is_paused: bool, has_word: bool) -> Option<&'static str> {
    Some(match (act, is_paused) {
        ("approve", _) if !has_word => "Nothing that was approved waits for a pass any more.",
        ("approve", false) => "Approved: the next pass lets exactly this through.",
        ("approve", true) => "Approved: the first pass after the pause lets exactly this through.",
        ("pause", true) => "Paused: nothing is sent from now on.",
        ("resume", false) => "Not paused any more.",
        ("resync", _) => "A resync is due: it begins when no pass is under way any more.",
        _ => return None,
    })
}

/// The forms beside the headline.
pub(super) fn forms(key: &Key, is_paused: bool) -> Markup {
    html! {
        div.actions {
            @if is_paused {
                form method="post" action="/resume" { (token(key, "resume")) button { "Resume" } }
            } @else {
                details {
                    summary { "Pause …" }
                    form method="post" action="/pause" {
                        (token(key, "pause"))
                        label for="pause-for" { "For (such as 2h; empty: until resumed)" }
                        input id="pause-for" name="for" autocomplete="off" size="8";
                        label for="pause-reason" { "Why" }
                        input id="pause-reason" name="reason" autocomplete="off" maxlength="300" size="24";
                        button { "Pause" }
                    }
                }
            }
            form method="post" action="/resync" { (token(key, "resync")) button { "Resync now" } }
        }
    }
}

/// The form that approves just this.
pub(super) fn approve_form(key: &Key, digest: &str) -> Markup {
    html! {
        form method="post" action="/approve" {
            (token(key, &to_approve(digest)))
            input type="hidden" name="digest" value=(digest);
            button { "Let exactly this through" }
        }
    }
}

fn token(key: &Key, purpose: &str) -> Markup {
    html! { input type="hidden" name="token" value=(key.token(purpose)); }
}

fn to_approve(digest: &str) -> String {
    format!("approve {digest}")
}

fn purpose(act: Act, digest: &str) -> String {
    match act {
        Act::Approve(_) => to_approve(digest),
        Act::Pause => "pause".to_owned(),
        Act::Resume => "resume".to_owned(),
        Act::Resync => "resync".to_owned(),
    }
}

pub(super) async fn approve(
    State(monitor): State<Monitor>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let address = client(monitor.config().http.as_ref(), peer.ip(), &headers);
    act(Act::Approve(address), monitor, headers, body).await
}

pub(super) async fn pause(State(monitor): State<Monitor>, headers: HeaderMap, body: Bytes) -> Response {
    act(Act::Pause, monitor, headers, body).await
}

pub(super) async fn resume(State(monitor): State<Monitor>, headers: HeaderMap, body: Bytes) -> Response {
    act(Act::Resume, monitor, headers, body).await
}

pub(super) async fn resync(State(monitor): State<Monitor>, headers: HeaderMap, body: Bytes) -> Response {
    act(Act::Resync, monitor, headers, body).await
}

async fn act(act: Act, monitor: Monitor, headers: HeaderMap, body: Bytes) -> Response {
    let http = monitor.config().http.clone();
    // Without a password anybody would do as well; the settings don't allow that, and neither does this.
    if !http.is_some_and(|http| http.actions && http.password.is_some()) {
        let words = "Nothing can be changed here. Set actions = true and a password in section [http], or use the \
                     commands: shelfkeeper approve, pause, resume, run --resync.";
        return told(&monitor, StatusCode::NOT_FOUND, ("Nothing is here", &[words]));
    }
    if !is_ours(&headers) {
        let words = "Only a form of this page can do that, and another page asked for it. Nothing was done.";
        return told(&monitor, StatusCode::FORBIDDEN, ("Not from here", &[words]));
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM)) {
        let words = "A form is expected. Nothing was done.";
        return told(&monitor, StatusCode::UNSUPPORTED_MEDIA_TYPE, ("Not a form", &[words]));
    }
    let form = asked(&body);
    let field = |name: &str| form.get(name).map(String::as_str);
    let digest = field("digest").unwrap_or_default().to_owned();
    if !monitor.0.key.is_ours(&purpose(act, &digest), field("token").unwrap_or_default()) {
        let words = "The form is of an earlier start of shelfkeeper, or none of its own. Nothing was done: open the \
                     overview again, and try once more.";
        return told(&monitor, StatusCode::FORBIDDEN, ("This form is too old", &[words]));
    }
    let lasts = match field("for").map(time_span).transpose() {
        Ok(lasts) => lasts,
        Err(error) => {
            let words = format!("For how long to pause: {error}. Nothing was done.");
            return told(&monitor, StatusCode::BAD_REQUEST, ("No such time", &[&words]));
        }
    };
    let reason = field("reason").map(str::to_owned);
    let work = move |monitor: &Monitor| does(act, monitor, &digest, (lasts, reason.as_deref()));
    match monitor.blocking(work).await {
        Some(Ok(Done::So(to))) => redirect(to),
        Some(Ok(Done::NotHeld)) => {
            let words = "It is not held any more, or something else is by now. Nothing was done: look at what is held.";
            told(&monitor, StatusCode::CONFLICT, ("This is not held", &[words]))
        }
        Some(Err(error)) => {
            let words = format!("It can't be done: {error}");
            told(&monitor, StatusCode::INTERNAL_SERVER_ERROR, ("It can't be done", &[&words]))
        }
        None => told(&monitor, StatusCode::INTERNAL_SERVER_ERROR, ("It can't be done", &["The log says why."])),
    }
}

enum Done {
    /// Where that is told.
    So(&'static str),
    NotHeld,
}

/// Does it as the command of its name would, beside the daemon that it is in.
fn does(
    act: Act,
    monitor: &Monitor,
    digest: &str,
    (lasts, reason): (Option<Duration>, Option<&str>),
) -> Result<Done, StateError> {
    let config = monitor.config();
    let state = Reader::open(&config.state.path)?;
    Ok(match act {
        Act::Approve(peer) => {
            for look in monitor.looks(&config) {
                let held = look.held_back(&state)?.filter(|held| held.digest == digest);
                if let Some(held) = held {
                    give_word(state.path(), held.held_by, &held.digest, &format!("page, {peer}"))?;
                    return Ok(Done::So("/?done=approve"));
                }
            }
            Done::NotHeld
        }
        Act::Pause => {
            Pause::now(lasts, reason).write(state.path())?;
            Done::So("/?done=pause")
        }
        Act::Resume => {
            Pause::end(state.path())?;
            Done::So("/?done=resume")
        }
        Act::Resync => {
            monitor.ask(PassKind::Resync);
            Done::So("/?done=resync")
        }
    })
}

/// Whether a browser says that one of our own pages asks. What says nothing at all is no browser with a form of ours.
fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("\0"));
    let host = text(HOST.as_str());
    let is_here = |address: &str| {
        let rest = address.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
        rest.is_some() && rest == host
    };
    let says = [
        text("sec-fetch-site").map(|site| site == "same-origin"),
        text(ORIGIN.as_str()).map(is_here),
        text(REFERER.as_str()).map(is_here),
    ];
    let mut says = says.into_iter().flatten().peekable();
    says.peek().is_some() && says.all(|is_ours| is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_form_it_is() {
        let is_ours = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            pairs.iter().for_each(|(name, value)| {
                headers.insert(*name, value.parse().expect(value));
            });
            is_ours(&headers)
        };
        let host = ("host", "127.0.0.1:8787");
        let (same, cross) = (("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site"));
        let ours = ("origin", "http://127.0.0.1:8787");
        assert!(is_ours(&[host, same, ours]) && is_ours(&[host, ours]) && is_ours(&[host, same]));
        assert!(is_ours(&[host, ("referer", "http://127.0.0.1:8787/?done=pause")]));
        assert!(!is_ours(&[host]) && !is_ours(&[host, cross, ours]) && !is_ours(&[host, ("origin", "null")]));
        assert!(!is_ours(&[host, same, ("origin", "http://127.0.0.1:8788")]));
        assert!(!is_ours(&[host, ("sec-fetch-site", "same-site"), ours]));
        assert!(!is_ours(&[host, ("referer", "http://evil.example/http://127.0.0.1:8787/")]));
    }
}
