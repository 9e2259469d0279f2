//! Control over HTTP, unsigned, for people who run `shelfkeeper sandbox` in a terminal.

mod answers;
mod emplifi;
mod lagerkoll;
mod newstore;
mod nicechat;

use hyper::{Method, StatusCode};

use crate::reply::Answer;
use crate::site::Site;

/// What every path of the control starts with.
pub(super) const ROOT: &str = "/sandbox/";

const HELP: &str = r#"shelfkeeper's sandbox: an in-memory NiceChat under /marketplaces/v1/, a Lagerkoll under /v1/events/,
an Emplifi under /gis/rest/api/v1/live-advisor/, and a NewStore under /clienteling/ and /auth/realms/.

GET    /sandbox/objects                what NiceChat holds
POST   /sandbox/objects/products       put an object there (or .../categories), as if made by someone else
GET    /sandbox/requests               what it was sent, and what came of it
GET    /sandbox/counts                 how many requests, by method and type
GET    /sandbox/imports                the feeds that were pushed, and what came of them
GET    /sandbox/orders                 the orders; POST adds one of any form, DELETE /sandbox/orders/ID takes it away
GET    /sandbox/rules                  how it behaves
PUT    /sandbox/rules                  change that; only what is named changes
POST   /sandbox/faults                 make requests go wrong
DELETE /sandbox/faults                 let all go well again

Examples of rules:
  {"cdn": true, "trim_html": true, "float_prices": true, "latency_ms": 50, "most_per_second": 20,
   "page_size": 10}
  {"ignore_case": true}
  {"orders_oldest_first": true, "orders_count": 7}
  {"import_enqueued_ms": 2000, "import_started_ms": 5000, "import_recopies_images": true}
  {"import_fails": {"failure": "halfway", "times": 3}}
  also "before", "stuck_enqueued", "stuck_started", {"forgotten": {"imported": true}}, {"partial": {"every": 2}}
Examples of faults:
  {"fault": "reset", "applied": true, "method": "POST", "kind": "products", "times": 2}
  {"fault": {"status": {"code": 429, "retry_after": "2"}}, "after": 10, "every": 3}
  {"fault": {"status": {"code": 502, "html": true}}, "id": "SKU-1"}
  {"fault": "hang", "path": "import-products-result/", "times": 1}
  also "html200", "half_json", "cut_body", "xml", {"json": {"code": 200, "body": {"any": "thing"}}},
  {"text": {"code": 200, "body": "any text; {n} is how often"}}

Lagerkoll has the same under /sandbox/lagerkoll/: requests, counts, rules, faults. And
GET    /sandbox/lagerkoll/events           the events of all stores, by id
POST   /sandbox/lagerkoll/events/STORE     add an event of any fields, as if made by someone else
PATCH  /sandbox/lagerkoll/events/STORE/ID  change fields of it
DELETE /sandbox/lagerkoll/events/STORE/ID  take it away
POST   /sandbox/lagerkoll/stores           open a store: {"store": "4712", "api_key": "key"}
POST   /sandbox/lagerkoll/users/STORE      let someone in: {"id": 7, "token": "token", "name": "Name"}
POST   /sandbox/lagerkoll/advance          let time pass for the limit: {"seconds": 60}

Examples of its rules:
  {"limit": 10, "window_ms": 60000, "retry_after": "date", "reverse_keys": true, "adds_seconds": true,
   "latency_ms": 50}
  "retry_after" is also "seconds" or "missing"; a limit of 0 is none
An example of its faults:
  {"fault": "reset", "applied": true, "method": "POST", "store": "4711", "times": 1}

Emplifi has the same under /sandbox/emplifi/: requests, counts, rules, faults. And
GET    /sandbox/emplifi/advisors           who may be there; from the start, it is sofa-team
POST   /sandbox/emplifi/advisors           add one: {"alias": "beds", "keys": ["beds"], "available": true}
PUT    /sandbox/emplifi/advisors           these and no others: a list of such
PATCH  /sandbox/emplifi/advisors/ALIAS     change one: {"available": false}
DELETE /sandbox/emplifi/advisors/ALIAS     take one away
Of its faults, "id" is the alias, and "path" begins with direct/ or multi-level/.

NewStore has the same under /sandbox/newstore/: requests, counts, rules, faults. And
GET    /sandbox/newstore/stores            the stores; from the start 10001, 10002 and 10003
POST   /sandbox/newstore/stores            open one: {"id": "10004"}; PUT: these and no others, a list of such
DELETE /sandbox/newstore/stores/ID         close one
GET    /sandbox/newstore/numbers           the numbers for sale; one that is bought vanishes
POST   /sandbox/newstore/numbers           offer one: {"phone_number": "+19045550199", "locality": "Jacksonville",
                                           "region": "FL"}; also "store" (only for this one), "owned" (not listed)
PUT    /sandbox/newstore/numbers           these and no others: a list of such
DELETE /sandbox/newstore/numbers/NUMBER    somebody else buys it
PUT    /sandbox/newstore/retailer          set it up: {"ecom_link": "https://shop.example"}; null undoes it
DELETE /sandbox/newstore/tokens            let all tokens end
An example of its rules:
  {"token_seconds": 60, "paths": {"status": "GET /clienteling/retailers/status"}, "latency_ms": 50}
  also "retailer", "onboard" and "numbers"; those that are left out are as they were from the start
Of its faults, "id" is the store, and "path" begins with clienteling/ or auth/.
"#;

/// Answers a request to `/sandbox/<place>`.
pub(super) fn answer(site: &Site, method: &Method, place: &str, body: &[u8]) -> Answer {
    let place = place.trim_end_matches('/');
    if let Some(place) = place.strip_prefix("emplifi/") {
        return emplifi::answer(&site.emplifi, method.as_str(), place, body).unwrap_or_else(|refusal| refusal);
    }
    if let Some(place) = place.strip_prefix("newstore/") {
        return newstore::answer(&site.newstore, method.as_str(), place, body).unwrap_or_else(|refusal| refusal);
    }
    let done = match (method.as_str(), place.strip_prefix("lagerkoll/")) {
        ("GET", _) if place.is_empty() => Ok(Answer::text(StatusCode::OK, HELP)),
        (method, Some(place)) => lagerkoll::answer(&site.lagerkoll, method, place, body),
        (method, None) => nicechat::answer(&site.nicechat, method, place, body),
    };
    done.unwrap_or_else(|refusal| refusal)
}
