//! What is wrong with the settings, the secrets or the state file: the exit code, and a message
//! that names the place and never shows a secret.

use crate::kit::{Output, Shop, finish, program};
use rusqlite::Connection;

/// A value that must not turn up anywhere.
const HIDDEN: &str = "hunter2hunter2";

/// Every command that needs a config, the one that needs no secret last.
const COMMANDS: [&[&str]; 4] = [&["run", "--once"], &["plan"], &["check"], &["status"]];

/// Every command that needs a config ends with 2 and says all of this, and nothing secret.
#[track_caller]
fn refused(shop: &Shop, words: &[&str]) {
    refused_by(&COMMANDS, shop, words);
}

/// The same of a secret that can't be had: what only reads the state does without.
#[track_caller]
fn secret_refused(shop: &Shop, words: &[&str]) {
    refused_by(&COMMANDS[..3], shop, words);
    let output = shop.run(&["status"]).expect_code(0);
    assert!(!format!("{output:?}").contains(HIDDEN), "{output:?}");
}

#[track_caller]
fn refused_by(commands: &[&[&str]], shop: &Shop, words: &[&str]) {
    for command in commands {
        let output = shop.run(command).expect_code(2);
        for word in words {
            assert!(output.stderr.contains(word), "{command:?}: {word:?} in {}", output.stderr);
        }
        assert_eq!(output.stdout, "", "{command:?}");
        assert!(!output.stderr.contains(HIDDEN), "{command:?}: {}", output.stderr);
    }
    assert!(!shop.state_path().exists());
    assert!(shop.nicechat().requests().is_empty() && shop.fetches().is_empty());
}

/// A shop whose config file is this, as it stands.
fn with_text(text: &str) -> Shop {
    let shop = Shop::new();
    shop.write("shelfkeeper.toml", text);
    shop
}

const SOURCE: &str = "[source]\nlocation = \"feed.tsv\"\n";

#[test]
fn unknown_names_are_told_with_their_line() {
    for (text, words) in [
        (format!("{SOURCE}shedule = \"every 1m\"\n"), ["toml:3:1: ", "unknown setting source.shedule"]),
        (format!("{SOURCE}\n[nicechat]\napi_token = \"{HIDDEN}\"\n"), [":5:1: ", "unknown setting nicechat.api_token"]),
        (
            format!("{SOURCE}[nice]\n"),
            [
                ":3:2: ",
                "unknown section [nice]; there are [source], [state], [nicechat], [guard], [orders], [lagerkoll], [emplifi], [newstore], [notify], [http] and [oct8ne]",
            ],
        ),
        (format!("colour = 1\n{SOURCE}"), [":1:1: ", "unknown setting colour"]),
    ] {
        refused(&with_text(&text), &words);
    }
}

#[test]
fn values_of_the_wrong_kind() {
    for (extra, words) in [
        ("[source]\nschedule = 15", "source.schedule = 15: write it in quotes"),
        ("[source]\nschedule = \"sometimes\"", "source.schedule = \"sometimes\": "),
        (
            "[source]\ntype = \"csv\"",
            "source.type = \"csv\": expected \"auto\", \"google-csv\", \"google-xml\" or \"yml\"",
        ),
        ("[source]\nmax_bytes = \"much\"", "source.max_bytes = \"much\": "),
        ("[source]\ndefault_currency = \"dollar\"", "source.default_currency = \"dollar\": expected a currency"),
        (
            "[nicechat]\nconcurrency = \"8\"",
            "nicechat.concurrency = \"8\": expected \"auto\" or a whole number from 1 to 256",
        ),
        ("[nicechat]\nretries = -1", "nicechat.retries = -1: expected a whole number from 0 to 20"),
        ("[nicechat]\nmax_delete_percent = 101", "nicechat.max_delete_percent = 101: expected a whole number"),
        ("[nicechat]\nprune = \"some\"", "nicechat.prune = \"some\": expected \"owned\", \"all\" or \"none\""),
        (
            "[nicechat]\nbase_url = \"account.nice.chat\"",
            "nicechat.base_url = \"account.nice.chat\": an address must begin with https://",
        ),
        ("[state]\npath = \"\"", "state.path = \"\": expected the path"),
        ("[http]\nlisten = \"localhost:80\"", "http.listen = \"localhost:80\": expected an IP address and a port"),
        ("[http]\nlisten = 8787", "http.listen = 8787: write a text in quotes"),
        (
            "[http]\npublic_url = \"shop.example\"",
            "http.public_url = \"shop.example\": an address must begin with https://",
        ),
    ] {
        let shop = Shop::new();
        shop.config(extra);
        refused(&shop, &["shelfkeeper.toml:", words]);
    }
}

#[test]
fn settings_that_contradict_each_other() {
    for (extra, words) in [
        (
            "[source]\nlocation = \"feed.tsv\"\nusername = \"shop\"\npassword = \"hunter2hunter2\"",
            "a file needs no user",
        ),
        ("[source]\npassword = \"hunter2hunter2\"", "source.password: the secret is given without a user"),
        ("[source]\nlocation = \"https://shop:hunter2hunter2@shop.example/f\"", "leave the user and password out"),
        ("[http]\npublic_url = \"https://shop:hunter2hunter2@shop.example\"", "without user and password"),
    ] {
        let shop = Shop::new();
        shop.config(extra);
        refused(&shop, &["shelfkeeper.toml", words]);
    }
    let shop = Shop::new();
    shop.config("[source]\nusername = \"shop\"");
    secret_refused(&shop, &["source.password is missing"]);
}

#[test]
fn broken_toml_does_not_show_its_line() {
    for line in [format!("api_secret = \"{HIDDEN}"), format!("api_secret = {HIDDEN}"), format!("{HIDDEN} = = 1")] {
        refused(&with_text(&format!("{SOURCE}[nicechat]\n{line}\n")), &["shelfkeeper.toml:4:"]);
    }
    let shop = with_text("");
    shop.write("shelfkeeper.toml", [0xff, 0xfe, 0x00]);
    refused(&shop, &["shelfkeeper.toml cannot be read"]);
}

#[test]
fn secrets_that_are_missing_or_given_twice() {
    let nicechat = |lines: &str| with_text(&format!("{SOURCE}[nicechat]\napi_key = \"k\"\n{lines}\n"));
    secret_refused(
        &nicechat(""),
        &["toml:3:2: nicechat.api_secret is missing", "api_secret_file = ", "SHELFKEEPER_NICECHAT_API_SECRET"],
    );
    refused(
        &nicechat(&format!("api_secret = \"{HIDDEN}\"\napi_secret_file = \"secret\"")),
        &["nicechat.api_secret is given 2 times", "api_secret and the setting nicechat.api_secret_file"],
    );
    refused(&nicechat("api_secret = \"\""), &["nicechat.api_secret: the secret is empty"]);
    // As a setting that isn't used: what is wrong is the file alone.
    secret_refused(&nicechat("api_secret = \"\"\napi_secret_file = \"./absent\""), &["the file cannot be read"]);
    // It may be the secret itself, in the wrong place.
    secret_refused(&nicechat(&format!("api_secret_file = {HIDDEN:?}")), &[":5:19: ", "No such file", "isn't shown"]);
    secret_refused(
        &nicechat("api_secret_file = \"./absent\""),
        &["\"./absent\": the file cannot be read: No such file"],
    );
    secret_refused(&nicechat("api_secret_file = \".\""), &["the file cannot be read: this is not a file"]);
    secret_refused(&nicechat("api_secret_file = \"/dev/zero\""), &["the file cannot be read: this is not a file"]);
    let shop = nicechat("api_secret_file = \"secret\"");
    shop.write("secret", " \n");
    secret_refused(&shop, &["the file is empty"]);
}

#[test]
fn secrets_from_the_environment_and_from_systemd() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    let (key, secret) = (sandbox::DEMO_KEY, sandbox::DEMO_SECRET);
    let base_url = shop.feed_url().replace("/shop/products.txt", "");
    shop.write(
        "shelfkeeper.toml",
        format!("[source]\nlocation = {:?}\n[nicechat]\nbase_url = {base_url:?}\n", shop.feed_url()),
    );
    let run = |secrets: &[(&str, &str)]| -> Output {
        let mut command = shop.command(&["check", "--online"]);
        command.envs(secrets.iter().copied());
        finish(command)
    };
    let key_in = ("SHELFKEEPER_NICECHAT_API_KEY", key);
    let secret_in = ("SHELFKEEPER_NICECHAT_API_SECRET", secret);
    let output = run(&[key_in, secret_in]).expect_code(0);
    assert!(!format!("{output:?}").contains(secret), "{output:?}");
    shop.write("credentials/nicechat_api_secret", format!("{secret}\n"));
    let folder = shop.path("credentials").display().to_string();
    run(&[key_in, ("CREDENTIALS_DIRECTORY", &folder)]).expect_code(0);
    let output = run(&[key_in, secret_in, ("CREDENTIALS_DIRECTORY", &folder)]).expect_code(2);
    assert!(output.stderr.contains("is given 2 times"), "{}", output.stderr);
    assert!(!output.stderr.contains(secret), "{}", output.stderr);
}

#[test]
fn where_the_config_is_looked_for() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    let run = |arguments: &[&str], variable: Option<&str>| {
        let mut command = program(&shop.path(""));
        command.args(arguments).envs(variable.map(|path| ("SHELFKEEPER_CONFIG", path)));
        finish(command)
    };
    let output = run(&["plan"], None).expect_code(2);
    assert!(output.stderr.contains("there is no config file") && output.stderr.contains("demo"), "{}", output.stderr);
    run(&["plan"], Some("shelfkeeper.toml")).expect_code(0);
    let output = run(&["plan"], Some("absent.toml")).expect_code(2);
    assert!(output.stderr.contains("absent.toml, which $SHELFKEEPER_CONFIG names"), "{}", output.stderr);
    let output = run(&["plan", "--config", "gone.toml"], Some("shelfkeeper.toml")).expect_code(2);
    assert!(output.stderr.contains("gone.toml, which --config names"), "{}", output.stderr);
    let text = std::fs::read(shop.path("shelfkeeper.toml"));
    shop.write("config/shelfkeeper.toml", text.unwrap_or_default());
    run(&["plan"], None).expect_code(0);
}

/// A shop that was synced once, and what the state file's path ends with in messages.
fn synced() -> Shop {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    shop.pass(0);
    shop.nicechat().take_requests();
    shop
}

/// Every command that uses the state ends so, says this, and nothing is sent.
#[track_caller]
fn state_refused(shop: &Shop, code: i32, words: &[&str]) {
    for command in COMMANDS {
        let output = shop.run(command).expect_code(code);
        // `check` tells it among its other lines.
        let told = if command == ["check"] { &output.stdout } else { &output.stderr };
        for word in words {
            assert!(told.contains(word), "{command:?}: {word:?} in {told}");
        }
    }
    assert!(shop.nicechat().requests().iter().all(|request| request.method == "GET"));
}

#[test]
fn a_state_file_of_a_newer_version() {
    let shop = synced();
    let newer = Connection::open(shop.state_path()).and_then(|file| file.pragma_update(None, "user_version", 99));
    assert_eq!(newer, Ok(()));
    let before = std::fs::read(shop.state_path()).ok();
    state_refused(&shop, 1, &["shelfkeeper.db: written by a newer shelfkeeper (format 99"]);
    assert_eq!(std::fs::read(shop.state_path()).ok(), before);
}

#[test]
fn a_state_file_that_is_none() {
    let shop = synced();
    shop.write("state/shelfkeeper.db", "this is no database, but it is long enough to look like one".repeat(100));
    state_refused(&shop, 1, &["shelfkeeper.db: not a state file, or damaged", "move it away"]);
    // As the message says.
    assert!(std::fs::rename(shop.state_path(), shop.path("away.db")).is_ok());
    shop.pass(0);
    assert_eq!(shop.take_writes(), [""; 0]);
}

#[test]
fn a_state_file_that_is_damaged() {
    let shop = synced();
    let mut bytes = std::fs::read(shop.state_path()).unwrap_or_default();
    assert!(bytes.len() > 8192);
    bytes[4096..].fill(0xa5);
    shop.write("state/shelfkeeper.db", bytes);
    state_refused(&shop, 1, &["shelfkeeper.db: not a state file, or damaged"]);
}

#[test]
fn a_state_file_that_cannot_be_made() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    let file = shop.write("file", "");
    shop.config(&format!("[state]\npath = {:?}", file.join("shelfkeeper.db")));
    let output = shop.pass(1);
    assert!(output.stderr.contains("file"), "{}", output.stderr);
    assert!(shop.nicechat().requests().is_empty());
    shop.config(&format!("[state]\npath = {:?}", shop.path("")));
    let output = shop.pass(1);
    assert!(output.stderr.contains("shelfkeeper: "), "{}", output.stderr);
    assert!(shop.nicechat().requests().is_empty());
}

/// "No pass yet" would be false: nobody has looked.
#[test]
fn a_state_file_that_cannot_be_looked_at_is_not_taken_for_none() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    let file = shop.write("file", "");
    let pipe = shop.path("pipe");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    assert!(rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).is_ok());
    // Root may look into every folder, so that another reason has to do here.
    for (path, named) in [(file.join("shelfkeeper.db"), &file), (pipe.clone(), &pipe), (shop.path(""), &shop.path(""))]
    {
        shop.config(&format!("[state]\npath = {path:?}"));
        let named = named.display().to_string();
        state_refused(&shop, 1, &[named.trim_end_matches('/')]);
    }
}

#[test]
fn a_state_file_of_another_nicechat() {
    let shop = synced();
    let other = Shop::new();
    let base_url = other.feed_url().replace("/shop/products.txt", "");
    shop.config(&format!("[nicechat]\nbase_url = {base_url:?}"));
    state_refused(&shop, 2, &["this state belongs to http://127.0.0.1:", &base_url, "[state] path another file"]);
    assert!(other.nicechat().requests().is_empty());
}

#[test]
fn a_new_key_is_no_other_nicechat() {
    let shop = synced();
    shop.nicechat().set_secret("the new one");
    shop.config("[nicechat]\napi_secret = \"the new one\"");
    shop.feed_tsv(&["1|Lamp|11.00 USD|in stock|Home"]);
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["PATCH products 1"]);
}
