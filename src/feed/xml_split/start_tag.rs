//! Where a start tag ends.

use std::io::Read;

use memchr::memchr;

use super::markup::{TagEnd, tag_end};
use super::scanner::Scanner;
use crate::feed::FeedError;
use crate::feed::window::MAX_ROW;

impl<R: Read> Scanner<R> {
    /// Where the `>` of the start tag at the window's beginning stands, of which the `first` may be one in a value.
    /// `None` = too far away.
    pub(super) fn tag_end(&mut self, first: usize) -> Result<Option<usize>, FeedError> {
        let mut at = 1;
        loop {
            // A `<` may not stand in a value, so a quote that runs into one was never closed, and the first `>` counts.
            let stray = memchr(b'<', &self.bytes()[at..]).map(|found| at + found);
            let is_all = self.ended() || self.bytes().len() > MAX_ROW;
            match tag_end(&self.bytes()[..stray.unwrap_or(self.bytes().len())], &mut at) {
                TagEnd::Here(end) => return Ok(Some(end)),
                TagEnd::InQuotes if stray.is_some() || is_all => return Ok(Some(first)),
                TagEnd::Beyond if stray.is_some() => return self.tag_end_beyond(at, first),
                TagEnd::InQuotes | TagEnd::Beyond if self.bytes().len() > MAX_ROW => return Ok(None),
                TagEnd::InQuotes | TagEnd::Beyond if self.more()? => {}
                TagEnd::InQuotes | TagEnd::Beyond => return Err(self.cut_short()),
            }
        }
    }

    /// The same for a tag that the next one begins in, without a quote or a `>` before that.
    fn tag_end_beyond(&mut self, at: usize, first: usize) -> Result<Option<usize>, FeedError> {
        let end = self.find_mark(at, b">")?;
        let known = end.unwrap_or(usize::MAX).min(self.bytes().len());
        if [b"\"", b"'"].into_iter().any(|quote| self.mark_within(at..known, quote).is_some()) {
            return Ok(Some(first));
        }
        end.map(|end| (end <= MAX_ROW).then_some(end)).ok_or_else(|| self.cut_short())
    }
}
