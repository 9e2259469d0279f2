//! A catalog as a tab-separated Google Merchant feed.

use std::io::{self, Write};

use super::Catalog;
use super::item::{CURRENCY, Item, decimal};

const HEADER: [&str; 11] = [
    "id",
    "title",
    "description",
    "link",
    "image_link",
    "availability",
    "price",
    "sale_price",
    "product_type",
    "brand",
    "condition",
];

impl Catalog {
    /// Writes a tab-separated Google Merchant feed; cells with quotes or newlines are quoted.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_tsv(&self, out: &mut impl Write) -> io::Result<()> {
        let mut rows = csv::WriterBuilder::new().delimiter(b'\t').from_writer(out);
        rows.write_record(HEADER).map_err(cause)?;
        for item in self.iter() {
            rows.write_record(row(&item)).map_err(cause)?;
        }
        rows.flush()
    }
}

/// The writer's own error, whose kind csv's conversion would lose.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn row(item: &Item) -> [String; HEADER.len()] {
    let money = |hundredths| format!("{} {CURRENCY}", decimal(hundredths));
    let availability = if item.in_stock { "in stock" } else { "out of stock" };
    [
        item.id.clone(),
        item.title.clone(),
        item.description.clone(),
        item.link.clone(),
        item.image_link.clone(),
        availability.to_owned(),
        money(item.price),
        item.sale_price().map(money).unwrap_or_default(),
        item.category.join(" > "),
        item.brand.to_owned(),
        "new".to_owned(),
    ]
}
