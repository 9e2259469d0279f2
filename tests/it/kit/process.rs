//! Real processes: started, watched, signalled by their id, and never left behind.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for a busy machine; what is waited for usually comes within milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What only the entry of a pass over the catalogue has in the log: one of its fields.
pub(crate) const PASS_ENDED: &str = " read=";
/// The same of a pass over the events that read their listing.
pub(crate) const EVENTS_ENDED: &str = " listed=";

const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// A running program whose output is read as it comes.
pub(crate) struct Process {
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<thread::JoinHandle<()>>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Process {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let readers = vec![
            reader(child.stdout.take().expect("a pipe"), Arc::clone(&stdout)),
            reader(child.stderr.take().expect("a pipe"), Arc::clone(&stderr)),
        ];
        Process { child, stdout, stderr, readers }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard error so far.
    pub(crate) fn log(&self) -> String {
        text(&self.stderr)
    }

    pub(crate) fn stdout(&self) -> String {
        text(&self.stdout)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// Waits until its log has this text so many times.
    pub(crate) fn wait_for_log(&self, wanted: &str, times: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.log().matches(wanted).count() < times {
            assert!(Instant::now() < deadline, "{wanted:?} was not logged {times} times:\n{}", self.log());
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Sends it a signal by name (`TERM`, `HUP`, ...).
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &self.id().to_string()]).status();
        assert!(sent.expect("a shell").success(), "{name} could not be sent");
    }

    /// Ends it the hard way, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        // It may have ended by itself in the meantime.
        let _ = self.child.kill();
        self.child.wait().expect("its end");
    }

    /// Waits for its end, at most so long, and gives its exit code.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> Option<i32> {
        let deadline = Instant::now() + limit;
        while self.is_running() {
            if Instant::now() >= deadline {
                panic!("it did not end within {limit:?}:\n{}", self.log());
            }
            thread::sleep(LOOK_AGAIN);
        }
        let status: ExitStatus = self.child.wait().expect("its end");
        for reader in self.readers.drain(..) {
            reader.join().expect("its output");
        }
        status.code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status and the text of one of the daemon's own pages.
pub(crate) fn page(daemon: &Process, path: &str) -> (u16, String) {
    daemon.wait_for_log("listening on http://", 1);
    let log = daemon.log();
    let address = log.split("listening on http://").nth(1).and_then(|rest| rest.split_whitespace().next());
    let mut stream = TcpStream::connect(address.expect("an address")).expect("a connection");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer)
}

fn text(shared: &Mutex<String>) -> String {
    shared.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn reader(pipe: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            into.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    })
}
