//! Every command through the real program: what it prints, what it exits with, what it leaves.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use crate::kit::{FEED, Shop, finish, program, tsv, wait_until};
use sandbox::{Fault, Feed, Kind, Rule};
use serde_json::{Value, json};

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";
const CHAIR: &str = "2|Chair|20.00 USD|in stock|Home";
const NAMELESS: &str = "3||30.00 USD|in stock|Home";

/// The names in a JSON object.
fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

/// Everything in a folder and below it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path().display().to_string());
        found.extend(files(&entry.path()));
    }
    found.sort();
    found
}

#[test]
fn usage_errors() {
    let shop = Shop::new();
    for arguments in [
        &[][..],
        &["sync"],
        &["plan", "--quickly"],
        &["plan", "--format", "xml"],
        &["feed", "f", "--type", "csv"],
        &["-q", "-v", "plan"],
        &["run", "--lock-wait", "soon"],
        &["sandbox", "--listen", "0.0.0.0:0"],
        &["feed", "ftp://shop.example/feed"],
    ] {
        let output = shop.run(arguments).expect_code(2);
        assert_eq!(output.stdout, "", "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    let version = shop.run(&["--version"]).expect_code(0);
    let version = version.stdout.strip_prefix(concat!("shelfkeeper ", env!("CARGO_PKG_VERSION"))).expect("the number");
    // The tests may be those of an archive, which has no commits.
    if Path::new(env!("CARGO_MANIFEST_DIR")).join(".git").exists() {
        let built = version.trim().strip_prefix('(').and_then(|built| built.strip_suffix(')')).expect("a commit");
        let (commit, day) = built.split_once(' ').expect("a commit and its day");
        assert!(commit.len() >= 12 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{commit}");
        day.parse::<jiff::civil::Date>().expect("a day");
    }
}

#[test]
fn plan_as_json() {
    let shop = Shop::with_rows(&[LAMP, CHAIR, NAMELESS]);
    let plan = shop.run(&["plan", "--format", "json", "--detailed-exitcode"]).expect_code(10).json();
    assert_eq!(
        names(&plan),
        BTreeSet::from(["guard", "held_operations", "operations", "source", "strategy", "summary", "why"])
    );
    assert_eq!(plan["source"], json!({"items": 2, "rejected": 1, "unchanged": 0}));
    assert_eq!(plan["summary"], json!({"create": 3, "update": 0, "delete": 0, "disable": 0}));
    assert_eq!((&plan["guard"], &plan["strategy"]), (&Value::Null, &json!("api")));
    let operations = plan["operations"].as_array().map_or(&[][..], Vec::as_slice);
    for operation in operations {
        assert_eq!(names(operation), BTreeSet::from(["fields", "id", "op", "type"]), "{operation}");
    }
    let category = operations[0]["id"].as_str().unwrap_or_default();
    assert_eq!((&operations[0]["op"], &operations[0]["type"]), (&json!("create"), &json!("category")));
    assert_eq!(operations[0]["fields"]["name"], "Home");
    let lamp = &operations[1]["fields"];
    assert_eq!((&lamp["title"], &lamp["category"]), (&json!("Lamp"), &json!(category)));
    assert_eq!((lamp["price"].to_string().as_str(), &lamp["in_stock"]), ("10.00", &json!(true)));

    shop.pass(3);
    shop.feed_tsv(&["1|Lamp|9.50 USD|out of stock|Home"]);
    let plan = shop.run(&["plan", "--format", "json"]).expect_code(0).json();
    assert_eq!(plan["summary"], json!({"create": 0, "update": 1, "delete": 1, "disable": 0}));
    let operations = plan["operations"].as_array().map_or(&[][..], Vec::as_slice);
    assert_eq!(operations[0]["fields"].to_string(), r#"{"in_stock":false,"price":9.50}"#);
    assert_eq!((&operations[1]["op"], &operations[1]["id"]), (&json!("delete"), &json!("2")));
}

#[test]
fn plan_exit_codes() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.run(&["plan"]).expect_code(0);
    shop.run(&["plan", "--detailed-exitcode"]).expect_code(10);
    shop.pass(0);
    shop.run(&["plan", "--detailed-exitcode"]).expect_code(0);
    shop.run(&["plan", "--resync", "--detailed-exitcode"]).expect_code(0);
    // Only a resync sees what somebody else did.
    shop.nicechat().remove(Kind::Product, "1");
    shop.run(&["plan", "--detailed-exitcode"]).expect_code(0);
    shop.run(&["plan", "--resync", "--detailed-exitcode"]).expect_code(10);
    shop.feed_tsv(&[]);
    shop.run(&["plan", "--detailed-exitcode"]).expect_code(4);
}

#[test]
fn reading_commands_leave_nothing() {
    let shop = Shop::with_rows(&[LAMP, CHAIR]);
    let feed = shop.write("feed.tsv", tsv(&[LAMP])).display().to_string();
    let before = files(&shop.path(""));
    for arguments in [
        &["plan"][..],
        &["plan", "--resync"],
        &["plan", "--format", "json"],
        &["status"],
        &["status", "--format", "json"],
        &["check"],
        &["check", "--online"],
        &["feed", &feed],
    ] {
        shop.run(arguments).expect_code(0);
        assert_eq!(files(&shop.path("")), before, "{arguments:?}");
    }
    let requests = shop.nicechat().take_requests();
    assert!(!requests.is_empty() && requests.iter().all(|request| request.method == "GET"), "{requests:?}");

    // Nor do they change a state that is there.
    shop.pass(0);
    shop.nicechat().take_requests();
    shop.feed_tsv(&[LAMP]);
    let (before, bytes) = (files(&shop.path("")), std::fs::read(shop.state_path()).ok());
    for arguments in [&["plan"][..], &["plan", "--resync"], &["status"], &["check", "--online"]] {
        shop.run(arguments).expect_code(0);
        assert_eq!(files(&shop.path("")), before, "{arguments:?}");
        assert_eq!(std::fs::read(shop.state_path()).ok(), bytes, "{arguments:?}");
    }
    assert_eq!(shop.take_writes(), [""; 0]);
}

#[test]
fn feed_needs_no_config_and_takes_a_url() {
    let shop = Shop::with_rows(&[LAMP, NAMELESS]);
    let run = |arguments: &[&str]| {
        let mut command = program(&shop.path(""));
        command.arg("feed").args(arguments);
        finish(command)
    };
    let output = run(&[&shop.feed_url(), "--format", "json"]).expect_code(3);
    assert!(output.stdout.contains("\"price\":10.00"), "{}", output.stdout);
    let report = output.json();
    assert_eq!(names(&report), BTreeSet::from(["categories", "items", "rejected", "type"]));
    let fields = "id category title price currency description url image_url in_stock local";
    assert_eq!(names(&report["items"][0]), fields.split(' ').collect());
    assert_eq!(names(&report["categories"][0]), BTreeSet::from(["id", "name"]));
    assert_eq!(report["rejected"], json!([{"line": 3, "id": "3", "field": "title", "reason": "no title"}]));
    shop.write("feed.tsv", tsv(&[LAMP]));
    run(&["feed.tsv"]).expect_code(0);
    shop.write("feed.zip", b"PK\x03\x04 and no more");
    let output = run(&["feed.zip"]).expect_code(1);
    assert!(output.stderr.contains("the zip is cut short"), "{}", output.stderr);
    shop.shop().remove(FEED);
    run(&[&shop.feed_url()]).expect_code(1);
    let output = run(&["http://shop:hunter2@127.0.0.1:1/feed"]).expect_code(2);
    assert!(output.stderr.contains("username and password_file"), "{}", output.stderr);
    assert!(!output.stderr.contains("hunter2"), "{}", output.stderr);
}

#[test]
fn status_as_json() {
    let shop = Shop::with_rows(&[LAMP, CHAIR, NAMELESS]);
    let all = "availability events failed headline held hooks imports last_pass newstore oct8ne orders owned pending pending_urgent rejected";
    let all: BTreeSet<&str> = all.split(' ').collect();
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(names(&status), all);
    assert_eq!((&status["last_pass"], &status["events"]), (&Value::Null, &Value::Null));
    assert_eq!(status["owned"], json!({"categories": 0, "products": 0}));

    shop.pass(3);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(names(&status), all);
    let pass = &status["last_pass"];
    for (name, value) in [
        ("kind", json!("sync")),
        ("outcome", json!("partial")),
        ("read", json!(3)),
        ("rejected", json!(1)),
        ("created", json!(3)),
        ("updated", json!(0)),
        ("deleted", json!(0)),
        ("failed", json!(0)),
        // Two listings, three creates.
        ("requests", json!(5)),
    ] {
        assert_eq!(pass[name], value, "{name} of {pass}");
    }
    for name in ["started", "finished"] {
        let time = pass[name].as_str().unwrap_or_default();
        assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{pass}");
    }
    assert_eq!(status["owned"], json!({"categories": 1, "products": 2}));
    assert_eq!(status["rejected"], json!([{"line": 4, "id": "3", "field": "title", "reason": "no title"}]));

    // The same feed again: nothing read, nothing sent, and still not all is well.
    let output = shop.pass(3);
    assert!(output.stdout.starts_with("sync: unchanged"), "{}", output.stdout);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["last_pass"]["outcome"], &status["last_pass"]["requests"]), (&json!("unchanged"), &json!(0)));
    assert_eq!(status["rejected"][0]["line"], 4);
}

#[test]
fn what_nicechat_refuses_is_told_until_it_changes() {
    let shop = Shop::with_rows(&[LAMP, CHAIR]);
    let refusal = Rule {
        method: Some("POST".into()),
        kind: Some(Kind::Product),
        times: Some(1),
        ..Rule::new(Fault::status(400))
    };
    shop.config("[nicechat]\nconcurrency = 1");
    shop.nicechat().add_fault(refusal);
    let output = shop.pass(3);
    assert!(output.stdout.contains("NiceChat refuses 1 product; "), "{}", output.stdout);
    assert_eq!(shop.take_writes().len(), 3);
    shop.pass(3);
    assert_eq!(shop.take_writes(), [""; 0]);
    let status = shop.json(&["status", "--format", "json"]);
    let failed = &status["failed"][0];
    // Which of two new ones goes first is nobody's promise.
    let id = failed["id"].as_str().expect("an id");
    assert_eq!((&failed["type"], ["1", "2"].contains(&id)), (&json!("product"), true));
    assert!(failed["reason"].as_str().is_some_and(|reason| reason.contains("400")), "{failed}");
    assert!(shop.run(&["status"]).stdout.contains(&format!("product {id}: refused: ")));
    // As it is, it is only tried again by a resync.
    shop.run(&["run", "--resync"]).expect_code(0);
    assert_eq!(shop.take_writes(), [format!("POST products {id}")]);
}

#[test]
fn check_tells_what_is_there() {
    let shop = Shop::with_rows(&[LAMP]);
    let output = shop.run(&["check"]).expect_code(0);
    assert!(output.stdout.contains("not there yet, the first pass makes it"), "{}", output.stdout);
    assert!(shop.nicechat().requests().is_empty());
    shop.pass(0);
    let output = shop.run(&["check", "--online"]).expect_code(0);
    assert!(output.stdout.contains("1 product, 1 category") && output.stdout.contains("NiceChat  ok"), "{output:?}");
    let (key, secret) = (sandbox::DEMO_KEY, sandbox::DEMO_SECRET);
    assert!(!output.stdout.contains(key) && !output.stdout.contains(secret), "{}", output.stdout);
    shop.nicechat().set_secret("another");
    let output = shop.run(&["check", "--online"]).expect_code(1);
    assert!(output.stdout.contains("check api_key and api_secret"), "{}", output.stdout);
}

#[test]
fn a_second_instance_says_who_is_first() {
    let shop = Shop::new();
    shop.shop().put_with(FEED, Feed { hang: true, ..Feed::default() });
    shop.config("[source]\ntimeout = \"60s\"");
    let Ok(mut first) = shop.command(&["run", "--once"]).spawn() else { panic!("not started") };
    wait_until("the first has the state", || !shop.fetches().is_empty());
    for arguments in [&["run", "--once"][..], &["run", "--resync"], &["run"], &["run", "--once", "--lock-wait", "1"]] {
        let output = shop.run(arguments).expect_code(5);
        assert!(output.stderr.contains(&format!("(process {})", first.id())), "{}", output.stderr);
        let is_waiting = output.stderr.contains("waiting up to 1 s");
        assert_eq!(is_waiting, arguments.contains(&"--lock-wait"), "{}", output.stderr);
    }
    shop.run(&["status"]).expect_code(0);
    shop.run(&["check"]).expect_code(0);
    assert!(first.kill().is_ok() && first.wait().is_ok());
    shop.feed_tsv(&[LAMP]);
    shop.pass(0);
}

#[test]
fn nothing_but_text_when_piped() {
    let shop = Shop::with_rows(&[LAMP, NAMELESS]);
    for variables in [&[][..], &[("NO_COLOR", "1")], &[("TERM", "xterm-256color")]] {
        for arguments in [
            &["plan"][..],
            &["run", "--once", "-vv"],
            &["status"],
            &["check"],
            &["--help"],
            &["plan", "--nonsense"],
            &["feed", &shop.feed_url()],
        ] {
            let mut command = shop.command(arguments);
            command.envs(variables.iter().copied());
            let output = finish(command);
            let all = output.stdout + &output.stderr;
            assert!(!all.contains('\u{1b}') && !all.contains('\r'), "{arguments:?}: {all:?}");
        }
    }
}

#[test]
fn logs_go_to_stderr() {
    let shop = Shop::with_rows(&[LAMP]);
    let output = shop.run(&["run", "--once", "--log", "json", "-v"]).expect_code(0);
    assert_eq!(output.stdout.lines().count(), 1, "{}", output.stdout);
    for line in output.stderr.lines() {
        let event: Result<Value, _> = serde_json::from_str(line);
        assert!(event.is_ok_and(|event| event["level"].is_string() && event["timestamp"].is_string()), "{line}");
    }
    assert!(!output.stderr.is_empty());
    assert!(!output.stderr.contains(sandbox::DEMO_SECRET), "{}", output.stderr);
    shop.feed_tsv(&[CHAIR]);
    let output = shop.run(&["-q", "run", "--once"]).expect_code(0);
    assert_eq!(output.stderr, "");
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let shop = Shop::new();
    let rows: Vec<String> = (0..20_000).map(|id| format!("{id}|Lamp|10.00 USD|in stock|Home")).collect();
    shop.feed_tsv(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let mut command = shop.command(&["feed", &shop.feed_url(), "--format", "json"]);
    let Ok(mut child) = command.spawn() else { panic!("not started") };
    let mut start = [0; 8];
    let read = child.stdout.take().map(|mut stdout| stdout.read(&mut start));
    assert!(matches!(read, Some(Ok(1..))), "{read:?}");
    let Ok(output) = child.wait_with_output() else { panic!("no end") };
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn the_sandbox_prints_a_config_that_works() {
    let shop = Shop::new();
    let Ok(mut sandbox) = program(&shop.path("")).arg("sandbox").spawn() else { panic!("not started") };
    // Kept open to the end: what the sandbox prints must not meet a closed pipe.
    let mut lines = sandbox.stdout.take().map(|stdout| BufReader::new(stdout).lines()).into_iter().flatten();
    let section: Vec<String> =
        lines.by_ref().map_while(Result::ok).take_while(|line| !line.starts_with("# ")).collect();
    shop.write("feed.tsv", tsv(&[LAMP]));
    let config = format!("[source]\nlocation = \"feed.tsv\"\n{}\n", section.join("\n"));
    shop.write("shelfkeeper.toml", config);
    let online = shop.run(&["check", "--online"]).expect_code(0).stdout;
    assert!(
        online.contains("NiceChat  ok") && online.contains("Lagerkoll ok") && online.contains("Emplifi   ok"),
        "{online}"
    );
    shop.pass(0);
    assert!(sandbox.kill().is_ok() && sandbox.wait().is_ok());
    assert!(lines.all(|line| line.is_ok_and(|line| line.starts_with("# "))));
}

#[test]
fn the_demo_shows_its_passes_and_leaves_nothing() {
    let shop = Shop::new();
    let (folder, temporary) = (shop.write("home/.keep", ""), shop.write("tmp/.keep", ""));
    let home = folder.parent().unwrap_or(&folder);
    let mut command = program(home);
    command.arg("demo").env("TMPDIR", shop.path("tmp"));
    let output = finish(command).expect_code(0);
    let of_the_catalogue = ["to create", "to change", "Nothing to do", "POST products", "nothing to NiceChat"];
    let of_the_guard = ["HELD by the guard", "184.00 → 1840.00", "shelfkeeper approve ", "250 changed"];
    let of_the_others = ["bob@shop.example", "sofas  not available", "onboard with +19045550101"];
    let of_the_events = ["2 new", "1 changed", "\"08:00\" → \"07:30\""];
    for part in ["1. ", "2. ", "3. ", "4. ", "5. ", "6. ", "7. ", "8. ", "9. ", "10. ", "11. "]
        .iter()
        .chain(&of_the_catalogue)
        .chain(&of_the_guard)
        .chain(&of_the_events)
        .chain(&of_the_others)
    {
        assert!(output.stdout.contains(part), "{part:?} in {}", output.stdout);
    }
    let steps = output.stdout.lines().filter_map(|line| line.strip_prefix("━━ ")?.split_once('.'));
    assert!(steps.map(|(number, _)| number).eq((1..12).map(|number| number.to_string())), "{}", output.stdout);
    assert_eq!(files(home), [folder.display().to_string()]);
    assert_eq!(files(&shop.path("tmp")), [temporary.display().to_string()]);
}

#[test]
fn commands_of_later_versions_are_unknown() {
    let shop = Shop::new();
    shop.run(&["explain"]).expect_code(2);
}
