//! Words as people can read them, wherever they come from.

mod table;
mod words;

pub(crate) use table::table;
pub(crate) use words::{
    WIDTH, count, difference, distance, fold, number, one_line, shorten, shorten_to, span, typed, value, wrap,
};

/// A text in one line of at most so many characters: without line ends, and without what a terminal obeys or
/// a reader can't see.
pub(crate) fn plain(text: &str, most: usize) -> String {
    let mut line = String::new();
    let seen = text.chars().map(|c| if c.is_whitespace() || is_unseen(c) { ' ' } else { c });
    let mut left = most;
    for c in seen {
        if c == ' ' && (line.is_empty() || line.ends_with(' ')) {
            continue;
        }
        if left == 0 {
            line.truncate(line.trim_end().len());
            line.push('…');
            return line;
        }
        line.push(c);
        left -= 1;
    }
    line.truncate(line.trim_end().len());
    line
}

/// Control characters, marks of the direction of writing, and other characters without a width.
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
