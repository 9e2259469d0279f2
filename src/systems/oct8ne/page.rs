//! What a page shows of the face.

use jiff::Timestamp;

use super::index::file::FILE;
use super::job::JOB;
use crate::pass::{Outcome, ReadPasses as _};
use crate::state::{Reader, StateError};
use crate::systems::catalog::store::{ReadFeed as _, ReadGuard as _};
use crate::systems::catalog::{Generation, ShelfError};
use crate::view::Block;
use crate::view::{Cell, Rank, Section, Tone};

/// How many products are shown, of which feed, and what of it isn't as the feed says. `found` = what is on the shelf.
///
/// # Errors
/// When the state can't be read.
pub(super) fn section(found: Result<Option<Generation>, ShelfError>, reader: &Reader) -> Result<Section, StateError> {
    let section = Section::new("oct8ne", "Shown by Oct8ne", Rank::Aside);
    let generation = match found {
        Ok(Some(generation)) => generation,
        Ok(None) => {
            let nothing = section.saying("Nothing is shown yet: the first pass that reads the whole feed does that.");
            return Ok(match failure(reader)? {
                Some(reason) => nothing.saying(reason),
                None => nothing,
            });
        }
        Err(error) => {
            return Ok(section.saying(format!("What is shown can't be read: {error}. The next pass makes it again.")));
        }
    };
    let indexed = indexed(&generation);
    let pairs = vec![
        ("products shown".to_owned(), Cell::Number(generation.len())),
        ("feed of".to_owned(), Cell::Time(generation.made())),
        (
            "search index of".to_owned(),
            indexed.map_or_else(|| Cell::Word("not made yet".to_owned(), Tone::Warn), Cell::Time),
        ),
    ];
    let section = section.with(Block::Pairs(pairs));
    let behind = behind(&generation, indexed.is_some(), reader)?;
    Ok(if behind.is_empty() {
        section.saying("What is shown is what the last feed says.")
    } else {
        behind.into_iter().fold(section, Section::saying)
    })
}

/// When the index was made; `None` = there is none yet.
fn indexed(generation: &Generation) -> Option<Timestamp> {
    let made = generation.folder().join(FILE).metadata().ok()?.modified().ok()?;
    Timestamp::try_from(made).ok()
}

/// In which way what is shown isn't what the last feed says, and why.
fn behind(generation: &Generation, is_indexed: bool, reader: &Reader) -> Result<Vec<String>, StateError> {
    let mut why = Vec::new();
    if generation.about().held.is_some() || reader.held()?.is_some() {
        why.push("Behind the feed: what the guard holds stays as it was until somebody approves it.".to_owned());
    }
    why.extend(reader.unproven()?.map(|unproven| {
        format!("What the feed lacks is shown still, as nothing proves that the feed is whole: {}.", unproven.because)
    }));
    let is_failed = failure(reader)?.is_some();
    let mark = reader.feed_mark()?.and_then(|mark| mark.body);
    let is_shown = mark.is_none_or(|body| generation.about().key.contains(&format!("{body:032x}")));
    if !is_shown && !is_failed {
        why.push("What is shown is older than the last feed: why is told in the log.".to_owned());
    }
    why.extend(failure(reader)?.map(|reason| format!("{reason} What is shown may be older than the feed.")));
    if !is_indexed {
        let words =
            "Searches are answered by the index before, if there is one: the daemon makes this one within seconds.";
        why.push(words.to_owned());
    }
    Ok(why)
}

/// How the last pass went wrong.
fn failure(reader: &Reader) -> Result<Option<String>, StateError> {
    let last = reader.passes(JOB, "", 1)?.into_iter().next().filter(|last| last.outcome == Outcome::Failed);
    let reason = last.map(|last| last.reason.unwrap_or_else(|| "it is told in the log".to_owned()));
    Ok(reason.map(|reason| format!("The last pass failed: {}.", reason.trim_end_matches('.'))))
}
