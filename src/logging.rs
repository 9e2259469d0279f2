//! Where the program's own log goes, and how it looks.
//!
//! Standard output belongs to results: the log goes to standard error or to the journal, never to
//! both. In the journal an event's fields carry the prefix `SHELFKEEPER_`, so that none is taken
//! for one of the journal's own (`journalctl SHELFKEEPER_PASS=12`), and its entries have the
//! identifier `shelfkeeper` (`journalctl -t shelfkeeper`), of one of several shops that of its unit, `shelfkeeper@NAME`.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::{env, fmt};

use anyhow::Context as _;
use clap::ValueEnum;
use tracing::{Level, Subscriber, error};
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogStyle {
    /// The journal when systemd connected standard error to it, else text
    #[default]
    Auto,
    /// Lines for people, on standard error
    Text,
    /// One JSON object a line, on standard error
    Json,
    /// The systemd journal, with structured fields
    Journald,
}

/// Where the log of this process goes: what is in the journal is not said a second time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Log {
    /// By its own protocol, fields and all.
    is_in_journal: bool,
    /// A JSON object a line.
    is_json: bool,
}

impl Log {
    /// Sets up the log of the whole process; called once.
    ///
    /// `verbosity` is the number of `-v`, or -1 for `-q`. `RUST_LOG` overrides it. `identifier` = what its entries in the
    /// journal are by.
    ///
    /// # Errors
    /// When `RUST_LOG` cannot be read, or there is no journal and it was asked for.
    pub fn init(style: LogStyle, verbosity: i8, identifier: &str) -> anyhow::Result<Log> {
        let (layer, log) = layer(style, identifier)?;
        let filter = filter(env::var("RUST_LOG").ok().as_deref(), verbosity)?;
        tracing_subscriber::registry().with(layer).with(filter).try_init().context("the log is set up twice")?;
        Ok(log)
    }

    /// Whether the log goes to the journal, fields and all.
    pub fn is_in_journal(self) -> bool {
        self.is_in_journal
    }

    /// Whether what is printed on standard output lands in the same journal as the log, a line an entry.
    pub fn is_output_in_journal(self) -> bool {
        self.is_in_journal && is_journal(io::stdout())
    }

    /// Writes what ends the program to where whoever started it looks: standard error, or the journal with its
    /// priority, so that `journalctl -p err` shows it.
    pub fn fatal(self, error: &anyhow::Error) {
        if (self.is_in_journal || self.is_json) && tracing::enabled!(Level::ERROR) {
            return error!("{error:#}");
        }
        // The journal takes the priority of a line from its beginning (sd-daemon(3)).
        let prefix = if is_journal(io::stderr()) { "<3>" } else { "" };
        let text = format!("shelfkeeper: {error:#}");
        let mut stderr = io::stderr().lock();
        for line in text.lines() {
            // There is nobody left to tell when this fails.
            let _ = writeln!(stderr, "{prefix}{line}");
        }
    }
}

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

fn layer(style: LogStyle, identifier: &str) -> anyhow::Result<(BoxedLayer, Log)> {
    let (journalled, elsewhere) = (Log { is_in_journal: true, is_json: false }, Log::default());
    Ok(match style {
        LogStyle::Journald => (Box::new(journald(identifier).context("cannot reach the journal")?), journalled),
        LogStyle::Json => (Box::new(json(io::stderr)), Log { is_json: true, ..elsewhere }),
        LogStyle::Text => (text(io::stderr, wants_colours(), Clock::of_stderr()), elsewhere),
        LogStyle::Auto if is_journal(io::stderr()) => match journald(identifier) {
            Ok(journal) => (Box::new(journal), journalled),
            // Standard error leads there too, only without the fields.
            Err(_) => (text(io::stderr, false, Clock::Nobody), elsewhere),
        },
        LogStyle::Auto => (text(io::stderr, wants_colours(), Clock::of_stderr()), elsewhere),
    })
}

fn filter(rust_log: Option<&str>, verbosity: i8) -> anyhow::Result<Targets> {
    let directives = match (rust_log.filter(|value| !value.is_empty()), verbosity) {
        (Some(own), _) => own,
        // (Of a certificate that is refused our own words tell more, and it may be taken a moment later.)
        (None, ..=-1) => "error,rustls_platform_verifier=off",
        (None, 0) => "warn,shelfkeeper=info,rustls_platform_verifier=off",
        (None, 1) => "warn,shelfkeeper=debug,rustls_platform_verifier=off",
        (None, 2..) => "debug,shelfkeeper=trace",
    };
    directives.parse::<Targets>().with_context(|| format!("RUST_LOG is not a log filter: {directives:?}"))
}

/// `2026-03-01T12:59:07Z  INFO message field=value`
fn text<W>(writer: W, colours: bool, clock: Clock) -> BoxedLayer
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .compact()
        .with_target(false)
        .with_ansi(colours)
        .with_writer(writer)
        // It would tell about a broken standard error on standard error, and panic.
        .log_internal_errors(false);
    match clock {
        Clock::Time => Box::new(layer.with_timer(Timed("%H:%M:%SZ"))),
        Clock::Date => Box::new(layer.with_timer(Timed("%Y-%m-%dT%H:%M:%SZ"))),
        Clock::Nobody => Box::new(layer.without_time()),
    }
}

/// What a line for people says of when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// The date is known to whoever sits before the terminal.
    Time,
    /// It may be read on another day.
    Date,
    /// The journal writes that down by itself.
    Nobody,
}

impl Clock {
    fn of_stderr() -> Clock {
        match io::stderr() {
            stderr if stderr.is_terminal() => Clock::Time,
            stderr if is_journal(&stderr) => Clock::Nobody,
            _ => Clock::Date,
        }
    }
}

fn json<S, W>(writer: W) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        // The list of spans ends with the current one.
        .with_current_span(false)
        .with_timer(Rfc3339)
        .with_writer(writer)
        .log_internal_errors(false)
}

fn journald(identifier: &str) -> io::Result<tracing_journald::Layer> {
    Ok(tracing_journald::layer()?
        .with_syslog_identifier(identifier.to_owned())
        .with_field_prefix(Some("SHELFKEEPER".to_owned()))
        // The crate's own would make `journalctl -p notice` show all that is routine.
        .with_priority_mappings(PriorityMappings {
            info: Priority::Informational,
            debug: Priority::Debug,
            ..PriorityMappings::new()
        }))
}

/// See <https://no-color.org>.
fn wants_colours() -> bool {
    let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}

/// The variable alone proves nothing: children inherit it, and may write somewhere else.
fn is_journal(stream: impl AsFd) -> bool {
    let Ok(journal) = env::var("JOURNAL_STREAM") else { return false };
    let stream = stream.as_fd().try_clone_to_owned().map(File::from);
    stream.is_ok_and(|stream| is_stream(&stream, &journal))
}

/// Whether `name` (`device:inode`) is this open file.
fn is_stream(file: &File, name: &str) -> bool {
    file.metadata().is_ok_and(|metadata| name == format!("{}:{}", metadata.dev(), metadata.ino()))
}

/// A moment in this form.
struct Timed(&'static str);

impl FormatTime for Timed {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{}", jiff::Timestamp::now().strftime(self.0))
    }
}

/// `2026-03-01T12:59:07.123Z`
struct Rfc3339;

impl FormatTime for Rfc3339 {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{:.3}", jiff::Timestamp::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// What a subscriber with this layer writes for one event inside a span.
    fn written<L>(layer: impl FnOnce(Arc<File>) -> L) -> String
    where
        L: Layer<Registry> + Send + Sync,
    {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let writer = Arc::new(file.reopen().expect("the file again"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer(writer)), || {
            let _pass = tracing::info_span!("pass", pass = 12).entered();
            tracing::warn!(id = "A 1", "refused \"for good\"");
        });
        std::fs::read_to_string(file.path()).expect("text")
    }

    #[test]
    fn text_is_one_short_line() {
        for (clock, time) in [(Clock::Time, "12:59:07Z "), (Clock::Date, "2026-03-01T12:59:07Z "), (Clock::Nobody, "")]
        {
            let line = written(|writer| text(writer, false, clock));
            let (at, rest) = line.split_at(time.len());
            assert_eq!((at.ends_with("Z "), at.contains('T')), (!time.is_empty(), time.contains('T')), "{line}");
            assert_eq!(rest, " WARN pass: refused \"for good\" id=\"A 1\" pass=12\n");
        }
    }

    #[test]
    fn json_is_one_object_with_a_time_in_utc() {
        let line = written(json);
        let event: serde_json::Value = serde_json::from_str(&line).expect("an object");
        assert_eq!(event["message"], "refused \"for good\"");
        assert_eq!((&event["level"], &event["id"]), (&"WARN".into(), &"A 1".into()));
        assert_eq!(event["spans"][0]["pass"], 12);
        let time = event["timestamp"].as_str().expect("a time");
        assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    }

    #[test]
    fn verbosity_sets_the_level_and_rust_log_overrides_it() {
        let level = |rust_log, verbosity| filter(rust_log, verbosity).expect("a filter").to_string();
        let quiet = |levels: &str| format!("rustls_platform_verifier=off,{levels}");
        assert_eq!(level(None, -1), quiet("error"));
        assert_eq!(level(Some(""), 0), quiet("shelfkeeper=info,warn"));
        assert_eq!(level(None, 1), quiet("shelfkeeper=debug,warn"));
        assert_eq!(level(None, 5), "shelfkeeper=trace,debug");
        assert_eq!(level(Some("trace"), -1), "trace");
        assert!(filter(Some("shelfkeeper=loud"), 0).is_err());
    }

    #[test]
    fn only_the_very_stream_is_the_journal() {
        let (file, other) = (tempfile::tempfile().expect("a file"), tempfile::tempfile().expect("a file"));
        let metadata = file.metadata().expect("metadata");
        let name = format!("{}:{}", metadata.dev(), metadata.ino());
        assert!(is_stream(&file, &name));
        assert!(!is_stream(&other, &name));
        assert!(!is_stream(&file, ""));
    }
}
