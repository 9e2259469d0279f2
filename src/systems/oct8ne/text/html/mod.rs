//! Markup that is safe to put into a page. What is let out is written anew: elements that are on a list, balanced, with
//! attributes that are on a list, and everything else as text; so nothing depends on how a browser would have read
//! what came in. Neither scripts nor styles, forms, frames, or other languages than HTML's (SVG, MathML) are on the list.

mod lists;

use super::entities::named;
use lists::{ATTRIBUTES, DROPPED, ELEMENTS, INLINE, OTHERS, VOID};

/// Deeper nesting than any description has.
const DEEPEST: usize = 100;

/// A description as it may stand in a page. One without markup keeps its lines.
pub(in crate::systems::oct8ne) fn safe(text: &str) -> String {
    if !has_markup(text) {
        let mut safe = String::with_capacity(text.len());
        escape(text, &mut safe);
        return safe.replace("\r\n", "\n").replace(['\r', '\n'], "<br/>");
    }
    let mut cleaner = Cleaner::default();
    cleaner.run(text);
    cleaner.finish()
}

/// Whether it has a whole tag of an element that HTML has, or a comment: `a<b` and `<me@shop.example>` are text. What is no
/// markup is escaped as a whole. Entities are letters: they stay, but make no markup of a text.
fn has_markup(text: &str) -> bool {
    tags(text).any(|at| {
        let tag = &text[at..];
        let name = tag[1..].strip_prefix('/').unwrap_or(&tag[1..]);
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        let (name, behind) = name.split_at(end);
        let is_whole =
            behind.starts_with(|c: char| c == '>' || c == '/' || c.is_whitespace()) && tag_end(tag).is_some();
        let is_of = |all: &[&str]| all.iter().any(|known| known.eq_ignore_ascii_case(name));
        tag.starts_with("<!")
            || tag.starts_with("<?")
            || (is_whole && (is_of(ELEMENTS) || is_of(DROPPED) || is_of(OTHERS)))
    })
}

/// A title without anything that a browser could take for a tag.
pub(in crate::systems::oct8ne) fn without_tags(text: &str) -> String {
    let mut text = text.to_owned();
    // What is left may make another one.
    loop {
        let Some(at) = tags(&text).next() else { break };
        let end = tag_end(&text[at..]).map(|length| at + length);
        let left = end.map_or("", |end| in_place_of(&apart(&text[at..end]).1));
        text.replace_range(at..end.unwrap_or(at + 1), left);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The shop's page may be https, and would show no picture by http.
pub(in crate::systems::oct8ne) fn without_http(address: String) -> String {
    match address.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case("http:") => address[5..].to_owned(),
        _ => address,
    }
}

/// The words of a description, for search: without markup.
pub(in crate::systems::oct8ne) fn plain(text: &str) -> String {
    if !text.contains(['<', '&']) {
        return text.to_owned();
    }
    let mut cleaner = Cleaner { is_plain: true, ..Cleaner::default() };
    cleaner.run(text);
    joined(&decode(&cleaner.out))
}

/// In the place of a tag within a line, until it is known what stands around it.
const JOINT: char = '\u{e000}';

/// Blanks in the place of joints, as what stands close to each other in different tags is mostly two words; but where it
/// is one letter, that is a part of one.
fn joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(JOINT) {
        out.push_str(&rest[..at]);
        rest = rest[at..].trim_start_matches(JOINT);
        let before = out.chars().rev().take_while(|letter| letter.is_alphanumeric()).take(2).count();
        let behind = rest.chars().take_while(|letter| letter.is_alphanumeric()).take(2).count();
        if before != 1 && behind != 1 {
            out.push(' ');
        }
    }
    out + rest
}

/// Where tags begin, or what a browser takes for one.
fn tags(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices('<')
        .map(|(at, _)| at)
        .filter(|at| text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')))
}

/// Bytes of a tag up to its end; a `>` in quotes is none.
fn tag_end(tag: &str) -> Option<usize> {
    if let Some(rest) = tag.strip_prefix("<!--") {
        return Some(rest.find("-->").map_or(tag.len(), |at| at + 7));
    }
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in tag.char_indices() {
        match (quote, letter) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') if before == '=' => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
        if !letter.is_whitespace() {
            before = letter;
        }
    }
    // A quote that is never closed.
    tag.find('>').map(|at| at + 1)
}

/// A tag taken apart: whether it is one that ends an element, the name in lower case, and what follows that.
fn apart(tag: &str) -> (bool, String, &str) {
    let inner = tag.trim_start_matches('<').trim_end_matches('>');
    let is_end = inner.starts_with('/');
    let inner = inner.trim_start_matches('/');
    let name_end = inner.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(inner.len());
    let (name, behind) = inner.split_at(name_end);
    (is_end, name.to_ascii_lowercase(), behind)
}

/// What stands between words in the place of a tag with this name: nothing, where they are one word to who reads them.
fn in_place_of(name: &str) -> &'static str {
    let is_comment = name.starts_with(['!', '?']);
    if is_comment || INLINE.contains(&name) { "" } else { " " }
}

#[derive(Default)]
struct Cleaner {
    out: String,
    open: Vec<&'static str>,
    /// Only the text counts.
    is_plain: bool,
}

impl Cleaner {
    fn run(&mut self, text: &str) {
        let mut rest = text;
        loop {
            let Some(at) = tags(rest).next() else { break };
            self.text(&rest[..at]);
            let Some(end) = tag_end(&rest[at..]) else {
                self.text("<");
                rest = &rest[at + 1..];
                continue;
            };
            let tag = &rest[at..at + end];
            rest = &rest[at + end..];
            if let Some(name) = self.tag(tag) {
                rest = behind(rest, &name);
            }
        }
        self.text(rest);
    }

    fn text(&mut self, text: &str) {
        if self.is_plain { self.out.push_str(text) } else { escape(text, &mut self.out) }
    }

    /// Takes in a tag. Gives the name of an element whose content is to be left out.
    fn tag(&mut self, tag: &str) -> Option<String> {
        let (is_end, name, behind) = apart(tag);
        if self.is_plain {
            match in_place_of(&name) {
                "" if name != "wbr" && INLINE.contains(&name.as_str()) => self.out.push(JOINT),
                left => self.out.push_str(left),
            }
        }
        if DROPPED.contains(&name.as_str()) {
            // Some of them have no content, and no end.
            let is_empty = name == "embed" || (matches!(name.as_str(), "svg" | "math") && behind.ends_with('/'));
            return (!is_end && !is_empty).then_some(name);
        }
        let known = ELEMENTS.iter().find(|element| **element == name)?;
        if self.is_plain {
            return None;
        }
        match is_end {
            true => self.close(known),
            false => self.open(known, behind),
        }
        None
    }

    fn open(&mut self, name: &'static str, attributes: &str) {
        let is_void = VOID.contains(&name);
        if !is_void && self.open.len() >= DEEPEST {
            return;
        }
        self.out.push('<');
        self.out.push_str(name);
        let mut has_address = name != "a";
        for (attribute, value) in read(attributes) {
            let is_known = ATTRIBUTES
                .iter()
                .any(|(element, known)| (*element == name || *element == "*") && known.contains(&attribute.as_str()));
            let is_address = matches!(attribute.as_str(), "href" | "src");
            if !is_known || (is_address && !is_safe_address(&value, attribute == "href")) {
                continue;
            }
            has_address |= attribute == "href";
            let value = if attribute == "src" { without_http(value) } else { value };
            self.out.push(' ');
            self.out.push_str(&attribute);
            self.out.push_str("=\"");
            escape_value(&value, &mut self.out);
            self.out.push('"');
        }
        if name == "a" && has_address {
            self.out.push_str(" rel=\"noopener noreferrer\"");
        }
        self.out.push_str(if is_void { "/>" } else { ">" });
        if !is_void {
            self.open.push(name);
        }
    }

    fn close(&mut self, name: &'static str) {
        if VOID.contains(&name) {
            return;
        }
        if let Some(at) = self.open.iter().rposition(|open| *open == name) {
            for name in self.open.drain(at..).rev() {
                self.out.push_str(&format!("</{name}>"));
            }
        }
    }

    fn finish(mut self) -> String {
        for name in self.open.drain(..).rev() {
            self.out.push_str(&format!("</{name}>"));
        }
        self.out
    }
}

/// What follows the end tag of an element whose content is left out; nothing, if it never ends.
fn behind<'t>(text: &'t str, name: &str) -> &'t str {
    let lower = text.to_ascii_lowercase();
    let Some(at) = lower.find(&format!("</{name}")) else { return "" };
    text[at..].find('>').map_or("", |end| &text[at + end + 1..])
}

/// The attributes of a start tag, their entities decoded. The first of a name counts.
fn read(attributes: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return found;
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '/')).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end.max(rest.chars().next().map_or(1, char::len_utf8)));
        let behind = behind.trim_start();
        let (value, behind) = match behind.strip_prefix('=').map(str::trim_start) {
            None => ("", behind),
            Some(value) => match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            },
        };
        let name = name.to_ascii_lowercase();
        if !found.iter().any(|(other, _)| *other == name) {
            found.push((name, decode(value)));
        }
        rest = behind;
    }
}

/// Whether an address does nothing but lead somewhere: http(s), without a scheme, and of links mail and telephone.
fn is_safe_address(address: &str, is_link: bool) -> bool {
    // Browsers leave these out before they look.
    let plain: String = address.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let lower = plain.to_ascii_lowercase();
    let scheme = lower.split(['/', '?', '#']).next().and_then(|head| head.split_once(':')).map(|(scheme, _)| scheme);
    match scheme {
        None => true,
        Some("http" | "https") => true,
        Some("mailto" | "tel") => is_link,
        Some(_) => false,
    }
}

/// Writes text; entities that stand in it stay.
fn escape(text: &str, into: &mut String) {
    for (at, letter) in text.char_indices() {
        match letter {
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '&' if entity(&text[at..]).is_none() => into.push_str("&amp;"),
            '\0' => {}
            letter => into.push(letter),
        }
    }
}

fn escape_value(text: &str, into: &mut String) {
    for letter in text.chars() {
        match letter {
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            '&' => into.push_str("&amp;"),
            letter if letter.is_control() => {}
            letter => into.push(letter),
        }
    }
}

/// The entity that a text begins with: its bytes, and the letter if we know it.
fn entity(text: &str) -> Option<(usize, Option<char>)> {
    let end = text.bytes().take(32).position(|byte| byte == b';')?;
    let name = &text[1..end];
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return Some((end + 1, char::from_u32(code)));
    }
    let is_name = name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let letter = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "colon" => ':',
        "Tab" => '\t',
        "NewLine" => '\n',
        _ => return is_name.then_some((end + 1, named(name))),
    };
    Some((end + 1, Some(letter)))
}

/// A text with the entities decoded that we know. In an address a number may lack its semicolon.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let loose = || {
            let digits = rest.strip_prefix("&#")?;
            let (digits, radix, head) = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => (hex, 16, 3),
                None => (digits, 10, 2),
            };
            let length = digits.bytes().take(8).take_while(|byte| char::from(*byte).is_digit(radix)).count();
            let code = u32::from_str_radix(digits.get(..length)?, radix).ok()?;
            Some((head + length, char::from_u32(code)))
        };
        match entity(rest).or_else(loose) {
            Some((length, Some(letter))) => {
                out.push(letter);
                rest = &rest[length..];
            }
            _ => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
