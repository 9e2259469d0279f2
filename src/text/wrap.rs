//! Texts in lines that fit a terminal.

/// The columns of a terminal that everything fits.
const COLUMNS: usize = 80;

/// A text in lines of at most 80 characters, each with this before it; words that are longer stay whole.
pub(crate) fn wrap(text: &str, indent: &str) -> String {
    let room = COLUMNS.saturating_sub(indent.chars().count());
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| format!("{indent}{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_between_words() {
        let text = "word ".repeat(40);
        let lines = wrap(text.trim(), "  ");
        assert!(lines.lines().all(|line| line.chars().count() <= 80 && line.starts_with("  word")), "{lines}");
        assert_eq!(lines.split_whitespace().count(), 40);
        assert_eq!(wrap("a", ""), "a\n");
    }
}
