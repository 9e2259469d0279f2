//! Printing what is read at the same time.

use std::io;

use thiserror::Error;

use crate::state::StateError;

/// What keeps us from printing what the state holds.
#[derive(Debug, Error)]
pub enum PrintError {
    /// It can't be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// It can't be printed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A list of JSON that is printed as it comes: it may be longer than memory holds.
pub(crate) struct JsonList<'w, W: io::Write> {
    out: &'w mut W,
    /// What the next item begins with.
    separator: &'static str,
}

impl<'w, W: io::Write> JsonList<'w, W> {
    pub(crate) fn begin(out: &'w mut W) -> io::Result<Self> {
        write!(out, "[")?;
        Ok(JsonList { out, separator: "" })
    }

    pub(crate) fn item(&mut self, item: &impl serde::Serialize) -> io::Result<()> {
        write!(self.out, "{}", self.separator)?;
        self.separator = ",";
        Ok(serde_json::to_writer(&mut *self.out, item)?)
    }

    pub(crate) fn end(self) -> io::Result<()> {
        write!(self.out, "]")
    }
}
