//! Small pieces of text.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::plain;

/// The most of a value that a line shows, in characters.
const LONGEST: usize = 60;

/// A value in one short line: text in quotes, the middle of long text left out, line ends shown.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", shorten(text)),
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}

/// A text as a terminal may be given it: nothing in it but what can be seen.
pub(crate) fn one_line(text: &str) -> String {
    plain(text, usize::MAX)
}

/// The width of a terminal that nobody has changed.
pub(crate) const WIDTH: usize = 80;

/// A line that is broken between words where it is too long for a terminal; what follows is indented by so much.
pub(crate) fn fold(line: &str, indent: usize) -> String {
    let lead = &line[..line.len() - line.trim_start().len()];
    let (mut text, mut width) = (lead.to_owned(), lead.chars().count());
    let mut is_first = true;
    // Blanks between words are kept: some stand in columns.
    for piece in line[lead.len()..].split_inclusive(' ') {
        let word = piece.trim_end_matches(' ').chars().count();
        if !is_first && width + word > WIDTH {
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent));
            width = indent;
        }
        text.push_str(piece);
        width += piece.chars().count();
        is_first = false;
    }
    text
}

/// A text with this before it, in lines that fit a terminal; the last one ends.
pub(crate) fn wrap(text: &str, lead: &str) -> String {
    let mut lines = fold(&format!("{lead}{text}"), lead.chars().count());
    lines.push('\n');
    lines
}

/// A text of at most 60 characters: what is longer loses its middle.
pub(crate) fn shorten(text: &str) -> String {
    shorten_to(text, LONGEST)
}

/// A text that loses its middle when it is longer than so many characters.
pub(crate) fn shorten_to(text: &str, longest: usize) -> String {
    // No text has more characters than bytes, and most are short.
    let length = if text.len() <= longest { 0 } else { text.chars().count() };
    if length <= longest {
        return text.to_owned();
    }
    let start: String = text.chars().take(longest * 2 / 3).collect();
    let end: String = text.chars().skip(length - longest / 3).collect();
    format!("{start} … {end}")
}

/// A text as it is typed in a shell behind a command, whatever is in it.
pub(crate) fn typed(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/:@%+=,-".contains(c);
    match text {
        plain if !plain.is_empty() && !plain.starts_with('-') && plain.chars().all(is_plain) => plain.to_owned(),
        _ => format!("-- '{}'", text.replace('\'', "'\\''")),
    }
}

/// Two long texts that begin alike, cut so that the difference shows.
pub(crate) fn difference(old: &Value, new: &Value) -> (String, String) {
    let (Value::String(before), Value::String(after)) = (old, new) else { return (value(old), value(new)) };
    if before.chars().count().max(after.chars().count()) <= LONGEST {
        return (value(old), value(new));
    }
    let common = before.chars().zip(after.chars()).take_while(|(a, b)| a == b).count();
    let from = common.saturating_sub(LONGEST / 3);
    let cut = |text: &str| {
        let rest: String = text.chars().skip(from).take(LONGEST).collect();
        let (lead, trail) =
            (if from > 0 { "… " } else { "" }, if text.chars().count() > from + LONGEST { " …" } else { "" });
        format!("{:?}", format!("{lead}{rest}{trail}"))
    };
    (cut(before), cut(after))
}

/// A number with its thousands apart: `12 345`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Roughly how far away a moment is.
pub(crate) fn distance(at: Timestamp, now: Timestamp) -> String {
    let away = now.duration_since(at).as_secs();
    let words = match away.unsigned_abs() / 60 {
        0 => return if at > now { "within a minute" } else { "just now" }.to_owned(),
        minutes @ 1..120 => format!("{minutes} min"),
        minutes @ 120..2880 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    };
    if at > now { format!("in {words}") } else { format!("{words} ago") }
}

/// A time span as a person says it.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn distances_as_people_say_them() {
        let at = |seconds: i64| Timestamp::from_second(1_767_225_600 + seconds).expect("a time");
        for (seconds, words) in [
            (0, "just now"),
            (-59, "just now"),
            (-60, "1 min ago"),
            (30, "within a minute"),
            (720, "in 12 min"),
            (-86_400, "24 h ago"),
            (-864_000, "10 days ago"),
        ] {
            assert_eq!(distance(at(seconds), at(0)), words);
        }
    }

    #[test]
    fn what_is_typed_is_one_word_of_a_shell() {
        for (text, wanted) in [
            ("SKU-1", "SKU-1"),
            ("", "-- ''"),
            ("--help", "-- '--help'"),
            ("$(touch /tmp/x)", "-- '$(touch /tmp/x)'"),
            ("a'b;c", "-- 'a'\\''b;c'"),
        ] {
            assert_eq!(typed(text), wanted);
        }
    }

    #[test]
    fn long_texts_are_cut_where_they_differ() {
        let same = "x".repeat(200);
        let (old, new) = difference(&json!(format!("{same}A and more")), &json!(format!("{same}B and more")));
        assert!(old.contains('A') && new.contains('B'), "{old} {new}");
        assert!(old.chars().count() < 80);
        assert!(shorten(&same).chars().count() <= LONGEST + 3);
    }

    #[test]
    fn long_lines_are_broken_between_words() {
        let line = format!("  one  {} two", "x".repeat(74));
        assert_eq!(fold(&line, 2), format!("  one\n  {} two", "x".repeat(74)));
        assert_eq!(fold("  short  line", 4), "  short  line");
        let endless = "x".repeat(100);
        assert_eq!(fold(&format!("{endless} y"), 2), format!("{endless}\n  y"));
    }

    #[test]
    fn numbers_and_spans() {
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(span(Duration::from_millis(20)), "20 ms");
        assert_eq!(span(Duration::from_secs(61)), "1 min 1 s");
        assert_eq!(span(Duration::from_secs(7300)), "2 h 1 min");
    }
}
