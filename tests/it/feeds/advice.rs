//! Whatever a reader of feeds complains about, the shop is told what to do.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use shelfkeeper::catalog::Rejection;

/// Sentences in the readers' source that are no reason of a rejection: a feed as a whole is no row.
const OTHERS: &[&str] = &[
    "in stock",
    "out of stock",
    "larger than {0} bytes",
    "its compressed data is cut short or damaged ({error})",
    "offer id=",
    "offer available=",
    "its last row, on line {}, has {cells} of {width} cells",
    "its first line names no `id` column: {start:?}",
    "a zip archive of {} files; a feed's has one",
    "the zip is cut short",
    "the zip archive is broken ({said})",
    "its list of files is far longer than that of one file",
    "it is not as long as its archive says",
    "its checksum is another one than its archive says",
    "the comparing thread has ended",
    "it ends on line {line} without the end tag </{root}>",
    "it ends inside the quotes of the row on line {line}",
    "; a quote in it was probably never closed",
    "the row on line {line} is longer than {most} MiB{hint}",
    "it is empty (an exporter that failed writes such files)",
    "it is an HTML page (an error or log-in page?)",
    "it begins like XML, but has no <rss>, <feed> or <yml_catalog>",
    "it is JSON",
];
/// The words of feeds as a whole.
const ERRORS: &str = "feed/error.rs";

/// The texts of several words in a file, tests and comments left out.
fn sentences(tokens: TokenStream, found: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                if matches!(tokens.peek(), Some(TokenTree::Punct(mark)) if mark.as_char() == '!') {
                    tokens.next();
                }
                let Some(TokenTree::Group(attribute)) = tokens.peek().cloned() else { continue };
                let words = attribute.stream().to_string();
                if attribute.delimiter() == Delimiter::Bracket && words.starts_with("doc") {
                    tokens.next();
                } else if words.replace(' ', "") == "cfg(test)" {
                    // The module behind it, to its closing brace.
                    let is_body = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
                    while tokens.next().is_some_and(|token| !is_body(&token)) {}
                }
            }
            TokenTree::Group(group) => sentences(group.stream(), found),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let text = text.trim_start_matches(['b', 'r']).trim_matches('"').to_owned();
                let fixed: String =
                    text.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
                let words = fixed.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
                if literal.to_string().starts_with('"') && words > 1 {
                    found.push(text);
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("tests") {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_reason_has_advice() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = ["price", "id"].map(|name| source.join(format!("catalog/{name}.rs"))).to_vec();
    files(&source.join("feed"), &mut paths);
    paths.retain(|path| !path.ends_with(ERRORS));
    let mut found = Vec::new();
    for path in paths {
        let tokens = fs::read_to_string(&path).expect("a file").parse().expect("Rust");
        sentences(tokens, &mut found);
    }
    assert!(found.len() > 40, "{found:?}");
    let is_advised = |reason: &&String| !Rejection::new(1, None, "row", (*reason).clone()).is_advised();
    let without: Vec<&String> =
        found.iter().filter(is_advised).filter(|reason| !OTHERS.contains(&reason.as_str())).collect();
    assert!(without.is_empty(), "no advice for, and not among the others: {without:#?}");
    let unused: Vec<&&str> = OTHERS.iter().filter(|other| !found.iter().any(|reason| reason == *other)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}
