//! The search index: an inverted index of a generation, in a file beside it. It is read from the disk (the page cache)
//! at each query, so that it takes no memory while nobody searches.
//!
//! Ours rather than tantivy's: that is 7 MB of program, and the whole of it may have 16. Documents are numbered by their
//! places in the generation, and lie in segments of up to 65,536. A segment has the lists of its terms (which documents,
//! and where in each), and a row a document that results are narrowed, ordered and counted by. One dictionary of all
//! terms, in order, says where their lists are. A search reads the pages of its words, their lists, and the rows of
//! what they have in common.

pub(super) mod build;
pub(super) mod columns;
mod dictionary;
pub(super) mod facets;
pub(super) mod file;
mod list;
pub(super) mod matching;
mod postings;
pub(super) mod related;
mod rows;
pub(super) mod search;
mod spilled;
mod terms;
mod varint;

#[cfg(test)]
mod tests;
