//! `[lagerkoll]`: its settings, its events and the stores that are copied to.

use serde_json::{Value, json};

use super::*;

const KEY: (&str, &str) = ("SHELFKEEPER_LAGERKOLL_API_KEY", "k");
const HIDDEN: &str = "hunter2hunter2";

/// A file with this in `[lagerkoll]`.
fn folder(lines: &str) -> Folder {
    Folder::new(&format!("[source]\nlocation = \"feed.xml\"\n[lagerkoll]\n{lines}\n"))
}

fn load_with(lines: &str, variables: &[(&str, &str)]) -> Result<Lagerkoll, String> {
    let variables = [&SECRETS, variables].concat();
    let config = folder(lines).load(&variables).map_err(told)?;
    Ok(config.lagerkoll.expect("a section"))
}

/// With a key in the environment, and a store.
fn load_one(lines: &str) -> Lagerkoll {
    load_with(&format!("store = \"12\"\n{lines}"), &[KEY]).expect("settings")
}

fn fault(lines: &str) -> String {
    let message = load_with(lines, &[KEY]).expect_err(lines);
    message.split_once("shelfkeeper.toml").map(|(_, rest)| rest.to_owned()).expect("the file's name")
}

fn key(account: &Account) -> &str {
    match &account.credentials {
        AccountCredentials::Key(key) => key.expose_secret(),
        AccountCredentials::User { .. } => panic!("a user"),
    }
}

#[test]
fn without_the_section_there_is_no_mirror() {
    assert!(load(&source("")).expect("a config").lagerkoll.is_none());
}

#[test]
fn the_defaults_and_every_setting() {
    let plain = load_one("");
    assert_eq!(plain.base_url.as_str(), "https://capi.lagerkoll.com/v1/events/");
    assert_eq!((plain.account.store.as_str(), key(&plain.account)), ("12", "k"));
    assert_eq!(plain.scope, Scope::Store);
    assert_eq!(plain.schedule.to_string(), "every 5m");
    assert_eq!((plain.history_days, plain.retries, plain.max_delete_percent), (90, 5, 20));
    assert_eq!(plain.timeout, Duration::from_secs(30));
    assert!(plain.events.is_empty() && plain.copies.is_empty());

    let set = load_one(
        "base_url = \"http://127.0.0.1:8080/e\"\nschedule = \"0 * * * * *\"\nhistory_days = 7\n\
         timeout = \"2s\"\nretries = 0\nmax_delete_percent = 100",
    );
    assert_eq!(set.base_url.as_str(), "http://127.0.0.1:8080/e/", "a slash is added");
    assert_eq!(set.schedule, Schedule::Cron("0 * * * * *".into()));
    assert_eq!((set.history_days, set.retries, set.max_delete_percent), (7, 0, 100));
    assert_eq!(set.timeout, Duration::from_secs(2));
    assert_eq!(load_with("store = 12", &[KEY]).expect("settings").account.store, "12", "without quotes");
}

#[test]
fn a_key_or_a_user_with_a_token() {
    let user = load_with("store = \"12\"\nuser_id = 7\nuser_token = \"t\"", &[]).expect("settings");
    match user.account.credentials {
        AccountCredentials::User { id, token } => assert_eq!((id.as_str(), token.expose_secret()), ("7", "t")),
        AccountCredentials::Key(_) => panic!("a key"),
    }
    let scope = "store = \"12\"\nscope = \"user\"\n";
    let set = load_with(&format!("{scope}user_id = 7\nuser_token = \"t\""), &[]).expect("settings");
    assert_eq!(set.scope, Scope::User);
    let personless = fault(scope);
    assert!(personless.contains(":3:2: lagerkoll.scope = \"user\" asks for a person's events"), "{personless}");
    let error = |lines: &str, variables| load_with(&format!("store = \"1\"\n{lines}"), variables).expect_err(lines);
    let none = error("", &[]);
    assert!(none.contains(":3:2: lagerkoll.api_key is missing") && none.ends_with("person's login gives."), "{none}");
    let both = error(&format!("user_id = \"7\"\napi_key = \"{HIDDEN}\""), &[]);
    assert!(both.ends_with("lagerkoll.api_key: the secret is given beside user_id; keep one of the two"), "{both}");
    let both = error("user_id = \"7\"", &[KEY]);
    assert!(both.contains("variable SHELFKEEPER_LAGERKOLL_API_KEY is given beside user_id"), "{both}");
    let stray = error(&format!("user_token = \"{HIDDEN}\""), &[KEY]);
    assert!(
        stray.contains("lagerkoll.user_token: the secret is given without a user: set lagerkoll.user_id"),
        "{stray}"
    );
    let tokenless = error("user_id = \"7\"", &[]);
    assert!(tokenless.contains("lagerkoll.user_token is missing"), "{tokenless}");
    let twice = error(&format!("api_key = \"{HIDDEN}\""), &[KEY]);
    assert!(twice.contains("lagerkoll.api_key is given 2 times"), "{twice}");
    for message in [none, both, stray, twice] {
        assert!(!message.contains(HIDDEN), "{message}");
    }
}

#[test]
fn values_that_are_not_right() {
    for (lines, expected) in [
        ("", ":3:2: lagerkoll.store is missing"),
        ("store = \"\"", ":3:2: lagerkoll.store is missing"),
        ("store = \"a\\nb\"", ":4:9: lagerkoll.store = \"a\\nb\": an id has printable ASCII characters only"),
        ("store = -1", "expected a whole number from 0"),
        ("store = \"1\"\nbase_url = \"capi\"", "lagerkoll.base_url = \"capi\": an address must begin with https://"),
        ("store = \"1\"\nscope = \"all\"", "expected \"store\" or \"user\""),
        ("store = \"1\"\nhistory_days = 0", "expected a whole number from 1 to 36500"),
        ("store = \"1\"\nschedule = \"daily\"", "expected an interval"),
        ("store = \"1\"\nstores = \"2\"", ":5:1: unknown setting lagerkoll.stores; did you mean store?"),
        ("store = \"1\"\nevent = 5", ":5:1: lagerkoll.event is a list of tables: write [[lagerkoll.event]] above each"),
        ("store = \"1\"\n[lagerkoll.event]\nname = \"x\"", "write [[lagerkoll.event]] above each"),
    ] {
        let message = fault(lines);
        assert!(message.contains(expected), "{expected} in {message}");
    }
}

#[test]
fn declared_events() {
    let settings = load_one(
        "[[lagerkoll.event]]\nname = \"a\"\ntrigger_type = \"TIME\"\naction_type = \"SEND_EMAIL\"\n\
         trigger = { time = 08:00:00, days = [1, 0x10], n = 1.50, deep = { id = 9223372036854775807, on = true } }\n\
         action = { to = [\"a@shop.example\"] }\n\
         [[lagerkoll.event]]\nname = \"b\"\ntrigger_type = \"EVENT\"\naction_type = \"X\"",
    );
    let [a, b] = settings.events.as_slice() else { panic!("two events") };
    let written = Value::Object(a.content.fields().clone()).to_string();
    assert!(written.contains("1.50"), "digits are kept: {written}");
    let wanted: Value = serde_json::from_str(
        r#"{"triggerType": "TIME", "actionType": "SEND_EMAIL", "action": {"to": ["a@shop.example"]},
            "trigger": {"time": "08:00:00", "days": [1, 16], "n": 1.50, "deep": {"id": 9223372036854775807, "on": true}}}"#,
    )
    .expect("JSON");
    assert_eq!(Value::Object(a.content.fields().clone()), wanted);
    let wanted = json!({"triggerType": "EVENT", "actionType": "X", "action": {}, "trigger": {}});
    assert_eq!((b.name.as_str(), Value::Object(b.content.fields().clone())), ("b", wanted));
}

#[test]
fn events_that_are_not_right() {
    const WHOLE: &str = "store = \"1\"\n[[lagerkoll.event]]\nname = \"a\"\ntrigger_type = \"T\"\naction_type = \"A\"\n";
    let without = |key: &str| WHOLE.lines().filter(|line| !line.starts_with(key)).collect::<Vec<_>>().join("\n");
    for (text, expected) in [
        (without("name"), ":5:1: lagerkoll.event.name is missing"),
        (without("trigger_type"), "lagerkoll.event.trigger_type is missing: set it, such as \"TIME\""),
        (without("action_type"), "lagerkoll.event.action_type is missing"),
        (format!("{WHOLE}colour = 1"), ":9:1: unknown setting lagerkoll.event.colour; [[lagerkoll.event]] has name"),
        (format!("{WHOLE}trigger = \"daily\""), "lagerkoll.event.trigger = \"daily\": expected a table"),
        (format!("{WHOLE}trigger = {{ x = inf }}"), "no numbers of JSON"),
        (format!("{WHOLE}{}", &WHOLE[WHOLE.find("[[").expect("a table")..]), "another event of the name \"a\""),
    ] {
        let message = fault(&text);
        assert!(message.contains(expected), "{expected} in {message}");
    }
}

#[test]
fn copies_have_secrets_of_their_own() {
    let copies = "[[lagerkoll.copy_to]]\nstore = \"a/b\"\n[[lagerkoll.copy_to]]\nstore = \"34\"\napi_key = \"in-file\"";
    let folder = folder(&format!("store = \"12\"\n{copies}"));
    let variables = [SECRETS[0], SECRETS[1], KEY, ("SHELFKEEPER_LAGERKOLL_COPY_TO_A_B_API_KEY", "in-env")];
    let settings = folder.load(&variables).expect("a config").lagerkoll.expect("a section");
    let seen: Vec<_> = settings.copies.iter().map(|copy| (copy.store.as_str(), key(copy))).collect();
    assert_eq!(seen, [("a/b", "in-env"), ("34", "in-file")]);

    folder.write("lagerkoll_copy_to_a_b_api_key", "as-credential");
    let credentials = folder.0.path().display().to_string();
    let variables = [SECRETS[0], SECRETS[1], KEY, ("CREDENTIALS_DIRECTORY", &credentials)];
    let settings = folder.load(&variables).expect("a config").lagerkoll.expect("a section");
    assert_eq!(key(&settings.copies[0]), "as-credential");

    let message = fault("store = \"12\"\n[[lagerkoll.copy_to]]\nstore = \"34\"");
    for part in [
        ":5:1: lagerkoll.copy_to.api_key is missing",
        "in section [[lagerkoll.copy_to]]",
        "SHELFKEEPER_LAGERKOLL_COPY_TO_34_API_KEY",
        "credential lagerkoll_copy_to_34_api_key",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
    let copy = |store| format!("[[lagerkoll.copy_to]]\nstore = \"{store}\"\napi_key = \"k\"\n");
    for (stores, expected) in [("12", "\"12\" is the store that is copied from"), ("34", "\"34\" is in another")] {
        let message = fault(&format!("store = \"12\"\n{}{}", copy("34"), copy(stores)));
        assert!(message.contains(expected), "{expected} in {message}");
    }
    for (one, other) in [("a-b", "a_b"), ("x", "X")] {
        let message = fault(&format!("store = \"12\"\n{}{}", copy(one), copy(other)));
        assert!(message.contains(&format!("the stores \"{one}\" and \"{other}\" would take")), "{message}");
    }
}
