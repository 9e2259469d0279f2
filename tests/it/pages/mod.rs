//! The pages for people: what they say, what can be asked of them, and what can be done there.

mod actions;
mod browser;
mod content;
mod tables;

use std::net::SocketAddr;

use serde_json::Value;

use crate::kit::door::{ask, private};
use crate::kit::process::{PASS_ENDED, Process};
use crate::kit::{Shop, orders};

/// What a title may be, too.
const NASTY: &str = "<script>alert(1)</script>";
const HOST: &str = "Host: localhost\r\n";
const SECRET: &str = "Host: localhost\r\nAuthorization: Basic OmNvcnJlY3QgaG9yc2U=\r\n";
const PASSWORD: &str = "correct horse";

/// A door without a password, and one where things can be done.
const OPEN: &str = "[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.1:0\"\n";
const ACTIONS: &str = "[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
                       password = \"correct horse\"\nactions = true\n";

/// Rows of a feed: a lamp with a title that is none, and so many chairs.
fn rows(chairs: usize, price: &str) -> Vec<String> {
    let chairs = (0..chairs).map(|n| format!("c{n:03}|Chair {n}|20.00 USD|in stock|Home > Chairs"));
    [format!("lamp|Lamp {NASTY}|{price} USD|in stock|Home > Light")].into_iter().chain(chairs).collect()
}

fn publish(shop: &Shop, rows: &[String]) {
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    shop.feed_tsv(&rows);
}

/// A shop in which something was changed, three rows are rejected, and nothing is held.
fn lively(settings: &str) -> Shop {
    let shop = Shop::new();
    shop.config(settings);
    publish(&shop, &rows(40, "10.00"));
    shop.pass(0);
    let mut next = rows(40, "1.00");
    next[3] = "c002|Chair 2|21.00 USD|out of stock|Home > Chairs".to_owned();
    next.push("new|A new one|5.00 USD|in stock|Home".to_owned());
    next.push("dear|Dear|1,234|in stock|Home".to_owned());
    next.push(format!("x\"y|{NASTY}|free|in stock|Home"));
    next.push("lamp|Lamp again|3.00 USD|in stock|Home".to_owned());
    publish(&shop, &next);
    shop.pass(3);
    shop
}

/// The same with something held: half of the chairs are gone.
fn holding(settings: &str) -> Shop {
    let shop = lively(settings);
    publish(&shop, &rows(19, "1.00"));
    shop.pass(4);
    shop
}

/// The same with every system.
fn complete(settings: &str) -> Shop {
    let shop = Shop::new();
    let sections = format!(
        "{settings}[orders]\nresync_schedule = \"never\"\n{}schedule = \"every 12h\"\n{}schedule = \"every 1s\"\n\
         [[emplifi.watch]]\nname = \"sofas\"\nalias = \"sofa-team\"\n[notify]\nshop = \"Brook & Sons\"\n\
         [[notify.hook]]\nname = \"crm\"\nevents = [\"order.new\"]\nurl = \"http://127.0.0.1:9/\"\n",
        shop.lagerkoll_section(),
        shop.emplifi_section(),
    );
    shop.config(&sections);
    for id in 1..=70 {
        shop.nicechat().put_order(orders::order(
            id,
            &orders::days_ago(id % 20),
            1 + u64::try_from(id % 3).expect("few"),
        ));
    }
    publish(&shop, &rows(40, "10.00"));
    shop.run(&["run", "--once"]);
    let mut next = rows(40, "1.00");
    next.push("dear|Dear|1,234|in stock|Home".to_owned());
    next.push(format!("x\"y|{NASTY}|free|in stock|Home"));
    publish(&shop, &next);
    shop.run(&["run", "--once"]);
    publish(&shop, &rows(19, "1.00"));
    shop.run(&["run", "--once"]);
    shop
}

/// A daemon that has made its first pass, and its door.
fn serve(shop: &Shop) -> (Process, SocketAddr) {
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(PASS_ENDED, 1);
    let address = private(&daemon);
    (daemon, address)
}

/// An answer.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line.split_once(':')?.1.trim())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    /// Its text without the tags.
    fn text(&self) -> String {
        let mut text = String::new();
        let body = self.body.split_once("<body>").map_or(&*self.body, |(_, body)| body);
        for part in body.split("<script").next().unwrap_or_default().split('<') {
            text += part.split_once('>').map_or(part, |(_, text)| text);
            text.push(' ');
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn request(address: SocketAddr, line: &str, headers: &str) -> Answer {
    let (status, answer) = ask(address, line, headers);
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        unchunked(body)
    } else {
        body.to_owned()
    };
    Answer { status, head: head.to_owned(), body }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).expect("a length");
        if length == 0 {
            break;
        }
        whole += &rest[..length];
        body = rest[length..].trim_start_matches("\r\n");
    }
    whole
}

fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, &format!("GET {path}"), HOST)
}

fn get_with(address: SocketAddr, path: &str, headers: &str) -> Answer {
    request(address, &format!("GET {path}"), headers)
}
