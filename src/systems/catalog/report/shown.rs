//! What others than NiceChat are shown of a product, for people and for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::catalog::Fields;
use crate::systems::catalog::diff::fields::changes;
use crate::systems::catalog::explain::{InFeed, InShown, Next, Seen};
use crate::systems::catalog::shelf::Stocked;
use crate::text::{difference, one_line, shorten_to, value};

/// Characters of a line behind its indent.
const LINE: usize = 75;

/// The product as it is shown.
pub(super) fn print_shown(shown: &InShown, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nShown by Oct8ne")?;
    let Some(item) = &shown.item else { return writeln!(out, "  Nothing.") };
    for (name, field) in all(&item.fields).iter().filter(|(_, field)| !field.is_null()) {
        writeln!(out, "  {}", shorten_to(&one_line(&format!("{name}: {}", value(field))), LINE))?;
    }
    Ok(())
}

/// What the next pass does with what is shown, in sentences.
pub(super) fn next_lines(feed: &InFeed, shown: &InShown, next: &Next, program: &str) -> Vec<String> {
    let mut lines = change_of_shown(shown, next);
    if lines.is_empty() && !next.is_held {
        lines.push(as_it_is(feed, shown.item.is_some()));
    }
    if next.is_held {
        let digest = feed.held.as_deref().unwrap_or_default();
        lines.push(format!(
            "The guard holds what else the feed says of it until somebody approves it: {program} approve {digest}"
        ));
    }
    lines
}

/// The same where it is another than now; else nothing.
pub(super) fn change_of_shown(shown: &InShown, next: &Next) -> Vec<String> {
    match (&shown.item, &next.item) {
        (Some(old), Some(new)) if all(&old.fields) != all(&new.fields) => changed(old, new),
        (None, Some(_)) => vec!["Shows it.".to_owned()],
        (Some(_), None) => vec!["Shows it no more: the feed has it no more.".to_owned()],
        _ => Vec::new(),
    }
}

fn changed(old: &Stocked, new: &Stocked) -> Vec<String> {
    let (old, mut new) = (all(&old.fields), all(&new.fields));
    // What goes is a change, too.
    old.keys().for_each(|name| _ = new.entry(name.clone()).or_insert(Value::Null));
    let mut lines = vec!["Changes what is shown:".to_owned()];
    lines.extend(changes(&old, &new).iter().map(|(name, new)| {
        let (old, new) = difference(old.get(name).unwrap_or(&Value::Null), new);
        format!("{name}: {old} → {new}")
    }));
    lines
}

fn as_it_is(feed: &InFeed, is_shown: bool) -> String {
    match (feed.rows.first().map(|row| &row.seen), is_shown) {
        (Some(Seen::Rejected(_)), true) => "Nothing: a rejected row leaves the product as it is.".to_owned(),
        (Some(Seen::Rejected(_)), false) => "Nothing: its row is rejected.".to_owned(),
        (Some(Seen::Item(_)), _) => "Nothing: what is shown is what the feed says.".to_owned(),
        (_, false) => "Nothing: it is left out.".to_owned(),
        (_, true) if let Some((since, due)) = feed.missing => {
            format!("Nothing: the feed lacks it since {since:.0}, and it goes {}.", due.words())
        }
        (_, true) => {
            let because = feed.proves_nothing.map(|because| format!(": {because}")).unwrap_or_default();
            format!("Nothing: it stays, although the feed has it no more{because}.")
        }
    }
}

/// What is local among the others, as if it were sent; nothing that is nothing.
fn all(fields: &Fields) -> Fields {
    let mut all = fields.clone();
    if let Some(Value::Object(local)) = all.remove("local") {
        all.extend(local);
    }
    all.retain(|_, value| !value.is_null());
    all
}

/// For programs.
pub(super) fn shown_json(shown: &InShown) -> Value {
    json!(shown.item.as_ref().map(|item| &item.fields))
}
