//! How things stand, for people and for programs: the headline first, then what each system has to say.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use bytesize::ByteSize;
use jiff::Timestamp;
use serde_json::Value;

use crate::clock::Clock;
use crate::config::Caller;
use crate::config::Schedule;
use crate::files::Space;
use crate::pass::ReadPasses as _;
use crate::pass::{Headline, PassRow, Streak, all_held, streaks};
use crate::pause::Pause;
use crate::report::{JsonObject, PrintError};
use crate::state::{self, Reader, StateError};
use crate::systems::{FailedObject, Look, Standing};
use crate::text::{count, distance, fold, one_line, shorten};

/// Objects that a person is shown.
const SHOWN: u64 = 20;
/// With less room than this, in bytes, not even the row of a pass can be written for sure.
const FULL: u64 = 1 << 20;
/// How far back the last good pass is looked for.
const LOOKED_AT: u32 = 10_000;

/// What is said when there is no state file: not that there was no pass, which nobody can know then.
pub fn no_state(reader: &Reader) -> Option<String> {
    let path = std::path::absolute(reader.path()).unwrap_or_else(|_| reader.path().to_owned());
    let path = path.display();
    (!reader.exists()).then(|| {
        format!(
            "There is no state at {path}: the first pass makes it. If there were passes, they kept it elsewhere: \
             see [state] path."
        )
    })
}

/// What `status` tells.
pub struct Status<'r> {
    reader: &'r Reader,
    parts: Vec<Part<'r>>,
    pause: Option<Pause>,
    /// A notice beside the state that says nothing.
    illegible: Option<String>,
    caller: Caller,
    /// Whether a process works with the state; `None` = that can't be told.
    is_in_use: Option<bool>,
    clock: Clock,
    /// What is said besides.
    notes: Vec<String>,
}

/// A shop beside others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// How it stands.
    pub headline: Headline,
    /// When its last good pass ended.
    pub last_good: Option<Timestamp>,
    /// When its next one is due.
    pub next: Option<Timestamp>,
    /// That no daemon makes it.
    pub absent_daemon: Option<String>,
}

/// A system's part of it.
pub struct Part<'r> {
    standing: Box<dyn Standing + 'r>,
    schedule: Option<Schedule>,
    /// How much later than that the daemon makes a pass.
    delay: Duration,
    label: &'static str,
    /// The latest first.
    passes: Vec<PassRow>,
}

impl<'r> Status<'r> {
    /// Reads it from the state.
    ///
    /// # Errors
    /// When that can't be read.
    pub fn read(reader: &'r Reader, looks: &[Box<dyn Look>], caller: Caller) -> Result<Status<'r>, StateError> {
        Status::read_in(reader, looks, caller, LOOKED_AT)
    }

    /// The same with what the last so many passes of each job tell.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn read_in(
        reader: &'r Reader,
        looks: &[Box<dyn Look>],
        caller: Caller,
        most: u32,
    ) -> Result<Status<'r>, StateError> {
        let part = |look: &dyn Look| {
            let (label, subject) = look.job();
            Ok::<_, StateError>(Part {
                standing: look.standing(reader)?,
                schedule: look.schedule().cloned(),
                delay: look.delay(),
                label,
                passes: reader.passes(label, &subject, most)?,
            })
        };
        let parts = looks.iter().map(|look| part(look.as_ref())).collect::<Result<_, _>>()?;
        let (pause, illegible) = match Pause::read(reader.path()) {
            Ok(pause) => (pause, None),
            Err(illegible) => (None, Some(illegible.to_string())),
        };
        let is_in_use = state::is_in_use(reader.path());
        Ok(Status { reader, parts, pause, illegible, caller, is_in_use, clock: Clock::read(), notes: Vec::new() })
    }

    /// The same with more that people are told, a line each, below the headline.
    pub fn noting(self, notes: Vec<String>) -> Status<'r> {
        Status { notes, ..self }
    }

    /// What is said of a state that isn't there; `None` where nothing has passes, and nobody misses it.
    ///
    /// # Errors
    /// When what is known without it can't be told.
    pub fn absence(&self) -> Result<Option<String>, PrintError> {
        let Some(absence) = no_state(self.reader) else { return Ok(None) };
        let is_missed = self.told_without_state()?.is_empty() || self.parts.iter().any(|part| part.schedule.is_some());
        Ok(is_missed.then_some(absence))
    }

    /// What is known all the same.
    fn told_without_state(&self) -> Result<Vec<u8>, PrintError> {
        let mut told = Vec::new();
        let mut without = self.parts.iter().map(|part| &part.standing).filter(|standing| !standing.needs_state());
        without.try_for_each(|standing| standing.print_summary(&mut told))?;
        Ok(told)
    }

    /// The most urgent of the systems' headlines. A system that was never at work has nothing to say beside others.
    ///
    /// # Errors
    /// When it can't be told.
    pub fn headline(&self) -> Result<Headline, PrintError> {
        if let Some(text) = self.absence()? {
            return Ok(Headline { state: crate::pass::Standing::None, text, since: None });
        }
        if let Some(text) = full_disk(self.reader.path()) {
            return Ok(Headline { state: crate::pass::Standing::Stopped, text, since: None });
        }
        let headlines = self.parts.iter().map(|part| {
            let headline = part.standing.headline(&part.passes, &self.clock);
            Headline { text: self.caller.typed(&headline.text), ..headline }
        });
        let (silent, told): (Vec<Headline>, Vec<Headline>) =
            headlines.partition(|headline| headline.state == crate::pass::Standing::None);
        // A pause explains why something is held, but not why nothing is read.
        let is_explained = |headline: &Headline| self.pause.is_some() && headline.state < crate::pass::Standing::Behind;
        let paused = self.pause.as_ref().map(|pause| pause.headline(&self.caller.program));
        let most_urgent = told
            .into_iter()
            .filter(|headline| !is_explained(headline))
            .chain(paused)
            .rev()
            .max_by_key(|headline| headline.state)
            .or_else(|| silent.into_iter().next())
            .unwrap_or(Headline { state: crate::pass::Standing::None, text: "No pass yet.".to_owned(), since: None });
        Ok(most_urgent)
    }

    /// How it stands in a line, beside other shops.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn overview(&self) -> Result<Overview, PrintError> {
        let mut with_passes = self.parts.iter().filter(|part| !part.passes.is_empty());
        let last = with_passes.clone().find(|part| part.schedule.is_some()).or_else(|| with_passes.next());
        let good = last.and_then(|part| part.passes.iter().find(|pass| pass.outcome.is_good()));
        let last_good = good.map(|pass| pass.finished.at);
        let (next, absent_daemon) = (last.and_then(Part::due), self.absent_daemon());
        Ok(Overview { headline: self.headline()?, last_good, next, absent_daemon })
    }

    /// For programs, with at most so many rejected rows and failed objects each; `rejected_total` and `failed_total`
    /// tell how many there are where that is more.
    ///
    /// # Errors
    /// When it can't be read or printed.
    pub fn print_json(&self, most: u64, passes: Option<u32>, out: &mut dyn Write) -> Result<(), PrintError> {
        let mut object = JsonObject::begin(out)?;
        object.field("headline", &self.headline()?)?;
        if let Some(pause) = &self.pause {
            object.field("paused", &pause.json())?;
        }
        for part in &self.parts {
            part.standing.print_json(most, &mut object)?;
        }
        object.field("held", &self.held())?;
        let failed = self.failed();
        if failed > most {
            object.field("failed_total", &failed)?;
        }
        let mut list = object.list("failed")?;
        self.each_failed(most, |object| list.item(&object))?;
        list.end()?;
        if let Some(passes) = passes {
            for part in self.parts.iter().take(1) {
                object.field("passes", &part.passes.iter().take(passes as usize).collect::<Vec<_>>())?;
            }
        }
        object.end()?;
        Ok(writeln!(out)?)
    }

    fn held(&self) -> Option<Value> {
        all_held(self.parts.iter().filter_map(|part| part.standing.held()))
    }

    /// The systems' parts of it.
    pub fn parts(&self) -> &[Part<'r>] {
        &self.parts
    }

    /// When it was read.
    pub fn now(&self) -> Timestamp {
        self.clock.now.wall
    }

    /// The pause that is in force.
    pub fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }

    /// The pause that is in force, in words, where the headline says something else.
    pub fn beside(&self, headline: &Headline) -> Option<String> {
        let pause = self.pause.as_ref().filter(|_| headline.state != crate::pass::Standing::Paused)?;
        Some(pause.headline(&self.caller.program).text)
    }

    /// How many objects are not as wanted.
    pub fn failed(&self) -> u64 {
        self.parts.iter().map(|part| part.standing.failed()).sum()
    }

    /// Objects that are not as wanted, at most so many.
    ///
    /// # Errors
    /// When they can't be read, or `each` fails.
    pub fn each_failed(
        &self,
        most: u64,
        mut each: impl FnMut(&FailedObject) -> io::Result<()>,
    ) -> Result<(), PrintError> {
        let mut left = most;
        for part in &self.parts {
            part.standing.each_failed(left, &mut |object| {
                left -= 1;
                Ok(each(object)?)
            })?;
        }
        Ok(())
    }

    /// For people, with so many passes of each job.
    ///
    /// # Errors
    /// When it can't be read or printed.
    pub fn print_text(&self, passes: u32, out: &mut dyn Write) -> Result<(), PrintError> {
        if no_state(self.reader).is_some() {
            self.absence()?.map_or(Ok(()), |absence| writeln!(out, "{absence}"))?;
            self.notes.iter().try_for_each(|note| writeln!(out, "{note}"))?;
            return Ok(out.write_all(&self.told_without_state()?)?);
        }
        let headline = self.headline()?;
        writeln!(out, "{}", headline.text)?;
        self.beside(&headline).map_or(Ok(()), |pause| writeln!(out, "{pause}"))?;
        self.notes.iter().try_for_each(|note| writeln!(out, "{note}"))?;
        self.parts.iter().try_for_each(|part| part.print_times(self.now(), out))?;
        self.absent_daemon().map_or(Ok(()), |told| writeln!(out, "         {told}"))?;
        self.illegible.iter().try_for_each(|told| writeln!(out, "  {told}"))?;
        writeln!(out)?;
        self.parts.iter().try_for_each(|part| part.standing.print_summary(out))?;
        self.parts.iter().try_for_each(|part| part.print_passes(passes as usize, out))?;
        self.parts.iter().try_for_each(|part| part.standing.print_details(out))?;
        self.print_failed(out)
    }

    /// What is said where passes are due by a daemon, and none is there.
    fn absent_daemon(&self) -> Option<String> {
        let is_missed = self.is_in_use == Some(false) && self.parts.iter().any(|part| part.due().is_some());
        let Caller { program, unit } = &self.caller;
        let start = unit.as_ref().map_or_else(|| format!("{program} run"), |unit| format!("systemctl start {unit}"));
        is_missed.then(|| format!("No daemon runs now: `{start}`, unless a timer makes the passes."))
    }

    fn print_failed(&self, out: &mut dyn Write) -> Result<(), PrintError> {
        let failed = self.failed();
        if failed == 0 {
            return Ok(());
        }
        writeln!(out, "\n{}:", count(failed, "object is not as wanted", "objects are not as wanted"))?;
        self.each_failed(SHOWN, |FailedObject { kind, id, store, reason, refused, .. }| {
            let what = if *refused { "refused" } else { "failed, to be tried again" };
            let id = one_line(&shorten(id));
            let store = store.as_ref().map(|store| format!(" in store {}", one_line(&shorten(store))));
            let place = store.unwrap_or_default();
            writeln!(out, "{}", fold(&format!("  {kind} {id}{place}: {what}: {reason}"), 4))
        })?;
        if failed > SHOWN {
            writeln!(out, "  … --format json has them all")?;
        }
        Ok(())
    }
}

/// What goes before all that a state says: that nothing can be written into it any more, not even that.
fn full_disk(state: &Path) -> Option<String> {
    let space = Space::at(state).filter(|space| space.total > 0 && space.free < FULL)?;
    let place = state.parent().filter(|place| !place.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(format!(
        "The disk is full: {} are free in {}, and no pass can be made.",
        ByteSize(space.free),
        place.display()
    ))
}

impl Part<'_> {
    /// The job's name.
    pub fn label(&self) -> &'static str {
        self.label
    }

    /// Its last passes, the latest first.
    pub fn passes(&self) -> &[PassRow] {
        &self.passes
    }

    /// A pass in a line, without its time.
    pub fn pass_line(&self, pass: &PassRow) -> String {
        self.standing.pass_line(pass)
    }

    /// When the last good pass ended, as far back as was looked.
    pub fn last_good(&self) -> Option<Timestamp> {
        self.passes.iter().find(|pass| pass.outcome.is_good()).map(|pass| pass.finished.at)
    }

    /// When the next pass is due.
    pub fn due(&self) -> Option<Timestamp> {
        let last = self.passes.first()?;
        // From its begin on, as the daemon counts; one that lasted longer is followed by the next one at once.
        let due = self.schedule.as_ref()?.due_behind(last.started, self.delay)?;
        Some(due.max(last.finished.at))
    }

    /// When the last good pass ended, and when the next one is due.
    fn print_times(&self, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
        if self.passes.is_empty() {
            return Ok(());
        }
        match self.last_good() {
            Some(good) => writeln!(out, "  {:<6} last good pass {}", self.label, moment(good, now))?,
            None => writeln!(out, "  {:<6} no good pass among the last {}", self.label, self.passes.len())?,
        }
        let words = |due| if due < now { "the next was due" } else { "next, by the daemon," };
        self.due().map_or(Ok(()), |due| writeln!(out, "  {:<6} {} {}", "", words(due), moment(due, now)))
    }

    /// The last passes; what came again and again in one line.
    fn print_passes(&self, most: usize, out: &mut dyn Write) -> io::Result<()> {
        let streaks = streaks(&self.passes, most);
        if streaks.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nLast passes ({}):", self.label)?;
        for Streak { latest, first, times } in streaks {
            let line = self.standing.pass_line(latest);
            let again =
                if times > 1 { format!(" ({times} times since {:.0})", first.finished.at) } else { String::new() };
            let line = format!("  {:.0}  {:<6}  {line}{again}", latest.finished.at, latest.kind.name());
            writeln!(out, "{}", fold(&line, 8))?;
        }
        Ok(())
    }
}

/// A moment, and roughly how far away it is.
pub fn moment(at: Timestamp, now: Timestamp) -> String {
    format!("{at:.0} ({})", distance(at, now))
}
