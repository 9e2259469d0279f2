//! `[[notify.hook]]` by mail, and `[notify.smtp]`.

use super::*;

fn notify(smtp: &str, hook: &str) -> String {
    let events = "events = [\"rows.rejected\"]";
    source(&format!("[notify]\n{smtp}[[notify.hook]]\nname = \"ops\"\n{events}\n{hook}"))
}

fn smtp(lines: &str) -> String {
    format!("[notify.smtp]\nhost = \"mail.shop.example\"\nfrom = \"keeper@shop.example\"\n{lines}\n")
}

const MAIL: &str = "mail = \"web@shop.example\"";

fn server(text: &str) -> Smtp {
    let config = load(text).expect(text);
    match &config.notify.hooks[0].to {
        HookTarget::Mail { smtp, .. } => Smtp::clone(smtp),
        other => panic!("{other:?} is no mail"),
    }
}

#[test]
fn a_secret_is_for_what_is_posted() {
    for told in ["mail = [\"a@shop.example\"]", "command = [\"/bin/true\"]"] {
        let hook = format!("[[notify.hook]]\nname = \"a\"\nevents = [\"order.new\"]\n{told}\nsecret = \"x\"\n");
        let smtp = "[notify.smtp]\nhost = \"localhost\"\nfrom = \"b@shop.example\"\n";
        let told = error(&source(&format!("[notify]\n{smtp}{hook}")));
        assert!(told.contains("notify.hook.secret") && told.contains("there is none here: take it out"), "{told}");
    }
}

#[test]
fn ports_and_tls_follow_from_each_other() {
    for (host, lines, port, tls) in [
        ("mail.shop.example", "", 587, SmtpTls::StartTls),
        ("mail.shop.example", "tls = true", 587, SmtpTls::StartTls),
        ("mail.shop.example", "tls = \"starttls\"", 587, SmtpTls::StartTls),
        ("mail.shop.example", "tls = \"tls\"", 465, SmtpTls::Tls),
        ("mail.shop.example", "tls = \"none\"", 25, SmtpTls::None),
        ("mail.shop.example", "tls = false\nport = 2525", 2525, SmtpTls::None),
        ("mail.shop.example", "port = 465", 465, SmtpTls::Tls),
        ("mail.shop.example", "port = 25", 25, SmtpTls::StartTls),
        ("localhost", "", 25, SmtpTls::IfOffered),
        ("127.0.0.1", "port = 587", 587, SmtpTls::IfOffered),
        ("::1", "tls = true", 587, SmtpTls::StartTls),
        ("localhost", "tls = \"auto\"\nport = 465", 465, SmtpTls::Tls),
    ] {
        let found = server(&notify(&smtp(lines).replace("mail.shop.example", host), MAIL));
        assert_eq!((found.port, found.tls), (port, tls), "{host} {lines}");
    }
}

#[test]
fn a_password_is_given_as_all_secrets_are() {
    let text = notify(&smtp("username = \"keeper\""), MAIL);
    let variables = [SECRETS[0], SECRETS[1], ("SHELFKEEPER_NOTIFY_SMTP_PASSWORD", "hunter2")];
    let config = Folder::new(&text).load(&variables).expect("a config");
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    let found = match &config.notify.hooks[0].to {
        HookTarget::Mail { smtp, .. } => smtp,
        other => panic!("{other:?} is no mail"),
    };
    let (user, password) = found.login.as_ref().expect("a login");
    assert_eq!((user.as_str(), password.expose_secret()), ("keeper", "hunter2"));
    let folder = Folder::new("");
    let file = folder.write("password", "hunter2\n");
    let of_file = notify(&smtp(&format!("username = \"keeper\"\npassword_file = {file:?}")), MAIL);
    assert!(server(&of_file).login.is_some());
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let lines = "port = 0\ntls = \"ssl\"\nusername = \"u\"\ncolour = \"red\"";
    let told = errors(&notify(&format!("[notify.smtp]\n{lines}\n"), "mail = \"web\"")).join("\n");
    for words in [
        "notify.smtp.host is missing",
        "notify.smtp.from is missing",
        "expected a whole number from 1 to 65535",
        "expected \"auto\", \"starttls\", \"tls\" or \"none\"",
        "notify.smtp.password is missing",
        "unknown setting notify.smtp.colour",
        "expected a mail address",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn what_is_wrong_tells_what_to_do() {
    for (section, hook, expected) in [
        ("", MAIL, "notify.hook.mail = \"web@shop.example\": there is no mail server: add section [notify.smtp]"),
        (&smtp(""), "", "notify.hook has neither url nor command nor mail: set one of them"),
        (&smtp(""), "mail = []", "notify.hook.mail = []: expected a list of mail addresses"),
        (&smtp(""), "mail = 5", "notify.hook.mail = 5: write a list of texts in quotes"),
        (&smtp(""), "mail = [\"web\"]", "expected a mail address, such as \"shop@shop.example\""),
        (&smtp(""), "mail = [\"a@b.example\", \"A@b.example\"]", "A@b.example is there twice; keep one"),
        (
            &smtp(""),
            "mail = \"a@b.example\\r\\nBcc: c@d.example\"",
            "there is a line break or a control character in it",
        ),
        (&smtp(""), &format!("{MAIL}\nurl = \"https://shop.example/\""), "is given beside url; keep one of the two"),
        (&smtp(""), &format!("{MAIL}\ncommand = [\"/bin/true\"]"), "is given beside command; keep one of the two"),
        (
            "[notify.smtp]\nfrom = \"a@b.example\"\n",
            MAIL,
            "notify.smtp.host is missing: set it, the name of your mail server",
        ),
        ("[notify.smtp]\nhost = \"b.example\"\n", MAIL, "notify.smtp.from is missing: set it, whom mails come from"),
        (&smtp("from2 = 1"), MAIL, "unknown setting notify.smtp.from2"),
        (&smtp("tls = \"ssl\""), MAIL, "expected \"auto\", \"starttls\", \"tls\" or \"none\""),
        (&smtp("port = 0"), MAIL, "expected a whole number from 1 to 65535"),
        (&smtp("port = \"25\""), MAIL, "notify.smtp.port = \"25\": expected a whole number"),
        (&smtp("username = \"u\""), MAIL, "notify.smtp.password is missing. Give it in one of these ways"),
        (&smtp("password = \"hunter2\""), MAIL, "notify.smtp.username is missing beside the password"),
        (
            &smtp("tls = \"none\"\nusername = \"u\"\npassword = \"hunter2\""),
            MAIL,
            "with tls = \"none\" everybody on the way could read the password",
        ),
    ] {
        let told = errors(&notify(section, hook)).join("\n");
        assert!(told.contains(expected) && !told.contains("hunter2"), "{section}{hook}: {told}");
    }
    // On this machine there is no way.
    let near = smtp("tls = \"none\"\nusername = \"u\"\npassword = \"p\"").replace("mail.shop.example", "127.0.0.1");
    assert!(server(&notify(&near, MAIL)).login.is_some());
}
