//! Where the documents of a term lie, as a number of a dictionary.

/// Bits of the place in a segment's lists, of a number of documents, of a place in a document.
const AT: u32 = 31;
const DOCS: u32 = 16;
const PLACE: u32 = 5;
/// It is a single document, and has no list.
const IS_ALONE: u64 = 1 << 63;

/// Bytes of lists that a segment may have.
pub(super) const MOST: u64 = 1 << AT;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct List(pub(super) u64);

/// What it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A document, and where in it the term stands.
    Alone(u16, u8),
    /// So many bytes behind the segment's first list, with so many documents.
    At(u64, usize),
}

impl List {
    pub(super) fn alone(segment: u16, doc: u16, place: u8) -> List {
        List(IS_ALONE | u64::from(segment) << (DOCS + PLACE) | u64::from(doc) << PLACE | u64::from(place))
    }

    /// `at` is less than [`MOST`], `docs` one to 65,536.
    pub(super) fn at(segment: u16, at: u64, docs: usize) -> List {
        List(u64::from(segment) << (AT + DOCS) | at << DOCS | docs.saturating_sub(1) as u64 & 0xffff)
    }

    pub(super) fn segment(self) -> usize {
        let shift = if self.0 & IS_ALONE == 0 { AT + DOCS } else { DOCS + PLACE };
        usize::from((self.0 >> shift) as u16)
    }

    pub(super) fn kind(self) -> Kind {
        if self.0 & IS_ALONE == 0 {
            Kind::At(self.0 >> DOCS & (MOST - 1), (self.0 & 0xffff) as usize + 1)
        } else {
            Kind::Alone((self.0 >> PLACE) as u16, (self.0 & 0x1f) as u8)
        }
    }

    /// How many documents it has.
    pub(super) fn docs(self) -> usize {
        match self.kind() {
            Kind::Alone(..) => 1,
            Kind::At(_, docs) => docs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_was_put_into_it() {
        let alone = List::alone(65_000, 40_000, 31);
        assert_eq!((alone.segment(), alone.kind(), alone.docs()), (65_000, Kind::Alone(40_000, 31), 1));
        let list = List::at(32_767, MOST - 1, 65_536);
        assert_eq!((list.segment(), list.kind(), list.docs()), (32_767, Kind::At(MOST - 1, 65_536), 65_536));
    }
}
