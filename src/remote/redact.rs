//! A service's own words, made fit for messages: without our secrets, in one line, of a length that can be read.

use std::borrow::Cow;
use std::collections::HashSet;

use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use crate::text::{is_unseen, plain};

/// The most of a service's own words that is repeated, in characters.
pub(super) const LONGEST_WORDS: usize = 300;
/// What is looked at of them, in bytes.
const LOOKED_AT: usize = 8 << 10;
/// So many bytes of a secret in a row give it away, wherever they stand.
const TELLING: usize = 8;
/// So many of its first or last bytes do, where the words begin or end: the service may have cut it.
const TELLING_AT_A_CUT: usize = 4;
/// What stands in a secret's place.
const MASK: &str = "***";

/// The secrets that a service was given, and may repeat.
pub(super) struct Secrets {
    all: Vec<SecretString>,
    /// As those that are long enough to be nothing else may stand in answers.
    spelled: Vec<SecretString>,
}

impl Secrets {
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Secrets {
        let all = secrets.into_iter().filter(|secret| !secret.expose_secret().trim().is_empty());
        let all: Vec<SecretString> = all.cloned().collect();
        let long = all.iter().map(ExposeSecret::expose_secret).filter(|secret| secret.len() >= TELLING);
        let spelled = long.flat_map(spellings).map(SecretString::from).collect();
        Secrets { all, spelled }
    }

    /// Words of a service, masked and cut.
    pub(super) fn tell(&self, words: &str) -> String {
        self.tell_within(words, LONGEST_WORDS)
    }

    /// Words of ours that have a service's in them.
    pub(super) fn tell_at_length(&self, words: &str) -> String {
        self.tell_within(words, 2 * LONGEST_WORDS)
    }

    fn tell_within(&self, words: &str, most: usize) -> String {
        let end = (0..=LOOKED_AT.min(words.len())).rev().find(|end| words.is_char_boundary(*end));
        let start = &words[..end.unwrap_or(0)];
        let told = plain(&self.masked(start), most);
        if start.len() < words.len() && !told.ends_with('…') { format!("{told}…") } else { told }
    }

    /// An answer without the secrets that stand in it whole: what is kept of it must not hold them. Secrets so
    /// short that they may be part of anything are left.
    pub(super) fn hide(&self, body: Vec<u8>) -> Vec<u8> {
        self.spelled.iter().map(|secret| secret.expose_secret().as_bytes()).fold(
            body,
            |body, secret| match memmem::find(&body, secret) {
                None => body,
                Some(_) => replaced(&body, secret),
            },
        )
    }

    /// The words with every secret, and every part of one that gives it away, masked.
    fn masked(&self, words: &str) -> String {
        let mut hidden = vec![false; words.len()];
        for view in [View::of(words), View::decoded(words)] {
            for secret in &self.all {
                view.mark(&View::of(secret.expose_secret()).bytes, &mut hidden);
            }
        }
        let mut masked = String::with_capacity(words.len());
        let mut was_hidden = false;
        for (at, c) in words.char_indices() {
            let is_hidden = hidden[at..at + c.len_utf8()].contains(&true);
            match (is_hidden, was_hidden) {
                (false, _) => masked.push(c),
                (true, false) => masked.push_str(MASK),
                (true, true) => {}
            }
            was_hidden = is_hidden;
        }
        masked
    }
}

/// How a secret may stand in JSON or an address.
fn spellings(secret: &str) -> HashSet<String> {
    let in_json = serde_json::Value::from(secret).to_string();
    let in_address = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    HashSet::from([secret.to_owned(), in_json.trim_matches('"').to_owned(), in_address])
}

fn replaced(body: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(body.len());
    let mut from = 0;
    for at in memmem::find_iter(body, secret) {
        kept.extend_from_slice(&body[from..at]);
        kept.extend_from_slice(MASK.as_bytes());
        from = at + secret.len();
    }
    kept.extend_from_slice(&body[from..]);
    kept
}

/// A string as it is searched: in lower case, without blanks and what can't be seen, and where each byte came from.
#[derive(Default)]
struct View {
    bytes: Vec<u8>,
    from: Vec<(usize, usize)>,
}

impl View {
    /// The text as it is written.
    fn of(text: &str) -> View {
        let mut view = View::default();
        text.char_indices().for_each(|(at, c)| view.push(c, at, at + c.len_utf8()));
        view
    }

    /// The text with the escapes of addresses and of JSON undone.
    fn decoded(text: &str) -> View {
        let mut view = View::default();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            let hex = |from: usize, to: usize| rest.get(from..to).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            let (decoded, length) = match (c, rest.as_bytes().get(1)) {
                // A byte of a longer character is one by itself here, and equals the secret's byte.
                ('%', Some(_)) => match hex(1, 3).and_then(|byte| u8::try_from(byte).ok()) {
                    Some(byte) => {
                        view.push_byte(byte, at, at + 3);
                        at += 3;
                        continue;
                    }
                    None => (Some(c), 1),
                },
                ('\\', Some(b'u')) => match hex(2, 6) {
                    Some(code) => (char::from_u32(code), 6),
                    None => (Some(c), 1),
                },
                ('\\', Some(b'n' | b'r' | b't' | b'b' | b'f')) => (None, 2),
                ('\\', Some(b'"' | b'\\' | b'/')) => (rest[1..].chars().next(), 2),
                _ => (Some(c), c.len_utf8()),
            };
            if let Some(decoded) = decoded {
                view.push(decoded, at, at + length);
            }
            at += length;
        }
        view
    }

    fn push(&mut self, c: char, start: usize, end: usize) {
        if c.is_whitespace() || is_unseen(c) {
            return;
        }
        c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| self.push_byte(byte, start, end));
    }

    fn push_byte(&mut self, byte: u8, start: usize, end: usize) {
        self.bytes.push(byte.to_ascii_lowercase());
        self.from.push((start, end));
    }

    /// Marks where the text has the secret, or a part that gives it away.
    fn mark(&self, secret: &[u8], hidden: &mut [bool]) {
        let mut hide = |from: usize, to: usize| {
            // With what can't be seen between them.
            if let [(start, _), .., (_, end)] | [(start, end)] = &self.from[from..to] {
                hidden[*start..*end].fill(true);
            }
        };
        let length = secret.len().min(TELLING);
        if length == 0 {
            return;
        }
        let parts: HashSet<&[u8]> = secret.windows(length).collect();
        for (at, part) in self.bytes.windows(length).enumerate() {
            if parts.contains(part) {
                hide(at, at + length);
            }
        }
        let all = self.bytes.len();
        for cut in TELLING_AT_A_CUT..secret.len().min(all + 1) {
            if self.bytes.ends_with(&secret[..cut]) {
                hide(all - cut, all);
            }
            if self.bytes.starts_with(&secret[secret.len() - cut..]) {
                hide(0, cut);
            }
        }
    }
}

/// What a body seems to be that should have been JSON: a page by its title, anything else by how it begins.
pub(super) fn looks_like(body: &[u8]) -> String {
    let start = beginning(body);
    let text = start.trim_start();
    let quoted = |text: &str| Some(plain(text, LONGEST_WORDS)).filter(|text| !text.is_empty());
    let strange = text.chars().filter(|c| matches!(*c, '\0' | char::REPLACEMENT_CHARACTER)).count();
    if text.is_empty() {
        "nothing".to_owned()
    } else if 10 * strange > text.chars().count() {
        // Packed, for one, although that was not asked for.
        format!("{} bytes that are no text", body.len())
    } else if text.starts_with('<') {
        let title = title(text).and_then(quoted).map(|title| format!(" ({title})"));
        format!("an HTML page instead of JSON{}", title.unwrap_or_default())
    } else if matches!(serde_json::from_slice::<serde::de::IgnoredAny>(body), Err(error) if error.is_eof()) {
        format!("JSON that is cut short: {text}")
    } else {
        text.to_owned()
    }
}

/// How a body begins, as far as anybody would read.
fn beginning(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)])
}

fn title(page: &str) -> Option<&str> {
    let lower = page.to_ascii_lowercase();
    let from = lower.find("<title>")? + "<title>".len();
    page.get(from..from + lower.get(from..)?.find('<')?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "JVFzW6y0-aB/c\"UukIThD";

    fn tell(words: &str) -> String {
        Secrets::new(&[SecretString::from(SECRET), SecretString::from("k3y")]).tell(words)
    }

    #[test]
    fn secrets_are_hidden_in_every_spelling() {
        for words in [
            SECRET.to_owned(),
            SECRET.to_lowercase(),
            "JVFzW6y0-aB/c\\\"UukIThD".to_owned(),
            "JVFzW6y0-aB\\/c\\u0022UukIThD".to_owned(),
            "JVFzW6y0-aB%2Fc%22UukIThD".to_owned(),
            "JVFzW6y0%2daB%2fc%22UukIThD".to_owned(),
            "JVFzW6y0-\u{200b}aB\u{1b}/c\"Uuk\nIThD".to_owned(),
            "%4A%56%46%7A%57%36%79%30-aB/c\"UukIThD".to_owned(),
        ] {
            assert_eq!(tell(&format!("no: {words} is wrong")), "no: *** is wrong", "{words}");
        }
        assert_eq!(tell("key=k3y."), "key=***.");
    }

    #[test]
    fn secrets_are_hidden_where_they_are_cut() {
        assert_eq!(tell("you sent JVFzW6"), "you sent ***");
        assert_eq!(tell("kIThD is wrong"), "*** is wrong");
        assert_eq!(tell("it holds y0-aB/c\"Uu somewhere"), "it holds *** somewhere");
        let long = format!("{}{SECRET}", "x".repeat(LONGEST_WORDS - 4));
        assert_eq!(tell(&long), format!("{}***", "x".repeat(LONGEST_WORDS - 4)));
    }

    #[test]
    fn words_are_one_line_that_can_be_read() {
        let hostile = "\u{1b}[31mred\u{7}\r\n2026 ERROR forged\u{202e}gnorw\u{85}\u{9b}2J end";
        assert_eq!(tell(hostile), "[31mred 2026 ERROR forged gnorw 2J end");
        assert_eq!(tell(&"ä".repeat(2 << 20)), format!("{}…", "ä".repeat(LONGEST_WORDS)));
        assert_eq!(plain("  a  b ", 9), "a b");
    }

    #[test]
    fn what_is_kept_of_an_answer_has_no_secret() {
        let secrets = Secrets::new(&[SecretString::from(SECRET), SecretString::from("k3y")]);
        let body = format!("{{\"title\":{},\"x\":\"k3y\"}}", serde_json::Value::from(SECRET));
        assert_eq!(secrets.hide(body.into()), br#"{"title":"***","x":"k3y"}"#);
    }

    #[test]
    fn bodies_are_told_by_what_they_say() {
        for (body, told) in [
            (&b" \n"[..], "nothing"),
            (b"<html><TITLE>502 Bad\nGateway</TITLE>", "an HTML page instead of JSON (502 Bad Gateway)"),
            (b"<!doctype html>", "an HTML page instead of JSON"),
            (b"\x1f\x8b\x08\0\xff\xfe{", "7 bytes that are no text"),
            (b"default backend - 404", "default backend - 404"),
            (b"{\"a\":1", "JSON that is cut short: {\"a\":1"),
        ] {
            assert_eq!(looks_like(body), told);
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_told_is_long_or_has_the_secret(before in ".{0,400}", after in ".{0,20}") {
            let told = tell(&format!("{before}{SECRET}{after}"));
            prop_assert!(!told.contains("aB/c"), "{told}");
            prop_assert!(told.chars().count() <= LONGEST_WORDS + 1);
            prop_assert!(!told.chars().any(is_unseen), "{told}");
        }
    }
}
