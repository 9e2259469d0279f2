//! A bounded channel whose values come back when they have been used, so that their buffers are used again.
//!
//! Several small values may wait. A giant waits alone: what is sent behind it begins when it is done, so that there
//! is never more than one of them in memory.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// The other side has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Disconnected;

pub(super) struct Producer<T> {
    full: SyncSender<T>,
    spare: Receiver<T>,
    /// Values that have not come back.
    outside: usize,
}

pub(super) struct Consumer<T> {
    full: Receiver<T>,
    spare: Sender<T>,
}

/// A channel in which so many values may wait.
pub(super) fn recycling<T>(waiting: usize) -> (Producer<T>, Consumer<T>) {
    let (to, full) = sync_channel(waiting);
    let (back, spare) = channel();
    (Producer { full: to, spare, outside: 0 }, Consumer { full, spare: back })
}

impl<T> Producer<T> {
    /// Sends a value.
    ///
    /// # Errors
    /// When the consumer has ended.
    pub(super) fn send(&mut self, value: T, is_giant: bool) -> Result<(), Disconnected> {
        self.full.send(value).map_err(|_| Disconnected)?;
        self.outside += 1;
        while is_giant && self.outside > 0 {
            self.spare.recv().map_err(|_| Disconnected)?;
            self.outside -= 1;
        }
        Ok(())
    }

    /// A value that has been used.
    pub(super) fn spare(&mut self) -> Option<T> {
        let spare = self.spare.try_recv().ok()?;
        self.outside -= 1;
        Some(spare)
    }
}

impl<T> Consumer<T> {
    /// The next value, when the last one has been used; `None` = the producer has ended.
    pub(super) fn next(&self, used: Option<T>) -> Option<T> {
        // The producer may have ended.
        used.into_iter().for_each(|used| _ = self.spare.send(used));
        self.full.recv().ok()
    }

    /// Gives `work` all values in order until the producer ends.
    ///
    /// # Errors
    /// The first one of `work`, which ends it.
    pub(super) fn each<E>(self, mut work: impl FnMut(&mut T) -> Result<(), E>) -> Result<(), E> {
        for mut full in self.full {
            work(&mut full)?;
            // The producer may have ended.
            let _ = self.spare.send(full);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn giants_travel_alone() {
        let (mut producer, consumer) = recycling(3);
        let done = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                consumer.each(|_: &mut usize| {
                    done.fetch_add(1, Ordering::SeqCst);
                    Ok::<(), Disconnected>(())
                })
            });
            for n in 0..100 {
                producer.send(n, n % 7 == 0).expect("sent");
                if n % 7 == 0 {
                    assert_eq!(done.load(Ordering::SeqCst), n + 1, "all up to the giant are done");
                }
                while producer.spare().is_some() {}
            }
            drop(producer);
        });
        assert_eq!(done.into_inner(), 100);
    }

    #[test]
    fn nobody_waits_for_a_consumer_that_has_failed() {
        for is_giant in [false, true] {
            let (mut producer, consumer) = recycling(1);
            thread::scope(|scope| {
                scope.spawn(|| consumer.each(|_: &mut usize| Err(Disconnected)));
                let gone = (0..10).map(|n| producer.send(n, is_giant)).find(Result::is_err);
                assert_eq!(gone, Some(Err(Disconnected)));
            });
        }
    }
}
