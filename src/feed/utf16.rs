//! UTF-16 as UTF-8.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_16LE};

/// UTF-16 whose letters are two bytes again where one was lost or came in between: letters of Latin that stand at the
/// wrong byte, several in a row, show it. A lost byte costs no more than the value it stood in.
struct InStep<R> {
    reader: R,
    /// Which byte of a letter of Latin is NUL: the second of little ends, the first of big ones.
    nul: usize,
    /// What was read and not given, in letters of two bytes.
    held: Vec<u8>,
    is_over: bool,
}

/// So many letters of Latin at the wrong byte, each another one than that before it, are no chance: what they would be
/// otherwise are rare letters of Chinese, all of one kind, or a row of lines or wide blanks, all the same.
const OUT_OF_STEP: usize = 4;
/// So many letters are kept back, as a run of them that has begun may go on in what comes.
const KEPT: usize = 4 * OUT_OF_STEP;

impl<R: Read> InStep<R> {
    fn new(reader: R, encoding: &'static Encoding) -> Self {
        InStep { reader, nul: usize::from(encoding == UTF_16LE), held: Vec::new(), is_over: false }
    }

    /// Where the letters begin to stand at the wrong byte.
    fn slip(&self) -> Option<usize> {
        let is_wrong =
            |pair: &[u8]| pair[1 - self.nul] == 0 && matches!(pair[self.nul], b'\t' | b'\n' | b'\r' | b' '..=b'~');
        let (mut begin, mut run, mut before): (usize, usize, &[u8]) = (0, 0, &[]);
        for (at, pair) in self.held.chunks_exact(2).enumerate() {
            if !is_wrong(pair) {
                (begin, run) = (at + 1, 0);
            } else if pair != before {
                run += 1;
            }
            if run == OUT_OF_STEP {
                return Some(2 * begin);
            }
            before = pair;
        }
        None
    }
}

impl<R: Read> Read for InStep<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let kept = 2 * KEPT;
        while !self.is_over && self.held.len() < (1 << 14) + kept {
            let length = self.held.len();
            self.held.resize(length + (1 << 14), 0);
            let read = self.reader.read(&mut self.held[length..])?;
            self.held.truncate(length + read);
            self.is_over = read == 0;
        }
        let slip = self.slip();
        if slip == Some(0) {
            // The byte before them is what is left of a letter.
            self.held.remove(0);
            return self.read(buffer);
        }
        let rest = if self.is_over { 0 } else { kept };
        let most = slip.unwrap_or((self.held.len() - rest.min(self.held.len())) & !1).min(buffer.len() & !1);
        let most = if self.is_over && slip.is_none() { self.held.len().min(buffer.len()) } else { most };
        buffer[..most].copy_from_slice(&self.held[..most]);
        self.held.drain(..most);
        Ok(most)
    }
}

/// Another encoding as UTF-8, for those in which the byte `<` need not be the letter `<`.
pub(super) struct Transcoded<R> {
    reader: InStep<R>,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    done: bool,
}

impl<R: Read> Transcoded<R> {
    pub(super) fn new(reader: R, encoding: &'static Encoding) -> Self {
        let (reader, decoder) = (InStep::new(reader, encoding), encoding.new_decoder_with_bom_removal());
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
