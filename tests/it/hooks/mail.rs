//! Hooks that are told by mail: what people read.

use serde_json::{Value, json};

use crate::kit::goods::{goods, publish};
use crate::kit::mailserver::{Fault, Mail, MailServer, Tls};
use crate::kit::{Shop, orders};

const PASSES: &str = r#"["pass.failed", "pass.recovered", "pass.held", "rows.rejected"]"#;
const TO: &str = r#"["Web <web@shop.example>", "boss@shop.example"]"#;

fn shop(server: &MailServer, more: &str) -> Shop {
    let shop = Shop::new();
    shop.config(&format!("[nicechat]\nretries = 0\n{}{more}", server.section(PASSES, TO, "")));
    publish(&shop, &goods("p", 9));
    shop.pass(0);
    assert!(server.mails().is_empty(), "all is well");
    shop
}

fn hook(shop: &Shop) -> Value {
    shop.json(&["status", "--format", "json"])["hooks"][0].clone()
}

fn header(mail: &Mail, name: &str) -> String {
    let raw = String::from_utf8(mail.raw.clone()).expect("ASCII");
    let (head, _) = raw.split_once("\r\n\r\n").expect("a head");
    let lines: Vec<&str> = head.split("\r\n").filter(|line| line.starts_with(&format!("{name}:"))).collect();
    assert_eq!(lines.len(), 1, "{name} in {head}");
    lines[0][name.len() + 1..].trim().to_owned()
}

fn subjects(server: &MailServer) -> Vec<String> {
    server.mails().iter().map(Mail::subject).collect()
}

#[test]
fn rows_to_mend_come_with_what_to_do_and_a_file_for_a_spreadsheet() {
    let server = MailServer::new(Tls::None);
    let shop = shop(&server, "");
    let mut all = goods("p", 9);
    all.iter_mut().take(2).for_each(|good| good.price = "1.234".to_owned());
    all[2].title = "=cmd|'Лампа, \"big\"".to_owned();
    all[2].price = "a lot".to_owned();
    publish(&shop, &all);
    shop.pass(3);
    let mails = server.mails();
    assert_eq!(subjects(&server), ["[north] 3 rows of the feed need fixing"]);
    let mail = &mails[0];
    assert_eq!(
        (mail.from.as_str(), &*mail.to.join(" ")),
        ("keeper@shop.example", "web@shop.example boss@shop.example")
    );
    let text = mail.text();
    for words in [
        "3 rows of the feed can't be taken, since 20",
        "What it means: all other rows are kept up to date as ever.",
        "What to do: mend these rows in the shop",
        "line 2, id p000: Good p000",
        "> Could be 1234 or 1.234: write 1234.00 USD",
        "line 4, id p002: =cmd|'Лампа, \"big\"",
    ] {
        assert!(text.contains(words), "{words:?} in {text}");
    }
    let (name, csv) = mail.file().expect("a file");
    assert_eq!(name, "rows-to-mend.csv");
    assert_eq!(csv, shop.run(&["rejected", "--format", "csv"]).expect_code(0).stdout);
    assert!(csv.contains("'=cmd|'Лампа, \"\"big\"\""), "{csv}");
    // A machine wrote it, once for this event.
    assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
    let id = header(mail, "Message-ID");
    assert!(id.starts_with("<evt_") && id.ends_with(".mail@shop.example>"), "{id}");
    assert!(header(mail, "Date").ends_with("+0000") && header(mail, "To").contains("boss@shop.example"));
    assert_eq!(hook(&shop)["pending"], 0);

    publish(&shop, &goods("p", 9));
    shop.pass(0);
    assert_eq!(subjects(&server)[1], "[north] All rows of the feed are fine again");
    let text = server.mails()[1].text();
    assert!(
        text.contains("Good news: every row of the feed can be taken") && server.mails()[1].file().is_none(),
        "{text}"
    );
}

#[test]
fn failures_what_is_held_and_their_end_are_told_in_words() {
    let server = MailServer::new(Tls::None);
    let shop = shop(&server, "");
    for _ in 0..3 {
        shop.put_feed("not a feed at all");
        shop.pass(1);
    }
    publish(&shop, &goods("p", 9));
    shop.pass(0);
    publish(&shop, &goods("q", 54));
    shop.pass(0);
    publish(&shop, &goods("q", 20));
    shop.pass(4);
    let told = [
        ("The catalog can't be kept up to date: 3 passes failed", "what was not done waits"),
        ("The catalog is kept up to date again", "Good news: a pass over the catalog went well again, after 3"),
        ("Changes of the catalog wait for your word", " of 54 products"),
    ];
    assert_eq!(subjects(&server), told.map(|(subject, _)| format!("[north] {subject}")));
    for (mail, (_, words)) in server.mails().iter().zip(told) {
        assert!(mail.text().replace('\n', " ").contains(words), "{words} in {}", mail.text());
    }
    let held = server.mails()[2].text();
    let command = held.lines().find_map(|line| line.strip_prefix("    shelfkeeper ")).expect("a command");
    shop.run(&command.split(' ').collect::<Vec<_>>()).expect_code(0);
}

#[test]
fn orders_are_told_and_persons_only_where_that_is_wanted() {
    for personal in [false, true] {
        let server = MailServer::new(Tls::None);
        let events = r#"["order.new", "order.gone"]"#;
        let keep = "keep = [\"client\", \"shipping_address\"]\n";
        let notify = server.section(events, "\"web@shop.example\"", "");
        let shop = orders::shop(&format!("{keep}{notify}personal = {personal}\n"));
        orders::pass(&shop, "--once", 0);
        shop.nicechat().put_order(orders::order(7, &orders::days_ago(0), 3));
        orders::pass(&shop, "--once", 0);
        shop.nicechat().remove_order(&json!(7));
        orders::pass(&shop, "--resync", 0);
        assert_eq!(subjects(&server), ["[north] New order o-7: 31.5 USD", "[north] Order o-7: 31.5 USD is gone"]);
        let text = server.mails()[0].text();
        assert!(text.contains("3 x Lamp, 10.5 USD each") && text.contains("Agents: ann@shop.example"), "{text}");
        assert_eq!(text.contains("First-7") && text.contains("Client-7"), personal, "{text}");
        assert!(!text.contains("City-7") && !text.contains("mail.example"), "{text}");
    }
}

#[test]
fn a_mail_that_was_perhaps_taken_comes_again_by_the_same_name() {
    let server = MailServer::new(Tls::None);
    let shop = shop(&server, "");
    server.add_fault(".", Fault::Mute, 1);
    let mut all = goods("p", 9);
    all[0].price = "a lot".to_owned();
    publish(&shop, &all);
    shop.pass(3);
    assert_eq!(hook(&shop)["pending"], 1);
    shop.pass(3);
    let ids: Vec<String> = server.mails().iter().map(|mail| header(mail, "Message-ID")).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    assert_eq!(server.mails()[0].raw, server.mails()[1].raw);
    assert_eq!(hook(&shop)["pending"], 0);
}

#[test]
fn a_shop_of_any_name_and_a_feed_of_any_words_inject_nothing() {
    let server = MailServer::new(Tls::None);
    let shop = shop(&server, "");
    let name = "no\\r\\nBcc: evil@mail.example\\u0000 \\U0001F3EC";
    shop.config(&format!("[nicechat]\nretries = 0\n{}", server.section(PASSES, TO, "").replace("north", name)));
    let mut all = goods("p", 9);
    all[0].id = format!("{}.", "x".repeat(3_000));
    all[1].title = "\u{202e}.".to_owned();
    all[1].price = "a lot".to_owned();
    publish(&shop, &all);
    shop.pass(3);
    let mail = &server.mails()[0];
    assert_eq!(mail.subject(), "[no Bcc: evil@mail.example 🏬] 2 rows of the feed need fixing");
    assert_eq!(mail.to, ["web@shop.example", "boss@shop.example"]);
    assert!(mail.parsed().bcc().is_none());
    assert!(mail.raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 999 && line.is_ascii()));
}
