//! `[emplifi]`: its settings and its watches. It may stand alone.

use super::*;

const LEAST: &str = "[emplifi]\nbase_url = \"https://gis.example\"\napi_key = \"k\"\n";

fn read(lines: &str) -> Emplifi {
    load_alone(&format!("{LEAST}{lines}")).expect(lines).emplifi.expect("a section")
}

fn load_alone(text: &str) -> Result<Config, ConfigError> {
    Folder::new(text).load(&[])
}

/// All that is wrong.
fn wrong(lines: &str) -> String {
    told(load_alone(&format!("{LEAST}{lines}")).expect_err(lines))
}

#[test]
fn the_example_shows_the_defaults() {
    let example = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/shelfkeeper.example.toml"));
    let (_, shown) = example.split_once("# [emplifi]\n").expect("the section");
    let (shown, _) = shown.split_once("# [newstore]\n").expect("the next one");
    let is_setting =
        |line: &&str| line.starts_with("[[") || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let lines = shown.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting);
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("required_keys")).collect();
    let folder = Folder::new("");
    let key = format!("{:?}", folder.write("emplifi_api_key", "k\n"));
    let text = format!("[emplifi]\n{}", lines.join("\n")).replace("\"/etc/shelfkeeper/emplifi_api_key\"", &key);
    folder.write("shelfkeeper.toml", &text);
    let shown = folder.load(&[]).expect(&text).emplifi.expect("a section");
    assert_eq!(shown.watches.len(), 1);
    let least = load_alone(&LEAST.replace("gis.example", "sandbox.goinstore.com")).expect("a config");
    let without_watches = Emplifi { watches: Vec::new(), ..shown };
    assert_eq!(format!("{without_watches:?}"), format!("{:?}", least.emplifi.expect("a section")));
}

#[test]
fn it_stands_alone_and_every_setting_is_read() {
    let config = load_alone(LEAST).expect("a config");
    assert!(config.catalog.is_none() && config.lagerkoll.is_none() && config.http.is_none());
    let emplifi = read(
        "schedule = \"every 10s\"\ntimeout = \"500ms\"\nopen_after = 3\nclose_after = 100\nunknown_after = \"24h\"\n\
         when_unknown = \"show\"\nmax_age = \"0s\"\nhistory_days = 7\ntimezone = \"Europe/Berlin\"\n\
         [[emplifi.watch]]\nname = \"sofas\"\nalias = \"sofa team\"\n\
         [[emplifi.watch]]\nname = \"any-1_x\"\nrequired_keys = []\n\
         [[emplifi.watch]]\nname = \"rule\"\nrequired_keys = [\"b\", \"a\"]\noperator = \"OR\"\noptional_keys = [\"vip\"]\n",
    );
    assert_eq!(emplifi.terms, Terms { open_after: 3, close_after: 100, unknown_after: Duration::from_secs(24 * 3600) });
    assert!(emplifi.shows_unknown && emplifi.max_age.is_zero());
    assert_eq!(emplifi.timezone.iana_name(), Some("Europe/Berlin"));
    let sent = |at: usize| match &emplifi.watches[at].question {
        Question::Direct(alias) => alias.clone(),
        Question::MultiLevel(rule) => serde_json::to_string(rule).expect("JSON"),
    };
    assert_eq!(
        (sent(0).as_str(), sent(1).as_str(), sent(2).as_str()),
        (
            "sofa team",
            r#"{"required-routing-keys":[]}"#,
            r#"{"required-routing-keys":["b","a"],"operator":"OR","optional-routing-keys":["vip"]}"#
        )
    );
}

#[test]
fn the_same_question_in_other_words_is_the_same() {
    let asks = |lines: &str| {
        read(&format!("[[emplifi.watch]]\nname = \"a\"\n{lines}\n")).watches.swap_remove(0).question.asks()
    };
    assert_eq!(asks("required_keys = [\"a\", \"b\"]"), asks("required_keys = [\"b\", \"a\"]\noperator = \"AND\""));
    assert_ne!(asks("required_keys = [\"a\", \"b\"]"), asks("required_keys = [\"a\", \"b\"]\noperator = \"OR\""));
    assert_ne!(asks("alias = \"a\""), asks("required_keys = [\"a\"]"));
}

#[test]
fn what_is_wrong_is_told() {
    for (lines, expected) in [
        ("unknown_after = \"30s\"", "must be longer than the interval (30s)"),
        ("schedule = \"every 2m\"", "must be longer than the interval (2m)"),
        ("schedule = \"0 0 * * * *\"", "must be longer than the interval (1h)"),
        ("unknown_after = \"25h\"", "expected a time from 1ms to 24h"),
        ("max_age = \"2h\"", "expected a time from 0ms to 1h"),
        ("open_after = 0", "from 1 to 100"),
        ("close_after = 101", "from 1 to 100"),
        ("when_unknown = \"maybe\"", "expected \"hide\" or \"show\""),
        ("timezone = \"Berlin\"", "an IANA time zone"),
        ("api_key_file = \"x\"", "given 2 times"),
        ("wach = 1", "did you mean watch?"),
    ] {
        let told = wrong(lines);
        assert!(told.contains(expected), "{lines}: {told}");
    }
    assert!(read("schedule = \"0 * * * * MON-FRI\"").watches.is_empty());
    for (lines, expected) in [
        ("", "emplifi.watch.name is missing"),
        ("name = \"Sofas\"\nalias = \"a\"", "lower-case letters"),
        ("name = \"s\"", "doesn't say who is meant"),
        ("name = \"s\"\nalias = \"a\"\nrequired_keys = []", "beside alias"),
        ("name = \"s\"\nalias = \"\"", "expected the alias"),
        ("name = \"s\"\nalias = \".\"", "can't be an alias"),
        ("name = \"s\"\nalias = \"..\"", "can't be an alias"),
        ("name = \"s\"\nalias = \"a\"\noperator = \"OR\"", "goes with required_keys"),
        ("name = \"s\"\nrequired_keys = \"a\"", "a list of texts"),
        ("name = \"s\"\nrequired_keys = [1]", "a list of texts"),
        ("name = \"s\"\nrequired_keys = [\"a\"]\noperator = \"or\"", "expected \"AND\" or \"OR\""),
    ] {
        let told = wrong(&format!("[[emplifi.watch]]\n{lines}\n"));
        assert!(told.contains(expected), "{lines}: {told}");
    }
    let name = "s".repeat(65);
    assert!(wrong(&format!("[[emplifi.watch]]\nname = {name:?}\nalias = \"a\"\n")).contains("at most 64"));
    let twice = "[[emplifi.watch]]\nname = \"s\"\nalias = \"a\"\n".repeat(2);
    assert!(wrong(&twice).contains("another watch of the name \"s\""));
}

#[test]
fn address_and_key_are_needed() {
    let lacking = |text: &str| told(load_alone(text).expect_err(text));
    assert!(lacking("[emplifi]\napi_key = \"k\"\n").contains("emplifi.base_url is missing"));
    let told = lacking("[emplifi]\nbase_url = \"https://gis.example\"\n");
    assert!(told.contains("SHELFKEEPER_EMPLIFI_API_KEY") && told.contains("credential emplifi_api_key"), "{told}");
    for url in ["gis.example", "ftp://gis.example", "https://u:p@gis.example", "https://gis.example/?a=b"] {
        let text = format!("[emplifi]\nbase_url = {url:?}\napi_key = \"k\"\n");
        assert!(lacking(&text).contains("expected an address"), "{url}");
    }
}
