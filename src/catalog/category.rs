//! Categories: YML gives them ids, Google's feeds only paths.

use sha2::{Digest as _, Sha256};

use super::Id;
use crate::digest::{Digest, Hasher};

/// A category as an item names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: Id,
    /// The path from the root, levels joined with ` > `. `None` is a category that the settings
    /// name but the feed does not (`default_category`): products refer to it, but it is not ours
    /// to create, change or delete.
    pub name: Option<String>,
}

impl Category {
    /// A digest of what the feed says of a category.
    pub fn digest(name: &str, hasher: &Hasher) -> Digest {
        hasher.digest(name.as_bytes())
    }
}

/// The category of a Google path. Google has no category ids, so the id is derived: `c-` and the
/// first 16 hexadecimal digits of the SHA-256 of the tidied path, the same on every machine.
///
/// Levels are trimmed, runs of white space become one blank, empty levels go. Nothing left = `None`.
pub fn path_category(path: &str) -> Option<Category> {
    let levels = path.split('>').map(|level| level.split_whitespace().collect::<Vec<_>>().join(" "));
    let name = levels.filter(|level| !level.is_empty()).collect::<Vec<_>>().join(" > ");
    let hash = Sha256::digest(name.as_bytes());
    let id = Id::parse(&format!("c-{}", hex::encode(&hash[..8]))).ok()?;
    (!name.is_empty()).then_some(Category { id, name: Some(name) })
}

/// The first value of a `product_type` cell. A comma separates values, but occurs inside names
/// too: the cell is split only when more than one of its parts has a `>`.
pub fn first_product_type(cell: &str) -> &str {
    let paths = cell.split(',').filter(|part| part.contains('>')).count();
    if paths > 1 { cell.split(',').find(|part| !part.trim().is_empty()).unwrap_or(cell) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_path_is_the_same_category() {
        let plain = path_category("Home > Garden").expect("a category");
        assert_eq!(plain.name.as_deref(), Some("Home > Garden"));
        // Pinned: a shop's category ids must survive every version of the program.
        assert_eq!(plain.id.as_str(), "c-3985c63c75baa8a6");
        assert_eq!(path_category(" Home>  Garden > "), Some(plain));
        assert_eq!(path_category(" > "), None);
    }

    #[test]
    fn commas_split_only_between_paths() {
        assert_eq!(first_product_type("Home > Garden, Home > Tools"), "Home > Garden");
        assert_eq!(first_product_type("Clothing, Shoes > Men"), "Clothing, Shoes > Men");
        assert_eq!(first_product_type("SHOES"), "SHOES");
        assert_eq!(first_product_type("A, B"), "A, B");
    }
}
