//! Secrets: where they come from, and that they never show.

use std::os::unix::fs::PermissionsExt as _;

use rustix::fs::{FileType, Mode};

use super::*;

/// A value that must not turn up anywhere.
const HIDDEN: &str = "hunter2hunter2";

/// A text that lacks only the API secret, which `lines` may give.
fn without_secret(lines: &str) -> Folder {
    Folder::new(&nicechat(&format!("api_key = \"k\"\n{lines}")))
}

fn secret(folder: &Folder, variables: &[(&str, &str)]) -> Result<String, String> {
    let config = folder.load(variables).map_err(told)?;
    Ok(config.catalog.expect("a section").nicechat.api_secret.expose_secret().to_owned())
}

#[test]
fn each_of_the_four_ways() {
    let set = without_secret(&format!("api_secret = \"{HIDDEN}\""));
    assert_eq!(secret(&set, &[]), Ok(HIDDEN.to_owned()));

    let bare = without_secret("");
    assert_eq!(secret(&bare, &[("SHELFKEEPER_NICECHAT_API_SECRET", HIDDEN)]), Ok(HIDDEN.to_owned()));

    let path = bare.write("secret.txt", format!(" {HIDDEN} \r\n\n"));
    let file = without_secret(&format!("api_secret_file = {path:?}"));
    assert_eq!(secret(&file, &[]), Ok(format!(" {HIDDEN}")));

    bare.write("nicechat_api_secret", format!("{HIDDEN}\n"));
    let credentials = bare.0.path().display().to_string();
    assert_eq!(secret(&bare, &[("CREDENTIALS_DIRECTORY", &credentials)]), Ok(HIDDEN.to_owned()));
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_secret() {
    let bare = without_secret("");
    let path = bare.write("nicechat_api_secret", format!("\u{feff}{HIDDEN}\r\n"));
    assert_eq!(secret(&without_secret(&format!("api_secret_file = {path:?}")), &[]), Ok(HIDDEN.to_owned()));
    let credentials = bare.0.path().display().to_string();
    assert_eq!(secret(&bare, &[("CREDENTIALS_DIRECTORY", &credentials)]), Ok(HIDDEN.to_owned()));
    bare.write("nicechat_api_secret", "\u{feff}\n");
    let message = secret(&bare, &[("CREDENTIALS_DIRECTORY", &credentials)]).expect_err("empty");
    assert!(message.ends_with("is empty"), "{message}");
}

#[test]
fn none_lists_the_four_ways() {
    let folder = without_secret("");
    let empty = tempfile::tempdir().expect("a folder");
    let message = secret(&folder, &[("CREDENTIALS_DIRECTORY", &empty.path().display().to_string())]);
    let message = message.expect_err("no secret");
    assert!(message.contains("shelfkeeper.toml:3:2: nicechat.api_secret is missing"), "{message}");
    for way in [
        "\n  api_secret_file = ",
        "\n  api_secret = ",
        "variable SHELFKEEPER_NICECHAT_API_SECRET",
        "credential nicechat_api_secret",
    ] {
        assert!(message.contains(way), "{way} in {message}");
    }
    let message = Folder::new(&source("[nicechat]")).load(&[]).expect_err("no key").to_string();
    assert!(message.contains("nicechat.api_key is missing"), "{message}");
}

#[test]
fn two_at_once_names_both() {
    let folder = without_secret(&format!("api_secret = \"{HIDDEN}\"\napi_secret_file = \"/nowhere\""));
    let message = secret(&folder, &[]).expect_err("two");
    let both = "nicechat.api_secret is given 2 times, by the setting nicechat.api_secret and the setting \
                nicechat.api_secret_file; keep one of them";
    assert!(message.ends_with(both), "{message}");

    let message = secret(&without_secret(&format!("api_secret = \"{HIDDEN}\"")), &SECRETS[1..]).expect_err("two");
    assert!(message.contains("and the environment variable SHELFKEEPER_NICECHAT_API_SECRET"), "{message}");

    folder.write("nicechat_api_secret", HIDDEN);
    let credentials = folder.0.path().display().to_string();
    let message = secret(&folder, &[SECRETS[1], ("CREDENTIALS_DIRECTORY", &credentials)]).expect_err("three");
    assert!(message.contains("3 times") && message.contains("the systemd credential"), "{message}");
    assert!(!message.contains(HIDDEN) && !message.contains("env-secret"), "{message}");
}

#[test]
fn a_credential_takes_the_place_of_a_file() {
    let folder = without_secret("api_secret_file = \"/nowhere\"");
    folder.write("nicechat_api_secret", HIDDEN);
    let credentials = folder.0.path().display().to_string();
    assert_eq!(secret(&folder, &[("CREDENTIALS_DIRECTORY", &credentials)]), Ok(HIDDEN.to_owned()));
    // Even if it is no use: the file might be an old one.
    folder.write("nicechat_api_secret", "");
    let message = secret(&folder, &[("CREDENTIALS_DIRECTORY", &credentials)]).expect_err("empty");
    assert!(message.starts_with("the systemd credential") && message.ends_with("is empty"), "{message}");
    let message = secret(&folder, &[("CREDENTIALS_DIRECTORY", "/nowhere")]).expect_err("no file");
    assert!(message.contains("nicechat.api_secret_file: the file cannot be read"), "{message}");
}

#[test]
fn without_secrets_only_the_file_itself_is_read() {
    let load = |text: &str, variables: &[(&str, &str)]| {
        let folder = Folder::new(text);
        Config::load_in(&folder.path("shelfkeeper.toml"), &Environment::of(variables).without_secrets())
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let all_missing =
        source("username = \"shop\"\n[lagerkoll]\nstore = \"1\"\n[[lagerkoll.copy_to]]\nstore = \"2\"\nuser_id = 5");
    assert_eq!(load(&all_missing, &[]), Ok(()));
    let files = nicechat("api_key_file = \"/nowhere\"\napi_secret_file = \"/dev/zero\"");
    assert_eq!(load(&files, &[SECRETS[0], ("CREDENTIALS_DIRECTORY", "/nowhere")]), Ok(()));
    for (text, wrong) in [
        (nicechat("api_key = \"\""), "the secret is empty"),
        (nicechat("api_key = \"a\"\napi_key_file = \"b\""), "is given 2 times"),
        (source("password_file = \"/nowhere\""), "is given without a user"),
        (source("[lagerkoll]\nstore = \"1\"\nuser_id = 5\napi_key_file = \"/nowhere\""), "beside user_id"),
    ] {
        assert!(load(&text, &[]).is_err_and(|message| message.contains(wrong)), "{text}");
    }
}

#[test]
fn empty_secrets() {
    for lines in ["api_secret = \"\"", "api_secret = \"  \""] {
        let message = secret(&without_secret(lines), &[]).expect_err("empty");
        assert!(message.ends_with(":5:14: nicechat.api_secret: the secret is empty"), "{message}");
    }
    let bare = without_secret("");
    let message = secret(&bare, &[("SHELFKEEPER_NICECHAT_API_SECRET", "")]).expect_err("empty");
    assert_eq!(message, "the environment variable SHELFKEEPER_NICECHAT_API_SECRET is empty");
    let path = bare.write("nicechat_api_secret", " \n");
    let message = secret(&without_secret(&format!("api_secret_file = {path:?}")), &[]).expect_err("empty");
    assert!(message.ends_with(&format!("nicechat.api_secret_file = {path:?}: the file is empty")), "{message}");
    let credentials = bare.0.path().display().to_string();
    let message = secret(&bare, &[("CREDENTIALS_DIRECTORY", &credentials)]).expect_err("empty");
    assert_eq!(message, format!("the systemd credential {path} is empty"));
}

#[test]
fn files_that_cannot_be_secrets() {
    let folder = Folder::new("");
    let long = folder.write("long", "x".repeat(70_000));
    let lines = folder.write("lines", format!("{HIDDEN}\n{HIDDEN}\n"));
    let binary = folder.write("binary", [0xff, 0xfe]);
    let absent = folder.path("absent").display().to_string();
    let directory = folder.0.path().display().to_string();
    for (path, reason) in [
        (absent, "cannot be read: No such file or directory"),
        (directory, "cannot be read: this is not a file"),
        ("/dev/zero".to_owned(), "cannot be read: this is not a file"),
        (binary, "cannot be read: "),
        (long, "is longer than 64 KiB"),
        (lines, "has a line break"),
    ] {
        let message = secret(&without_secret(&format!("api_secret_file = {path:?}")), &[]).expect_err(reason);
        let expected = format!(":5:19: nicechat.api_secret_file = {path:?}: the file {reason}");
        assert!(message.contains(&expected), "{expected} in {message}");
        assert!(!message.contains(HIDDEN), "{message}");
    }
    let message = secret(&without_secret("api_secret_file = 5"), &[]).expect_err("a number");
    assert!(message.ends_with("nicechat.api_secret_file = 5: write a text in quotes"), "{message}");
}

#[test]
fn a_pipe_is_no_secret_and_nobody_waits_for_it() {
    let folder = Folder::new("");
    let pipe = folder.path("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    let message = secret(&without_secret(&format!("api_secret_file = {pipe:?}")), &[]).expect_err("a pipe");
    assert!(message.ends_with("the file cannot be read: this is not a file"), "{message}");
}

#[test]
fn a_secret_where_its_file_should_be_named_is_not_shown() {
    for value in
        [HIDDEN.to_owned(), format!("/{HIDDEN}"), format!("{HIDDEN}/x"), format!("//{HIDDEN}"), "x/".repeat(3_000)]
    {
        let message = secret(&without_secret(&format!("api_secret_file = {value:?}")), &[]).expect_err(&value);
        assert!(message.contains(":5:19: nicechat.api_secret_file: the file cannot be read: "), "{message}");
        assert!(!message.contains(HIDDEN) && !message.contains("x/x"), "{message}");
    }
    // The path of a file that was only misspelt is.
    let message = secret(&without_secret("api_secret_file = \"/usr/bin/absent\""), &[]).expect_err("absent");
    assert!(message.contains("nicechat.api_secret_file = \"/usr/bin/absent\": the file cannot be read"), "{message}");
}

#[test]
fn no_error_shows_a_secret() {
    // Every way to get a line wrong that has the secret on it; the other secret is given.
    for (key, other) in [("api_key", SECRETS[1]), ("api_secret", SECRETS[0])] {
        let error = |line: &str| {
            let error = Folder::new(&nicechat(line)).load(&[other]).expect_err(line).to_string();
            error.split_once("shelfkeeper.toml").map(|(_, rest)| rest.to_owned()).expect("the file's name")
        };
        for value in [
            "123456789",
            "hunter2hunter2",
            "\"hunter2hunter2",
            "'hunter2hunter2",
            "\"hunter2\\qhunter2\"",
            "\"hunter2\"hunter2\"",
            "\"hunter2\\nhunter2\"",
            "[\"hunter2\"]",
            "{ value = \"hunter2\" }",
            "1979-05-27",
            "123456789.5",
            "hunter2==",
        ] {
            let message = error(&format!("{key} = {value}"));
            assert!(message.starts_with(":4:") && message.contains(key), "{value}: {message}");
            for part in ["hunter2", "123456789", "1979"] {
                assert!(!message.contains(part), "{value}: {message}");
            }
        }
        // Where the sign is missing, or the whole name.
        for line in [format!("{key} hunter2"), format!("{key}: hunter2 = 1"), "hunter2hunter2==".to_owned()] {
            let message = error(&line);
            assert!(message.starts_with(":4:") && !message.contains("hunter2"), "{line}: {message}");
        }
    }
    // A text that never ends is at fault where the file ends.
    let message = error(&nicechat("api_key = \"\"\"hunter2"));
    assert!(message.starts_with(":5:1: this is not TOML") && !message.contains("hunter2"), "{message}");
    let message = error(&source("username = \"shop\"\npassword = 123456789"));
    assert!(message.ends_with(":4:12: source.password: write a text in quotes"), "{message}");
}

#[test]
fn debug_output_hides_secrets() {
    let text = source(&format!("username = \"shop\"\npassword = \"{HIDDEN}\""));
    let variables = SECRETS.map(|(name, _)| (name, HIDDEN));
    let config = Folder::new(&text).load(&variables).expect("a config");
    assert!(!format!("{config:?}").contains(HIDDEN), "{config:?}");
}

#[test]
fn the_password_comes_in_the_same_ways() {
    let folder = Folder::new(&source("username = \"shop\""));
    let password = |variables: &[(&str, &str)]| {
        let variables = [&SECRETS, variables].concat();
        let config = folder.load(&variables).map_err(told)?;
        Ok::<_, String>(
            config
                .catalog
                .expect("a section")
                .source
                .credentials
                .clone()
                .map(|c| c.password.expose_secret().to_owned()),
        )
    };
    assert_eq!(password(&[("SHELFKEEPER_SOURCE_PASSWORD", HIDDEN)]), Ok(Some(HIDDEN.to_owned())));
    assert!(password(&[]).expect_err("none").contains(":1:2: source.password is missing"));
    folder.write("source_password", HIDDEN);
    let credentials = folder.0.path().display().to_string();
    assert_eq!(password(&[("CREDENTIALS_DIRECTORY", &credentials)]), Ok(Some(HIDDEN.to_owned())));
}

#[test]
fn a_password_needs_a_user() {
    for (lines, name) in [
        (format!("password = \"{HIDDEN}\""), "source.password: the secret"),
        (format!("username = \"\"\npassword = \"{HIDDEN}\""), "source.password: the secret"),
        ("password_file = \"/nowhere\"".to_owned(), "source.password_file: the file"),
    ] {
        let message = error(&source(&lines));
        assert!(message.contains(&format!("{name} is given without a user: set source.username")), "{message}");
    }
    let variables = [SECRETS[0], SECRETS[1], ("SHELFKEEPER_SOURCE_PASSWORD", HIDDEN)];
    let message = Folder::new(&source("")).load(&variables).expect_err("no user").to_string();
    assert!(message.starts_with("the environment variable SHELFKEEPER_SOURCE_PASSWORD is given without"), "{message}");
}

#[test]
fn what_a_service_is_handed_is_told_with_the_warning() {
    let folder = Folder::new(&source("[nicechat]"));
    folder.write("password", "open");
    let file = folder.path("password");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("its mode");
    let mut config = load(&source("")).expect("a config");
    let mut warning = |unit: Option<&str>, credential: Option<&str>| {
        config.unit = unit.map(str::to_owned);
        config.secret_files = BTreeMap::from([(file.clone(), credential.map(str::to_owned))]);
        config.warnings().concat()
    };
    let (unit, shown) = (Some("shelfkeeper@north"), file.display());
    let told = warning(unit, Some("http_password"));
    let line = format!("LoadCredential=http_password:{shown} below [Service]");
    assert!(told.contains(&format!("chmod 600 {shown}. So that shelfkeeper@north is given it")), "{told}");
    assert!(told.ends_with(&line), "{told}");
    // The units do that by themselves, and nobody's unit reads another file.
    for told in [warning(unit, Some("nicechat_api_key")), warning(None, Some("http_password")), warning(None, None)] {
        assert!(told.ends_with(&format!("chmod 600 {shown}")), "{told}");
    }
    let told = warning(unit, None);
    assert!(told.contains("the config itself has to stay readable for shelfkeeper@north"), "{told}");
}
