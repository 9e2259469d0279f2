//! What Emplifi refuses as it is: asked again now and then, and when somebody may have put it right.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;

/// How long it isn't asked.
const FOR: Duration = Duration::from_secs(15 * 60);

/// See the module. A clone is the same.
#[derive(Clone, Default)]
pub(super) struct Asides(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// By what is asked.
    questions: HashMap<String, Aside>,
    /// The key: everything.
    key: Option<Aside>,
}

/// Why something isn't asked, and since when.
#[derive(Clone)]
struct Aside {
    why: String,
    since: SignedDuration,
}

impl Aside {
    fn holds(&self, up: SignedDuration) -> bool {
        up.saturating_sub(self.since) < SignedDuration::try_from(FOR).unwrap_or(SignedDuration::MAX)
    }
}

impl Asides {
    /// Everything is asked again.
    pub(super) fn clear(&self) {
        *self.lock() = Inner::default();
    }

    /// A question is refused.
    pub(super) fn put_question(&self, question: &str, why: &str, since: SignedDuration) {
        self.lock().questions.insert(question.to_owned(), Aside { why: told(why), since });
    }

    /// The key is refused.
    pub(super) fn put_key(&self, why: &str, since: SignedDuration) {
        self.lock().key = Some(Aside { why: told(why), since });
    }

    /// Why nothing is asked at all, at a time since the machine was started.
    pub(super) fn key(&self, up: SignedDuration) -> Option<String> {
        self.lock().key.as_ref().filter(|aside| aside.holds(up)).map(|aside| aside.why.clone())
    }

    /// Why a question isn't asked.
    pub(super) fn question(&self, question: &str, up: SignedDuration) -> Option<String> {
        self.lock().questions.get(question).filter(|aside| aside.holds(up)).map(|aside| aside.why.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn told(why: &str) -> String {
    format!("set aside, asked again every 15 minutes: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_an_hour_is_left_out() {
        let (asides, at) = (Asides::default(), SignedDuration::from_mins);
        asides.put_question("a", "404", at(10));
        asides.put_key("401", at(20));
        assert!(asides.question("a", at(24)).is_some_and(|why| why.contains("404")));
        assert_eq!((asides.question("a", at(25)), asides.question("b", at(11))), (None, None));
        assert!(asides.key(at(34)).is_some() && asides.key(at(35)).is_none());
        asides.put_question("a", "404", at(40));
        asides.clear();
        assert_eq!(asides.question("a", at(41)), None);
    }
}
