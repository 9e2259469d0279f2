//! What a row says besides an item's own fields, for the faces that we serve ourselves. NiceChat never gets to see it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Price;
use crate::digest::{Digest, Hasher};

/// The most pictures, and the most codes, of an item.
const MOST: usize = 20;
/// Bytes of a code or an address: what is longer is none.
const LONGEST_CODE: usize = 100;
const LONGEST_ADDRESS: usize = 4 << 10;
/// Bytes of a brand or a group.
const LONGEST_NAME: usize = 1 << 10;

/// What a row says besides. What can't be read of it is left out, and is no fault of the row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Local {
    /// What it cost before, when that was more.
    #[serde(skip)]
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

    /// As `feed --format json` prints it.
    pub fn to_json(&self) -> Value {
        json!({
            "old_price": self.old_price.map(Price::to_number),
            "images": self.images,
            "brand": self.brand,
            "codes": self.codes,
            "group": self.group,
        })
    }

    /// Bytes of its texts.
    pub fn size(&self) -> usize {
        let texts = self.images.iter().chain(&self.codes).chain(&self.brand).chain(&self.group);
        texts.map(String::len).sum()
    }

    /// A digest of it, which has no part in the item's own.
    pub fn digest(&self, hasher: &Hasher) -> Digest {
        let old_price = self.old_price.map(Price::canonical);
        hasher.digest(
            format!("{old_price:?}|{:?}|{:?}|{:?}|{:?}", self.images, self.brand, self.codes, self.group).as_bytes(),
        )
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

    #[test]
    fn the_digest_sees_every_field() {
        let hasher = Hasher::without_secret();
        let bare = Local::default().digest(&hasher);
        let changes: [fn(&mut Local); 4] =
            [|l| l.add_image("a"), |l| l.add_code("a"), |l| l.set_brand("a"), |l| l.set_group("a")];
        let digests = changes.map(|change| {
            let mut local = Local::default();
            change(&mut local);
            local.digest(&hasher)
        });
        for (n, digest) in digests.iter().enumerate() {
            assert!(*digest != bare && !digests[n + 1..].contains(digest));
        }
    }
}
