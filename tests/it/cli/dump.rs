//! `config dump`: the settings in force and where each comes from, and no secret.

use crate::kit::{Shop, finish};
use serde_json::json;

const HIDDEN: &str = "hunter2hunter2";

fn shop() -> Shop {
    let shop = Shop::new();
    let secret = shop.write("secret", HIDDEN);
    shop.write(
        "shelfkeeper.toml",
        format!(
            "[source]\nlocation = \"https://shop.example/feed.txt?token={HIDDEN}\"\n\n[nicechat]\nretries = 2\n\
             [lagerkoll]\nstore = \"12\"\nuser_id = 7\nuser_token = \"{HIDDEN}\"\n[[lagerkoll.event]]\nname = \"a\"\n\
             trigger_type = \"TIME\"\naction_type = \"SEND_EMAIL\"\naction = {{ to = [\n\"a@shop.example\"] }}\n\
             [[lagerkoll.copy_to]]\nstore = \"13\"\napi_key_file = {secret:?}\n"
        ),
    );
    shop
}

#[test]
fn every_setting_tells_where_it_comes_from() {
    let shop = shop();
    shop.write("unit/nicechat_api_secret", HIDDEN);
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = shop.command(arguments);
        command.envs(variables.iter().copied());
        let output = finish(command).expect_code(0);
        assert!(!format!("{output:?}").contains(HIDDEN), "{output:?}");
        output
    };
    let unit = shop.path("unit").display().to_string();
    let variables =
        [("SHELFKEEPER_NICECHAT_API_KEY", HIDDEN), ("CREDENTIALS_DIRECTORY", &unit), ("STATE_DIRECTORY", "/var/lib/x")];
    let text = run(&["config", "dump"], &variables).stdout;
    let folder = shop.path("").display().to_string();
    // How far apart they stand depends on how long the folder's name is.
    insta::with_settings!({ omit_expression => true, filters => [(r" +# ", "  # ")] }, {
        insta::assert_snapshot!("config_dump", text.replace(folder.trim_end_matches('/'), "FOLDER"));
    });
    assert!(text.parse::<toml::Table>().is_ok(), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");

    let dumped = run(&["config", "dump", "--format", "json"], &variables).json();
    let settings = &dumped["settings"];
    assert_eq!(settings["nicechat"]["retries"], json!({"value": 2, "from": "line 5"}));
    assert_eq!(settings["nicechat"]["concurrency"], json!({"value": "auto", "from": "default"}));
    assert_eq!(settings["lagerkoll.event"][0]["action"]["value"], json!({"to": ["a@shop.example"]}));
    assert_eq!(settings["http"], json!(null));

    // Without the credentials, at a shell: told, and no error.
    let text = run(&["config", "dump"], &[]).stdout;
    assert!(text.contains("# api_key = ?") && text.contains("missing here"), "{text}");
}

#[test]
fn what_is_wrong_is_told_instead() {
    let shop = shop();
    shop.write("shelfkeeper.toml", "[source]\nlocation = \"feed.xml\"\nretries = 1\n");
    let output = shop.run(&["config", "dump"]).expect_code(2);
    assert!(output.stdout.is_empty() && output.stderr.contains("unknown setting source.retries"), "{output:?}");
}
