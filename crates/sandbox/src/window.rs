//! The limit of requests in any stretch of time.

use std::collections::VecDeque;
use std::time::Duration;

/// When the requests of the last window were let through, the oldest first. Times are since the start.
#[derive(Debug, Default)]
pub(crate) struct Window(VecDeque<Duration>);

impl Window {
    /// Lets a request through and counts it, of at most so many in a window; 0 = any number.
    ///
    /// # Errors
    /// How long there will be no room yet; such a request doesn't count.
    pub(crate) fn admit(&mut self, now: Duration, limit: usize, window: Duration) -> Result<(), Duration> {
        while self.0.front().is_some_and(|at| *at + window <= now) {
            self.0.pop_front();
        }
        // Of a limit that was lowered meanwhile, more than one have to leave before there is room.
        let excess = self.0.len().checked_sub(limit).filter(|_| limit > 0);
        if let Some(last) = excess.and_then(|excess| self.0.get(excess)) {
            return Err(*last + window - now);
        }
        self.0.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_when_the_oldest_has_left() {
        let seconds = Duration::from_secs;
        let mut window = Window::default();
        let mut admit = |at, limit| window.admit(seconds(at), limit, seconds(60));
        assert_eq!([0, 10].map(|at| admit(at, 2)), [Ok(()), Ok(())]);
        assert_eq!(admit(20, 2), Err(seconds(40)));
        assert_eq!(admit(60, 2), Ok(()), "the refused one was not counted");
        assert_eq!(admit(61, 2), Err(seconds(9)));
        assert_eq!(admit(62, 1), Err(seconds(58)));
        assert_eq!(admit(62, 0), Ok(()));
    }
}
