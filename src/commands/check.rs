//! `check`: is everything set up? A line for each thing, and the rest goes on when one is not.

use std::io::{self, StdoutLock, Write as _};
use std::net::TcpListener;
use std::path::Path;

use super::newstore;
use super::outcome::{Exit, Failure, Outcome};
use super::runtime::runtime;
use crate::catalog::Kind;
use crate::cli;
use crate::clock::{Moment, boot_id};
use crate::config::{self, Config, Location, Source};
use crate::state::{self, Reader};
use crate::systems::catalog::store::{ReadIdleRules as _, ReadObjects as _};
use crate::systems::{Probe, systems};
use crate::web::listener::ListenError;
use crate::{feed, files, http_client, source};

/// Days for which a rule may fit on nothing.
const IDLE_DAYS: i64 = 30;

pub(super) fn check(arguments: &cli::Check, path: &Path) -> Outcome {
    let config = &Config::load(path)?;
    let mut lines = Lines { out: io::stdout().lock(), worst: Exit::Done };
    lines.tell("config", Ok(sections(config)))?;
    let of_root = [feed_of_root(config), config_of_root(config, path), state_of_root(config, path)];
    let of_root = of_root.into_iter().flatten().chain(secrets_of_root(config));
    let warnings = config.warnings().into_iter().chain(of_root).chain(taken_doors(config));
    for warning in warnings {
        writeln!(lines.out, "warning        {warning}")?;
    }
    let catalog = config.catalog.as_deref();
    if let Some(source) = catalog.map(|catalog| &catalog.source) {
        let resync = source.resync_schedule.as_ref().map_or_else(|| "never".to_owned(), config::Schedule::words);
        lines.tell("schedule", Ok(format!("{}, resync {resync}", source.schedule.words())))?;
    }
    if config.source_alone.is_none() || !config.secret_files.is_empty() {
        lines.tell("secrets", Ok("all that the config needs are there".to_owned()))?;
    }
    lines.tell("state", state_file(config))?;
    if let Some(settings) = &config.newstore {
        lines.tell("newstore", newstore::on_disk(settings))?;
    }
    for rule in idle_rules(config) {
        writeln!(lines.out, "warning        {rule}")?;
    }
    if arguments.online {
        online(config, &mut lines)?;
    }
    Ok(lines.worst)
}

/// What was found, a line each.
struct Lines<'o> {
    out: StdoutLock<'o>,
    worst: Exit,
}

impl Lines<'_> {
    fn tell(&mut self, what: &str, found: Result<String, Failure>) -> io::Result<()> {
        let (verdict, words) = match found {
            Ok(words) => ("ok", words),
            Err(Failure { error, exit }) => {
                self.worst = self.worst.or_worse(exit);
                ("FAIL", format!("{error:#}"))
            }
        };
        // Each in one line, whatever it says.
        let words = words.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        writeln!(self.out, "{what:<9} {verdict:<4} {words}")
    }
}

/// What the config is about.
fn sections(config: &Config) -> String {
    let feed = config.source().map(|source| format!("feed {}", source.location));
    let partners = systems().into_iter().filter_map(|system| system.partner(config));
    feed.into_iter().chain(partners).collect::<Vec<_>>().join(", ")
}

/// What is in the state, and whether it could be written.
fn state_file(config: &Config) -> Result<String, Failure> {
    let reader = Reader::open(&config.state.path)?;
    reader.check_base(config.base_url())?;
    let path = config.state.path.display();
    let unwritable =
        |error| failed(anyhow::anyhow!("{path}: can't be written ({error}); check the owner and the mode"));
    files::check_writable(&config.state.path).map_err(unwritable)?;
    if !reader.exists() {
        return Ok(format!("{path}: not there yet, the first pass makes it"));
    }
    if config.catalog.is_none() {
        return Ok(format!("{path}: it can be written"));
    }
    let [categories, products] = Kind::ALL.map(|kind| reader.owned(kind).map(|n| format!("{n} {}", kind.plural(n))));
    Ok(format!("{path}: {}, {}", products?, categories?))
}

/// Where the unit's own user keeps nothing that the unit sees (`ProtectHome=`, `PrivateTmp=`).
const HIDDEN: [&str; 5] = ["/home", "/root", "/run/user", "/tmp", "/var/tmp"];

/// That a feed in a file is read by root here says nothing of the unit, whose user is another one.
fn feed_of_root(config: &Config) -> Option<String> {
    let unit = config.unit.as_ref().filter(|_| rustix::process::geteuid().is_root())?;
    let Location::File(path) = &config.source()?.location else { return None };
    let real = path.canonicalize().ok()?;
    let told = format!("root reads the feed {} here; {unit} is a user of its own", path.display());
    if let Some(place) = HIDDEN.iter().find(|place| real.starts_with(place)) {
        return Some(format!("{told}, and its unit keeps {place} from it: put the feed elsewhere, such as /srv"));
    }
    Some(format!("{told}, and {}", closed_to_others(path)?))
}

/// Nor that the config is.
fn config_of_root(config: &Config, path: &Path) -> Option<String> {
    let unit = config.unit.as_ref().filter(|_| rustix::process::geteuid().is_root())?;
    Some(format!(
        "root reads the config {} here; {unit} is a user of its own, and {} (secrets belong into files of their own, see \
         `api_key_file`)",
        path.display(),
        closed_to_others(path)?
    ))
}

/// Nor that its secrets are.
fn secrets_of_root(config: &Config) -> Vec<String> {
    if rustix::process::geteuid().is_root() { config.secrets_of_root() } else { Vec::new() }
}

/// Nor that root could write the state.
fn state_of_root(config: &Config, path: &Path) -> Option<String> {
    let unit = config.unit.as_ref().filter(|_| rustix::process::geteuid().is_root())?;
    let folder = config::state_directory(path)?;
    (!config.state.path.starts_with(&folder)).then(|| {
        format!(
            "root could write the state {} here; {unit} may write in {} alone: leave `path` in [state] out, or give the unit a \
             `ReadWritePaths=` (systemctl edit {unit})",
            config.state.path.display(),
            folder.display()
        )
    })
}

/// What on the way to a file only its owner or group may pass or read, and what to do.
fn closed_to_others(path: &Path) -> Option<String> {
    let closed = files::closed_to_others(path)?;
    let mode = if closed.is_dir() { "o+x" } else { "o+r" };
    Some(format!("{} is not for others: chmod {mode} {}", closed.display(), closed.display()))
}

/// Addresses of ours where somebody else listens; while a daemon runs it is the daemon.
fn taken_doors(config: &Config) -> Vec<String> {
    let Some(http) = config.http.as_ref().filter(|_| state::is_in_use(&config.state.path) == Some(false)) else {
        return Vec::new();
    };
    let doors = [("listen", http.listen), ("public_listen", http.public_listen)];
    let tried = doors.into_iter().filter_map(|(setting, address)| Some((setting, address?)));
    let refused = tried.filter_map(|(setting, address)| {
        let error = TcpListener::bind(address).err()?;
        Some(ListenError { setting, address, error }.to_string())
    });
    refused.collect()
}

/// Rules that have fitted on nothing for long. That a state can't be read is told elsewhere.
fn idle_rules(config: &Config) -> Vec<String> {
    let idle = Reader::open(&config.state.path).and_then(|reader| reader.idle_rules()).unwrap_or_default();
    let (now, boot) = (Moment::now(), boot_id());
    let rules = config.source().into_iter().flat_map(|source| source.rules.iter()).zip(1..);
    let days = |rule: &str| idle.get(rule).map(|since| since.age(now, boot.as_deref()).as_hours() / 24);
    let told = rules.filter_map(|(rule, number)| {
        let rule = rule.to_string();
        let days = days(&rule).filter(|days| *days >= IDLE_DAYS)?;
        Some(format!("source.rule {number} ({rule}) has fitted on nothing for {days} days: mend it, or take it out"))
    });
    told.collect()
}

/// Asks everybody that the config names, a request each.
fn online(config: &Config, lines: &mut Lines<'_>) -> Result<(), Failure> {
    let runtime = runtime()?;
    if let Some(source) = config.source() {
        lines.tell("feed", runtime.block_on(head(source)))?;
    }
    let systems = systems();
    for Probe { whom, said } in systems.iter().flat_map(|system| system.probes(config)) {
        lines.tell(whom, runtime.block_on(said).map_err(failed))?;
    }
    if let Some(heartbeat) = &config.notify.heartbeat {
        // The address itself would be a beat, and is a secret.
        let host = heartbeat.url().origin().ascii_serialization();
        let answered = runtime.block_on(http_client::status_of(&host));
        let told = answered.map(|status| format!("{host} answers (HTTP {status})"));
        lines.tell("heartbeat", told.map_err(|error| failed(anyhow::anyhow!("{host}: {error}"))))?;
    }
    if let Some(url) = config.http.as_ref().and_then(|http| http.public_url.as_ref()) {
        let answered = runtime.block_on(http_client::status_of(url.as_str()));
        let told = answered.map(|status| format!("{url} answers here (HTTP {status})"));
        lines.tell("public", told.map_err(|error| failed(anyhow::anyhow!("{url}: {error}"))))?;
    }
    Ok(())
}

/// The beginning of the feed.
async fn head(source: &Source) -> Result<String, Failure> {
    let head = source::head(source).await.map_err(|error| failed(error.into()))?;
    let input = feed::open(&head.file, source.max_bytes);
    let found = feed::recognise(&input, source.format);
    let found = found.map_err(|error| failed(anyhow::anyhow!("{}: {error}", source.location)))?;
    let what = found.map_or("a packed file", |found| found.name());
    let length = head.length.map(|length| format!(", {}", bytesize::ByteSize(length))).unwrap_or_default();
    Ok(format!("begins as it should: {what}{length}"))
}

fn failed(error: anyhow::Error) -> Failure {
    Failure { error, exit: Exit::Failed }
}
