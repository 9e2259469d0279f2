//! Misbehaviour to order: which requests go wrong, and how. Nothing is random, so that tests repeat.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reply::{Answer, Dropped, Served};
use super::store::Kind;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Answered with this status.
    Status {
        /// The HTTP status, 200 to 599; others count as 500.
        code: u16,
        /// The value of a `Retry-After` header: seconds or an HTTP date.
        #[serde(default)]
        retry_after: Option<String>,
        /// The body is an HTML page, not an envelope.
        #[serde(default)]
        html: bool,
    },
    /// Answered with an HTML page and status 200.
    Html200,
    /// Answered with the first half of a JSON text whose length is announced rightly.
    HalfJson,
    /// Answered with XML and status 200, whatever was asked for.
    Xml,
    /// Answered with JSON of one's own.
    Json {
        /// The HTTP status, as above; left out, 200.
        #[serde(default = "ok")]
        code: u16,
        /// The whole body.
        body: Value,
    },
    /// Answered with a body of one's own, which need not be JSON; `{n}` in it is how often the rule has
    /// come true, this time included.
    Text {
        /// The HTTP status, as above; left out, 200.
        #[serde(default = "ok")]
        code: u16,
        /// The whole body; empty = there is none.
        body: String,
    },
    /// The connection is closed without an answer.
    Reset,
    /// The connection is closed in the middle of an answer whose whole length was announced.
    CutBody,
    /// Never answered, until the client or the sandbox goes.
    Hang,
}

impl Fault {
    /// An error of this status, in an envelope.
    pub fn status(code: u16) -> Self {
        Self::Status { code, retry_after: None, html: false }
    }

    /// This JSON with status 200.
    pub fn json(body: Value) -> Self {
        Self::Json { code: ok(), body }
    }

    /// This text with this status.
    pub fn text(code: u16, body: impl Into<String>) -> Self {
        Self::Text { code, body: body.into() }
    }

    /// The fault as it is the `n`-th time.
    fn for_the(&self, n: usize) -> Self {
        match self {
            Self::Text { code, body } => Self::text(*code, body.replace("{n}", &n.to_string())),
            other => other.clone(),
        }
    }
}

fn ok() -> u16 {
    StatusCode::OK.as_u16()
}

/// Which requests to a service go wrong. Conditions left out match every request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What goes wrong.
    pub fault: Fault,
    /// Whether the request has its effect before it goes wrong.
    #[serde(default)]
    pub applied: bool,
    /// Only requests of this method, in any case.
    #[serde(default)]
    pub method: Option<String>,
    /// Only requests about this kind of object of NiceChat's.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// Only requests whose path names this id (decoded); a POST names none.
    #[serde(default)]
    pub id: Option<String>,
    /// Only requests whose path begins with this, as sent and without what every path of the service begins
    /// with: `products/`, `import-products/`.
    #[serde(default)]
    pub path: Option<String>,
    /// Only requests with this `store` header, which Lagerkoll has.
    #[serde(default)]
    pub store: Option<String>,
    /// How often at most; left out, for ever.
    #[serde(default)]
    pub times: Option<usize>,
    /// How many matching requests go well first.
    #[serde(default)]
    pub after: usize,
    /// Only each n-th matching request, the n-th first; left out (or 0), each one.
    #[serde(default)]
    pub every: Option<usize>,
}

impl Rule {
    /// Every request goes wrong in this way, for ever, and has no effect. To be narrowed by
    /// `Rule { times: Some(2), ..Rule::new(fault) }`.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            applied: false,
            method: None,
            kind: None,
            id: None,
            path: None,
            store: None,
            times: None,
            after: 0,
            every: None,
        }
    }

    fn matches(&self, request: &Target<'_>) -> bool {
        let method = self.method.as_deref();
        method.is_none_or(|method| method.eq_ignore_ascii_case(request.method))
            && self.kind.is_none_or(|kind| request.kind == Some(kind))
            && self.id.as_deref().is_none_or(|id| request.id == Some(id))
            && self.path.as_deref().is_none_or(|path| request.path.starts_with(path))
            && self.store.as_deref().is_none_or(|store| request.store == Some(store))
    }
}

/// What rules look at in a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) method: &'a str,
    /// Without the root of the service.
    pub(super) path: &'a str,
    pub(super) kind: Option<Kind>,
    pub(super) id: Option<&'a str>,
    pub(super) store: Option<&'a str>,
}

/// How a service words its answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// An error of an HTTP status.
    pub(super) failure: fn(StatusCode) -> Answer,
    /// Some success with a body.
    pub(super) success: fn() -> Answer,
}

/// A rule and how far it has got.
#[derive(Debug)]
struct Armed {
    rule: Rule,
    seen: usize,
    fired: usize,
}

impl Armed {
    /// Counts a matching request; true when it is this one's turn to go wrong.
    fn is_due(&mut self) -> bool {
        self.seen += 1;
        let Some(nth) = self.seen.checked_sub(self.rule.after).filter(|nth| *nth > 0) else {
            return false;
        };
        let every = self.rule.every.unwrap_or(1).max(1);
        nth.is_multiple_of(every) && self.rule.times.is_none_or(|times| self.fired < times)
    }
}

/// All rules, in the order they were given.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Armed>);

impl Faults {
    pub(super) fn add(&mut self, rule: Rule) {
        self.0.push(Armed { rule, seen: 0, fired: 0 });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of a request and whether the request has its effect all the same. Each rule that
    /// matches counts the request; the first that is due decides.
    pub(super) fn strike(&mut self, request: &Target<'_>) -> Option<(Fault, bool)> {
        let mut struck: Option<&mut Armed> = None;
        for armed in self.0.iter_mut().filter(|armed| armed.rule.matches(request)) {
            if armed.is_due() && struck.is_none() {
                struck = Some(armed);
            }
        }
        struck.map(|armed| {
            armed.fired += 1;
            (armed.rule.fault.for_the(armed.fired), armed.rule.applied)
        })
    }
}

/// How a request ends.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    Answered(Answer),
    /// The answer breaks off in the middle.
    Broken(Answer),
    Dropped,
    Hanging,
}

impl Ending {
    /// Lets a request act, unless its fault keeps it from that, and end. Whether it acted with success, too.
    pub(super) fn decide(fault: Option<(Fault, bool)>, manner: Manner, act: impl FnOnce() -> Answer) -> (Self, bool) {
        let has_effect = fault.as_ref().is_none_or(|(_, applied)| *applied);
        let answer = if has_effect { Some(act()) } else { None };
        let succeeded = answer.as_ref().is_some_and(|answer| answer.status.is_success());
        let outcome = match (fault, answer) {
            (Some((fault, _)), answer) => Self::of(fault, manner, answer),
            (None, Some(answer)) => Self::Answered(answer),
            (None, None) => Self::Dropped,
        };
        (outcome, succeeded)
    }

    /// What a fault makes of an answer; of a request that had no effect, there is none.
    fn of(fault: Fault, manner: Manner, answer: Option<Answer>) -> Self {
        match fault {
            Fault::Status { code, retry_after, html } => Self::Answered(failure(manner, code, retry_after, html)),
            Fault::Html200 => Self::Answered(Answer::html(StatusCode::OK)),
            Fault::Xml => Self::Answered(Answer::xml()),
            Fault::Json { code, body } => Self::Answered(Answer::json(status(code), &body)),
            Fault::Text { code, body } => Self::Answered(Answer::text(status(code), body)),
            Fault::HalfJson => {
                let mut answer = something_to_cut(manner, answer);
                answer.body.truncate(answer.body.len() / 2);
                Self::Answered(answer)
            }
            Fault::CutBody => Self::Broken(something_to_cut(manner, answer)),
            Fault::Reset => Self::Dropped,
            Fault::Hang => Self::Hanging,
        }
    }

    /// The HTTP status that the client gets to see; 0 for none.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Answered(answer) | Self::Broken(answer) => answer.status.as_u16(),
            Self::Dropped | Self::Hanging => 0,
        }
    }

    /// Lets the request end this way. One that hangs never comes back from here.
    pub(super) async fn serve(self) -> Served {
        match self {
            Self::Answered(answer) => Ok(answer.into_response()),
            Self::Broken(answer) => Ok(answer.into_broken_response()),
            Self::Dropped => Err(Dropped),
            Self::Hanging => std::future::pending().await,
        }
    }
}

fn failure(manner: Manner, code: u16, retry_after: Option<String>, html: bool) -> Answer {
    let status = status(code);
    let answer = if html { Answer::html(status) } else { (manner.failure)(status) };
    Answer { retry_after, ..answer }
}

fn status(code: u16) -> StatusCode {
    let status = StatusCode::from_u16(code).ok().filter(|status| (200..600).contains(&status.as_u16()));
    status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An answer that has a body; half of nothing would be no fault.
fn something_to_cut(manner: Manner, answer: Option<Answer>) -> Answer {
    answer.filter(|answer| !answer.body.is_empty()).unwrap_or_else(manner.success)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(rule: Rule, requests: usize) -> Vec<usize> {
        let mut faults = Faults::default();
        faults.add(rule);
        let target =
            Target { method: "PATCH", path: "products/1/", kind: Some(Kind::Product), id: Some("1"), store: None };
        (1..=requests).filter(|_| faults.strike(&target).is_some()).collect()
    }

    #[test]
    fn rules_count_what_matches() {
        let rule = Rule::new(Fault::Reset);
        let every = Rule { after: 1, every: Some(3), times: Some(2), ..rule.clone() };
        assert_eq!(hits(every, 20), [4, 7]);
        let id = Rule { id: Some("2".to_owned()), ..rule.clone() };
        assert!(hits(id, 3).is_empty());
        let path = |path: &str| Rule { path: Some(path.to_owned()), ..rule.clone() };
        assert_eq!((hits(path("products/"), 1), hits(path("product/"), 1)), (vec![1], vec![]));
        let method = Rule { method: Some("patch".to_owned()), times: Some(1), ..rule };
        assert_eq!(hits(method, 3), [1]);
    }
}
