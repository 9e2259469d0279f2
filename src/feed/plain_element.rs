//! An element as nearly all are: children that hold text, nothing else, and no damage. It comes to what `element::parse`
//! makes of it in a third of the time, and whatever is the least bit otherwise is left to that.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memmem};
use quick_xml::events::BytesStart;

use super::attributes::are_whole;
use super::bounds::MAX_ATTRIBUTES;
use super::element::{Element, Node};
use super::entities::resolve;

/// The most children.
const MAX_CHILDREN: usize = 1_000;
/// The longest name of an entity or number of a character.
const LONGEST_ENTITY: usize = 10;

const CDATA: &str = "<![CDATA[";

/// Parses an element; `None` = it isn't plain.
pub(super) fn parse_plain(xml: &str) -> Option<Element<'_>> {
    let mut rest = Rest(xml);
    let root = rest.start()?;
    if root.is_empty {
        return None;
    }
    let mut element = Element::default();
    element.nodes.reserve(24);
    let name = root.name;
    element.nodes.push(Node::new(0, root.start, false));
    loop {
        rest.blanks()?;
        if rest.0.starts_with("</") {
            rest.end(name)?;
            return rest.0.is_empty().then_some(element);
        }
        let child = rest.start()?;
        if element.nodes.len() > MAX_CHILDREN {
            return None;
        }
        let mut node = Node::new(1, child.start, true);
        if !child.is_empty {
            rest.content(&mut node)?;
            rest.end(child.name)?;
        }
        element.nodes.push(node);
    }
}

/// A start tag.
struct Start<'x> {
    name: &'x str,
    start: BytesStart<'x>,
    is_empty: bool,
}

/// What is still to be read.
struct Rest<'x>(&'x str);

impl<'x> Rest<'x> {
    /// Passes over blanks up to the next tag.
    fn blanks(&mut self) -> Option<()> {
        let blanks = self.0.bytes().take_while(u8::is_ascii_whitespace).count();
        self.0 = self.0.get(blanks..)?;
        self.0.starts_with('<').then_some(())
    }

    fn start(&mut self) -> Option<Start<'x>> {
        let inside = self.0.strip_prefix('<')?;
        // A `>` may stand in a value: then what is in front of it is no whole tag.
        let end = memchr(b'>', inside.as_bytes())?;
        let (tag, behind) = (&inside[..end], &inside[end + 1..]);
        let (content, is_empty) = tag.strip_suffix('/').map_or((tag, false), |content| (content, true));
        let length = content.bytes().take_while(|byte| is_of_name(*byte)).count();
        let (name, raw) = content.split_at(length);
        let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && raw.as_bytes().first().is_none_or(u8::is_ascii_whitespace)
            && raw.len() <= 2 * MAX_ATTRIBUTES
            && (raw.is_empty() || are_whole(raw));
        self.0 = behind;
        is_plain.then(|| Start { name, start: BytesStart::from_content(content, length), is_empty })
    }

    fn end(&mut self, name: &str) -> Option<()> {
        self.0 = self.0.strip_prefix("</")?.strip_prefix(name)?.strip_prefix('>')?;
        Some(())
    }

    /// Reads the text of a child up to the next tag.
    fn content(&mut self, node: &mut Node<'x>) -> Option<()> {
        loop {
            match self.0.as_bytes().first()? {
                b'<' => match self.0.strip_prefix(CDATA) {
                    None => return Some(()),
                    Some(inside) => {
                        let end = memmem::find(inside.as_bytes(), b"]]>")?;
                        let data = &inside[..end];
                        if data.contains(CDATA) {
                            return None;
                        }
                        node.add(Cow::Borrowed(data));
                        self.0 = &inside[end + 3..];
                    }
                },
                b'&' => {
                    let text = self.entity()?;
                    node.add(text);
                }
                _ => {
                    let end = memchr2(b'<', b'&', self.0.as_bytes())?;
                    let (text, behind) = self.0.split_at(end);
                    node.has_tag_rest |= memchr(b'>', text.as_bytes()).is_some();
                    node.add(Cow::Borrowed(text));
                    self.0 = behind;
                }
            }
        }
    }

    /// An entity that can be resolved.
    fn entity(&mut self) -> Option<Cow<'x, str>> {
        let inside = &self.0[1..];
        let head = inside.as_bytes().get(..inside.len().min(LONGEST_ENTITY))?;
        let end = head.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'#')?;
        let (name, behind) = (&inside[..end], inside[end..].strip_prefix(';')?);
        // A `<` that was mended looks like this.
        if name == "#60" {
            return None;
        }
        self.0 = behind;
        resolve(name)
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::element::parse;
    use super::super::entities::mend;
    use super::*;

    /// All that anybody can ask an element.
    fn told(element: &Element<'_>) -> Vec<String> {
        let node = |node: &Node<'_>| {
            let flags = (node.depth, node.has_markup, node.is_closed, node.has_tag_rest, node.has_unknown_entity);
            format!("{} {:?} {:?} {flags:?}", node.name(), node.raw_attributes(), node.text)
        };
        element.nodes.iter().map(node).chain(element.fault.clone()).collect()
    }

    fn assert_same(xml: &str) -> bool {
        let Some(plain) = parse_plain(xml) else { return false };
        let mended = mend(Cow::Borrowed(xml));
        assert_eq!(told(&plain), told(&parse(&mended)), "{xml}");
        true
    }

    #[test]
    fn plain_elements_are_parsed_here() {
        for xml in [
            "<offer id=\"1\" available='true'>\n<url>u?a=1&amp;b=2</url><price>10</price>\n</offer>",
            "<offer><description><![CDATA[<p>1 < 2 &amp; </p>]]></description><a/><b c=\"d\" /><e></e></offer>",
            "<offer ><name>a &quot;b&quot; > &#1090;&#x42;<![CDATA[]]></name></offer>",
            "<i><t> x </t><t>\n<![CDATA[ y ]]>\n</t></i>",
        ] {
            assert!(assert_same(xml), "{xml}");
        }
    }

    #[test]
    fn others_are_not() {
        for xml in [
            "<i/>",
            "<i><t>1</t></i> ",
            "<i>x<t>1</t></i>",
            "<i><t><b>1</b></t></i>",
            "<i><t a=\">\">1</t></i>",
            "<i><t>a & b</t></i>",
            "<i><t>&nbsp;</t></i>",
            "<i><t>&#60;</t></i>",
            "<i><t>a < b</t></i>",
            "<i><t>1</t ></i>",
            "<i><!-- a --><t>1</t></i>",
            "<i><t>1</t>",
            "<i><t><![CDATA[1]]</t></i>",
        ] {
            assert!(parse_plain(xml).is_none(), "{xml}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8_000))]

        /// Whatever it takes for plain comes to the same by the other way.
        #[test]
        fn it_agrees_with_the_other_way(parts in prop::collection::vec(prop::sample::select(vec![
            "<t>", "</t>", "<t a=\"1\">", "<t a='>'>", "<name>", "</name>", "<description>", "</description>", "<e/>",
            "<e b=5/>", "<br>", "text", " ", "\n", "ж", "&amp;", "&#60;", "&#62;", "&x;", "&", ";", "<", ">", "]]>",
            "<![CDATA[", "<![CDATA[x<y]]>", "<!-- c -->", "<?p?>", "\"", "/>", "</i>", "<t a=\"&lt;\" >",
        ]), 0..12)) {
            assert_same(&format!("<i id=\"1\">{}</i>", parts.concat()));
        }

        #[test]
        fn it_agrees_when_a_byte_is_lost_or_changed(at in 0..160_usize, with in "[<>&;/\"' a]?") {
            let xml = "<offer id=\"7\" available=\"true\"><url>https://s/?a=1&amp;b=2</url><name>Lamp &quot;x&quot;</name>\
                       <description><![CDATA[<p>a</p>]]></description><e/></offer>";
            let at = at.min(xml.len() - 1);
            assert_same(&format!("{}{with}{}", &xml[..at], &xml[at + 1..]));
            assert_same(&format!("{}{with}{}", &xml[..at], &xml[at..]));
        }
    }
}
