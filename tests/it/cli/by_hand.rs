//! Commands typed beside the service: what they need, what they find, and whose their files are.

use std::fs::{Metadata, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kit::machine::on_a_machine;
use crate::kit::{Output, Shop, finish, program};
use sandbox::{DEMO_KEY, DEMO_SECRET};

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";

/// Every command that only reads the state.
const READING: [&[&str]; 5] = [
    &["status"],
    &["status", "--format", "json"],
    &["events"],
    &["events", "--format", "json"],
    &["events", "--history"],
];

/// A shop with events, and with its config as text.
fn shop() -> (Shop, String) {
    let shop = Shop::with_rows(&[LAMP]);
    shop.config(&shop.lagerkoll_section());
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).unwrap_or_default();
    (shop, config)
}

/// The config with each secret given in this way.
fn with_secrets(config: &str, way: impl Fn(&str) -> String) -> String {
    let line = |line: &str| match line.split_once(" = ") {
        Some((key @ ("api_key" | "api_secret"), _)) => way(key),
        _ => format!("{line}\n"),
    };
    config.lines().map(line).collect()
}

#[test]
fn what_only_reads_the_state_needs_no_secrets() {
    let (shop, config) = shop();
    shop.pass(0);
    let told = READING.map(|command| shop.run(command).expect_code(0).stdout);
    assert!(told[0].contains("1 product"), "{}", told[0]);
    let absent: &dyn Fn(&str) -> String = &|_| String::new();
    let unreadable = |key: &str| format!("{key}_file = \"/nowhere/{key}\"\n");
    let no_file = |key: &str| format!("{key}_file = \"/dev/stdin\"\n");
    for way in [absent, &unreadable, &no_file] {
        shop.write("shelfkeeper.toml", with_secrets(&config, way));
        // The feed is asked for without NiceChat's.
        assert!(shop.run(&["feed"]).expect_code(0).stdout.contains("1 item"));
        for (command, told) in READING.iter().zip(&told) {
            assert_eq!(&shop.run(command).expect_code(0).stdout, told, "{command:?}");
        }
        for command in [&["plan"][..], &["check"], &["run", "--once"]] {
            let output = shop.run(command).expect_code(2);
            assert!(output.stderr.contains("api_key"), "{command:?}: {}", output.stderr);
        }
    }
    // Nor does the environment have a say, or its credentials.
    let mut command = shop.command(&["status"]);
    command.env("SHELFKEEPER_NICECHAT_API_KEY", "").env("CREDENTIALS_DIRECTORY", shop.path(""));
    finish(command).expect_code(0);
    // What the file itself says has to be right, for who goes by more than where the state is.
    let twice = |key: &str| format!("{key} = \"one\"\n{key}_file = \"/nowhere/{key}\"\n");
    shop.write("shelfkeeper.toml", with_secrets(&config, twice));
    let output = shop.run(&["explain", "1"]).expect_code(2);
    assert!(output.stderr.contains("nicechat.api_key is given 2 times"), "{}", output.stderr);
    assert!(shop.run(&["status"]).expect_code(0).stdout.contains("api_key is given 2 times"));
    shop.write("shelfkeeper.toml", with_secrets(&config, absent).replace("retries = 2", "retries = \"two\""));
    let output = shop.run(&["explain", "1"]).expect_code(2);
    assert!(output.stderr.contains("nicechat.retries"), "{}", output.stderr);
}

#[test]
fn a_credential_goes_before_the_file() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.write("key", DEMO_KEY);
    let files = format!(
        "[source]\nlocation = {:?}\n[nicechat]\nbase_url = {:?}\napi_key_file = \"key\"\napi_secret_file = \"secret\"\n",
        shop.feed_url(),
        shop.feed_url().replace("/shop/products.txt", ""),
    );
    let run = |credentials: &str, more: &[(&str, &str)]| -> Output {
        let mut command = shop.command(&["check", "--online"]);
        command.env("CREDENTIALS_DIRECTORY", shop.path(credentials)).envs(more.iter().copied());
        finish(command)
    };
    shop.write("shelfkeeper.toml", &files);
    // At a shell there is the file.
    shop.write("secret", DEMO_SECRET);
    shop.run(&["check", "--online"]).expect_code(0);
    // In the unit there is the credential; what the file holds, or whether it can be read, is all the same.
    shop.write("unit/nicechat_api_secret", format!("{DEMO_SECRET}\n"));
    shop.write("secret", "an old one");
    run("unit", &[]).expect_code(0);
    run("none", &[]).expect_code(1);
    assert!(std::fs::remove_file(shop.path("secret")).is_ok());
    run("unit", &[]).expect_code(0);
    // It is the credential that counts, and not whichever is right.
    shop.write("unit/nicechat_api_secret", "an old one");
    shop.write("secret", DEMO_SECRET);
    run("unit", &[]).expect_code(1);
    // Two of the other ways stay an error, and so does a credential beside one of those.
    let twice = [("SHELFKEEPER_NICECHAT_API_SECRET", DEMO_SECRET)];
    for credentials in ["unit", "none"] {
        let output = run(credentials, &twice).expect_code(2);
        assert!(output.stderr.contains("nicechat.api_secret is given 2 times"), "{}", output.stderr);
        assert!(!output.stderr.contains(DEMO_SECRET), "{}", output.stderr);
    }
    shop.write("shelfkeeper.toml", files.replace("api_secret_file = \"secret\"", "api_secret = \"itself\""));
    let output = run("unit", &[]).expect_code(2);
    assert!(output.stderr.contains("nicechat.api_secret is given 2 times"), "{}", output.stderr);
}

#[test]
fn a_state_that_is_not_there_is_named() {
    let (shop, _) = shop();
    let path = shop.state_path().display().to_string();
    for command in [&["status"][..], &["plan"]] {
        let output = shop.run(command).expect_code(0);
        assert!(output.stdout.contains(&format!("There is no state at {path}")), "{command:?}: {}", output.stdout);
        assert!(!output.stdout.contains("yet"), "{command:?}: {}", output.stdout);
    }
    // Where the result can't say it, or says something else.
    for command in [
        &["status", "--format", "json"][..],
        &["plan", "--format", "json"],
        &["events"],
        &["events", "--history"],
        &["events", "--format", "json"],
    ] {
        let output = shop.run(command).expect_code(0);
        assert!(output.stderr.contains(&format!("There is no state at {path}")), "{command:?}: {}", output.stderr);
    }
    let headline = shop.json(&["status", "--format", "json"])["headline"].clone();
    let text = headline["text"].as_str().unwrap_or_default();
    assert!(headline["state"] == "none" && text.contains(&path) && !text.contains("yet"), "{headline}");
    let output = shop.run(&["events", "--ics"]).expect_code(1);
    assert!(output.stderr.contains(&format!("There is no state at {path}")), "{}", output.stderr);
    assert!(!shop.path("state").exists());
    shop.pass(0);
    for command in [&["status"][..], &["events"], &["plan"]] {
        let output = shop.run(command).expect_code(0);
        assert!(!format!("{output:?}").contains("no state"), "{command:?}: {output:?}");
    }
    // A relative path is told from the root on: the folder is what is wrong most often.
    shop.config("[state]\npath = \"state/other.db\"");
    let output = shop.run(&["status"]).expect_code(0);
    assert!(output.stdout.contains(&shop.path("state/other.db").display().to_string()), "{}", output.stdout);
}

/// Starts the program in a shell with this umask.
fn with_umask(shop: &Shop, umask: &str, arguments: &[&str]) -> Command {
    let program = program(&shop.path(""));
    let mut command = Command::new("sh");
    command.args(["-c", "umask \"$0\" && exec \"$@\"", umask]).arg(program.get_program());
    command.arg("--config").arg(shop.path("shelfkeeper.toml")).args(arguments).current_dir(shop.path(""));
    command
}

fn look_at(path: &Path) -> Metadata {
    path.metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of the state's folder with their modes.
fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (entry.path(), look_at(&entry.path()).mode() & 0o7777)).collect()
}

#[test]
fn the_state_is_for_its_owner_alone_whatever_the_umask() {
    for umask in ["000", "022", "0777"] {
        let shop = Shop::with_rows(&[LAMP]);
        let folder = shop.path("state");
        finish(with_umask(&shop, umask, &["run", "--once"])).expect_code(0);
        assert_eq!(look_at(&folder).mode() & 0o077, 0, "{umask}");
        let _ = std::fs::set_permissions(&folder, Permissions::from_mode(0o755));
        assert!(modes(&folder).len() >= 2, "{:?}", modes(&folder));
        assert!(modes(&folder).iter().all(|(_, mode)| *mode == 0o600), "{umask}: {:?}", modes(&folder));
        // One that an earlier version, or somebody, left open.
        for (path, _) in modes(&folder) {
            assert!(std::fs::set_permissions(&path, Permissions::from_mode(0o666)).is_ok());
        }
        shop.write("state/shelfkeeper.db-wal", "");
        finish(with_umask(&shop, umask, &["run", "--once"])).expect_code(0);
        assert!(modes(&folder).iter().all(|(_, mode)| *mode == 0o600), "{umask}: {:?}", modes(&folder));
    }
}

/// What root's own files would do to the service: see `check_by_hand` of the trial under systemd.
#[test]
fn what_root_makes_in_a_users_folder_is_that_users() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let shop = Shop::with_rows(&[LAMP]);
    let folder = shop.path("state");
    assert!(std::fs::create_dir(&folder).and_then(|()| chown(&folder, Some(12_345), Some(12_346))).is_ok());
    shop.pass(0);
    let owners: Vec<(u32, u32)> =
        modes(&folder).iter().map(|(path, _)| (look_at(path).uid(), look_at(path).gid())).collect();
    assert!(owners.len() >= 2 && owners.iter().all(|owner| *owner == (12_345, 12_346)), "{owners:?}");

    // That user's links lead root nowhere.
    let victim = shop.write("victim", "precious");
    let lock = shop.path("state/shelfkeeper.db.lock");
    let made = std::fs::remove_file(&lock).and_then(|()| std::os::unix::fs::symlink(&victim, &lock));
    assert!(made.is_ok());
    shop.pass(1);
    assert_eq!(std::fs::read_to_string(&victim).ok().as_deref(), Some("precious"));
}

/// The state lies behind the link that DynamicUser= makes.
#[test]
fn the_state_of_a_unit_is_found_by_its_name_with_neither_secrets_nor_variables() {
    let (shop, _) = shop();
    shop.config("");
    shop.pass(0);
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).unwrap_or_default();
    let lines = config.lines().filter(|line| !line.starts_with("[state]") && !line.starts_with("path = "));
    let config = shop.write("north.toml", lines.collect::<Vec<_>>().join("\n"));
    let config = config.display();
    let commands = ["status", "history", "status --format json", "pause", "resume", "approve"];
    let looks: String = commands.iter().map(|command| format!(" && \"$0\" --shop north {command}")).collect();
    let script = format!(
        "cp {config} /etc/shelfkeeper/north.toml && sed -i '/^api_/d' /etc/shelfkeeper/north.toml && \
         cp {} /var/lib/private/shelfkeeper-north/{looks}",
        shop.state_path().display()
    );
    let Some(output) = on_a_machine(&script) else { return };
    let output = output.expect_code(0);
    for told in ["1 product", "products: 0 → 1", "Paused.", "No longer paused", "Nothing is held."] {
        assert!(output.stdout.contains(told), "{told}: {}", output.stdout);
    }
}
