//! Ids of objects, and the two kinds of object that have them.

use std::fmt;

use thiserror::Error;

/// What an object is. The same id may exist in both kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A group of products.
    Category,
    /// Something the shop sells.
    Product,
}

impl Kind {
    /// Both kinds, in the order in which they are created.
    pub const ALL: [Kind; 2] = [Kind::Category, Kind::Product];

    /// The singular, as reports print it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Category => "category",
            Kind::Product => "product",
        }
    }

    /// The plural, for `n` objects.
    pub fn plural(self, n: u64) -> &'static str {
        match (self, n) {
            (_, 1) => self.name(),
            (Kind::Category, _) => "categories",
            (Kind::Product, _) => "products",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a string is not an id.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum IdError {
    /// Nothing but white space.
    #[error("no id")]
    Empty,
    /// `.` and `..` are taken out of a URL's path, however they are escaped (RFC 3986, 5.2.4): no service can be
    /// asked for such an object by its address.
    #[error("the id {0:?} cannot be part of an address")]
    DotSegment(&'static str),
    /// No shop has such ids: it is what a broken row leaves.
    #[error("there is a line end or a tab in the id")]
    LineEnd,
}

/// An object's id as the feed writes it, without surrounding white space and control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

impl Id {
    /// Reads an id.
    ///
    /// # Errors
    /// When there is nothing in it, or it could not be addressed by a URL.
    pub fn parse(text: &str) -> Result<Id, IdError> {
        match text.trim() {
            "" => Err(IdError::Empty),
            "." => Err(IdError::DotSegment(".")),
            ".." => Err(IdError::DotSegment("..")),
            id if id.contains(['\n', '\r', '\t']) => Err(IdError::LineEnd),
            id => Ok(Id(id.to_owned())),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_trimmed_and_never_dot_segments() {
        assert_eq!(Id::parse("  A 1 ").map(|id| id.to_string()), Ok("A 1".to_owned()));
        assert_eq!(Id::parse(" \t"), Err(IdError::Empty));
        assert_eq!(Id::parse(".."), Err(IdError::DotSegment("..")));
        assert!(Id::parse("...").is_ok());
        assert_eq!(Id::parse("1\n2"), Err(IdError::LineEnd));
    }
}
