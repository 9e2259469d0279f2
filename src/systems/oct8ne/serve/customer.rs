//! Who is it, what is in the cart, what is on the wish list: asked of the shop with the customer's own cookies, told to
//! the shop's own pages alone, and kept nowhere.

use axum::http::header::{ACCEPT_LANGUAGE, COOKIE, ORIGIN, REFERER};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};

use super::answer::{Answer, Outcome};
use super::products::by_ids;
use super::server::{Server, Settings, View};
use super::show::Shower;
use crate::catalog::Currency;
use crate::remote::oct8ne::ShopRequest;
use crate::systems::oct8ne::money::Locale;
use crate::systems::oct8ne::product::{Product, is_web, number};

/// What is asked of the shop for a customer.
pub(in crate::systems::oct8ne) struct Customer<'a> {
    pub(in crate::systems::oct8ne) server: &'a Server,
    pub(in crate::systems::oct8ne) settings: &'a Settings,
    pub(in crate::systems::oct8ne) view: &'a View,
    pub(in crate::systems::oct8ne) headers: &'a HeaderMap,
    /// Where the request comes from.
    pub(in crate::systems::oct8ne) address: String,
    pub(in crate::systems::oct8ne) locale: &'a Locale,
}

/// What the shop said of a customer.
#[derive(Default)]
struct Session {
    fields: Map<String, Value>,
    cookies: Vec<HeaderValue>,
    has_failed: bool,
}

/// The page that asks, as far as the browser says: `Origin` before `Referer`.
pub(in crate::systems::oct8ne) fn origin_of(headers: &HeaderMap) -> Option<String> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let referer = || {
        let url = url::Url::parse(text(REFERER)?).ok()?;
        Some(url.origin().ascii_serialization())
    };
    match headers.contains_key(ORIGIN) {
        true => text(ORIGIN).map(str::to_owned),
        false => referer(),
    }
}

/// Whether a request comes from the shop: everybody else is nobody, for JSONP would hand a customer's name and cart to
/// any page that asks.
pub(in crate::systems::oct8ne) fn is_from_shop(settings: &Settings, headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if site.is_some_and(|site| matches!(site, "same-origin" | "same-site" | "none")) {
        return true;
    }
    origin_of(headers).is_some_and(|origin| settings.origins.contains(&origin))
}

/// The page that may see what is told of a customer.
pub(in crate::systems::oct8ne) fn allowed_origin(settings: &Settings, headers: &HeaderMap) -> Option<String> {
    origin_of(headers).filter(|origin| origin != "null" && is_from_shop(settings, headers))
}

impl Customer<'_> {
    pub(in crate::systems::oct8ne) async fn data(&self) -> Answer {
        let Session { fields, cookies, has_failed } = self.session().await;
        let nobody = json!({
            "id": null, "firstName": null, "lastName": null, "email": null, "wishlist": [], "cart": [],
        });
        if fields.is_empty() {
            return self.told(nobody, cookies, if has_failed { Outcome::Error } else { Outcome::Empty });
        }
        let text = |name: &str| fields.get(name).map(text_of).filter(|value| !value.is_null()).unwrap_or_default();
        let shower = Shower { settings: &self.settings.config, locale: self.locale };
        let wishlist: Vec<Value> = list(&fields, "wishlist")
            .iter()
            .filter_map(|id| self.product(&text_of(id)))
            .map(|product| Value::Object(shower.summary(&product)))
            .collect();
        let cart: Vec<Value> = list(&fields, "cart")
            .iter()
            .filter_map(|line| self.line(line, &fields))
            .map(|line| line.shown(&shower))
            .collect();
        let data = json!({
            "id": text("id"),
            "firstName": text("firstName"),
            "lastName": text("lastName"),
            "email": text("email"),
            "wishlist": wishlist,
            "cart": cart,
        });
        self.told(data, cookies, Outcome::Ok)
    }

    pub(in crate::systems::oct8ne) async fn cart(&self) -> Answer {
        let Session { fields, cookies, has_failed } = self.session().await;
        let default = self.settings.config.currency.map(|currency| currency.to_string().to_uppercase());
        let default = default.or_else(|| self.view.currency.clone()).unwrap_or_default();
        if fields.is_empty() {
            let nobody = json!({"price": 0, "finalPrice": 0, "currency": default, "totalItems": 0, "cart": []});
            return self.told(nobody, cookies, if has_failed { Outcome::Error } else { Outcome::Empty });
        }
        let mut lines: Vec<Line> = list(&fields, "cart").iter().filter_map(|line| self.line(line, &fields)).collect();
        let currency = named_currency(&fields).or_else(|| common_currency(&lines)).unwrap_or(default);
        // Never converted: a price in another currency is none in this one.
        for line in lines.iter_mut().filter(|line| line.product.currency.as_ref().is_some_and(|own| *own != currency)) {
            line.product.price = None;
        }
        let sum = sum(lines.iter().filter_map(|line| line.product.price?.checked_mul(line.quantity)));
        let amount = |name: &str| fields.get(name).and_then(number).unwrap_or(sum);
        let cart: Vec<Value> = lines.iter().map(Line::counted).collect();
        let pieces = self::sum(lines.iter().map(|line| line.quantity));
        let cart = json!({
            "price": plain(amount("subtotal")),
            "finalPrice": plain(amount("total")),
            "currency": currency,
            "totalItems": plain(pieces),
            "cart": cart,
        });
        self.told(cart, cookies, Outcome::Ok)
    }

    pub(in crate::systems::oct8ne) async fn wish(&self, ids: &str) -> Answer {
        let result = |is_done: bool| json!({"result": if is_done { "true" } else { "false" }});
        let products = by_ids(&self.view.generation, ids).unwrap_or_default();
        let url = self.settings.config.shop.wishlist_url.clone();
        let (Some(url), true, false) = (url, self.may_ask(), products.is_empty()) else {
            return self.told(result(false), Vec::new(), Outcome::Empty);
        };
        let ids: Vec<&str> = products.iter().map(|product| product.id.as_str()).collect();
        let request =
            ShopRequest { method: Method::POST, url, headers: self.passed_on(), body: Some(json!({"add": ids})) };
        let Some(shop) = &self.settings.shop else { return self.told(result(false), Vec::new(), Outcome::Error) };
        match shop.ask(request).await {
            Ok(answer) => {
                let is_taken = answer.status.is_success();
                let failure = (!is_taken).then(|| format!("HTTP {}", answer.status));
                self.server.shop_answered("wishlist", failure.as_deref().filter(|_| answer.status.is_server_error()));
                let outcome = if is_taken { Outcome::Ok } else { Outcome::Refused };
                self.told(result(is_taken), answer.cookies, outcome)
            }
            Err(error) => {
                self.server.shop_answered("wishlist", Some(&error));
                self.told(result(false), Vec::new(), Outcome::Error)
            }
        }
    }

    fn told(&self, value: Value, cookies: Vec<HeaderValue>, outcome: Outcome) -> Answer {
        Answer { cookies, ..Answer::private(value).with(outcome) }
    }

    fn may_ask(&self) -> bool {
        self.headers.contains_key(COOKIE) && is_from_shop(self.settings, self.headers)
    }

    /// What of the customer's own request the shop gets to see.
    fn passed_on(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let way = HeaderName::from_static("x-forwarded-for");
        for name in [COOKIE, ACCEPT_LANGUAGE, way.clone()] {
            self.headers.get_all(&name).iter().for_each(|value| _ = headers.append(name.clone(), value.clone()));
        }
        if !headers.contains_key(&way)
            && let Ok(address) = HeaderValue::from_str(&self.address)
        {
            headers.insert(way, address);
        }
        headers
    }

    async fn session(&self) -> Session {
        let url = self.settings.config.shop.session_url.clone().filter(|_| self.may_ask());
        let (Some(url), Some(shop)) = (url, &self.settings.shop) else { return Session::default() };
        let request = ShopRequest { method: Method::GET, url, headers: self.passed_on(), body: None };
        let failed = |why: &str, cookies: Vec<HeaderValue>| {
            self.server.shop_answered("session", Some(why));
            Session { has_failed: true, cookies, ..Session::default() }
        };
        let answer = match shop.ask(request).await {
            Ok(answer) => answer,
            Err(error) => return failed(&error, Vec::new()),
        };
        let cookies = answer.cookies;
        match answer.status.as_u16() {
            200 => match serde_json::from_slice(&answer.body) {
                Ok(Value::Object(fields)) => {
                    self.server.shop_answered("session", None);
                    Session { fields, cookies, has_failed: false }
                }
                _ => failed("its answer is no JSON object", cookies),
            },
            204 | 401 | 403 | 404 => {
                self.server.shop_answered("session", None);
                Session { cookies, ..Session::default() }
            }
            status => failed(&format!("HTTP {status}"), cookies),
        }
    }

    fn product(&self, id: &Value) -> Option<Product> {
        let stocked = self.view.generation.get(id.as_str()?.trim()).ok()??;
        Some(Product::of(stocked))
    }

    /// A line of the cart. What the catalogue doesn't know must bring a title.
    fn line(&self, line: &Value, session: &Map<String, Value>) -> Option<Line> {
        let line = line.as_object()?;
        let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
        let id = line.get("id").map(text_of).unwrap_or_default();
        let known = self.product(&id);
        let title = text("title").filter(|title| !title.trim().is_empty());
        let mut product = match (known, title) {
            (Some(product), _) => product,
            (None, Some(title)) => Product {
                id: id.as_str().unwrap_or_default().to_owned(),
                title,
                url: text("url").filter(|url| is_web(url)),
                images: text("image").filter(|image| is_web(image)).into_iter().collect(),
                ..Product::default()
            },
            (None, None) => return None,
        };
        if let Some(price) = line.get("price").and_then(number) {
            product.price = Some(price);
            let named = named_currency(session);
            // What it cost before is told in the feed's currency.
            product.old_price = product.old_price.filter(|_| named.is_none() || named == product.currency);
            product.currency = named.or(product.currency);
        }
        let quantity = line.get("qty").and_then(number).unwrap_or(Decimal::ONE);
        Some(Line { product, quantity })
    }
}

/// The currency that the shop names, by its code; what can't be read names none.
fn named_currency(session: &Map<String, Value>) -> Option<String> {
    let currency = Currency::parse(session.get("currency")?.as_str()?.trim())?;
    Some(currency.to_string().to_uppercase())
}

/// The currency of all lines that have one.
fn common_currency(lines: &[Line]) -> Option<String> {
    let mut all = lines.iter().filter_map(|line| line.product.currency.as_ref());
    let first = all.next()?;
    all.all(|other| other == first).then(|| first.clone())
}

/// A line of a cart.
struct Line {
    product: Product,
    quantity: Decimal,
}

impl Line {
    fn shown(&self, shower: &Shower<'_>) -> Value {
        let mut fields = shower.summary(&self.product);
        fields.insert("qty".to_owned(), plain(self.quantity).into());
        Value::Object(fields)
    }

    fn counted(&self) -> Value {
        let title = crate::systems::oct8ne::text::html::without_tags(&self.product.title);
        let price = plain(self.product.price.unwrap_or_default());
        json!({"internalId": self.product.id, "title": title, "qty": plain(self.quantity), "price": price})
    }
}

/// What the shop says may be larger than any sum.
fn sum(numbers: impl Iterator<Item = Decimal>) -> Decimal {
    numbers.fold(Decimal::ZERO, Decimal::saturating_add)
}

/// A number in its shortest form.
fn plain(number: Decimal) -> Number {
    number.normalize().to_string().parse().unwrap_or_else(|_| Number::from(0))
}

/// A text, also where the shop wrote a number.
fn text_of(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::String(_) => value.clone(),
        _ => Value::Null,
    }
}

fn list<'v>(fields: &'v Map<String, Value>, name: &str) -> &'v [Value] {
    fields.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
