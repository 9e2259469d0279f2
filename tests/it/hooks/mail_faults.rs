//! Mail servers that refuse, that say nothing, or too much.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;

use crate::kit::goods::{goods, publish};
use crate::kit::mailserver::{Fault, MailServer, Tls};
use crate::kit::process::Process;
use crate::kit::receiver::Receiver;
use crate::kit::{Shop, orders, wait_until};

const ROWS: &str = r#"["rows.rejected"]"#;

/// A shop with a row to mend that nobody was told of yet; `more` goes on below the hook.
fn shop(server: &MailServer, to: &str, more: &str) -> Shop {
    let shop = Shop::new();
    shop.config(&format!("[nicechat]\nretries = 0\n{}{more}", server.section(ROWS, to, "")));
    let mut all = goods("p", 3);
    all[0].price = "a lot".to_owned();
    publish(&shop, &all);
    shop
}

fn hook(shop: &Shop) -> Value {
    shop.json(&["status", "--format", "json"])["hooks"][0].clone()
}

fn error(shop: &Shop) -> String {
    hook(shop)["last_error"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn whatever_is_refused_is_told_and_tried_again() {
    let (server, to) = (MailServer::new(Tls::None), "\"web@shop.example\"");
    let shop = shop(&server, to, "");
    let place = format!("127.0.0.1:{}: ", server.port);
    for (at, fault, words) in [
        ("GREETING", Fault::Say("421 too busy"), "it does not greet as a mail server does: 421 too busy"),
        ("GREETING", Fault::Say("HTTP/1.1 400 Bad"), "it does not greet as a mail server does"),
        ("EHLO", Fault::Drop, "it does not greet as a mail server does"),
        ("MAIL", Fault::Say("550 who?"), "keeper@shop.example (notify.smtp.from) is refused: 550 who?"),
        ("RCPT", Fault::Say("451 grey"), "web@shop.example is refused: 451 grey"),
        ("RCPT", Fault::Say("550 5.1.1 no such user"), "web@shop.example is refused: 550 5.1.1 no such user"),
        ("DATA", Fault::Say("452 full"), "452 full"),
        (".", Fault::Say("554 spam"), "the mail is refused: 554 spam"),
        (".", Fault::Say("250-taken\r\n999 what"), "the mail is refused: "),
    ] {
        server.add_fault(at, fault, 1);
        shop.pass(3);
        let told = error(&shop);
        assert!(told.starts_with(&format!("{place}{words}")), "{at}: {told}");
        assert_eq!(hook(&shop)["pending"], 1, "{at}");
        server.clear_faults();
    }
    assert!(server.mails().is_empty());
    shop.pass(3);
    assert_eq!((server.mails().len(), &hook(&shop)["pending"]), (1, &0.into()));
}

#[test]
fn who_has_a_mail_does_not_get_it_again_for_the_sake_of_others() {
    let (server, to) = (MailServer::new(Tls::None), r#"["web@shop.example", "boss@shop.example"]"#);
    let shop = shop(&server, to, "");
    server.add_fault("RCPT TO:<boss", Fault::Say("550 5.1.1 no such user"), 2);
    for _ in 0..3 {
        shop.pass(3);
    }
    let to: Vec<Vec<String>> = server.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [["web@shop.example"], ["boss@shop.example"]]);
    assert_eq!(hook(&shop)["pending"], 0);
}

#[test]
fn a_mail_that_nobody_takes_for_long_is_given_up_and_told() {
    let (server, to) = (MailServer::new(Tls::None), "\"web@shop.example\"");
    let shop = shop(&server, to, "give_up_after = \"1s\"\n");
    server.add_fault("RCPT", Fault::Say("550 5.1.1 no such user"), 99);
    wait_until("it is given up", || {
        shop.run(&["run", "--once"]);
        hook(&shop)["failed"] == 1
    });
    assert!(error(&shop).contains("web@shop.example is refused: 550 5.1.1 no such user"), "{}", error(&shop));
    assert_eq!(hook(&shop)["pending"], 0);
}

#[test]
fn a_server_that_says_nothing_or_no_end_of_it_is_waited_for_as_long_as_the_settings_say() {
    let (server, to) = (MailServer::new(Tls::None), "\"web@shop.example\"");
    let shop = shop(&server, to, "timeout = \"300ms\"\n");
    for at in ["GREETING", "EHLO", "RCPT", "."] {
        server.add_fault(at, Fault::Hang, 1);
        shop.pass(3);
        assert!(error(&shop).ends_with("no answer within 0.3 s"), "{at}: {}", error(&shop));
    }
    for at in ["GREETING", "MAIL", "."] {
        server.add_fault(at, Fault::Flood, 1);
        shop.config(&format!("[nicechat]\nretries = 0\n{}timeout = \"20s\"\n", server.section(ROWS, to, "")));
        shop.pass(3);
        assert!(error(&shop).ends_with("its answers have no end"), "{at}: {}", error(&shop));
    }
    // What was said before it is what counts.
    server.add_fault("QUIT", Fault::Hang, 1);
    shop.pass(3);
    assert_eq!(hook(&shop)["pending"], 0);
}

#[test]
fn a_server_that_never_answers_holds_up_neither_passes_nor_other_hooks_nor_the_end() {
    let (receiver, silent) = (Receiver::new(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let port = silent.local_addr().expect("an address").port();
    let events = "events = [\"order.new\"]";
    let hooks = format!(
        "[notify.smtp]\nhost = \"localhost\"\nport = {port}\nfrom = \"keeper@shop.example\"\n\
         [[notify.hook]]\nname = \"mail\"\n{events}\nmail = \"web@shop.example\"\ntimeout = \"1h\"\n\
         [[notify.hook]]\nname = \"crm\"\n{events}\nurl = {:?}\n",
        receiver.url()
    );
    let shop = orders::shop(&format!("schedule = \"every 1s\"\n{hooks}"));
    orders::pass(&shop, "--once", 0);
    let mut daemon = Process::start(shop.command(&["run"]));
    for id in 1..=3 {
        shop.nicechat().put_order(orders::order(id, &orders::days_ago(0), 1));
        wait_until("it was told", || receiver.seen().len() == id as usize);
    }
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(Duration::from_secs(20)), Some(0));
    assert_eq!(hook(&shop)["pending"], 3, "they wait for a server that is better");
}
