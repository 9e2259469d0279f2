//! What we tell systemd: ready, reloading, stopping, a line of status, and that we are alive.
//!
//! Nothing here can fail or wait: outside systemd every call does nothing, and a manager that does not
//! listen is no reason to stop syncing. Its socket is one of datagrams, and who sends to one whose queue is full waits.
//! So a thread of its own does that; what it can't get rid of is kept in order, without the lines that are out of date.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sd_notify::NotifyState;
use tracing::debug;

/// Messages that wait for a manager that is busy.
const WAITING: usize = 32;

/// The service manager, if this process has one. A clone is the same one.
#[derive(Debug, Clone, Default)]
pub struct Manager(Option<Arc<Mailbox>>);

impl Manager {
    /// Starts the thread that tells it things, when there is one.
    pub fn of_process() -> Manager {
        Manager(open())
    }

    /// Start-up is over, or a reload is: the config in use is good.
    pub fn ready(&self) {
        self.send(Message::Turn(vec![NotifyState::Ready]));
    }

    /// A reload begins. [`Manager::ready`] must follow, also when the old config stays.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.send(Message::Turn(vec![NotifyState::Reloading, now])),
            Err(error) => debug!(%error, "no monotonic time to tell systemd about the reload"),
        }
    }

    /// The service is on its way down.
    pub fn stopping(&self) {
        self.send(Message::Turn(vec![NotifyState::Stopping]));
    }

    /// The line that `systemctl status` shows.
    pub fn status(&self, line: &str) {
        self.send(Message::Status(one_line(line)));
    }

    /// We are alive.
    pub fn watchdog(&self) {
        self.send(Message::Alive);
    }

    fn send(&self, message: Message) {
        if let Some(mailbox) = &self.0 {
            put(&mut mailbox.waiting(), message);
            mailbox.filled.notify_one();
        }
    }
}

/// How often to call [`Manager::watchdog`]: twice within the time after which systemd would restart us.
/// `None` when it does not watch us.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2).filter(|interval| !interval.is_zero())
}

#[derive(Debug, PartialEq)]
enum Message<T = Vec<NotifyState<'static>>> {
    /// What changes how systemd sees us: none of these is left out.
    Turn(T),
    /// A line for people. A later one makes it worthless.
    Status(String),
    Alive,
}

/// Puts a message behind those that wait, if need be in the place of one that is out of date.
fn put<T>(waiting: &mut VecDeque<Message<T>>, message: Message<T>) {
    if waiting.len() >= WAITING {
        let is_out_of_date = |message: &Message<T>| !matches!(message, Message::Turn(_));
        // A manager that has taken nothing for so long gets the oldest turn no more.
        let at = waiting.iter().position(is_out_of_date).unwrap_or_default();
        waiting.remove(at);
    }
    waiting.push_back(message);
}

/// What the thread is to tell.
#[derive(Debug, Default)]
struct Mailbox {
    waiting: Mutex<VecDeque<Message>>,
    filled: Condvar,
}

impl Mailbox {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Message {
        let mut waiting = self.waiting();
        loop {
            if let Some(message) = waiting.pop_front() {
                return message;
            }
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn open() -> Option<Arc<Mailbox>> {
    std::env::var_os("NOTIFY_SOCKET")?;
    let mailbox = Arc::new(Mailbox::default());
    let outbox = Arc::clone(&mailbox);
    let work = move || {
        loop {
            let sent = match outbox.next() {
                Message::Turn(states) => sd_notify::notify(&states),
                Message::Status(line) => sd_notify::notify(&[NotifyState::Status(&line)]),
                Message::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
            };
            if let Err(error) = sent {
                debug!(%error, "systemd did not take a notification");
            }
        }
    };
    let thread = std::thread::Builder::new().name("systemd".into()).spawn(work);
    thread.inspect_err(|error| debug!(%error, "systemd can't be told anything")).ok().map(|_| mailbox)
}

/// Every line of a notification is a message of its own: a status of two lines could say `READY=1`.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_line() {
        assert_eq!(one_line("feed of \"x\nREADY=1\": 3 items\n"), "feed of \"x READY=1\": 3 items");
    }

    #[test]
    fn what_a_busy_manager_has_not_taken_is_kept_but_for_what_is_out_of_date() {
        let mut waiting = VecDeque::from([Message::Turn("ready"), Message::Status("first".into()), Message::Alive]);
        for turn in 0..WAITING - 3 {
            put(&mut waiting, Message::Turn(if turn % 2 == 0 { "reloading" } else { "ready" }));
        }
        put(&mut waiting, Message::Status("last".into()));
        assert_eq!(waiting.len(), WAITING);
        assert_eq!(waiting.front(), Some(&Message::Turn("ready")));
        assert!(!waiting.contains(&Message::Status("first".into())));
        put(&mut waiting, Message::Turn("reloading"));
        assert!(!waiting.contains(&Message::Alive));
        put(&mut waiting, Message::Turn("ready"));
        assert!(!waiting.contains(&Message::Status("last".into())));
        put(&mut waiting, Message::Turn("stopping"));
        assert_eq!((waiting.len(), waiting.back()), (WAITING, Some(&Message::Turn("stopping"))));
    }
}
