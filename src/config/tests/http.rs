//! `[http]`.

use super::*;

fn http(lines: &str) -> Option<Http> {
    load(&source(&format!("[http]\n{lines}"))).expect(lines).http
}

#[test]
fn the_section_alone_is_a_listener_on_loopback() {
    let http = http("").expect("a listener");
    assert_eq!(http.listen.to_string(), "127.0.0.1:8787");
    assert_eq!(http.public_url, None);
}

#[test]
fn every_setting_is_read() {
    let listen = |text: &str| http(&format!("listen = {text:?}")).expect("a listener").listen.to_string();
    for text in ["127.0.0.1:0", "0.0.0.0:80", "[::1]:8787"] {
        assert_eq!(listen(text), text);
    }
    let public = |text: &str| http(&format!("public_url = {text:?}")).expect("a listener").public_url;
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
    let fault = |line: &str| error(&source(&format!("[http]\n{line}")));
    for text in ["", "8787", ":8787", "127.0.0.1", "localhost:8787", "127.0.0.1:65536", "http://127.0.0.1:8787"] {
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
    assert_eq!(fault("port = 1"), ":4:1: unknown setting http.port; [http] has listen and public_url");
}
