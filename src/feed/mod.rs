//! From bytes to items: every feed format, read as a stream.
//!
//! A feed is cut into rows or elements first (`text_split`, `xml_split`), then each of them is decoded and parsed
//! alone, so that a broken one costs nothing but itself. A feed that ends early is an error, never a feed
//! with fewer items.

mod ahead;
mod attributes;
mod bounds;
mod charset;
mod chunker;
mod detect;
mod element;
mod entities;
mod error;
mod first_rows;
mod format;
mod google;
mod google_text;
mod google_xml;
mod header;
mod input;
mod local;
mod names;
mod namespaces;
mod open_names;
mod parser_thread;
mod plain_element;
mod positioned;
mod read;
mod recycling;
mod row;
mod row_at;
mod row_output;
mod row_sink;
mod sale;
mod text_split;
mod tree;
mod unzip;
mod utf16;
mod values;
mod window;
mod xml_split;
mod yml;

pub use error::{FeedError, SinkError};
pub use first_rows::FirstRows;
pub use format::{FeedType, ParseOptions, RULES};
pub use header::{Header, HeaderColumn};
pub use input::Input;
pub use read::{Reading, open, read, read_into, recognise};
pub use row::{Offer, Row, RowDigest, RowPlace};
pub use row_at::{RowOf, row_at};
pub use row_sink::RowSink;

#[cfg(test)]
mod tests;
