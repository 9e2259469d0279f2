//! The only file of a zip archive, unpacked as it is read (Google takes zipped feeds of one file).
//!
//! Folders are no files, nor is what a Mac's own packing puts beside each of them.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::FeedError;
use super::positioned::Positioned;

/// Bytes that are read for the list of files, wherever it may lie: that of one file has its name and little else.
const LONGEST_LIST: u64 = 4 << 20;

/// Reads the only file in an archive.
///
/// # Errors
/// When the archive is broken, or holds none or several.
pub(super) fn only_entry(file: &File) -> Result<impl Read + Send + '_, FeedError> {
    let broken = |error: ZipError| FeedError::Incomplete(in_words(&error));
    let mut archive = ZipArchive::new(BufReader::new(List { file, left: LONGEST_LIST })).map_err(broken)?;
    // One whose name can't be read is one all the same.
    let name = |index: usize| archive.name_for_index(index).and_then(Result::ok);
    let files: Vec<usize> = (0..archive.len()).filter(|index| name(*index).is_none_or(|name| is_file(&name))).collect();
    let [only] = files[..] else {
        return Err(FeedError::NotAFeed(format!("a zip archive of {} files; a feed's has one", files.len())));
    };
    let entry = archive.by_index(only).map_err(broken)?;
    let at = entry.data_start().ok_or_else(|| broken(ZipError::FileNotFound))?;
    let packed = BufReader::with_capacity(1 << 16, Positioned { file, at, inflow: None }.take(entry.compressed_size()));
    let reader: Box<dyn Read + Send> = match entry.compression() {
        CompressionMethod::Stored => Box::new(packed),
        _ => Box::new(DeflateDecoder::new(packed)),
    };
    Ok(Checked { reader, crc: Crc::new(), expected: entry.crc32(), left: entry.size() })
}

/// Whether an entry of this name is a file that somebody put there.
fn is_file(name: &str) -> bool {
    !name.ends_with('/') && !name.starts_with("__MACOSX/") && !name.ends_with(".DS_Store")
}

/// An archive's list of files is its end: without one, the rest didn't come.
fn in_words(error: &ZipError) -> String {
    let said = error.to_string();
    if said.contains("EOCD") {
        "the zip is cut short".to_owned()
    } else {
        format!("the zip archive is broken ({said})")
    }
}

/// An archive while it is looked for what is in it.
struct List<'f> {
    file: &'f File,
    left: u64,
}

impl Read for List<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let too_long = || io::Error::other("its list of files is far longer than that of one file");
        self.left = self.left.checked_sub(read as u64).ok_or_else(too_long)?;
        Ok(read)
    }
}

impl Seek for List<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// An unpacked file, held against what the archive says of it.
struct Checked<R> {
    reader: R,
    crc: Crc,
    expected: u32,
    left: u64,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.crc.update(&buffer[..read]);
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "it is not as long as its archive says");
        self.left = self.left.checked_sub(read as u64).ok_or_else(damaged)?;
        let ends = read == 0 && !buffer.is_empty();
        if ends && self.left > 0 {
            return Err(damaged());
        }
        if ends && self.crc.sum() != self.expected {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "its checksum is another one than its archive says",
            ));
        }
        Ok(read)
    }
}
