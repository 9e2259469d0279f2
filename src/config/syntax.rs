//! What TOML says of a broken file, in words that tell what to do.

use super::names;

/// What is wrong at byte `at` of a file that is no TOML. `said` = the parser's words; `key` = the setting of the line,
/// if it is one that we know.
pub(super) fn words(text: &str, at: usize, said: &str, key: Option<&str>) -> String {
    if said == "duplicate key" {
        return duplicate(text, at);
    }
    if is_about_escapes(said) {
        return "\\ means something else in \"…\": write a Windows path as 'C:\\feeds\\shop.xml', or each \\ as \\\\"
            .to_owned();
    }
    let value = value_at(text, at);
    let is_bare = value.is_some_and(|value| value.starts_with(|c: char| c.is_ascii_alphanumeric() || "/.".contains(c)));
    match key.filter(|_| is_bare).and_then(names::in_quotes) {
        Some(advice) => advice.to_owned(),
        None => format!("this is not TOML: {said}"),
    }
}

/// `C:\Users` in double quotes is an escape that there isn't, or one that lacks its digits.
fn is_about_escapes(said: &str) -> bool {
    said.starts_with("missing escaped value") || said.contains("unicode value") || said.contains("escape")
}

/// What stands behind the `=` of a line.
fn value_at(text: &str, at: usize) -> Option<&str> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |at| at + 1);
    text[start..].lines().next()?.split_once('=').map(|(_, value)| value.trim_start())
}

/// A name that was there before: its line is told.
fn duplicate(text: &str, at: usize) -> String {
    let mut before: Vec<&str> = text.get(..at).unwrap_or_default().split('\n').collect();
    let here = before.pop().unwrap_or_default();
    let line = text[at - here.len()..].lines().next().unwrap_or_default();
    if line.trim_start().starts_with('[') {
        let heading = line.split('#').next().unwrap_or_default().trim();
        let first = before.iter().position(|line| line.split('#').next().unwrap_or_default().trim() == heading);
        let also = first.map(|first| format!(" (also line {})", first + 1)).unwrap_or_default();
        return format!("{heading} is there twice{also}; put its settings together");
    }
    let name = |line: &str| line.split_once('=').map(|(name, _)| name.trim().to_owned());
    let key = name(line).filter(|key| names::is_setting(key));
    let section = before.iter().rposition(|line| line.trim_start().starts_with('[')).map_or(0, |at| at + 1);
    let first = before.iter().enumerate().skip(section).find(|(_, line)| name(line) == key && key.is_some());
    let also = first.map(|(first, _)| format!(" (also line {})", first + 1)).unwrap_or_default();
    match key {
        Some(key) => format!("`{key}` is set twice{also}; keep one of them"),
        None => "this is set twice; keep one of them".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_twice_tells_both_lines() {
        let text = "[source]\ntype = 1\n[nicechat]\nretries = 1\n\nretries = 2\n[source]\n";
        let told = |place: &str| duplicate(text, text.rfind(place).expect("a place"));
        assert_eq!(told("retries"), "`retries` is set twice (also line 4); keep one of them");
        assert_eq!(told("source]"), "[source] is there twice (also line 1); put its settings together");
    }
}
