//! Reading the feed for the shelf.

use std::collections::HashSet;

use jiff::Timestamp;

use super::stocking::Stocking;
use crate::catalog::{Digest, Hasher, Owner, Rejection};
use crate::feed::{self, FeedType, Offer, Row, RowDigest, RowPlace, RowSink, SinkError};
use crate::source::End;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::input::input;
use crate::systems::catalog::planner::parse_options;
use crate::systems::catalog::shelf::ShelfError;

/// Words of broken rows that are kept.
const MENTIONS: usize = 100_000;

/// What the feed turned out to be.
pub(super) struct FeedRead {
    /// Where it is from and the type that the settings want; what it is.
    pub(super) kind: (String, String),
    pub(super) changes_at: Option<Timestamp>,
    /// Words of broken rows that may be ids, digested without a secret.
    pub(super) mentions: HashSet<Digest>,
    /// What it doesn't have is not in it: it is whole, and no row is so broken that it may be anybody's.
    pub(super) proves_absence: bool,
    /// Rows without an id.
    pub(super) nameless: u64,
    /// Why nothing proves its end, and whether its last row was left for that; `None` = it is proven.
    pub(super) unproven: Option<(&'static str, bool)>,
}

/// What becomes of the rows.
pub(super) trait Taker {
    /// Whether any row is known by its bytes.
    fn knows_some(&self) -> bool;

    /// Whether this one is, which begins on this line: it isn't parsed then.
    fn known(&mut self, row: RowDigest, line: u64) -> Result<bool, ShelfError>;

    /// See [`RowSink::first`].
    fn first(&mut self, id: &str, row: RowPlace) -> Result<Option<RowPlace>, ShelfError>;

    /// An item; without a digest the same bytes may mean something else another time.
    fn offer(&mut self, offer: Box<Offer>, row: Option<RowDigest>) -> Result<(), ShelfError>;

    /// A row that a rule leaves out: its number, from 0 on.
    fn exclude(&mut self, row: Row, rule: usize) -> Result<(), ShelfError>;

    /// A row that can't be read. Gives whether its id is that of nothing that is shown.
    fn reject(&mut self, rejection: Rejection) -> Result<bool, PassError>;
}

struct Sink<'s, 'a, 't> {
    stocking: &'s Stocking<'a>,
    mentions: HashSet<Digest>,
    changes_at: Option<Timestamp>,
    some_row_is_unknown: bool,
    nameless: u64,
    taker: &'t mut dyn Taker,
}

/// Gives every row of the feed to `taker`.
pub(super) fn read(stocking: &Stocking<'_>, taker: &mut dyn Taker) -> Result<FeedRead, PassError> {
    let Stocking { source, body, stop, now, .. } = stocking;
    let mut sink =
        Sink { stocking, mentions: HashSet::new(), changes_at: None, some_row_is_unknown: false, nameless: 0, taker };
    let mut read = || {
        let feed = input(body, source.max_bytes, stop)?;
        feed::read_into(&feed, &parse_options(source, *now), &mut sink)
    };
    let read = read().map_err(|error| PassError::reading(source, error))?;
    body.check_unwritten()?;
    let wanted = source.format.map_or("auto", FeedType::name);
    Ok(FeedRead {
        kind: (format!("{} {wanted}", source.location.fingerprint()), read.format.name().to_owned()),
        changes_at: sink.changes_at,
        mentions: sink.mentions,
        nameless: sink.nameless,
        unproven: match body.end {
            End::Unproven(because) if !read.is_whole => Some((because, read.left_last_row)),
            _ => None,
        },
        proves_absence: (body.end == End::Proven || read.is_whole) && !sink.some_row_is_unknown,
    })
}

impl Sink<'_, '_, '_> {
    fn may_change_at(&mut self, at: Option<Timestamp>) {
        self.changes_at = [self.changes_at, at].into_iter().flatten().min();
    }
}

impl RowSink for Sink<'_, '_, '_> {
    fn hasher(&self) -> &Hasher {
        &self.stocking.hasher
    }

    fn knows_some(&self) -> bool {
        self.taker.knows_some()
    }

    fn knows(&mut self, row: RowDigest, line: u64) -> Result<bool, SinkError> {
        self.check_cancelled()?;
        Ok(self.taker.known(row, line).map_err(PassError::from)?)
    }

    fn first(&mut self, id: &str, row: RowPlace) -> Result<Option<RowPlace>, SinkError> {
        Ok(self.taker.first(id, row).map_err(PassError::from)?)
    }

    fn check_cancelled(&mut self) -> Result<(), SinkError> {
        if self.stocking.stop.is_cancelled() { Err(Box::new(PassError::Interrupted)) } else { Ok(()) }
    }

    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError> {
        self.check_cancelled()?;
        self.may_change_at(row.changes_at());
        if let Some(rule) = self.stocking.source.rules.excludes(&row) {
            return Ok(self.taker.exclude(row, rule).map_err(PassError::from)?);
        }
        let taken = match row {
            Row::Offer(offer) => {
                // What it says then, or whether a rule leaves it out, nobody knows now.
                let digest = digest.filter(|_| offer.changes_at.is_none());
                self.taker.offer(offer, digest).map_err(PassError::from)
            }
            Row::Rejected(rejection) => {
                let (is_unknown, is_doubtful) = (matches!(rejection.owner(), Owner::Unknown), rejection.is_doubtful);
                self.nameless += u64::from(matches!(rejection.owner(), Owner::Nameless));
                let hasher = Hasher::without_secret();
                let words = rejection.mentions.iter().map(|word| hasher.digest(word.as_bytes()));
                let room = MENTIONS.saturating_sub(self.mentions.len());
                self.mentions.extend(words.take(room));
                self.taker.reject(rejection).map(|is_strangers| {
                    // It may be any product's that is missed later.
                    self.some_row_is_unknown |= is_unknown || (is_doubtful && is_strangers);
                })
            }
        };
        Ok(taken?)
    }
}
