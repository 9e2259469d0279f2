//! What the readers of the formats give their rows to: known rows go no further than their bytes.

use std::collections::HashSet;

use super::bounds::within;
use super::{FeedError, Row, RowDigest, SinkError};
use crate::catalog::{Digest, Hasher, Id, IdError, Rejection};

/// What rows are read for.
pub trait Receiver {
    /// What rows are digested with.
    fn hasher(&self) -> &Hasher;

    /// Whether there is any row that it knows.
    fn knows_some(&self) -> bool {
        false
    }

    /// Rows with these digests are likely to be asked for soon, in this order.
    fn foresee(&mut self, _rows: &[RowDigest]) {}

    /// Whether the receiver knows what the row with this digest means. It has taken it in then, and
    /// the row isn't parsed.
    ///
    /// # Errors
    /// When the receiver can't go on.
    fn knows(&mut self, row: RowDigest) -> Result<bool, SinkError>;

    /// Whether this is the first row with this id, taken or not.
    ///
    /// # Errors
    /// When the receiver can't go on.
    fn is_first(&mut self, id: &str) -> Result<bool, SinkError>;

    /// To be asked now and then by whoever reads long without giving rows.
    ///
    /// # Errors
    /// When the receiver can't go on.
    fn check_cancelled(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Takes in a row. `None` = it must be parsed again, whatever its bytes.
    ///
    /// # Errors
    /// When the receiver can't go on.
    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError>;
}

/// A receiver that knows nothing. Memory: 16 bytes an id.
pub(super) struct Forgetful<'s> {
    pub(super) hasher: Hasher,
    pub(super) seen: HashSet<Digest>,
    pub(super) sink: &'s mut dyn FnMut(Row) -> Result<(), SinkError>,
}

impl Receiver for Forgetful<'_> {
    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    fn knows(&mut self, _: RowDigest) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn is_first(&mut self, id: &str) -> Result<bool, SinkError> {
        Ok(self.seen.insert(self.hasher.digest(id.as_bytes())))
    }

    fn row(&mut self, row: Row, _: Option<RowDigest>) -> Result<(), SinkError> {
        (self.sink)(row)
    }
}

/// A receiver, and what the meaning of a row depends on besides its own bytes.
pub(super) struct Intake<'r> {
    receiver: &'r mut dyn Receiver,
    hasher: Hasher,
    shape: Digest,
    context: Digest,
    foreseen: Vec<RowDigest>,
}

impl<'r> Intake<'r> {
    /// `shape` = a digest of everything outside the body that a row's meaning depends on.
    pub(super) fn new(receiver: &'r mut dyn Receiver, shape: Digest) -> Intake<'r> {
        let hasher = receiver.hasher().clone();
        Intake { receiver, hasher, shape, context: shape, foreseen: Vec::new() }
    }

    /// What the receiver has rows digested with.
    pub(super) fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// From here on, what the body says outside its rows has this digest.
    pub(super) fn set_surroundings(&mut self, surroundings: Digest) {
        self.context = self.hasher.digest(&[self.shape.to_le_bytes(), surroundings.to_le_bytes()].concat());
    }

    /// Of a row whose bytes have this digest, here.
    pub(super) fn digest(&self, bytes: Digest) -> RowDigest {
        RowDigest(bytes ^ self.context)
    }

    /// See [`Receiver::foresee`].
    pub(super) fn foresee(&mut self, bytes: &[Digest]) {
        let mut rows = std::mem::take(&mut self.foreseen);
        rows.clear();
        rows.extend(bytes.iter().map(|bytes| self.digest(*bytes)));
        self.receiver.foresee(&rows);
        self.foreseen = rows;
    }

    /// See [`Receiver::knows`].
    ///
    /// # Errors
    /// When the receiver can't go on.
    pub(super) fn knows(&mut self, row: RowDigest) -> Result<bool, FeedError> {
        self.receiver.knows(row).map_err(FeedError::Sink)
    }

    /// See [`Receiver::check_cancelled`].
    ///
    /// # Errors
    /// When the receiver can't go on.
    pub(super) fn check_cancelled(&mut self) -> Result<(), FeedError> {
        self.receiver.check_cancelled().map_err(FeedError::Sink)
    }

    /// A row that is there already.
    ///
    /// # Errors
    /// When the receiver can't go on.
    pub(super) fn give(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), FeedError> {
        let mut row = within(row);
        if let Row::Rejected(rejection) = &mut row {
            forget_broken_id(rejection);
        }
        let (id, line) = match &row {
            Row::Offer(offer) => (Some(offer.item.id.as_str()), offer.line),
            Row::Rejected(rejection) => (rejection.id.as_deref(), rejection.line),
        };
        let is_first = id.map_or(Ok(true), |id| self.receiver.is_first(id)).map_err(FeedError::Sink)?;
        // A word that nobody defined is told in every pass, not only in the first one.
        let digest = digest.filter(|_| !matches!(&row, Row::Offer(offer) if offer.strange_stock.is_some()));
        let row = if is_first { row } else { Row::Rejected(duplicate(id.map(str::to_owned), line)) };
        self.receiver.row(row, digest).map_err(FeedError::Sink)
    }
}

/// Whose row it is can't be told by an id that only damage makes.
fn forget_broken_id(rejection: &mut Rejection) {
    let is_broken = |id: &String| Id::parse(id) == Err(IdError::LineEnd);
    if let Some(id) = rejection.id.take_if(|id| is_broken(id)) {
        rejection.reason = format!("{} (id {id:?})", rejection.reason);
        "row".clone_into(&mut rejection.field);
    }
}

fn duplicate(id: Option<String>, line: u64) -> Rejection {
    Rejection::new(line, id, "id", "duplicate: an earlier row has this id, and the first counts".into())
}
