//! Mail servers with TLS and passwords, and what `check` says of them.

use serde_json::Value;

use crate::kit::goods::{goods, publish};
use crate::kit::mailserver::{Fault, MailServer, Tls};
use crate::kit::{Output, Shop, finish};

const ROWS: &str = r#"["rows.rejected"]"#;
const TO: &str = "\"web@shop.example\"";
const UNKNOWN: &str = "no TLS: this machine does not trust its certificate: it is self-made";
const PASSWORD: &str = "hunter2hunter2";

fn shop(server: &MailServer, smtp: &str) -> Shop {
    let shop = Shop::new();
    shop.config(&format!("[nicechat]\nretries = 0\n{}", server.section(ROWS, TO, smtp)));
    shop.write("trusted.pem", &server.certificate);
    let mut all = goods("p", 3);
    all[0].price = "a lot".to_owned();
    publish(&shop, &all);
    shop
}

fn run(shop: &Shop, arguments: &[&str], trusts: bool) -> Output {
    let mut command = shop.command(arguments);
    if trusts {
        command.env("SSL_CERT_FILE", shop.path("trusted.pem"));
    }
    finish(command)
}

fn hook(shop: &Shop) -> Value {
    shop.json(&["status", "--format", "json"])["hooks"][0].clone()
}

fn error(shop: &Shop) -> String {
    hook(shop)["last_error"].as_str().unwrap_or_default().to_owned()
}

fn login() -> String {
    format!("username = \"keeper\"\npassword = {PASSWORD:?}\n")
}

#[test]
fn a_connection_is_secured_as_the_settings_say() {
    for (offered, tls, is_secured) in [
        (Tls::Later, "auto", true),
        (Tls::Later, "starttls", true),
        (Tls::Later, "none", false),
        (Tls::FromBegin, "tls", true),
        (Tls::None, "auto", false),
    ] {
        let server = MailServer::new(offered);
        server.ask_for("keeper", PASSWORD);
        let shop = shop(&server, &format!("tls = {tls:?}\n{}", login()));
        run(&shop, &["run", "--once"], true).expect_code(3);
        let mails = server.mails();
        assert_eq!(mails.len(), 1, "{tls}: {}", error(&shop));
        assert_eq!((mails[0].is_secured, mails[0].user.as_deref()), (is_secured, Some("keeper")), "{tls}");
    }
}

#[test]
fn nothing_is_said_to_a_server_that_is_not_who_it_should_be() {
    for (offered, tls, trusts, words) in [
        (Tls::Later, "\"auto\"", false, UNKNOWN),
        (Tls::Later, "true", false, UNKNOWN),
        (Tls::FromBegin, "\"tls\"", false, UNKNOWN),
        (
            Tls::None,
            "\"starttls\"",
            true,
            "it offers no STARTTLS, and nothing is sent without; is tls = \"tls\" right?",
        ),
        (Tls::None, "true", true, "it offers no STARTTLS"),
        (Tls::None, "\"tls\"", true, "no TLS: "),
    ] {
        let server = MailServer::new(offered);
        server.ask_for("keeper", PASSWORD);
        let shop = shop(&server, &format!("tls = {tls}\n{}", login()));
        run(&shop, &["run", "--once"], trusts).expect_code(3);
        assert!(error(&shop).contains(words), "{tls}: {}", error(&shop));
        let commands = server.commands();
        assert!(
            !commands.iter().any(|said| said.starts_with("AUTH") || said.starts_with("MAIL")),
            "{tls}: {commands:?}"
        );
    }
}

#[test]
fn what_somebody_adds_to_the_answer_of_starttls_counts_for_nothing() {
    let server = MailServer::new(Tls::Later);
    let shop = shop(&server, "tls = \"starttls\"");
    server.add_fault("STARTTLS", Fault::Say("220 go on\r\n250-evil\r\n250 AUTH PLAIN"), 1);
    run(&shop, &["run", "--once"], true).expect_code(3);
    assert!(error(&shop).contains("no TLS: "), "{}", error(&shop));
    assert!(server.mails().is_empty());
}

#[test]
fn a_wrong_password_is_told_without_it() {
    let server = MailServer::new(Tls::Later);
    server.ask_for("keeper", "another");
    let shop = shop(&server, &login());
    let output = run(&shop, &["run", "--once"], true).expect_code(3);
    assert!(error(&shop).contains("it does not take the password of keeper: 535 *** is wrong"), "{}", error(&shop));
    let status = shop.run(&["status"]).expect_code(0);
    let dump = shop.run(&["config", "dump"]).expect_code(0);
    let checked = run(&shop, &["check", "--online"], true).expect_code(1);
    for output in [&output, &status, &dump, &checked] {
        assert!(!format!("{output:?}").contains(PASSWORD), "{output:?}");
    }
    assert!(dump.stdout.contains("[notify.smtp]") && dump.stdout.contains("\"***\""), "{}", dump.stdout);
    let without = MailServer::new(Tls::None);
    let shop = self::shop(&without, &login());
    run(&shop, &["run", "--once"], true).expect_code(3);
    assert!(error(&shop).contains("it can't be asked whether it takes the password of keeper"), "{}", error(&shop));
}

#[test]
fn the_password_comes_from_a_file_or_the_environment() {
    let server = MailServer::new(Tls::Later);
    server.ask_for("keeper", PASSWORD);
    let shop = shop(&server, "username = \"keeper\"\n");
    let output = run(&shop, &["check"], true).expect_code(2);
    assert!(output.stderr.contains("notify.smtp.password is missing"), "{}", output.stderr);
    let mut command = shop.command(&["check", "--online"]);
    command.env("SSL_CERT_FILE", shop.path("trusted.pem")).env("SHELFKEEPER_NOTIFY_SMTP_PASSWORD", PASSWORD);
    finish(command).expect_code(0);
    let file = shop.write("password", format!("{PASSWORD}\n"));
    let smtp = format!("username = \"keeper\"\npassword_file = {file:?}\n");
    shop.config(&format!("[nicechat]\nretries = 0\n{}", server.section(ROWS, TO, &smtp)));
    let checked = run(&shop, &["check"], true).expect_code(0).stdout;
    assert!(checked.contains(&format!("can read the secret in {}", file.display())), "{checked}");
    run(&shop, &["run", "--once"], true).expect_code(3);
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn check_greets_the_server_and_sends_nothing() {
    let server = MailServer::new(Tls::Later);
    server.ask_for("keeper", PASSWORD);
    let shop = shop(&server, &login());
    let checked = run(&shop, &["check", "--online"], true).expect_code(0).stdout;
    let place = format!("127.0.0.1:{}", server.port);
    let told = format!("hook      ok   mail: {place} answers with TLS, and takes the password of keeper");
    assert!(checked.lines().any(|line| line == told), "{checked}");
    assert!(server.mails().is_empty());
    let said = server.commands();
    assert!(said.iter().any(|said| said == "NOOP") && said.last().is_some_and(|said| said == "QUIT"), "{said:?}");
    assert!(!said.iter().any(|said| said.starts_with("MAIL")), "{said:?}");
    let untrusted = run(&shop, &["check", "--online"], false).expect_code(1).stdout;
    assert!(untrusted.contains(&format!("hook      FAIL mail: {place}: no TLS: ")), "{untrusted}");
    // Without `--online` nobody is asked.
    let before = server.connections();
    run(&shop, &["check"], true).expect_code(0);
    assert_eq!(server.connections(), before);
}
