//! An event in words, for whoever keeps a shop: what happened, what it means, and what to do.

use bytesize::ByteSize;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::order;
use super::sheet::ToMend;
use crate::config::Caller;
use crate::outbox::EventKind;
use crate::text::{count, number, plain, wrap};

/// The longest subject, in characters.
const SUBJECT: usize = 120;
/// The longest text of an event's in one place.
const LONGEST: usize = 2_000;
/// Who tells, where the shop has no name.
const NAMELESS: &str = "shelfkeeper";

/// An event as it stands in the outbox.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    #[serde(rename = "type")]
    kind: String,
    pub(super) at: Timestamp,
    data: Value,
    /// How the shop's commands are called.
    #[serde(skip)]
    caller: Option<Caller>,
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    /// In one line, of what anybody can see.
    pub(super) subject: String,
    pub(super) text: String,
}

/// The part of a letter that is different from event to event.
struct Words {
    subject: String,
    parts: Vec<String>,
}

impl Event {
    /// Reads one of a shop whose commands are called so.
    pub(super) fn read(body: &str, caller: &Caller) -> Result<Event, serde_json::Error> {
        Ok(Event { caller: Some(caller.clone()), ..serde_json::from_str(body)? })
    }

    fn kind(&self) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.name() == self.kind)
    }

    fn is_over(&self) -> bool {
        self.data["over"] == true
    }

    /// Whether it says that rows are to be mended.
    pub(super) fn is_of_rows(&self) -> bool {
        self.kind() == Some(EventKind::RowsRejected) && !self.is_over()
    }

    /// In words; `sheet` = what is to be mended now, or why nobody knows.
    pub(super) fn letter(&self, shop: Option<&str>, sheet: Result<&Option<ToMend>, &str>) -> Letter {
        let named = self.text("shop").or_else(|| shop.map(|shop| plain(shop, SUBJECT)));
        let shop = named.unwrap_or_else(|| NAMELESS.to_owned());
        let Words { subject, parts } = self.words(sheet);
        // What looks like an encoded word would be decoded (RFC 2047).
        let subject = plain(&format!("[{shop}] {subject}").replace("=?", "= ?"), SUBJECT);
        let mut text = parts.join("\n");
        let (at, id) = (moment(self.at), plain(&self.id, SUBJECT));
        text += &format!("\n-- \nshelfkeeper for {shop}, {at}, event {id} ({})\n", plain(&self.kind, SUBJECT));
        Letter { subject, text }
    }

    fn words(&self, sheet: Result<&Option<ToMend>, &str>) -> Words {
        let is_over = self.is_over();
        if let Some(reason) = self.text("reason").filter(|_| is_over) {
            return self.not_watched(&reason);
        }
        match self.kind() {
            Some(EventKind::PassFailed) => self.failed(),
            Some(EventKind::PassRecovered) => self.recovered(),
            Some(EventKind::PassHeld) if is_over => self
                .good("Nothing waits for your word any more", "What was held back was approved, or is wanted no more."),
            Some(EventKind::PassHeld) => self.held(),
            Some(EventKind::RowsRejected) if is_over => {
                self.good("All rows of the feed are fine again", "Every row of the feed can be taken.")
            }
            Some(EventKind::RowsRejected) => self.rejected(sheet),
            Some(EventKind::ObjectsRefused) if is_over => {
                self.good("Nothing is refused any more", "Everything that was refused was taken, or is wanted no more.")
            }
            Some(EventKind::ObjectsRefused) => self.refused(),
            Some(EventKind::SyncStale) if is_over => {
                self.good(&format!("{} is up to date again", capital(self.what())), "A pass went well again.")
            }
            Some(EventKind::SyncStale) => self.stale(),
            Some(EventKind::DiskLow) if is_over => {
                self.good("The disk has room again", "shelfkeeper can write down what it does.")
            }
            Some(EventKind::DiskLow) => self.disk(),
            Some(EventKind::OrderNew) => {
                let (name, parts) = order::words(&self.data, "An order came in by chat.");
                Words { subject: format!("New order {name}"), parts }
            }
            Some(EventKind::OrderGone) => {
                let (name, parts) =
                    order::words(&self.data, "This order is listed no more: it was taken back, or deleted.");
                Words { subject: format!("Order {name} is gone"), parts }
            }
            Some(EventKind::AvailabilityChanged) => self.availability(),
            None => Words {
                subject: plain(&self.kind, SUBJECT),
                parts: vec![wrap(&plain(&self.data.to_string(), LONGEST), "")],
            },
        }
    }

    fn failed(&self) -> Words {
        let (what, failures) = (self.what(), self.number("failures"));
        let passes = |one: &str| if failures == "1" { one.to_owned() } else { format!("{failures} passes") };
        let parts = vec![
            wrap(&format!("The last {} over {what} failed{}.", passes("pass"), self.since(", since")), ""),
            self.reason(),
            wrap(
                &format!(
                    "What it means: {what} may be out of date; what was not done waits. It is tried again with every pass, \
                     and you are told when one goes well."
                ),
                "",
            ),
            self.todo(
                "`shelfkeeper status` shows how things stand, and `shelfkeeper check --online` who does not answer.",
            ),
        ];
        Words { subject: format!("{} can't be kept up to date: {} failed", capital(what), passes("1 pass")), parts }
    }

    fn recovered(&self) -> Words {
        let (what, failures) = (self.what(), self.number("failures"));
        let told = format!("Good news: a pass over {what} went well again, after {failures} that failed");
        let told = format!("{told}{}.", self.since(", since"));
        Words {
            subject: format!("{} is kept up to date again", capital(what)),
            parts: vec![wrap(&told, ""), nothing_to_do()],
        }
    }

    fn held(&self) -> Words {
        let command = self.text("command").unwrap_or_else(|| "shelfkeeper plan".to_owned());
        let parts = vec![
            wrap(&format!("Something is held back, as it looks like a mistake{}.", self.since(", since")), ""),
            self.reason(),
            wrap(
                &self.typed(
                    "What it means: what is in doubt waits, and nothing of it is lost. `shelfkeeper status` tells what was \
                     sent.",
                ),
                "",
            ),
            self.todo(
                "if the feed is wrong, mend it: then there is nothing to be approved. If it is right (`shelfkeeper plan` \
                  shows all of it), have it done by",
            ),
            format!("    {command}\n"),
        ];
        Words { subject: format!("Changes of {} wait for your word", self.what()), parts }
    }

    fn rejected(&self, sheet: Result<&Option<ToMend>, &str>) -> Words {
        let rows = self.data["rejected"].as_u64().unwrap_or_default();
        let before = self.data["before"].as_u64().filter(|before| *before > 0);
        let before = before.map(|before| format!(" ({} were known)", number(before))).unwrap_or_default();
        let rows = count(rows, "row of the feed", "rows of the feed");
        let mut parts = vec![
            wrap(&format!("{rows} can't be taken{before}{}.", self.since(", since")), ""),
            wrap(
                "What it means: all other rows are kept up to date as ever. The products of these rows stay as they were; new \
                 ones do not show up until their row is mended.",
                "",
            ),
            self.todo("mend these rows in the shop, or whatever writes the feed. The next pass takes them."),
        ];
        match sheet {
            Ok(Some(found)) => {
                let (rows, attached) = found.rows;
                let all = "`shelfkeeper rejected --format csv` has all of them";
                let file = match attached < rows {
                    true => {
                        format!("The first {} of {} are in the attached file; {all}.", number(attached), number(rows))
                    }
                    false => "The attached file has all of them, and opens in a spreadsheet.".to_owned(),
                };
                parts.push(wrap(&self.typed(&file), ""));
                parts.push(found.words.clone());
            }
            Ok(None) => parts.push(wrap("Meanwhile none of them is left.", "")),
            Err(error) => parts.push(wrap(&format!("Which ones can't be told: {}.", plain(error, LONGEST)), "")),
        }
        let need = if self.data["rejected"] == 1 { "needs" } else { "need" };
        Words { subject: format!("{rows} {need} fixing"), parts }
    }

    fn refused(&self) -> Words {
        let refused = self.data["refused"].as_u64().unwrap_or_default();
        let parts = vec![
            wrap(
                &format!(
                    "{} refused by the service{}.",
                    count(refused, "object is", "objects are"),
                    self.since(", since")
                ),
                "",
            ),
            wrap("What it means: these stay as they were, all others are kept up to date as ever.", ""),
            self.todo("`shelfkeeper status` lists them, with what the service says of each."),
        ];
        Words { subject: format!("{} refused", count(refused, "object is", "objects are")), parts }
    }

    fn stale(&self) -> Words {
        let what = self.what();
        let schedule =
            self.text("schedule").map(|schedule| format!(", though one is due {schedule}")).unwrap_or_default();
        let mut parts =
            vec![wrap(&format!("There was no good pass over {what}{}{schedule}.", self.since(", since")), "")];
        if self.data["reason"].is_string() {
            parts.push(self.reason());
        }
        parts.push(wrap(&format!("What it means: {what} may be out of date."), ""));
        let has_unit = self.caller.as_ref().is_some_and(|caller| caller.unit.is_some());
        let runs = if has_unit { ", and `systemctl status shelfkeeper` whether it runs" } else { "" };
        parts.push(self.todo(&format!("`shelfkeeper status` shows how things stand{runs}.")));
        Words { subject: format!("{} is out of date", capital(what)), parts }
    }

    fn disk(&self) -> Words {
        let size =
            |name: &str| self.data[name].as_u64().map_or_else(|| "?".to_owned(), |bytes| ByteSize(bytes).to_string());
        let (free, total) = (size("free_bytes"), size("total_bytes"));
        let parts = vec![
            wrap(&format!("The disk that has the state is nearly full: {free} of {total} are free."), ""),
            wrap("What it means: when it is full, nothing is sent any more, as nothing can be written down.", ""),
            self.todo("make room on the server."),
        ];
        Words { subject: format!("The disk is nearly full: {free} are free"), parts }
    }

    fn availability(&self) -> Words {
        let watch = self.text("watch").unwrap_or_else(|| "?".to_owned());
        let state = match self.data["state"].as_str() {
            Some("available") => "somebody is there",
            Some("not_available") => "nobody is there",
            _ => "nobody knows whether somebody is there",
        };
        let told = wrap(&format!("{watch}: {state}{}.", self.since(", since")), "");
        Words { subject: format!("{watch}: {state}"), parts: vec![told] }
    }

    /// What was told is over, and not because it was put right.
    fn not_watched(&self, reason: &str) -> Words {
        let told = format!("What you were told of {} is not watched any more: {reason}.", self.what());
        Words {
            subject: format!("{} is not watched any more", capital(self.what())),
            parts: vec![wrap(&told, ""), nothing_to_do()],
        }
    }

    /// That something is over.
    fn good(&self, subject: &str, told: &str) -> Words {
        let since = self.since("; it had begun at");
        let told = format!("Good news: {}{}{since}.", told[..1].to_lowercase(), told[1..].trim_end_matches('.'));
        Words { subject: subject.to_owned(), parts: vec![wrap(&told, ""), nothing_to_do()] }
    }

    fn reason(&self) -> String {
        wrap(&format!("Why: {}", self.text("reason").unwrap_or_else(|| "nobody knows".to_owned())), "")
    }

    fn todo(&self, what: &str) -> String {
        wrap(&format!("What to do: {}", self.typed(what)), "")
    }

    /// With commands as they are to be typed for the shop.
    fn typed(&self, words: &str) -> String {
        self.caller.as_ref().map_or_else(|| words.to_owned(), |caller| caller.typed(words))
    }

    /// What its job keeps up to date.
    fn what(&self) -> &'static str {
        match self.data["job"].as_str() {
            Some("orders") => "the list of orders",
            Some("events") => "the list of events",
            Some("oct8ne") => "what Oct8ne shows",
            Some("availability") => "who is there",
            _ => "the catalog",
        }
    }

    fn since(&self, word: &str) -> String {
        let since = self.data["since"].as_str().and_then(|since| since.parse().ok());
        since.map(|since| format!("{word} {}", moment(since))).unwrap_or_default()
    }

    fn number(&self, name: &str) -> String {
        self.data[name].as_u64().map_or_else(|| "?".to_owned(), number)
    }

    /// A text of its own, in one line; `None` = it has none.
    fn text(&self, name: &str) -> Option<String> {
        Some(plain(self.data[name].as_str()?, LONGEST)).filter(|text| !text.is_empty())
    }
}

fn nothing_to_do() -> String {
    wrap("There is nothing to do.", "")
}

pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn capital(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}
