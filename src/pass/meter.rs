//! What jobs count for those who watch, without knowing how that is told.

use std::borrow::Cow;

/// Something that is counted from the start of the process on.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    /// Without the program's own prefix, and without `_total`.
    pub name: &'static str,
    /// What is counted.
    pub help: &'static str,
    /// The names of its labels, with a blank between them; so are their values. `None` = it has none.
    pub label: Option<&'static str>,
    /// Values of the label that are shown as 0 from the start, so that the first step is seen as a step.
    pub from_start: &'static [&'static str],
}

/// A step of a [`Meter`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The meter's name.
    pub meter: &'static str,
    /// The label's value, where the meter has a label.
    pub label: Option<Cow<'static, str>>,
    /// By how much.
    pub by: u64,
}

impl Sample {
    /// A step of a meter without a label.
    pub fn of(meter: &'static str, by: u64) -> Sample {
        Sample { meter, label: None, by }
    }

    /// A step of a meter with a label.
    pub fn labelled(meter: &'static str, label: impl Into<Cow<'static, str>>, by: u64) -> Sample {
        Sample { meter, label: Some(label.into()), by }
    }
}

/// How something stands at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Without the program's own prefix.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// The name of its label, and the value.
    pub label: Option<(&'static str, Cow<'static, str>)>,
    /// How much.
    pub value: u64,
}
