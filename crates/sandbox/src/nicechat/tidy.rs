//! NiceChat's own rewriting of what it is sent: image addresses, HTML, prices.

use serde_json::{Number, Value};

use super::rules::Rules;
use crate::sign::fingerprint;
use crate::store::Object;

const CDN: &str = "https://cdn.nice.chat/";

/// The CDN address under which an image is kept that was fetched from `url`; one that is on the CDN
/// already is left alone (NiceChat API page, section Edit Product).
pub fn cdn_address(url: &str) -> String {
    if is_on_cdn(url) {
        return url.to_owned();
    }
    let name = fingerprint(url.as_bytes());
    format!("{CDN}media/{}.jpg", &name[..40])
}

/// Whether NiceChat holds this image already, so that it needn't be fetched.
pub(super) fn is_on_cdn(url: &str) -> bool {
    url.starts_with(CDN)
}

/// An object the way listings give it under these rules.
pub(super) fn listed(object: &Object, rules: &Rules) -> Object {
    let mut listed = object.clone();
    if rules.trim_html
        && let Some(Value::String(html)) = listed.get_mut("description")
    {
        *html = trim_html(html);
    }
    if rules.float_prices
        && let Some(Value::Number(price)) = listed.get_mut("price")
        && let Some(float) = price.as_f64().and_then(Number::from_f64)
    {
        *price = float;
    }
    listed
}

/// HTML without white space at its ends and around its tags: `<p> a </p>` becomes `<p>a</p>`.
fn trim_html(html: &str) -> String {
    let mut tidy = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((text, tag)) = rest.find('<').map(|at| rest.split_at(at)) {
        tidy.push_str(text.trim());
        let end = tag.find('>').map_or(tag.len(), |at| at + 1);
        tidy.push_str(&tag[..end]);
        rest = &tag[end..];
    }
    tidy.push_str(rest.trim());
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_loses_the_space_around_its_tags() {
        assert_eq!(trim_html(" <p> a  b </p>\n<br/> c "), "<p>a  b</p><br/>c");
        assert_eq!(trim_html(" 1 < 2 "), "1< 2 ");
        assert_eq!(trim_html("plain"), "plain");
    }

    #[test]
    fn a_cdn_address_stays() {
        let kept = cdn_address("https://shop.example/a.jpg");
        assert!(is_on_cdn(&kept), "{kept}");
        assert_eq!(cdn_address(&kept), kept);
    }
}
