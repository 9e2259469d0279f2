//! One element's children, parsed so that damage shows.
//!
//! A raw `&`, an entity that nobody declared, or a `<` that starts no tag is taken literally, and a
//! description may hold HTML that nobody escaped. Everywhere else a tag that doesn't match, text between
//! the children, or an attribute that can't be parsed is a fault of the element: a field that it hit could
//! look empty. Custom entities are never expanded, nesting is capped.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::attributes::{self, Attribute, are_whole};
use super::bounds::{MAX_ATTRIBUTES, MAX_NODES, MAX_TAGS};
use super::entities::{has_unknown, resolve};
use super::google::is_in_a_language;
use super::names::plain_name;
use super::open_names::Open;

/// Deeper nesting than any feed has.
const MAX_DEPTH: usize = 64;

/// What a child of an item may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// HTML, escaped or not, kept as it stands.
    Html,
    /// Text for people: of markup in it only the text counts.
    Words,
    /// A value, or elements.
    Value,
}

/// The element itself (depth 0), a child of it (1) or a child's child (2).
#[derive(Debug)]
pub(super) struct Node<'x> {
    pub(super) depth: usize,
    start: BytesStart<'x>,
    /// The text of a child, of a value up to the first markup in it; other nodes have none.
    pub(super) text: Cow<'x, str>,
    /// Whether elements stand in `text`, or behind it.
    pub(super) has_markup: bool,
    /// Whether its end tag was there.
    pub(super) is_closed: bool,
    /// Whether a `<` or `>` stands in its text as it is: half a tag, where no text for people is.
    pub(super) has_tag_rest: bool,
    /// Whether its text holds what looks like an entity that nobody knows.
    pub(super) has_unknown_entity: bool,
}

impl<'x> Node<'x> {
    pub(super) fn new(depth: usize, start: BytesStart<'x>, is_closed: bool) -> Node<'x> {
        let text = Cow::Borrowed("");
        Node { depth, start, text, has_markup: false, is_closed, has_tag_rest: false, has_unknown_entity: false }
    }

    /// Adds to the text. Most texts come in one piece.
    pub(super) fn add(&mut self, text: Cow<'x, str>) {
        if self.text.is_empty() { self.text = text } else { self.text.to_mut().push_str(&text) }
    }
}

impl Node<'_> {
    /// The name with its prefix.
    pub(super) fn name(&self) -> &str {
        self.start.name().0
    }

    /// An attribute's value, by its exact name.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.attributes().find(|attribute| attribute.name == name).map(|attribute| attribute.value().into_owned())
    }

    /// All attributes up to the first that can't be parsed.
    pub(super) fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        attributes::attributes(self.raw_attributes())
    }

    /// What stands in the start tag behind the name.
    pub(super) fn raw_attributes(&self) -> &str {
        self.start.attributes_raw()
    }
}

/// An element: itself, its children and their children, in the document's order.
#[derive(Debug, Default)]
pub(super) struct Element<'x> {
    pub(super) nodes: Vec<Node<'x>>,
    /// What is broken in it, in words; the nodes that could be parsed are there all the same.
    pub(super) fault: Option<String>,
}

/// Parses an element.
pub(super) fn parse(xml: &str) -> Element<'_> {
    let mut walk = Walk::default();
    walk.element.nodes.reserve(24);
    let mut reader = Reader::from_str(xml);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => {
                walk.event(event);
                if walk.tags > MAX_TAGS {
                    walk.fault(|| format!("more than {MAX_TAGS} tags in it"));
                    break;
                }
            }
            Err(error) => {
                walk.fault(|| format!("broken markup ({error})"));
                break;
            }
        }
    }
    if let Some(name) = walk.open.innermost() {
        let name = name.to_owned();
        walk.fault(|| format!("<{name}> is not closed"));
    }
    walk.element
}

/// A walk through an element's markup.
#[derive(Default)]
struct Walk<'x> {
    element: Element<'x>,
    /// The names of the open elements. Those inside of HTML are not among them.
    open: Open,
    /// The node of the child that is open, and what it may hold.
    child: Option<(usize, Content)>,
    /// Elements in the open child that have its own name.
    namesakes: usize,
    /// Start tags so far.
    tags: usize,
}

impl<'x> Walk<'x> {
    fn fault(&mut self, what: impl FnOnce() -> String) {
        self.element.fault.get_or_insert_with(what);
    }

    fn event(&mut self, event: Event<'x>) {
        match event {
            Event::Start(start) => self.start(start),
            Event::Empty(start) => self.empty(start),
            Event::End(end) => self.end(end.name().0),
            Event::Text(text) => {
                let (has_tag_rest, is_unknown) = (text.contains('>'), has_unknown(&text));
                self.text(text.into_inner());
                if has_tag_rest {
                    self.tag_rest();
                }
                if is_unknown {
                    self.unknown_entity();
                }
            }
            Event::CData(data) if data.contains("<![CDATA[") => {
                self.fault(|| "a CDATA section in it is not closed".into())
            }
            Event::CData(data) => self.text(data.into_inner()),
            Event::GeneralRef(reference) if *reference == *"#60" => {
                self.tag_rest();
                self.text(Cow::Borrowed("<"));
            }
            Event::GeneralRef(reference) => match resolve(&reference) {
                Some(text) => self.text(text),
                None => {
                    let text = format!("&{};", &*reference);
                    if has_unknown(&text) {
                        self.unknown_entity();
                    }
                    self.text(Cow::Owned(text));
                }
            },
            Event::Comment(text) if text.contains("<!--") => self.fault(|| "a comment in it is not closed".into()),
            Event::PI(text) if text.contains('<') => {
                self.fault(|| "a processing instruction in it is not closed".into())
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) | Event::Eof => {}
        }
    }

    fn tag_rest(&mut self) {
        if let Some((at, _)) = self.child {
            self.element.nodes[at].has_tag_rest = true;
        }
    }

    fn unknown_entity(&mut self) {
        if let Some((at, _)) = self.child {
            self.element.nodes[at].has_unknown_entity = true;
        }
    }

    fn start(&mut self, start: BytesStart<'x>) {
        self.tags += 1;
        let name = start.name().0;
        if self.is_in_html() {
            self.namesakes += usize::from(self.open.innermost() == Some(name));
            return self.markup(format_args!("<{}>", &*start));
        }
        let depth = self.open.len();
        if depth >= MAX_DEPTH {
            // Not followed any deeper, but read on: the id may come later.
            return self.fault(|| format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.check(&start);
        // HTML that nobody escaped never closes these.
        if depth >= 2 && is_void(name) {
            return self.markup(format_args!(" "));
        }
        self.markup(format_args!(""));
        self.open.push(name);
        self.enter(start, depth, false);
    }

    fn empty(&mut self, start: BytesStart<'x>) {
        self.tags += 1;
        if self.is_in_html() {
            return self.markup(format_args!("<{}/>", &*start));
        }
        self.check(&start);
        self.markup(format_args!(" "));
        let depth = self.open.len();
        let outside = self.child;
        self.enter(start, depth, true);
        self.child = outside;
    }

    fn end(&mut self, name: &str) {
        if self.is_in_html() {
            let is_own = self.open.innermost() == Some(name);
            if !is_own || self.namesakes > 0 {
                self.namesakes -= usize::from(is_own);
                if self.open.outermost() == Some(name) {
                    self.fault(|| "its description is not closed".into());
                }
                return self.markup(format_args!("</{name}>"));
            }
        }
        if self.open.innermost() != Some(name) {
            self.fault(|| format!("</{}> ends nothing", shorten(name)));
        }
        // An end tag closes what is open inside its element too; one of nothing is nothing.
        let Some(at) = self.open.last(name) else { return };
        let is_whole = at + 1 == self.open.len();
        self.open.truncate(at);
        let child = if at <= 1 { self.child.take() } else { None };
        if let Some((child, _)) = child.filter(|_| is_whole) {
            self.element.nodes[child].is_closed = true;
        }
    }

    fn is_in_html(&self) -> bool {
        matches!(self.child, Some((_, Content::Html)))
    }

    fn check(&mut self, start: &BytesStart<'_>) {
        let raw = start.attributes_raw();
        if raw.len() > 2 * MAX_ATTRIBUTES && attributes::attributes(raw).nth(MAX_ATTRIBUTES).is_some() {
            self.fault(|| format!("<{}> has more than {MAX_ATTRIBUTES} attributes", shorten(start.name().0)));
        } else if !raw.is_empty() && !are_whole(raw) {
            self.fault(|| format!("an attribute of <{}> can't be told", shorten(start.name().0)));
        }
    }

    fn enter(&mut self, start: BytesStart<'x>, depth: usize, is_closed: bool) {
        if depth == 1 {
            self.child = Some((self.element.nodes.len(), Content::of(start.name().0)));
            self.namesakes = 0;
        }
        if depth <= 2 {
            if self.element.nodes.len() >= MAX_NODES {
                // Read on without them: its end may show what else is broken.
                self.child = None;
                return self.fault(|| format!("more than {MAX_NODES} elements in it"));
            }
            self.element.nodes.push(Node::new(depth, start, is_closed));
        }
    }

    fn text(&mut self, text: Cow<'x, str>) {
        let Some((at, content)) = self.child else {
            if self.open.len() == 1 && !text.trim().is_empty() {
                self.fault(|| format!("text between its elements: {:?}", shorten(text.trim())));
            }
            return;
        };
        let node = &mut self.element.nodes[at];
        if content == Content::Value && node.has_markup {
            return;
        }
        node.add(text);
    }

    /// Notes markup in a child; of HTML it is kept, in words `tag` stands for it.
    fn markup(&mut self, tag: std::fmt::Arguments<'_>) {
        let Some((at, content)) = self.child else { return };
        let node = &mut self.element.nodes[at];
        node.has_markup = true;
        match content {
            Content::Html => node.text.to_mut().push_str(&tag.to_string()),
            Content::Words if tag.as_str() == Some(" ") => node.text.to_mut().push(' '),
            Content::Words | Content::Value => {}
        }
    }
}

impl Content {
    /// By the name of the element, whatever its prefix and however it is spelt.
    fn of(name: &str) -> Content {
        let local = name.rsplit_once(':').map_or(name, |(_, local)| local);
        let is_plain = local.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        // Most names are plain, or those of every offer: no memory is asked for.
        if is_plain || matches!(local, "categoryId" | "currencyId" | "typePrefix") {
            return Content::of_plain(local);
        }
        plain_name(local).map_or(Content::Value, |local| Content::of_plain(&local))
    }

    fn of_plain(local: &str) -> Content {
        match local {
            "content" | "summary" | "encoded" => Content::Html,
            local if local.contains("escription") => Content::Html,
            "title"
            | "item_title"
            | "name"
            | "typeprefix"
            | "typePrefix"
            | "vendor"
            | "model"
            | "product_type"
            | "category"
            | "item_category"
            | "google_product_category" => Content::Words,
            local if ["name", "title"].iter().any(|stem| is_in_a_language(local, stem)) => Content::Words,
            _ => Content::Value,
        }
    }
}

/// A part of the feed, short enough for a message.
fn shorten(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The elements of HTML's text that have no end tag.
fn is_void(name: &str) -> bool {
    ["br", "hr", "img", "wbr", "input", "col"].iter().any(|void| name.eq_ignore_ascii_case(void))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::entities::mend;

    fn texts(xml: &str) -> Vec<String> {
        let mended = mend(Cow::Borrowed(xml));
        let Element { nodes, fault } = parse(&mended);
        assert_eq!(fault, None, "{xml}");
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
    fn a_description_keeps_its_markup_however_it_is_nested() {
        let description = "<p a=\"1\">x<br>y</p><hr/><li>a<li>b</p>";
        let xml = format!("<i><description>{description}</description><t>z</t></i>");
        assert_eq!(texts(&xml), [format!("description={description}"), "t=z".to_owned()]);
        let deep = "<p>".repeat(1000);
        assert_eq!(texts(&format!("<i><g:description>{deep}</g:description></i>")), [format!("g:description={deep}")]);
    }

    #[test]
    fn of_markup_in_words_the_text_counts() {
        assert_eq!(texts("<i><title>H<sub>2</sub>O<br/>x<br>y</title></i>"), ["title=H2O x y"]);
        for name in ["Title", "g:TITLE", "Name_UA", "typePrefix", "product-type", "item_category"] {
            assert_eq!(texts(&format!("<i><{name}>H<b>2</b>O</{name}></i>")), [format!("{name}=H2O")]);
        }
        assert_eq!(texts("<i><Description><p>x</p></Description></i>"), ["Description=<p>x</p>"]);
        let Element { nodes, fault } = parse("<i><price><br/>12.50</price></i>");
        assert!(fault.is_none() && nodes[1].has_markup);
    }

    #[test]
    fn damage_is_a_fault() {
        for xml in [
            "<i><t>1</u><p>2</p></i>",
            "<i><t>1<t><p>2</p></i>",
            "<i>t>1</t><p>2</p></i>",
            "<i><t>1/t><p>2</p></i>",
            "<i><t/>1</t><p>2</p></i>",
            "<i><t>1</t\n<p>2</p></i>",
            "<i><t>1</t>x<p>2</p></i>",
            "<i><t>1</t></x><p>2</p></i>",
            "<i><description>1</descripton><p>2</p></i>",
            "<i><descripton>1</description><p>2</p></i>",
            "<i><t c=\"x>1</t><p c=\"y\">2</p></i>",
            "<i><!-- a --><!-- b -><p>2</p><!-- c --></i>",
            "<i><t><![CDATA[1]]</t><p>2</p><u><![CDATA[3]]></u></i>",
            "<i><description><![CDATA[1]]</description><p>2</p><description><![CDATA[3]]></description></i>",
            "<i><?p>2</p><t>1</t></i>",
            "<i><!p>2</p><t>1</t></i>",
            "<i><t>1</t>",
        ] {
            assert!(parse(&mend(Cow::Borrowed(xml))).fault.is_some(), "{xml}");
        }
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
