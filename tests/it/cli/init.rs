//! `init`: a config that works, secrets that only their owner reads, and nothing overwritten.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::kit::{Output, Shop, finish, program, tsv};
use sandbox::{DEMO_KEY, DEMO_SECRET};

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";
const NAMELESS: &str = "2||20.00 USD|in stock|Home";

/// Runs `init` in an empty folder of the shop's, with both secrets in the environment.
fn init(shop: &Shop, arguments: &[&str]) -> Output {
    let mut command = program(&shop.path(""));
    command.arg("init").args(arguments);
    command.env("SHELFKEEPER_NICECHAT_API_KEY", DEMO_KEY).env("SHELFKEEPER_NICECHAT_API_SECRET", DEMO_SECRET);
    finish(command)
}

fn run(shop: &Shop, arguments: &[&str]) -> Output {
    let mut command = program(&shop.path(""));
    command.args(arguments);
    finish(command)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).map(|file| file.permissions().mode() & 0o7777).unwrap_or_default()
}

#[test]
fn what_it_writes_works() {
    let shop = Shop::with_rows(&[LAMP, NAMELESS]);
    let base_url = shop.feed_url().replace("/shop/products.txt", "");
    let state = shop.path("kept/state.db").display().to_string();
    let arguments = ["--yes", "--feed", &shop.feed_url(), "--nicechat", &base_url, "--state", &state];
    let output = init(&shop, &arguments).expect_code(0);
    assert!(output.stdout.contains("The feed is google-csv: 1 item, 1 row rejected."), "{}", output.stdout);
    assert!(!format!("{output:?}").contains(DEMO_SECRET));
    let unset = "`unset SHELFKEEPER_NICECHAT_API_KEY SHELFKEEPER_NICECHAT_API_SECRET`";
    assert!(output.stdout.contains(unset), "given twice, they are an error: {}", output.stdout);
    let secrets = ["config/nicechat_api_key", "config/nicechat_api_secret"].map(|name| shop.path(name));
    assert!(secrets.iter().all(|path| mode(path) == 0o600), "{secrets:?}");
    // The feed's address may be a secret, too.
    assert_eq!(mode(&shop.path("config/shelfkeeper.toml")), 0o600);
    let config = std::fs::read_to_string(shop.path("config/shelfkeeper.toml")).unwrap_or_default();
    assert!(!config.contains(DEMO_KEY) && !config.contains(DEMO_SECRET), "{config}");
    for path in &secrets {
        assert!(output.stdout.contains(&format!("wrote {}\n", path.display())), "{}", output.stdout);
    }
    let checked = run(&shop, &["check", "--online"]).expect_code(0).stdout;
    assert!(!checked.contains("warning") && checked.contains("NiceChat  ok"), "{checked}");
    run(&shop, &["run", "--once"]).expect_code(3);
    assert!(Path::new(&state).exists());

    // Once more: everything stays as it is.
    let output = init(&shop, &arguments).expect_code(1);
    assert!(output.stderr.contains("config/shelfkeeper.toml is there already, and stays as it is"), "{output:?}");
    assert!(std::fs::remove_file(shop.path("config/shelfkeeper.toml")).is_ok());
    let output = init(&shop, &arguments).expect_code(1);
    assert!(output.stderr.contains("nicechat_api_key is there already"), "{output:?}");
    assert!(!shop.path("config/shelfkeeper.toml").exists());
    // Of what was written before the one that was there, nothing is left.
    assert!(std::fs::remove_file(&secrets[0]).is_ok());
    init(&shop, &arguments).expect_code(1);
    assert!(!secrets[0].exists() && secrets[1].exists());
}

#[test]
fn offline_with_a_file_and_secrets_in_files() {
    let shop = Shop::new();
    shop.write("my feed.tsv", tsv(&[LAMP]));
    let key = shop.write("key", DEMO_KEY).display().to_string();
    shop.write("secret", DEMO_SECRET);
    let arguments = ["init", "--yes", "--feed", "my feed.tsv", "--api-key-file", &key, "--api-secret-file", "secret"];
    let named = ["--config", "north.toml"];
    run(&shop, &[&arguments[..], &named].concat()).expect_code(0);
    assert!(!shop.path("nicechat_api_key").exists());
    // From anywhere else, too.
    let elsewhere = shop.write("elsewhere/.keep", "");
    let mut command = program(elsewhere.parent().unwrap_or(&elsewhere));
    command.args(["check", "--config"]).arg(shop.path("north.toml"));
    finish(command).expect_code(0);
    let config = std::fs::read_to_string(shop.path("north.toml")).unwrap_or_default();
    let config = config.replace(shop.path("").display().to_string().trim_end_matches('/'), "FOLDER");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("init_config", config) });
    assert!(shop.nicechat().requests().is_empty());
}

#[test]
fn what_is_missing_or_wrong_writes_nothing() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.write("page.html", "<html></html>");
    shop.write("empty", "\n");
    shop.write("lines", "one\ntwo\n");
    let url = shop.feed_url();
    for (arguments, code, words) in [
        (&["--yes"][..], 2, "name the feed with --feed"),
        (&["--feed", "absent.tsv"], 1, "absent.tsv: the file can't be read"),
        (&["--yes", "--feed", "page.html"], 1, "page.html: "),
        (&["--yes", "--feed", "ftp://shop.example/"], 2, "expected http://"),
        (&["--yes", "--feed", &url, "--nicechat", "nice.chat"], 2, "must begin with https://"),
        (&["--yes", "--feed", &url, "--shop", "a/b"], 2, "a name has letters, digits"),
        (&["--yes", "--feed", &url, "--api-key-file", "absent"], 2, "--api-key-file absent: it can't be read"),
        (&["--yes", "--feed", &url, "--api-secret-file", "empty"], 2, "--api-secret-file empty: it is empty"),
        (&["--yes", "--feed", &url, "--api-secret-file", "lines"], 2, "lines: it has a line break or a control"),
    ] {
        let output = init(&shop, arguments).expect_code(code);
        assert!(output.stderr.contains(words), "{arguments:?}: {}", output.stderr);
        assert!(!shop.path("config/nicechat_api_key").exists(), "{arguments:?}");
        assert!(!shop.path("config/shelfkeeper.toml").exists(), "{arguments:?}");
    }
    let output = run(&shop, &["init", "--yes", "--feed", &url]).expect_code(2);
    assert!(output.stderr.contains("set SHELFKEEPER_NICECHAT_API_KEY, or give --api-key-file"), "{}", output.stderr);
}

#[test]
fn a_byte_order_mark_before_a_secret_is_left_out() {
    let shop = Shop::with_rows(&[LAMP]);
    let (feed, base_url) = (shop.feed_url(), shop.feed_url().replace("/shop/products.txt", ""));
    shop.write("key", format!("\u{feff}{DEMO_KEY}\r\n"));
    shop.write("secret", format!("\u{feff}{DEMO_SECRET}\r\n"));
    let arguments = ["init", "--yes", "--feed", &feed, "--nicechat", &base_url];
    run(&shop, &[&arguments[..], &["--api-key-file", "key", "--api-secret-file", "secret"]].concat()).expect_code(0);
    let checked = run(&shop, &["check", "--online"]).expect_code(0).stdout;
    assert!(checked.contains("NiceChat  ok"), "{checked}");
}

/// Where the variable names another config, what was written has to be named.
#[test]
fn the_next_step_names_the_config_that_is_meant() {
    let shop = Shop::with_rows(&[LAMP]);
    let mut command = program(&shop.path(""));
    command.args(["init", "--yes", "--feed", &shop.feed_url()]).env("SHELFKEEPER_CONFIG", "other.toml");
    command.env("SHELFKEEPER_NICECHAT_API_KEY", DEMO_KEY).env("SHELFKEEPER_NICECHAT_API_SECRET", DEMO_SECRET);
    let told = finish(command).expect_code(0).stdout;
    let config = shop.path("config/shelfkeeper.toml");
    assert!(told.contains(&format!("`shelfkeeper --config {} check --online`", config.display())), "{told}");
}
