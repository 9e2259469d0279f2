//! What pages are told, made once and given to all who ask.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::HeaderValue;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::hysteresis::State;
use crate::clock::Moment;
use crate::digest::digest_bytes;

/// The script for pages; `0` stands for how often it asks, in milliseconds.
const SCRIPT: &str = include_str!("availability.js");
/// What stands in the script for that.
const EVERY: &str = "__EVERY__";
/// The least that a page waits before it asks again.
const LEAST: Duration = Duration::from_secs(5);

/// A watch as a page sees it.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) state: State,
    pub(super) is_shown: bool,
    pub(super) since: Option<Timestamp>,
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("state", self.state.name())?;
        map.serialize_entry("show", &self.is_shown)?;
        map.serialize_entry("since", &self.since)?;
        map.end()
    }
}

/// All of them, by name.
struct All<'s>(&'s [Shown]);

impl Serialize for All<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|shown| map.serialize_entry(&shown.name, shown))?;
        map.end()
    }
}

#[derive(Serialize)]
struct Watches<'s> {
    watches: All<'s>,
}

/// A body, and the name of what it is.
#[derive(Debug, Clone)]
pub(super) struct Face {
    pub(super) content_type: HeaderValue,
    pub(super) body: Bytes,
    pub(super) etag: HeaderValue,
}

impl Face {
    fn new(content_type: &'static str, body: String) -> Face {
        let etag = HeaderValue::try_from(format!("\"{:032x}\"", digest_bytes(body.as_bytes())));
        Face {
            content_type: HeaderValue::from_static(content_type),
            body: body.into(),
            etag: etag.unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
        }
    }

    fn json(value: &impl Serialize) -> Face {
        Face::new("application/json", serde_json::to_string(value).unwrap_or_default())
    }
}

/// Everything that is told.
#[derive(Debug)]
pub(super) struct Faces {
    pub(super) all: Face,
    pub(super) script: Face,
    each: HashMap<String, Face>,
    pub(super) cache_control: HeaderValue,
    origins: Vec<String>,
    /// When a watch becomes unknown unless there is another reading, on the boot-time clock.
    until: Option<SignedDuration>,
}

/// What pages of an origin may do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    /// What they are told of it; `None` = they may not read it.
    pub(super) origin: Option<HeaderValue>,
    /// Whether others would be told something else.
    pub(super) varies: bool,
}

impl Faces {
    pub(super) fn new(
        shown: &[Shown],
        until: Option<SignedDuration>,
        max_age: Duration,
        origins: Vec<String>,
    ) -> Faces {
        let cache_control = HeaderValue::try_from(format!("public, max-age={}, stale-if-error=60", max_age.as_secs()));
        Faces {
            all: Face::json(&Watches { watches: All(shown) }),
            script: Face::new(
                "text/javascript; charset=utf-8",
                SCRIPT.replace(EVERY, &max_age.max(LEAST).as_millis().to_string()),
            ),
            each: shown.iter().map(|shown| (shown.name.clone(), Face::json(shown))).collect(),
            cache_control: cache_control.unwrap_or_else(|_| HeaderValue::from_static("no-store")),
            origins,
            until,
        }
    }

    /// Whether it is still so, unless there was a reading.
    pub(super) fn holds(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| now.up <= until)
    }

    /// Of one watch.
    pub(super) fn of(&self, name: &str) -> Option<&Face> {
        self.each.get(name)
    }

    /// What a page of this origin may do.
    pub(super) fn allows(&self, origin: Option<&HeaderValue>) -> Allowance {
        if self.origins.iter().any(|allowed| allowed == "*") {
            return Allowance { origin: Some(HeaderValue::from_static("*")), varies: false };
        }
        let is_allowed =
            |origin: &&HeaderValue| self.origins.iter().any(|allowed| origin.as_bytes() == allowed.as_bytes());
        Allowance { origin: origin.filter(is_allowed).cloned(), varies: !self.origins.is_empty() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_of_what_is_told() {
        let at = |second| Some(Timestamp::from_second(second).expect("a time"));
        let face = |state, since| {
            let shown = [Shown { name: "a".to_owned(), state, is_shown: true, since }];
            let faces = Faces::new(&shown, None, Duration::from_secs(15), Vec::new());
            (faces.all.etag.clone(), faces.of("a").map(|face| face.etag.clone()))
        };
        assert_eq!(face(State::Available, at(1)), face(State::Available, at(1)));
        assert_ne!(face(State::Available, at(1)), face(State::Available, at(2)));
        assert_ne!(face(State::Available, at(1)).0, face(State::Unknown, at(1)).0);
    }

    #[test]
    fn the_script_fits_and_waits_at_least_five_seconds() {
        let script = |seconds| Faces::new(&[], None, Duration::from_secs(seconds), Vec::new()).script.body;
        for (seconds, every) in [(0, "5000"), (15, "15000"), (3600, "3600000")] {
            let script = String::from_utf8(script(seconds).to_vec()).expect("text");
            assert!(script.contains(every) && !script.contains(EVERY) && script.len() <= 2048, "{script}");
        }
    }
}
