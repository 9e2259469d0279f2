//! What becomes of events where the state can't be written: nobody could remember that they were sent.

use std::time::{Duration, Instant};

use crate::kit::orders::{configure, days_ago, order, pass, shop};
use crate::kit::process::Process;
use crate::kit::wait_until;

/// A hook whose program takes the state's lock away, without which nothing is written any more, until all is mended.
fn hook(name: &str, code: i32) -> String {
    let script = format!("echo told >> {name}; test -e mended || rm -f state/shelfkeeper.db.lock; exit {code}");
    format!("[[notify.hook]]\nname = {name:?}\nevents = [\"order.new\"]\ncommand = [\"/bin/sh\", \"-c\", {script:?}]\n")
}

#[test]
fn nobody_is_told_again_and_again_by_who_cannot_write_that_they_were() {
    let hooks = hook("taking", 0) + &hook("failing", 1);
    let shop = shop("");
    configure(&shop, &format!("schedule = \"every 1s\"\n{hooks}[source]\nschedule = \"every 1s\"\n"));
    pass(&shop, "--once", 0);
    let told = |name: &str| std::fs::read_to_string(shop.path(name)).unwrap_or_default().lines().count();
    let daemon = Process::start(shop.command(&["run"]));
    shop.nicechat().put_order(order(1, &days_ago(0), 1));
    wait_until("one was told", || told("taking") + told("failing") > 0);
    daemon.wait_for_log("restart shelfkeeper", 1);
    // As long as several rounds take, and the first pause after a failure.
    let began = Instant::now();
    wait_until("eight seconds", || began.elapsed() >= Duration::from_secs(8));
    assert!(told("taking") <= 1 && told("failing") <= 1, "{} {}", told("taking"), told("failing"));
    drop(daemon);
    // What may have been taken is sent again once that can be written.
    shop.write("mended", "");
    shop.run(&["run", "--once"]);
    assert!(told("taking") > 0 && told("failing") > 0, "{} {}", told("taking"), told("failing"));
}
