use std::ops::Range;

/// Something between the beginning and the end of the root element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::feed) enum Fragment {
    /// A whole element with one of the names asked for.
    Element { name: &'static str, bytes: Range<usize>, line: u64 },
    /// An element of such a name whose start or end tag is broken, that was not closed before the next
    /// one began, or that is too long. `head` = its first bytes, in which its id may be found.
    Broken { name: &'static str, head: Vec<u8>, line: u64, reason: &'static str },
    /// The start tag of any other element.
    Open { tag: Range<usize> },
    /// The end tag of any other element.
    Close { name: Range<usize> },
}
