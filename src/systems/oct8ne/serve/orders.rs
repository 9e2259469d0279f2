//! A customer's orders, for Oct8ne's own agents: asked of the shop, else of our own mirror, for who knows the token.
//! Whatever is wrong, the answer is an empty list: it tells nothing.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Outcome};
use super::mirror::WantedOrders;
use super::query::Query;
use super::server::{Server, Settings};
use super::show::encoded;
use crate::digest::is_same_secret;
use crate::remote::oct8ne::ShopRequest;
use crate::systems::oct8ne::money::Locale;
use crate::systems::oct8ne::product::number;
use crate::systems::oct8ne::text::html;

/// Orders of a page.
const PAGE: usize = 10;
/// The same of our own, at most.
const LARGEST_PAGE: usize = 100;
/// How long who has tried too many tokens waits.
const WAIT: Duration = Duration::from_secs(60);

/// What is asked of the shop about orders.
pub(in crate::systems::oct8ne) struct Orders<'a> {
    pub(in crate::systems::oct8ne) server: &'a Server,
    pub(in crate::systems::oct8ne) settings: &'a Settings,
    pub(in crate::systems::oct8ne) query: &'a Query,
    pub(in crate::systems::oct8ne) locale: &'a Locale,
    pub(in crate::systems::oct8ne) address: IpAddr,
}

/// What the shop's own address has said.
enum Told {
    Something(Value),
    /// It doesn't know.
    Nothing,
    /// It may well know.
    Failed,
}

fn nothing() -> Answer {
    Answer::private(json!([])).with(Outcome::Empty)
}

impl Orders<'_> {
    pub(in crate::systems::oct8ne) async fn of_customer(&self) -> Answer {
        if let Some(refusal) = self.refused() {
            return refusal;
        }
        let email = self.query.text("customeremail").trim();
        if email.is_empty() {
            return nothing();
        }
        let (page, size) = (self.query.number("page").unwrap_or(1), self.query.number("pagesize").unwrap_or(PAGE));
        if let Some(url) = self.settings.config.shop.orders_url.as_deref() {
            let url = url
                .replace("{email}", &encoded(email))
                .replace("{page_size}", &size.to_string())
                .replace("{page}", &page.to_string());
            match self.ask("orders", url).await {
                Told::Something(Value::Array(orders)) => {
                    let orders = orders.iter().filter_map(Value::as_object);
                    return self.listed(orders.filter(|order| is_order(order)));
                }
                Told::Something(_) | Told::Failed => return nothing(),
                Told::Nothing => {}
            }
        }
        let known = self.known(WantedOrders::OfEmail(email.to_owned())).await;
        let size = size.min(LARGEST_PAGE);
        self.listed(known.iter().skip((page - 1).saturating_mul(size)).take(size))
    }

    fn listed<'o>(&self, orders: impl Iterator<Item = &'o Map<String, Value>>) -> Answer {
        let orders: Vec<Value> = orders.map(|order| self.summary(order).into()).collect();
        if orders.is_empty() { nothing() } else { Answer::private(orders.into()) }
    }

    /// What our own mirror knows.
    async fn known(&self, wanted: WantedOrders) -> Vec<Map<String, Value>> {
        let Some(mirror) = self.settings.orders.clone() else { return Vec::new() };
        self.server.blocking(move || mirror.find(&wanted)).await.unwrap_or_default()
    }

    pub(in crate::systems::oct8ne) async fn details(&self) -> Answer {
        if let Some(refusal) = self.refused() {
            return refusal;
        }
        let reference = self.query.text("reference").trim();
        if reference.is_empty() {
            return nothing();
        }
        // As a part of an address these would lead elsewhere, whatever they are written like.
        let is_name = !matches!(reference, "." | "..");
        if let Some(url) = self.settings.config.shop.order_url.as_deref().filter(|_| is_name) {
            match self.ask("order", url.replace("{reference}", &encoded(reference))).await {
                Told::Something(Value::Object(order)) => {
                    let mut order = order;
                    let is_it = is_order(&order);
                    // It was asked for by this.
                    order.entry("reference").or_insert_with(|| reference.into());
                    return if is_it { Answer::private(self.whole(&order).into()) } else { nothing() };
                }
                Told::Something(_) | Told::Failed => return nothing(),
                Told::Nothing => {}
            }
        }
        // Of several with one number nobody knows which is meant, and each is another customer's.
        match &self.known(WantedOrders::Called(reference.to_owned())).await[..] {
            [order] => Answer::private(self.whole(order).into()),
            _ => nothing(),
        }
    }

    /// Nothing outside the shop knows which chat led to which order.
    pub(in crate::systems::oct8ne) fn sales(&self) -> Answer {
        self.refused().unwrap_or_else(nothing)
    }

    /// The answer to who doesn't know the token.
    fn refused(&self) -> Option<Answer> {
        let tokens = self.server.tokens();
        if tokens.are_too_many(self.address) {
            return Some(Answer::error(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens").after(WAIT));
        }
        let given = self.query.text("apitoken");
        let is_right = |token: &secrecy::SecretString| is_same_secret(given, token.expose_secret());
        if self.settings.config.api_token.as_ref().is_some_and(is_right) {
            return None;
        }
        if self.settings.config.api_token.is_some() && !given.is_empty() {
            tokens.count(self.address);
        }
        self.server.metrics().token_refused();
        Some(Answer::private(json!([])).with(Outcome::Refused))
    }

    async fn ask(&self, call: &'static str, url: String) -> Told {
        let Some(shop) = self.settings.shop.as_ref() else { return Told::Nothing };
        let request = ShopRequest { method: Method::GET, url, headers: HeaderMap::new(), body: None };
        match shop.ask(request).await {
            Ok(answer) if answer.status == StatusCode::OK => {
                let value = serde_json::from_slice(&answer.body).ok();
                self.server.shop_answered(call, value.is_none().then_some("its answer is no JSON"));
                match value {
                    None => Told::Failed,
                    Some(Value::Object(order)) if order.is_empty() => Told::Nothing,
                    Some(Value::Null) => Told::Nothing,
                    Some(value) => Told::Something(value),
                }
            }
            Ok(answer)
                if (answer.status.is_client_error() && !is_failure(answer.status)) || answer.status.is_success() =>
            {
                self.server.shop_answered(call, None);
                Told::Nothing
            }
            Ok(answer) => {
                self.server.shop_answered(call, Some(&format!("HTTP {}", answer.status)));
                Told::Failed
            }
            Err(error) => {
                self.server.shop_answered(call, Some(&error));
                Told::Failed
            }
        }
    }

    fn summary(&self, order: &Map<String, Value>) -> Map<String, Value> {
        let currency = text(order, "currency").to_uppercase();
        let total = order.get("total").and_then(number);
        let total =
            total.map(|total| self.locale.money(total, Some(currency.as_str()).filter(|name| !name.is_empty())));
        Map::from_iter([
            ("date".to_owned(), self.time(order, "date").into()),
            ("reference".to_owned(), text(order, "reference").into()),
            ("total".to_owned(), total.unwrap_or_default().into()),
            ("currency".to_owned(), currency.into()),
            ("labelState".to_owned(), text(order, "state").into()),
            ("deliveryDate".to_owned(), self.time(order, "delivery_date").into()),
        ])
    }

    fn whole(&self, order: &Map<String, Value>) -> Map<String, Value> {
        let mut fields = self.summary(order);
        for (name, own) in
            [("carrier", "carrier"), ("trackingNumber", "tracking_number"), ("trackingUrl", "tracking_url")]
        {
            fields.insert(name.to_owned(), text(order, own).into());
        }
        let list = |name: &str| order.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let objects =
            |name: &str| list(name).into_iter().filter_map(|item| item.as_object().cloned()).collect::<Vec<_>>();
        let products = objects("products").into_iter().map(|product| {
            json!({"quantity": text(&product, "quantity"), "name": html::without_tags(&text(&product, "name"))})
        });
        let comments = objects("comments").into_iter().map(|comment| {
            let customer =
                comment.get("customer").filter(|value| !value.is_null()).cloned().unwrap_or_else(|| "".into());
            json!({"message": text(&comment, "message"), "customer": customer})
        });
        fields.insert("products".to_owned(), products.collect());
        fields.insert("comments".to_owned(), comments.collect());
        fields
    }

    /// A time as the shop's clocks show it.
    fn time(&self, order: &Map<String, Value>, name: &str) -> String {
        let text = text(order, name);
        let at = text.parse::<Timestamp>().map(|at| at.to_zoned(self.settings.config.timezone.clone()));
        at.map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
    }
}

/// A text, also where the shop wrote a number; nothing, where it wrote nothing.
fn text(fields: &Map<String, Value>, name: &str) -> String {
    match fields.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Whether an answer is an order: it has something that orders have.
fn is_order(answer: &Map<String, Value>) -> bool {
    ["reference", "date", "total", "state", "products", "delivery_date", "carrier", "tracking_number"]
        .iter()
        .any(|name| answer.get(*name).is_some_and(|value| !value.is_null()))
}

/// Whether a status says that the shop doesn't answer, and not that it has no such order.
fn is_failure(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
    )
}
