//! A small shop with an Oct8ne adapter, and what must hold of each of its answers.

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use serde_json::Value;
use shelfkeeper::catalog::{Category, Id, Item, Local, Money};
use shelfkeeper::config::Config;
use shelfkeeper::systems::catalog::{Note, SHOWN, shown};
use shelfkeeper::systems::oct8ne::Preview;
use std::sync::Arc;
use tokio::runtime::Runtime;

const CONFIG: &str = r#"
[source]
location = "feed.txt"
[http]
public_listen = "127.0.0.1:0"
[oct8ne]
shop_url = "https://shop.example"
api_token = "right"
"#;

/// Title, brand, category, price, and whether it is in stock.
const GOODS: [(&str, &str, &str, &str, bool); 6] = [
    ("Lamp </script><b>big</b>", "Acme", "Home > Light", "10.00 EUR", true),
    ("Лампа настольная ёлка", "Acme", "Home > Light", "12.50 EUR", false),
    ("Chaise pliante 500 ml", "O'Neil & \"Sons\"", "Home > Chairs", "1500 USD", true),
    ("Straße & Müll\u{2028}", "", "Home", "3 EUR", true),
    ("lamp red lamp", "Ünïcode", "Light", "12 EUR", true),
    ("***", "", "", "0 EUR", true),
];

/// The shop.
pub struct Trial {
    preview: Preview,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

impl Default for Trial {
    fn default() -> Trial {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, state) = (folder.path().join("shelfkeeper.toml"), folder.path().join("state.db"));
        std::fs::write(&path, CONFIG).expect("written");
        let mut draft = shown(&state).begin().expect("begun");
        for (number, good) in GOODS.iter().enumerate() {
            draft.add_whole(&item(number, good), Note::default(), None).expect("added");
        }
        draft.finish(SHOWN).expect("on the shelf");
        let settings = Config::load(&path).expect("a good config").oct8ne.expect("an adapter");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Trial { preview: Preview::new(settings, state), runtime, _folder: folder }
    }
}

fn item(number: usize, (title, brand, category, price, in_stock): &(&str, &str, &str, &str, bool)) -> Item {
    let money = Money::parse(price).expect("a price");
    let mut local = Local::default();
    local.set_brand(brand);
    local.add_code("4006381333931");
    let category = Id::parse(category.get(..1).unwrap_or_default()).ok();
    let category = category.map(|id| Arc::new(Category { id, name: Some("Home > Light".to_owned()) }));
    Item {
        id: Id::parse(&format!("p,{number}<")).expect("an id"),
        category,
        title: (*title).to_owned(),
        price: Some(money.price),
        currency: money.currency,
        description: Some("<p onclick=x>Bright</p><script>no</script>".to_owned()),
        url: Some("https://shop.example/p?utm_source=x".to_owned()),
        image_url: None,
        in_stock: *in_stock,
        local,
    }
}

impl Trial {
    /// Asks for what stands behind `/oct8ne/frame/`, and looks at the answer.
    pub fn ask(&self, rest: &str) {
        let Ok(request) = Request::get(format!("/oct8ne/frame/{rest}")).body(Body::empty()) else { return };
        let uri = request.uri().clone();
        let (response, body) = self.answer(request);
        let kind = response.headers()["content-type"].to_str().expect("a type").to_owned();
        if kind == "image/svg+xml" {
            return;
        }
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let text = std::str::from_utf8(&body).expect("UTF-8");
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{uri}: {text}");
        let json = match kind.as_str() {
            "application/json; charset=utf-8" => text,
            "application/javascript; charset=utf-8" => {
                let (name, rest) = text.split_once('(').expect("a call");
                let is_name = |part: &str| {
                    let letters = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$".contains(&byte));
                    letters && part.bytes().next().is_some_and(|first| !first.is_ascii_digit())
                };
                assert!(name.len() <= 128 && name.split('.').all(is_name), "{uri}: {name}");
                rest.strip_suffix(");").expect("the end of a call")
            }
            // Nothing of ours.
            "text/plain; charset=utf-8" if response.status() == StatusCode::NOT_FOUND => return,
            other => panic!("{uri}: {other}"),
        };
        serde_json::from_str::<Value>(json).expect("JSON");
    }

    /// Searches, and looks whether what is told holds together.
    pub fn search(&self, text: &str) {
        let found = self.found(text, "");
        let total = found["total"].as_u64().expect("a number");
        let results = found["results"].as_array().expect("a list");
        assert_eq!(results.len() as u64, total.min(10), "{text:?}");
        assert!(total <= GOODS.len() as u64, "{text:?}");
        for facet in found["filters"]["available"].as_array().expect("a list") {
            for option in facet["options"].as_array().expect("a list") {
                let value = url_encoded(option["value"].as_str().expect("a text"));
                let narrowed = self.found(text, &format!("&{}={value}", facet["param"].as_str().expect("a text")));
                assert_eq!(narrowed["total"].to_string(), option["count"].as_str().expect("a text"), "{text:?}");
            }
        }
    }

    fn found(&self, text: &str, more: &str) -> Value {
        let uri = format!("/oct8ne/frame/search?search={}{more}", url_encoded(text));
        let Ok(request) = Request::get(uri).body(Body::empty()) else {
            // Longer than any address.
            return serde_json::json!({"total": 0, "results": [], "filters": {"available": []}});
        };
        let (response, body) = self.answer(request);
        assert_eq!(response.status(), StatusCode::OK);
        serde_json::from_slice(&body).expect("JSON")
    }

    fn answer(&self, request: Request<Body>) -> (Response<()>, Vec<u8>) {
        self.runtime.block_on(async {
            let (parts, body) = self.preview.answer(request).await.into_parts();
            let body = to_bytes(body, usize::MAX).await.expect("a body");
            (Response::from_parts(parts, ()), body.to_vec())
        })
    }
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
