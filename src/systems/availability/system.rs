//! Availability among the systems: whether advisors are there, asked of Emplifi, and told to pages and people.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::Router;
use secrecy::ExposeSecret as _;
use tokio::sync::OnceCell;

use super::asides::Asides;
use super::hysteresis::State;
use super::job::{AvailabilityJob, JOB, Lasting};
use super::memory::{Change, Memory};
use super::probe::probe;
use super::report::{AvailabilityLook, watch_states};
use super::routes::{Counter, routes};
use super::store::ReadAvailability as _;
use crate::clock::Moment;
use crate::config::{Config, Emplifi, Schedule};
use crate::digest::digest_bytes;
use crate::pass::{Audience, Job, Level, Meter, Sample};
use crate::remote::{Limit, Terms};
use crate::shop::Shop;
use crate::state::{Reader, StateError};
use crate::systems::look::Look;
use crate::systems::system::{Probe, System};

/// See the module.
pub struct AvailabilitySystem {
    lasting: Lasting,
    counter: Counter,
}

const METERS: [Meter; 3] = [
    Meter {
        name: "advisor_changes",
        help: "Changes of a watch's state, by what it became; the first reading is none",
        label: Some("watch state"),
        from_start: &[],
    },
    Meter {
        name: "emplifi_requests",
        help: "Requests to Emplifi, by the HTTP status of the answer; none when there was none",
        label: Some("status"),
        from_start: &[],
    },
    Meter {
        name: "availability_answers",
        help: "Answers to pages at the public door, by HTTP status",
        label: Some("status"),
        from_start: &[],
    },
];

impl Default for AvailabilitySystem {
    fn default() -> AvailabilitySystem {
        let memory = Memory::default();
        let lasting =
            Lasting { memory: memory.clone(), asides: Asides::default(), rounds: Arc::new(AtomicU64::new(0)) };
        AvailabilitySystem { lasting, counter: Counter::new(memory) }
    }
}

/// What an Emplifi asks for is nothing to another one, nor to another account there.
fn limit(shop: &Shop, settings: &Emplifi) -> Arc<Limit> {
    let account = digest_bytes(settings.api_key.expose_secret().as_bytes());
    shop.limits.of_service(&format!("Emplifi {account:032x}"), &settings.base_url, Terms::default())
}

/// Who is told how rounds go. They are so frequent that a few that fail are nothing yet: not before nobody knows any more.
fn audience(shop: &Shop, settings: &Emplifi) -> Audience {
    let audience = shop.audience();
    let Schedule::Every(interval) = &settings.schedule else { return audience };
    let rounds = settings.terms.unknown_after.as_secs_f64() / interval.as_secs_f64().max(1.0);
    // It is a whole number of some thousands at the most.
    let fail_after = audience.fail_after.max(rounds.ceil() as u32);
    Audience { fail_after, ..audience }
}

impl System for AvailabilitySystem {
    fn job(&self, shop: &Shop, _is_served: bool) -> Option<Box<dyn Job>> {
        let Some(settings) = shop.config.emplifi.clone() else {
            self.lasting.memory.forget();
            return None;
        };
        let settings = Arc::new(settings);
        let origins = shop.config.http.as_ref().map(|http| http.allow_origins.clone()).unwrap_or_default();
        // What keeps the state from being read is told by the next round, which writes it.
        let kept = Reader::open(shop.state.path()).and_then(|reader| reader.watches(Moment::now()));
        self.lasting.memory.expect(&settings, origins, &kept.unwrap_or_default());
        // Whoever reads the settings again may have put right what was refused.
        self.lasting.asides.clear();
        let (lasting, state) = (self.lasting.clone(), Arc::clone(&shop.state));
        let (subscribers, audience) = (shop.subscribers(), audience(shop, &settings));
        let (limit, emplifi) = (limit(shop, &settings), OnceCell::new());
        Some(Box::new(AvailabilityJob { settings, lasting, limit, state, subscribers, audience, emplifi }))
    }

    fn routes(&self) -> Router {
        routes(self.counter.clone())
    }

    fn partner(&self, config: &Config) -> Option<String> {
        config.emplifi.as_ref().map(|settings| format!("Emplifi {}", settings.base_url))
    }

    fn probes<'a>(&'a self, config: &'a Config) -> Vec<Probe<'a>> {
        let probe = |settings| Probe { whom: "Emplifi", said: Box::pin(probe(settings)) };
        config.emplifi.as_ref().map(probe).into_iter().collect()
    }

    fn look(&self, config: &Config) -> Option<Box<dyn Look>> {
        Some(Box::new(AvailabilityLook { job: JOB, settings: config.emplifi.clone().map(Arc::new) }))
    }

    fn meters(&self) -> &'static [Meter] {
        &METERS
    }

    fn counted(&self) -> Vec<Sample> {
        let answers = self.counter.take().into_iter();
        let answers = answers.map(|(status, n)| Sample::labelled("availability_answers", status.to_string(), n));
        let changes = self.lasting.memory.take_uncounted().into_iter();
        let changes = changes.map(|Change { watch, state, .. }| {
            Sample::labelled("advisor_changes", format!("{watch} {}", state.name()), 1)
        });
        answers.chain(changes).collect()
    }

    fn levels(&self, reader: &Reader, config: &Config) -> Result<Vec<Level>, StateError> {
        let Some(settings) = &config.emplifi else { return Ok(Vec::new()) };
        let mut levels = Vec::new();
        for watch in watch_states(reader, settings)? {
            let label = Some(("watch", watch.watch.into()));
            levels.push(Level {
                name: "advisor_watched",
                help: "Watches that the config has: each has an age of its last reading once there was one",
                label: label.clone(),
                value: 1,
            });
            if watch.state != State::Unknown {
                levels.push(Level {
                    name: "advisor_available",
                    help: "Whether somebody is there: 1 or 0; absent while nobody knows",
                    label: label.clone(),
                    value: u64::from(watch.state == State::Available),
                });
            }
            levels.extend(watch.age.map(|age| Level {
                name: "advisor_reading_age_seconds",
                help: "How long ago the last reading was; absent before the first",
                label,
                value: age.as_secs().max(0).unsigned_abs(),
            }));
        }
        Ok(levels)
    }
}
