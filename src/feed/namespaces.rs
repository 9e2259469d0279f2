//! Which elements are Google's: namespaces count by their address, whatever their prefix (Namespaces in
//! XML 1.0), in the element that declares them and inside it.

use std::borrow::Cow;

use super::FeedError;
use super::attributes::{are_whole, attributes};
use super::bounds::{MAX_DECLARED, MAX_NAMESPACES};
use super::element::Node;
use crate::catalog::{Digest, Hasher};

/// The namespace that Google's attributes live in.
const GOOGLE: &str = "http://base.google.com/ns/1.0";

/// Google's other namespace, for attributes that a shop invents.
const CUSTOM: &str = "base.google.com/cns/";

/// Whose word an element's name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vocabulary {
    /// Of Google's namespace.
    Google,
    /// Of none, of RSS or of Atom.
    Plain,
}

/// A prefix (empty = none) and whether it is bound to Google's namespace.
type Binding = (String, bool);

/// The declarations that hold at a place.
#[derive(Debug, Clone)]
pub(super) struct Namespaces {
    hasher: Hasher,
    /// The elements around that declare something, the outermost first.
    scopes: Vec<Scope>,
}

/// An element that declares something.
#[derive(Debug, Clone)]
struct Scope {
    name: String,
    bindings: Vec<Binding>,
    /// A digest of all declarations down to these.
    digest: Digest,
    /// Declarations down to these, and the bytes that they and the elements' names take.
    count: usize,
    size: usize,
}

impl Namespaces {
    /// Without any declarations.
    pub(super) fn new(hasher: &Hasher) -> Namespaces {
        Namespaces { hasher: hasher.clone(), scopes: Vec::new() }
    }

    /// Goes into an element, given its start tag; `true` = it declares something.
    ///
    /// # Errors
    /// When more is declared than any feed does.
    pub(super) fn open(&mut self, tag: &str) -> Result<bool, FeedError> {
        if !tag.contains("xmlns") || tag.ends_with("/>") {
            return Ok(false);
        }
        let inner = tag.trim_start_matches('<').trim_end_matches('>');
        let (name, raw) = inner.split_at(inner.find(char::is_whitespace).unwrap_or(inner.len()));
        let bindings = declared(raw);
        if bindings.is_empty() {
            return Ok(false);
        }
        let scope = self.scope(name, bindings);
        if scope.count > MAX_NAMESPACES || scope.size > MAX_DECLARED {
            let what = format!("it declares more than {MAX_NAMESPACES} namespaces in elements that are not closed");
            return Err(FeedError::NotAFeed(what));
        }
        self.scopes.push(scope);
        Ok(true)
    }

    fn scope(&self, name: &str, bindings: Vec<Binding>) -> Scope {
        let (digest, count, size) = self.scopes.last().map_or((0, 0, 0), |last| (last.digest, last.count, last.size));
        let own: usize = bindings.iter().map(|(prefix, _)| prefix.len() + size_of::<Binding>()).sum();
        Scope {
            digest: self.hasher.digest(format!("{digest} {name} {bindings:?}").as_bytes()),
            count: count + bindings.len(),
            size: size + name.len() + own,
            name: name.to_owned(),
            bindings,
        }
    }

    /// A digest of all that is declared here.
    pub(super) fn digest(&self) -> Digest {
        self.scopes.last().map_or(0, |scope| scope.digest)
    }

    /// Leaves an element; `true` = its declarations end.
    pub(super) fn close(&mut self, name: &str) -> bool {
        let found = self.scopes.iter().rposition(|scope| scope.name == name);
        found.is_some_and(|at| {
            self.scopes.truncate(at);
            true
        })
    }

    /// What holds inside a parsed element.
    pub(super) fn inside(&self, node: Option<&Node<'_>>) -> Cow<'_, Namespaces> {
        let bindings = node.map(|node| declared(node.raw_attributes())).unwrap_or_default();
        if bindings.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut inside = self.clone();
        inside.scopes.push(self.scope("", bindings));
        Cow::Owned(inside)
    }

    /// Whose name it is, and the name without its prefix; `None` = somebody else's.
    pub(super) fn of<'n>(&self, name: &'n str) -> Option<(Vocabulary, &'n str)> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let bound = self.scopes.iter().rev().flat_map(|scope| scope.bindings.iter().rev());
        let is_google = bound.into_iter().find(|(bound, _)| bound == prefix).map(|(_, is_google)| *is_google);
        match (prefix, is_google) {
            (_, Some(true)) => Some((Vocabulary::Google, local)),
            ("", _) => Some((Vocabulary::Plain, local)),
            // Many feeds use the prefix without declaring it.
            ("g", None) => Some((Vocabulary::Google, local)),
            _ => None,
        }
    }

    /// The ways in which one of Google's names can be written here.
    pub(super) fn names_of(&self, local: &str) -> Vec<String> {
        let bound = self.scopes.iter().flat_map(|scope| &scope.bindings).map(|(prefix, _)| prefix.as_str());
        let mut prefixes: Vec<&str> = bound.chain(["g"]).filter(|prefix| !prefix.is_empty()).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        let names = prefixes.into_iter().map(|prefix| format!("{prefix}:{local}"));
        names.filter(|name| self.of(name).is_some()).chain([local.to_owned()]).collect()
    }
}

/// The declarations among attributes.
fn declared(raw: &str) -> Vec<Binding> {
    // A broken tag declares nothing.
    if !raw.contains("xmlns") || !are_whole(raw) {
        return Vec::new();
    }
    let declarations = attributes(raw).filter_map(|attribute| {
        let prefix = match attribute.name.split_once(':') {
            None => (attribute.name == "xmlns").then_some("")?,
            Some(("xmlns", prefix)) => prefix,
            Some(_) => return None,
        };
        let address = attribute.value();
        // Something that is no address is a damaged one.
        address.contains(':').then(|| (prefix.to_owned(), is_google(&address)))
    });
    // One more than there may be, so that this shows.
    declarations.take(MAX_NAMESPACES + 1).collect()
}

/// Whether an address is that of Google's namespace, give or take a letter: one that is damaged would
/// cost every item its fields.
fn is_google(address: &str) -> bool {
    let address = address.trim().trim_end_matches('/').to_lowercase().replace("https://", "http://");
    !address.contains(CUSTOM) && is_nearly(&address, GOOGLE)
}

/// Whether `a` is `meant` but for one place, where a few letters are missing and some are too many.
fn is_nearly(a: &str, meant: &str) -> bool {
    let (a, meant) = (a.as_bytes(), meant.as_bytes());
    let start = a.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let end = a[start..].iter().rev().zip(meant[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    meant.len() - start - end <= 4 && a.len() <= meant.len() + 16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn google(namespaces: &Namespaces, name: &str) -> Option<bool> {
        namespaces.of(name).map(|(vocabulary, _)| vocabulary == Vocabulary::Google)
    }

    fn open(at: &mut Namespaces, tag: &str) -> bool {
        at.open(tag).expect("not too many")
    }

    #[test]
    fn declarations_have_an_end() {
        let mut at = Namespaces::new(&Hasher::without_secret());
        for n in 0..MAX_NAMESPACES {
            assert!(open(&mut at, &format!("<a{n} xmlns:n{n}='urn:{n}'>")));
        }
        assert!(matches!(at.open("<b xmlns:b='urn:b'>"), Err(FeedError::NotAFeed(_))));
        assert!(at.close("a0") && open(&mut at, "<b xmlns:b='urn:b'>"));
        let long = "x".repeat(MAX_DECLARED);
        assert!(at.open(&format!("<b xmlns:{long}='urn:b'>")).is_err());
        let many: String = (0..=MAX_NAMESPACES).map(|n| format!(" xmlns:n{n}='urn:{n}'")).collect();
        assert!(Namespaces::new(&Hasher::without_secret()).open(&format!("<b{many}>")).is_err());
    }

    #[test]
    fn addresses_count_and_not_prefixes() {
        let mut at = Namespaces::new(&Hasher::without_secret());
        assert_eq!((google(&at, "g:id"), google(&at, "id"), google(&at, "x:id")), (Some(true), Some(false), None));
        assert!(open(&mut at, "<rss xmlns:x=\"http://base.google.com/ns/1.0\" xmlns:g='urn:other'>"));
        assert_eq!((google(&at, "g:id"), google(&at, "x:id")), (None, Some(true)));
        assert!(open(&mut at, "<channel xmlns:x=\"urn:x\" xmlns:g=\"HTTPS://base.google.com/ns/1.0/\">"));
        assert_eq!((google(&at, "g:id"), google(&at, "x:id")), (Some(true), None));
        assert!(at.close("channel") && !at.close("channel"));
        assert_eq!((google(&at, "g:id"), google(&at, "x:id")), (None, Some(true)));
        assert!(!open(&mut at, "<title>") && !open(&mut at, "<a xmlns:g='u'/>"));
        assert_eq!(at.names_of("id"), ["x:id", "id"]);
    }

    #[test]
    fn a_default_namespace_may_be_googles() {
        let mut at = Namespaces::new(&Hasher::without_secret());
        open(&mut at, "<feed xmlns=\"http://base.google.com/ns/1.0\">");
        assert_eq!(google(&at, "price"), Some(true));
    }

    #[test]
    fn a_damaged_address_is_still_googles_and_the_custom_one_is_not() {
        for address in [
            "http://base.google.com/ns/1.0",
            "http://base.gogle.com/ns/1.0",
            "http:/base.google.com/ns/1.0",
            "http://base.google.com/ns/1.00",
        ] {
            assert!(is_google(address), "{address}");
        }
        for address in
            ["http://base.google.com/cns/1.0", "http://purl.org/dc/elements/1.1/", "http://www.w3.org/2005/Atom", ""]
        {
            assert!(!is_google(address), "{address}");
        }
    }
}
