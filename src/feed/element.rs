//! One element's children, parsed leniently.
//!
//! A raw `&`, an entity that nobody declared, or a `<` that starts no tag is taken literally.
//! Custom entities are never expanded, nesting is capped.

use std::borrow::Cow;

use memchr::memchr_iter;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::spans::is_name_start;

/// Deeper nesting than any feed has.
const MAX_DEPTH: usize = 64;

/// The element itself (depth 0), a child of it (1) or a child's child (2).
#[derive(Debug)]
pub(super) struct Node<'x> {
    pub(super) depth: usize,
    start: BytesStart<'x>,
    /// The text of a child; other nodes have none. Markup inside it is kept as it stands.
    pub(super) text: Cow<'x, str>,
    /// Whether `text` holds elements.
    pub(super) has_markup: bool,
}

impl Node<'_> {
    /// The name with its prefix.
    pub(super) fn name(&self) -> &str {
        self.start.name().0
    }

    /// An attribute's value, by its exact name.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.start.html_attributes();
        let found = attributes.with_checks(false).flatten().find(|attribute| attribute.key.0 == name)?;
        Some(unescape(&found.value))
    }

    /// All attributes as written.
    pub(super) fn attributes(&self) -> Vec<(String, String)> {
        let mut attributes = self.start.html_attributes();
        let all = attributes.with_checks(false).flatten();
        all.map(|attribute| (attribute.key.0.to_owned(), unescape(&attribute.value))).collect()
    }
}

/// An element: itself, its children and their children, in the document's order.
#[derive(Debug, Default)]
pub(super) struct Element<'x> {
    pub(super) nodes: Vec<Node<'x>>,
    /// Why it could not be parsed to its end, in words; the nodes before that are there all the same.
    pub(super) fault: Option<String>,
}

/// Parses an element.
pub(super) fn parse(xml: &str) -> Element<'_> {
    let mut nodes = Vec::with_capacity(24);
    let fault = collect(xml, &mut nodes).err();
    Element { nodes, fault }
}

fn collect<'x>(xml: &'x str, nodes: &mut Vec<Node<'x>>) -> Result<(), String> {
    let mut reader = Reader::from_str(xml);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    // The names of the open elements, and the node of the child that is open.
    let mut open = Open::default();
    let mut child: Option<usize> = None;
    let mut fault = None;
    loop {
        let event = reader.read_event().map_err(|error| format!("broken markup ({error})"))?;
        match event {
            Event::Start(start) if open.len() >= MAX_DEPTH => {
                // Not followed any deeper, but read on: the id may come later.
                let name = start.name().0;
                fault.get_or_insert_with(|| format!("nested deeper than {MAX_DEPTH} levels at <{name}>"));
            }
            // HTML that nobody escaped never closes these.
            Event::Start(start) if open.len() >= 2 && is_void(start.name().0) => {
                literally(nodes, child, format_args!("<{}>", &*start));
            }
            Event::Start(start) => {
                let depth = open.len();
                open.push(start.name().0);
                literally(nodes, child, format_args!("<{}>", &*start));
                enter(nodes, &mut child, start, depth);
            }
            Event::Empty(start) => {
                literally(nodes, child, format_args!("<{}/>", &*start));
                let mut closed = child;
                enter(nodes, &mut closed, start, open.len());
            }
            Event::End(end) => {
                // An end tag closes what is open inside its element too; one of nothing is nothing.
                let name = end.name();
                if let Some(at) = open.last(name.0) {
                    open.truncate(at);
                    if at <= 1 {
                        child = None;
                    } else {
                        literally(nodes, child, format_args!("</{}>", name.0));
                    }
                }
            }
            Event::Text(text) => push(nodes, child, text.into_inner()),
            Event::CData(data) => push(nodes, child, data.into_inner()),
            Event::GeneralRef(reference) => match resolve(&reference) {
                Some(text) => push(nodes, child, text),
                None => push(nodes, child, Cow::Owned(format!("&{};", &*reference))),
            },
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) => {}
            Event::Eof => return fault.map_or(Ok(()), Err),
        }
    }
}

/// The names of the open elements, one behind the other.
#[derive(Default)]
struct Open {
    names: String,
    starts: Vec<usize>,
}

impl Open {
    fn len(&self) -> usize {
        self.starts.len()
    }

    fn push(&mut self, name: &str) {
        self.starts.push(self.names.len());
        self.names.push_str(name);
    }

    /// The innermost one of this name.
    fn last(&self, name: &str) -> Option<usize> {
        let mut end = self.names.len();
        self.starts.iter().rposition(|start| self.names[*start..std::mem::replace(&mut end, *start)] == *name)
    }

    fn truncate(&mut self, count: usize) {
        if let Some(start) = self.starts.get(count) {
            self.names.truncate(*start);
        }
        self.starts.truncate(count);
    }
}

/// The elements of HTML's text that have no end tag.
fn is_void(name: &str) -> bool {
    ["br", "hr", "img", "wbr", "input", "col"].iter().any(|void| name.eq_ignore_ascii_case(void))
}

fn enter<'x>(nodes: &mut Vec<Node<'x>>, child: &mut Option<usize>, start: BytesStart<'x>, depth: usize) {
    if depth == 1 {
        *child = Some(nodes.len());
    }
    if depth <= 2 {
        nodes.push(Node { depth, start, text: Cow::Borrowed(""), has_markup: false });
    }
}

fn push<'x>(nodes: &mut [Node<'x>], child: Option<usize>, text: Cow<'x, str>) {
    let Some(node) = child.and_then(|at| nodes.get_mut(at)) else { return };
    // Most texts are in one piece.
    if node.text.is_empty() {
        node.text = text;
    } else {
        node.text.to_mut().push_str(&text);
    }
}

/// Keeps the markup of a child's text: descriptions hold HTML that nobody escaped.
fn literally(nodes: &mut [Node<'_>], child: Option<usize>, tag: std::fmt::Arguments<'_>) {
    if let Some(node) = child.and_then(|at| nodes.get_mut(at)) {
        node.text.to_mut().push_str(&tag.to_string());
        node.has_markup = true;
    }
}

/// The text of an entity or character reference. The five of XML and numbers only.
fn resolve(name: &str) -> Option<Cow<'static, str>> {
    match name.strip_prefix('#') {
        None => resolve_predefined_entity(name).map(Cow::Borrowed),
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32).map(|c| Cow::Owned(c.to_string()))
        }
    }
}

/// Entities decoded once; what is none stays as it is.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest[1..].find([';', '&']).map(|end| end + 1).filter(|end| rest.as_bytes()[*end] == b';');
        match end.and_then(|end| resolve(&rest[1..end]).map(|text| (end, text))) {
            Some((end, text)) => {
                plain.push_str(&text);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// Escapes every `<` that can't start markup, so that the parser takes it for the text it is.
pub(super) fn mend(xml: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = xml.as_bytes();
    let is_stray =
        |at: &usize| bytes.get(at + 1).is_none_or(|next| !is_name_start(*next) && !matches!(next, b'/' | b'!' | b'?'));
    let mut strays: Vec<usize> = memchr_iter(b'<', bytes).filter(is_stray).collect();
    if !strays.is_empty() {
        let sections = cdata(&xml);
        let is_inside = |at: &usize| {
            let next = sections.partition_point(|section| section.start <= *at);
            next > 0 && sections[next - 1].contains(at)
        };
        strays.retain(|at| !is_inside(at));
    }
    if strays.is_empty() {
        return xml;
    }
    let mut mended = String::with_capacity(xml.len() + 3 * strays.len());
    let mut from = 0;
    for at in strays {
        mended.push_str(&xml[from..at]);
        mended.push_str("&lt;");
        from = at + 1;
    }
    mended.push_str(&xml[from..]);
    Cow::Owned(mended)
}

/// Where the CDATA sections lie.
fn cdata(xml: &str) -> Vec<std::ops::Range<usize>> {
    let mut sections = Vec::new();
    let mut from = 0;
    while let Some(start) = xml[from..].find("<![CDATA[").map(|at| from + at) {
        let end = xml[start..].find("]]>").map_or(xml.len(), |at| start + at);
        sections.push(start..end);
        from = end;
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(xml: &str) -> Vec<String> {
        let mended = mend(Cow::Borrowed(xml));
        let Element { nodes, fault } = parse(&mended);
        assert_eq!(fault, None);
        nodes.iter().filter(|node| node.depth == 1).map(|node| format!("{}={}", node.name(), node.text)).collect()
    }

    #[test]
    fn what_is_not_markup_is_text() {
        assert_eq!(texts("<i><t>a & b &amp; c &nbsp; d&T;</t></i>"), ["t=a & b & c &nbsp; d&T;"]);
        assert_eq!(texts("<i><t>a < b && c</t><u>&#1090;&#x42;&#xD800;</u></i>"), ["t=a < b && c", "u=тB&#xD800;"]);
        assert_eq!(texts("<i><t><![CDATA[<p>1 < 2 &amp; </t>]]></t></i>"), ["t=<p>1 < 2 &amp; </t>"]);
    }

    #[test]
    fn entities_are_decoded_once() {
        assert_eq!(texts("<i><t>&lt;b&gt;x &amp;amp; y&lt;/b&gt;</t></i>"), ["t=<b>x &amp; y</b>"]);
    }

    #[test]
    fn markup_inside_a_child_is_kept_and_closes_itself() {
        assert_eq!(texts("<i><d><p a=\"1\">x<br>y</p><hr/></d><t>z</t></i>"), ["d=<p a=\"1\">x<br>y</p><hr/>", "t=z"]);
        assert_eq!(texts("<i><d>x<br></d><t>z</p></t></i>"), ["d=x<br>", "t=z"]);
    }

    #[test]
    fn children_and_their_children() {
        let nodes = parse("<i id='a&amp;b & c'><s><o n=\"1\"/><o n=2/></s></i>").nodes;
        let seen: Vec<_> = nodes.iter().map(|node| (node.depth, node.name(), node.attribute("n"))).collect();
        assert_eq!(seen, [(0, "i", None), (1, "s", None), (2, "o", Some("1".into())), (2, "o", Some("2".into()))]);
        assert_eq!(nodes[0].attribute("id").as_deref(), Some("a&b & c"));
    }

    #[test]
    fn nesting_is_capped() {
        let deep = "<a>".repeat(1000);
        let xml = format!("<i><id>7</id>{deep}</i>");
        let Element { nodes, fault } = parse(&xml);
        assert!(fault.is_some());
        assert_eq!(nodes[1].text, "7");
    }
}
