//! A state file that isn't what it was: copied, put back, replaced, linked, or without its last writes.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::kit::goods::{self, Good, assert_equal, good, goods as many, publish, sync, synced};
use crate::kit::process::{self, Process};
use crate::kit::{Shop, wait_until};
use sandbox::{Fault, Kind, Rule, Rules};

const LISTING: &str = "1 GET categories, 1 GET products";

fn at_price(goods: &[Good], price: &str) -> Vec<Good> {
    goods.iter().map(|good| good.clone().at_price(price)).collect()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A shop whose pass hangs in its first change, and the process that makes it.
fn at_work(config: &str) -> (Shop, Process) {
    let shop = synced(&many("p", 8), config);
    publish(&shop, &at_price(&many("p", 8), "11.00"));
    shop.nicechat().add_fault(Rule { times: Some(1), ..Rule::new(Fault::Hang) });
    shop.nicechat().take_requests();
    let nicechat = shop.nicechat();
    let process = Process::start(shop.command(&["run", "--once"]));
    wait_until("it is at work", || nicechat.requests().len() == 8);
    (shop, process)
}

#[test]
fn no_other_path_to_the_file_lets_a_second_instance_in() {
    let (shop, first) = at_work("[nicechat]\ntimeout = \"60s\"");
    let state = shop.state_path();
    symlink(&state, shop.path("link.db")).expect("a link");
    symlink(state.parent().expect("a folder"), shop.path("folder")).expect("a link");
    for path in ["link.db", "folder/shelfkeeper.db", "state/../state/shelfkeeper.db"] {
        shop.config(&format!("[state]\npath = {:?}", shop.path(path)));
        let told = shop.run(&["run", "--once"]).expect_code(5).stderr;
        assert!(told.contains(&format!("process {}", first.id())), "{told}");
    }
    // A relative one, with another name that is a link to nothing yet.
    symlink("state/new.db", shop.path("new.db")).expect("a link");
    shop.config("[state]\npath = \"new.db\"");
    shop.pass(0);
    assert!(shop.path("state/new.db").is_file());
    assert!(shop.path("state/new.db.lock").is_file() && !shop.path("new.db.lock").exists());
    // Files beside a state belong to one name.
    fs::hard_link(&state, shop.path("hard.db")).expect("a link");
    shop.config(&format!("[state]\npath = {:?}", shop.path("hard.db")));
    let told = shop.run(&["run", "--once"]).expect_code(1).stderr;
    assert!(told.contains("hard.db: this file has 2 names"), "{told}");
}

#[test]
fn what_is_no_path_of_a_file_is_refused() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|"]);
    for path in [":memory:", "file:state.db", "file::memory:?cache=shared", ""] {
        shop.config(&format!("[state]\npath = {path:?}"));
        let told = shop.run(&["run", "--once"]).expect_code(2).stderr;
        assert!(told.contains("expected the path of a file"), "{path}: {told}");
    }
    fs::create_dir(shop.path("a folder")).expect("a folder");
    shop.config("[state]\npath = \"a folder\"");
    let told = shop.run(&["run", "--once"]).expect_code(1).stderr;
    assert!(told.contains("[state] path is a directory; name a file in it"), "{told}");
    shop.config("[state]\npath = \"/dev/null\"");
    assert!(shop.run(&["run", "--once"]).expect_code(1).stderr.contains("this is not a file"));
    assert_eq!(shop.take_writes(), [""; 0]);
}

#[test]
fn the_files_are_for_nobody_else() {
    let shop = synced(&many("p", 3), "");
    let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(&shop.state_path()), 0o600);
    assert_eq!(mode(&beside(&shop.state_path(), ".lock")), 0o600);
}

#[test]
fn a_file_that_is_replaced_or_deleted_under_a_pass_fails_it() {
    for (what, told) in [("deleted", "was deleted or moved"), ("replaced", "was replaced by another file")] {
        let (shop, mut pass) = at_work("[nicechat]\ntimeout = \"2s\"\nretries = 0");
        let state = shop.state_path();
        if what == "replaced" {
            fs::copy(&state, shop.path("copy")).expect("copied");
            fs::rename(shop.path("copy"), &state).expect("replaced");
        } else {
            fs::remove_file(&state).expect("removed");
        }
        assert_eq!(pass.ends_within(process::PATIENCE), Some(1));
        assert!(pass.log().contains(told), "{}", pass.log());
    }
}

#[test]
fn a_daemon_says_so_of_every_pass_and_sends_nothing() {
    for lock_only in [false, true] {
        let shop = synced(&many("p", 8), "[source]\nschedule = \"every 1s\"");
        let daemon = Process::start(shop.command(&["run"]));
        daemon.wait_for_log(process::PASS_ENDED, 1);
        let name = if lock_only { beside(&shop.state_path(), ".lock") } else { shop.state_path() };
        fs::remove_file(name).expect("removed");
        publish(&shop, &at_price(&many("p", 8), "11.00"));
        shop.take_writes();
        daemon.wait_for_log("restart shelfkeeper", 1);
        let fetches = shop.fetches().len();
        wait_until("two more passes", || shop.fetches().len() >= fetches + 2);
        assert_eq!(shop.take_writes(), [""; 0], "{}", daemon.log());
        drop(daemon);
        // And what is there then is worked with.
        sync(&shop).ended(0);
        assert_equal(&shop, &at_price(&many("p", 8), "11.00"));
    }
}

#[test]
fn a_state_that_was_put_back_or_copied_reads_the_listing_first() {
    for way in ["in place", "with its lock", "without its lock", "renamed", "elsewhere"] {
        let before = many("p", 6);
        let shop = synced(&before, "");
        let state = shop.state_path();
        let backup = fs::read(&state).expect("a state");
        let lock = beside(&state, ".lock");
        let locked = fs::read(&lock).expect("a lock");
        // What the backup doesn't know: other prices, one more, one less.
        let mut after = at_price(&before[1..], "11.00");
        after.push(good("new"));
        publish(&shop, &after);
        sync(&shop).ended(0);
        match way {
            "in place" => fs::write(&state, backup).expect("written"),
            "with its lock" => {
                fs::write(&state, backup).expect("written");
                fs::write(&lock, locked).expect("written");
            }
            "without its lock" => {
                fs::write(&state, backup).expect("written");
                fs::remove_file(&lock).expect("removed");
            }
            "renamed" => {
                fs::write(shop.path("backup"), backup).expect("written");
                fs::rename(shop.path("backup"), &state).expect("renamed");
            }
            _ => {
                fs::write(shop.path("other.db"), backup).expect("written");
                shop.config(&format!("[state]\npath = {:?}", shop.path("other.db")));
            }
        }
        // The feed is the backup's again, byte for byte.
        publish(&shop, &before);
        let plan = goods::run(&shop, &["plan"]).ended(0);
        assert_eq!(plan.tally(), LISTING, "{way}");
        let pass = sync(&shop).ended(0);
        assert!(pass.tally().contains(LISTING) && pass.output.stderr.contains("the state file"), "{way}: {pass:?}");
        let mut wanted = before.clone();
        // It was made after the backup, and so nobody knows whose it is.
        wanted.push(good("new"));
        assert_equal(&shop, &wanted);
        assert_eq!(sync(&shop).ended(0).tally(), "", "{way}: once is enough");
    }
}

#[test]
fn a_start_that_fails_leaves_no_doubt() {
    let shop = synced(&many("p", 3), "");
    shop.config("[nicechat]\nbase_url = \"http://127.0.0.1:1\"");
    for _ in 0..2 {
        let pass = sync(&shop);
        assert!(pass.output.stderr.contains("127.0.0.1:1") && pass.output.code != 0, "{pass:?}");
    }
    shop.config("");
    let pass = sync(&shop).ended(0);
    assert_eq!((pass.tally().as_str(), pass.output.stderr.contains("was put back")), ("", false), "{pass:?}");
}

#[test]
fn a_state_that_is_moved_or_started_with_again_is_the_same() {
    let shop = synced(&many("p", 3), "");
    publish(&shop, &at_price(&many("p", 3), "11.00"));
    assert_eq!(sync(&shop).ended(0).tally(), "3 PATCH products");
    fs::rename(shop.path("state"), shop.path("moved")).expect("moved");
    shop.config(&format!("[state]\npath = {:?}", shop.path("moved/shelfkeeper.db")));
    publish(&shop, &at_price(&many("p", 3), "12.00"));
    assert_eq!(sync(&shop).ended(0).tally(), "3 PATCH products");
    // Without the count beside it nothing tells whether it is the last one.
    fs::remove_file(shop.path("moved/shelfkeeper.db.lock")).expect("removed");
    assert_eq!(sync(&shop).ended(0).tally(), LISTING);
    assert_eq!(sync(&shop).ended(0).tally(), "");
}

#[test]
fn what_a_finished_pass_knows_is_in_the_file_itself() {
    let shop = Shop::new();
    publish(&shop, &many("p", 200));
    shop.config("[source]\nschedule = \"every 1s\"");
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(process::PASS_ENDED, 1);
    let fetches = shop.fetches().len();
    wait_until("more passes", || shop.fetches().len() >= fetches + 3);
    daemon.kill();
    drop_log(&shop.state_path());
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(status["owned"]["products"], 200);
    publish(&shop, &many("p", 190));
    sync(&shop).ended(0);
    assert_equal(&shop, &many("p", 190));
}

/// What a power cut may leave: the file without its log.
fn drop_log(state: &Path) {
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(beside(state, suffix));
    }
}

#[test]
fn what_was_sent_before_the_machine_stopped_is_looked_at_again() {
    for lost in [true, false] {
        let kept = many("kept", 3);
        let shop = synced(&kept, "[nicechat]\nconcurrency = 4");
        let mut next = at_price(&kept, "11.00");
        next.extend(many("new", 40));
        publish(&shop, &next);
        shop.nicechat().set_rules(Rules { latency: Duration::from_millis(20), ..Rules::default() });
        shop.nicechat().take_requests();
        let nicechat = shop.nicechat();
        let pass = Process::start(shop.command(&["run", "--once"]));
        wait_until("it is in the middle", || nicechat.objects(Kind::Product).len() > 20);
        pass.kill();
        if lost {
            drop_log(&shop.state_path());
        }
        // The kernel gives every start of the machine another name.
        let state = rusqlite::Connection::open(shop.state_path()).expect("a state");
        let changed = state.execute("UPDATE meta SET value = 'an earlier one' WHERE key = 'sending_since'", []);
        assert_eq!(changed.expect("written"), 1);
        drop(state);
        nicechat.set_rules(Rules::default());
        // Meanwhile the feed has dropped all of them, and the prices are as before.
        publish(&shop, &kept);
        let pass = goods::run(&shop, &["run", "--once", "--force"]).ended(0);
        assert!(pass.tally().contains(LISTING), "{}", pass.tally());
        // What nobody wrote down is nobody's, and stays; a disk that keeps its word loses none of it.
        let there = nicechat.objects(Kind::Product);
        assert_eq!(there.len() > kept.len(), lost, "{there:?}");
        assert!(kept.iter().all(|good| there[&good.id]["price"].as_f64() == Some(10.0)), "{there:?}");
        assert_eq!(sync(&shop).ended(0).tally(), "");
    }
}
