//! YML's categories: a tree, and the path of each from the root.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::FeedError;
use super::attributes::are_whole;
use super::charset::Charset;
use super::element::{Node, parse};
use super::entities::mend;
use super::values::tidy;
use crate::catalog::{Category, Digest, Hasher, Id};

/// Levels of a path, counted from the category upwards: what is above them is left out.
const MAX_LEVELS: usize = 32;
/// Bytes of one name, and of a whole path.
const MAX_NAME: usize = 1 << 10;
const MAX_PATH: usize = 4 << 10;
/// Bytes that a category takes besides its names, about.
const OVERHEAD: usize = 128;
/// Bytes that all names and ids, or all paths that are in use, may take together.
const MAX_ALL: usize = 64 << 20;

/// The feed's categories. Parents that are missing, the category itself or part of a circle end
/// the path; of categories with the same id the first counts.
pub(super) struct Tree {
    charset: Charset,
    nodes: HashMap<String, Level>,
    paths: HashMap<String, Arc<Category>>,
    /// Bytes of the names and ids, and of the paths.
    taken: [usize; 2],
    /// A digest of all that the tree was made from, in order.
    digest: Digest,
    hasher: Hasher,
    /// An id was asked for that nobody defined so far, as a category or as a parent.
    lacks_some: bool,
    /// Some element was too broken to be read: what isn't defined may be what it defined.
    has_broken: bool,
}

/// What the feed says of a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lookup {
    Category(Arc<Category>),
    /// The feed doesn't define it, at least not so far.
    Undefined,
    /// It, or an ancestor of it, may be one whose element is broken.
    Unreadable,
}

struct Level {
    /// `None` = it has none, and is left out of the paths of those below it.
    name: Option<String>,
    parent: Option<String>,
}

impl Tree {
    /// `standing` = all that is known of the encoding, see [`CharsetDetector::standing`].
    ///
    /// [`CharsetDetector::standing`]: super::charset::CharsetDetector::standing
    pub(super) fn new(charset: Charset, standing: &str, hasher: Hasher) -> Tree {
        let digest = hasher.digest(standing.as_bytes());
        Tree {
            charset,
            nodes: HashMap::new(),
            paths: HashMap::new(),
            taken: [0; 2],
            digest,
            hasher,
            lacks_some: false,
            has_broken: false,
        }
    }

    /// Categories from here on are in this encoding.
    pub(super) fn set_charset(&mut self, charset: Charset, standing: &str) {
        self.digest = self.hasher.digest(format!("{} {standing}", self.digest).as_bytes());
        self.charset = charset;
    }

    /// A digest of all that the paths depend on.
    pub(super) fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether some id that was asked for isn't defined: it may be, further down in the feed.
    pub(super) fn lacks_some(&self) -> bool {
        self.lacks_some
    }

    /// Takes in a `category` element.
    ///
    /// # Errors
    /// When the categories take more memory than any shop's.
    pub(super) fn add(&mut self, xml: &[u8]) -> Result<(), FeedError> {
        self.digest = self.hasher.digest(&[&self.digest.to_le_bytes(), xml].concat());
        // A path follows from the tree as the digest has it, whoever asked for it before.
        self.paths.clear();
        let xml = self.charset.decode(xml);
        let wrapped = format!("<c>{xml}</c>");
        let mended = mend(Cow::Borrowed(&wrapped));
        let element = parse(&mended);
        let node = element.nodes.iter().find(|node| node.depth == 1);
        // One that is only not closed has its id and name all the same.
        let is_whole = |node: &&Node<'_>| {
            // A name with an attribute in it holds the start of another category.
            (element.fault.is_none() && !node.text.contains("=\""))
                || (are_whole(node.raw_attributes()) && !xml.contains("</") && !node.text.contains(['<', '>']))
        };
        let Some(node) = node.filter(is_whole) else {
            self.has_broken = true;
            return Ok(());
        };
        let attribute = |name| node.attribute(name).and_then(|text| tidy(Cow::Owned(text)).map(Cow::into_owned));
        let is_lost = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
        let Some(id) = attribute("id") else {
            // Nobody names one whose id is empty. Where there is none, another attribute may be what is left of it.
            let is_other = |name: &str| !matches!(name, "parentId" | "parent_id");
            let may_have_one = node.attribute("id").is_none() && node.attributes().any(|found| is_other(found.name));
            self.has_broken |= element.fault.is_some() || may_have_one;
            return Ok(());
        };
        // One that has swallowed another attribute is none.
        let has_swallowed = id.contains('=') && id.contains(char::is_whitespace);
        if id.len() > MAX_NAME || id.contains(['"', '\n']) || has_swallowed || is_lost(&id) {
            self.has_broken = true;
            return Ok(());
        }
        let parent = attribute("parentId").or_else(|| attribute("parent_id"));
        let name = tidy(Cow::Borrowed(&node.text)).map(|name| cut(&name, MAX_NAME).to_owned());
        let size = id.len() + [&name, &parent].into_iter().flatten().map(String::len).sum::<usize>() + OVERHEAD;
        self.grow(0, size)?;
        self.nodes.entry(id).or_insert(Level { name, parent: parent.filter(|parent| parent.len() <= MAX_NAME) });
        Ok(())
    }

    fn grow(&mut self, what: usize, size: usize) -> Result<(), FeedError> {
        self.taken[what] += size;
        let most = MAX_ALL >> 20;
        if self.taken[what] <= MAX_ALL {
            return Ok(());
        }
        Err(FeedError::NotAFeed(format!("its categories take more than {most} MiB")))
    }

    /// The category with this id.
    ///
    /// # Errors
    /// When the paths become larger than any shop's.
    pub(super) fn get(&mut self, id: &str) -> Result<Lookup, FeedError> {
        if let Some(known) = self.paths.get(id) {
            return Ok(Lookup::Category(Arc::clone(known)));
        }
        let lacked_some = std::mem::take(&mut self.lacks_some);
        let path = self.path(id);
        let is_incomplete = self.lacks_some;
        self.lacks_some |= lacked_some;
        if is_incomplete && self.has_broken {
            return Ok(Lookup::Unreadable);
        }
        let (Some(name), Ok(id)) = (path, Id::parse(id)) else { return Ok(Lookup::Undefined) };
        self.grow(1, name.len() + id.as_str().len() + OVERHEAD)?;
        let category = Arc::new(Category { id, name: Some(name) });
        self.paths.insert(category.id.as_str().to_owned(), Arc::clone(&category));
        Ok(Lookup::Category(category))
    }

    fn path(&mut self, id: &str) -> Option<String> {
        let mut names = Vec::new();
        let mut seen = HashSet::new();
        let mut length = 0;
        let mut at = Some(id);
        while let Some(wanted) = at.filter(|id| seen.len() < MAX_LEVELS && seen.insert(*id)) {
            let Some(level) = self.nodes.get(wanted) else {
                // Many exporters say of a category at the top that it is below 0.
                self.lacks_some |= wanted == id || wanted != "0";
                break;
            };
            let name = level.name.as_deref().or_else(|| (wanted == id).then_some(id));
            length += name.map_or(0, |name| name.len() + 3);
            if length > MAX_PATH && !names.is_empty() {
                break;
            }
            names.extend(name);
            at = level.parent.as_deref();
        }
        names.reverse();
        (!names.is_empty()).then(|| names.join(" > "))
    }
}

/// At most so many bytes of a string, cut between characters.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(tree: &mut Tree, id: &str) -> Option<String> {
        match tree.get(id).expect("not too large") {
            Lookup::Category(category) => category.name.clone(),
            Lookup::Undefined | Lookup::Unreadable => None,
        }
    }

    fn tree(xml: &[String]) -> Tree {
        let mut tree = Tree::new(Charset::UTF8, "", Hasher::without_secret());
        xml.iter().for_each(|xml| tree.add(xml.as_bytes()).expect("not too large"));
        tree
    }

    #[test]
    fn paths_from_the_root() {
        let mut tree = tree(
            &[
                "<category id='1'>A</category>",
                "<category id='2' parentId='1'/>",
                "<category id='3' parent_id='2'>C</category>",
            ]
            .map(str::to_owned),
        );
        assert_eq!(name(&mut tree, "3").as_deref(), Some("A > C"), "an ancestor without a name is left out");
        assert_eq!(name(&mut tree, "2").as_deref(), Some("A > 2"));
        assert!(!tree.lacks_some());
        assert_eq!(name(&mut tree, "4"), None);
        assert!(tree.lacks_some());
    }

    #[test]
    fn below_0_is_at_the_top() {
        let mut tree = tree(
            &[
                "<category id='1' parentId='0'>A</category>",
                "<category id='2' parentId='1'>B</category>",
                "<category id='>",
            ]
            .map(str::to_owned),
        );
        assert_eq!(name(&mut tree, "2").as_deref(), Some("A > B"));
        assert!(!tree.lacks_some(), "nobody looks for it further down");
        assert!(matches!(tree.get("0"), Ok(Lookup::Unreadable)), "one that is asked for may be the broken one");
    }

    #[test]
    fn ids_may_hold_signs_of_equality() {
        let mut tree = tree(&["<category id=\"Nw==\">Lamps</category>".to_owned()]);
        assert_eq!(name(&mut tree, "Nw==").as_deref(), Some("Lamps"));
        assert!(matches!(tree.get("other"), Ok(Lookup::Undefined)));
    }

    #[test]
    fn only_an_element_that_is_broken_may_define_what_is_not_there() {
        let sound = [
            "<category id=\"\">Lamps</category>",
            "<category id=' ' parentId='1' url='u'/>",
            "<category id='null'>Lamps</category>",
            "<category parentId=\"1\">Lamps</category>",
            "<category>Lamps</category>",
        ];
        let mut whole = tree(&sound.map(str::to_owned));
        assert!(matches!(whole.get("1"), Ok(Lookup::Undefined)));
        for broken in [
            "<category id='>",
            "<category id=\"\">Lamps",
            "<category id=\"1 parentId=\"2\">Lamps</category>",
            "<category id=\"\" parentId=0\">Lamps</category>",
            "<category d=\"1\">Lamps</category>",
            "<category id=\"\u{fffd}\">Lamps</category>",
        ] {
            assert!(matches!(tree(&[broken.to_owned()]).get("1"), Ok(Lookup::Unreadable)), "{broken}");
        }
    }

    #[test]
    fn chains_and_circles_have_an_end() {
        let link = |n: usize, of: usize| format!("<category id='{n}' parentId='{}'>n{n}</category>", (n + 1) % of);
        let mut circle = tree(&(0..10_000).map(|n| link(n, 10_000)).collect::<Vec<_>>());
        let path = name(&mut circle, "5").expect("a path");
        assert!(path.starts_with("n36 > ") && path.ends_with(" > n6 > n5"), "{path}");
        for n in 0..10_000 {
            name(&mut circle, &n.to_string());
        }
        let mut pair = tree(
            &["<category id='a' parentId='b'>A</category>", "<category id='b' parentId='a'>B</category>"]
                .map(str::to_owned),
        );
        assert_eq!(name(&mut pair, "a").as_deref(), Some("B > A"));
        let long = "x".repeat(100_000);
        let mut giant = tree(&[
            format!("<category id='1'>{long}</category>"),
            format!("<category id='2' parentId='1'>{long}</category>"),
        ]);
        assert_eq!(name(&mut giant, "2").map(|path| path.len()), Some(2 * MAX_NAME + 3));
    }
}
