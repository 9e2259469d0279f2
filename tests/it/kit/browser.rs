//! A real browser without a window, and pages for it that come from an address of their own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::process::Process;

/// Names under which it is installed.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// With this the tests fail where there is none, instead of telling that they were left out.
const REQUIRED: &str = "SHELFKEEPER_BROWSER";
/// How long a page may take, in its own time.
const BUDGET_MS: u32 = 20_000;

/// The program, where there is one.
pub(crate) fn browser() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let mut paths = folders.iter().flatten().flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let found = paths.find(|path| path.is_file());
    assert!(found.is_some() || std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, and there is no Chromium");
    if found.is_none() {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no Chromium here");
    }
    found
}

/// A page when it has come to rest: its elements, and what its console was told. No host but this machine is reached.
pub(crate) fn visit(browser: &PathBuf, url: &str) -> (String, String) {
    let profile = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(browser);
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"])
        .args(["--no-first-run", "--disable-extensions", "--disable-background-networking"])
        .args([
            "--enable-logging=stderr",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--virtual-time-budget={BUDGET_MS}"))
        .arg(url)
        .stdin(Stdio::null());
    let mut process = Process::start(command);
    assert_eq!(process.ends_within(Duration::from_secs(120)), Some(0), "{}", process.log());
    let console = process.log();
    let console = console.lines().filter(|line| line.contains("CONSOLE"));
    (process.stdout(), console.collect::<Vec<_>>().join("\n"))
}

/// A web server that has nothing but a page.
pub(crate) struct Page(SocketAddr);

impl Page {
    pub(crate) fn serve(html: String) -> Page {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
                let mut first = String::new();
                let _ = reader.read_line(&mut first);
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
                    line.clear();
                }
                let (status, body) =
                    if first.contains("favicon") { ("204 No Content", "") } else { ("200 OK", &*html) };
                let head = "Content-Type: text/html; charset=utf-8\r\nConnection: close";
                let _ = write!(stream, "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            }
        });
        Page(address)
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.0)
    }
}
