//! The bytes of a feed: unpacked, within the limit, in an encoding that ASCII bytes can be found in.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use flate2::bufread::GzDecoder;
use memchr::memchr;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::ahead::Ahead;
use super::positioned::Positioned;
use super::utf16::Transcoded;
use super::{FeedError, unzip};
use crate::inflow::Inflow;

/// Bytes from which UTF-16 is recognised.
const HEAD: usize = 256;

/// Empty members of a gzip file in a row: a feed has none, and a bomb has millions.
const MAX_EMPTY_MEMBERS: u32 = 1000;
/// Members of a gzip file that hold less than [`SMALL`] bytes: beginning one takes longer than reading it.
const MAX_SMALL_MEMBERS: u32 = 100_000;
const SMALL: usize = 1 << 10;

/// A feed in a file, to be opened as often as it takes.
pub struct Input<'f> {
    file: &'f File,
    max_bytes: u64,
    /// Whether the file, or its packing, is known to be there to its end.
    is_whole: bool,
    /// How far the file has come, while it does.
    inflow: Option<Arc<Inflow>>,
    stop: CancellationToken,
}

/// How a file is packed, by its first bytes and never by its name.
enum Packing {
    None,
    Gzip,
    Zip,
}

impl Packing {
    fn of(magic: &[u8]) -> Packing {
        match magic {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            b"PK\x03\x04" => Packing::Zip,
            _ => Packing::None,
        }
    }
}

/// What stops a [`Read`] from inside; [`fault`] turns it into the feed's own error again.
#[derive(Debug, Error)]
pub(super) enum Stop {
    #[error("interrupted")]
    Interrupted,
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    #[error("{0}")]
    Incomplete(String),
}

/// The error of a feed for an error met while reading its bytes.
pub(super) fn fault(error: io::Error) -> FeedError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Stop>()) {
        Some(Stop::Interrupted) => FeedError::Interrupted,
        Some(Stop::TooLarge(limit)) => FeedError::TooLarge(*limit),
        Some(Stop::Incomplete(what)) => FeedError::Incomplete(what.clone()),
        None => FeedError::Io(error),
    }
}

impl<'f> Input<'f> {
    pub(super) fn new(file: &'f File, max_bytes: u64) -> Self {
        Input { file, max_bytes, is_whole: true, inflow: None, stop: CancellationToken::new() }
    }

    /// The same bytes, until `stop` is cancelled: a small packed body may unpack to gigabytes without a row in them, so
    /// that asking at each row is not enough.
    #[must_use]
    pub fn stopped_by(self, stop: &CancellationToken) -> Self {
        Input { stop: stop.clone(), ..self }
    }

    /// The same bytes while they are still being written: whoever reads on waits for them.
    #[must_use]
    pub(crate) fn coming(self, inflow: Option<Arc<Inflow>>) -> Self {
        Input { inflow, ..self }
    }

    /// The same bytes when nothing around them proves their end. Packed bytes have an end of
    /// their own; of delimited text, the last row isn't read when it has no line end.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn unproven(self) -> Result<Self, FeedError> {
        Ok(Input { is_whole: self.is_packed()?, ..self })
    }

    /// Whether it is packed with gzip or zip.
    pub(super) fn is_packed(&self) -> Result<bool, FeedError> {
        let (magic, _) = peek::<4>(self.packed(self.file))?;
        Ok(!matches!(Packing::of(&magic), Packing::None))
    }

    /// Whether the feed is known to be there to its end, whatever it says.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The bytes from the beginning: gzip and zip taken off, UTF-16 turned into UTF-8, a byte order mark dropped.
    ///
    /// # Errors
    /// When the file can't be read, or its packing is broken from the start.
    pub(super) fn open(&self) -> Result<Box<dyn Read + Send + 'f>, FeedError> {
        self.open_marked().map(|(_, bytes)| bytes)
    }

    /// The same, and whether a byte order mark says that they are UTF-8.
    ///
    /// # Errors
    /// The same.
    pub(super) fn open_marked(&self) -> Result<(bool, Box<dyn Read + Send + 'f>), FeedError> {
        let length = self.file.metadata()?.len();
        if length > self.max_bytes {
            return Err(FeedError::TooLarge(self.max_bytes));
        }
        let (magic, file) = peek::<4>(self.packed(self.file))?;
        let unpacked: Box<dyn Read + Send> = match Packing::of(&magic) {
            Packing::Gzip => {
                // A server that packs once more what is packed already is no rarity.
                let once = self.limited(gunzip(self.packed(self.file.try_clone()?)));
                let (magic, once) = peek::<2>(once).map_err(fault)?;
                if magic == [0x1f, 0x8b] { Box::new(Ahead::new(gunzip(once))) } else { Box::new(Ahead::new(once)) }
            }
            Packing::Zip => {
                // The list of what is in it stands at its end.
                self.inflow.as_ref().map_or(Ok(()), |inflow| inflow.wait_for_all())?;
                Box::new(Unpacked(unzip::only_entry(self.file)?))
            }
            Packing::None => Box::new(file),
        };
        let limited = self.limited(unpacked);
        let (head, reader) = peek::<HEAD>(limited).map_err(fault)?;
        let is_marked = head.starts_with(&[0xef, 0xbb, 0xbf]);
        let bytes: Box<dyn Read + Send + 'f> = match head.as_slice() {
            _ if is_marked => Box::new(WithoutNuls(skip(reader, 3))),
            [0xff, 0xfe, ..] => Box::new(WithoutNuls(Transcoded::new(reader, UTF_16LE))),
            [0xfe, 0xff, ..] => Box::new(WithoutNuls(Transcoded::new(reader, UTF_16BE))),
            head => match utf16(head) {
                Some(encoding) => Box::new(WithoutNuls(Transcoded::new(reader, encoding))),
                None => Box::new(WithoutNuls(reader)),
            },
        };
        Ok((is_marked, bytes))
    }
}

impl Input<'_> {
    /// The file as it lies, from its beginning.
    fn packed<F>(&self, file: F) -> Positioned<F> {
        Positioned { file, at: 0, inflow: self.inflow.clone() }
    }

    fn limited<R>(&self, reader: R) -> Limited<R> {
        Limited { reader, left: self.max_bytes, limit: self.max_bytes, stop: self.stop.clone() }
    }
}

/// UTF-16 without a byte order mark: most of every other byte is NUL, as it is with letters of Latin, digits and
/// markup, and hardly one of the bytes between. The first line tells it best: it holds names of columns or a declaration,
/// and what follows may be of letters that have no NUL in them.
fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    let is_end = |unit: &[u8]| matches!(unit, [b'\r' | b'\n', 0] | [0, b'\r' | b'\n']);
    let line = head.chunks_exact(2).position(is_end).map_or(head, |units| &head[..2 * units]);
    utf16_by_nuls(line).or_else(|| utf16_by_nuls(head))
}

fn utf16_by_nuls(head: &[u8]) -> Option<&'static Encoding> {
    let nuls = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (nuls(0), nuls(1), head.len() / 2);
    match half {
        0 | 1 => None,
        _ if odd * 2 > half && even * 10 <= odd => Some(UTF_16LE),
        _ if even * 2 > half && odd * 10 <= even => Some(UTF_16BE),
        _ => None,
    }
}

/// Drops NUL bytes, which no feed means: what is around them is whole.
struct WithoutNuls<R>(R);

impl<R: Read> Read for WithoutNuls<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(buffer)?;
            let Some(first) = memchr(0, &buffer[..read]) else { return Ok(read) };
            // Packed, gigabytes of them take hardly any room.
            if buffer[..read].iter().fold(0, |all, byte| all | byte) == 0 {
                continue;
            }
            let mut kept = first;
            for at in first..read {
                if buffer[at] != 0 {
                    buffer[kept] = buffer[at];
                    kept += 1;
                }
            }
            // Nothing read would mean the end.
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

fn gunzip(reader: impl Read) -> impl Read {
    Unpacked(Members {
        decoder: None,
        rest: Some(BufReader::with_capacity(1 << 16, reader)),
        held: 0,
        empty: 0,
        small: 0,
    })
}

/// The members of a gzip file, one behind the other (RFC 1952, section 2.2).
struct Members<R> {
    decoder: Option<GzDecoder<R>>,
    /// What follows, while no member is open.
    rest: Option<R>,
    /// Bytes that the open one has held so far.
    held: usize,
    /// Members without a byte in them, one after the other.
    empty: u32,
    /// Members with hardly any.
    small: u32,
}

impl<R> Members<R> {
    /// Counts a member that has ended.
    fn count(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        self.empty = if held == 0 { self.empty + 1 } else { 0 };
        self.small += u32::from(held < SMALL);
        let what = match () {
            () if self.empty > MAX_EMPTY_MEMBERS => {
                format!("more than {MAX_EMPTY_MEMBERS} empty gzip members follow each other")
            }
            () if self.small > MAX_SMALL_MEMBERS => {
                format!("it has more than {MAX_SMALL_MEMBERS} gzip members with less than {SMALL} bytes in them")
            }
            () => return Ok(()),
        };
        Err(io::Error::other(Stop::Incomplete(what)))
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                let read = decoder.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    self.held += read;
                    return Ok(read);
                }
                self.count()?;
                self.rest = self.decoder.take().map(GzDecoder::into_inner);
            }
            let Some(mut rest) = self.rest.take() else { return Ok(0) };
            if rest.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.decoder = Some(GzDecoder::new(rest));
        }
    }
}

/// The first `N` bytes (fewer in a shorter file), and the reader from its beginning again.
fn peek<const N: usize>(mut reader: impl Read) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::with_capacity(N);
    reader.by_ref().take(N as u64).read_to_end(&mut head)?;
    Ok((head.clone(), io::Cursor::new(head).chain(reader)))
}

fn skip(mut reader: impl Read, bytes: usize) -> impl Read {
    let mut skipped = vec![0; bytes];
    // What was peeked at is there; a failure shows again at the next read.
    let _ = reader.read_exact(&mut skipped);
    reader
}

/// A decompressor whose complaints mean that the packed body is cut or damaged.
struct Unpacked<R>(R);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                io::Error::other(Stop::Incomplete(format!("its compressed data is cut short or damaged ({error})")))
            }
            _ => error,
        })
    }
}

/// Ends with an error, not with the end of the file, where the limit is passed, and when it is to stop.
struct Limited<R> {
    reader: R,
    left: u64,
    limit: u64,
    stop: CancellationToken,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_cancelled() {
            return Err(io::Error::other(Stop::Interrupted));
        }
        let read = self.reader.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(Stop::TooLarge(self.limit)))?;
        Ok(read)
    }
}
