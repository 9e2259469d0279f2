//! `check`: everything that is wrong at once, and a line for each thing that was looked at.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use crate::kit::receiver::Receiver;
use crate::kit::{FEED, Shop, finish};
use sandbox::{Fault, Feed, Rule};

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";

/// What it says of each thing, and the words after that.
fn told<'t>(output: &'t str, thing: &str) -> (&'t str, &'t str) {
    let line = output.lines().find(|line| line.split_whitespace().next() == Some(thing)).unwrap_or_default();
    let rest = line.strip_prefix(thing).unwrap_or_default().trim_start();
    rest.split_once(' ').map(|(verdict, words)| (verdict, words.trim())).unwrap_or_default()
}

#[test]
fn every_fault_of_the_file_is_told_with_its_place() {
    let shop = Shop::new();
    shop.write(
        "shelfkeeper.toml",
        "[source]\nlocation = \"https://docs.google.com/spreadsheets/d/abc/edit#gid=0\"\nshedule = \"every 1m\"\n\
         timeout = 30s\n\n[nicechat]\napi_key = \"k\"\napi_secret = \"hunter2hunter2\nretries = 99\n",
    );
    let output = shop.run(&["check"]).expect_code(2);
    assert_eq!(output.stdout, "");
    assert!(!output.stderr.contains("hunter2"), "{}", output.stderr);
    let all = output.stderr;
    for (place, words, marked) in [
        ("toml:2:12: ", "this is the page of a Google spreadsheet, not a feed", "\n    2 | location = "),
        ("toml:3:1: ", "unknown setting source.shedule; did you mean schedule?", "\n      | ^^^^^^^\n"),
        (
            "toml:4:11: ",
            "timeout: write a time in quotes, such as \"30s\"",
            "    4 | timeout = 30s\n      |           ^",
        ),
        ("toml:8:2", "api_secret: this is not TOML", "    8 | api_secret = …\n      |              ^"),
        ("toml:9:11: ", "nicechat.retries = 99: expected a whole number from 0 to 20", "    9 | retries = 99\n"),
    ] {
        for part in [place, words, marked] {
            assert!(all.contains(part), "{part:?} in {all}");
        }
    }
    // Other commands tell the same.
    assert_eq!(shop.run(&["plan"]).expect_code(2).stderr, all);
}

#[test]
fn secrets_that_everybody_can_read_are_warned_of() {
    let shop = Shop::with_rows(&[LAMP]);
    let key = shop.write("key", sandbox::DEMO_KEY);
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).unwrap_or_default();
    let line = |line: &str| match line.split_once(" = ") {
        Some(("api_key", _)) => format!("api_key_file = {key:?}\n"),
        _ => format!("{line}\n"),
    };
    let config = shop.write("shelfkeeper.toml", config.lines().map(line).collect::<String>());
    let set = |mode| {
        for file in [&key, &config] {
            assert!(std::fs::set_permissions(file, Permissions::from_mode(mode)).is_ok());
        }
    };
    set(0o644);
    let output = shop.run(&["check"]).expect_code(0).stdout;
    for file in [&key, &config] {
        let file = file.display();
        let warning = format!("everybody on this machine can read the secret in {file}: chmod 600 {file}");
        assert!(output.contains(&warning), "{output}");
    }
    set(0o640);
    let output = shop.run(&["check"]).expect_code(0).stdout;
    assert!(!output.contains("warning"), "{output}");
}

#[test]
fn online_each_thing_has_a_line_and_the_rest_goes_on() {
    let shop = Shop::with_rows(&[LAMP]);
    let public = shop.feed_url().replace("/shop/products.txt", "/nothing");
    shop.config(&format!(
        "{}[http]\npublic_listen = \"127.0.0.1:0\"\npublic_url = {public:?}\n",
        shop.lagerkoll_section()
    ));
    let output = shop.run(&["check", "--online"]).expect_code(0).stdout;
    let (verdict, words) = told(&output, "feed");
    assert!(verdict == "ok" && words.starts_with("begins as it should: google-csv, "), "{output}");
    assert!(told(&output, "public").1.contains("answers here (HTTP "), "{output}");
    assert!(told(&output, "Lagerkoll").1.starts_with("takes the credentials of store"), "{output}");

    shop.shop().put(FEED, "<html>log in</html>", "text/html");
    shop.nicechat().set_secret("another");
    shop.config(&format!(
        "{}[http]\npublic_listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:9/keeper\"\n",
        shop.lagerkoll_section()
    ));
    let output = shop.run(&["check", "--online"]).expect_code(1).stdout;
    for (thing, verdict, words) in [
        ("config", "ok", "feed http"),
        ("state", "ok", "not there yet"),
        ("feed", "FAIL", "it is an HTML page"),
        ("NiceChat", "FAIL", "check api_key and api_secret"),
        ("Lagerkoll", "ok", "takes the credentials"),
        ("public", "FAIL", "http://127.0.0.1:9/keeper: no answer"),
    ] {
        let found = told(&output, thing);
        assert!(found.0 == verdict && found.1.contains(words), "{thing}: {output}");
        assert_eq!(output.lines().filter(|line| line.starts_with(thing)).count(), 1, "{output}");
    }
    shop.lagerkoll().add_fault(Rule::new(Fault::Xml));
    shop.shop().put_with(FEED, Feed { body: b"id\ttitle\n".repeat(1 << 20).into(), ..Feed::default() });
    let output = shop.run(&["check", "--online"]).expect_code(1).stdout;
    assert_eq!((told(&output, "feed").0, told(&output, "Lagerkoll").0), ("ok", "FAIL"), "{output}");
}

#[test]
fn what_is_on_this_machine_needs_no_proxy() {
    let (shop, receiver) = (Shop::with_rows(&[LAMP]), Receiver::new());
    let url = receiver.url();
    shop.config(&format!(
        "[notify]\nheartbeat_url = {url:?}\nfail_after = 1\n\
         [[notify.hook]]\nname = \"ops\"\nevents = [\"pass.failed\"]\nurl = {url:?}\n"
    ));
    // Nobody listens there.
    let run = |arguments: &[&str]| {
        let mut command = shop.command(arguments);
        command.env("http_proxy", "http://127.0.0.1:1");
        finish(command)
    };
    run(&["check", "--online"]).expect_code(0);
    shop.put_feed("not a feed at all");
    run(&["run", "--once"]).expect_code(1);
    let lines: Vec<String> = receiver.seen().into_iter().map(|message| message.line).collect();
    for told in ["GET /hook/start?", "POST /hook/fail?", "POST /hook?"] {
        assert!(lines.iter().any(|line| line.starts_with(told)), "{told} in {lines:?}");
    }
}

#[test]
fn an_address_without_tls() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.config(&format!("[source]\nlocation = {:?}", shop.feed_url().replace("http://", "https://")));
    let output = shop.run(&["check", "--online"]).expect_code(1).stdout;
    assert!(told(&output, "feed").1.contains("no answer: no TLS there; is it http://? [received"), "{output}");
}

#[test]
fn states_that_cannot_be() {
    let shop = Shop::with_rows(&[LAMP]);
    for (path, words) in [
        (shop.path(""), "[state] path is a directory; name a file in it"),
        (shop.path("shelfkeeper.toml/state.db"), "Not a directory"),
    ] {
        shop.config(&format!("[state]\npath = {path:?}"));
        let output = shop.run(&["check"]).expect_code(1).stdout;
        let (verdict, told) = told(&output, "state");
        assert!(verdict == "FAIL" && told.contains(words), "{output}");
        assert!(told.contains(path.to_str().unwrap_or_default().trim_end_matches('/')), "{output}");
    }
}

#[test]
fn faults_of_all_hooks_are_told_at_once() {
    let shop = Shop::new();
    let right = std::fs::read_to_string(shop.path("shelfkeeper.toml")).unwrap_or_default();
    let hooks = "[[notify.hook]]\nname = \"Not Plain\"\nevents = [\"pass.fialed\"]\nurl = \"ftp://a.example\"\ntimeout = 5\n\
                 [[notify.hook]]\nevents = [\"pass.failed\"]\n\
                 [[notify.hook]]\nname = \"crm\"\nurl = \"https://a.example\"\npersonal = \"yes\"\n";
    shop.write("shelfkeeper.toml", format!("{right}\n{hooks}"));
    let told = shop.run(&["check"]).expect_code(2).stderr;
    for fault in [
        "a name has lower-case letters",
        "there is no event \"pass.fialed\"",
        "notify.hook.url",
        "notify.hook.timeout",
        "notify.hook.name is missing",
        "neither url nor command nor mail",
        "notify.hook.events is missing",
        "notify.hook.personal",
    ] {
        assert!(told.contains(fault), "{fault}: {told}");
    }
}

#[test]
fn what_is_wrong_in_one_place_hides_nothing_in_another() {
    let shop = Shop::new();
    let right = std::fs::read_to_string(shop.path("shelfkeeper.toml")).unwrap_or_default();
    let wrong = "[[source.rule]]\ninclude = 1\nprice = \"cheap\"\nin_stock = \"yes\"\n\
                 [lagerkoll]\nstore = \"1\"\napi_key = \"k\"\nscope = \"user\"\nschedule = \"often\"\n\
                 [[lagerkoll.event]]\nname = \"a\"\n[[lagerkoll.event]]\naction_type = \"SEND_EMAIL\"\n\
                 [[lagerkoll.copy_to]]\nstore = \"1\"\napi_key = \"k\"\n[[lagerkoll.copy_to]]\nstore = \"2\"\n\
                 [notify]\nshop = 5\nfail_after = 0\ndisk_low = \"little\"\n";
    shop.write("shelfkeeper.toml", format!("{right}\n{wrong}"));
    let told = shop.run(&["check"]).expect_code(2).stderr;
    for fault in [
        "source.rule.include",
        "source.rule.price",
        "source.rule.in_stock",
        "lagerkoll.scope",
        "lagerkoll.schedule",
        "lagerkoll.event.trigger_type is missing",
        "lagerkoll.event.action_type is missing",
        "lagerkoll.event.name is missing",
        "the store that is copied from already",
        "lagerkoll.copy_to.api_key is missing",
        "notify.shop",
        "notify.fail_after",
        "notify.disk_low",
    ] {
        assert!(told.contains(fault), "{fault}: {told}");
    }
}

/// What root may read says nothing of a unit's own user.
#[test]
fn a_feed_that_only_root_may_read_is_told_beside_a_unit() {
    let shop = Shop::new();
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).unwrap_or_default();
    let lines = config.lines().filter(|line| !line.starts_with("[state]") && !line.starts_with("path = "));
    let lines = lines.map(|line| match line.starts_with("location = ") {
        true => "location = \"/var/lib/feeds/feed.txt\"",
        false => line,
    });
    let config = shop.write("north.toml", lines.collect::<Vec<_>>().join("\n"));
    let check = "\"$0\" --shop north check | grep -F warning; echo \"= $?\"";
    let script = format!(
        "cp {} /etc/shelfkeeper/north.toml && mkdir -m 755 /var/lib/feeds && : > /var/lib/feeds/feed.txt && \
         chmod 640 /var/lib/feeds/feed.txt; {check}; chmod 644 /var/lib/feeds/feed.txt; chmod 700 /var/lib/feeds; {check}; \
         chmod 755 /var/lib/feeds; {check}; cp /etc/shelfkeeper/north.toml /etc/shelfkeeper/n && \
         sed 's#/var/lib/feeds#/var/tmp#' /etc/shelfkeeper/n > /etc/shelfkeeper/north.toml; mount -t tmpfs none /var/tmp; \
         : > /var/tmp/feed.txt; {check}",
        config.display()
    );
    let Some(output) = crate::kit::machine::on_a_machine(&script) else { return };
    let told: Vec<&str> = output.stdout.split("= ").collect();
    assert!(told[0].contains("shelfkeeper@north is a user of its own"), "{output:?}");
    assert!(told[0].contains("chmod o+r /var/lib/feeds/feed.txt"), "{output:?}");
    assert!(told[1].contains("chmod o+x /var/lib/feeds"), "{output:?}");
    assert!(!told[2].contains("user of its own"), "{output:?}");
    assert!(told[3].contains("keeps /var/tmp from it"), "{output:?}");
}

#[test]
fn a_secret_that_a_unit_is_not_handed_is_told_to_root() {
    let shop = Shop::new();
    shop.config("[http]\npassword_file = \"/etc/shelfkeeper/http_password\"\n");
    let check = "\"$0\" --shop north check | grep -F 'the secret in'; echo \"= $?\"";
    let line = "LoadCredential=http_password:/etc/shelfkeeper/http_password";
    let script = format!(
        "cp {} /etc/shelfkeeper/north.toml && cd /etc/shelfkeeper && echo hunter2hunter2 > http_password && \
         chmod 600 http_password; {check}; mkdir -p /etc/systemd/system/shelfkeeper@north.service.d && \
         echo {line} > /etc/systemd/system/shelfkeeper@north.service.d/own.conf; {check}",
        shop.path("shelfkeeper.toml").display()
    );
    let Some(output) = crate::kit::machine::on_a_machine(&script) else { return };
    let told: Vec<&str> = output.stdout.split("= ").collect();
    assert!(told[0].contains("shelfkeeper@north is a user of its own") && told[0].contains(line), "{output:?}");
    assert!(told[1].starts_with("0\n") && !told[1].contains("secret"), "{output:?}");
}

#[test]
fn an_address_where_somebody_else_listens_is_told_while_no_daemon_runs() {
    let shop = Shop::with_rows(&[LAMP]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = taken.local_addr().expect("its address");
    shop.config(&format!("[http]\nlisten = \"{address}\"\n"));
    let told = shop.run(&["check"]).expect_code(0).stdout;
    assert!(told.contains(&format!("warning        [http] listen = \"{address}\": can't listen there")), "{told}");
    assert!(told.contains("set another port"), "{told}");
    drop(taken);
    assert!(!shop.run(&["check"]).expect_code(0).stdout.contains("can't listen"));
}
