//! How far the bytes of a file have come that is read while it is written.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// See the module. Readers wait on threads of their own.
#[derive(Debug, Default)]
pub(crate) struct Inflow {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    /// Whether it came whole, once nothing more comes.
    is_whole: Option<bool>,
}

impl Inflow {
    /// So many more bytes are in the file.
    pub(crate) fn add(&self, bytes: usize) {
        self.state().bytes += bytes as u64;
        self.changed.notify_all();
    }

    /// Nothing more comes. What was said first counts.
    pub(crate) fn end(&self, is_whole: bool) {
        self.state().is_whole.get_or_insert(is_whole);
        self.changed.notify_all();
    }

    /// Waits until there are bytes behind the first `at`, or will never be any.
    ///
    /// # Errors
    /// When no more come although there should.
    pub(crate) fn wait_for(&self, at: u64) -> io::Result<()> {
        self.wait_while(|state| state.bytes <= at)
    }

    /// Waits until all are there.
    ///
    /// # Errors
    /// When they never will.
    pub(crate) fn wait_for_all(&self) -> io::Result<()> {
        self.wait_while(|_| true)
    }

    fn wait_while(&self, is_too_little: impl Fn(&State) -> bool) -> io::Result<()> {
        let wants_more = |state: &mut State| state.is_whole.is_none() && is_too_little(state);
        let state = self.changed.wait_while(self.state(), wants_more).unwrap_or_else(PoisonError::into_inner);
        if state.is_whole == Some(false) && is_too_little(&state) {
            return Err(io::Error::other("the rest of it didn't come"));
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn readers_wait_for_what_they_want() {
        let inflow = Arc::new(Inflow::default());
        let waiting = |at: u64| {
            let inflow = Arc::clone(&inflow);
            thread::spawn(move || inflow.wait_for(at))
        };
        let readers = [0, 9, 10].map(waiting);
        let all = thread::spawn({
            let inflow = Arc::clone(&inflow);
            move || inflow.wait_for_all()
        });
        inflow.add(4);
        inflow.add(6);
        inflow.end(false);
        // A second word changes nothing.
        inflow.end(true);
        let came = readers.map(|reader| reader.join().expect("no panic").is_ok());
        assert_eq!(came, [true, true, false]);
        assert!(all.join().expect("no panic").is_err());
    }

    #[test]
    fn behind_the_end_there_is_nothing_to_wait_for() {
        let inflow = Inflow::default();
        inflow.add(3);
        inflow.end(true);
        assert!(inflow.wait_for(3).is_ok() && inflow.wait_for_all().is_ok());
    }
}
