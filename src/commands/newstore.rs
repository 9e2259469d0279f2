//! `newstore`: which stores have clienteling, and what a person has done about it.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::look::note;
use super::outcome::{Exit, Failure, Outcome, complain};
use super::runtime::{runtime, stop_on_signal, until_interrupted};
use crate::cli::{Format, NewStore, NewStoreApply, NewStoreCommand, NewStorePlan, NewStoreSettle, RetailerIs, StoreIs};
use crate::config::{Caller, Config, NewStore as Settings};
use crate::files;
use crate::logging::Log;
use crate::pause::Pause;
use crate::remote::newstore::{Connected, ReadError};
use crate::systems::newstore::{
    Applied, Apply, Gathered, Halt, Ledger, LedgerError, Plan, Settled, ShownPlan, gather, known, settle_retailer,
    settle_store,
};
use crate::task;
use crate::text::{count, fold};

pub(super) fn newstore(arguments: NewStore, path: &Path, log: Log) -> Outcome {
    match arguments.command {
        None => plan(&arguments.plan, Config::load(path)?, log),
        Some(NewStoreCommand::Plan(arguments)) => plan(&arguments, Config::load(path)?, log),
        Some(NewStoreCommand::Apply(arguments)) => apply(&arguments, Config::load(path)?, log),
        Some(NewStoreCommand::Settle(arguments)) => {
            let found = Config::without_secrets(path, |config| config.newstore.clone())?;
            settle(arguments, &found.ok_or_else(no_section)?)
        }
    }
}

fn settings(config: Config) -> Result<Settings, Failure> {
    config.newstore.ok_or_else(no_section)
}

fn no_section() -> Failure {
    usage("the config has no section [newstore]: add it, with tenant, client_id and client_secret_file")
}

fn usage(error: impl Into<String>) -> Failure {
    Failure { error: anyhow::anyhow!(error.into()), exit: Exit::Config }
}

fn failed(settings: &Settings, error: &str) -> Failure {
    Failure { error: anyhow::anyhow!("NewStore {}: {error}", settings.base_url), exit: Exit::Failed }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let exit = match &error {
            LedgerError::Locked { .. } => Exit::Locked,
            LedgerError::OtherBase { .. } => Exit::Config,
            _ => Exit::Failed,
        };
        Failure { error: error.into(), exit }
    }
}

/// For `check`: what is in the file, and whether it could be written.
pub(super) fn on_disk(settings: &Settings) -> Result<String, Failure> {
    let known = known(settings)?;
    let path = settings.file.display();
    files::check_writable(&settings.file).map_err(|error| {
        let error = anyhow::anyhow!("{path}: can't be written ({error}); check the owner and the mode");
        Failure { error, exit: Exit::Failed }
    })?;
    let stores = count(known.stores.len() as u64, "store", "stores");
    Ok(if settings.file.exists() { format!("{path}: {stores}") } else { format!("{path}: nothing was done yet") })
}

fn connect(settings: &Settings, stop: CancellationToken) -> Result<Connected, Failure> {
    Connected::stopped_by(settings, stop).map_err(|error| failed(settings, &error.to_string()))
}

fn plan(arguments: &NewStorePlan, config: Config, log: Log) -> Outcome {
    let caller = config.caller();
    let settings = &settings(config)?;
    let known = known(settings)?;
    let reader = connect(settings, CancellationToken::new())?.reader();
    until_interrupted(async {
        let told = |error: ReadError| failed(settings, &error.to_string());
        let Gathered { plan, notes, failures } = gather(settings, &known, &reader).await.map_err(told)?;
        let mut failures: Vec<String> = failures.into_iter().map(|(_, words)| words).collect();
        // Where nothing is to be done nothing is asked.
        let remote = match if plan.is_due() { reader.status().await } else { Ok(None) } {
            Err(error @ ReadError::All(_)) => return Err(told(error)),
            Err(error) => {
                failures.push(format!("the retailer's status can't be read: {error}"));
                None
            }
            Ok(remote) => remote,
        };
        let digest = plan.digest(settings);
        let (remote, caller) = (remote.as_ref(), &caller);
        let shown = ShownPlan { plan: &plan, digest: &digest, settings, remote, caller };
        let mut out = BufWriter::new(io::stdout().lock());
        match arguments.format {
            Format::Text => {
                shown.text(&mut out)?;
                notes.iter().try_for_each(|words| writeln!(out, "{}", fold(&format!("Note: {words}."), 4)))?;
            }
            Format::Json => {
                shown.json(&mut out)?;
                notes.iter().try_for_each(|words| note(words))?;
            }
        }
        out.flush()?;
        let exit = match (plan.is_held_up(), arguments.detailed_exitcode && plan.has_news()) {
            (true, _) => Exit::Partial,
            (false, true) => Exit::Changes,
            (false, false) => Exit::Done,
        };
        Ok(failures.iter().fold(exit, |exit, words| exit.or_worse(tell_failure(settings, words, log))))
    })
}

fn tell_failure(settings: &Settings, words: &str, log: Log) -> Exit {
    let Failure { error, exit } = failed(settings, words);
    complain(&error, exit, log)
}

fn apply(arguments: &NewStoreApply, config: Config, log: Log) -> Outcome {
    let (caller, state) = (config.caller(), config.state.path.clone());
    let settings = settings(config)?;
    let can_ask = io::stdin().is_terminal() && io::stdout().is_terminal();
    if arguments.plan.is_none() && !arguments.yes && !can_ask {
        return Err(usage(caller.typed(
            "this is no terminal to ask at: say which plan you mean, --plan DIGEST as `shelfkeeper newstore` shows it, \
             or --yes",
        )));
    }
    if let Some(id) = arguments.stores.iter().find(|id| !settings.stores.iter().any(|store| store.id == **id)) {
        return Err(usage(format!("--store {id}: the config has no [[newstore.store]] of this id")));
    }
    let buyer = Buyer { arguments, settings: &settings, caller: &caller, state: &state, log };
    buyer.check_pause("nothing is sent")?;
    // From here on nobody else can do anything about it.
    let mut ledger = Ledger::open(&settings)?;
    runtime()?.block_on(buyer.buy(&mut ledger))
}

/// Who carries a plan out.
struct Buyer<'a> {
    arguments: &'a NewStoreApply,
    settings: &'a Settings,
    caller: &'a Caller,
    /// Beside it hangs a pause.
    state: &'a Path,
    log: Log,
}

impl Buyer<'_> {
    async fn buy(&self, ledger: &mut Ledger) -> Outcome {
        let (arguments, settings) = (self.arguments, self.settings);
        let (known, stop) = (ledger.known()?, self.stop());
        let connected = connect(settings, stop.clone())?;
        let (reader, writer) = (connected.reader(), connected.writer());
        let gathered = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(self.stopped("nothing was sent")),
            gathered = gather(settings, &known, &reader) => gathered,
        };
        let gathered = gathered.map_err(|error| failed(settings, &error.to_string()))?;
        gathered.notes.iter().try_for_each(|words| note(words))?;
        let digest = gathered.plan.digest(settings);
        let plan = if arguments.stores.is_empty() { gathered.plan } else { gathered.plan.only(&arguments.stores) };
        let shown = ShownPlan { plan: &plan, digest: &digest, settings, remote: None, caller: self.caller };
        if arguments.plan.as_ref().is_some_and(|meant| *meant != digest) {
            shown.text(&mut io::stdout().lock())?;
            let error = anyhow::anyhow!("this is not the plan that was shown; it is {digest} by now. Nothing was sent");
            return Err(Failure { error, exit: Exit::Held });
        }
        check_addresses(&plan, settings)?;
        let is_asked = arguments.plan.is_none() && !arguments.yes;
        if is_asked {
            shown.text(&mut io::stdout().lock())?;
        }
        let is_meant = !is_asked || !plan.has_changes() || asked(&stop).await?;
        // One that has begun meanwhile ends the question, too.
        self.check_pause("nothing was sent")?;
        if !is_meant {
            writeln!(io::stdout(), "Nothing was sent.")?;
            return Ok(Exit::Done);
        }
        let mut out = io::stdout();
        let applied = Apply { settings, ledger, writer: &writer, stop: &stop, out: &mut out };
        let exit = self.ended(applied.carry_out(&plan, &known).await)?;
        // Each store stands alone: what can't be listed for others is told, and fails nothing that was asked for.
        let is_of_it = |store: &String| arguments.stores.is_empty() || arguments.stores.contains(store);
        Ok(gathered.failures.iter().fold(exit, |exit, (store, words)| {
            let failed = tell_failure(settings, words, self.log);
            if is_of_it(store) { exit.or_worse(failed) } else { exit }
        }))
    }

    /// A token that a signal cancels, or a pause that begins.
    fn stop(&self) -> CancellationToken {
        let (stop, state) = (stop_on_signal(), self.state.to_owned());
        let paused = stop.clone();
        tokio::spawn(async move {
            Pause::begins(state).await;
            paused.cancel();
        });
        stop
    }

    /// Sends nothing during a pause; `what` = what that comes to.
    fn check_pause(&self, what: &str) -> Result<(), Failure> {
        let Some(pause) = Pause::in_force(self.state) else { return Ok(()) };
        let told = self.caller.typed(&format!("{what}: {}; `shelfkeeper resume` ends it", pause.words()));
        Err(Failure { error: anyhow::anyhow!(told), exit: Exit::Held })
    }

    /// What the token has stopped: a pause, or else a signal.
    fn stopped(&self, what: &str) -> Failure {
        let interrupted = || failed(self.settings, &format!("interrupted; {what}"));
        self.check_pause(what).err().unwrap_or_else(interrupted)
    }

    fn ended(&self, applied: Applied) -> Outcome {
        let (settings, Applied { done, in_doubt, refused, halted }) = (self.settings, applied);
        match halted {
            Some(Halt::Service(reason)) => return Err(failed(settings, &reason)),
            Some(Halt::Ledger(error)) => return Err(error.into()),
            Some(Halt::Output(error)) => {
                return Err(failed(settings, &format!("nobody reads what is told ({error}); the rest was not sent")));
            }
            Some(Halt::Interrupted) => {
                let Failure { error, exit } = self.stopped("the rest was not sent");
                return Err(Failure { error, exit: if in_doubt > 0 { Exit::Failed } else { exit } });
            }
            None => {}
        }
        let figures = [(done, "done"), (refused, "blocked or refused"), (in_doubt, "in doubt")];
        let figures = figures.iter().filter(|(figure, _)| *figure > 0).map(|(figure, what)| format!("{figure} {what}"));
        let figures: Vec<String> = figures.collect();
        let figures = if figures.is_empty() { "nothing was to be done".to_owned() } else { figures.join(", ") };
        writeln!(io::stdout(), "newstore: {figures}")?;
        Ok(match (in_doubt, refused) {
            (1.., _) => Exit::Failed,
            (0, 1..) => Exit::Partial,
            (0, 0) => Exit::Done,
        })
    }
}

/// What writes goes to no address that nobody has looked up.
fn check_addresses(plan: &Plan, settings: &Settings) -> Result<(), Failure> {
    let unknown = plan.unknown_addresses(settings);
    if unknown.is_empty() {
        return Ok(());
    }
    let what = unknown.join(" and newstore.");
    let (is, it) = if unknown.len() == 1 {
        ("is not in the config, and the default is a guess", "it")
    } else {
        ("are not in the config, and the defaults are guesses", "them")
    };
    Err(usage(format!(
        "newstore.{what} {is}: look {it} up on NewStore's page (Clienteling Setup API), and set {it}. Nothing was sent"
    )))
}

/// Asks on the terminal. Whoever interrupts it means no.
async fn asked(stop: &CancellationToken) -> Result<bool, Failure> {
    write!(io::stdout(), "Do exactly this? It can't be undone. [y/N] ")?;
    io::stdout().flush()?;
    let read = task::blocking(|| {
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map(|_| answer)
    });
    tokio::select! {
        answer = read => Ok(matches!(answer.map_err(Failure::new)??.trim(), "y" | "Y" | "yes")),
        () = stop.cancelled() => Ok(false),
    }
}

fn settle(arguments: NewStoreSettle, settings: &Settings) -> Outcome {
    let is = |is_enabled| Settled::Onboarded { number: arguments.number.clone(), is_enabled };
    let settled = match arguments.state {
        Some(StoreIs::Free) if arguments.number.is_some() => {
            return Err(usage("--number: a store that is free has none"));
        }
        Some(StoreIs::Free) => Settled::Free,
        Some(StoreIs::Enabled) => is(true),
        Some(StoreIs::Onboarded) | None => is(false),
    };
    let mut ledger = Ledger::open(settings)?;
    let told = match (&arguments.store, arguments.retailer) {
        (Some(store), _) => settle_store(settings, &mut ledger, store, settled)?,
        (None, retailer) => settle_retailer(settings, &mut ledger, retailer == Some(RetailerIs::Configured))?,
    };
    writeln!(io::stdout(), "{}", told.map_err(usage)?)?;
    Ok(Exit::Done)
}
