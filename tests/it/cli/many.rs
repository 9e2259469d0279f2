//! Many shops of one machine: how they stand, and how they are made.

use std::path::Path;

use serde_json::Value;

use crate::kit::Shop;
use crate::kit::machine::on_a_machine;

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";
const NAMELESS: &str = "2||20.00 USD|in stock|Home";

/// The shop's config as a unit has it, without secrets and without a place for the state.
fn config(shop: &Shop) -> String {
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).unwrap_or_default();
    let is_kept =
        |line: &&str| !line.starts_with("[state]") && !line.starts_with("path = ") && !line.starts_with("api_");
    config.lines().filter(is_kept).collect::<Vec<_>>().join("\n")
}

fn keep(shop: &Shop, name: &str) -> String {
    let state = std::fs::read(shop.state_path()).unwrap_or_default();
    shop.write(name, state).display().to_string()
}

/// A state that nothing can be written into says what it said before.
#[test]
fn that_the_disk_is_full_goes_before_what_the_state_says() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.pass(0);
    let (state, good) = (keep(&shop, "equal.db"), shop.write("good.toml", config(&shop)).display().to_string());
    let script = format!(
        "cp {good} /etc/shelfkeeper/north.toml; mount -t tmpfs -o size=4m none /var/lib/private/shelfkeeper-north; \
         cd /var/lib/private/shelfkeeper-north && cp {state} shelfkeeper.db && \"$0\" --shop north status | head -1; \
         head -c 3m /dev/zero >rest; \"$0\" --shop north status | head -1; \"$0\" status --all; echo \"exit $?\""
    );
    let Some(output) = on_a_machine(&script) else { return };
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(
        (lines.len(), lines[0], lines[3]),
        (4, "Equal: NiceChat has what the feed says.", "exit 1"),
        "{output:?}"
    );
    assert!(
        lines[1].starts_with("The disk is full: ") && lines[2].starts_with("north  The disk is full: "),
        "{output:?}"
    );
}

#[test]
fn every_shop_has_a_line_and_the_worst_comes_first() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.pass(0);
    let equal = keep(&shop, "equal.db");
    shop.feed_tsv(&[LAMP, NAMELESS]);
    shop.pass(3);
    let rows = keep(&shop, "rows.db");
    let good = shop.write("good.toml", config(&shop)).display().to_string();
    let bad = shop.write("bad.toml", "[source]\nshedule = 1\nlocation = \"feed.tsv\"\n").display().to_string();
    let text = shop.write("text", "not a state").display().to_string();
    let script = format!(
        "cd /etc/shelfkeeper && \"$0\" status --all; echo \"exit $?\"; rmdir /var/lib/private/shelfkeeper-north; \
         for name in north south west text; do cp {good} $name.toml; done; cp {bad} bad.toml; touch x.example.toml; \
         cd /var/lib && mkdir private/shelfkeeper-north shelfkeeper-west shelfkeeper-gone shelfkeeper-text shelfkeeper-bad && \
         cp {rows} shelfkeeper-bad/shelfkeeper.db && \
         cp {equal} shelfkeeper-north/shelfkeeper.db && cp {rows} shelfkeeper-west/shelfkeeper.db && \
         cp {text} shelfkeeper-text/shelfkeeper.db && \
         \"$0\" status --all; echo \"exit $?\"; \"$0\" status --all --format json; echo \"exit $?\"; \
         rm -r /etc/shelfkeeper/bad.toml shelfkeeper-bad shelfkeeper-text /etc/shelfkeeper/text.toml; \"$0\" status --all; echo \"exit $?\"; \
         rm /etc/shelfkeeper/west.toml; \"$0\" status --all; echo \"exit $?\""
    );
    let Some(output) = on_a_machine(&script) else { return };
    let parts: Vec<&str> = output.stdout.split("exit ").collect();
    let lines = |part: usize| parts[part].lines().skip(usize::from(part > 0)).collect::<Vec<_>>();
    let codes: Vec<&str> = parts[1..].iter().filter_map(|part| part.lines().next()).collect();
    assert_eq!(codes, ["0", "1", "1", "3", "0"], "{output:?}");
    assert_eq!(lines(0).len(), 1, "the folder that is there by itself: {output:?}");
    let told = lines(1);
    let begins = [
        "bad    Can't be read: /etc/shelfkeeper/bad.toml:2:1: unknown setting source.shedule; did you mean schedule? \
         `shelfkeeper --shop bad check` says all of it. Its state is in /var/lib/shelfkeeper-bad: its last pass ended 20",
        "text   Can't be read: ",
        "gone   There is no config /etc/shelfkeeper/gone.toml, and no state in /var/lib/shelfkeeper-gone: `shelfkeeper \
         --shop gone init` makes a config; or remove that folder.",
        "south  There is no state at /var/lib/shelfkeeper-south/shelfkeeper.db",
        "west   Equal but for 1 row of the feed. Last good pass 20",
        "north  Equal: NiceChat has what the feed says.",
    ];
    assert_eq!(told.len(), begins.len(), "{told:#?}");
    for (line, begin) in told.iter().zip(begins) {
        assert!(line.starts_with(begin), "{begin}: {told:#?}");
    }
    assert!(told[5].contains(" Last good pass 20") && told[5].contains(" (just now). Next 20"), "{told:#?}");
    assert!(
        told[5].ends_with(" No daemon runs now: `systemctl start shelfkeeper@north`, unless a timer makes the passes.")
    );
    let json: Value = serde_json::from_str(lines(2)[0]).expect("JSON");
    let states: Vec<(&str, &str)> = json
        .as_array()
        .expect("a list")
        .iter()
        .map(|shop| (shop["shop"].as_str().unwrap_or_default(), shop["headline"]["state"].as_str().unwrap_or_default()))
        .collect();
    let expected = ["bad unreadable", "text unreadable", "gone none", "south none", "west rows", "north equal"];
    assert_eq!(states.iter().map(|(shop, state)| format!("{shop} {state}")).collect::<Vec<_>>(), expected);
    assert!(
        json[5]["last_good"].is_string() && json[5]["next"].is_string() && json[0]["last_good"].is_string(),
        "{json}"
    );
}

#[test]
fn a_state_without_a_config_tells_what_it_has() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.pass(0);
    let state = keep(&shop, "state.db");
    let script = format!(
        "cd /var/lib && mkdir shelfkeeper-gone shelfkeeper-text && cp {state} shelfkeeper-gone/shelfkeeper.db && \
         echo 'not a state' > shelfkeeper-text/shelfkeeper.db && \"$0\" status --all --format json"
    );
    let Some(output) = on_a_machine(&script) else { return };
    let json: Value = serde_json::from_str(output.expect_code(1).stdout.trim()).expect("JSON");
    let told = |name: &str| {
        let shop = json.as_array().expect("a list").iter().find(|shop| shop["shop"] == name).expect(name);
        (shop["headline"]["text"].as_str().unwrap_or_default().to_owned(), shop["last_good"].is_string())
    };
    let (gone, is_known) = told("gone");
    assert!(gone.contains("its state is in /var/lib/shelfkeeper-gone: its last pass ended 20") && is_known, "{json}");
    assert!(gone.contains("(ok). Put the config back, or remove that folder if the shop is no more."), "{json}");
    assert!(told("text").0.contains("/var/lib/shelfkeeper-text/shelfkeeper.db"), "{json}");
}

#[test]
fn a_machine_without_shops_has_nothing_to_say() {
    let Some(output) = on_a_machine("rm -r /var/lib/* && \"$0\" status --all") else { return };
    let output = output.expect_code(2);
    assert!(output.stderr.contains("there is no shop: neither a config in /etc/shelfkeeper nor a state"), "{output:?}");
}

#[test]
fn the_script_of_the_documents_makes_the_shops_of_a_list() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/many-shops.md");
    let document = std::fs::read_to_string(document).expect("text");
    let (_, script) = document.split_once("```sh\n").expect("a script");
    let (script, _) = script.split_once("```").expect("its end");
    let shop = Shop::with_rows(&[LAMP, NAMELESS]);
    let (script, feed) = (shop.write("make-shops", script).display().to_string(), shop.feed_url());
    let key = shop.write("key", sandbox::DEMO_KEY).display().to_string();
    let secret = shop.write("secret", sandbox::DEMO_SECRET).display().to_string();
    let nicechat = feed.replace("/shop/products.txt", "");
    let list = format!(
        "# NAME FEED KEY SECRET\n\nnorth {feed} {key} {secret} --nicechat {nicechat}\n\
         east {feed}.absent {key} {secret}\nsouth {feed} {key} {secret} --nicechat {nicechat} --state /tmp/s.db"
    );
    let list = shop.write("list", list).display().to_string();
    let bin = shop.path("bin").display().to_string();
    let systemctl = shop.write("bin/systemctl", "#!/bin/sh\necho \"systemctl $*\"\n").display().to_string();
    // There is nothing to be trusted in an /etc of one's own.
    let trusted = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let trusted = shop.write("trusted.pem", trusted.cert.pem()).display().to_string();
    let script = format!(
        "umask 077 && export SSL_CERT_FILE={trusted} && ln -s \"$0\" {bin}/shelfkeeper && chmod +x {systemctl} && export PATH={bin}:$PATH && \
         sh {script} {list}; echo \"exit $?\"; sh {script} {list}; echo \"exit $?\"; stat -c '%a %n' /etc/shelfkeeper/*; \
         shelfkeeper --shop north check --online"
    );
    let Some(output) = on_a_machine(&script) else { return };
    let output = output.expect_code(0);
    let told = &output.stdout;
    for words in [
        "systemctl enable --now shelfkeeper@north\n",
        "systemctl enable --now shelfkeeper@south\n",
        "644 /etc/shelfkeeper/north.toml\n",
        "600 /etc/shelfkeeper/north.api_key\n",
        "600 /etc/shelfkeeper/south.api_secret\n",
        "NiceChat  ok",
    ] {
        assert_eq!(told.matches(words).count(), 1, "{words}: {told}");
    }
    assert_eq!(told.matches("exit 1\n").count(), 2, "{told}");
    assert!(!told.contains("/etc/shelfkeeper/east") && output.stderr.contains("east: not made"), "{output:?}");
}
