//! What the catalogue is: the last feed that was read whole, whatever NiceChat does.

use sandbox::{Fault, Rule};
use serde_json::{Value, json};

use super::face::{Face, config, feed, shop};
use crate::kit::{Shop, wait_until};

fn row(id: usize, title: &str, price: &str) -> String {
    format!("{id}|{title}|||||{price}||in stock|Home|||")
}

fn put(shop: &Shop, rows: &[String]) {
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    shop.put_feed(feed(&rows));
}

fn title(face: &Face, id: usize) -> Value {
    face.json(&format!("productSummary?productIds={id}"))[0]["title"].clone()
}

#[test]
fn it_is_there_without_nicechat_and_served_again_at_once() {
    let shop = shop(&["1|Lamp|||||10 EUR||in stock|Home|||"], "");
    // NiceChat refuses everything.
    shop.nicechat().add_fault(Rule::new(Fault::status(503)));
    let face = Face::ready(&shop);
    assert_eq!(title(&face, 1), "Lamp");
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(status["oct8ne"]["products"], 1, "{status}");
    face.process.kill();
    // The feed's host is away, too.
    shop.put_feed("");
    let face = Face::start(&shop);
    wait_until("the last one is served", || face.get("getAdapterInfo").json()["enabled"] == true);
    assert_eq!(title(&face, 1), "Lamp");
}

#[test]
fn a_nicechat_that_never_answers_keeps_nobody_waiting() {
    let shop = shop(&["1|Lamp|||||10 EUR||in stock|Home|||"], "");
    shop.nicechat().add_fault(Rule::new(Fault::Hang));
    let face = Face::ready(&shop);
    assert_eq!(title(&face, 1), "Lamp");
}

#[test]
fn a_pass_replaces_it_and_damage_is_made_good() {
    let shop = shop(&["1|Lamp|||||10 EUR||in stock|Home|||", "2|Chair|||||10 EUR||in stock|Home|||"], "");
    shop.config(&config("").replace("every 12h", "every 1s"));
    let face = Face::ready(&shop);
    shop.put_feed(feed(&["1|Lantern|||||10 EUR||in stock|Home|||", "3||||||10 EUR||in stock|Home|||"]));
    wait_until("the feed is shown", || title(&face, 1) == "Lantern");
    assert_eq!(face.json("productSummary?productIds=2"), json!([]), "it is gone");
    assert_eq!(face.found("search=lantern"), ["1"]);
    face.process.kill();
    let mut folder = shop.state_path().into_os_string();
    folder.push(".shelf");
    std::fs::remove_dir_all(&folder).expect("removed");
    let face = Face::ready(&shop);
    assert_eq!(title(&face, 1), "Lantern", "the same bytes were read again");
}

#[test]
fn rejected_rows_keep_their_last_good_state() {
    let shop = shop(&["1|Lamp|||||10 EUR||in stock|Home|||", "2|Chair|||||10 EUR||in stock|Home|||"], "");
    shop.run(&["run", "--once"]).expect_code(0);
    shop.put_feed(feed(&["1|Lantern|||||free||in stock|Home|||", "2|Stool|||||10 EUR||in stock|Home|||"]));
    let face = Face::ready(&shop);
    wait_until("the feed is shown", || title(&face, 2) == "Stool");
    assert_eq!(title(&face, 1), "Lamp");
}

#[test]
fn what_the_guard_holds_is_as_it_was() {
    let shop = Shop::new();
    shop.config(&config(""));
    let all: Vec<String> = (0..40).map(|id| row(id, "Lamp", "10 EUR")).collect();
    put(&shop, &all);
    shop.run(&["run", "--once"]).expect_code(0);
    // Most are gone, and the prices of those that are left are a hundredth of what they were.
    let mut less: Vec<String> = (0..20).map(|id| row(id, "Lantern", "0.10 EUR")).collect();
    less.push(row(99, "New", "1 EUR"));
    put(&shop, &less);
    shop.run(&["run", "--once"]).expect_code(4);
    let face = Face::ready(&shop);
    wait_until("the feed is shown", || title(&face, 1) == "Lantern");
    let summary = |id: usize| face.json(&format!("productSummary?productIds={id}"))[0].clone();
    assert_eq!((summary(1)["formattedPrice"].as_str(), title(&face, 39)), (Some("€10.00"), json!("Lamp")));
    assert_eq!(title(&face, 99), "New");
    shop.run(&["run", "--once", "--force"]);
    face.process.kill();
    shop.run(&["run", "--once", "--force"]).expect_code(0);
    let face = Face::ready(&shop);
    assert_eq!(face.json("productSummary?productIds=39"), json!([]));
    assert_eq!(face.json("productSummary?productIds=1")[0]["formattedPrice"], "€0.10");
}

#[test]
fn what_the_guard_holds_is_left_out_where_nobody_knows_what_it_was() {
    let shop = Shop::new();
    shop.config(&config(""));
    let all: Vec<String> = (0..40).map(|id| row(id, "Lamp", "10 EUR")).collect();
    put(&shop, &all);
    shop.run(&["run", "--once"]).expect_code(0);
    let next = |title: &str| -> Vec<String> {
        (0..40).map(|id| row(id, title, if id < 30 { "0.10 EUR" } else { "10 EUR" })).collect()
    };
    put(&shop, &next("Lantern"));
    shop.run(&["run", "--once"]).expect_code(4);
    let mut folder = shop.state_path().into_os_string();
    folder.push(".shelf");
    // Also when the feed is another one, and held still.
    for title_now in ["Lantern", "Torch"] {
        let _ = std::fs::remove_dir_all(&folder);
        put(&shop, &next(title_now));
        shop.run(&["run", "--once"]).expect_code(4);
        let face = Face::ready(&shop);
        assert_eq!((title(&face, 35), face.json("productSummary?productIds=1")), (json!(title_now), json!([])));
        put(&shop, &next("Candle"));
        face.process.kill();
        shop.run(&["run", "--once"]).expect_code(4);
        let face = Face::ready(&shop);
        assert_eq!((title(&face, 35), face.json("productSummary?productIds=1")), (json!("Candle"), json!([])));
    }
}

#[test]
fn before_there_is_one_everybody_is_asked_to_come_back() {
    let shop = Shop::new();
    shop.config(&config(""));
    let face = Face::start(&shop);
    assert_eq!(face.json("getAdapterInfo")["enabled"], false);
    for method in [
        "search?search=a",
        "productSummary?productIds=1",
        "productRelated?productId=1",
        "getCart",
        "getOrders?customerEmail=a",
        "getOrderDetails?reference=1",
        "getSalesReport",
    ] {
        let answer = face.get(method);
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{method}");
    }
}

#[test]
fn what_is_damaged_is_made_again() {
    let rows: Vec<String> = (0..300).map(|id| row(id, &format!("Lamp number {id} of them all"), "10 EUR")).collect();
    let shop = Shop::new();
    put(&shop, &rows);
    shop.config(&config("").replace("every 12h", "every 1s"));
    let face = Face::ready(&shop);
    let file = |name: &str| {
        let mut folder = shop.state_path().into_os_string();
        folder.push(".shelf/shown");
        let generations = std::path::PathBuf::from(folder).read_dir().expect("a folder").flatten();
        generations.map(|entry| entry.path().join(name)).find(|path| path.exists())
    };
    for name in ["index", "items"] {
        let path = file(name).expect("a file");
        let mut bytes = std::fs::read(&path).expect("the file");
        // Its blocks, and not its end.
        let last = bytes.len() - 200;
        bytes[100..last].fill(0);
        // In its place: who has it open sees it.
        let mut open = std::fs::OpenOptions::new().write(true).open(&path).expect("the file");
        std::io::Write::write_all(&mut open, &bytes).expect("written");
        let is_right =
            || face.get("search?search=lamp").status == 200 && face.get("productSummary?productIds=7").status == 200;
        wait_until("it is made again", is_right);
        assert_eq!(face.json("search?search=lamp")["total"], 300, "{name}");
    }
    drop(face);
    // The empty file that says who holds it: whatever tidies up takes those.
    std::fs::remove_file(file("shown").expect("a file")).expect("removed");
    let pass = shop.run(&["run", "--once"]).expect_code(0);
    assert!(pass.stderr.contains("it is made again"), "{pass:?}");
    let face = Face::start(&shop);
    wait_until("it is shown", || face.get("productSummary?productIds=7").status == 200);
}

#[test]
fn what_comes_next_is_explained_beside_nicechat() {
    let lamps: Vec<String> = (0..40).map(|id| row(id, "Lamp", "10 EUR")).collect();
    let shop = shop(&[], "");
    put(&shop, &lamps);
    shop.run(&["run", "--once"]).expect_code(0);
    let words = |id: &str| -> Vec<String> {
        let told = shop.json(&["explain", "--format", "json", id]);
        let words = told["next"]["words"].as_array().expect("words").iter();
        words.map(|word| word.as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(words("3"), ["Nothing: NiceChat has what the feed says."]);
    let mut next = lamps.clone();
    // A brand is shown, and NiceChat isn't sent it.
    next[3] = "3|Lamp|||||10 EUR||in stock|Home|Lumo||".to_owned();
    next[4] = row(4, "Lantern", "10 EUR");
    next[5] = row(50, "New", "10 EUR");
    next[6] = row(6, "Lamp", "free");
    put(&shop, &next);
    let told = words("3");
    assert_eq!(told[..2], ["Nothing: NiceChat has what the feed says.", "Oct8ne: Changes what is shown:"], "{told:?}");
    assert!(told[2].contains("Lumo"), "{told:?}");
    let told = words("4").join("|");
    assert!(
        told.starts_with("Changes it:|title: ") && told.contains("|Oct8ne: Changes what is shown:|title: "),
        "{told}"
    );
    assert_eq!(words("5").last().map(String::as_str), Some("Oct8ne: Shows it no more: the feed has it no more."));
    assert_eq!(words("50"), ["Creates it.", "Oct8ne: Shows it."]);
    assert_eq!(words("6"), ["Nothing: a rejected row leaves the product as it is."]);
    // What is gone is said to be.
    shop.run(&["run", "--once"]).expect_code(3);
    put(&shop, &lamps);
    let told = words("3");
    assert!(told[1] == "Oct8ne: Changes what is shown:" && told[2].contains("brand: \"Lumo\" → "), "{told:?}");
    shop.run(&["run", "--once"]).expect_code(0);
    // What the guard holds back of the one it holds back of the other.
    let dear: Vec<String> = (0..40).map(|id| row(id, "Lamp", if id < 30 { "1000 EUR" } else { "10 EUR" })).collect();
    put(&shop, &dear);
    let told = words("3").join("|");
    assert!(told.contains("The guard holds") && !told.contains("Oct8ne"), "{told}");
    shop.run(&["run", "--once"]).expect_code(4);
    assert!(!words("3").join("|").contains("Oct8ne"));
}
