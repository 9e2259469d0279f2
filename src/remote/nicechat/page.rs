//! A page of a listing (API page, "List exists Products").

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::object::{Seen, SeenId};
use crate::catalog::{Digest, Fields, Id, digest_bytes};
use crate::remote::error::CallError;
use crate::text::plain;

/// More on one page is none: NiceChat's own have hundreds.
const MOST_OBJECTS: usize = 100_000;
/// A longer address of a page is none, in bytes.
const LONGEST_NEXT: usize = 8 << 10;

/// What a page says.
#[derive(Debug, Default)]
pub(super) struct PageContent {
    pub(super) count: Option<u64>,
    pub(super) objects: Vec<(Id, Fields)>,
    pub(super) odd: Vec<Digest>,
    pub(super) next: Option<String>,
}

/// A listing's `result`.
#[derive(Deserialize)]
struct Listing<'a> {
    #[serde(borrow, default)]
    count: Option<&'a RawValue>,
    #[serde(borrow, default)]
    next: Option<&'a RawValue>,
    #[serde(borrow)]
    results: &'a RawValue,
}

/// What a page says of the listing.
pub(super) struct Frame {
    pub(super) count: Option<u64>,
    pub(super) next: Option<String>,
}

/// Reads a page. One object that makes no sense costs itself; a page that makes none is no page.
pub(super) fn read(result: Option<&RawValue>) -> Result<PageContent, CallError> {
    let mut content = PageContent::default();
    let Frame { count, next } = read_each(result, |item| match Seen::of(item) {
        Some(Seen { id: SeenId::Usable(id), fields }) => content.objects.push((id, fields)),
        _ => content.odd.push(digest_bytes(item.get().as_bytes())),
    })?;
    Ok(PageContent { count, next, ..content })
}

/// Reads a page, and gives its objects one by one, so that memory is taken for what is made of them alone.
pub(super) fn read_each(result: Option<&RawValue>, mut each: impl FnMut(&RawValue)) -> Result<Frame, CallError> {
    let strange = |problem: String| CallError::Strange(format!("the answer is no listing: {problem}"));
    let result = result.map(RawValue::get).filter(|result| result.starts_with('{'));
    let result = result.ok_or_else(|| strange("it has no result".to_owned()))?;
    let listing: Listing<'_> = serde_json::from_str(result).map_err(|error| strange(error.to_string()))?;
    let count = match listing.count {
        None => None,
        Some(count) => Some(count.get().parse().map_err(|_| {
            let count = plain(count.get(), 40);
            strange(format!("it counts {count} objects"))
        })?),
    };
    let next = match listing.next {
        None => None,
        Some(next) if next.get().len() > LONGEST_NEXT => return Err(strange("its next page is no address".to_owned())),
        Some(next) => Some(
            serde_json::from_str::<String>(next.get())
                .map_err(|_| strange(format!("its next page is {}, no address", plain(next.get(), 40))))?,
        ),
    };
    let mut results = serde_json::Deserializer::from_str(listing.results.get());
    Results(&mut each).deserialize(&mut results).map_err(|error| strange(error.to_string()))?;
    Ok(Frame { count, next: next.filter(|next| !next.is_empty()) })
}

/// Takes the objects in one by one.
struct Results<'e>(&'e mut dyn FnMut(&RawValue));

impl<'de> DeserializeSeed<'de> for Results<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Results<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut taken = 0;
        while let Some(item) = items.next_element::<&RawValue>()? {
            if taken == MOST_OBJECTS {
                return Err(serde::de::Error::custom(format!("it has more than {MOST_OBJECTS} objects on a page")));
            }
            taken += 1;
            (self.0)(item);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str) -> Result<PageContent, CallError> {
        read(Some(serde_json::from_str(json).expect("JSON")))
    }

    #[test]
    fn an_odd_object_costs_itself() {
        let json = r#"{"count":4,"next":"?page=2","previous":7,"results":[{"id":"a"},{"id":null},7,{"id":"b\ud800"},{"id":"c","title":"\ud800"}]}"#;
        let PageContent { count, objects, odd, next } = page(json).expect("a page");
        let ids: Vec<&str> = objects.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!((count, ids, odd.len(), next.as_deref()), (Some(4), vec!["a", "c"], 3, Some("?page=2")));
        let last = page(r#"{"next":null,"results":[]}"#).expect("a page");
        assert_eq!((last.count, last.next), (None, None));
    }

    #[test]
    fn what_makes_no_sense_is_no_page() {
        for (json, problem) in [
            ("[]", "no result"),
            ("null", "no result"),
            (r#"{"count":0}"#, "results"),
            (r#"{"count":0,"results":null}"#, "list of objects"),
            (r#"{"count":0,"results":{}}"#, "list of objects"),
            (r#"{"count":-1,"results":[]}"#, "counts -1 objects"),
            (r#"{"count":1.5,"results":[]}"#, "counts 1.5 objects"),
            (r#"{"count":"many","results":[]}"#, "counts \"many\" objects"),
            (r#"{"count":99999999999999999999,"results":[]}"#, "objects"),
            (r#"{"count":0,"next":7,"results":[]}"#, "next page is 7"),
            (r#"{"count":0,"count":1,"results":[]}"#, "duplicate"),
        ] {
            let error = page(json).expect_err(json).to_string();
            assert!(error.contains(problem), "{json}: {error}");
        }
        let many = format!("{{\"count\":1,\"results\":[{}0]}}", "0,".repeat(200_000));
        assert!(page(&many).expect_err("too many").to_string().contains("more than 100000"));
        assert!(read(None).is_err());
    }
}
