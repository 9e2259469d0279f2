//! Writes a made-up feed of any size, for benchmarks and for trying things out.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use sandbox::Catalog;

/// Writes a made-up feed; the same options give the same bytes.
///
/// For a changed version of a feed give --changed and leave the other options as they are:
///
///     feedgen --items 100000 --out before.tsv
///     feedgen --items 100000 --changed 1 --out after.tsv
#[derive(Parser)]
#[command(name = "feedgen", verbatim_doc_comment)]
struct Args {
    /// How many items
    #[arg(long, default_value_t = 1000, value_name = "N")]
    items: usize,
    /// What to write: a tab-separated Google Merchant feed, or YML
    #[arg(long, value_enum, default_value_t = Format::Tsv)]
    format: Format,
    /// How many percent of the items differ from the feed without this option: three fifths of them
    /// have another price, stock or title, a fifth is gone, a fifth is new
    #[arg(long, default_value_t = 0.0, value_name = "PCT", value_parser = percent)]
    changed: f64,
    /// Another number makes another catalog
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// Write the items in another order
    #[arg(long)]
    shuffle: bool,
    /// Where to write; - is standard output
    #[arg(long, default_value = "-", value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Tsv,
    Yml,
}

fn percent(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=100.0).contains(&number) { Ok(number) } else { Err("must be 0 to 100".to_owned()) }
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if args.out == Path::new("-") {
        let written = write(&args, BufWriter::new(io::stdout().lock()));
        return quiet_when_unread(written).context("can't write to standard output");
    }
    File::create(&args.out)
        .and_then(|file| write(&args, BufWriter::new(file)))
        .with_context(|| format!("can't write {}", args.out.display()))
}

fn write(args: &Args, mut out: impl Write) -> io::Result<()> {
    let catalog = Catalog { seed: args.seed, items: args.items, changed: args.changed, shuffled: args.shuffle };
    match args.format {
        Format::Tsv => catalog.write_tsv(&mut out)?,
        Format::Yml => catalog.write_yml(&mut out)?,
    }
    out.flush()
}

/// `feedgen | head` ends when head has enough, and that is no error.
fn quiet_when_unread(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
