//! Products with every field, what NiceChat should make of them, and what a pass sent.

use std::collections::BTreeMap;

use sandbox::{Fetched, Kind, Logged, Object, cdn_address};
use serde_json::{Value, json};
use shelfkeeper::catalog::path_category;

use super::{Output, Shop};

/// A row of a Google text feed; what is empty is not there.
#[derive(Clone, Debug)]
pub(crate) struct Good {
    pub id: String,
    pub title: String,
    pub description: String,
    pub link: String,
    pub image: String,
    pub price: String,
    pub is_in_stock: bool,
    pub category: String,
}

/// A product with all its fields.
pub(crate) fn good(id: &str) -> Good {
    Good {
        id: id.to_owned(),
        title: format!("Good {id}"),
        description: format!("<p> About {id} </p>"),
        link: "https://shop.example/p".to_owned(),
        image: "https://shop.example/1.jpg".to_owned(),
        price: "10.00".to_owned(),
        is_in_stock: true,
        category: "Home > Light".to_owned(),
    }
}

/// Products `PREFIX000`, `PREFIX001` and so on.
pub(crate) fn goods(prefix: &str, count: usize) -> Vec<Good> {
    (0..count).map(|n| good(&format!("{prefix}{n:03}"))).collect()
}

impl Good {
    /// Itself with changes.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Good)) -> Good {
        change(&mut self);
        self
    }

    pub(crate) fn in_category(self, path: &str) -> Good {
        self.with(|good| path.clone_into(&mut good.category))
    }

    pub(crate) fn at_price(self, price: &str) -> Good {
        self.with(|good| price.clone_into(&mut good.price))
    }

    fn row(&self) -> String {
        let availability = if self.is_in_stock { "in_stock" } else { "out_of_stock" };
        // Columns in the order of the header.
        let price = if self.price.is_empty() { String::new() } else { format!("{} USD", self.price) };
        let cells = [
            &self.id,
            &self.title,
            &self.description,
            &self.link,
            &self.image,
            &price,
            &availability.to_owned(),
            &self.category,
        ];
        cells.map(String::as_str).join("\t")
    }

    /// What NiceChat is to hold of it, numbers aside.
    pub(crate) fn object(&self) -> Object {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let price: Option<f64> = text(&self.price).map(|price| price.parse().expect("a price"));
        let fields = json!({
            "id": self.id,
            "title": self.title,
            "description": text(&self.description),
            "url": text(&self.link),
            "image_url": text(&self.image),
            "price": price,
            "currency": price.map(|_| "usd"),
            "in_stock": self.is_in_stock,
            "category": text(&self.category).map(|path| category_id(&path)),
        });
        let Value::Object(mut fields) = fields else { panic!("fields are an object") };
        fields.retain(|_, value| !value.is_null());
        fields
    }
}

/// The id of a category's path.
pub(crate) fn category_id(path: &str) -> String {
    path_category(path).expect("a category").id.to_string()
}

/// What NiceChat is to hold of a category.
pub(crate) fn category(path: &str) -> Object {
    object(json!({"id": category_id(path), "name": path, "is_enabled": true}))
}

/// JSON that is an object.
pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

/// A text feed of these products.
pub(crate) fn feed(goods: &[Good]) -> String {
    let header = "id\ttitle\tdescription\tlink\timage_link\tprice\tavailability\tproduct_type\n";
    goods.iter().fold(header.to_owned(), |text, good| text + &good.row() + "\n")
}

/// Publishes a text feed of these products.
pub(crate) fn publish(shop: &Shop, goods: &[Good]) {
    shop.put_feed(feed(goods));
}

/// A shop with this feed and a first pass behind it.
pub(crate) fn synced(goods: &[Good], config: &str) -> Shop {
    let shop = Shop::new();
    shop.config(config);
    publish(&shop, goods);
    sync(&shop).ended(0);
    assert_equal(&shop, goods);
    shop
}

/// Fails unless NiceChat holds these products and their categories, and nothing else.
#[track_caller]
pub(crate) fn assert_equal(shop: &Shop, goods: &[Good]) {
    let nicechat = shop.nicechat();
    let cdn = nicechat.rules().cdn;
    let wanted = |good: &Good| {
        let mut object = good.object();
        if cdn && !good.image.is_empty() {
            object.insert("image_url".to_owned(), json!(cdn_address(&good.image)));
        }
        (good.id.clone(), object)
    };
    let wanted: BTreeMap<String, Object> = goods.iter().map(wanted).collect();
    let mut held = nicechat.objects(Kind::Product);
    for price in held.values_mut().filter_map(|object| object.get_mut("price")) {
        *price = json!(price.as_f64().expect("a number"));
    }
    assert_eq!(held, wanted);
    let paths = goods.iter().map(|good| good.category.as_str()).filter(|path| !path.is_empty());
    let categories: BTreeMap<String, Object> = paths.map(|path| (category_id(path), category(path))).collect();
    assert_eq!(nicechat.objects(Kind::Category), categories);
}

/// What a finished run printed, asked for and sent.
#[derive(Debug)]
pub(crate) struct Ran {
    pub output: Output,
    pub requests: Vec<Logged>,
    pub fetched: Vec<Fetched>,
}

/// `run --once`.
pub(crate) fn sync(shop: &Shop) -> Ran {
    run(shop, &["run", "--once"])
}

/// `run --resync`.
pub(crate) fn resync(shop: &Shop) -> Ran {
    run(shop, &["run", "--resync"])
}

/// Runs the program to its end and collects what came of it.
pub(crate) fn run(shop: &Shop, arguments: &[&str]) -> Ran {
    shop.nicechat().take_requests();
    let before = shop.fetches().len();
    let output = shop.run(arguments);
    Ran { output, requests: shop.nicechat().take_requests(), fetched: shop.fetches().split_off(before) }
}

impl Ran {
    /// Itself, if it ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Ran {
        assert_eq!(self.output.code, code, "{}\n{}\n{:#?}", self.output.stdout, self.output.stderr, self.lines());
        self
    }

    /// How many requests of which kind: `1 GET products, 2 POST products`.
    pub(crate) fn tally(&self) -> String {
        tally(&self.requests)
    }

    /// The writes in order: `PATCH products a`.
    pub(crate) fn lines(&self) -> Vec<String> {
        let writes = self.requests.iter().filter(|request| request.method != "GET");
        writes.map(|request| format!("{} {} {}", request.method, kind_name(request), id(request))).collect()
    }

    /// The body of the only request of this method about this object.
    #[track_caller]
    pub(crate) fn body(&self, method: &str, of: &str) -> Value {
        let mut found = self.requests.iter().filter(|request| request.method == method && id(request) == of);
        let body = found.next().unwrap_or_else(|| panic!("no {method} of {of}: {:?}", self.lines())).body.clone();
        assert!(found.next().is_none(), "several {method} of {of}: {:?}", self.lines());
        body.expect("a JSON body")
    }

    /// What the feed host answered.
    pub(crate) fn fetch_statuses(&self) -> Vec<u16> {
        self.fetched.iter().map(|fetched| fetched.status).collect()
    }
}

/// The kind of object that a request is about.
pub(crate) fn kind_name(request: &Logged) -> &'static str {
    request.kind.map_or("?", Kind::path_name)
}

/// The id that a request is about, from its path or its body.
pub(crate) fn id(request: &Logged) -> String {
    let in_body = || request.body.as_ref().and_then(|body| body["id"].as_str().map(str::to_owned));
    request.id.clone().or_else(in_body).unwrap_or_default()
}

/// How many requests of which kind: `1 GET products, 2 POST products`.
pub(crate) fn tally(requests: &[Logged]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for request in requests {
        *counts.entry(format!("{} {}", request.method, kind_name(request))).or_default() += 1;
    }
    counts.iter().map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
}
