//! The heartbeat: a service elsewhere is told of each pass, and tells people when it hears nothing any more. It is told
//! beside the passes, by a task of its own: one that doesn't answer delays nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::clock::Moment;
use crate::config::{Heartbeat, HeartbeatStyle, is_loopback};
use crate::http_client::{Clients, Manner, no_client, root_cause};
use crate::pass::{Job, ReadPasses as _, Report};
use crate::state::Reader;
use crate::text::shorten_to;

/// How long it may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// When more beats than these wait, all but the last are old news.
const WAITING: usize = 8;
/// As many as there is room for.
const ROOM: usize = 64;
/// Passes of a job among which the last one is looked for that came to its end.
const LOOKED_AT: u32 = 10;
/// Rounds are told once a minute. Ticks are never quite on time.
const ROUND_EVERY: SignedDuration = SignedDuration::from_secs(59);
/// The longest reason in an address, in characters, and in a body.
const SHORT: usize = 200;
const LONG: usize = 2_000;

/// Tells of passes. A clone tells the same service.
#[derive(Clone)]
pub struct Heart(Arc<Inner>);

struct Inner {
    standing: Mutex<Standing>,
    clients: Clients,
}

#[derive(Default)]
struct Standing {
    /// Whom it is told; `None` = nobody.
    to: Option<Heartbeat>,
    /// The jobs that the settings want, and that count.
    jobs: BTreeSet<&'static str>,
    rounds: Rounds,
    /// Why the last pass of a job did not go well, by the job's name.
    trouble: BTreeMap<&'static str, String>,
    /// Passes that are under way.
    busy: usize,
    /// The task that tells, begun with the first beat.
    task: Option<Teller>,
}

/// Rounds, which leave nothing in the state: they count where nothing else does, but not each of them.
#[derive(Default)]
struct Rounds {
    are_all: bool,
    /// When one was told last, on the clock that nobody sets.
    told_at: Option<SignedDuration>,
    /// Whether the one under way is told.
    is_told: bool,
}

impl Rounds {
    /// One begins; gives whether it is told.
    fn begins(&mut self) -> bool {
        let up = Moment::now().up;
        self.is_told = self.are_all && self.told_at.is_none_or(|told| up.saturating_sub(told) >= ROUND_EVERY);
        if self.is_told {
            self.told_at = Some(up);
        }
        self.is_told
    }
}

/// The task that tells.
struct Teller {
    beats: Sender<(Heartbeat, Beat)>,
    task: JoinHandle<()>,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Beat {
    /// A pass begins.
    Start,
    /// The last pass of each job went well.
    Well,
    /// One did not, and why.
    Fail(String),
}

/// Whether passes of this job count, whatever else there is: those that the state keeps.
fn counts(job: &dyn Job) -> bool {
    !job.follows_others() && job.leaves_row()
}

/// Whether its passes are rounds.
fn has_rounds(job: &dyn Job) -> bool {
    !job.follows_others() && !job.leaves_row()
}

/// Why the last pass of a job did not go well; `None` = it did, or nobody knows.
fn trouble(reader: &Reader, job: &dyn Job) -> Option<String> {
    let rows = reader.passes(job.name(), &job.subject(), LOOKED_AT).ok()?;
    let last = rows.into_iter().find(|row| !row.is_interrupted() && !row.is_paused())?;
    (!last.outcome.is_good()).then(|| last.reason.unwrap_or_else(|| last.outcome.name().to_owned()))
}

impl Heart {
    /// A heart that tells nobody yet.
    pub fn new(clients: Clients) -> Heart {
        Heart(Arc::new(Inner { standing: Mutex::default(), clients }))
    }

    /// Whom it tells from now on, and of which jobs: how the last pass of each went is in the `state`.
    pub fn expect<'j>(&self, to: Option<Heartbeat>, jobs: impl Iterator<Item = &'j dyn Job>, state: &Path) {
        // One that can't be read is told by the passes.
        let reader = to.as_ref().and_then(|_| Reader::open(state).ok());
        let (counting, others): (Vec<&dyn Job>, Vec<&dyn Job>) = jobs.partition(|&job| counts(job));
        let are_all = counting.is_empty();
        let rounds = others.into_iter().filter(|&job| are_all && has_rounds(job));
        let jobs = counting.into_iter().chain(rounds);
        let jobs = jobs.map(|job| (job.name(), reader.as_ref().and_then(|reader| trouble(reader, job))));
        let jobs: BTreeMap<&str, Option<String>> = jobs.collect();
        let mut standing = self.standing();
        standing.to = to;
        standing.rounds.are_all = are_all;
        standing.jobs = jobs.keys().copied().collect();
        standing.trouble.retain(|job, _| jobs.contains_key(job));
        for (job, trouble) in jobs {
            if let Some(trouble) = trouble {
                standing.trouble.entry(job).or_insert(trouble);
            }
        }
    }

    /// A pass begins.
    pub fn begins(&self, job: &dyn Job) {
        let mut standing = self.standing();
        let is_told = if counts(job) {
            standing.busy += 1;
            // While others are under way, it has begun already.
            standing.busy == 1
        } else {
            has_rounds(job) && standing.rounds.begins()
        };
        if is_told {
            self.beat(&mut standing, Beat::Start);
        }
    }

    /// A pass has ended. One that was stopped is no news, and what a pause keeps from being sent is no failure,
    /// nor does it put one right.
    pub fn ended(&self, job: &dyn Job, report: &Report) {
        let mut standing = self.standing();
        let is_told = if counts(job) {
            standing.busy = standing.busy.saturating_sub(1);
            true
        } else {
            has_rounds(job) && standing.rounds.is_told && standing.rounds.are_all
        };
        if !is_told || report.is_interrupted() {
            return;
        }
        // Nobody would ever put right what went wrong with a job that the settings have no more.
        let is_wanted = standing.jobs.contains(job.name());
        if report.row.outcome.is_good() || !is_wanted {
            standing.trouble.remove(job.name());
        } else if !report.is_paused() {
            let reason = report.row.reason.clone().unwrap_or_else(|| report.headline.clone());
            standing.trouble.insert(job.name(), reason);
        }
        let told: Vec<String> = standing.trouble.iter().map(|(job, reason)| format!("{job}: {reason}")).collect();
        let beat = if told.is_empty() { Beat::Well } else { Beat::Fail(told.join("\n")) };
        self.beat(&mut standing, beat);
    }

    /// Waits until everything is told, and no longer than one that doesn't answer may take.
    pub async fn finish(self) {
        let task = self.standing().task.take();
        if let Some(Teller { beats, task }) = task {
            drop(beats);
            // Whatever comes of it, the passes are done.
            let _ = tokio::time::timeout(TIMEOUT, task).await;
        }
    }

    fn beat(&self, standing: &mut Standing, beat: Beat) {
        let Some(to) = standing.to.clone() else { return };
        let begin = || {
            let (beats, waiting) = mpsc::channel(ROOM);
            Teller { beats, task: tokio::spawn(tell_all(waiting, self.0.clients.clone())) }
        };
        let teller = standing.task.get_or_insert_with(begin);
        // There is room, as those that are old news are taken out.
        let _ = teller.beats.try_send((to, beat));
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.0.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task.
async fn tell_all(mut beats: Receiver<(Heartbeat, Beat)>, clients: Clients) {
    let mut is_down = false;
    while let Some((mut to, mut beat)) = beats.recv().await {
        while beats.len() > WAITING {
            let Some(newer) = beats.recv().await else { break };
            (to, beat) = newer;
        }
        match tell(&clients, &to, &beat).await {
            Ok(()) if is_down => {
                info!("the heartbeat is taken again");
                is_down = false;
            }
            Ok(()) => {}
            Err(error) if !is_down => {
                warn!("the heartbeat is not taken: {error}; this is told once, and passes go on");
                is_down = true;
            }
            Err(_) => {}
        }
    }
}

/// Tells it once. The error has nothing of the address, which is a secret.
async fn tell(clients: &Clients, to: &Heartbeat, beat: &Beat) -> Result<(), String> {
    let is_direct = is_loopback(&to.url());
    let manner = Manner { total: Some(TIMEOUT), connect: TIMEOUT, read: None, follows: false, is_direct };
    let client = clients.get(manner).map_err(|error| no_client(&error))?;
    let url = match (to.style, beat) {
        (HeartbeatStyle::Healthchecks, Beat::Well) => to.url(),
        (HeartbeatStyle::Healthchecks, Beat::Start) => to.below("start"),
        (HeartbeatStyle::Healthchecks, Beat::Fail(_)) => to.below("fail"),
        (HeartbeatStyle::UptimeKuma, Beat::Start) => return Ok(()),
        (HeartbeatStyle::UptimeKuma, Beat::Well) => to.with_status("up", "OK"),
        (HeartbeatStyle::UptimeKuma, Beat::Fail(why)) => to.with_status("down", &shorten_to(why, SHORT)),
    };
    let request = match (to.style, beat) {
        (HeartbeatStyle::Healthchecks, Beat::Fail(why)) => client.post(url).body(shorten_to(why, LONG)),
        _ => client.get(url),
    };
    match request.send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("it answered {}", answer.status().as_u16())),
        Err(error) if error.is_timeout() => Err(format!("no answer within {} s", TIMEOUT.as_secs())),
        Err(error) => Err(format!("no answer: {}", root_cause(&error.without_url()))),
    }
}
