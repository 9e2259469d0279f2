//! What Emplifi refuses as it is: asked again now and then, and when somebody may have put it right.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

/// How long it isn't asked.
const FOR: SignedDuration = SignedDuration::from_mins(15);
/// A round that begins so much sooner asks all the same: timers aren't exact, and the next round may be long after it.
const EARLY: SignedDuration = SignedDuration::from_secs(5);

/// See the module. A clone is the same.
#[derive(Clone, Default)]
pub(super) struct Asides(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// By what is asked.
    questions: HashMap<String, Aside>,
    /// The key: everything.
    key: Option<Aside>,
    /// How often everything was to be asked again.
    generation: u64,
}

/// A round's view of what is set aside: it says nothing more once everything is to be asked again, as what it was told
/// was said of earlier settings.
#[derive(Clone)]
pub(super) struct View {
    asides: Asides,
    generation: u64,
}

/// Why something isn't asked, and since when: the begin of the round that was told so, by which later ones count.
#[derive(Clone)]
struct Aside {
    why: String,
    since: SignedDuration,
}

impl Aside {
    fn new(why: &str, since: SignedDuration) -> Aside {
        Aside { why: format!("set aside, asked again every 15 minutes: {why}"), since }
    }

    fn holds(&self, up: SignedDuration) -> bool {
        up.saturating_sub(self.since) < FOR - EARLY
    }
}

impl Asides {
    /// Everything is asked again.
    pub(super) fn clear(&self) {
        let mut inner = self.lock();
        *inner = Inner { generation: inner.generation + 1, ..Inner::default() };
    }

    /// For a round that begins.
    pub(super) fn view(&self) -> View {
        View { asides: self.clone(), generation: self.lock().generation }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    /// A question is refused. Gives what is told of it.
    pub(super) fn put_question(&self, question: &str, why: &str, since: SignedDuration) -> String {
        let aside = Aside::new(why, since);
        let told = aside.why.clone();
        self.change(|inner| _ = inner.questions.insert(question.to_owned(), aside));
        told
    }

    /// The key is refused. Gives what is told of it.
    pub(super) fn put_key(&self, why: &str, since: SignedDuration) -> String {
        let aside = Aside::new(why, since);
        let told = aside.why.clone();
        self.change(|inner| inner.key = Some(aside));
        told
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = self.asides.lock();
        if inner.generation == self.generation {
            change(&mut inner);
        }
    }

    /// Why nothing is asked at all, at a time since the machine was started.
    pub(super) fn key(&self, up: SignedDuration) -> Option<String> {
        self.asides.lock().key.as_ref().filter(|aside| aside.holds(up)).map(|aside| aside.why.clone())
    }

    /// Why a question isn't asked.
    pub(super) fn question(&self, question: &str, up: SignedDuration) -> Option<String> {
        self.asides.lock().questions.get(question).filter(|aside| aside.holds(up)).map(|aside| aside.why.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_an_hour_is_left_out() {
        let (asides, at) = (Asides::default(), SignedDuration::from_mins);
        let view = asides.view();
        view.put_question("a", "404", at(10));
        view.put_key("401", at(20));
        assert!(view.question("a", at(24)).is_some_and(|why| why.contains("404")));
        assert_eq!((view.question("a", at(25)), view.question("b", at(11))), (None, None));
        assert!(view.key(at(34)).is_some() && view.key(at(35)).is_none());
        assert_eq!(view.key(at(35) - SignedDuration::from_secs(1)), None, "a timer may be early");
    }

    #[test]
    fn a_round_under_way_says_nothing_of_later_settings() {
        let (asides, at) = (Asides::default(), SignedDuration::from_mins);
        let before = asides.view();
        before.put_question("a", "404", at(10));
        asides.clear();
        let after = asides.view();
        assert_eq!(after.question("a", at(11)), None);
        before.put_key("401", at(12));
        assert_eq!(after.key(at(13)), None);
        after.put_key("401", at(14));
        assert!(after.key(at(15)).is_some());
    }
}
