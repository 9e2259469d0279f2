//! A round: each different question once, side by side, a single try each.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::asides::View;
use super::memory::Memory;
use super::question::key;
use crate::clock::Moment;
use crate::config::{Emplifi, Question, Schedule};
use crate::remote::CallError;
use crate::remote::emplifi::Reader;

/// How many questions are asked at a time.
const AT_ONCE: usize = 4;
/// The longest wait before one.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What a round came to.
#[derive(Default)]
pub(super) struct Findings {
    /// Watches that had a reading.
    pub(super) read: u64,
    /// Watches that had none, and why.
    pub(super) lacking: Vec<(String, String)>,
    /// What is set aside, in words.
    pub(super) aside: Vec<String>,
    /// Why the key is refused.
    pub(super) refused_key: Option<String>,
}

/// What every part of a round may use.
pub(super) struct Tools<'a> {
    pub(super) settings: &'a Emplifi,
    pub(super) emplifi: &'a Reader,
    pub(super) memory: &'a Memory,
    pub(super) asides: View,
    /// Whether questions are spread over a part of the interval.
    pub(super) is_spread: bool,
}

/// A question, and the watches that ask it.
struct Asked {
    key: String,
    question: Question,
    watches: Vec<String>,
}

impl Findings {
    fn lack(&mut self, tools: &Tools<'_>, asked: &Asked, why: &str) {
        tools.memory.lack(&asked.key, why);
        self.lacking.extend(asked.watches.iter().map(|watch| (watch.clone(), why.to_owned())));
    }
}

/// Asks everything that is to be asked. What it finds out is in `findings` even when it doesn't end.
pub(super) async fn run(tools: &Tools<'_>, findings: &mut Findings) {
    let up = Moment::now().up;
    if let Some(why) = tools.asides.key(up) {
        return refuse_key(tools, findings, why);
    }
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = FuturesUnordered::new();
    for asked in different(tools.settings) {
        match tools.asides.question(&asked.key, up) {
            Some(why) => {
                findings.aside.push(format!("{}: {why}", asked.watches.join(", ")));
                findings.lack(tools, &asked, &why);
            }
            None => under_way.push(ask(tools, asked, Arc::clone(&places))),
        }
    }
    while let Some((asked, answer)) = under_way.next().await {
        match answer {
            Ok(is_available) => {
                tools.memory.read(&asked.key, is_available, now());
                findings.read += asked.watches.len() as u64;
            }
            Err(CallError::Unauthorized(why)) => {
                let why = tools.asides.put_key(&why, up);
                // Those that are under way would be told the same.
                drop(under_way);
                return refuse_key(tools, findings, why);
            }
            Err(error @ (CallError::Refused { .. } | CallError::Missing | CallError::Exists)) => {
                let why = tools.asides.put_question(&asked.key, &error.to_string(), up);
                findings.aside.push(format!("{}: {why}", asked.watches.join(", ")));
                findings.lack(tools, &asked, &why);
            }
            Err(error) => findings.lack(tools, &asked, &error.to_string()),
        }
    }
}

/// The round is over: nobody will be told anything with this key.
fn refuse_key(tools: &Tools<'_>, findings: &mut Findings, why: String) {
    lack_all(tools.settings, tools.memory, &why);
    findings.refused_key = Some(why);
}

/// No reading of anything that these settings ask, and why.
pub(super) fn lack_all(settings: &Emplifi, memory: &Memory, why: &str) {
    different(settings).iter().for_each(|asked| memory.lack(&asked.key, why));
}

/// Every different question, in the settings' order.
fn different(settings: &Emplifi) -> Vec<Asked> {
    let mut all: Vec<Asked> = Vec::new();
    for watch in &settings.watches {
        let key = key(settings, &watch.question);
        match all.iter_mut().find(|asked| asked.key == key) {
            Some(asked) => asked.watches.push(watch.name.clone()),
            None => all.push(Asked { key, question: watch.question.clone(), watches: vec![watch.name.clone()] }),
        }
    }
    all
}

async fn ask(tools: &Tools<'_>, asked: Asked, places: Arc<Semaphore>) -> (Asked, Result<bool, CallError>) {
    if tools.is_spread {
        tokio::time::sleep(wait(&tools.settings.schedule)).await;
    }
    // It is never closed.
    let _place = places.acquire().await;
    // Waited for from round to round, not within one.
    if let Some(silence) = tools.emplifi.silence() {
        let reason = format!("Emplifi asked to be left alone for {} s more", silence.0.as_secs() + 1);
        return (asked, Err(CallError::Passing { reason, retry_after: None, in_doubt: false }));
    }
    let answer = tools.emplifi.ask(&asked.question).await;
    (asked, answer)
}

/// Up to a tenth of the interval, so that not everybody asks at the same moment.
fn wait(schedule: &Schedule) -> Duration {
    let Schedule::Every(interval) = schedule else { return Duration::ZERO };
    let longest = (*interval / 10).min(LONGEST_WAIT);
    // Without randomness everybody asks at once, which is no harm worth failing for.
    let part = getrandom::u32().map_or(0.0, |random| f64::from(random) / f64::from(u32::MAX));
    longest.mul_f64(part)
}

/// Now, as precisely as the state has it.
fn now() -> Moment {
    let now = Moment::now();
    let wall = Timestamp::from_millisecond(now.wall.as_millisecond()).unwrap_or(now.wall);
    Moment { wall, ..now }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_a_tenth_of_the_interval_and_at_most_ten_seconds() {
        for (seconds, most) in [(1, 100), (30, 3_000), (3_600, 10_000)] {
            let schedule = Schedule::Every(Duration::from_secs(seconds));
            assert!((0..100).all(|_| wait(&schedule) <= Duration::from_millis(most)), "{seconds}");
        }
        assert_eq!(wait(&Schedule::Cron("0 * * * * *".to_owned())), Duration::ZERO);
    }
}
