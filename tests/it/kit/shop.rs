//! What the black-box tests share: a shop with a sandbox to talk to, and the real program.
//!
//! Each test has a shop of its own: a folder, a config file, a state file, and an in-process
//! NiceChat and feed host on a free port.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use sandbox::{self, Fetched, NiceChat, Options, Sandbox};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// Where the feed host has the feed.
pub(crate) const FEED: &str = "products.txt";

/// The columns of [`Shop::feed_tsv`].
pub(crate) const HEADER: &str = "id\ttitle\tprice\tavailability\tproduct_type";

/// A shop with its feed host, its NiceChat, its config and its state.
pub(crate) struct Shop {
    // In this order: the sandbox goes before what it runs on.
    pub(crate) sandbox: Sandbox,
    _runtime: Runtime,
    folder: TempDir,
}

/// What a finished program leaves.
#[derive(Debug)]
pub(crate) struct Output {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Shop {
    /// A shop whose config is complete, and whose feed host answers 404 until a feed is put there.
    pub(crate) fn new() -> Shop {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let sandbox = runtime.block_on(Sandbox::start(Options::default())).expect("a sandbox");
        let shop = Shop { sandbox, _runtime: runtime, folder: tempfile::tempdir().expect("a folder") };
        shop.config("");
        shop
    }

    /// The same, with a feed of these rows: see [`Shop::feed_tsv`].
    pub(crate) fn with_rows(rows: &[&str]) -> Shop {
        let shop = Shop::new();
        shop.feed_tsv(rows);
        shop
    }

    /// NiceChat: what it holds, what it was sent, how it is to misbehave.
    pub(crate) fn nicechat(&self) -> NiceChat {
        self.sandbox.nicechat()
    }

    /// The feed host; the feed lies at [`FEED`].
    pub(crate) fn shop(&self) -> sandbox::Shop {
        self.sandbox.shop()
    }

    /// Lagerkoll: what it holds, what it was sent, how it is to misbehave.
    pub(crate) fn lagerkoll(&self) -> sandbox::Lagerkoll {
        self.sandbox.lagerkoll()
    }

    /// The `base_url` of Lagerkoll.
    pub(crate) fn lagerkoll_url(&self) -> String {
        self.sandbox.lagerkoll_url()
    }

    /// A `[lagerkoll]` section that works, for [`sandbox::DEMO_STORE`] and its key.
    pub(crate) fn lagerkoll_section(&self) -> String {
        self.sandbox.lagerkoll_section()
    }

    /// `[oct8ne]` sections that work with the sandbox.
    pub(crate) fn oct8ne_section(&self) -> String {
        self.sandbox.oct8ne_section()
    }

    /// What Oct8ne and the shop's own addresses were told.
    pub(crate) fn oct8ne(&self) -> sandbox::Oct8ne {
        self.sandbox.oct8ne()
    }

    /// Emplifi: who is there, what it was asked, how it is to misbehave.
    pub(crate) fn emplifi(&self) -> sandbox::Emplifi {
        self.sandbox.emplifi()
    }

    /// An `[emplifi]` section that works; it watches nobody yet.
    pub(crate) fn emplifi_section(&self) -> String {
        self.sandbox.emplifi_section()
    }

    /// NewStore: its stores and numbers, what it was sent, how it is to misbehave.
    pub(crate) fn newstore(&self) -> sandbox::NewStore {
        self.sandbox.newstore()
    }

    /// A `[newstore]` section that works; it has no stores yet.
    pub(crate) fn newstore_section(&self) -> String {
        self.sandbox.newstore_section()
    }

    /// What the feed host was asked.
    pub(crate) fn fetches(&self) -> Vec<Fetched> {
        self.shop().requests()
    }

    /// Publishes a feed with these rows below [`HEADER`]. Cells are separated by `|`, which is
    /// easier to read than a tab: `1|Lamp|10.00 USD|in stock|Home > Light`.
    pub(crate) fn feed_tsv(&self, rows: &[&str]) {
        self.put_feed(tsv(rows));
    }

    /// Publishes any bytes.
    pub(crate) fn put_feed(&self, bytes: impl Into<Vec<u8>>) {
        self.shop().put(FEED, bytes.into(), "text/plain");
    }

    /// The feed's address.
    pub(crate) fn feed_url(&self) -> String {
        self.shop().url(FEED)
    }

    /// Writes the config file: what a test needs, with `extra` sections over it. No resync unless a test asks for one:
    /// at night, tests would see other requests than by day.
    pub(crate) fn config(&self, extra: &str) {
        let parse = |text: &str| text.parse::<toml::Table>().expect("TOML");
        let mut config = parse(&format!(
            "[source]\nlocation = {:?}\ntimeout = \"5s\"\nresync_schedule = \"never\"\n\
             [state]\npath = {:?}\n{}timeout = \"5s\"\nretries = 2\n",
            self.feed_url(),
            self.state_path(),
            self.sandbox.config_section(),
        ));
        for (section, settings) in parse(extra) {
            let toml::Value::Table(settings) = settings else { panic!("{section} is no section") };
            let base = config.entry(section).or_insert_with(|| toml::Table::new().into());
            base.as_table_mut().expect("a section").extend(settings);
        }
        let path = self.write("shelfkeeper.toml", config.to_string());
        // There are secrets in it.
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).expect("its mode");
    }

    /// Where the state file is, or will be.
    pub(crate) fn state_path(&self) -> PathBuf {
        self.path("state/shelfkeeper.db")
    }

    /// The path of a file of the shop's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the shop's folder.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(&path, bytes).expect("written");
        path
    }

    /// The program with this shop's config, in its folder; not started yet.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = program(self.folder.path());
        command.arg("--config").arg(self.path("shelfkeeper.toml")).args(arguments);
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Output {
        finish(self.command(arguments))
    }

    /// Makes one pass, which must end with this code.
    pub(crate) fn pass(&self, code: i32) -> Output {
        self.run(&["run", "--once"]).expect_code(code)
    }

    /// Runs the program and reads the JSON it prints, whatever it exits with.
    pub(crate) fn json<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Value {
        self.run(arguments).json()
    }

    /// The writes that NiceChat was sent, as `METHOD type id`, and forgets them.
    pub(crate) fn take_writes(&self) -> Vec<String> {
        let requests = self.nicechat().take_requests();
        let writes = requests.iter().filter(|request| request.method != "GET");
        let told = writes.map(|request| {
            let body_id = || request.body.as_ref().and_then(|body| body["id"].as_str().map(str::to_owned));
            let id = request.id.clone().or_else(body_id).unwrap_or_default();
            format!("{} {} {id}", request.method, request.kind.map(sandbox::Kind::path_name).unwrap_or_default())
        });
        told.collect()
    }
}

impl Output {
    /// Itself, if it ended with this code.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Output {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let parsed = serde_json::from_str(&self.stdout);
        parsed.unwrap_or_else(|error| panic!("{error} in {}\nstderr: {}", self.stdout, self.stderr))
    }
}

/// A text feed with these rows below [`HEADER`]; `|` between cells.
pub(crate) fn tsv(rows: &[&str]) -> String {
    let mut text = format!("{HEADER}\n");
    for row in rows {
        text += &row.replace('|', "\t");
        text.push('\n');
    }
    text
}

/// Bytes packed with gzip. A text in a file that was written just now has no other proof of its end.
pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes.as_ref()).expect("packed");
    encoder.finish().expect("packed")
}

/// The program in this folder, in an environment without anything that could have a say.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shelfkeeper"));
    command.env_clear().current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["PATH", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Runs a command to its end.
pub(crate) fn finish(mut command: Command) -> Output {
    let output = command.output().expect("the program starts");
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("text on stdout"),
        stderr: String::from_utf8(output.stderr).expect("text on stderr"),
    }
}

/// Waits until something is true; fails the test when that takes longer than 30 seconds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + super::process::PATIENCE;
    while !is_true() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
