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
pub(crate) struct JsonList<'w> {
    out: &'w mut dyn io::Write,
    /// What the next item begins with.
    separator: &'static str,
}

impl<'w> JsonList<'w> {
    pub(crate) fn begin(out: &'w mut dyn io::Write) -> io::Result<Self> {
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

/// An object of JSON that is printed as it comes.
pub struct JsonObject<'w> {
    out: &'w mut dyn io::Write,
    separator: &'static str,
}

impl<'w> JsonObject<'w> {
    pub(crate) fn begin(out: &'w mut dyn io::Write) -> io::Result<Self> {
        write!(out, "{{")?;
        Ok(JsonObject { out, separator: "" })
    }

    pub(crate) fn field(&mut self, name: &str, value: &impl serde::Serialize) -> io::Result<()> {
        self.name(name)?;
        Ok(serde_json::to_writer(&mut *self.out, value)?)
    }

    /// Begins a field whose value is a list, which has to be ended before anything else is added.
    pub(crate) fn list(&mut self, name: &str) -> io::Result<JsonList<'_>> {
        self.name(name)?;
        JsonList::begin(&mut *self.out)
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        write!(self.out, "{}{}:", self.separator, serde_json::Value::from(name))?;
        self.separator = ",";
        Ok(())
    }

    pub(crate) fn end(self) -> io::Result<()> {
        write!(self.out, "}}")
    }
}
