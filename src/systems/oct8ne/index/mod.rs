//! The search index: an inverted index of a generation, in a file beside it. It is read from the disk (the page cache)
//! at each query, so that it takes no memory while nobody searches.
//!
//! Ours rather than tantivy's: that is 7 MB of program, and the whole of it may have 16. Documents are numbered by their
//! places in the generation, and lie in segments of 65,536. A segment has its terms in order, in packed blocks, each with
//! its postings (two bytes of a document, one of where in it the word stands), and the columns that results are
//! narrowed, ordered and counted by.

pub(super) mod build;
pub(super) mod columns;
pub(super) mod facets;
pub(super) mod file;
pub(super) mod matching;
pub(super) mod related;
pub(super) mod search;
mod sheets;

#[cfg(test)]
mod tests;
