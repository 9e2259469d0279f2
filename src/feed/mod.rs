//! From bytes to items: every feed format, read as a stream.
//!
//! A feed is cut into rows or elements first (`text`, `spans`), each of them is decoded and parsed
//! alone, so that a broken one costs nothing but itself. What ends early is an error, never a feed
//! with fewer items.

mod ahead;
mod attributes;
mod bounds;
mod charset;
mod detect;
mod element;
mod entities;
mod error;
mod format;
mod google;
mod google_text;
mod google_xml;
mod input;
mod intake;
mod lane;
mod lenient;
mod namespaces;
mod positioned;
mod read;
mod relay;
mod row;
mod sale;
mod spans;
mod text;
mod tree;
mod unzip;
mod utf16;
mod values;
mod window;
mod yml;

pub use error::{FeedError, SinkError};
pub use format::{FeedType, RULES, Shape};
pub use input::Input;
pub use intake::Receiver;
pub use read::{Reading, open, read, read_into, recognise};
pub use row::{Offer, Row, RowDigest};

#[cfg(test)]
mod tests;
