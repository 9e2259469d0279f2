//! The limit of requests in any stretch of time.

use std::collections::VecDeque;
use std::time::Duration;

use super::rules::LagerkollRules;

/// When the requests of the last window were let through, the oldest first. Times are since the start.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Duration>);

impl Window {
    /// Lets a request through and counts it.
    ///
    /// # Errors
    /// How long there will be no room yet; such a request doesn't count.
    pub(super) fn admit(&mut self, now: Duration, rules: &LagerkollRules) -> Result<(), Duration> {
        while self.0.front().is_some_and(|at| *at + rules.window <= now) {
            self.0.pop_front();
        }
        // Of a limit that was lowered meanwhile, more than one have to leave before there is room.
        let excess = self.0.len().checked_sub(rules.limit).filter(|_| rules.limit > 0);
        if let Some(last) = excess.and_then(|excess| self.0.get(excess)) {
            return Err(*last + rules.window - now);
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
        let mut rules = LagerkollRules { limit: 2, ..LagerkollRules::default() };
        let mut window = Window::default();
        assert_eq!([0, 10].map(|at| window.admit(seconds(at), &rules)), [Ok(()), Ok(())]);
        assert_eq!(window.admit(seconds(20), &rules), Err(seconds(40)));
        assert_eq!(window.admit(seconds(60), &rules), Ok(()), "the refused one was not counted");
        assert_eq!(window.admit(seconds(61), &rules), Err(seconds(9)));
        rules.limit = 1;
        assert_eq!(window.admit(seconds(62), &rules), Err(seconds(58)));
        rules.limit = 0;
        assert_eq!(window.admit(seconds(62), &rules), Ok(()));
    }
}
