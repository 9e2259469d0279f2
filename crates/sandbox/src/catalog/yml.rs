//! A catalog as a YML feed (Yandex Market Language).

use std::borrow::Cow;
use std::io::{self, Write};

use super::Catalog;
use super::item::{CURRENCY, Item, SHOP, decimal};
use super::words::SHELVES;

impl Catalog {
    /// Writes a YML feed; descriptions are CDATA.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_yml(&self, out: &mut impl Write) -> io::Result<()> {
        let paths = category_paths();
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(out, r#"<yml_catalog date="2026-01-05T09:00:00+00:00">"#)?;
        writeln!(out, "<shop>\n<name>Shelf &amp; Co</name>\n<company>Shelf &amp; Co</company>\n<url>{SHOP}</url>")?;
        writeln!(out, r#"<currencies><currency id="{CURRENCY}" rate="1"/></currencies>"#)?;
        write_categories(&paths, out)?;
        writeln!(out, "<offers>")?;
        for item in self.iter() {
            write_offer(&item, category_id(&paths, item.category), out)?;
        }
        writeln!(out, "</offers>\n</shop>\n</yml_catalog>")?;
        out.flush()
    }
}

/// The paths of all categories, each after the one above it. A category's id is its place here, from 1.
fn category_paths() -> Vec<&'static [&'static str]> {
    let mut paths: Vec<&[&str]> = Vec::new();
    for shelf in SHELVES {
        for depth in 1..=shelf.path.len() {
            let path = &shelf.path[..depth];
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths
}

/// The id of a path, 0 for the empty one above the roots.
fn category_id(paths: &[&[&str]], path: &[&str]) -> usize {
    paths.iter().position(|known| *known == path).map_or(0, |place| place + 1)
}

fn write_categories(paths: &[&[&str]], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<categories>")?;
    for (place, path) in paths.iter().enumerate() {
        let Some((name, above)) = path.split_last() else {
            continue;
        };
        write!(out, r#"<category id="{}""#, place + 1)?;
        if !above.is_empty() {
            write!(out, r#" parentId="{}""#, category_id(paths, above))?;
        }
        writeln!(out, ">{}</category>", escaped(name))?;
    }
    writeln!(out, "</categories>")
}

fn write_offer(item: &Item, category: usize, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, r#"<offer id="{}" available="{}">"#, escaped(&item.id), item.in_stock)?;
    element("name", &item.title, out)?;
    element("url", &item.link, out)?;
    element("price", &decimal(item.sale_price().unwrap_or(item.price)), out)?;
    if item.on_sale {
        element("oldprice", &decimal(item.price), out)?;
    }
    element("currencyId", CURRENCY, out)?;
    element("categoryId", &category.to_string(), out)?;
    element("picture", &item.image_link, out)?;
    element("vendor", item.brand, out)?;
    // Nothing the generator writes has the "]]>" that would end it too early.
    writeln!(out, "<description><![CDATA[{}]]></description>\n</offer>", item.description)
}

fn element(name: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<{name}>{}</{name}>", escaped(text))
}

fn escaped(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}
