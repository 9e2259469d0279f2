//! What a row says besides an item's own fields, for the faces that we serve ourselves. NiceChat never gets to see it.

use serde_json::{Value, json};

use super::{Fields, Price};

/// The most pictures, and the most codes, of an item.
const MOST: usize = 20;
/// Bytes of a code or an address: what is longer is none.
const LONGEST_CODE: usize = 100;
const LONGEST_ADDRESS: usize = 4 << 10;
/// Bytes of a brand or a group.
const LONGEST_NAME: usize = 1 << 10;

/// What a row says besides. What can't be read of it is left out, and is no fault of the row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Local {
    /// What it cost before, when that was more.
    pub old_price: Option<Price>,
    /// Addresses of all pictures, in the feed's order.
    pub images: Vec<String>,
    /// Whose product it is.
    pub brand: Option<String>,
    /// GTIN, part numbers and the like.
    pub codes: Vec<String>,
    /// What the variants of one product have in common.
    pub group: Option<String>,
}

impl Local {
    /// Adds a picture that isn't there yet.
    pub fn add_image(&mut self, address: &str) {
        let is_address = !address.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'));
        if is_address && is_readable(address, LONGEST_ADDRESS) {
            add(&mut self.images, address);
        }
    }

    /// Adds a code that isn't there yet.
    pub fn add_code(&mut self, code: &str) {
        if is_readable(code, LONGEST_CODE) && !code.contains(['<', '>', '\n', '\t']) {
            add(&mut self.codes, code);
        }
    }

    /// Sets the brand, unless there is one.
    pub fn set_brand(&mut self, brand: &str) {
        set(&mut self.brand, brand);
    }

    /// Sets the group, unless there is one.
    pub fn set_group(&mut self, group: &str) {
        set(&mut self.group, group);
    }

    /// What of it has a value.
    pub fn to_fields(&self) -> Fields {
        let Value::Object(mut fields) = self.to_json() else { return Fields::new() };
        fields.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
        fields
    }

    /// As `feed --format json` prints it.
    pub fn to_json(&self) -> Value {
        let Local { old_price, images, brand, codes, group } = self;
        let old_price = old_price.map(Price::to_number);
        json!({"old_price": old_price, "images": images, "brand": brand, "codes": codes, "group": group})
    }

    /// Bytes of its texts.
    pub fn size(&self) -> usize {
        let Local { old_price: _, images, brand, codes, group } = self;
        let texts = images.iter().chain(codes).chain(brand).chain(group);
        texts.map(String::len).sum()
    }
}

fn is_readable(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.len() <= longest && !text.contains(char::REPLACEMENT_CHARACTER)
}

fn add(texts: &mut Vec<String>, text: &str) {
    if texts.len() < MOST && !texts.iter().any(|other| other == text) {
        texts.push(text.to_owned());
    }
}

fn set(place: &mut Option<String>, text: &str) {
    if place.is_none() && is_readable(text, LONGEST_NAME) {
        *place = Some(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let mut local = Local::default();
        for image in ["https://a/1.jpg", "", "https://a/\u{fffd}.jpg", "https://a/ 2.jpg", "https://a/1.jpg"] {
            local.add_image(image);
        }
        for code in ["4006381333931", "A\u{fffd}", &"9".repeat(101), "A-1"] {
            local.add_code(code);
        }
        local.set_brand("\u{fffd}");
        assert_eq!(
            (local.images.as_slice(), local.brand.as_deref()),
            (["https://a/1.jpg".to_owned()].as_slice(), None)
        );
        assert_eq!(local.codes, ["4006381333931", "A-1"]);
        (0..30).for_each(|n| local.add_code(&n.to_string()));
        assert_eq!(local.codes.len(), 20);
    }
}
