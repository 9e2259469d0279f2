//! The letters of a row: each row is decoded alone, so that one bad byte does not spoil the others.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1251, WINDOWS_1252};

/// How a feed says that it is encoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charset(&'static Encoding);

impl Charset {
    /// UTF-8, or what else the bytes turn out to be.
    pub(super) const UTF8: Charset = Charset(UTF_8);

    /// Of an XML declaration's label; unknown labels are taken for UTF-8.
    pub(super) fn for_label(label: &[u8]) -> Charset {
        let known = Encoding::for_label(label).unwrap_or(UTF_8);
        // UTF-16 was turned into UTF-8 before anything could be read of it, its label included.
        if known.is_ascii_compatible() { Charset(known) } else { Charset::UTF8 }
    }

    /// Decodes a row. Bytes that are not UTF-8 behind a UTF-8 label are read as the windows code
    /// page that they look like; a broken letter among good ones becomes U+FFFD.
    pub(super) fn decode(self, row: &[u8]) -> Cow<'_, str> {
        if self.0 != UTF_8 {
            return self.0.decode_without_bom_handling(row).0;
        }
        match simdutf8::basic::from_utf8(row) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) if has_utf8_letters(row) => String::from_utf8_lossy(row),
            Err(_) if looks_cyrillic(row) => WINDOWS_1251.decode_without_bom_handling(row).0,
            Err(_) => WINDOWS_1252.decode_without_bom_handling(row).0,
        }
    }
}

/// Whether some letter beyond ASCII is good UTF-8: no text in a code page looks like that by chance
/// more often than a UTF-8 text has a letter cut in two.
fn has_utf8_letters(row: &[u8]) -> bool {
    row.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

/// Whether letters beyond ASCII stand beside each other, as in Cyrillic words, more often than
/// beside ASCII letters, as accented ones do.
fn looks_cyrillic(row: &[u8]) -> bool {
    let is_letter = |byte: u8| byte >= 0xc0 || matches!(byte, 0xa8 | 0xb8);
    let (mut together, mut mixed) = (0, 0);
    for pair in row.windows(2) {
        match (is_letter(pair[0]), is_letter(pair[1])) {
            (true, true) => together += 1,
            (true, false) if pair[1].is_ascii_alphabetic() => mixed += 1,
            (false, true) if pair[0].is_ascii_alphabetic() => mixed += 1,
            _ => {}
        }
    }
    together > mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_pages_behind_a_utf8_label() {
        assert_eq!(Charset::UTF8.decode("лампа".as_bytes()), "лампа");
        assert_eq!(Charset::UTF8.decode(b"\xeb\xe0\xec\xef\xe0 LED"), "лампа LED");
        assert_eq!(Charset::UTF8.decode(b"caf\xe9 cr\xe8me"), "café crème");
        assert_eq!(Charset::UTF8.decode(b"S\xfc\xdf\xf6l"), "Süßöl");
    }

    #[test]
    fn a_letter_cut_in_two_spoils_only_itself() {
        assert_eq!(Charset::UTF8.decode(b"\xd0\xbb\xd0\xb0\xd0 x"), "ла\u{fffd} x");
    }

    #[test]
    fn labels() {
        assert_eq!(Charset::for_label(b"windows-1251").decode(b"\xeb"), "л");
        assert_eq!(Charset::for_label(b"utf-16").decode("л".as_bytes()), "л");
        assert_eq!(Charset::for_label(b"nonsense").decode("л".as_bytes()), "л");
    }
}
