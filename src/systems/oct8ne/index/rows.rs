//! Reading rows: of a few documents each for itself, of many in a piece.

use std::io;

use super::columns::{GROUP, Layout, Row};
use super::file::{Index, Segment, damaged};

/// What lies between two groups is read with them when it is no more than this: to ask again costs as much.
const GAP: usize = 2 << 10;
/// The most that is read at once.
const MOST: usize = 64 << 10;

/// Groups that are read at once: the first of them, and behind the last one.
type Run = (usize, usize);

impl Index {
    /// Gives the rows of some documents of a segment, which are in order, to `each`, with the number of each among them.
    pub(super) fn rows(&self, segment: &Segment, docs: &[u16], mut each: impl FnMut(usize, &Row)) -> io::Result<()> {
        let layout = &self.contents.layout;
        let size = layout.group(GROUP);
        let mut bytes = Vec::new();
        let mut done = 0;
        while let Some((first, end)) = run(&docs[done..], size) {
            let at = segment.rows.checked_add((first * size) as u64).ok_or_else(damaged)?;
            let rows = (end * GROUP).min(segment.docs as usize).saturating_sub(first * GROUP);
            let length = rows / GROUP * size + if rows.is_multiple_of(GROUP) { 0 } else { layout.group(rows % GROUP) };
            bytes.resize(length, 0);
            if self.read_up_to(&mut bytes, at)? < length {
                return Err(damaged());
            }
            let mut checked = None;
            while let Some(doc) = docs.get(done).map(|doc| usize::from(*doc)).filter(|doc| *doc < end * GROUP) {
                let begin = (doc / GROUP - first) * size;
                let group = bytes.get(begin..length.min(begin + size)).ok_or_else(damaged)?;
                if checked != Some(begin) && !Layout::is_whole(group, at + begin as u64) {
                    return Err(damaged());
                }
                checked = Some(begin);
                each(done, &layout.row(group, doc % GROUP).ok_or_else(damaged)?);
                done += 1;
            }
        }
        Ok(())
    }
}

/// What is to be read next.
fn run(docs: &[u16], size: usize) -> Option<Run> {
    let first = usize::from(*docs.first()?) / GROUP;
    // Of many, all that fits is read: to look for gaps between them would cost more.
    let fitting = (MOST / size).max(1);
    let within = docs.partition_point(|doc| usize::from(*doc) / GROUP < first + fitting);
    if within * GAP / size >= fitting
        && let Some(last) = docs.get(..within).and_then(<[u16]>::last)
    {
        return Some((first, usize::from(*last) / GROUP + 1));
    }
    let mut end = first + 1;
    for group in docs.iter().take(within).map(|doc| usize::from(*doc) / GROUP) {
        if group >= end && (group - end) * size > GAP {
            break;
        }
        end = end.max(group + 1);
    }
    Some((first, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_read_at_once() {
        let size = 1 << 10;
        let all: Vec<u16> = (0..=u16::MAX).collect();
        assert_eq!(run(&all, size), Some((0, MOST / size)));
        assert_eq!(run(&all[5000..5002], size), Some((5000 / GROUP, 5000 / GROUP + 1)));
        let far = 100 * GROUP as u16;
        assert_eq!(run(&[1, 2 * GROUP as u16, far], size), Some((0, 3)));
        assert_eq!(run(&[far, u16::MAX], size), Some((100, 101)));
        assert_eq!((run(&[], size), run(&[7], 1 << 20)), (None, Some((0, 1))));
    }
}
