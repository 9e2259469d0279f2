//! Whatever an event says, its mail says the same, and nothing else.

use std::collections::BTreeSet;

use mail_parser::{MessageParser, MimeHeaders as _};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::letter::Event;
use super::message::write;
use super::sheet::ToMend;
use crate::config::{Caller, Config, HookTarget};
use crate::outbox::EventKind;

const HEADERS: [&str; 7] = ["Auto-Submitted", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"];

/// What feeds, services and people write.
fn words() -> impl Strategy<Value = String> {
    let evil = vec![
        "\r\nBcc: evil@mail.example\r\n\r\n",
        "\n.\n",
        "=?utf-8?q?x?=",
        "--=_evt_1\r\n",
        "\u{202e}",
        "🏬",
        "\"<a@b>,",
        "\0",
    ];
    let piece = prop_oneof![
        ".{0,40}",
        "[a-z ]{200,1200}",
        prop::sample::select(evil).prop_map(str::to_owned),
        "[\u{0}-\u{1f}]{1,9}"
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn data() -> impl Strategy<Value = Value> {
    let names = vec![
        "shop", "job", "reason", "command", "digest", "since", "watch", "state", "schedule", "num", "date", "website",
        "id",
    ];
    let texts = prop::collection::vec((prop::sample::select(names), words()), 0..9);
    (texts, any::<[u64; 2]>(), any::<bool>(), words()).prop_map(|(texts, [one, other], over, word)| {
        let mut data = json!({
            "over": over, "rejected": one, "before": other, "refused": one, "failures": other, "free_bytes": one,
            "agents": [word], "lines": [{"title": word, "qty": one, "price": other, "currency": word}, word],
            "total": [{"amount": word, "currency": word}], "personal": {word.clone(): [word, {"a": one}]},
        });
        texts.into_iter().for_each(|(name, text)| data[name] = text.into());
        data
    })
}

/// The hook's addressees and sender, as a config has them.
fn target(shop: &str) -> HookTarget {
    let text = format!(
        "[source]\nlocation = \"feed.xml\"\n[notify]\n[notify.smtp]\nhost = \"localhost\"\nfrom = {}\n\
         [[notify.hook]]\nname = \"a\"\nevents = [\"order.new\"]\nmail = [\"x@shop.example\", \"Ян <y@shop.example>\"]\n",
        toml::Value::from(format!("{shop} <keeper@shop.example>"))
    );
    let config = Config::of_text("shelfkeeper.toml".as_ref(), &text).expect("a config");
    config.notify.hooks.into_iter().next().expect("a hook").to
}

#[test]
fn commands_name_the_shop() {
    for kind in EventKind::ALL {
        let body = json!({"id": "evt_1", "type": kind.name(), "at": "2026-01-01T03:00:07Z", "data": {"rejected": 3}});
        let caller =
            Caller { program: "shelfkeeper --shop north".to_owned(), unit: Some("shelfkeeper@north".to_owned()) };
        let event = Event::read(&body.to_string(), &caller).expect("an event");
        let sheet = Some(ToMend { csv: Vec::new(), words: String::new(), rows: (3, 2) });
        let text = event.letter(None, Ok(&sheet)).text.split_whitespace().collect::<Vec<_>>().join(" ");
        let commands = text.matches("`shelfkeeper ").count();
        assert_eq!(text.matches("`shelfkeeper --shop north ").count(), commands, "{text}");
        assert!(!text.contains("`systemctl status shelfkeeper`"), "{text}");
    }
}

proptest! {
    #[test]
    fn a_mail_says_what_its_letter_says_and_has_no_other_headers(
        kind in prop::sample::select(&EventKind::ALL[..]),
        data in data(),
        shop in words(),
        found in prop::option::of(words()),
        name in "[^\\x00-\\x1f\\x7f-\\x9f<>]{0,30}",
    ) {
        let body = json!({"id": "evt_1", "type": kind.name(), "at": "2026-01-01T03:00:07Z", "data": data}).to_string();
        let event = Event::read(&body, &Caller { program: "shelfkeeper".to_owned(), unit: None }).expect("an event");
        let sheet = found.map(|words| ToMend { csv: words.clone().into_bytes(), words, rows: (3, 2) });
        let letter = event.letter(Some(&shop), Ok(&sheet));
        prop_assert!(!letter.subject.contains(char::is_control) && letter.subject.chars().count() <= 121);
        let HookTarget::Mail { to, smtp } = target(&name) else { panic!("a mail") };
        let mail = write(&event, &letter, ("a", &to, &smtp.from), sheet.as_ref()).expect("a mail");
        prop_assert!(mail.is_ascii());
        prop_assert!(mail.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
        let parsed = MessageParser::default().parse(&mail).expect("a mail");
        let headers: BTreeSet<&str> = parsed.headers().iter().map(|header| header.name()).collect();
        let wanted: BTreeSet<&str> = HEADERS.into_iter().collect();
        let of_body = |name: &&str| !name.starts_with("Content-");
        prop_assert_eq!(headers.into_iter().filter(of_body).collect::<BTreeSet<_>>(), wanted);
        prop_assert_eq!(parsed.headers().len(), if sheet.is_some() { 8 } else { 9 });
        prop_assert_eq!(parsed.subject(), Some(letter.subject.as_str()));
        prop_assert_eq!(parsed.message_id(), Some("evt_1.a@shop.example"));
        let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
        let text = parsed.body_text(0).expect("a text");
        let (text, wanted) = (lines(&text), lines(&letter.text));
        prop_assert_eq!(text.trim_end(), wanted.trim_end());
        let to = parsed.to().and_then(|to| to.as_list()).expect("a list");
        let to: Vec<_> = to.iter().filter_map(|to| to.address()).collect();
        prop_assert_eq!(to, ["x@shop.example", "y@shop.example"]);
        match sheet {
            None => prop_assert_eq!(parsed.attachment_count(), 0),
            Some(ToMend { csv, .. }) => {
                prop_assert_eq!(parsed.attachment_count(), 1);
                let file = parsed.attachment(0).expect("a file");
                prop_assert_eq!((file.attachment_name(), file.contents()), (Some("rows-to-mend.csv"), csv.as_slice()));
            }
        }
    }
}
