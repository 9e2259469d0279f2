//! One made-up product.

use super::rng::Rng;
use super::words::{CLOSINGS, COLOURS, FACTS, MAKERS, MATERIALS, PRAISES, QUALITIES, SHELVES, SIZES};

/// ISO 4217 code of all prices, in upper case as feeds have it.
pub(super) const CURRENCY: &str = "USD";

/// Where the shop is.
pub(super) const SHOP: &str = "https://shop.example/";

/// A product before it is written as a row or an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Unique in its catalog.
    pub id: String,
    /// Plain text, now and then with `&` or `"`.
    pub title: String,
    /// HTML of about 250 characters, now and then with newlines.
    pub description: String,
    /// The category's names from the root, two or three.
    pub category: &'static [&'static str],
    /// Who makes it.
    pub brand: &'static str,
    /// In hundredths of a US dollar.
    pub price: u64,
    /// Whether it is sold at [`Item::sale_price`] for now.
    pub on_sale: bool,
    /// Whether it can be had at once.
    pub in_stock: bool,
    /// The address of its page.
    pub link: String,
    /// The address of its picture.
    pub image_link: String,
}

impl Item {
    /// The item of a number in the catalogs of a seed.
    pub(super) fn of(seed: u64, number: usize) -> Self {
        let mut rng = Rng::new(seed, u64::try_from(number).unwrap_or(u64::MAX));
        let id = format!("SK-{number:06}");
        let shelf = &SHELVES[rng.below(SHELVES.len())];
        let good = rng.pick(shelf.goods);
        let brand = rng.pick(MAKERS);
        let (quality, material) = (rng.pick(QUALITIES), rng.pick(MATERIALS));
        let (colour, size) = (rng.pick(COLOURS), rng.pick(SIZES));
        Self {
            title: format!("{brand} {quality} {good} in {material}, {colour}, {size}"),
            description: description(&mut rng, good, material),
            category: shelf.path,
            brand,
            price: price(&mut rng),
            on_sale: rng.once_in(10),
            in_stock: !rng.once_in(6),
            link: format!("{SHOP}p/{number}?ref=feed&lang=en"),
            image_link: format!("{SHOP}images/{number}-{:04x}.jpg", rng.below(0x1_0000)),
            id,
        }
    }

    /// The price while it is on sale, in hundredths of a US dollar: a fifth less than otherwise.
    pub fn sale_price(&self) -> Option<u64> {
        self.on_sale.then_some(self.price - self.price / 5)
    }

    /// Another price, another sale price too.
    pub(super) fn reprice(&mut self) {
        self.price += 100;
    }

    /// Another title.
    pub(super) fn retitle(&mut self) {
        self.title.push_str(" (new)");
    }
}

/// An amount the way feeds have it: `12.50`.
pub(super) fn decimal(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// 2.00 to 301.95, mostly whole dollars less a little, in hundredths.
fn price(rng: &mut Rng) -> u64 {
    let dollars = u64::try_from(2 + rng.below(300)).unwrap_or(2);
    dollars * 100 + rng.pick(&[0, 0, 50, 90, 95])
}

fn description(rng: &mut Rng, good: &str, material: &str) -> String {
    let gap = if rng.once_in(8) { "\n" } else { "" };
    let first = rng.below(FACTS.len());
    let second = (first + 1 + rng.below(FACTS.len() - 1)) % FACTS.len();
    let html = |text: &str| text.replace('&', "&amp;").replace('>', "&gt;");
    format!(
        "<p>{}.</p>{gap}<ul><li>{}</li><li>{}</li></ul>{gap}<p>This {} is of <b class=\"m\">{material}</b>. {}</p>",
        html(rng.pick(PRAISES)),
        html(FACTS[first]),
        html(FACTS[second]),
        html(good),
        rng.pick(CLOSINGS),
    )
}
