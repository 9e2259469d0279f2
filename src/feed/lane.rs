//! Work that one thread makes and another one does, in order. What is done comes back, to be used again.
//!
//! Small things wait in a row. A giant travels alone: what is made behind it begins when it is done, so that there
//! is never more than one of them.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// Nobody does the work any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

/// Where work is made.
pub(super) struct Maker<T> {
    full: SyncSender<T>,
    spare: Receiver<T>,
    /// What has not come back.
    outside: usize,
}

/// Where work is done.
pub(super) struct Doer<T> {
    full: Receiver<T>,
    spare: Sender<T>,
}

/// A lane in which so many things may wait.
pub(super) fn lane<T>(waiting: usize) -> (Maker<T>, Doer<T>) {
    let (to, full) = sync_channel(waiting);
    let (back, spare) = channel();
    (Maker { full: to, spare, outside: 0 }, Doer { full, spare: back })
}

impl<T> Maker<T> {
    /// Hands something over.
    ///
    /// # Errors
    /// When nobody takes it.
    pub(super) fn hand_over(&mut self, work: T, is_giant: bool) -> Result<(), Gone> {
        self.full.send(work).map_err(|_| Gone)?;
        self.outside += 1;
        while is_giant && self.outside > 0 {
            self.spare.recv().map_err(|_| Gone)?;
            self.outside -= 1;
        }
        Ok(())
    }

    /// Something that is done.
    pub(super) fn spare(&mut self) -> Option<T> {
        let spare = self.spare.try_recv().ok()?;
        self.outside -= 1;
        Some(spare)
    }
}

impl<T> Doer<T> {
    /// Does all that comes.
    ///
    /// # Errors
    /// The first one, which ends it.
    pub(super) fn each<E>(self, mut work: impl FnMut(&mut T) -> Result<(), E>) -> Result<(), E> {
        for mut full in self.full {
            work(&mut full)?;
            // The maker may have ended.
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
        let (mut maker, doer) = lane(3);
        let done = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                doer.each(|_: &mut usize| {
                    done.fetch_add(1, Ordering::SeqCst);
                    Ok::<(), Gone>(())
                })
            });
            for n in 0..100 {
                maker.hand_over(n, n % 7 == 0).expect("taken");
                if n % 7 == 0 {
                    assert_eq!(done.load(Ordering::SeqCst), n + 1, "all up to the giant are done");
                }
                while maker.spare().is_some() {}
            }
            drop(maker);
        });
        assert_eq!(done.into_inner(), 100);
    }

    #[test]
    fn nobody_waits_for_a_doer_that_has_failed() {
        for is_giant in [false, true] {
            let (mut maker, doer) = lane(1);
            thread::scope(|scope| {
                scope.spawn(|| doer.each(|_: &mut usize| Err(Gone)));
                let gone = (0..10).map(|n| maker.hand_over(n, is_giant)).find(Result::is_err);
                assert_eq!(gone, Some(Err(Gone)));
            });
        }
    }
}
