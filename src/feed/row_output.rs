//! What the readers of the formats give their rows to: they are held against the bounds, and only the first of each id
//! passes.

use super::bounds::{cell_text, within_bounds};
use super::row_sink::RowSink;
use super::{FeedError, Row, RowDigest, RowPlace};
use crate::catalog::{Cell, Digest, Hasher, Id, IdError, Rejection};

/// A sink, and what the meaning of a row depends on besides its own bytes.
pub(super) struct RowOutput<'s> {
    sink: &'s mut dyn RowSink,
    hasher: Hasher,
    settings: Digest,
    /// Of the settings and of what the body says outside its rows.
    context: Digest,
    /// Kept from one chunk to the next.
    prefetched: Vec<RowDigest>,
}

impl<'s> RowOutput<'s> {
    /// `settings` = a digest of everything outside the body that a row's meaning depends on.
    pub(super) fn new(sink: &'s mut dyn RowSink, settings: Digest) -> RowOutput<'s> {
        let hasher = sink.hasher().clone();
        RowOutput { sink, hasher, settings, context: settings, prefetched: Vec::new() }
    }

    /// What the sink has rows digested with.
    pub(super) fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// From here on, what the body says outside its rows has this digest.
    pub(super) fn set_context(&mut self, context: Digest) {
        self.context = self.hasher.digest(&[self.settings.to_le_bytes(), context.to_le_bytes()].concat());
    }

    /// Of a row whose bytes have this digest, in the context of this place.
    pub(super) fn digest(&self, bytes: Digest) -> RowDigest {
        RowDigest(bytes ^ self.context)
    }

    /// See [`RowSink::prefetch`].
    pub(super) fn prefetch(&mut self, bytes: &[Digest]) {
        let mut rows = std::mem::take(&mut self.prefetched);
        rows.clear();
        rows.extend(bytes.iter().map(|bytes| self.digest(*bytes)));
        self.sink.prefetch(&rows);
        self.prefetched = rows;
    }

    /// See [`RowSink::knows`].
    pub(super) fn knows(&mut self, row: RowDigest, line: u64) -> Result<bool, FeedError> {
        self.sink.knows(row, line).map_err(FeedError::Sink)
    }

    /// See [`RowSink::check_cancelled`].
    pub(super) fn check_cancelled(&mut self) -> Result<(), FeedError> {
        self.sink.check_cancelled().map_err(FeedError::Sink)
    }

    /// Gives the sink a row that was parsed.
    pub(super) fn give(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), FeedError> {
        let mut row = within_bounds(row);
        if let Row::Rejected(rejection) = &mut row {
            forget_broken_id(rejection);
        }
        let (id, line) = (row.id(), row.line());
        let place = RowPlace::new(line, matches!(&row, Row::Offer(_)));
        let first = id.map_or(Ok(None), |id| self.sink.first(id, place)).map_err(FeedError::Sink)?;
        // A word that nobody defined is reported in every pass, not only in the first one.
        let digest = digest.filter(|_| !matches!(&row, Row::Offer(offer) if offer.strange_stock.is_some()));
        let row = match first {
            None => row,
            Some(first) => Row::Rejected(duplicate(&row, id.map(str::to_owned), line, first)),
        };
        self.sink.row(row, digest).map_err(FeedError::Sink)
    }
}

/// An id that only damage makes doesn't tell whose row it is.
fn forget_broken_id(rejection: &mut Rejection) {
    let is_broken = |id: &String| Id::parse(id) == Err(IdError::LineEnd);
    if let Some(id) = rejection.id.take_if(|id| is_broken(id)) {
        rejection.reason = format!("{} (id {id:?})", rejection.reason);
        "row".clone_into(&mut rejection.field);
    }
}

/// A row whose id an earlier one has.
fn duplicate(row: &Row, id: Option<String>, line: u64, first: RowPlace) -> Rejection {
    let title = match row {
        Row::Offer(offer) => Some(cell_text(&offer.item.title)),
        Row::Rejected(rejection) => rejection.cell.as_ref().and_then(|cell| cell.title.clone()),
    };
    let cell = Cell { column: Some("id".to_owned()), value: id.as_deref().map(cell_text), title };
    Rejection::duplicate(line, id, first.line(), first.is_taken()).of_cell(cell)
}
