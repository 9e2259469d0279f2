//! The encoding of a feed: one for the whole file.
//!
//! That is UTF-8 when all but a few of its bytes beyond ASCII are, else what its label says, else one guess
//! from all of them. UTF-16 has become UTF-8 before (see `input`).

use std::borrow::Cow;
use std::io::Read as _;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

use super::{FeedError, Input, input};

/// Bytes of lines that are looked at for a guess: more would not change it.
const ENOUGH: usize = 4 << 20;
/// Characters that are counted: more would not change the guess.
const MANY: u64 = 16 << 20;

/// So few invalid bytes don't refute a feed's label: they are damage.
const FEW: u64 = 2;
/// Bytes that mean nothing in one of windows-1250, 1251 and 1252.
const MEANINGLESS: [u8; 8] = [0x81, 0x83, 0x88, 0x8d, 0x8f, 0x90, 0x98, 0x9d];
/// Less than one letter in so many is rare.
const RARE: usize = 50;

/// An encoding in which ASCII bytes stand for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Charset(&'static Encoding);

impl Charset {
    pub(super) const UTF8: Charset = Charset(UTF_8);

    /// Of an XML declaration's label; unknown labels are taken for UTF-8.
    pub(super) fn for_label(label: &[u8]) -> Charset {
        let known = Encoding::for_label(label).unwrap_or(UTF_8);
        // UTF-16 was turned into UTF-8 before anything could be read of it, its label included.
        if known.is_ascii_compatible() { Charset(known) } else { Charset::UTF8 }
    }

    /// The name, for digests.
    pub(super) fn name(self) -> &'static str {
        self.0.name()
    }

    /// Decodes some bytes; those that mean nothing become U+FFFD each.
    pub(super) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => self.recode(text),
            Err(_) => self.0.decode_without_bom_handling(bytes).0,
        }
    }
}

impl Charset {
    /// Decodes bytes that are known to be UTF-8 once more, if they were meant in another way.
    pub(super) fn recode(self, text: &str) -> Cow<'_, str> {
        if self.0 == UTF_8 || text.is_ascii() {
            Cow::Borrowed(text)
        } else {
            self.0.decode_without_bom_handling(text.as_bytes()).0
        }
    }
}

/// Finds the encoding of one feed. It is UTF-8 until the first bytes that are not; then the whole feed is read to
/// decide.
pub(super) struct CharsetDetector<'i, 'f> {
    input: &'i Input<'f>,
    label: Option<Charset>,
    charset: Charset,
    is_settled: bool,
    /// The charset is a guess from very few bytes.
    is_shaky: bool,
}

impl<'i, 'f> CharsetDetector<'i, 'f> {
    /// Of a feed that begins with `head` and says that it is encoded so.
    ///
    /// # Errors
    /// When the feed can't be read.
    pub(super) fn new(input: &'i Input<'f>, label: Option<Charset>, head: &[u8]) -> Result<Self, FeedError> {
        let mut detector = CharsetDetector { input, label, charset: Charset::UTF8, is_settled: false, is_shaky: false };
        if label.is_none_or(|label| label == Charset::UTF8) {
            detector.settle(without_half_letter(head))?;
        } else {
            detector.decide()?;
        }
        Ok(detector)
    }

    /// Whether the few letters beyond ASCII may as well be bytes that are damaged.
    pub(super) fn is_shaky(&self) -> bool {
        self.is_shaky
    }

    pub(super) fn charset(&self) -> Charset {
        self.charset
    }

    /// To be called with bytes before they are decoded; `true` = the encoding is decided from here on.
    ///
    /// # Errors
    /// When the feed can't be read.
    pub(super) fn settle(&mut self, bytes: &[u8]) -> Result<bool, FeedError> {
        if self.is_settled || simdutf8::basic::from_utf8(bytes).is_ok() {
            return Ok(false);
        }
        self.decide().map(|()| true)
    }

    /// The same, with what the bytes are as UTF-8, so that nobody has to look at them once more for that.
    ///
    /// # Errors
    /// When the feed can't be read.
    pub(super) fn settle_text<'b>(&mut self, bytes: &'b [u8]) -> Result<(Option<&'b str>, bool), FeedError> {
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => Ok((Some(text), false)),
            Err(_) if self.is_settled => Ok((None, false)),
            Err(_) => self.decide().map(|()| (None, true)),
        }
    }

    /// All that the meaning of bytes depends on so far. What isn't decided may be another time.
    pub(super) fn standing(&self) -> String {
        let CharsetDetector { charset, is_settled, is_shaky, .. } = self;
        format!("{} {is_settled} {is_shaky}", charset.name())
    }

    fn decide(&mut self) -> Result<(), FeedError> {
        let seen = look(self.input)?;
        self.is_settled = true;
        self.charset = match self.label {
            _ if seen.is_marked || seen.is_utf8() => Charset::UTF8,
            Some(label) if label != Charset::UTF8 => label,
            // A feed labelled UTF-8 with a few invalid bytes is damaged UTF-8.
            Some(_) if seen.strays <= FEW => Charset::UTF8,
            _ => Charset(seen.guess),
        };
        self.is_shaky = self.charset != Charset::UTF8 && seen.strays <= FEW;
        Ok(())
    }
}

/// The bytes without a last letter of which the rest is still to come.
fn without_half_letter(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    }
}

/// What speaks for and against UTF-8.
struct Seen {
    /// A byte order mark says that it is.
    is_marked: bool,
    /// Valid characters of several bytes.
    letters: u64,
    /// Bytes beyond ASCII that are part of no valid character.
    strays: u64,
    /// Lines beyond ASCII that are UTF-8, and that are not.
    good_lines: u64,
    bad_lines: u64,
    guess: &'static Encoding,
}

impl Seen {
    fn is_utf8(&self) -> bool {
        // By chance, hardly one letter in twenty of a code page looks like one of UTF-8, and next to no line.
        self.letters > self.strays || self.good_lines > self.bad_lines || self.strays == 0
    }
}

fn look(input: &Input<'_>) -> Result<Seen, FeedError> {
    let (is_marked, mut reader) = input.open_marked()?;
    let mut seen = Seen { is_marked, letters: 0, strays: 0, good_lines: 0, bad_lines: 0, guess: UTF_8 };
    let mut beyond = Vec::new();
    let (mut buffer, mut kept) = (vec![0; 1 << 16], 0);
    loop {
        let read = reader.read(&mut buffer[kept..]).map_err(input::fault)?;
        let bytes = &buffer[..kept + read];
        // A character may go on in the next block.
        let whole = if read == 0 { bytes.len() } else { bytes.len() - bytes.len().min(3) };
        let whole = (0..=whole).rev().find(|at| bytes.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80)).unwrap_or(whole);
        seen.count(&bytes[..whole]);
        for line in bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_ascii()) {
            let is_good = simdutf8::basic::from_utf8(line).is_ok();
            *(if is_good { &mut seen.good_lines } else { &mut seen.bad_lines }) += 1;
            if beyond.len() < ENOUGH {
                beyond.extend_from_slice(line);
            }
        }
        let end = bytes.len();
        buffer.copy_within(whole..end, 0);
        kept = end - whole;
        if read == 0 || seen.letters + seen.strays > MANY {
            break;
        }
    }
    seen.guess = guess(beyond);
    Ok(seen)
}

/// The encoding of lines that are not UTF-8. A single byte that means nothing in an encoding would rule it out; code
/// pages differ in which these are, and all of them lie between 0x80 and 0x9f, where hardly any letter does. So what is
/// rare of those is no evidence.
fn guess(mut lines: Vec<u8>) -> &'static Encoding {
    let (mut counts, mut all) = ([0_usize; 256], 0);
    for byte in lines.iter().filter(|byte| !byte.is_ascii()) {
        counts[usize::from(*byte)] += 1;
        all += 1;
    }
    let is_rare = |byte: u8| {
        let count = counts[usize::from(byte)];
        (0x80..0xa0).contains(&byte) && (count * RARE <= all || (count <= FEW as usize && MEANINGLESS.contains(&byte)))
    };
    lines.iter_mut().filter(|byte| is_rare(**byte)).for_each(|byte| *byte = b' ');
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&lines, false);
    detector.feed(b"\n", true);
    detector.guess(None, Utf8Detection::Deny)
}

impl Seen {
    fn count(&mut self, bytes: &[u8]) {
        for chunk in bytes.utf8_chunks() {
            let text = chunk.valid();
            if !text.is_ascii() {
                self.letters += text.chars().filter(|letter| !letter.is_ascii()).count() as u64;
            }
            self.strays += chunk.invalid().len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// How a feed of these bytes is decoded.
    fn read(bytes: &[u8], label: impl Into<Option<Charset>>) -> String {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(bytes).expect("written");
        let input = super::super::open(&file, 1 << 30);
        let mut detector = CharsetDetector::new(&input, label.into(), b"").expect("readable");
        detector.settle(bytes).expect("readable");
        detector.charset().decode(bytes).into_owned()
    }

    #[test]
    fn code_pages_are_told_from_all_of_the_file() {
        for (text, encoding) in [
            ("Кабель силовой ВВГ, 3х1.5; лампа настольная", encoding_rs::WINDOWS_1251),
            ("Б-1\tКабель силовой ВВГ\nБ-2\tCable №5\t3х1.5\nБ-3\tЛампа настольная", encoding_rs::WINDOWS_1251),
            ("Süßöl für Möbel, café crème", encoding_rs::WINDOWS_1252),
            ("Étagère en chêne, prête à monter; dimensions à préciser", encoding_rs::WINDOWS_1252),
            ("Žlutý kůň, šedá židle, řezbářská práce, nový stůl", encoding_rs::WINDOWS_1250),
        ] {
            let (bytes, _, _) = encoding.encode(text);
            assert_eq!(read(&bytes, None), text, "{}", encoding.name());
        }
    }

    #[test]
    fn a_stray_byte_turns_no_code_page_into_another() {
        let rows = |row: &str| (0..12).map(|n| format!("{n}\t{row}\t10\n")).collect::<String>();
        for (text, encoding) in [
            (rows("Полка для книг, дуб"), encoding_rs::WINDOWS_1251),
            (rows("Étagère en chêne, prête à monter"), encoding_rs::WINDOWS_1252),
            (rows("Žlutý kůň, šedá židle, řezbářská práce"), encoding_rs::WINDOWS_1250),
        ] {
            let (clean, _, _) = encoding.encode(&text);
            for stray in 0x80..=0x9f_u8 {
                let mut bytes = clean.to_vec();
                let middle = bytes.len() / 2;
                bytes.insert(bytes[..middle].iter().rposition(|byte| *byte == b' ').expect("a blank"), stray);
                let (read, others) = (read(&bytes, None), text.lines().nth(1).expect("a row"));
                assert!(read.contains(others), "{} {stray:x}: {read}", encoding.name());
            }
        }
    }

    #[test]
    fn utf8_goes_before_any_label_and_survives_a_few_strays() {
        let text = "Étagère en chêne";
        assert_eq!(read(text.as_bytes(), Charset::for_label(b"iso-8859-1")), text);
        assert_eq!(read(b"\xc9tag\xe8re", Charset::for_label(b"iso-8859-1")), "Étagère");
        assert_eq!(read(b"\xd0\xbb\xd0\xb0\xd0 x \xd0\xbb", Charset::UTF8), "ла\u{fffd} x л");
    }

    #[test]
    fn what_is_utf8_is_sure_wherever_a_piece_ends_and_in_spite_of_a_stray() {
        let text = "id\ttitle\r\nАБ-1\tЛампа 💡\r\n".repeat(3);
        for (stray, marked) in [(&b""[..], ""), (b"\xff", ""), (b"\xe9\xe9\xe9\xe9", "\u{feff}")] {
            let bytes = [marked.as_bytes(), text.as_bytes(), stray, b"\r\n"].concat();
            let mut file = tempfile::tempfile().expect("a temporary file");
            file.write_all(&bytes).expect("written");
            let input = super::super::open(&file, 1 << 30);
            for end in 0..bytes.len() {
                let mut detector = CharsetDetector::new(&input, None, &bytes[..end]).expect("readable");
                detector.settle(&bytes).expect("readable");
                assert_eq!((detector.charset(), detector.is_shaky()), (Charset::UTF8, false), "{end} {stray:?}");
            }
        }
    }

    #[test]
    fn a_byte_order_mark_is_believed() {
        let text = b"\xef\xbb\xbfid,title\n1,Caf\xe9 A\n2,Caf\xe9 B\n3,Caf\xe9 C\n";
        assert!(read(text, None).contains("1,Caf\u{fffd} A\n"), "{}", read(text, None));
        assert!(read(&text[3..], None).contains("1,Café A\n"));
    }

    #[test]
    fn letters_at_the_borders_of_pieces() {
        for pad in 0..4 {
            let text = "x".repeat(pad) + &"л".repeat(100_000);
            let label = Charset::for_label(b"windows-1251");
            assert_eq!(read(text.as_bytes(), label), text);
        }
    }

    #[test]
    fn labels() {
        assert_eq!(Charset::for_label(b"windows-1251").decode(b"\xeb"), "л");
        assert_eq!(Charset::for_label(b"utf-16").decode("л".as_bytes()), "л");
        assert_eq!(Charset::for_label(b"nonsense").decode("л".as_bytes()), "л");
    }
}
