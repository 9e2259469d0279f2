//! The commands and their flags.

mod formats;
mod newstore;
mod oct8ne;
mod orders;
mod product;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use newstore::{NewStore, NewStoreApply, NewStoreCommand, NewStorePlan, NewStoreSettle, RetailerIs, StoreIs};
pub use oct8ne::{Backup, Changed, Link, Oct8neCommand, Sale, Snippet, Update};

use crate::config::{shop_name, time_span};
use crate::feed::FeedType;
use crate::logging::LogStyle;

pub use formats::{Format, TableFormat};
pub use orders::{ByChoice, Orders};
pub use product::{ChangeChoice, Explain, History, Rejected};

/// Keeps a shop's NiceChat categories and products equal to its feed.
#[derive(Debug, Parser)]
#[command(version = crate::VERSION, propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
#[command(max_term_width = 80)]
#[command(after_help = "\
Examples:
  shelfkeeper demo                       see it work, without any set-up
  shelfkeeper feed products.txt          what is in a feed, and what is rejected
  shelfkeeper init                       write a config: asks for what it needs
  shelfkeeper check --online             is everything set up?
  shelfkeeper plan                       what the next pass would do
  shelfkeeper run --once                 one pass, for cron or by hand
  shelfkeeper run                        the daemon, for systemd

Exit codes: 0 done · 1 failed · 2 usage or config · 3 done, but rows are
rejected or objects refused · 4 held by the guard or a pause · 5 another
instance works with the state")]
pub struct Cli {
    /// The config file [default: config/shelfkeeper.toml, then /etc/shelfkeeper/shelfkeeper.toml;
    /// SHELFKEEPER_CONFIG names another]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// The shop of the unit shelfkeeper@NAME: the config is /etc/shelfkeeper/NAME.toml, the state that of the unit
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "config", value_parser = shop_name, help_heading = "Global options")]
    pub shop: Option<String>,
    /// How logs are written; they never go to stdout
    #[arg(long, global = true, value_enum, default_value_t = LogStyle::Auto, value_name = "STYLE", help_heading = "Global options")]
    pub log: LogStyle,
    /// Tell more; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
    /// Tell errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub quiet: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// -1 for `-q`, else the number of `-v`.
    pub fn verbosity(&self) -> i8 {
        if self.quiet { -1 } else { i8::try_from(self.verbose).unwrap_or(i8::MAX) }
    }
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Keep NiceChat equal to the feed: as a daemon, or once
    ///
    /// Without flags it runs until SIGTERM or ctrl-C, every job on its own schedule. SIGHUP reads the
    /// config again, SIGUSR1 makes a resync now.
    #[command(after_help = "\
Examples:
  shelfkeeper run                        the daemon
  shelfkeeper run --once                 one pass, then exit
  shelfkeeper run --resync               repair what somebody changed at NiceChat
  shelfkeeper run --once --force         let all through; look at `plan` first")]
    Run(Run),
    /// Show what the next pass would do; writes nothing, neither there nor here
    ///
    /// Exits with 4 when the guard holds something; else, with --detailed-exitcode, with 10
    /// when changes are pending.
    #[command(after_help = "\
Examples:
  shelfkeeper plan                       for people
  shelfkeeper plan --format json | jq .summary
  shelfkeeper plan --detailed-exitcode   0: nothing, 10: changes, 4: some held")]
    Plan(Plan),
    /// Ask for what has to be known, try the feed, and write a config
    ///
    /// Writes the config and the files of the key and the secret; never over another file. With --shop they are those
    /// that shelfkeeper@NAME reads (shelfkeeper: the unit without a name). Where nobody can be
    /// asked, the key and the secret come from SHELFKEEPER_NICECHAT_API_KEY and SHELFKEEPER_NICECHAT_API_SECRET, or
    /// are named as files.
    #[command(after_help = "\
Examples:
  shelfkeeper init                       config/shelfkeeper.toml, for trying
  sudo shelfkeeper init --shop north     /etc/shelfkeeper/north.toml, for shelfkeeper@north
  shelfkeeper init --yes --feed products.txt \\
    --api-key-file key --api-secret-file secret")]
    Init(Init),
    /// Check config, secrets and state file
    Check(Check),
    /// Tell what the config comes to
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Read a feed and tell what is in it; needs no config
    ///
    /// With --config it is read as the config says, its rules included; they tell which rows they leave out.
    ///
    /// Exits with 3 when rows are rejected, with 1 when the feed is incomplete or no feed.
    #[command(after_help = "\
Examples:
  shelfkeeper feed products.txt
  shelfkeeper feed https://shop.example/yml.xml.gz
  shelfkeeper feed --config config/shelfkeeper.toml
  shelfkeeper feed products.txt --format json | jq '.rejected[]'")]
    Feed(Feed),
    /// Show how things stand: the last passes, what is pending, held, rejected
    Status(Status),
    /// Show what the guard holds, and let exactly that through in the next pass
    ///
    /// Asks on a terminal; elsewhere the digest has to be given. Works beside a daemon.
    #[command(after_help = "\
Examples:
  shelfkeeper approve                    shows what is held, and asks
  shelfkeeper approve 3f2a9c51b0de       approves this, and nothing else")]
    Approve(Approve),
    /// Send nothing to anybody for a while; reading and planning go on
    ///
    /// It holds for a daemon, at once, and for every pass by hand; those end with 4. It outlives a restart.
    #[command(after_help = "\
Examples:
  shelfkeeper pause                      until `shelfkeeper resume`
  shelfkeeper pause --for 2h --reason \"stock taking\"")]
    Pause(PauseArguments),
    /// End a pause: what it has kept is sent now by the daemon, or by the next pass
    Resume,
    /// Show what was changed at NiceChat, when and why, the latest first
    #[command(after_help = "\
Examples:
  shelfkeeper history                    the latest hundred changes
  shelfkeeper history 4711               one product
  shelfkeeper history --since 7d --field price
  shelfkeeper history --kind deleted --format csv > deleted.csv")]
    History(History),
    /// Show the rows of the last feed that are not taken, and what to do about each
    #[command(after_help = "\
Examples:
  shelfkeeper rejected                   for people
  shelfkeeper rejected --format csv > to-mend.csv")]
    Rejected(Rejected),
    /// Show one product's way: its row, what was sent and when, what NiceChat has, what comes next
    ///
    /// The feed is read for it, as it is now. Exits with 1 when nothing is known of the id.
    #[command(after_help = "\
Examples:
  shelfkeeper explain 4711
  shelfkeeper explain 4711 --offline     without asking anybody
  shelfkeeper explain 4711 --format json | jq .next")]
    Explain(Explain),
    /// Show the mirrored Lagerkoll events, or how they changed
    #[command(after_help = "\
Examples:
  shelfkeeper events                     a table
  shelfkeeper events --history           what changed, field by field
  shelfkeeper events --format json | jq '.[].id'
  shelfkeeper events --ics > events.ics  a calendar of those with a time")]
    Events(Events),
    /// Show whether advisors are there, or when they were
    ///
    /// Exits with 3 when it isn't known of a watch that was asked for (without names: of any).
    #[command(after_help = "\
Examples:
  shelfkeeper availability               a line a watch
  shelfkeeper availability sofas && echo \"it is known\"
  shelfkeeper availability --history --days 7
  shelfkeeper availability --by-hour     which hours of a week somebody is there")]
    Availability(Availability),
    /// Show NiceChat's orders, or what was sold by agent, product, category, day or website
    #[command(after_help = "\
Examples:
  shelfkeeper orders --since 7d          one line each
  shelfkeeper orders o-11/170521         one of them
  shelfkeeper orders --by agent --since 2026-01-01 --until 2026-01-31
  shelfkeeper orders --format csv > orders.csv")]
    Orders(Orders),
    /// Show which stores lack NewStore clienteling, and have it set up: this buys numbers, and can't be undone
    ///
    /// Without a command it is `plan`. Nothing of it ever happens by itself.
    #[command(args_conflicts_with_subcommands = true, after_help = newstore::EXAMPLES)]
    Newstore(NewStore),
    /// Copy the state to a new file, also beside a running daemon
    ///
    /// What was bought at NewStore is kept in a file of its own, which is copied to FILE.newstore-TENANT.db.
    ///
    /// To restore it, stop the daemon, put the copy in the state file's place, remove that one's -wal and -shm, give the
    /// copy to the owner of the folder (chown --reference=FOLDER/. FILE) and start the daemon: that it is not the file
    /// that was written last is noticed, and the next pass reads NiceChat's listing before it relies on it. A copy of
    /// newstore-TENANT.db goes beside the state, likewise; of what was bought since it was made nobody knows then.
    Backup(Backup),
    /// Link up with Oct8ne, and print what goes into the shop's pages
    #[command(subcommand)]
    Oct8ne(Oct8neCommand),
    /// Print completions for a shell
    Completions(Completions),
    /// Print the manual page of the program, or of a command
    Man(Man),
    /// Serve an in-memory NiceChat, Lagerkoll, Emplifi, NewStore and feed host, for trying and testing
    Sandbox(Sandbox),
    /// Show the main job on a sample shop, with no set-up, config or network
    Demo,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Make one pass and exit
    #[arg(long)]
    pub once: bool,
    /// Make one pass that reads NiceChat's whole listing first and repairs what drifted, and exit
    #[arg(long)]
    pub resync: bool,
    /// Let the (first) pass through the guard, an empty feed included
    #[arg(long)]
    pub force: bool,
    /// How to print what the one pass came to
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Wait so many seconds for another instance to finish
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=31_536_000))]
    pub lock_wait: u64,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// Plan a resync: read NiceChat's whole listing too
    #[arg(long)]
    pub resync: bool,
    /// Plan as if the guard were told to let everything through
    #[arg(long)]
    pub force: bool,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Exit with 10 when changes are pending
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Read the beginning of the feed, and make one signed read of each configured service, too
    #[arg(long)]
    pub online: bool,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The feed: an address, or the path of a file
    #[arg(long, value_name = "FILE|URL")]
    pub feed: Option<String>,
    /// Where NiceChat is
    #[arg(long, value_name = "URL")]
    pub nicechat: Option<String>,
    /// A file that has the API key already
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// A file that has the API secret already
    #[arg(long, value_name = "FILE")]
    pub api_secret_file: Option<PathBuf>,
    /// Where the state file is going to be
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Ask nothing
    #[arg(long)]
    pub yes: bool,
}

/// What is told of the config.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the settings in force, secrets as ***, and where each comes from
    Dump(Dump),
}

/// Arguments of `config dump`.
#[derive(Debug, Args)]
pub struct Dump {
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `feed`.
#[derive(Debug, Args)]
pub struct Feed {
    /// A file or an http(s) address [default: that of the config which --config names]
    #[arg(value_name = "FILE|URL")]
    pub location: Option<String>,
    /// How to print what is in it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// What the feed is
    #[arg(long = "type", value_enum, default_value_t = TypeChoice::Auto, value_name = "TYPE")]
    pub kind: TypeChoice,
}

/// A feed's format, or to be told from its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TypeChoice {
    /// Told from the content.
    Auto,
    /// Google Merchant, delimited text.
    GoogleCsv,
    /// Google Merchant, RSS or Atom.
    GoogleXml,
    /// Yandex Market's YML.
    Yml,
}

impl From<TypeChoice> for Option<FeedType> {
    fn from(choice: TypeChoice) -> Self {
        match choice {
            TypeChoice::Auto => None,
            TypeChoice::GoogleCsv => Some(FeedType::GoogleCsv),
            TypeChoice::GoogleXml => Some(FeedType::GoogleXml),
            TypeChoice::Yml => Some(FeedType::Yml),
        }
    }
}

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// What is approved, as `plan`, `status` and the log name it
    #[arg(value_name = "DIGEST")]
    pub digest: Option<String>,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// A line for each shop of this machine's units (shelfkeeper@NAME), the worst first; exits as the worst is: 1 when
    /// one can't be read, is stopped or behind, 4 held or paused, 3 rows or objects
    #[arg(long, conflicts_with_all = ["passes", "config", "shop"])]
    pub all: bool,
    /// How many of the last passes to show; the same again and again counts as one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub passes: Option<u32>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `pause`.
#[derive(Debug, Args)]
pub struct PauseArguments {
    /// For how long, such as 90s, 30m or 2h [default: until `resume`]
    #[arg(long = "for", value_name = "TIME", value_parser = time_span)]
    pub lasts: Option<Duration>,
    /// Why, for whoever looks at `status`
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Arguments of `events`.
#[derive(Debug, Args)]
pub struct Events {
    /// Show how the events changed
    #[arg(long)]
    pub history: bool,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write an iCalendar file of the events with a TIME trigger, and say which can't be in it
    #[arg(long, conflicts_with_all = ["history", "format"])]
    pub ics: bool,
}

/// Arguments of `availability`.
#[derive(Debug, Args)]
pub struct Availability {
    /// The watches [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Show how their states changed
    #[arg(long, conflicts_with = "by_hour")]
    pub history: bool,
    /// Show in which hours of a week somebody was there
    #[arg(long)]
    pub by_hour: bool,
    /// Of the last so many days [default: emplifi.history_days]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub days: Option<u32>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Of which command
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Arguments of `sandbox`.
#[derive(Debug, Args)]
pub struct Sandbox {
    /// Where to listen: a loopback address
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
