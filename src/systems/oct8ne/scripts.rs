//! The scripts that a shop puts into its pages. Every value in them is safe where it stands.

use std::path::Path;

use serde_json::{Value, json};

use super::money::Locale;
use super::product::Product;
use super::serve::answer::text;
use super::serve::show::{Shower, encoded};
use crate::config::{CartMethod, Oct8ne};
use crate::systems::catalog::shown;

/// What a page's widget is told.
#[derive(Debug, Default)]
pub struct Page<'a> {
    /// The product that it shows.
    pub product: Option<&'a str>,
    /// Its locale; `None` = that of the settings.
    pub locale: Option<&'a str>,
    /// Its currency; `None` = that of the settings, or of most products.
    pub currency: Option<&'a str>,
}

/// The widget's script.
///
/// # Errors
/// In words, when the product can't be told.
pub fn snippet(settings: &Oct8ne, state: &Path, page: &Page<'_>) -> Result<String, String> {
    let generation = shown(state).newest().map_err(|error| error.to_string())?;
    let most = || generation.as_ref()?.main_currency().map(str::to_uppercase);
    let set = || settings.currency.map(|currency| currency.to_string().to_uppercase());
    let currency = page.currency.map(str::to_uppercase).or_else(set).or_else(most);
    let mut lines = vec![
        ("server", json!(format!("{}/", without_scheme(&settings.server)))),
        ("license", json!(settings.license)),
        ("baseUrl", json!(format!("//{}", without_scheme(settings.shop_url.as_str())))),
        ("checkoutUrl", json!(settings.address(&settings.checkout_url))),
        ("loginUrl", json!(settings.address(&settings.login_url))),
        ("checkoutSuccessUrl", json!(settings.address(&settings.success_url))),
        ("locale", json!(page.locale.unwrap_or(&settings.locale))),
        ("currencyCode", json!(currency.unwrap_or_default())),
        ("apiVersion", json!("2.4")),
    ];
    if settings.add_to_cart_method == CartMethod::Get {
        lines.push(("addToCartHttpVerb", json!("GET")));
    }
    if let Some(id) = page.product {
        let stocked = generation.as_ref().map(|generation| generation.get(id)).transpose();
        let stocked = stocked.map_err(|error| error.to_string())?.flatten();
        let product = Product::of(stocked.ok_or_else(|| format!("no product {id:?} is in the last feed"))?);
        let locale = Locale::default();
        let summary = Shower { settings, locale: &locale }.summary(&product);
        lines.push(("currentProduct", json!({"id": product.id, "thumbnail": summary.get("thumbnail")})));
    }
    let static_server = json!(format!("https://{}/api/v2/oct8ne.js?", without_scheme(&settings.static_server)));
    let line = |(name, value): &(&str, Value)| format!("oct8ne.{name} = {};\n", text(value));
    Ok(format!(
        "<script type=\"text/javascript\">\nvar oct8ne = document.createElement(\"script\");\noct8ne.type = \
         \"text/javascript\";\noct8ne.src = {} + Math.round(new Date().getTime() / 86400000);\noct8ne.async = true;\n{}\
         var s = document.getElementsByTagName(\"script\")[0];\ns.parentNode.insertBefore(oct8ne, s);\n</script>\n",
        text(&static_server),
        lines.iter().map(line).collect::<String>()
    ))
}

/// The sale notification's script; what isn't given is left out.
pub fn sale(settings: &Oct8ne, parameters: &[(&str, Option<&str>)]) -> String {
    let given = [("license", Some(settings.license.as_str()))];
    let given =
        given.iter().chain(parameters).filter_map(|(name, value)| Some(format!("{name}={}", encoded((*value)?))));
    let query: Vec<String> = given.collect();
    // What is percent-encoded needs no escape in an attribute.
    format!(
        "<script id=\"oct8ne-sale-notification\" type=\"text/javascript\" \
         src=\"https://{}/api/source/js/ext/sale-notification.js?{}\"></script>\n",
        without_scheme(&settings.static_server),
        query.join("&amp;")
    )
}

fn without_scheme(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, rest)| rest).trim_end_matches('/')
}
