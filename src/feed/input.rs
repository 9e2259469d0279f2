//! The bytes of a feed: unpacked, within the limit, in an encoding that ASCII bytes can be found in.

use std::borrow::Borrow;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;
use thiserror::Error;

use super::FeedError;

/// A feed in a file, to be opened as often as it takes.
pub struct Input<'f> {
    file: &'f File,
    max_bytes: u64,
    /// Whether the file, or its packing, is known to be there to its end.
    is_whole: bool,
}

/// How a file is packed, told by its first bytes and never by its name.
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
enum Stop {
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    #[error("{0}")]
    Incomplete(String),
}

/// The error of a feed for an error met while reading its bytes.
pub(super) fn fault(error: io::Error) -> FeedError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Stop>()) {
        Some(Stop::TooLarge(limit)) => FeedError::TooLarge(*limit),
        Some(Stop::Incomplete(what)) => FeedError::Incomplete(what.clone()),
        None => FeedError::Io(error),
    }
}

impl<'f> Input<'f> {
    pub(super) fn new(file: &'f File, max_bytes: u64) -> Self {
        Input { file, max_bytes, is_whole: true }
    }

    /// The same bytes when nothing around them proves their end. That of packed ones their packing does; of
    /// a text, the last row isn't read when it has no line end.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn unproven(self) -> Result<Self, FeedError> {
        let (magic, _) = peek::<4>(Positioned { file: self.file, at: 0 })?;
        Ok(Input { is_whole: matches!(Packing::of(&magic), Packing::Gzip | Packing::Zip), ..self })
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
        let length = self.file.metadata()?.len();
        if length > self.max_bytes {
            return Err(FeedError::TooLarge(self.max_bytes));
        }
        let (magic, file) = peek::<4>(Positioned { file: self.file, at: 0 })?;
        let unpacked: Box<dyn Read + Send> = match Packing::of(&magic) {
            Packing::Gzip => {
                // A server that packs once more what is packed already is no rarity.
                let (magic, once) = peek::<2>(gunzip(file)).map_err(fault)?;
                if magic == [0x1f, 0x8b] { Box::new(gunzip(once)) } else { Box::new(once) }
            }
            Packing::Zip => Box::new(unzip(self.file, self.max_bytes)?),
            Packing::None => Box::new(file),
        };
        let limited = Limited { reader: unpacked, left: self.max_bytes, limit: self.max_bytes };
        let (mark, reader) = peek::<3>(limited).map_err(fault)?;
        Ok(match mark.as_slice() {
            [0xef, 0xbb, 0xbf] => Box::new(skip(reader, 3)),
            [0xff, 0xfe, ..] | [b'<' | b'i' | b'I', 0, ..] => Box::new(Transcoded::new(reader, UTF_16LE)),
            [0xfe, 0xff, ..] | [0, b'<' | b'i' | b'I', ..] => Box::new(Transcoded::new(reader, UTF_16BE)),
            _ => Box::new(reader),
        })
    }
}

/// Reads a file from a place of its own, so that several readings don't move each other's.
struct Positioned<F> {
    file: F,
    at: u64,
}

impl<F: Borrow<File>> Read for Positioned<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.borrow().read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

fn gunzip(reader: impl Read) -> impl Read {
    Unpacked(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, reader)))
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

/// The only file of a zip archive (Google takes zipped feeds of one file), unpacked to a temporary
/// file: an entry can't outlive its archive.
fn unzip(file: &File, max_bytes: u64) -> Result<File, FeedError> {
    let broken = |error: zip::result::ZipError| FeedError::Incomplete(format!("the zip archive is broken ({error})"));
    let mut archive = zip::ZipArchive::new(file).map_err(broken)?;
    if archive.len() != 1 {
        return Err(FeedError::NotAFeed(format!("a zip archive of {} files; a feed's has one", archive.len())));
    }
    let mut unpacked = tempfile::tempfile()?;
    let entry = archive.by_index(0).map_err(broken)?;
    let mut entry = Limited { reader: Unpacked(entry), left: max_bytes, limit: max_bytes };
    io::copy(&mut entry, &mut unpacked).map_err(fault)?;
    unpacked.seek(SeekFrom::Start(0))?;
    Ok(unpacked)
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

/// Ends with an error, not with the end of the file, where the limit is passed.
struct Limited<R> {
    reader: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(Stop::TooLarge(self.limit)))?;
        Ok(read)
    }
}

/// Another encoding as UTF-8, for those in which the byte `<` need not be the letter `<`.
struct Transcoded<R> {
    reader: R,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    done: bool,
}

impl<R: Read> Transcoded<R> {
    fn new(reader: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Transcoded { reader, decoder, raw: vec![0; 1 << 15], text: Vec::new(), given: 0, done: false }
    }

    fn decode_more(&mut self) -> io::Result<()> {
        let read = self.reader.read(&mut self.raw)?;
        self.done = read == 0;
        let room = self.decoder.max_utf8_buffer_length(read).unwrap_or(4 * self.raw.len());
        self.text.resize(room, 0);
        let (result, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..read], &mut self.text, self.done);
        debug_assert!(matches!(result, CoderResult::InputEmpty));
        self.text.truncate(written);
        self.given = 0;
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.done {
            self.decode_more()?;
        }
        let given = (&self.text[self.given..]).read(buffer)?;
        self.given += given;
        Ok(given)
    }
}
