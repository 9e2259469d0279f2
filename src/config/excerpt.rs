//! The line of the config file that something is wrong with, and a caret under the place. Never a secret.

use std::ops::Range;

use super::names;
use crate::text::is_unseen;

/// As much of a line as a terminal shows beside its number.
const WIDTH: usize = 72;

/// What a line may hold, besides what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// A name and a value, as TOML wants them.
    Sound,
    /// Anything, wherever it may stand.
    Broken,
}

/// The line at a place with its number, and below it a caret under the place; `None` when the line can't be shown.
/// A value is replaced by `…` when it is or may be a secret.
pub(super) fn excerpt(text: &str, span: &Range<usize>, line: Line) -> Option<String> {
    let before = text.get(..span.start)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    if is_inside_long_text(before) {
        return None;
    }
    let written = text[start..].lines().next()?;
    let shown = shown(written, line)?;
    let end = span.end.min(start + written.len()).max(span.start);
    let column = before[start..].chars().count();
    let width = text.get(span.start..end)?.chars().count().max(1);
    let count = shown.chars().count();
    // What is hidden is marked where it would stand; the place may be behind the end of the line, too.
    let column = if column >= count && shown.ends_with('…') { count - 1 } else { column };
    if column > WIDTH {
        return None;
    }
    let pad: String = shown.chars().chain(std::iter::repeat(' ')).take(column).map(blank).collect();
    let carets = "^".repeat(width.min(count.saturating_sub(column)).max(1));
    let number = before.matches('\n').count() + 1;
    Some(format!("{number:>5} | {shown}\n      | {pad}{carets}"))
}

/// So that the caret stands below its character.
fn blank(c: char) -> char {
    if c == '\t' { c } else { ' ' }
}

/// Whether a place is within a text of several lines, where nothing tells what a line is.
fn is_inside_long_text(before: &str) -> bool {
    ["\"\"\"", "'''"].iter().any(|quotes| before.matches(quotes).count() % 2 == 1)
}

/// What of a line may be seen.
fn shown(written: &str, line: Line) -> Option<String> {
    if written.contains(|c| is_unseen(c) && c != '\t') {
        return None;
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | ' ' | '\t');
    if written.trim_start().starts_with('[') {
        return (line == Line::Sound && written.chars().all(is_name)).then(|| shorten(written.trim_end()));
    }
    let (name, value) = written.split_once('=')?;
    let key = name.trim();
    let is_known = names::is_setting(key);
    if !is_known && (line == Line::Broken || !key.chars().all(is_name)) {
        return None;
    }
    // A table on one line has more names than the first, and where TOML is broken nobody knows what they name.
    let may_be_more = match line {
        Line::Sound => has_another_name(value),
        Line::Broken => value.contains(['=', '{']) || names::may_name_secret(value),
    };
    let is_address = value.contains("://") || value.contains("http:") || value.contains("https:");
    if !is_known
        || may_be_more
        || names::is_secret(key)
        || names::is_secret_file(key)
        || (is_address && value.contains('@'))
    {
        return Some(format!("{name}= …"));
    }
    // The query of an address may be a secret.
    Some(match written.split_once('?').filter(|_| is_address) {
        Some((path, _)) => shorten(path) + "…",
        None => shorten(written.trim_end()),
    })
}

/// Whether a value has a name in it, outside of its quotes.
fn has_another_name(value: &str) -> bool {
    let mut quote = None;
    value.chars().any(|c| {
        match quote {
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        c == '=' && quote.is_none()
    })
}

fn shorten(line: &str) -> String {
    let short: String = line.chars().take(WIDTH).collect();
    if short.len() < line.len() { short + "…" } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, marked: &str, line: Line) -> Option<String> {
        let start = text.find(marked).expect("the place");
        excerpt(text, &(start..start + marked.len()), line)
    }

    #[test]
    fn the_place_is_marked() {
        let text = "[source]\n\ttype = \"csv\"\n";
        let shown = at(text, "\"csv\"", Line::Sound);
        assert_eq!(shown.as_deref(), Some("    2 | \ttype = \"csv\"\n      | \t       ^^^^^"));
        let shown = at("[source]\n[sorce]\n", "sorce", Line::Sound);
        assert_eq!(shown.as_deref(), Some("    2 | [sorce]\n      |  ^^^^^"));
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for text in [
            "api_secret = \"hunter2\"",
            "api_secret_file = \"hunter2\"",
            "api_token = \"hunter2\"",
            "nicechat.api_secret = \"hunter2\"",
            "location = \"https://a:hunter2@b/\"",
            "location = \"https://b/?hunter2\"",
            "api_secret = \"\"\"\ntimeout = hunter2\"\"\"",
            "copy_to = [{ store = 0.5, api_key = \"hunter2\" }]",
            "smtp = { host = \"m:587\", username = \"u\", password = \"hunter2\" }",
            "hook = [{ name = \"x\", url = \"y\", secret = \"hunter2\" }]",
        ] {
            let shown = at(text, "hunter2", Line::Sound).unwrap_or_default();
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.is_empty() || shown.contains('…'), "{shown}");
        }
        for text in ["hunter2 = = 1", "hunter2", "[hunter2", "\"hunter2\" = 1"] {
            assert_eq!(at(text, "hunter2", Line::Broken), None);
        }
        for text in ["store = \"x\", api_key = \"hunter2\"", "store = \"x\" other = hunter2", "timeout = { hunter2"] {
            let shown = at(text, "hunter2", Line::Broken).unwrap_or_default();
            assert!(!shown.contains("hunter2") && shown.contains('…'), "{shown}");
        }
        let shown = at("api_secret = hunter2", "hunter2", Line::Broken);
        assert_eq!(shown.as_deref(), Some("    1 | api_secret = …\n      |              ^"));
    }
}
