//! The feed that is served for an import: the same until the import is over, whatever happens meanwhile, and no loss
//! when it can't be.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sandbox::Rules;

use super::imports::served::free_port;
use crate::kit::goods::{self, Good, assert_equal, sync};
use crate::kit::process::Process;
use crate::kit::{Shop, wait_until};

/// A shop whose feed NiceChat has to fetch from us.
struct Served {
    shop: Shop,
    port: u16,
    goods: Vec<Good>,
}

impl Served {
    fn new(goods: usize) -> Served {
        let served = Served { shop: Shop::new(), port: free_port(), goods: goods::goods("p", goods) };
        served.publish(&served.goods);
        served.set("strategy = \"import\"");
        served
    }

    fn publish(&self, goods: &[Good]) {
        self.shop.write("feed.txt", goods::feed(goods));
    }

    fn set(&self, nicechat: &str) {
        let (path, port) = (self.shop.path("feed.txt"), self.port);
        self.shop.config(&format!(
            "[nicechat]\n{nicechat}\n[source]\nlocation = {path:?}\n\
             [http]\npublic_listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n"
        ));
    }

    /// How long an import does nothing.
    fn imports_take(&self, long: Duration) {
        let nicechat = self.shop.nicechat();
        nicechat.set_rules(Rules { import_started: long, ..nicechat.rules() });
    }

    fn start(&self) -> Process {
        Process::start(self.shop.command(&["run", "--once"]))
    }

    /// A pass that was killed while NiceChat had the import before it.
    fn killed_while_it_imports(&self) {
        self.imports_take(Duration::from_secs(600));
        let pass = self.start();
        pass.wait_for_log("NiceChat was told to import the feed", 1);
        pass.kill();
    }

    fn folder(&self) -> PathBuf {
        let mut path = self.shop.state_path().into_os_string();
        path.push(".shelf");
        path.into()
    }

    /// The last import's feed, once somebody listens: the status and the body, as far as it came.
    fn fetch(&self) -> (u16, String) {
        let url = self.shop.nicechat().imports().pop().expect("an import").url;
        let path = url.strip_prefix(&format!("http://127.0.0.1:{}", self.port)).expect("our own address").to_owned();
        let connect = || TcpStream::connect(("127.0.0.1", self.port));
        wait_until("somebody listens", || connect().is_ok());
        let mut stream = connect().expect("somebody listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: x\r\n\r\n").as_bytes()).expect("sent");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head[9..12].parse().expect("a status"), body.to_owned())
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("it is there").permissions().mode() & 0o7777
}

fn change(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).expect("the file");
    bytes[at] ^= 1;
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn what_is_served_stays_the_same_until_the_import_is_over() {
    let served = Served::new(300);
    served.imports_take(Duration::from_secs(600));
    let pass = served.start();
    pass.wait_for_log("NiceChat was told to import the feed", 1);
    let (status, body) = served.fetch();
    assert_eq!((status, body.matches("<offer ").count()), (200, 300), "{body}");
    assert!(body.ends_with("</yml_catalog>\n"), "{body}");
    assert_eq!(served.fetch().1, body);
    let generation = served.folder().join("1");
    assert_eq!((mode(&served.folder()), mode(&generation), mode(&generation.join("items"))), (0o700, 0o700, 0o600));
    pass.kill();
    // Also when the feed says something else by now, and the time is another.
    served.publish(&served.goods[..10]);
    let mut again = served.start();
    again.wait_for_log("an import is under way", 1);
    assert_eq!(served.fetch(), (200, body));
    again.signal("INT");
    assert_eq!(again.ends_within(Duration::from_secs(10)), Some(1));
    assert!(generation.exists(), "the next pass may need it");
}

#[test]
fn what_can_not_be_served_any_more_costs_the_import_alone() {
    let version = |served: &Served| change(&served.folder().join("1/items"), 7);
    let page = |served: &Served| change(&served.folder().join("1/items"), 1_000);
    let gone = |served: &Served| std::fs::remove_dir_all(served.folder()).expect("removed");
    let damages: [&dyn Fn(&Served); 3] = [&version, &page, &gone];
    for (damage, make) in ["version", "page", "gone"].into_iter().zip(damages) {
        let served = Served::new(300);
        served.killed_while_it_imports();
        make(&served);
        let mut again = served.start();
        again.wait_for_log("an import is under way", 1);
        let (status, body) = served.fetch();
        assert!(!body.contains("</yml_catalog>"), "{damage}: half a feed must not look like a whole one");
        if damage != "page" {
            assert_eq!(status, 404, "{damage}");
            again.wait_for_log("NiceChat can't fetch the feed of the import under way any more", 1);
        }
        again.signal("INT");
        assert_eq!(again.ends_within(Duration::from_secs(10)), Some(1));
        // The import comes to nothing, and the rest goes by the API.
        served.set("strategy = \"auto\"\nimport_timeout = \"1s\"");
        sync(&served.shop).ended(0);
        assert_equal(&served.shop, &served.goods);
        assert!(!served.folder().exists(), "{damage}: nobody needs it any more");
    }
}

#[test]
fn a_kill_at_any_point_leaves_nothing_in_the_way() {
    let served = Served::new(2_000);
    let folder = served.folder();
    let some = |end: &str| {
        let entries = folder.read_dir().into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).any(|path| path.to_string_lossy().ends_with(end))
    };
    for end in ["", ".new", "/1"] {
        let mut pass = served.start();
        wait_until("the shelf is written, or was", || some(end) || !pass.is_running());
        pass.kill();
    }
    // And what no kill of ours leaves.
    for (name, content) in [("7/items", "of another version"), ("9.new/items", "half of it"), ("x", "")] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, content).expect("written");
    }
    let dearer: Vec<Good> = served.goods.iter().cloned().map(|good| good.at_price("12.34")).collect();
    served.publish(&dearer);
    sync(&served.shop).ended(0);
    assert_equal(&served.shop, &dearer);
    assert!(!folder.exists());
}
