//! The doors of a daemon: where they are, and what is said there.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::process::{PATIENCE, Process};
use super::wait_until;

/// Where a door of a daemon is, by the words that its log has before the address.
fn door(process: &Process, words: &str) -> SocketAddr {
    process.wait_for_log(words, 1);
    let address = || process.log().split_once(words)?.1.split_once('\n')?.0.trim().parse().ok();
    wait_until("the address is there", || address().is_some());
    address().expect("an address")
}

pub(crate) fn private(process: &Process) -> SocketAddr {
    door(process, " listening on http://")
}

pub(crate) fn public(process: &Process) -> SocketAddr {
    door(process, "listening at http://")
}

/// The status and the rest of an answer. `headers` = each with its line end.
pub(crate) fn ask(address: SocketAddr, line: &str, headers: &str) -> (u16, String) {
    let mut client = TcpStream::connect(address).expect("a connection");
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    client.write_all(format!("{line} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n").as_bytes()).expect("sent");
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).expect("text");
    (answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"), answer)
}
