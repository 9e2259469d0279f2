//! The columns that a text feed says it has.

use super::bounds::excerpt;
use super::charset::Charset;
use super::google::{ALL, Attribute};
use super::local::LocalAttribute;
use super::text_split::Cells;
use super::values::is_misspelt;

/// Columns that are told of; a feed can have thousands.
const MOST: usize = 200;

/// The columns that a text feed says it has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header(pub Vec<HeaderColumn>);

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderColumn {
    /// As the feed names it.
    pub name: String,
    /// The item's own name for what it becomes; `None` = nothing.
    pub field: Option<&'static str>,
    /// Whether it is read for what we show ourselves.
    pub is_shown: bool,
    /// What a name that means nothing is probably meant to be.
    pub meant: Option<&'static str>,
}

impl Header {
    pub(super) fn of(cells: &Cells) -> Header {
        let names = (0..cells.len()).map(|index| excerpt(Charset::UTF8.decode(cells.get(index)).trim()));
        let names = names.map(|name| name.trim_matches(['"', '\u{feff}']).trim().to_owned());
        Header(names.filter(|name| !name.is_empty()).take(MOST).map(HeaderColumn::named).collect())
    }

    /// Google's names for what no column stands for, as far as there is a value in having it.
    pub fn absent(&self) -> Vec<&'static str> {
        let wanted = [
            Attribute::Title,
            Attribute::Price,
            Attribute::Availability,
            Attribute::Link,
            Attribute::ImageLink,
            Attribute::Description,
            Attribute::ProductType,
        ];
        let has = |field: &str| self.0.iter().any(|column| column.field == Some(field));
        wanted.into_iter().filter(|attribute| !has(attribute.field())).map(Attribute::name).collect()
    }
}

impl Header {
    /// Columns whose names mean nothing, with what they are probably meant to be.
    pub fn misspelt(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let unknown = self.0.iter().filter(|column| column.field.is_none());
        unknown.filter_map(|column| Some((column.name.as_str(), column.meant?)))
    }

    /// Those of them in whose place no other column stands.
    pub fn missed(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.misspelt().filter(|(_, meant)| {
            let field = Attribute::named(meant).map(|(attribute, _)| attribute.field());
            !self.0.iter().any(|column| column.field.is_some() && column.field == field)
        })
    }
}

impl HeaderColumn {
    fn named(name: String) -> HeaderColumn {
        let field = Attribute::named(&name).map(|(attribute, _)| attribute.field());
        let is_shown = LocalAttribute::named(&name).is_some();
        let plain = name.to_lowercase().replace([' ', '-'], "_");
        let near = ALL.into_iter().map(Attribute::name).find(|meant| is_near(&plain, meant));
        HeaderColumn { meant: near.filter(|_| field.is_none() && !is_shown), name, field, is_shown }
    }
}

/// Whether a name is one letter off, or has two letters in each other's place.
fn is_near(name: &str, meant: &str) -> bool {
    let letters = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    name.len() > 2 && (is_misspelt(name, meant) || (name.len() == meant.len() && letters(name) == letters(meant)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_nothing_may_be_misspelt() {
        let column = |name: &str| HeaderColumn::named(name.to_owned());
        assert_eq!((column("Price").field, column("Price").meant), (Some("price"), None));
        assert!(column("Item group id").is_shown && column("gtin").is_shown && !column("price").is_shown);
        assert_eq!((column("prise").field, column("prise").meant), (None, Some("price")));
        assert_eq!(column("lnik").meant, Some("link"));
        assert_eq!(column("gtin").meant, None);
        let header = Header(["id", "title", "price", "image"].map(column).into());
        assert_eq!(header.absent(), ["availability", "link", "description", "product_type"]);
        let header = Header(["id", "titre", "price", "image"].map(column).into());
        assert_eq!(header.absent(), ["title", "availability", "link", "description", "product_type"]);
    }
}
