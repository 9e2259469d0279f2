//! A change, and how its parts are written as numbers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::{Fields, Kind};
use crate::text::shorten_to;

/// Characters of a text that are remembered.
const LONGEST: usize = 300;

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is there.
    Created,
    /// Fields of it are others.
    Updated,
    /// It is gone.
    Deleted,
    /// A category is switched off.
    Disabled,
    /// It was there already, and is ours from now on.
    Adopted,
    /// What somebody else had changed is as it was.
    Repaired,
    /// It was to change, and the guard held it back.
    Held,
}

impl ChangeKind {
    /// All of them; their places are part of the file's format.
    pub const ALL: [ChangeKind; 7] = [
        ChangeKind::Created,
        ChangeKind::Updated,
        ChangeKind::Deleted,
        ChangeKind::Disabled,
        ChangeKind::Adopted,
        ChangeKind::Repaired,
        ChangeKind::Held,
    ];

    /// As people and programs read it.
    pub const fn name(self) -> &'static str {
        match self {
            ChangeKind::Created => "created",
            ChangeKind::Updated => "updated",
            ChangeKind::Deleted => "deleted",
            ChangeKind::Disabled => "disabled",
            ChangeKind::Adopted => "adopted",
            ChangeKind::Repaired => "repaired",
            ChangeKind::Held => "held",
        }
    }

    /// The number that stands for it and a kind of object.
    pub(super) fn code(self, kind: Kind) -> i64 {
        2 * self as i64 + i64::from(kind == Kind::Product)
    }

    pub(super) fn of_code(code: i64) -> Option<(ChangeKind, Kind)> {
        let kind = if code % 2 == 0 { Kind::Category } else { Kind::Product };
        let change = usize::try_from(code / 2).ok().and_then(|at| ChangeKind::ALL.get(at))?;
        Some((*change, kind))
    }
}

/// Why something was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Why {
    /// The feed's products need it so; no one row of it.
    #[default]
    Feed,
    /// A row of the feed says so: its line.
    Line(u64),
    /// The feed has it no more.
    Gone,
    /// Somebody had changed it at NiceChat.
    Drift,
    /// NiceChat had it already.
    Listed,
    /// What an import made is put right.
    Import,
    /// A resync found it missing.
    Resync,
    /// Somebody let it through the guard.
    Approved,
    /// There was nothing of ours before.
    FirstLoad,
    /// A rule of the settings leaves it out.
    Rule,
}

impl Why {
    /// Those without a line; their places are part of the file's format.
    const WORDS: [Why; 9] = [
        Why::Feed,
        Why::Gone,
        Why::Drift,
        Why::Listed,
        Why::Import,
        Why::Resync,
        Why::Approved,
        Why::FirstLoad,
        Why::Rule,
    ];

    pub(super) fn code(self) -> i64 {
        match self {
            Why::Line(line) => i64::try_from(line).unwrap_or(i64::MAX),
            word => -Why::WORDS.iter().zip(0..).find(|(other, _)| **other == word).map_or(0, |(_, at)| at),
        }
    }

    pub(super) fn of_code(code: i64) -> Why {
        match u64::try_from(code) {
            Ok(line) if line > 0 => Why::Line(line),
            _ => {
                let at = usize::try_from(code.unsigned_abs()).unwrap_or_default();
                Why::WORDS.get(at).copied().unwrap_or_default()
            }
        }
    }

    /// In words. `pass` = when the pass began that read the feed.
    pub fn words(self, pass: Timestamp) -> String {
        let words = match self {
            Why::Feed => "feed",
            Why::Line(line) => return format!("feed line {line}"),
            Why::Gone => return format!("gone from the feed of {}", pass.strftime("%H:%M")),
            Why::Drift => "drift",
            Why::Listed => "NiceChat had it already",
            Why::Import => "import",
            Why::Resync => "resync",
            Why::Approved => "approved by hand",
            Why::FirstLoad => "first load",
            Why::Rule => "left out by [[source.rule]]",
        };
        words.to_owned()
    }
}

/// What was changed of an object, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What became of it.
    pub change: ChangeKind,
    /// Of each field the value before (null = none, or not known) and after, in a list.
    pub(super) fields: Fields,
    /// Why.
    pub why: Why,
}

impl Change {
    /// With the old and the new value of each field.
    pub fn new<'f>(
        change: ChangeKind,
        why: Why,
        fields: impl IntoIterator<Item = (&'f str, Option<&'f Value>, Option<&'f Value>)>,
    ) -> Change {
        let short = |value: Option<&Value>| match value {
            Some(Value::String(text)) => Value::String(shorten_to(text, LONGEST)),
            Some(value) => value.clone(),
            None => Value::Null,
        };
        let fields =
            fields.into_iter().map(|(name, old, new)| (name.to_owned(), Value::from(vec![short(old), short(new)])));
        Change { change, why, fields: fields.collect() }
    }

    /// The fields with their old and new values.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value, &Value)> {
        self.fields.iter().filter_map(|(name, values)| match values.as_array().map(Vec::as_slice) {
            Some([old, new]) => Some((name.as_str(), old, new)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_code_is_read_as_it_was_written() {
        for change in ChangeKind::ALL {
            for kind in Kind::ALL {
                assert_eq!(ChangeKind::of_code(change.code(kind)), Some((change, kind)));
            }
        }
        for why in Why::WORDS.into_iter().chain([Why::Line(1), Why::Line(412)]) {
            assert_eq!(Why::of_code(why.code()), why);
        }
        assert_eq!((ChangeKind::of_code(99), ChangeKind::of_code(-3)), (None, None));
        assert_eq!(Why::of_code(-99), Why::Feed);
    }

    proptest! {
        #[test]
        fn texts_keep_their_ends(text in "\\PC{0,700}") {
            let long = json!(text);
            let change = Change::new(ChangeKind::Updated, Why::Feed, [("title", None, Some(&long))]);
            let (_, old, new) = change.fields().next().expect("a field");
            prop_assert_eq!(old, &Value::Null);
            let new = new.as_str().expect("a text");
            if text.chars().count() <= LONGEST {
                prop_assert_eq!(new, text);
            } else {
                prop_assert!(new.chars().count() <= LONGEST + 3, "{}", new);
                let (start, end) = new.split_once(" … ").expect("a gap");
                prop_assert!(text.starts_with(start) || new.matches(" … ").count() > 1);
                prop_assert!(text.ends_with(end) || new.matches(" … ").count() > 1);
            }
        }
    }
}
