//! What went over a connection.

use std::collections::BTreeMap;

/// Requests over a connection so far, tries included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many were sent.
    pub requests: u64,
    /// How many of them were another try of a request that had failed before.
    pub retries: u64,
    /// How many were answered, by the HTTP status of the answer.
    pub answered: BTreeMap<u16, u64>,
}

impl Traffic {
    /// How many were answered.
    pub fn answers(&self) -> u64 {
        self.answered.values().sum()
    }

    /// How many got no answer: nobody was there, the connection broke, or whoever waited for it had to stop.
    pub fn unanswered(&self) -> u64 {
        self.requests.saturating_sub(self.answers())
    }

    pub(super) fn sent(&mut self, is_retry: bool) {
        self.requests += 1;
        self.retries += u64::from(is_retry);
    }

    pub(super) fn answered(&mut self, status: u16) {
        *self.answered.entry(status).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_answered_is_the_rest() {
        let mut traffic = Traffic::default();
        for (is_retry, status) in [(false, Some(503)), (true, None), (true, Some(200)), (false, Some(200))] {
            traffic.sent(is_retry);
            status.into_iter().for_each(|status| traffic.answered(status));
        }
        assert_eq!((traffic.requests, traffic.retries, traffic.unanswered()), (4, 2, 1));
        assert_eq!(traffic.answered, BTreeMap::from([(200, 2), (503, 1)]));
    }
}
