//! NiceChat's REST API on the store: routes, the signature check, and what each method does.

use hyper::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::imports::Imports;
use super::orders::Orders;
use super::rules::Rules;
use super::tidy::{cdn_address, is_on_cdn, listed};
use crate::faults::{Manner, Target};
use crate::reply::{Answer, envelope};
use crate::sign::sign;
use crate::store::{Kind, Object, Store};
use crate::validate::{self, Extent};

/// What every path of the API starts with.
pub(crate) const ROOT: &str = "/marketplaces/v1/";

/// What NiceChat says when it is made to fail.
pub(super) const MANNER: Manner = Manner {
    failure: |status| Answer::error(status, "The sandbox was told to fail"),
    success: || accepted(Value::Null),
};

/// The answer to a request of too many; with how many seconds there is no use in trying, if any.
pub(super) fn too_many(seconds: u64) -> Answer {
    let retry_after = Some(seconds).filter(|seconds| *seconds > 0).map(|seconds| seconds.to_string());
    Answer { retry_after, ..Answer::error(StatusCode::TOO_MANY_REQUESTS, "Too many requests") }
}

/// A request to the API with everything that its answer depends on.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: String,
    /// As sent: percent-encoded, without the query.
    pub(super) path: String,
    pub(super) query: Option<String>,
    /// The `Host` header, to make whole URLs of.
    pub(super) host: Option<String>,
    pub(super) key: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) body: bytes::Bytes,
}

impl Call {
    /// The path and the query, as sent.
    pub(super) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// What fault rules look at.
    pub(super) fn target<'a>(&'a self, route: &'a Route) -> Target<'a> {
        let path = self.path.strip_prefix(ROOT).unwrap_or_default();
        Target { method: &self.method, path, kind: route.kind(), id: route.id(), store: None }
    }
}

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    List(Kind),
    One(Kind, String),
    Orders,
    /// Where feeds are pushed to.
    Import,
    /// The result of the import with this token.
    ImportResult(String),
    Unknown,
}

impl Route {
    /// Reads a raw path. Each part is decoded by itself, so that an id may hold `/`; the slash at the end is
    /// part of every path of NiceChat's page, and one without it is not known.
    pub(super) fn of(path: &str) -> Self {
        let parts = path.strip_prefix(ROOT).and_then(|path| path.strip_suffix('/'));
        match parts.map(|parts| parts.split_once('/').unwrap_or((parts, ""))) {
            Some(("orders", "")) => Self::Orders,
            Some(("import-products", "")) => Self::Import,
            Some(("import-products-result", token)) if !token.is_empty() && !token.contains('/') => {
                decoded(token).map_or(Self::Unknown, Self::ImportResult)
            }
            Some((name, id)) if !id.contains('/') => match (Kind::from_path_name(name), decoded(id)) {
                (Some(kind), Some(id)) if id.is_empty() => Self::List(kind),
                (Some(kind), Some(id)) => Self::One(kind, id),
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::List(kind) | Self::One(kind, _) => Some(*kind),
            Self::Orders | Self::Import | Self::ImportResult(_) | Self::Unknown => None,
        }
    }

    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::One(_, id) | Self::ImportResult(id) => Some(id),
            _ => None,
        }
    }
}

fn decoded(part: &str) -> Option<String> {
    let decoded = percent_decode_str(part).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// Whether a call has this key and a right signature, made of the raw path without its query
/// (NiceChat API page, section Authentication).
pub(super) fn is_authentic(call: &Call, key: &str, secret: &str) -> bool {
    let body: &[u8] = match call.method.as_str() {
        "GET" | "DELETE" => b"",
        _ => &call.body,
    };
    let wanted = sign(secret, &call.path, body, &call.method);
    call.key.as_deref() == Some(key) && call.signature.as_deref() == Some(wanted.as_str())
}

/// The answer to a call that isn't authentic.
pub(super) fn unauthorized() -> Answer {
    Answer::error(StatusCode::UNAUTHORIZED, "Access token or signature is non-valid")
}

/// The objects and the rules by which calls are answered.
#[derive(Debug, Default)]
pub(super) struct Api {
    pub(super) store: Store,
    pub(super) rules: Rules,
    pub(super) imports: Imports,
    pub(super) orders: Orders,
    /// How many image addresses off the CDN were accepted, each of which is a picture to fetch.
    pub(super) image_fetches: usize,
}

impl Api {
    /// Does what an authentic call asks for.
    pub(super) fn answer(&mut self, route: &Route, call: &Call) -> Answer {
        let route = &match route {
            Route::One(kind, id) => Route::One(*kind, self.held_as(*kind, id)),
            other => other.clone(),
        };
        let result = match (call.method.as_str(), route) {
            (_, Route::Unknown) => Err(not_found()),
            ("GET", Route::Orders) => self.list_orders(call),
            ("POST", Route::Import) => self.push_import(&call.body),
            ("GET", Route::ImportResult(token)) => self.import_result(token),
            ("GET", Route::List(kind)) => self.list(*kind, call),
            ("POST", Route::List(kind)) => self.create(*kind, &call.body),
            ("GET", Route::One(kind, id)) => self.read(*kind, id),
            ("PUT", Route::One(kind, id)) => self.rewrite(*kind, id, &call.body),
            ("PATCH", Route::One(kind, id)) => self.change(*kind, id, &call.body),
            ("DELETE", Route::One(kind, id)) => self.delete(*kind, id),
            _ => Err(Answer::error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")),
        };
        result.unwrap_or_else(|refusal| refusal)
    }

    fn list(&self, kind: Kind, call: &Call) -> Result<Answer, Answer> {
        let objects = self.store.of(kind);
        self.page(call, (objects.values(), objects.len()), |object| Value::Object(listed(object, &self.rules)))
    }

    fn list_orders(&self, call: &Call) -> Result<Answer, Answer> {
        let orders = self.orders.listed(self.rules.orders_oldest_first);
        let count = self.rules.orders_count.unwrap_or(orders.len());
        self.page(call, (orders.into_iter(), count), Value::clone)
    }

    /// The page of a listing that a call asks for; `count` is what it says of their number. Only what is on the page is
    /// shown: a listing of many pages would take a square of time otherwise.
    fn page<T>(
        &self,
        call: &Call,
        (all, count): (impl ExactSizeIterator<Item = T>, usize),
        show: impl Fn(T) -> Value,
    ) -> Result<Answer, Answer> {
        let size = self.rules.page_size.max(1);
        let last = all.len().div_ceil(size).max(1);
        let page = page_of(call.query.as_deref())
            .filter(|page| (1..=last).contains(page))
            .ok_or_else(|| Answer::error(StatusCode::NOT_FOUND, "Invalid page"))?;
        let results: Vec<Value> = all.skip((page - 1) * size).take(size).map(show).collect();
        let link = |page: usize| (1..=last).contains(&page).then(|| self.link(call, page));
        Ok(accepted(json!({
            "count": count,
            "next": link(page + 1),
            "previous": link(page - 1),
            "results": results,
        })))
    }

    /// The address of a page: whole, or only its path when the rules say so or the host isn't known.
    fn link(&self, call: &Call, page: usize) -> String {
        let path = &call.path;
        match call.host.as_deref().filter(|_| !self.rules.next_as_path) {
            Some(host) => format!("http://{host}{path}?page={page}"),
            None => format!("{path}?page={page}"),
        }
    }

    /// The id under which an object is held that is asked for by this one.
    fn held_as(&self, kind: Kind, id: &str) -> String {
        if !self.rules.ignore_case {
            return id.to_owned();
        }
        let folded = id.to_lowercase();
        let held = self.store.of(kind).keys().find(|held| held.to_lowercase() == folded);
        held.map_or(id, String::as_str).to_owned()
    }

    fn read(&self, kind: Kind, id: &str) -> Result<Answer, Answer> {
        let object = self.store.of(kind).get(id).ok_or_else(not_found)?;
        Ok(accepted(Value::Object(listed(object, &self.rules))))
    }

    fn create(&mut self, kind: Kind, body: &[u8]) -> Result<Answer, Answer> {
        let sent = self.accept(kind, Extent::New, body)?;
        // The check of the body has made sure of an id.
        let id = sent.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if self.store.of(kind).contains_key(&self.held_as(kind, &id)) {
            let description = "Object with this ID already exists";
            return Err(Answer::error(StatusCode::PRECONDITION_FAILED, description));
        }
        let kept = self.fetch_image(sent.clone());
        self.store.insert(kind, &id, kept);
        Ok(Answer::ok(StatusCode::CREATED, "Created", self.echo(kind, &id, sent)))
    }

    fn rewrite(&mut self, kind: Kind, id: &str, body: &[u8]) -> Result<Answer, Answer> {
        let sent = self.accept_for(kind, id, Extent::Rewrite, body)?;
        let kept = self.fetch_image(sent.clone());
        self.store.insert(kind, id, kept);
        Ok(self.modified(kind, id, sent))
    }

    fn change(&mut self, kind: Kind, id: &str, body: &[u8]) -> Result<Answer, Answer> {
        let sent = self.accept_for(kind, id, Extent::Change, body)?;
        let kept = self.fetch_image(sent.clone());
        self.store.merge(kind, id, kept);
        Ok(self.modified(kind, id, sent))
    }

    fn delete(&mut self, kind: Kind, id: &str) -> Result<Answer, Answer> {
        self.store.of_mut(kind).remove(id).ok_or_else(not_found)?;
        if !self.rules.delete_with_body {
            return Ok(Answer::empty(StatusCode::NO_CONTENT));
        }
        let body = envelope("ok", StatusCode::NO_CONTENT, "Accepted", Value::Null);
        Ok(Answer::json(StatusCode::OK, &body))
    }

    /// Reads the body of a write to an object that must be there already and keep its id.
    fn accept_for(&self, kind: Kind, id: &str, extent: Extent, body: &[u8]) -> Result<Object, Answer> {
        if !self.store.of(kind).contains_key(id) {
            return Err(not_found());
        }
        let sent = self.accept(kind, extent, body)?;
        match sent.get("id") {
            Some(other) if other != id => Err(bad_request("id: differs from the one in the path")),
            _ => Ok(sent),
        }
    }

    fn accept(&self, kind: Kind, extent: Extent, body: &[u8]) -> Result<Object, Answer> {
        let sent = validate::body(kind, extent, body).map_err(|problem| bad_request(&problem))?;
        match sent.get("category").and_then(Value::as_str) {
            Some(category) if self.refuses_category(category) => {
                Err(bad_request(&format!("category: {category:?} does not exist")))
            }
            _ => Ok(sent),
        }
    }

    fn refuses_category(&self, id: &str) -> bool {
        self.rules.strict_categories && !self.store.of(Kind::Category).contains_key(id)
    }

    /// Fetches the image that was sent, if it is a new one, and puts its address on the CDN in its place
    /// when the rules say so.
    pub(super) fn fetch_image(&mut self, mut object: Object) -> Object {
        if let Some(Value::String(url)) = object.get_mut("image_url")
            && !is_on_cdn(url)
        {
            self.image_fetches += 1;
            if self.rules.cdn {
                *url = cdn_address(url);
            }
        }
        object
    }

    /// The reply to a PUT or a PATCH, whose `result` has no id (NiceChat API page, Edit Category, Edit Product).
    fn modified(&self, kind: Kind, id: &str, sent: Object) -> Answer {
        let mut result = self.echo(kind, id, sent);
        if let Value::Object(fields) = &mut result {
            fields.remove("id");
        }
        Answer::ok(StatusCode::ACCEPTED, "Modified", result)
    }

    /// The object as a reply gives it: the fields sent as they were sent, unless replies are rewritten too.
    fn echo(&self, kind: Kind, id: &str, sent: Object) -> Value {
        let mut object = self.store.of(kind).get(id).cloned().unwrap_or_default();
        if self.rules.rewrite_replies {
            object = listed(&object, &self.rules);
        } else {
            object.extend(sent);
        }
        Value::Object(object)
    }
}

fn accepted(result: Value) -> Answer {
    Answer::ok(StatusCode::OK, "Accepted", result)
}

pub(super) fn not_found() -> Answer {
    Answer::error(StatusCode::NOT_FOUND, "Object not found")
}

fn bad_request(problem: &str) -> Answer {
    Answer::error(StatusCode::BAD_REQUEST, problem)
}

/// The page that a query asks for, the first when it says nothing; none when it isn't a number.
fn page_of(query: Option<&str>) -> Option<usize> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "page")
        .map_or(Some(1), |(_, page)| page.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_part_by_part() {
        let one = |id: &str| Route::One(Kind::Product, id.to_owned());
        let path = |rest: &str| Route::of(&format!("{ROOT}{rest}"));
        assert_eq!(path("products/"), Route::List(Kind::Product));
        assert_eq!(path("products/a%2Fb%20%23%3F%25/"), one("a/b #?%"));
        assert_eq!(path("products/%D1%87%D0%B0%D0%B9/"), one("чай"));
        assert_eq!(path("orders/"), Route::Orders);
        assert_eq!(path("import-products/"), Route::Import);
        assert_eq!(path("import-products-result/a-1/"), Route::ImportResult("a-1".to_owned()));
        for unknown in
            ["", "products", "products/1", "products/1/2/", "things/", "products/%FF/", "import-products-result/"]
        {
            assert_eq!(path(unknown), Route::Unknown, "{unknown}");
        }
    }
}
