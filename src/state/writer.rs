//! Writing the state, from a thread of its own.
//!
//! Small entries that arrive together are written in one transaction; whoever makes one waits for that, so that a
//! crash costs at most what is under way.
//!
//! What must outlive a power cut is on the disk before anything follows from it. What came of a request is not waited
//! for: it outlives the process, and a power cut while requests are sent is noticed (see `doubt`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Transaction;
use tokio::sync::oneshot;

use super::file::{BASE_URL, Durable, PATIENCE, StateFile};
use super::idle::Idle;
use super::place::Place;
use super::{Reader, StateError};
use crate::digest::Hasher;

/// How long somebody who reads is waited for where that can be done another time.
const SHORT: Duration = Duration::from_millis(200);

/// How long an entry waits for others. Requests that are under way side by side are often answered so: a transaction for
/// each takes several times the processor's time, and writes its pages to the log each time. The disk's own pace
/// does it where an entry must be on it.
const GATHERED: Duration = Duration::from_micros(150);
/// So often at most, as long as more of them come.
const GATHERINGS: usize = 2;

type Job = Box<dyn FnOnce(&mut StateFile) + Send>;

type Work = Box<dyn FnOnce(&Transaction<'_>) -> rusqlite::Result<()> + Send>;

/// A small part of a transaction that has others.
struct Entry {
    durable: Durable,
    /// It goes with the next one that doesn't wait.
    waits: bool,
    work: Work,
    answer: oneshot::Sender<Result<(), StateError>>,
}

enum Message {
    Entry(Entry),
    /// Those that wait are to be written now.
    Hurry,
    Run(Job),
}

/// An entry that waits for another one, in whose transaction it is written.
#[derive(Debug)]
pub struct Pending<'w> {
    writer: &'w Writer,
    result: oneshot::Receiver<Result<(), StateError>>,
}

impl Pending<'_> {
    /// Returns when it is written, in a transaction of its own if no other entry came. One that is dropped is not waited
    /// for by anybody, and not written if there is time.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn written(mut self) -> Result<(), StateError> {
        if let Ok(result) = self.result.try_recv() {
            return result;
        }
        self.writer.send(Message::Hurry)?;
        self.result.await.map_err(|_| StateError::Gone)?
    }
}

/// The one writer of a state file. Dropping it closes the file and gives the lock back.
#[derive(Debug)]
pub struct Writer {
    messages: Option<Sender<Message>>,
    thread: Option<thread::JoinHandle<()>>,
    path: PathBuf,
    hasher: Hasher,
    idle: Arc<Idle>,
}

impl AsRef<Writer> for Writer {
    fn as_ref(&self) -> &Writer {
        self
    }
}

impl Writer {
    /// Takes the file's lock, and opens or creates the file for this NiceChat.
    ///
    /// # Errors
    /// When another instance has it, it belongs to another `base_url`, or can't be used.
    pub fn open(path: &Path, base_url: Option<&str>) -> Result<Writer, StateError> {
        let place = Place::take(path)?;
        let path = place.path().to_owned();
        let file = StateFile::open(place, base_url)?;
        let hasher = file.hasher.clone();
        let (messages, inbox) = channel();
        let thread = thread::Builder::new().name("state".into()).spawn(move || serve(file, &inbox));
        let thread = thread.map_err(|error| StateError::Io { path: path.clone(), error })?;
        Ok(Writer { messages: Some(messages), thread: Some(thread), path, hasher, idle: Arc::default() })
    }

    /// The state file, without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the state's digests are made with.
    pub fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// A view of the state as it is now.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn reader(&self) -> Result<Reader, StateError> {
        Reader::of_writer(&self.path, &self.hasher, &self.idle)
    }

    fn send(&self, message: Message) -> Result<(), StateError> {
        self.messages.as_ref().ok_or(StateError::Gone)?.send(message).map_err(|_| StateError::Gone)
    }

    /// Writes what must be on the disk when this returns, in a transaction of its own.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StateError> {
        self.on_thread(|file| file.transact(Durable::Yes, work)).await
    }

    /// Writes what may be lost in a power cut, but not when the process ends.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn run_lightly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StateError> {
        self.on_thread(|file| file.transact(Durable::No, work)).await
    }

    /// Writes in one transaction with all other entries that wait; when one of them fails, so do all.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn enter(
        &self,
        durable: Durable,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), StateError> {
        self.put(durable, false, Box::new(work))?.await.map_err(|_| StateError::Gone)?
    }

    /// The same, in the transaction of the next entry that doesn't wait: it spares one of its own.
    ///
    /// # Errors
    /// When the state is closed.
    pub fn enter_with_next(
        &self,
        durable: Durable,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<Pending<'_>, StateError> {
        Ok(Pending { writer: self, result: self.put(durable, true, Box::new(work))? })
    }

    fn put(
        &self,
        durable: Durable,
        waits: bool,
        work: Work,
    ) -> Result<oneshot::Receiver<Result<(), StateError>>, StateError> {
        let (answer, result) = oneshot::channel();
        self.send(Message::Entry(Entry { durable, waits, work, answer }))?;
        Ok(result)
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut StateFile) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |file| _ = answer.send(work(file)));
        self.send(Message::Run(job))?;
        result.await.map_err(|_| StateError::Gone)?
    }

    /// The same as [`Writer::run`], and what it deletes or overwrites stays in no byte of the file: zeros are written
    /// over it. It is still in the log until [`Writer::cut_log`].
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn run_erasing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StateError> {
        self.on_thread(|file| {
            file.erase(true)?;
            let done = file.transact(Durable::Yes, work);
            file.erase(false)?;
            done
        })
        .await
    }

    /// Has the state belong to this NiceChat from now on, if it belongs to none: see [`Reader::check_base`].
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn claim(&self, base_url: String) -> Result<(), StateError> {
        self.run(move |transaction| BASE_URL.set_first(transaction, &base_url)).await
    }

    /// Takes the whole log into the file, and leaves none of it. Gives whether no reader was in the way.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn cut_log(&self) -> Result<bool, StateError> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.on_thread(|file| {
            // Others who write must not wait for somebody who reads for long.
            let is_busy = file
                .connection
                .busy_timeout(SHORT)
                .and_then(|()| file.connection.query_row(sql, [], |row| row.get::<_, bool>(0)));
            file.connection.busy_timeout(PATIENCE).map_err(|error| file.fail(error))?;
            is_busy.map(|is_busy| !is_busy).map_err(|error| file.fail(error))
        })
        .await
    }

    /// Takes the log into the file itself, as far as no reader is in the way: a log that goes on from pass to pass
    /// would be all that a power cut leaves of none of them. And the file's pages go out of memory.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn take_log_in(&self) -> Result<(), StateError> {
        let sql = "PRAGMA wal_checkpoint(PASSIVE); PRAGMA shrink_memory;";
        self.on_thread(|file| file.connection.execute_batch(sql).map_err(|error| file.fail(error))).await
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Before the file itself is closed: whoever closes it last is to take its log in.
        self.idle.close();
        self.messages = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread.
fn serve(mut file: StateFile, inbox: &Receiver<Message>) {
    let (mut next, mut entries, mut written) = (None, Vec::new(), Instant::now());
    while let Some(message) = next.take().or_else(|| inbox.recv().ok()) {
        match message {
            Message::Run(job) => {
                job(&mut file);
                continue;
            }
            Message::Entry(entry) => {
                let Entry { durable, waits, .. } = entry;
                entries.push(entry);
                if waits {
                    continue;
                }
                // Where they come seldom, nobody else will come so soon.
                if durable == Durable::No && written.elapsed() < 2 * GATHERED {
                    next = gather(inbox, &mut entries);
                }
            }
            Message::Hurry => {}
        }
        if next.is_none() {
            next = drain(inbox, &mut entries);
        }
        // What waited, and is not waited for any more, is no more wanted.
        entries.retain(|entry| !(entry.waits && entry.answer.is_closed()));
        if !entries.is_empty() {
            write(&mut file, std::mem::take(&mut entries));
            written = Instant::now();
        }
    }
}

/// Waits for entries as long as more of them come; gives what is no entry, and ends the waiting.
fn gather(inbox: &Receiver<Message>, entries: &mut Vec<Entry>) -> Option<Message> {
    for _ in 0..GATHERINGS {
        let before = entries.len();
        thread::sleep(GATHERED);
        let other = drain(inbox, entries);
        if other.is_some() || entries.len() == before {
            return other;
        }
    }
    None
}

/// Takes the entries that are there; gives what is none, and has others behind it.
fn drain(inbox: &Receiver<Message>, entries: &mut Vec<Entry>) -> Option<Message> {
    while let Ok(message) = inbox.try_recv() {
        match message {
            Message::Entry(entry) => entries.push(entry),
            Message::Hurry => {}
            run @ Message::Run(_) => return Some(run),
        }
    }
    None
}

/// Writes entries in one transaction, which is durable as soon as one of them is to be.
fn write(file: &mut StateFile, entries: Vec<Entry>) {
    let is_durable = entries.iter().any(|entry| entry.durable == Durable::Yes);
    let durable = if is_durable { Durable::Yes } else { Durable::No };
    let (work, answers): (Vec<_>, Vec<_>) = entries.into_iter().map(|entry| (entry.work, entry.answer)).unzip();
    let result = file.transact(durable, |transaction| work.into_iter().try_for_each(|work| work(transaction)));
    let has_failed = result.is_err();
    let mut error = result.err();
    for answer in answers {
        let result = match error.take() {
            _ if !has_failed => Ok(()),
            Some(first) => Err(first),
            None => Err(StateError::Gone),
        };
        let _ = answer.send(result);
    }
}
