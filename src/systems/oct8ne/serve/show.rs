//! How a product is shown.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::config::Oct8ne;
use crate::systems::oct8ne::money::Locale;
use crate::systems::oct8ne::product::Product;
use crate::systems::oct8ne::text::html::{self, without_http};

/// What a value in an address can't have as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value as a part of an address.
pub(in crate::systems::oct8ne) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Shows products to a customer.
pub(in crate::systems::oct8ne) struct Shower<'a> {
    pub(in crate::systems::oct8ne) settings: &'a Oct8ne,
    pub(in crate::systems::oct8ne) locale: &'a Locale,
}

impl Shower<'_> {
    pub(in crate::systems::oct8ne) fn summary(&self, product: &Product) -> Map<String, Value> {
        let currency = product.currency.as_deref();
        let price = product.price.map(|price| self.locale.money(price, currency));
        let old = product.price.and(product.old_price).map(|price| self.locale.money(price, currency));
        let fields = json!({
            "internalId": product.id,
            "title": html::without_tags(&product.title),
            "formattedPrevPrice": old.as_ref().or(price.as_ref()),
            "formattedPrice": price,
            "productUrl": self.url(product),
            "thumbnail": self.thumbnail(product),
        });
        match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    /// `has_variants` = its group has other products.
    pub(in crate::systems::oct8ne) fn info(&self, product: &Product, has_variants: bool) -> Map<String, Value> {
        let mut fields = self.summary(product);
        let is_added = !self.settings.add_to_cart_url.is_empty() && product.is_in_stock && !has_variants;
        let cart = if is_added {
            without_http(self.filled(&self.settings.add_to_cart_url, &product.id))
        } else {
            String::new()
        };
        let description = product.description.as_deref().map(html::safe).unwrap_or_default();
        let mut medias: Vec<Value> =
            product.images.iter().map(|image| json!({"url": without_http(image.clone())})).collect();
        if medias.is_empty() {
            medias.push(json!({"url": self.placeholder()}));
        }
        fields.insert("description".to_owned(), description.into());
        fields.insert("addToCartUrl".to_owned(), cart.into());
        fields.insert("useProductUrl".to_owned(), (!is_added).into());
        fields.insert("medias".to_owned(), medias.into());
        fields
    }

    /// Where the placeholder is.
    fn placeholder(&self) -> String {
        without_http(self.settings.address("/oct8ne/frame/placeholder.svg"))
    }

    fn filled(&self, template: &str, id: &str) -> String {
        self.settings.address(&template.replace("{id}", &encoded(id)))
    }

    fn url(&self, product: &Product) -> String {
        match &product.url {
            Some(url) => without_params(url, &self.settings.drop_url_params),
            None if self.settings.product_url.is_empty() || product.id.is_empty() => String::new(),
            None => self.filled(&self.settings.product_url, &product.id),
        }
    }

    fn thumbnail(&self, product: &Product) -> String {
        match product.images.first() {
            None => self.placeholder(),
            Some(image) => self.resized(image),
        }
    }

    /// A picture through the shop's resizer.
    pub(in crate::systems::oct8ne) fn resized(&self, image: &str) -> String {
        let template = &self.settings.thumbnail_url;
        if template.is_empty() {
            return without_http(image.to_owned());
        }
        without_http(self.settings.address(&template.replace("{url}", &encoded(image))))
    }
}

/// An address without the parameters that any of the patterns fits.
fn without_params(url: &str, patterns: &[String]) -> String {
    let (rest, fragment) = url.split_once('#').map_or((url, None), |(rest, fragment)| (rest, Some(fragment)));
    let Some((path, query)) = rest.split_once('?') else { return url.to_owned() };
    let is_dropped = |pair: &&str| {
        let name = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name.into_owned());
        name.is_some_and(|name| patterns.iter().any(|pattern| fits(pattern.as_bytes(), name.as_bytes())))
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_dropped(pair)).collect();
    let mut url = path.to_owned();
    if !kept.is_empty() {
        url += "?";
        url += &kept.join("&");
    }
    fragment.map_or(url.clone(), |fragment| format!("{url}#{fragment}"))
}

/// Whether a pattern with `*` for anything fits a name, in whatever case.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|at| fits(rest, &name[at..])),
        (Some((one, rest)), Some((other, behind))) => one.eq_ignore_ascii_case(other) && fits(rest, behind),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_dropped() {
        let patterns = ["utm_*".to_owned(), "gclid".to_owned()];
        for (url, expected) in [
            ("https://a/p?utm_source=feed&id=1&gclid=x#top", "https://a/p?id=1#top"),
            ("https://a/p?utm_source=feed", "https://a/p"),
            ("https://a/p?UTM_Source=feed&GCLID=1", "https://a/p"),
            ("https://a/p?a=1;b&utmx=2", "https://a/p?a=1;b&utmx=2"),
            ("https://a/p#?utm_x=1", "https://a/p#?utm_x=1"),
        ] {
            assert_eq!(without_params(url, &patterns), expected);
        }
        assert_eq!(without_http("HTTP://a/1.jpg".to_owned()), "//a/1.jpg");
        assert_eq!(encoded("a b/ü,1"), "a%20b%2F%C3%BC%2C1");
    }
}
