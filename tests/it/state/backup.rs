//! `backup`: a copy that is made beside a daemon, kept from others, and noticed when it is put back.

use std::os::unix::fs::PermissionsExt as _;

use crate::kit::process::{PASS_ENDED, PATIENCE, Process};
use crate::kit::{Shop, finish};

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";
const CHAIR: &str = "2|Chair|20.00 USD|in stock|Home";

#[test]
fn a_restored_copy_is_noticed_and_listed() {
    let shop = Shop::with_rows(&[LAMP]);
    let copy = shop.path("copy.db");
    let output = shop.run(&["backup", "copy.db"]).expect_code(1);
    assert!(output.stderr.contains("There is no state at ") && !copy.exists(), "{}", output.stderr);
    shop.pass(0);
    let before = std::fs::read(shop.state_path()).ok();
    // It needs no secret, whatever the umask and the environment.
    let mut command = shop.command(&["backup", "copy.db"]);
    command.env("SHELFKEEPER_NICECHAT_API_KEY", "");
    let output = finish(command).expect_code(0);
    assert!(output.stdout.starts_with("wrote copy.db, "), "{}", output.stdout);
    assert_eq!(std::fs::read(shop.state_path()).ok(), before);
    assert_eq!(std::fs::metadata(&copy).map(|file| file.permissions().mode() & 0o777).ok(), Some(0o600));
    assert!(["-wal", "-shm", "-journal"].iter().all(|end| !shop.path(&format!("copy.db{end}")).exists()));
    let output = shop.run(&["backup", "copy.db"]).expect_code(1);
    assert!(output.stderr.contains("copy.db is there already, and stays as it is"), "{}", output.stderr);

    shop.feed_tsv(&[LAMP, CHAIR]);
    shop.pass(0);
    shop.take_writes();
    assert!(std::fs::rename(&copy, shop.state_path()).is_ok());
    // The copy doesn't know of the chair; the listing does, so that nothing is sent twice.
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(status["owned"]["products"], 1);
    let is_told = || shop.run(&["status"]).expect_code(0).stdout.contains("This state file ");
    assert!(is_told());
    shop.pass(0);
    assert!(!is_told());
    let requests = shop.nicechat().take_requests();
    assert!(requests.iter().any(|request| request.method == "GET"), "{requests:?}");
    assert!(requests.iter().all(|request| request.method == "GET"), "{requests:?}");
    assert_eq!(shop.json(&["status", "--format", "json"])["owned"]["products"], 2);
}

#[test]
fn beside_a_daemon() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.config("[source]\nschedule = \"every 1s\"");
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(PASS_ENDED, 1);
    for (number, chair) in [LAMP, CHAIR].iter().enumerate() {
        shop.feed_tsv(&[LAMP, chair]);
        shop.run(&["backup", &format!("copy{number}.db")]).expect_code(0);
    }
    daemon.wait_for_log(PASS_ENDED, 3);
    daemon.kill();
    for number in [0, 1] {
        shop.config(&format!("[state]\npath = {:?}", shop.path(&format!("copy{number}.db"))));
        let status = shop.json(&["status", "--format", "json"]);
        assert!(status["owned"]["products"].as_u64() >= Some(1), "{status}");
    }
}

/// What is killed leaves a folder of its own, which is in nobody's way; what is only ended leaves nothing.
#[test]
fn half_a_copy_is_no_backup() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.pass(0);
    // So much that copying it takes a while.
    let state = rusqlite::Connection::open(shop.state_path()).expect("the state");
    let fill = "CREATE TABLE filler AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 64)
                SELECT zeroblob(1048576) AS bytes FROM n";
    state.execute_batch(fill).expect("filled");
    drop(state);
    let copy = shop.path("copy.db");
    let count = || {
        let names = std::fs::read_dir(shop.path("")).expect("a folder").flatten().map(|file| file.file_name());
        names.filter(|name| name.to_string_lossy().starts_with("copy.db")).count()
    };
    for signal in ["KILL", "TERM"] {
        let before = count();
        let mut backup = Process::start(shop.command(&["backup", "copy.db"]));
        while count() == before && backup.is_running() {}
        if backup.is_running() {
            backup.signal(signal);
        }
        let code = backup.ends_within(PATIENCE);
        // It may have been quicker.
        let is_done = copy.exists();
        if signal == "KILL" {
            assert!(code.is_none() || is_done, "{}", backup.log());
        } else {
            assert_eq!(code, Some(i32::from(!is_done)), "{}", backup.log());
        }
        if code.is_some() {
            assert_eq!(count() - before, usize::from(is_done), "{signal}: {code:?}");
        }
        if is_done {
            std::fs::remove_file(&copy).expect("removed");
        }
    }
    shop.run(&["backup", "copy.db"]).expect_code(0);
    let copy = std::fs::metadata(&copy).expect("a copy");
    assert!(copy.len() > 64 << 20 && copy.permissions().mode() & 0o777 == 0o600, "{copy:?}");
}

#[test]
fn a_name_that_means_something_to_sqlite_is_a_files_name() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.pass(0);
    shop.write("old.db", "an older backup");
    for name in ["file:old.db", ":memory:"] {
        shop.run(&["backup", name]).expect_code(0);
        assert!(std::fs::metadata(shop.path(name)).expect("a file").len() > 4096, "{name}");
    }
    assert_eq!(std::fs::read_to_string(shop.path("old.db")).expect("a text"), "an older backup");
}
