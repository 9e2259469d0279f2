//! Reading the feed for the shelf, and what of an item stays as it was.

use std::collections::HashSet;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

use super::stocking::Stocking;
use crate::catalog::{Digest, Hasher, Owner, Rejection};
use crate::feed::{self, FeedType, FirstRows, Offer, Row, RowDigest, RowPlace, RowSink, SinkError};
use crate::source::End;
use crate::systems::catalog::diff::fields::changes;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::risk::{Risk, Risks};
use crate::systems::catalog::planner::parse_options;
use crate::systems::catalog::shelf::{ShelfError, Stocked};

/// Words of broken rows that are kept.
const MENTIONS: usize = 100_000;

/// A reading of the feed.
pub(super) struct FeedReading<'s, 'a> {
    stocking: &'s Stocking<'a>,
    hasher: Hasher,
}

/// What the feed turned out to be.
pub(super) struct FeedRead {
    /// Where it is from and the type that the settings want; what it is.
    pub(super) kind: (String, String),
    pub(super) changes_at: Option<Timestamp>,
    /// Words of broken rows that may be ids, digested without a secret.
    pub(super) mentions: HashSet<Digest>,
    /// What it doesn't have is not in it: it is whole, and no row is so broken that it may be anybody's.
    pub(super) proves_absence: bool,
}

type Each<'e> = dyn FnMut(Result<Offer, Rejection>) -> Result<(), ShelfError> + 'e;

struct Sink<'s, 'a, 'e> {
    reading: &'s FeedReading<'s, 'a>,
    seen: FirstRows,
    mentions: HashSet<Digest>,
    changes_at: Option<Timestamp>,
    some_row_is_unknown: bool,
    each: &'e mut Each<'e>,
}

impl<'s, 'a> FeedReading<'s, 'a> {
    pub(super) fn new(stocking: &'s Stocking<'a>) -> Result<FeedReading<'s, 'a>, PassError> {
        let hasher = Hasher::random().map_err(PassError::Rows)?;
        Ok(FeedReading { stocking, hasher })
    }

    /// Gives every row to `each`. Memory: 20 bytes an id.
    pub(super) fn each(
        &mut self,
        mut each: impl FnMut(Result<Offer, Rejection>) -> Result<(), ShelfError>,
    ) -> Result<FeedRead, PassError> {
        let Stocking { source, body, stop, now, .. } = self.stocking;
        let mut sink = Sink {
            reading: self,
            seen: FirstRows::default(),
            mentions: HashSet::new(),
            changes_at: None,
            some_row_is_unknown: false,
            each: &mut each,
        };
        let mut read = || {
            let input = feed::open(&body.file, source.max_bytes).stopped_by(stop);
            let input = if body.end == End::Proven { input } else { input.unproven()? };
            feed::read_into(&input, &parse_options(source, *now), &mut sink)
        };
        let read = read().map_err(|error| PassError::reading(source, error))?;
        body.check_unwritten()?;
        let wanted = source.format.map_or("auto", FeedType::name);
        Ok(FeedRead {
            kind: (format!("{} {wanted}", source.location.fingerprint()), read.format.name().to_owned()),
            changes_at: sink.changes_at,
            mentions: sink.mentions,
            proves_absence: (body.end == End::Proven || read.is_whole) && !sink.some_row_is_unknown,
        })
    }
}

impl RowSink for Sink<'_, '_, '_> {
    fn hasher(&self) -> &Hasher {
        &self.reading.hasher
    }

    fn knows(&mut self, _: RowDigest, _: u64) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn first(&mut self, id: &str, row: RowPlace) -> Result<Option<RowPlace>, SinkError> {
        Ok(self.seen.first(self.reading.hasher.digest(id.as_bytes()), row))
    }

    fn row(&mut self, row: Row, _: Option<RowDigest>) -> Result<(), SinkError> {
        let Stocking { source, stop, .. } = self.reading.stocking;
        if stop.is_cancelled() {
            return Err(Box::new(PassError::Interrupted));
        }
        let mut may_change_at = |at: Option<Timestamp>| {
            self.changes_at = [self.changes_at, at].into_iter().flatten().min();
        };
        let row = match row {
            Row::Offer(offer) => {
                may_change_at(offer.changes_at);
                if source.rules.excludes(&offer.item).is_some() {
                    return Ok(());
                }
                Ok(*offer)
            }
            Row::Rejected(rejection) => {
                may_change_at(rejection.changes_at);
                self.some_row_is_unknown |= matches!(rejection.owner(), Owner::Unknown);
                let hasher = Hasher::without_secret();
                let words = rejection.mentions.iter().map(|word| hasher.digest(word.as_bytes()));
                let room = MENTIONS.saturating_sub(self.mentions.len());
                self.mentions.extend(words.take(room));
                Err(rejection)
            }
        };
        Ok((self.each)(row).map_err(PassError::from)?)
    }
}

/// The risks of an item's change.
pub(super) fn risks_of(old: &Stocked, new: &Stocked, factor: Decimal) -> Risks {
    Risks::of_change(&old.fields, &changes(&old.fields, &new.fields), factor)
}

/// Leaves what is held of an item as it was; gives whether anything is.
pub(super) fn patched(old: &Stocked, new: &mut Stocked, held: &HashSet<Risk>, factor: Decimal) -> bool {
    let risks = risks_of(old, new, factor);
    let held: Vec<&Risk> = held.iter().filter(|risk| **risk != Risk::Delete && risks.has(**risk)).collect();
    for field in held.iter().flat_map(|risk| risk.fields()) {
        let value = old.fields.get(field.name()).cloned().unwrap_or_default();
        new.fields.insert(field.name().to_owned(), value);
        if field.name() == "price" {
            // It belongs to the price that it was higher than.
            let local = new.fields.entry("local").or_insert_with(|| Value::Object(Default::default()));
            let old = old.fields.get("local").and_then(|local| local.get("old_price")).cloned().unwrap_or_default();
            local.as_object_mut().into_iter().for_each(|local| {
                local.insert("old_price".to_owned(), old.clone());
            });
        }
    }
    !held.is_empty()
}
