//! What a listing is read for: adopting what is there, and repairing what drifted.

use crate::kit::Shop;
use crate::kit::goods::{
    Good, assert_equal, category, category_id, good, goods as many, object, publish, resync, run, sync, synced,
};
use sandbox::{Fault, Kind, NiceChat, Object, Rule, Rules};
use serde_json::{Value, json};

/// What NiceChat holds of a product whose picture it has copied.
fn held(good: &Good, image: &str) -> Object {
    let mut object = good.object();
    object.insert("image_url".to_owned(), json!(image));
    object
}

fn product(nicechat: &NiceChat, id: &str) -> Value {
    nicechat.object(Kind::Product, id).map(Value::Object).unwrap_or_default()
}

fn rewriting(rewrite_replies: bool) -> Rules {
    Rules { cdn: true, trim_html: true, float_prices: true, rewrite_replies, ..Rules::default() }
}

#[test]
fn objects_of_the_feed_are_adopted_and_others_left_alone() {
    let shop = Shop::new();
    let nicechat = shop.nicechat();
    let theirs = object(json!({"id": "theirs", "title": "Theirs", "category": "their-category"}));
    let copied = "https://cdn.nice.chat/media/copied.jpg";
    nicechat.put(Kind::Category, category("Home > Light"));
    nicechat.put(Kind::Category, object(json!({"id": "their-category", "name": "Theirs"})));
    nicechat.put(Kind::Product, held(&good("equal"), copied));
    nicechat.put(Kind::Product, held(&good("dearer").at_price("99.00"), copied));
    let mut bare = good("bare").object();
    bare.remove("image_url");
    bare.insert("description".to_owned(), json!("An old text"));
    nicechat.put(Kind::Product, bare);
    nicechat.put(Kind::Product, theirs.clone());

    let feed = [good("equal"), good("dearer"), good("bare").with(|bare| bare.description.clear()), good("new")];
    publish(&shop, &feed);
    let first = sync(&shop).ended(0);
    assert_eq!(first.tally(), "1 GET categories, 1 GET products, 2 PATCH products, 1 POST products");
    assert_eq!(first.body("PATCH", "dearer").to_string(), r#"{"price":10.00}"#);
    assert_eq!(first.body("PATCH", "bare"), json!({"description": null, "image_url": good("bare").image}));
    assert_eq!(product(&nicechat, "equal")["image_url"], copied, "the picture that is there stays");
    assert_eq!(nicechat.object(Kind::Product, "theirs"), Some(theirs.clone()));

    // What was adopted is ours from now on, what was not is not.
    let owned = shop.json(&["status", "--format", "json"])["owned"].clone();
    assert_eq!(owned, json!({"categories": 1, "products": 4}));
    assert_eq!(resync(&shop).ended(0).tally(), "1 GET categories, 1 GET products");
    publish(&shop, &feed[..1]);
    assert_eq!(sync(&shop).ended(0).tally(), "3 DELETE products");
    assert_eq!(nicechat.object(Kind::Product, "theirs"), Some(theirs));
    assert!(nicechat.object(Kind::Category, "their-category").is_some());
}

#[test]
fn a_picture_is_sent_again_only_when_the_source_names_another() {
    let shop = Shop::new();
    let nicechat = shop.nicechat();
    nicechat.put(Kind::Category, category("Home > Light"));
    nicechat.put(Kind::Product, held(&good("a"), "https://cdn.nice.chat/media/a.jpg"));
    publish(&shop, &[good("a")]);
    assert_eq!(sync(&shop).ended(0).tally(), "1 GET categories, 1 GET products");
    publish(&shop, &[good("a").at_price("8.00")]);
    assert_eq!(sync(&shop).ended(0).body("PATCH", "a").to_string(), r#"{"price":8.00}"#);
    assert_eq!(nicechat.image_fetches(), 0);
    let image = "https://shop.example/new.jpg";
    publish(&shop, &[good("a").at_price("8.00").with(|a| image.clone_into(&mut a.image))]);
    assert_eq!(sync(&shop).ended(0).body("PATCH", "a"), json!({"image_url": image}));
    assert_eq!(nicechat.image_fetches(), 1);
}

#[test]
fn a_category_of_the_same_id_is_adopted_and_put_right() {
    let shop = Shop::new();
    let mut off = category("Home > Light");
    off.insert("is_enabled".to_owned(), json!(false));
    off.insert("name".to_owned(), json!("home"));
    shop.nicechat().put(Kind::Category, off);
    publish(&shop, &[good("a")]);
    let first = sync(&shop).ended(0);
    assert_eq!(first.tally(), "1 GET categories, 1 GET products, 1 PATCH categories, 1 POST products");
    let wanted = json!({"is_enabled": true, "name": "Home > Light"});
    assert_eq!(first.body("PATCH", &category_id("Home > Light")), wanted);
    assert_equal(&shop, &[good("a")]);
}

#[test]
fn prune_all_deletes_what_is_not_in_the_feed() {
    let shop = Shop::new();
    shop.config("[nicechat]\nprune = \"all\"");
    for n in 0..3 {
        shop.nicechat().put(Kind::Product, object(json!({"id": format!("theirs {n}"), "title": "Theirs"})));
    }
    shop.nicechat().put(Kind::Category, object(json!({"id": "theirs", "name": "Theirs"})));
    publish(&shop, &[good("a")]);
    let sent = "1 DELETE categories, 3 DELETE products, 1 GET categories, 1 GET products, \
                1 POST categories, 1 POST products";
    assert_eq!(sync(&shop).ended(0).tally(), sent);
    assert_equal(&shop, &[good("a")]);
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn a_listing_of_many_pages_is_read_whole() {
    for next_as_path in [true, false] {
        let shop = Shop::new();
        let feed = many("p", 25);
        shop.nicechat().set_rules(Rules { page_size: 10, next_as_path, ..Rules::default() });
        shop.nicechat().put(Kind::Category, category("Home > Light"));
        for good in &feed {
            shop.nicechat().put(Kind::Product, good.object());
        }
        publish(&shop, &feed);
        let first = sync(&shop).ended(0);
        assert_eq!(first.tally(), "1 GET categories, 3 GET products", "next_as_path = {next_as_path}");
        let pages: Vec<&str> = first.requests.iter().map(|request| request.path.as_str()).collect();
        let products = "/marketplaces/v1/products/";
        assert_eq!(pages[1..], [products, &format!("{products}?page=2"), &format!("{products}?page=3")]);
        assert_equal(&shop, &feed);
    }
}

#[test]
fn a_resync_repairs_what_drifted_and_nothing_else() {
    let feed = [good("edited"), good("deleted"), good("both").in_category("Toys"), good("fine")];
    let shop = synced(&feed, "");
    let nicechat = shop.nicechat();
    nicechat.edit(Kind::Product, "edited", object(json!({"title": "Typed by hand", "price": 1})));
    nicechat.remove(Kind::Product, "deleted");
    nicechat.edit(Kind::Product, "both", object(json!({"description": null, "in_stock": false})));
    nicechat.edit(Kind::Category, &category_id("Toys"), object(json!({"name": "T"})));
    assert_eq!(sync(&shop).ended(0).tally(), "", "a sync looks at the feed alone");

    let plan = run(&shop, &["plan", "--resync", "--format", "json", "--detailed-exitcode"]).ended(10);
    assert_eq!(plan.tally(), "1 GET categories, 1 GET products");
    assert_eq!(plan.output.json()["summary"]["update"], 3);

    let repair = resync(&shop).ended(0);
    let sent = "1 GET categories, 1 GET products, 1 PATCH categories, 2 PATCH products, 1 POST products";
    assert_eq!(repair.tally(), sent);
    assert_eq!(repair.body("PATCH", "edited").to_string(), r#"{"price":10.00,"title":"Good edited"}"#);
    assert_eq!(repair.body("PATCH", "both"), json!({"description": feed[2].description, "in_stock": true}));
    assert_equal(&shop, &feed);
    assert_eq!(resync(&shop).ended(0).tally(), "1 GET categories, 1 GET products");
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn what_drifted_while_the_feed_lacked_it_is_put_right_when_it_comes_back() {
    for config in [
        "[nicechat]\nprune = \"none\"",
        "[guard]\ndelete_after = \"48h\"",
        "[guard]\ndelete_after = \"48h\"\nmissing = \"out_of_stock\"",
    ] {
        let all = many("p", 3);
        let shop = synced(&all, config);
        publish(&shop, &all[..2]);
        sync(&shop).ended(0);
        shop.nicechat().edit(Kind::Product, "p002", object(json!({"price": 12, "title": "Typed by hand"})));
        assert_eq!(resync(&shop).ended(0).lines(), [""; 0], "{config}");
        publish(&shop, &all);
        assert_eq!(sync(&shop).ended(0).lines(), ["PATCH products p002"], "{config}");
        assert_equal(&shop, &all);
    }
}

#[test]
fn what_drifted_and_could_not_be_put_right_is_remembered() {
    let all = many("p", 40);
    let shop = synced(&all, "");
    shop.nicechat().edit(Kind::Product, "p007", object(json!({"price": 12})));
    let slipped: Vec<Good> = all.iter().cloned().map(|good| good.at_price("1000.00")).collect();
    publish(&shop, &slipped);
    assert_eq!(resync(&shop).ended(4).lines(), [""; 0], "the guard holds the prices");
    publish(&shop, &all);
    let pass = sync(&shop).ended(0);
    assert_eq!(pass.tally(), "1 PATCH products");
    assert_eq!(pass.body("PATCH", "p007").to_string(), r#"{"price":10.00}"#);
    assert_equal(&shop, &all);
}

#[test]
fn what_is_ours_and_unwanted_is_deleted_also_when_a_listing_lacks_it() {
    let shop = synced(&many("p", 4), "");
    shop.nicechat().remove(Kind::Product, "p003");
    publish(&shop, &many("p", 3));
    let sent = "1 DELETE products, 1 GET categories, 1 GET products";
    assert_eq!(resync(&shop).ended(0).tally(), sent, "a page that moved while it was read may have had it");
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["owned"]["products"], &status["pending"]), (&json!(3), &json!(0)));
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn nicechats_own_spelling_is_not_drift() {
    for rewrite_replies in [false, true] {
        let mut feed = many("p", 4);
        feed[1].price = "19.99".into();
        feed[2].description = "plain".into();
        let shop = Shop::new();
        shop.nicechat().set_rules(rewriting(rewrite_replies));
        publish(&shop, &feed);
        sync(&shop).ended(0);
        let lists = "1 GET categories, 1 GET products";

        feed[0] = feed[0].clone().at_price("12.50");
        publish(&shop, &feed);
        assert_eq!(sync(&shop).ended(0).body("PATCH", "p000").to_string(), r#"{"price":12.50}"#);
        let fetched = shop.nicechat().image_fetches();
        resync(&shop).ended(0);
        assert_eq!(resync(&shop).ended(0).tally(), lists, "rewrite_replies = {rewrite_replies}");
        assert_eq!(resync(&shop).ended(0).tally(), lists);
        assert_eq!(shop.nicechat().image_fetches(), fetched, "no picture was sent again");

        // A change by hand is still seen among all that rewriting, and repaired alone.
        shop.nicechat().edit(Kind::Product, "p003", object(json!({"description": "by hand", "price": 3})));
        let repair = resync(&shop).ended(0);
        assert_eq!(repair.lines(), ["PATCH products p003"]);
        let wanted = format!(r#"{{"description":{:?},"price":10.00}}"#, feed[3].description);
        assert_eq!(repair.body("PATCH", "p003").to_string(), wanted);
        resync(&shop).ended(0);
        assert_eq!(resync(&shop).ended(0).tally(), lists);
        assert_equal(&shop, &feed);
    }
}

#[test]
fn a_repair_that_is_undone_is_told_once_and_made_once_until_the_source_changes() {
    let shop = Shop::new();
    shop.nicechat().set_rules(Rules { trim_html: true, ..Rules::default() });
    publish(&shop, &[good("a")]);
    sync(&shop).ended(0);
    let told = |log: &str| log.matches("its own way").count();
    let mut repairs = Vec::new();
    let mut tellings = 0;
    for _ in 0..4 {
        let pass = resync(&shop).ended(0);
        repairs.push(pass.lines().len());
        tellings += told(&pass.output.stderr);
    }
    assert!(repairs.iter().sum::<usize>() <= 1, "{repairs:?}");
    assert_eq!(repairs[1..], [0, 0, 0]);
    assert_eq!(tellings, 1);
    // A change of another field leaves the lesson as it is.
    publish(&shop, &[good("a").at_price("11.00")]);
    assert_eq!(sync(&shop).ended(0).lines().len(), 1);
    assert_eq!(resync(&shop).ended(0).lines().len(), 0);
    // The source's own change is sent.
    let changed = [good("a").at_price("11.00").with(|a| a.description = "<b> Other </b>".into())];
    publish(&shop, &changed);
    assert_eq!(sync(&shop).ended(0).body("PATCH", "a"), json!({"description": "<b> Other </b>"}));
    resync(&shop).ended(0);
    assert_eq!(resync(&shop).ended(0).lines().len(), 0);
    assert_equal(&shop, &changed);
}

#[test]
fn adopting_from_a_nicechat_that_rewrites_ends_in_peace() {
    let feed = many("p", 3);
    let shop = synced(&feed, "");
    shop.nicechat().set_rules(rewriting(false));
    shop.config(&format!("[state]\npath = {:?}", shop.path("another.db")));
    sync(&shop).ended(0);
    resync(&shop).ended(0);
    assert_eq!(resync(&shop).ended(0).tally(), "1 GET categories, 1 GET products");
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn what_was_refused_is_tried_again_by_a_resync() {
    let shop = synced(&[good("a"), good("b")], "");
    let refusal = Rule { method: Some("PATCH".into()), id: Some("a".into()), ..Rule::new(Fault::status(400)) };
    shop.nicechat().add_fault(refusal);
    let feed = [good("a").at_price("7.00"), good("b")];
    publish(&shop, &feed);
    assert_eq!(sync(&shop).ended(3).tally(), "1 PATCH products");
    assert_eq!(sync(&shop).ended(3).tally(), "");
    assert_eq!(resync(&shop).ended(3).tally(), "1 GET categories, 1 GET products, 1 PATCH products");
    shop.nicechat().clear_faults();
    assert_eq!(sync(&shop).ended(3).tally(), "", "nothing has changed");
    assert_eq!(resync(&shop).ended(0).body("PATCH", "a").to_string(), r#"{"price":7.00}"#);
    assert_equal(&shop, &feed);
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}
