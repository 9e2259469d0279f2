//! Tables that fit a terminal.

use std::fmt::Write as _;

use super::words::WIDTH;

/// What stands between two columns.
const GAP: usize = 2;
/// No column becomes narrower for the others.
const NARROWEST: usize = 8;

/// A table whose columns are as wide as their cells. While that is too wide for a terminal, the widest one gives way,
/// and its cells go on in the lines below. The first column, which names the row, stays as it is.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = cell.chars().count().max(*width));
    }
    while widths.iter().sum::<usize>() + GAP * N.saturating_sub(1) > WIDTH {
        let widest = widths.iter_mut().skip(1).filter(|width| **width > NARROWEST).max();
        let Some(widest) = widest else { break };
        *widest -= 1;
    }
    let mut text = String::new();
    for row in rows {
        let cells: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, width)| lines(cell, width)).collect();
        for at in 0..cells.iter().map(Vec::len).max().unwrap_or_default() {
            let mut line = String::new();
            for (cell, width) in cells.iter().zip(widths) {
                let part = cell.get(at).map_or("", String::as_str);
                // Writing to a string does not fail.
                let _ = write!(line, "{part:<width$}{:GAP$}", "");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

/// A cell in lines of at most so many characters, broken between words if it can be.
fn lines(cell: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in cell.split(' ') {
        let mut rest: Vec<char> = word.chars().collect();
        let used = lines.last().map_or(0, |line| line.chars().count());
        if used > 0 && used + 1 + rest.len() <= width {
            lines.last_mut().into_iter().for_each(|line| {
                line.push(' ');
                line.push_str(word);
            });
            continue;
        }
        if used > 0 {
            lines.push(String::new());
        }
        while rest.len() > width {
            let tail = rest.split_off(width);
            lines.last_mut().into_iter().for_each(|line| line.extend(&rest));
            lines.push(String::new());
            rest = tail;
        }
        lines.last_mut().into_iter().for_each(|line| line.extend(&rest));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_column_gives_way() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let short = table(&[row(["ID", "WHAT", "WHO"]), row(["1", "a b", "c"])]);
        assert_eq!(short, "ID  WHAT  WHO\n1   a b   c\n");
        let long = table(&[row(["ID", "WHAT", "WHO"]), row(["1", &"word ".repeat(30), &"x".repeat(50)])]);
        assert!(long.lines().all(|line| line.chars().count() <= WIDTH), "{long}");
        assert_eq!(long.matches("word").count(), 30);
        assert_eq!(long.matches('x').count(), 50);
    }
}
