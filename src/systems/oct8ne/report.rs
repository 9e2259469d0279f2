//! How the face stands, for those who only look.

use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::index::file::FILE;
use super::page::section;
use crate::clock::Clock;
use crate::config::Schedule;
use crate::pass::{self, Headline, PassRow};
use crate::report::{JsonObject, PrintError};
use crate::state::{Reader, StateError};
use crate::systems::catalog::{Generation, shown};
use crate::systems::look::{Look, Standing};
use crate::text::count;
use crate::view::{Figure, Shown};

/// What can be looked at.
pub(super) struct ShownLook {
    pub(super) state: PathBuf,
    pub(super) is_wanted: bool,
}

struct ShownStanding(Option<Generation>);

impl Look for ShownLook {
    fn job(&self) -> (&'static str, String) {
        ("oct8ne", String::new())
    }

    fn schedule(&self) -> Option<&Schedule> {
        None
    }

    fn standing<'r>(&self, _reader: &'r Reader) -> Result<Box<dyn Standing + 'r>, StateError> {
        // What is damaged is as good as not there.
        let generation = if self.is_wanted { shown(&self.state).newest().ok().flatten() } else { None };
        Ok(Box::new(ShownStanding(generation)))
    }

    fn shown(&self, reader: &Reader) -> Result<Shown, PrintError> {
        if !self.is_wanted {
            return Ok(Shown::default());
        }
        let found = shown(&self.state).newest();
        let products = found.as_ref().ok().and_then(Option::as_ref).map_or(0, Generation::len);
        let figures = vec![Figure::new(products, "shown by Oct8ne").leads("#oct8ne")];
        Ok(Shown { figures, sections: vec![section(found, reader)?] })
    }
}

impl ShownStanding {
    fn json(&self) -> Value {
        let Some(generation) = &self.0 else { return Value::Null };
        let index = generation.folder().join(FILE).metadata().map_or(0, |metadata| metadata.len());
        json!({"products": generation.len(), "catalogue_at": generation.made(), "index_bytes": index})
    }
}

impl Standing for ShownStanding {
    fn headline(&self, _passes: &[PassRow], _clock: &Clock) -> Headline {
        // Its passes are those over the feed.
        Headline { state: pass::Standing::None, text: "No pass yet.".to_owned(), since: None }
    }

    fn pass_line(&self, pass: &PassRow) -> String {
        pass.outcome.name().to_owned()
    }

    fn print_json(&self, _most: u64, out: &mut JsonObject<'_>) -> Result<(), PrintError> {
        Ok(out.field("oct8ne", &self.json())?)
    }

    fn print_summary(&self, out: &mut dyn Write) -> Result<(), PrintError> {
        if let Some(generation) = &self.0 {
            let products = count(generation.len(), "product", "products");
            writeln!(out, "Oct8ne: {products} shown, of the feed of {:.0}.", generation.made())?;
        }
        Ok(())
    }
}
