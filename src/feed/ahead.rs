//! Reading ahead: what takes long to unpack is unpacked on a thread of its own, beside those that cut and compare.

use std::io::{self, Read};
use std::thread;

use super::recycling::{Consumer, Producer, recycling};

/// Bytes that are read before a thread is worth while.
const FIRST: usize = 1 << 19;
/// Bytes that are handed over together.
const PIECE: usize = 1 << 18;
/// Pieces that may wait.
const WAITING: usize = 2;

type Piece = io::Result<Vec<u8>>;

/// Reads ahead once there is much to read. A thread that nobody reads from any more ends at its next piece.
pub(super) enum Ahead<R> {
    /// The beginning.
    Here { reader: R, read: usize },
    /// The rest; `piece` is read from `at`.
    There { pieces: Consumer<Piece>, piece: Option<Vec<u8>>, at: usize },
    /// It has ended.
    Over,
}

impl<R: Read + Send + 'static> Ahead<R> {
    pub(super) fn new(reader: R) -> Ahead<R> {
        Ahead::Here { reader, read: 0 }
    }

    fn go_there(reader: R) -> io::Result<Ahead<R>> {
        let (producer, pieces) = recycling(WAITING);
        thread::Builder::new().name("unpack".into()).spawn(move || read_all(reader, producer))?;
        Ok(Ahead::There { pieces, piece: None, at: 0 })
    }
}

impl<R: Read + Send + 'static> Read for Ahead<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Ahead::Here { reader, read } = self {
            if *read < FIRST {
                let now = reader.read(buffer)?;
                *read += now;
                return Ok(now);
            }
            if let Ahead::Here { reader, .. } = std::mem::replace(self, Ahead::Over) {
                *self = Ahead::go_there(reader)?;
            }
        }
        let Ahead::There { pieces, piece, at } = self else { return Ok(0) };
        if piece.as_ref().is_none_or(|piece| *at == piece.len()) {
            match pieces.next(piece.take().map(Ok)) {
                Some(next) => (*piece, *at) = (Some(next?), 0),
                None => *self = Ahead::Over,
            }
            return self.read(buffer);
        }
        let rest = piece.as_ref().and_then(|piece| piece.get(*at..)).unwrap_or_default();
        let length = buffer.len().min(rest.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        *at += length;
        Ok(length)
    }
}

/// Sends what there is to read, and then the error that ended it, if one did.
fn read_all(mut reader: impl Read, mut to: Producer<Piece>) {
    loop {
        let mut piece = to.spare().and_then(Result::ok).unwrap_or_default();
        piece.resize(PIECE, 0);
        let (length, end) = fill(&mut reader, &mut piece);
        piece.truncate(length);
        if length > 0 && to.send(Ok(piece), false).is_err() {
            return;
        }
        match end {
            Ok(false) => {}
            Ok(true) => return,
            // Nobody may want to know.
            Err(error) => {
                let _ = to.send(Err(error), false);
                return;
            }
        }
    }
}

/// Fills a buffer as far as it goes. Gives how far, and whether that is the end.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> (usize, io::Result<bool>) {
    let mut length = 0;
    while length < buffer.len() {
        match reader.read(&mut buffer[length..]) {
            Ok(0) => return (length, Ok(true)),
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (length, Err(error)),
        }
    }
    (length, Ok(false))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives as many bytes at a time as it is told, and then an error, if there is to be one.
    struct Source {
        bytes: io::Cursor<Vec<u8>>,
        most: usize,
        fails: bool,
    }

    impl Read for Source {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = self.most.min(buffer.len());
            let read = self.bytes.read(&mut buffer[..most])?;
            if read == 0 && self.fails { Err(io::Error::other("cut off")) } else { Ok(read) }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        /// All bytes come, and what was wrong behind them.
        #[test]
        fn nothing_is_lost(pieces in 0..8_usize, more in -2..3_i64, most in prop_oneof![1..9_usize, Just(PIECE), Just(3 * PIECE)], fails: bool) {
            let length = usize::try_from((pieces * PIECE) as i64 + more).unwrap_or_default();
            let most = if most < 9 { most * 4_001 } else { most };
            let bytes: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8).collect();
            let mut ahead = Ahead::new(Source { bytes: io::Cursor::new(bytes.clone()), most, fails });
            let mut read = Vec::new();
            let ended = ahead.read_to_end(&mut read);
            prop_assert_eq!(ended.is_err(), fails);
            prop_assert!(read == bytes);
        }
    }

    /// Has no end, and holds what tells when it is dropped.
    struct Endless(std::sync::mpsc::Sender<()>);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            // Nobody listens yet.
            let _ = &self.0;
            io::repeat(7).read(buffer)
        }
    }

    #[test]
    fn a_reader_that_nobody_reads_from_ends() {
        // Its thread would never end otherwise, nor the test that waits for it.
        let (done, over) = std::sync::mpsc::channel::<()>();
        let mut ahead = Ahead::new(Endless(done));
        ahead.read_exact(&mut vec![0; FIRST + PIECE]).expect("read");
        drop(ahead);
        assert!(over.recv().is_err(), "the thread has dropped its end");
    }
}
