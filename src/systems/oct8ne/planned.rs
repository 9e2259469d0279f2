//! What the next pass changes of what is shown, where there is no NiceChat.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::pass::Planned;
use crate::remote::Limits;
use crate::state::Reader;
use crate::systems::catalog::{PassError, Preview, Showing, body, held_text};
use crate::task;
use crate::text::{count, number};

/// Examples of what is held.
const HELD_SHOWN: usize = 5;

/// See the module.
pub(super) struct PlannedShown(Preview);

/// Plans a pass; `None` = the settings want none. It has nothing to write with.
pub(super) async fn plan(
    config: &Config,
    (limits, force): (&Limits, bool),
    stop: &CancellationToken,
) -> Option<Result<PlannedShown, PassError>> {
    let showing = Showing::of(config)?;
    let run = async {
        let state = Reader::open(&showing.state)?;
        let hasher = state.hasher().clone();
        let body = tokio::select! {
            body = body(limits.clients(), &showing.source, &hasher) => body?,
            () = stop.cancelled() => return Err(PassError::Interrupted),
        };
        task::blocking(move || showing.preview(&state, &body, force, None)).await?
    };
    Some(run.await.map(PlannedShown))
}

impl Planned for PlannedShown {
    fn print(&self, program: &str, out: &mut dyn Write) -> io::Result<()> {
        let Preview { taken, rejected, excluded, new, changed, gone, waiting, held, is_whole, .. } = &self.0;
        let parts = [(new, "to show"), (changed, "to change"), (gone, "to show no more")];
        let parts: Vec<String> =
            parts.iter().filter(|(n, _)| **n > 0).map(|(n, what)| format!("{} {what}", number(**n))).collect();
        match (is_whole, parts.is_empty()) {
            (true, _) => writeln!(out, "Held: what is shown stays as it is.")?,
            (false, true) => writeln!(out, "Nothing to do: what is shown is what the feed says.")?,
            (false, false) => writeln!(out, "Plan: {} (nothing is sent).", parts.join(", "))?,
        }
        writeln!(out, "Feed: {}.", count(*taken, "item", "items"))?;
        if *rejected > 0 {
            writeln!(out, "{} rejected: `{program} feed` says why.", count(*rejected, "row", "rows"))?;
        }
        if *excluded > 0 {
            writeln!(out, "[[source.rule]] leaves out {}.", count(*excluded, "row", "rows"))?;
        }
        if *waiting > 0 {
            writeln!(out, "{} missing, and wait before they go.", count(*waiting, "product is", "products are"))?;
        }
        if self.0.proves_nothing {
            writeln!(out, "Nothing proves that the feed is whole: what it lacks stays.")?;
        }
        let Some(held) = held else { return Ok(()) };
        write!(out, "\n{}", held_text(held, HELD_SHOWN))?;
        let rest = if *is_whole { "Nothing else is shown" } else { "It stays as it is; the rest is shown" };
        writeln!(out, "{rest}. To let it through:\n  {program} approve {} (or --force)", held.digest)
    }

    fn changes(&self) -> u64 {
        self.0.new + self.0.changed + self.0.gone
    }

    fn guard(&self) -> Option<Value> {
        self.0.held.as_ref().map(|held| json!(held))
    }

    fn fields(&self) -> Map<String, Value> {
        let Preview { taken, rejected, excluded, new, changed, gone, waiting, .. } = &self.0;
        let source = json!({"items": taken, "rejected": rejected, "excluded": excluded,
                            "unchanged": taken.saturating_sub(new + changed)});
        let shown = json!({"new": new, "changed": changed, "gone": gone, "waiting": waiting});
        Map::from_iter([("source".to_owned(), source), ("shown".to_owned(), shown)])
    }
}
