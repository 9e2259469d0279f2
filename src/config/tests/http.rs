//! `[http]`.

use super::*;

fn http(lines: &str) -> Option<Http> {
    load(&source(&format!("[http]\n{lines}"))).expect(lines).http
}

#[test]
fn the_section_alone_is_a_listener_on_loopback() {
    let http = http("").expect("a listener");
    assert_eq!(format!("{http:?}"), format!("{:?}", Http::on_loopback()));
}

#[test]
fn every_setting_is_read() {
    let listen =
        |text: &str| http(&format!("listen = {text:?}")).expect("a listener").listen.map(|address| address.to_string());
    for text in ["127.0.0.1:0", "127.9.0.1:80", "[::1]:8787"] {
        assert_eq!(listen(text).as_deref(), Some(text));
    }
    assert_eq!(listen(""), None);
    let public = |text: &str| {
        http(&format!("public_listen = \"127.0.0.1:0\"\npublic_url = {text:?}")).expect("a listener").public_url
    };
    for (text, kept) in [
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example/", "https://shop.example"),
        ("http://shop.example:81/keeper//", "http://shop.example:81/keeper"),
    ] {
        assert_eq!(public(text).expect(text).to_string(), kept);
    }
    assert_eq!(public(""), None);
}

#[test]
fn what_is_wrong_is_told() {
    let fault = |line: &str| error(&source(&format!("[http]\n{line}\npublic_listen = \"127.0.0.1:0\"")));
    for text in ["8787", ":8787", "127.0.0.1", "localhost:8787", "127.0.0.1:65536", "http://127.0.0.1:8787"] {
        assert_eq!(
            fault(&format!("listen = {text:?}")),
            format!(
                ":4:10: http.listen = {text:?}: expected an IP address and a port, such as \"127.0.0.1:8787\" or \
                 \"[::1]:8787\""
            )
        );
    }
    for text in ["shop.example", "ftp://shop.example", "https://", "https://a.example/#b"] {
        let message = fault(&format!("public_url = {text:?}"));
        let expected = format!(":4:14: http.public_url = {text:?}: ");
        let example = "expected an address such as \"https://shop.example/";
        assert!(message.starts_with(&expected) && message.contains(example), "{message}");
    }
    assert_eq!(
        fault("public_url = \"https://shop:secret@shop.example/\""),
        ":4:14: http.public_url: expected an address such as \"https://shop.example/shelfkeeper\", \
         without user and password"
    );
    assert_eq!(
        fault("colour = 1"),
        ":4:1: unknown setting http.colour; [http] has listen, public_listen, \
         public_url, password, password_file, actions, allowed_hosts, allow_origins, trusted_proxies and requests_per_second"
    );
}

#[test]
fn doors_that_do_not_go_together_are_told() {
    let fault = |lines: &str| error(&source(&format!("[http]\n{lines}")));
    let same = fault("listen = \"127.0.0.1:80\"\npublic_listen = \"127.0.0.1:80\"");
    assert!(same.contains("http.public_listen") && same.contains("set another port"), "{same}");
    for (listen, public, is_one) in [
        ("127.0.0.1:80", "0.0.0.0:80", true),
        ("0.0.0.0:80", "127.0.0.1:80", true),
        ("[::1]:80", "[::]:80", true),
        ("127.0.0.1:80", "[::]:80", true),
        ("[::1]:80", "0.0.0.0:80", false),
        ("127.0.0.1:80", "0.0.0.0:81", false),
        ("127.0.0.1:80", "127.0.0.2:80", false),
    ] {
        let lines = format!("[http]\nlisten = {listen:?}\npublic_listen = {public:?}\npassword_file = \"x\"");
        let told = errors(&source(&lines)).join("\n");
        assert_eq!(told.contains("set another port"), is_one, "{listen} {public}: {told}");
    }
    let host = fault("allowed_hosts = [\"https://x/\"]");
    assert!(host.contains("expected a name alone"), "{host}");
    let alone = fault("public_url = \"https://shop.example\"");
    assert!(alone.contains("without public_listen; set public_listen"), "{alone}");
    for listen in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80"] {
        let open = fault(&format!("listen = {listen:?}"));
        assert!(open.contains("http.listen") && open.contains("set password_file"), "{open}");
        assert!(
            http(&format!("listen = {listen:?}\npassword = \"hunter2\"")).is_some_and(|http| http.password.is_some())
        );
    }
}

#[test]
fn whoever_may_act_needs_a_password() {
    let fault = error(&source("[http]\nactions = true"));
    assert!(fault.contains("http.actions") && fault.contains("password_file"), "{fault}");
    assert!(http("actions = true\npassword = \"hunter2\"").is_some_and(|http| http.actions));
    assert!(http("password = \"hunter2\"").is_some_and(|http| !http.actions));
}

#[test]
fn lists_are_read() {
    let http = http(
        "allowed_hosts = [\"Keeper.example\"]\ntrusted_proxies = [\"10.0.0.0/8\", \"fd00::/8\"]\nallow_origins = [\"*\"]",
    );
    let http = http.expect("listeners");
    assert_eq!(http.allowed_hosts, ["keeper.example"]);
    let trusts = |address: &str| http.trusts(address.parse().expect(address));
    assert!(
        trusts("10.9.8.7") && trusts("fd00::1") && !trusts("127.0.0.1") && !trusts("11.0.0.1") && !trusts("fe00::1")
    );
    for wrong in ["allowed_hosts = \"a\"", "trusted_proxies = [\"10.0.0.0/33\"]", "allow_origins = [\"shop.example\"]"]
    {
        assert!(error(&source(&format!("[http]\n{wrong}"))).contains("expected"), "{wrong}");
    }
}
