//! What the process knows of its watches, whatever settings come and go: rounds write it, pages are answered from it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::faces::{Faces, Shown};
use super::hysteresis::{Known, State};
use super::store::{Kept, Left};
use crate::clock::Moment;
use crate::config::{Emplifi, Terms, Watch};
use crate::systems::availability::question::key;

/// See the module. A clone is the same.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// `None` = nobody is watched.
    settings: Option<Settings>,
    watches: Vec<Watched>,
    /// What pages are told, until something changes.
    faces: Option<Arc<Faces>>,
    /// Changes that no round has told yet.
    untold: Vec<Change>,
    /// Changes that were not counted yet.
    uncounted: Vec<Change>,
    /// Changes that hooks were not told of yet.
    unposted: Vec<Change>,
}

struct Settings {
    emplifi: Arc<Emplifi>,
    /// Pages of these origins may read it.
    origins: Vec<String>,
}

/// A watch.
#[derive(Clone)]
struct Watched {
    name: String,
    question: String,
    known: Option<Known>,
    trouble: Option<String>,
    /// The state that was noticed last.
    noticed: State,
    /// Whether what was noticed is of another question, and this one was not asked yet.
    is_unasked: bool,
    /// Whether there was a reading since we are here, whatever it asked then.
    was_read: bool,
    /// Whether there ever was one of this name: the first is no change.
    was_known: bool,
}

/// A watch has another state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) watch: String,
    pub(super) state: State,
    /// The reading that brought it; `None` = it is the lack of one.
    pub(super) since: Option<Timestamp>,
}

impl Watched {
    /// The state at a moment, with the reading that brought it.
    fn state(&self, now: Moment, terms: &Terms) -> (State, Option<Timestamp>) {
        let Some(known) = &self.known else { return (State::Unknown, None) };
        match known.state(now, terms.unknown_after) {
            State::Unknown => (State::Unknown, None),
            state => (state, Some(known.since)),
        }
    }
}

impl Memory {
    /// These settings hold from now on. What is known of a watch stays when it asks the same; of others, what the
    /// state has of them counts. What was noticed of a watch stays whatever it asks: somebody was told so, and is told
    /// what becomes of it once it was asked.
    pub(super) fn expect(&self, emplifi: &Arc<Emplifi>, origins: Vec<String>, kept: &[Kept]) {
        let mut inner = self.lock();
        let before = std::mem::take(&mut inner.watches);
        let watched = |watch: &Watch| {
            let question = key(emplifi, &watch.question);
            let before = before.iter().find(|other| other.name == watch.name);
            if let Some(same) = before.filter(|other| other.question == question) {
                return same.clone();
            }
            let kept = kept.iter().find(|other| other.watch == watch.name);
            let same = kept.filter(|other| other.question == question);
            let (known, trouble) = same.map(|kept| (kept.known, kept.trouble.clone())).unwrap_or_default();
            let (noticed, was_read, was_known) = match (before, kept) {
                (Some(before), _) => (before.noticed, before.was_read, before.was_known),
                (None, Some(kept)) => {
                    // That it is too long ago is news still, if it came to that while nobody was here.
                    let said = kept.known.filter(|_| !kept.is_lapsed).map(|known| known.said());
                    (said.unwrap_or(State::Unknown), false, kept.known.is_some() || kept.is_lapsed)
                }
                (None, None) => (State::Unknown, false, false),
            };
            let (name, is_unasked) = (watch.name.clone(), known.is_none() && noticed != State::Unknown);
            Watched { name, question, known, trouble, noticed, is_unasked, was_read, was_known }
        };
        inner.watches = emplifi.watches.iter().map(watched).collect();
        inner.settings = Some(Settings { emplifi: Arc::clone(emplifi), origins });
        inner.faces = None;
    }

    /// Nobody is watched from now on.
    pub(super) fn forget(&self) {
        *self.lock() = Inner::default();
    }

    /// A reading of the watches that ask this. A round of earlier settings says nothing of watches that ask something
    /// else now.
    pub(super) fn read(&self, question: &str, is_available: bool, at: Moment) {
        let mut inner = self.lock();
        let Some(terms) = inner.settings.as_ref().map(|settings| settings.emplifi.terms) else { return };
        for watched in inner.watches.iter_mut().filter(|watched| watched.question == question) {
            let is_first = !watched.was_known;
            // Where nobody noticed that nobody knew any more, that is told by its end alone. Of a question that was not
            // answered yet, what was told last is news only where the answer is another one.
            if watched.known.is_some() && watched.state(at, &terms).0 == State::Unknown {
                watched.noticed = State::Unknown;
            }
            watched.known = Some(Known::after(watched.known, is_available, at, &terms));
            watched.trouble = None;
            watched.is_unasked = false;
            (watched.was_read, watched.was_known) = (true, true);
            if is_first {
                watched.noticed = watched.state(at, &terms).0;
            }
        }
        // Of others it is told at the end of the round, which may bring a reading of them yet.
        inner.notice(at, |watched| watched.question == question);
        inner.faces = None;
    }

    /// No reading of the watches that ask this, and why.
    pub(super) fn lack(&self, question: &str, trouble: &str) {
        for watched in self.lock().watches.iter_mut().filter(|watched| watched.question == question) {
            watched.trouble = Some(trouble.to_owned());
            watched.is_unasked = false;
        }
    }

    /// What is to be written of the watches. Of those that were not asked yet it stays written what was told last.
    pub(super) fn left(&self) -> Vec<Left> {
        let left = |watched: &Watched| Left {
            watch: watched.name.clone(),
            question: watched.question.clone(),
            known: watched.known,
            trouble: watched.trouble.clone(),
            is_lapsed: watched.was_known && watched.noticed == State::Unknown,
        };
        self.lock().watches.iter().filter(|watched| !watched.is_unasked).map(left).collect()
    }

    /// Changes of states that no round has told yet, up to now; a watch's first reading is none.
    pub(super) fn take_untold(&self) -> Vec<Change> {
        let mut inner = self.lock();
        inner.notice(Moment::now(), |_| true);
        std::mem::take(&mut inner.untold)
    }

    /// Changes of states that hooks were not told of yet, likewise.
    pub(super) fn take_unposted(&self) -> Vec<Change> {
        let mut inner = self.lock();
        inner.notice(Moment::now(), |_| true);
        std::mem::take(&mut inner.unposted)
    }

    /// These could not be written down for hooks: the next round does.
    pub(super) fn put_back(&self, mut changes: Vec<Change>) {
        let mut inner = self.lock();
        changes.append(&mut inner.unposted);
        inner.unposted = changes;
    }

    /// Changes of states that were not counted yet, likewise.
    pub(super) fn take_uncounted(&self) -> Vec<Change> {
        let mut inner = self.lock();
        inner.notice(Moment::now(), |_| true);
        std::mem::take(&mut inner.uncounted)
    }

    /// What pages are told now; `None` = nobody is watched.
    pub(super) fn faces(&self) -> Option<Arc<Faces>> {
        let now = Moment::now();
        let mut inner = self.lock();
        if let Some(faces) = inner.faces.as_ref().filter(|faces| faces.holds(now)) {
            return Some(Arc::clone(faces));
        }
        // Pages saw what it was before, or could have, and see from now on that it isn't so any more.
        let were_told = inner.faces.is_some();
        inner.notice(now, |watched| were_told || watched.was_read);
        let Settings { emplifi, origins } = inner.settings.as_ref()?;
        let shown = inner.watches.iter().map(|watched| {
            let (state, since) = watched.state(now, &emplifi.terms);
            let is_shown = match state {
                State::Available => true,
                State::NotAvailable => false,
                State::Unknown => emplifi.shows_unknown,
            };
            Shown { name: watched.name.clone(), state, is_shown, since }
        });
        let over = inner.watches.iter().filter_map(|watched| {
            let known = watched.known.filter(|known| !known.is_over(now, emplifi.terms.unknown_after))?;
            Some(known.over_at(emplifi.terms.unknown_after))
        });
        let faces = Arc::new(Faces::new(&shown.collect::<Vec<_>>(), over.min(), emplifi.max_age, origins.clone()));
        inner.faces = Some(Arc::clone(&faces));
        Some(faces)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn notice(&mut self, now: Moment, is_meant: impl Fn(&Watched) -> bool) {
        let Some(terms) = self.settings.as_ref().map(|settings| settings.emplifi.terms) else { return };
        for watched in self.watches.iter_mut().filter(|watched| !watched.is_unasked && is_meant(watched)) {
            let (state, since) = watched.state(now, &terms);
            if state != watched.noticed {
                watched.noticed = state;
                let change = Change { watch: watched.name.clone(), state, since };
                self.untold.push(change.clone());
                self.unposted.push(change.clone());
                self.uncounted.push(change);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::TimeZone;
    use secrecy::SecretString;
    use url::Url;

    use super::*;
    use crate::config::{Question, Schedule};

    /// A watch asks for this advisor from now on. Gives what it asks.
    fn expect(memory: &Memory, alias: &str) -> String {
        let emplifi = Emplifi {
            base_url: Url::parse("https://gis.example").expect("an address"),
            api_key: SecretString::default(),
            schedule: Schedule::Every(Duration::from_secs(30)),
            timeout: Duration::from_secs(5),
            terms: Terms { open_after: 1, close_after: 1, unknown_after: Duration::from_secs(120) },
            shows_unknown: false,
            max_age: Duration::from_secs(15),
            history_days: 90,
            timezone: TimeZone::UTC,
            watches: vec![Watch { name: "sofas".to_owned(), question: Question::Direct(alias.to_owned()) }],
        };
        let question = key(&emplifi, &emplifi.watches[0].question);
        memory.expect(&Arc::new(emplifi), Vec::new(), &[]);
        question
    }

    /// What a page, a scrape and the end of a round notice.
    fn noticed(memory: &Memory) -> Vec<State> {
        memory.faces();
        let (counted, posted) = (memory.take_uncounted(), memory.take_unposted());
        assert_eq!(counted, posted);
        posted.into_iter().map(|change| change.state).collect()
    }

    #[test]
    fn another_question_is_no_change_before_it_was_asked() {
        let memory = Memory::default();
        let sofas = expect(&memory, "sofa-team");
        memory.read(&sofas, true, Moment::now());
        assert_eq!(noticed(&memory), [], "the first reading");
        let beds = expect(&memory, "bed-team");
        // By a round of the settings before.
        memory.lack(&sofas, "too slow");
        assert_eq!(noticed(&memory), []);
        assert_eq!(memory.left(), [], "what was told last stays written");
        memory.read(&beds, true, Moment::now());
        assert_eq!(noticed(&memory), [], "it was told last");
        assert_eq!(memory.left().len(), 1);
        let chairs = expect(&memory, "chair-team");
        memory.lack(&chairs, "too slow");
        assert_eq!(noticed(&memory), [State::Unknown]);
        memory.read(&chairs, false, Moment::now());
        assert_eq!(noticed(&memory), [State::NotAvailable]);
    }
}
