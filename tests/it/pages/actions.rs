//! What can be done on the pages, by whom, and what comes of it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::{ACTIONS, Answer, OPEN, SECRET, get, get_with, holding, lively, serve};
use crate::kit::process::{PASS_ENDED, PATIENCE};
use crate::kit::{Shop, wait_until};

const ORIGIN: &str = "Origin: http://localhost\r\n";

/// Sends a form.
fn post(address: SocketAddr, path: &str, headers: &str, form: &str) -> Answer {
    let mut client = TcpStream::connect(address).expect("a connection");
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let head = format!(
        "POST {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n{headers}\r\n{form}",
        form.len()
    );
    client.write_all(head.as_bytes()).expect("sent");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// What the form that leads there has in its hidden fields.
fn form(page: &Answer, action: &str) -> String {
    let (_, rest) =
        page.body.split_once(&format!("action=\"{action}\"")).unwrap_or_else(|| panic!("no {action}: {}", page.body));
    let inner = rest.split_once("</form>").expect("its end").0;
    let fields = inner.split("type=\"hidden\" name=\"").skip(1).map(|field| {
        let (name, rest) = field.split_once("\" value=\"").expect("a value");
        format!("{name}={}", rest.split('"').next().expect("its end"))
    });
    fields.collect::<Vec<_>>().join("&")
}

fn page(address: SocketAddr) -> Answer {
    get_with(address, "/", SECRET)
}

#[test]
fn without_actions_nothing_can_be_done() {
    let shop = lively(&format!("{OPEN}password = \"correct horse\"\n"));
    let (_daemon, address) = serve(&shop);
    let ours = format!("{SECRET}{ORIGIN}");
    assert!(!page(address).has("<form method=\"post\""));
    for path in ["/approve", "/pause", "/resume", "/resync"] {
        let refused = post(address, path, &ours, "token=x");
        assert!(refused.status == 404 && refused.has("actions = true"), "{path}: {}", refused.body);
        assert_eq!(get_with(address, path, SECRET).status, 405, "{path}");
    }
    assert!(!shop.path("state/shelfkeeper.db.pause").exists());
}

#[test]
fn actions_need_a_password() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    shop.config(&format!("{OPEN}actions = true\n"));
    for command in [&["run", "--once"][..], &["check"]] {
        let told = shop.run(command).expect_code(2);
        let words = format!("{}{}", told.stdout, told.stderr);
        assert!(words.contains("actions") && words.contains("password_file"), "{words}");
    }
    shop.config(&format!("{OPEN}actions = \"yes\"\npassword = \"correct horse\"\n"));
    shop.run(&["run", "--once"]).expect_code(2);
}

#[test]
fn only_a_form_of_ours_does_anything() {
    let shop = lively(ACTIONS);
    let (_daemon, address) = serve(&shop);
    let pause = form(&page(address), "/pause");
    let nothing = |answer: Answer, status: u16, why: &str| {
        assert_eq!(answer.status, status, "{why}: {}", answer.body);
        let status = shop.json(&["status", "--format", "json"]);
        assert_ne!(status["headline"]["state"], "paused", "{why}");
    };
    nothing(post(address, "/pause", &format!("Host: localhost\r\n{ORIGIN}"), &pause), 401, "no password");
    for origin in [
        "",
        "Origin: null\r\n",
        "Origin: http://evil.example\r\n",
        "Origin: http://localhost:1\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\nOrigin: http://localhost\r\n",
        "Referer: http://evil.example/?http://localhost/\r\n",
    ] {
        nothing(post(address, "/pause", &format!("{SECRET}{origin}"), &pause), 403, origin);
    }
    let ours = format!("{SECRET}{ORIGIN}");
    let resync = form(&page(address), "/resync");
    for wrong in ["", "token=", "token=00", "reason=x", resync.as_str(), &format!("{pause}0")] {
        nothing(post(address, "/pause", &ours, wrong), 403, wrong);
    }
    nothing(post(address, "/pause", &ours, &format!("{pause}&for=long")), 400, "no time");
    nothing(get_with(address, &format!("/pause?{pause}"), &ours), 405, "a link");
    nothing(post(address, "/nothing", &ours, &pause), 404, "nowhere");
}

#[test]
fn a_pause_begins_and_ends() {
    let shop = lively(ACTIONS);
    let (daemon, address) = serve(&shop);
    let ours = format!("{SECRET}{ORIGIN}");
    let answer = post(
        address,
        "/pause",
        &ours,
        &format!("{}&for=2h&reason=stock+%3Cb%3Etaking", form(&page(address), "/pause")),
    );
    assert_eq!((answer.status, answer.header("location")), (303, Some("/?done=pause")), "{}", answer.body);
    let told = get_with(address, "/?done=pause", SECRET);
    assert!(told.has("Paused: nothing is sent from now on.") && told.has("stock &lt;b&gt;taking"), "{}", told.text());
    assert!(!told.has("action=\"/pause\""));
    assert_eq!(shop.json(&["status", "--format", "json"])["headline"]["state"], "paused");
    wait_until("the daemon knows", || get(address, "/readyz").has("paused"));
    let answer = post(address, "/resume", &ours, &form(&page(address), "/resume"));
    assert_eq!((answer.status, answer.header("location")), (303, Some("/?done=resume")));
    wait_until("the daemon knows", || !get(address, "/readyz").has("paused"));
    daemon.wait_for_log(PASS_ENDED, 2);
}

#[test]
fn a_resync_is_made() {
    let shop = lively(ACTIONS);
    let (daemon, address) = serve(&shop);
    shop.nicechat().take_requests();
    let answer =
        post(address, "/resync", &format!("{SECRET}Sec-Fetch-Site: same-origin\r\n"), &form(&page(address), "/resync"));
    assert_eq!(answer.status, 303, "{}", answer.body);
    daemon.wait_for_log(PASS_ENDED, 2);
    assert!(shop.nicechat().requests().iter().any(|request| request.method == "GET"), "the listing was read");
    assert!(daemon.log().contains("resync"), "{}", daemon.log());
}

#[test]
fn what_is_held_is_let_through_and_nothing_else() {
    let shop = holding(ACTIONS);
    let (daemon, address) = serve(&shop);
    let ours = format!("{SECRET}{ORIGIN}");
    let approve = form(&page(address), "/approve");
    assert!(approve.contains("digest="), "{approve}");
    let token = approve.split('&').find(|field| field.starts_with("token=")).expect("a token");
    let other = post(address, "/approve", &ours, &format!("{token}&digest=0000"));
    assert_eq!(other.status, 403, "a token is for one digest: {}", other.body);
    let answer = post(address, "/approve", &ours, &approve);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/?done=approve")), "{}", answer.body);
    daemon.wait_for_log(PASS_ENDED, 2);
    wait_until("nothing is held", || page(address).has("Nothing is held."));
    assert!(page(address).text().contains("approved by hand (page, 127.0.0.1)"), "{}", page(address).text());
    let again = post(address, "/approve", &ours, &approve);
    assert!(again.status == 409 && again.has("not held"), "{}", again.body);
}
