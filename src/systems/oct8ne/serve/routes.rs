//! The methods: `GET <anything>/oct8ne/frame/<method>`, in any case.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_METHODS, ALLOW};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::{Answer, Asked, Outcome, respond, written};
use super::customer::{Customer, allowed_origin};
use super::metrics::METHODS;
use super::orders::Orders;
use super::products::{infos, related, summaries};
use super::query::{Query, method};
use super::search::{nothing, search};
use super::server::{Broken, Server, Settings, View};
use super::show::Shower;
use crate::systems::oct8ne::money::Locale;
use crate::web::public::{Caller, too_many};

/// When to ask again for a catalogue that isn't there yet.
const SOON: Duration = Duration::from_secs(5);
/// Methods that tell of persons.
const PERSONAL: [&str; 6] =
    ["addtowishlist", "customerdata", "getcart", "getorderdetails", "getorders", "getsalesreport"];
/// What stands in for a picture.
const PLACEHOLDER: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"120\" height=\"120\" viewBox=\"0 0 120 120\">\
<rect width=\"120\" height=\"120\" fill=\"#f2f2f2\"/>\
<path d=\"M30 82l20-26 15 18 10-12 15 20z\" fill=\"#c4c4c4\"/><circle cx=\"80\" cy=\"42\" r=\"8\" fill=\"#c4c4c4\"/></svg>";

/// Everything that no other route of the public door takes: a method may stand behind any path.
pub(in crate::systems::oct8ne) fn routes(server: Server) -> Router {
    Router::new().fallback(handle).with_state(server)
}

/// A request, as far as it is understood.
struct Call {
    method: String,
    query: Query,
    headers: HeaderMap,
    caller: Caller,
    server: Server,
    settings: Arc<Settings>,
    locale: Locale,
}

/// Answers a request.
pub(in crate::systems::oct8ne) async fn handle(State(server): State<Server>, request: Request) -> Response {
    let began = Instant::now();
    let unknown = Caller { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), must_wait: None };
    let caller = request.extensions().get::<Caller>().copied().unwrap_or(unknown);
    let (Some(method), Some(settings)) = (method(request.uri().path()), server.settings()) else {
        let nothing = || (StatusCode::NOT_FOUND, "Nothing is here.\n").into_response();
        return caller.must_wait.map_or_else(nothing, too_many);
    };
    let query = query_of(request.uri());
    let named = query.get("locale").and_then(Locale::parse);
    let locale = named.unwrap_or_else(|| settings.locale.clone());
    let (verb, headers) = (request.method().clone(), request.headers().clone());
    let call = Call { method, query, headers, caller, server, settings, locale };
    let origin = allowed_origin(&call.settings, &call.headers);
    let callback = call.query.callback();
    let asked = Asked {
        headers: &call.headers,
        callback: callback.as_ref().ok().copied().flatten(),
        origin: origin.as_deref(),
        cache: call.settings.config.cache,
    };
    if verb == Method::OPTIONS {
        return options(&asked, !PERSONAL.contains(&call.method.as_str()));
    }
    if call.method == "placeholder.svg" && callback.is_ok() && matches!(verb, Method::GET | Method::HEAD) {
        call.server.metrics().request(&call.method, Outcome::Ok, began.elapsed());
        return written(PLACEHOLDER.as_bytes().to_vec(), "image/svg+xml", true, &asked);
    }
    let answer = match (callback.is_err(), call.caller.must_wait) {
        (true, _) => Answer::error(StatusCode::BAD_REQUEST, "callback is not the name of a function"),
        (_, Some(wait)) => Answer::error(StatusCode::TOO_MANY_REQUESTS, "too many requests").after(wait),
        _ if !matches!(verb, Method::GET | Method::HEAD) => {
            Answer::error(StatusCode::METHOD_NOT_ALLOWED, "this is answered to GET")
        }
        _ => call.answer().await,
    };
    call.server.metrics().request(&call.method, answer.outcome, began.elapsed());
    respond(answer, &asked)
}

fn query_of(uri: &Uri) -> Query {
    Query::parse(uri.query().unwrap_or_default())
}

/// What may be asked, and by which pages.
fn options(asked: &Asked<'_>, is_public: bool) -> Response {
    let mut response = written(Vec::new(), "text/plain", is_public && asked.origin.is_none(), asked);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let verbs = HeaderValue::from_static("GET, HEAD, OPTIONS");
    response.headers_mut().insert(ALLOW, verbs.clone());
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_METHODS, verbs);
    response
}

impl Call {
    async fn answer(&self) -> Answer {
        if !METHODS.iter().any(|(known, _)| *known == self.method) {
            return Answer::error(StatusCode::NOT_FOUND, "there is no such method");
        }
        let view = self.server.view();
        let is_enabled = self.settings.config.enabled;
        match (self.method.as_str(), view) {
            ("getadapterinfo", view) => self.adapter_info(is_enabled && view.is_some()),
            _ if !is_enabled => self.as_if_nothing(),
            (_, None) => Answer::error(StatusCode::SERVICE_UNAVAILABLE, "the catalogue isn't there yet").after(SOON),
            ("getorders", _) => self.orders().of_customer().await,
            ("getorderdetails", _) => self.orders().details().await,
            ("getsalesreport", _) => self.orders().sales(),
            ("customerdata", Some(view)) => self.customer(&view).data().await,
            ("getcart", Some(view)) => self.customer(&view).cart().await,
            ("addtowishlist", Some(view)) => self.customer(&view).wish(self.query.text("productids")).await,
            (_, Some(view)) => self.of_products(view).await,
        }
    }

    fn adapter_info(&self, enabled: bool) -> Answer {
        Answer::private(json!({
            "platform": "Custom",
            "adapterName": "shelfkeeper",
            "adapterVersion": env!("CARGO_PKG_VERSION"),
            "developedBy": "shelfkeeper",
            "supportUrl": "",
            "apiVersion": "2.4",
            "enabled": enabled,
        }))
    }

    /// What is answered while the adapter is switched off.
    fn as_if_nothing(&self) -> Answer {
        let currency =
            self.settings.config.currency.map(|currency| currency.to_string().to_uppercase()).unwrap_or_default();
        match self.method.as_str() {
            "productsummary" | "productinfo" => Answer::public(json!([])),
            "productrelated" => Answer::public(json!({"total": 0, "results": []})),
            "search" => Answer::public(nothing()),
            "customerdata" => Answer::private(json!({
                "id": null, "firstName": null, "lastName": null, "email": null, "wishlist": [], "cart": [],
            })),
            "getcart" => {
                Answer::private(json!({"price": 0, "finalPrice": 0, "currency": currency, "totalItems": 0, "cart": []}))
            }
            "addtowishlist" => Answer::private(json!({"result": "false"})),
            _ => Answer::private(json!([])),
        }
        .with(Outcome::Empty)
    }

    fn customer<'c>(&'c self, view: &'c View) -> Customer<'c> {
        Customer {
            server: &self.server,
            settings: &self.settings,
            view,
            headers: &self.headers,
            address: self.caller.address.to_string(),
            locale: &self.locale,
        }
    }

    fn orders(&self) -> Orders<'_> {
        Orders {
            server: &self.server,
            settings: &self.settings,
            query: &self.query,
            locale: &self.locale,
            address: self.caller.address,
        }
    }

    /// Products are read off the async threads.
    async fn of_products(&self, view: Arc<View>) -> Answer {
        let (settings, locale, method) = (Arc::clone(&self.settings), self.locale.clone(), self.method.clone());
        let raw: Vec<(String, String)> = self.query.pairs().to_vec();
        let server = self.server.clone();
        let done = self.server.blocking(move || {
            let shower = Shower { settings: &settings.config, locale: &locale };
            let query = Query::of(raw);
            let told = told(&method, (&view, &shower), &query, &settings);
            told.inspect_err(|error| server.distrust(&view, error))
        });
        match done.await {
            Some(Ok(Some(value))) => Answer::public(value),
            Some(Ok(None)) => {
                Answer::error(StatusCode::SERVICE_UNAVAILABLE, "the search index isn't there yet").after(SOON)
            }
            Some(Err(_)) => Answer::error(StatusCode::SERVICE_UNAVAILABLE, "the catalogue can't be read").after(SOON),
            None => Answer::error(StatusCode::INTERNAL_SERVER_ERROR, "no answer"),
        }
    }
}

fn told(
    method: &str,
    (view, shower): (&View, &Shower<'_>),
    query: &Query,
    settings: &Settings,
) -> Result<Option<Value>, Broken> {
    match method {
        "productsummary" => summaries(view, shower, query.text("productids")).map(Some),
        "productinfo" => infos(view, shower, query.text("productids")).map(Some),
        "productrelated" => related(view, shower, query.text("productid")),
        _ => search(view, shower, query, currency(view, query, settings).as_deref()),
    }
}

/// In whose prices results are ordered and narrowed: what is asked for, what is set, what most products have.
fn currency(view: &View, query: &Query, settings: &Settings) -> Option<String> {
    let has = |asked: &String| view.generation.currencies().any(|(currency, _)| currency == asked.to_lowercase());
    let asked = query.get("currency").map(str::to_uppercase).filter(has);
    let set = settings.config.currency.map(|currency| currency.to_string().to_uppercase()).filter(has);
    asked.or(set).or_else(|| view.currency.clone())
}
