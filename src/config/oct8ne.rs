//! `[oct8ne]`: what a co-viewing widget is answered, and whom of the shop's own we ask.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::tz::TimeZone;
use secrecy::SecretString;
use url::{Host, Url};

use super::document::Document;
use super::environment::Environment;
use super::http::origin;
use super::languages::{LANGUAGES, is_known};
use super::location::{is_loopback, web_address};
use super::names::{API_TOKEN, OCT8NE, OCT8NE_SHOP, SECRET};
use super::secret;
use super::section::Section;
use super::units::{self, HOUR};
use super::{ConfigError, Http};
use crate::catalog::Currency;

const CACHES: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(24 * 3600);
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=HOUR;

/// What a widget is answered.
#[derive(Debug, Clone)]
pub struct Oct8ne {
    /// The shop's root, without a slash at the end.
    pub shop_url: Url,
    /// Whether there is anything to answer.
    pub enabled: bool,
    /// From the link-up.
    pub license: String,
    /// Oct8ne's addresses, with their scheme and without a slash at the end.
    pub server: String,
    /// The same of its scripts.
    pub static_server: String,
    /// What methods with a token are asked with; `None` = they tell nothing.
    pub api_token: Option<SecretString>,
    /// When the widget names none, or one that we don't know.
    pub locale: String,
    /// Likewise; `None` = the one that most products have.
    pub currency: Option<Currency>,
    /// Of the times in orders.
    pub timezone: TimeZone,
    /// Of the feed's texts; none = the one of `locale`.
    pub languages: Vec<String>,
    /// These are addresses: see [`Oct8ne::address`].
    pub checkout_url: String,
    /// See there.
    pub login_url: String,
    /// See there.
    pub success_url: String,
    /// For products without an address; may be empty.
    pub product_url: String,
    /// Patterns of parameters that product addresses lose.
    pub drop_url_params: Vec<String>,
    /// With `{id}`; may be empty.
    pub add_to_cart_url: String,
    /// How that is asked.
    pub add_to_cart_method: CartMethod,
    /// With `{url}`; may be empty.
    pub thumbnail_url: String,
    /// What search results can be narrowed by.
    pub facets: Vec<Facet>,
    /// Where products out of stock are in search results.
    pub out_of_stock: OutOfStock,
    /// How long browsers may keep product answers.
    pub cache: Duration,
    /// Other sites of the shop, by their origins.
    pub origins: Vec<String>,
    /// What only the shop knows.
    pub shop: OwnShop,
}

/// Whom of the shop's own we ask; what is empty isn't asked.
#[derive(Debug, Clone)]
pub struct OwnShop {
    /// Who is it, cart, wish list.
    pub session_url: Option<String>,
    /// Adds to the wish list.
    pub wishlist_url: Option<String>,
    /// A customer's orders.
    pub orders_url: Option<String>,
    /// One order.
    pub order_url: Option<String>,
    /// What all of them are asked with; there when an address is.
    pub secret: Option<SecretString>,
    /// How long one request may take.
    pub timeout: Duration,
}

/// How something is put into the cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartMethod {
    /// `POST`.
    Post,
    /// `GET`.
    Get,
}

/// What search results can be narrowed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// The category, by its id.
    Category,
    /// The brand.
    Brand,
    /// A range of prices.
    Price,
    /// In stock or out of it.
    Availability,
}

/// Where products out of stock are in search results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutOfStock {
    /// Behind the others.
    Last,
    /// Among them.
    Mixed,
    /// Nowhere.
    Hidden,
}

impl Facet {
    /// All of them.
    pub const ALL: [Facet; 4] = [Facet::Category, Facet::Brand, Facet::Price, Facet::Availability];

    /// The name in settings and requests.
    pub fn name(self) -> &'static str {
        match self {
            Facet::Category => "category",
            Facet::Brand => "brand",
            Facet::Price => "price",
            Facet::Availability => "availability",
        }
    }
}

impl Oct8ne {
    /// A file without the section wants none of it.
    pub(super) fn read(
        document: &Document<'_>,
        environment: &Environment,
        http: Option<&Http>,
        has_source: bool,
    ) -> Result<Option<Oct8ne>, ConfigError> {
        let section = Section::of(document, &OCT8NE);
        if !section.exists() {
            return Ok(None);
        }
        if !has_source {
            document.note(section.error("[oct8ne] shows what the feed says: set location in section [source]"));
        }
        if http.and_then(|http| http.public_listen).is_none() {
            document.note(section.error(
                "[oct8ne] is served at the public door: set public_listen = \"127.0.0.1:8788\" in section [http]",
            ));
        }
        if section.get("shop_url").is_none() {
            let message = "oct8ne.shop_url is missing. Say where the shop is, in section [oct8ne]: \
                           shop_url = \"https://shop.example\"";
            document.note(section.lacks("shop_url", message));
        }
        let methods = [("POST", CartMethod::Post), ("GET", CartMethod::Get)];
        let stocks = [("last", OutOfStock::Last), ("mixed", OutOfStock::Mixed), ("hidden", OutOfStock::Hidden)];
        let facets = Facet::ALL.map(|facet| (facet.name(), facet));
        Ok(Some(Oct8ne {
            shop_url: section.read("shop_url", "https://shop.example", shop_url)?,
            enabled: section.keep(section.flag("enabled"), || None).unwrap_or(true),
            license: section.read("license", "", |text| Ok(text.trim().to_owned()))?,
            server: section.read("server", "backoffice.oct8ne.com", server)?,
            static_server: section.read("static_server", "static.oct8ne.com", server)?,
            api_token: section.keep(optional_secret(&section, environment), || None),
            locale: section.read("locale", "en-US", locale)?,
            currency: section.read("currency", "", currency)?,
            timezone: section.read("timezone", "UTC", timezone)?,
            languages: section.texts("languages", &[], language),
            checkout_url: section.read("checkout_url", "/checkout", address)?,
            login_url: section.read("login_url", "/login", address)?,
            success_url: section.read("success_url", "/checkout/success", address)?,
            product_url: section.read("product_url", "", address)?,
            drop_url_params: section.texts("drop_url_params", &["utm_*"], |text| Ok(text.to_owned())),
            add_to_cart_url: section.read("add_to_cart_url", "", address)?,
            add_to_cart_method: section.read("add_to_cart_method", "POST", |text| units::one_of(text, &methods))?,
            thumbnail_url: section.read("thumbnail_url", "", address)?,
            facets: once(section.texts("facets", &Facet::ALL.map(Facet::name), |text| units::one_of(text, &facets))),
            out_of_stock: section.read("out_of_stock", "last", |text| units::one_of(text, &stocks))?,
            cache: section.read("cache", "60s", |text| units::duration(text, &CACHES))?,
            origins: section.texts("origins", &[], origin),
            shop: OwnShop::read(&section.below(&OCT8NE_SHOP), environment)?,
        }))
    }

    /// An address of the settings: as it is, or below the shop's root.
    pub fn address(&self, text: &str) -> String {
        let is_whole = ["http://", "https://", "//"].iter().any(|scheme| text.starts_with(scheme));
        let root = self.shop_url.as_str().trim_end_matches('/');
        if is_whole || text.is_empty() { text.to_owned() } else { format!("{root}/{}", text.trim_start_matches('/')) }
    }
}

impl OwnShop {
    fn read(section: &Section<'_>, environment: &Environment) -> Result<OwnShop, ConfigError> {
        let url = |key, asked: &str| section.read(key, "", |text| own_address(text, asked));
        let (session_url, wishlist_url) = (url("session_url", "")?, url("wishlist_url", "")?);
        // An address without whom it is about would give everybody the same orders.
        let (orders_url, order_url) = (url("orders_url", "{email}")?, url("order_url", "{reference}")?);
        let is_asked = [&session_url, &wishlist_url, &orders_url, &order_url].iter().any(|url| url.is_some());
        let secret = if is_asked { Some(secret::required(section, SECRET, environment)) } else { None };
        Ok(OwnShop {
            session_url,
            wishlist_url,
            orders_url,
            order_url,
            secret: secret.map(|secret| section.keep(secret, SecretString::default)),
            timeout: section.read("timeout", "3s", |text| units::duration(text, &TIMEOUTS))?,
        })
    }
}

/// Each of them once, in their order.
fn once(facets: Vec<Facet>) -> Vec<Facet> {
    let mut found = Vec::new();
    for facet in facets {
        if !found.contains(&facet) {
            found.push(facet);
        }
    }
    found
}

fn optional_secret(section: &Section<'_>, environment: &Environment) -> Result<Option<SecretString>, ConfigError> {
    if secret::given(section, API_TOKEN, environment)?.is_empty() {
        return Ok(None);
    }
    secret::required(section, API_TOKEN, environment).map(Some)
}

fn shop_url(text: &str) -> Result<Url, String> {
    let mut url = web_address(text, "https://shop.example", "without user and password")?;
    check_way(&url)?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// A host, with or without `https://` and a slash at the end; `http://` only for trying on this machine.
fn server(text: &str) -> Result<String, String> {
    let expected = || "expected the name of a host, such as \"backoffice.oct8ne.com\"".to_owned();
    let text = text.trim().trim_end_matches('/');
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = web_address(&whole, "backoffice.oct8ne.com", "without user and password").map_err(|_| expected())?;
    if text.is_empty() || (url.scheme() == "http" && !is_loopback(&url)) {
        return Err(expected());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn locale(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.trim().split(['-', '_']).collect();
    let is_language = parts.first().is_some_and(|language| is_letters(language, 2..=3));
    let are_right = parts.iter().skip(1).all(|part| part.len() <= 8 && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if !is_language || !are_right {
        return Err("expected a locale, such as \"en-US\"".to_owned());
    }
    if parts.first().is_some_and(|language| !is_known(language)) {
        let known = LANGUAGES.replace(' ', ", ");
        return Err(format!("expected a locale, such as \"en-US\", that begins with one of these languages: {known}"));
    }
    Ok(parts.join("-"))
}

fn language(text: &str) -> Result<String, String> {
    let language = text.trim().to_ascii_lowercase();
    if is_letters(&language, 2..=3) {
        Ok(language)
    } else {
        Err("expected languages, such as [\"ru\", \"uk\"]".to_owned())
    }
}

fn is_letters(text: &str, lengths: RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Empty means none.
fn currency(text: &str) -> Result<Option<Currency>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let unknown =
        || "expected a currency of ISO 4217, such as \"eur\", or \"\" for the one of most products".to_owned();
    Currency::parse(text).map(Some).ok_or_else(unknown)
}

fn timezone(text: &str) -> Result<TimeZone, String> {
    if text == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(text.trim()).map_err(|_| "expected a time zone of IANA's, such as \"Europe/Madrid\"".to_owned())
}

/// A path below the shop, or an address.
fn address(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_whole = ["http://", "https://", "//"].iter().any(|scheme| text.starts_with(scheme));
    if text.is_empty() || is_whole || text.starts_with('/') {
        return Ok(text.to_owned());
    }
    Err("expected a path that begins with a slash, or an address that begins with https://".to_owned())
}

/// An address of the shop's own programs, with what it is asked about in it. Empty means none. What is told there of a
/// customer must not be read on the way.
fn own_address(text: &str, asked: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if !text.contains(asked) {
        return Err(format!("expected an address with {asked} in it, which is filled in for each request"));
    }
    let expected = || "expected an address such as \"https://shop.example/internal/session\"".to_owned();
    let url = Url::parse(text).map_err(|_| expected())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(expected());
    }
    check_way(&url).map(|()| Some(text.to_owned()))
}

/// What goes to a shop's address must not be read on the way.
fn check_way(url: &Url) -> Result<(), String> {
    let is_private = match url.host() {
        Some(Host::Ipv4(address)) => address.is_private(),
        Some(Host::Ipv6(address)) => address.is_unique_local(),
        _ => false,
    };
    if url.scheme() == "http" && !is_private && !is_loopback(url) {
        return Err("http is for loopback and private addresses alone: use https".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_addresses() {
        for text in ["backoffice.oct8ne.com", "https://backoffice.oct8ne.com/", "backoffice.oct8ne.com/"] {
            assert_eq!(server(text).as_deref(), Ok("https://backoffice.oct8ne.com"));
        }
        assert_eq!(server("http://127.0.0.1:81/").as_deref(), Ok("http://127.0.0.1:81"));
        assert!(server("http://backoffice.oct8ne.com").is_err() && server("").is_err() && server("a b").is_err());
        for text in ["https://a.example/x?e={email}", "http://127.0.0.1:1/", "http://10.0.0.1/", "http://localhost/"] {
            assert!(own_address(text, "").is_ok_and(|url| url.is_some()), "{text}");
        }
        for text in ["http://a.example/", "/x", "ftp://a.example"] {
            assert!(own_address(text, "").is_err() && shop_url(text).is_err(), "{text}");
        }
        for text in ["https://a.example/es/", "http://127.0.0.1:1", "http://10.0.0.1/"] {
            assert!(shop_url(text).is_ok_and(|url| !url.path().ends_with("es/")), "{text}");
        }
    }
}
