//! A Google Merchant text feed as a vendor reads it who doesn't look twice.

use csv::ByteRecord;
use serde_json::Value;

use super::contents::{Contents, set_money, set_text};
use crate::sign::fingerprint;
use crate::store::Object;

/// Columns whose text is taken as it is, and what a product calls it.
const TEXTS: [(&str, &str); 5] =
    [("id", "id"), ("title", "title"), ("description", "description"), ("link", "url"), ("image_link", "image_url")];

/// Reads a feed whose cells are separated by tabs, or by commas when its first line has no tab.
///
/// # Errors
/// Why it is no such feed, in words.
pub(super) fn parse(body: &[u8]) -> Result<Contents, String> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let header = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = if header.contains(&b'\t') { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(body);
    let columns: Vec<String> = match reader.byte_headers() {
        Ok(header) => header.iter().map(|cell| column_name(&text(cell))).collect(),
        Err(error) => return Err(error.to_string()),
    };
    if !["id", "title"].iter().all(|wanted| columns.iter().any(|column| column == wanted)) {
        return Err("The first line has no columns id and title".to_owned());
    }
    let mut contents = Contents::default();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        let row = Row { columns: &columns, record: &record };
        let product = product(&row, &mut contents);
        contents.add(product);
    }
    Ok(contents)
}

/// Google writes column names with spaces or with underscores.
fn column_name(cell: &str) -> String {
    cell.trim().to_lowercase().replace(' ', "_")
}

fn text(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).into_owned()
}

struct Row<'a> {
    columns: &'a [String],
    record: &'a ByteRecord,
}

impl Row<'_> {
    /// A cell; none when there is no such column, or the row is too short for it.
    fn cell(&self, column: &str) -> Option<String> {
        let place = self.columns.iter().position(|known| known == column)?;
        self.record.get(place).map(text)
    }
}

fn product(row: &Row<'_>, contents: &mut Contents) -> Object {
    let mut product = Object::new();
    for (column, field) in TEXTS {
        set_text(&mut product, field, &row.cell(column).unwrap_or_default());
    }
    let money = row.cell("price").unwrap_or_default();
    let (price, currency) = money.trim().split_once(' ').unwrap_or((money.trim(), ""));
    set_money(&mut product, price, currency);
    if let Some(availability) = row.cell("availability") {
        let in_stock = matches!(availability.trim(), "in stock" | "in_stock");
        product.insert("in_stock".to_owned(), Value::from(in_stock));
    }
    let types = row.cell("product_type").unwrap_or_default();
    if let Some(path) = types.split(',').map(str::trim).next().filter(|path| !path.is_empty()) {
        let id = category_id(path);
        set_text(&mut product, "category", &id);
        contents.categories.insert(id, path.to_owned());
    }
    product
}

/// Such a category comes without an id, so NiceChat makes one of its own.
fn category_id(path: &str) -> String {
    format!("nc-{}", &fingerprint(path.as_bytes())[..12])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tabs_commas_and_cells_that_are_missing() {
        let tabs = "id\ttitle\tprice\tavailability\tproduct_type\tsale_price\n\
                    1\t\"A \"\"b\"\"\"\t15.00 USD\tin stock\tHome > Light, Sale\t9 USD\n\
                    \tno id\t1 USD\n\
                    2\tshort\n";
        let contents = parse(tabs.as_bytes()).expect("a feed");
        let category = category_id("Home > Light");
        let first = json!({"id": "1", "title": "A \"b\"", "currency": "usd", "in_stock": true, "category": category});
        let mut products = contents.products;
        assert_eq!(products[0].remove("price").expect("a price").to_string(), "15.00", "the sale is overlooked");
        assert_eq!(json!(products), json!([first, {"id": "2", "title": "short"}]));
        assert_eq!(contents.categories.into_iter().collect::<Vec<_>>(), [(category, "Home > Light".to_owned())]);

        let commas = "\u{FEFF}ID,Title,image link,availability,price\n1,\"a, b\",http://x/1.jpg,preorder,free\n";
        let contents = parse(commas.as_bytes()).expect("a feed");
        let wanted = json!({"id": "1", "title": "a, b", "image_url": "http://x/1.jpg", "in_stock": false});
        assert_eq!(json!(contents.products), json!([wanted]));
    }

    #[test]
    fn what_is_no_feed() {
        for text in ["", "<html>\n", "id\tname\n1\t2\n"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
