//! Files that are not right: what their error says.

use super::*;

#[test]
fn unknown_names_tell_the_name_and_the_line() {
    assert_eq!(error(&source("timout = \"5s\"")), ":3:1: unknown setting source.timout; did you mean timeout?");
    assert_eq!(
        error(&source("colour = \"red\"")),
        ":3:1: unknown setting source.colour; [source] has location, type, schedule, resync_schedule, splay, watch, \
         timeout, max_bytes, username, password, password_file, default_currency, default_category and rule"
    );
    assert_eq!(
        error(&source("retries = 1")),
        ":3:1: unknown setting source.retries; it belongs in [nicechat], [lagerkoll] or [newstore]"
    );
    assert_eq!(
        error(&source("\n  [shop]\nname = 1")),
        ":4:4: unknown section [shop]; there are [source], [state], [nicechat], [guard], [orders], [lagerkoll], [emplifi], [newstore], [notify], [http] and [oct8ne]"
    );
    assert_eq!(error(&source("[sorce]\nname = 1")), ":3:2: unknown section [sorce]; did you mean [source]?");
    assert_eq!(error("location = \"x\""), ":1:1: setting location stands in no section; put it below [source]");
    assert_eq!(
        error("colour = \"x\""),
        ":1:1: unknown setting colour: every setting stands in a section, [source], [state], [nicechat], [guard], [orders], [lagerkoll], [emplifi], [newstore], [notify], [http] and [oct8ne]"
    );
    assert!(
        errors(&source("[state]\nfile = 1\n[source.more]\nx = 1"))[1].starts_with(":5:9: unknown setting source.more")
    );
    // The first in the file, whatever its name; and before a value that is bad or missing.
    assert!(error("[state]\nz = 1\na = 1\n[source]\nloc = 1").starts_with(":2:1: unknown setting state.z"));
}

#[test]
fn an_import_needs_an_address() {
    let told = error(&nicechat("strategy = \"import\""));
    assert!(
        told.starts_with(
            ":4:12: nicechat.strategy = \"import\": no import: local file, and `[http] public_url` is not set"
        ),
        "{told}"
    );
    assert!(told.contains("set it, so that shelfkeeper can serve the feed"), "{told}");
    for source in ["username = \"u\"\npassword = \"p\"", "type = \"google-xml\""] {
        let told = error(&source_with(source, "[nicechat]\nstrategy = \"import\""));
        assert!(told.contains("behind a password") || told.contains("not google-xml"), "{told}");
    }
    let public = "[nicechat]\nstrategy = \"import\"\n[http]\npublic_listen = \"127.0.0.1:0\"\npublic_url = \"https://shop.example/keeper\"";
    assert!(load(&source_with("type = \"google-xml\"", public)).is_ok());
    assert!(load(&source_with("", "[nicechat]\nstrategy = \"import\"")).is_ok());
}

fn source_with(settings: &str, sections: &str) -> String {
    source(&format!("{settings}\n{sections}"))
}

#[test]
fn sections_that_are_none() {
    assert_eq!(error("source = 5"), ":1:1: source is a section: write [source], once");
    assert_eq!(error("[[source]]\nlocation = \"x\""), ":1:3: source is a section: write [source], once");
}

#[test]
fn broken_toml_tells_the_line() {
    assert_eq!(error(&source("timeout = 60s")).split_once(": ").map(|(place, _)| place), Some(":3:11"));
    let message = error(&source("timeout = \"1s\"\ntimeout = \"2s\""));
    assert_eq!(message, ":4:1: `timeout` is set twice (also line 3); keep one of them");
    assert_eq!(
        error(&source("[source]\ntype = \"yml\"")),
        ":3:2: [source] is there twice (also line 1); put its settings together"
    );
    assert_eq!(error(&source("timeout = 30s")), ":3:11: timeout: write a time in quotes, such as \"30s\"");
    for path in ["C:\\feeds\\shop.xml", "C:\\Users\\shop.xml", "C:\\new\\xml", "C:\\feeds\\new.txt"] {
        let told = error(&format!("[source]\nlocation = \"{path}\""));
        assert!(told.contains(r"write a Windows path as 'C:\feeds\shop.xml', or each \ as \\"), "{told}");
    }
    let told = error(&source("[state]\npath = \"C:\\feeds\\new.db\""));
    assert!(told.contains("write a Windows path as "), "{told}");
    assert!(error("[source\nlocation = 1").starts_with(":1:8: this is not TOML: "), "{}", error("[source\n"));
    assert!(error("äö = [").starts_with(":1:"), "{}", error("äö = ["));
}

#[test]
fn what_is_missing_tells_where_it_goes() {
    assert!(error("").starts_with(": source.location is missing"), "{}", error(""));
    assert!(error("\n[source]\n").starts_with(":2:2: source.location is missing"), "{}", error("\n[source]\n"));
}

#[test]
fn wrong_types_tell_what_is_expected() {
    for (line, expected) in [
        ("timeout = 60", "source.timeout = 60: write a time in quotes, such as \"30s\""),
        ("type = [\n1]", "source.type = […: expected a text in quotes"),
        ("username = true", "source.username = true: write a text in quotes"),
        ("resync_schedule = 1", "source.resync_schedule = 1: write it in quotes, such as \"every 15m\""),
        ("max_bytes = 0", "source.max_bytes = 0: expected a whole number from 1 to"),
        ("max_bytes = 1.5", "source.max_bytes = 1.5: write a size in quotes, such as \"4GiB\", or a number of bytes"),
    ] {
        assert!(error(&source(line)).contains(expected), "{line}: {}", error(&source(line)));
    }
    assert_eq!(
        error(&nicechat("concurrency = \"8\"")),
        ":4:15: nicechat.concurrency = \"8\": expected \"auto\" or a whole number from 1 to 256, without quotes"
    );
}

#[test]
fn numbers_out_of_range() {
    for (key, values, range) in [
        ("requests_per_second", ["-1", "10001", "99999999999999999999"], "0 to 10000"),
        ("retries", ["21", "-1", "1.5"], "0 to 20"),
        ("max_delete_percent", ["101", "-1", "0xff"], "0 to 100"),
    ] {
        for value in values {
            let message = error(&nicechat(&format!("{key} = {value}")));
            let expected = format!("nicechat.{key} = {value}: expected a whole number from {range}, without quotes");
            assert_eq!(message.split_once(": ").map(|(_, rest)| rest), Some(expected.as_str()));
        }
    }
}

#[test]
fn a_concurrency_that_is_none() {
    for value in ["0", "257", "-1", "\"8\"", "\"Auto\"", "1.5", "true"] {
        let message = error(&nicechat(&format!("concurrency = {value}")));
        let expected = "expected \"auto\" or a whole number from 1 to 256, without quotes";
        assert!(message.ends_with(&format!("nicechat.concurrency = {value}: {expected}")), "{message}");
    }
    assert!(load(&nicechat("concurrency = \"auto\"")).is_ok());
}

#[test]
fn texts_without_a_meaning() {
    for (line, expected) in [
        ("type = \"csv\"", "expected \"auto\", \"google-csv\", \"google-xml\" or \"yml\""),
        ("schedule = \"*/15 * * * *\"", "write \"0 */15 * * * *\""),
        ("schedule = \"\"", "expected an interval"),
        ("resync_schedule = \"nightly\"", "\"daily\", or \"never\""),
        ("splay = \"a bit\"", "expected a time from 0ms to 24h"),
        ("timeout = \"0s\"", "expected a time from 1ms to 1h"),
        ("timeout = \"61m\"", "expected a time from 1ms to 1h"),
        ("max_bytes = \"much\"", "expected a size"),
        ("default_currency = \"dollars\"", "expected a currency"),
        ("default_category = \"..\"", "cannot be part of an address"),
        ("[state]\npath = \"\"", "expected the path"),
        ("[nicechat]\ntimeout = \"2h\"", "expected a time from 1ms to 1h"),
        ("[nicechat]\nstrategy = \"fast\"", "expected \"auto\", \"api\" or \"import\""),
        ("[nicechat]\nprune = \"some\"", "expected \"owned\", \"all\" or \"none\""),
        ("[nicechat]\nvanished_category = \"hide\"", "expected \"delete\" or \"disable\""),
    ] {
        let message = error(&source(line));
        let (section, setting) = match line.split_once('\n') {
            Some((section, setting)) => (section.trim_matches(['[', ']']), setting),
            None => ("source", line),
        };
        assert!(message.contains(&format!("{section}.{setting}: ")), "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn base_urls() {
    for url in ["nice.chat", "ftp://nice.chat", "http://", "https://nice.chat/#a", ""] {
        let message = error(&nicechat(&format!("base_url = \"{url}\"")));
        assert!(
            message.starts_with(&format!(":4:12: nicechat.base_url = \"{url}\": "))
                && message.contains("expected an address such as"),
            "{message}"
        );
    }
    let message = error(&nicechat("base_url = \"nice.chat\""));
    assert!(message.contains("an address must begin with https:// or http://"), "{message}");
    // Of a query, which may be a secret, nothing is shown.
    let message = error(&nicechat("base_url = \"https://nice.chat/?a=hunter2\""));
    assert!(message.contains("nicechat.base_url = \"https://nice.chat/…: expected an address"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
    assert!(load(&nicechat("base_url = \"http://nice.example/\"")).is_ok());
}

#[test]
fn passwords_in_urls_are_refused_and_not_shown() {
    for text in [
        "[source]\nlocation = \"https://shop:hunter2@shop.example/feed\"",
        "[source]\nlocation = \"https://hunter2@shop.example/feed\"",
        "[source]\nlocation = \"https://shop:hunter2@shop.example:99999/\"",
        "[source]\nlocation = \"ftp://shop:hunter2@shop.example/\"",
        &nicechat("base_url = \"https://shop:hunter2@nice.chat/\""),
        &source("[http]\npublic_url = \"https://shop:hunter2@shop.example/\""),
    ] {
        let message = error(text);
        assert!(!message.contains("hunter2"), "{message}");
    }
    let message = error("[source]\nlocation = \"https://a:b@shop.example/feed\"");
    assert!(
        message.starts_with(":2:12: source.location: ") && message.contains("username and password_file"),
        "{message}"
    );
}

#[test]
fn users_that_make_no_sense() {
    let message = error("[source]\nlocation = \"feed.xml\"\nusername = \"shop\"\npassword = \"pw\"");
    assert!(message.starts_with(":3:12: source.username = \"shop\": a file needs no user"), "{message}");
    let message = error(&source("username = \"a:b\"\npassword = \"pw\""));
    assert!(message.contains("no colon"), "{message}");
}

#[test]
fn everything_is_told_at_once_in_the_order_of_the_file() {
    let text = "[source]\nloction = \"feed.xml\"\ntimeout = 30\nschedule = \"hourly\"\n[nicechat]\nretries = \"two\"\n\
                conccurrency = 3\nbase_url = \"nice.chat\"\n[stat]\npath = \"x\"\n[http]\nlisten = \"here\"\n";
    let all = errors(text);
    let places: Vec<&str> = all.iter().filter_map(|message| message.split(": ").next()).collect();
    assert_eq!(places, [":2:1", ":3:11", ":4:12", ":6:11", ":7:1", ":8:12", ":9:2", ":12:10"], "{all:#?}");
    // What is missing because of a slip isn't told besides.
    assert!(!all.iter().any(|message| message.contains("missing")), "{all:#?}");
    let error = load(text).expect_err(text);
    assert_eq!(error.count(), 8);
    assert!(error.brief().ends_with("did you mean location? (and 7 more; `check` tells all)"), "{}", error.brief());
}

#[test]
fn broken_lines_hide_no_other_faults() {
    let all = errors(&source("timeout = 30s\nshedule = \"x\"\n[nicechat]\nretries = 99\napi_key = = 1"));
    assert_eq!(all.len(), 4, "{all:#?}");
    assert!(all[0].starts_with(":3:11: timeout: write a time in quotes"), "{all:#?}");
    assert!(all[1].starts_with(":4:1: unknown setting source.shedule"), "{all:#?}");
    assert!(all[2].starts_with(":6:11: nicechat.retries = 99"), "{all:#?}");
    assert!(all[3].starts_with(":7:"), "{all:#?}");
}

#[test]
fn secrets_are_missing_together() {
    let folder = Folder::new("[source]\nlocation = \"feed.xml\"\ntype = \"csv\"\n[nicechat]\n[lagerkoll]\n");
    let error = folder.load(&[]).expect_err("no secrets");
    let missing = ["source.type", "nicechat.api_key", "nicechat.api_secret", "lagerkoll.store", "lagerkoll.api_key"];
    assert_eq!(error.count(), missing.len(), "{error}");
    for name in missing {
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
}
