//! A plan of the catalog, for people and for programs.

use std::io::{self, Write};
use std::sync::PoisonError;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::catalog::{Fields, Kind};
use crate::pass::{Counts, EachOperation, Planned};
use crate::report::{strange_stock, unknown_columns};
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::store::Missing;
use crate::systems::catalog::{
    Action, Address, ChosenStrategy, Cost, Decision, Example, GoneColumn, Held, HeldRisk, Operation, Plan,
    PlanStoreError, Summary, Urgency,
};
use crate::text::{WIDTH, count, difference, fold, number, one_line, shorten, shorten_to, span, value};

/// How many operations of a group a person is shown.
const SHOWN: usize = 50;
/// How many examples of what is held.
const HELD_SHOWN: usize = 5;

struct Trouble(io::Error);

impl From<PlanStoreError> for Trouble {
    fn from(error: PlanStoreError) -> Self {
        Trouble(io::Error::other(error))
    }
}

/// Prints a plan: a summary, then the changes in groups.
///
/// # Errors
/// When it can't be printed, or the plan not be read.
pub(crate) fn plan_text(plan: &Plan, program: &str, out: &mut dyn Write) -> io::Result<()> {
    let summary = &plan.summary;
    writeln!(out, "{}", headline(plan))?;
    source_lines(summary).iter().try_for_each(|line| writeln!(out, "{line}"))?;
    if let Some(held) = &plan.verdict.held {
        writeln!(out)?;
        write!(out, "{}", held_text(held, HELD_SHOWN))?;
        let rest = if plan.verdict.is_whole { "Nothing is sent" } else { "It stays as it is; the rest is sent" };
        writeln!(out, "{rest}. To let it through:\n  {program} approve {} (or --force)", held.digest)?;
    }
    slips(plan).map_or(Ok(()), |told| writeln!(out, "{told}"))?;
    if summary.sent() > 0 {
        writeln!(out, "{}", way_line(&plan.decision))?;
    }
    let store = plan.store.lock().unwrap_or_else(PoisonError::into_inner);
    for (group, count) in store.groups() {
        let operations = store.first(group, SHOWN).map_err(io::Error::other)?;
        let Some(first) = operations.first() else { continue };
        let again = if group.is_late { ", tried again" } else { "" };
        writeln!(out, "\n{}{again} ({})", title(first), number(count))?;
        operations.iter().take(usize::try_from(count).unwrap_or(SHOWN)).try_for_each(|one| print(one, out))?;
        if let Some(hidden) = count.checked_sub(SHOWN as u64).filter(|hidden| *hidden > 0) {
            writeln!(out, "  … and {} more; --format json has them all", number(hidden))?;
        }
    }
    Ok(())
}

/// What is held, with so many examples of each risk.
pub fn held_text(held: &Held, examples: usize) -> String {
    let mut lines = vec![format!("HELD by the guard ({}):", held.digest)];
    for risk in &held.held {
        lines.push(fold(&format!("  {}", risk.words()), 4));
        for Example { id, field, old, new } in risk.examples.iter().flatten().take(examples) {
            let id = one_line(id);
            lines.push(match field {
                Some(field) => {
                    let (old, new) = difference(old, new);
                    fold(&format!("    {id}  {field} {old} → {new}"), 6)
                }
                None => format!("    - {id}  {}", shorten(&one_line(old.as_str().unwrap_or_default()))),
            });
        }
    }
    lines.extend(held.in_all().map(|words| fold(&format!("  {words}."), 4)));
    lines
        .into_iter()
        .map(|line| {
            line + "
"
        })
        .collect()
}

/// What the pass would do, in a line.
fn headline(plan: &Plan) -> String {
    let summary = &plan.summary;
    if summary.sent() == 0 && (summary.held_back > 0 || summary.unproven_because.is_some()) {
        return "Nothing to send.".to_owned();
    }
    if let Some(held) = plan.verdict.held.as_ref().filter(|_| summary.sent() == 0) {
        let risks: Vec<String> = held.held.iter().map(HeldRisk::words).collect();
        return format!("Held: {}.", risks.join("; "));
    }
    if summary.sent() == 0 {
        return "Nothing to do: NiceChat has what the feed says.".to_owned();
    }
    let parts = [
        (summary.both(|tally| tally.create), "to create"),
        (summary.both(|tally| tally.update), "to change"),
        (summary.both(|tally| tally.disable), "to disable"),
        (summary.both(|tally| tally.delete), "to delete"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", number(*n))).collect();
    let requests = match &plan.decision {
        // What it leaves isn't known before.
        Decision { strategy: ChosenStrategy::Import(_), import: Some(cost), .. } => {
            format!("by an import, about {}", count(cost.requests, "request", "requests"))
        }
        _ => count(summary.sent(), "request", "requests"),
    };
    let beside = if plan.verdict.held.is_some() { ", beside what is held" } else { "" };
    format!("Plan: {} ({requests}){beside}.", parts.join(", "))
}

/// Which way the changes go, and why.
fn way_line(decision: &Decision) -> String {
    let (taken, other, by, by_other) = match &decision.strategy {
        ChosenStrategy::Api => (Some(decision.api), decision.import, "the API", "an import"),
        ChosenStrategy::Import(address) => {
            let by = match address {
                Address::Source(..) => "an import of the feed where it is, with what it leaves sent by the API",
                Address::Ours(_) => "an import of the feed from here, with what it leaves sent by the API",
            };
            (decision.import, Some(decision.api), by, "the API alone")
        }
    };
    let costs = taken.map(|cost| format!(", {}", expected(cost))).unwrap_or_default();
    let why = match (&decision.reason, other) {
        (Some(reason), _) => format!("; {reason}"),
        (None, Some(other)) => format!("; {by_other} would take {}", expected(other)),
        (None, None) => String::new(),
    };
    format!("By {by}{costs}{why}.")
}

fn expected(cost: Cost) -> String {
    if cost.requests == 0 {
        return "no requests".to_owned();
    }
    let requests = count(cost.requests, "request", "requests");
    let time = Duration::try_from_secs_f64(cost.seconds).unwrap_or_default();
    // One that nobody has timed yet would be promised to take none.
    if time.as_millis() == 0 { format!("about {requests}") } else { format!("about {requests} in {}", span(time)) }
}

fn cost_json(cost: Cost) -> Value {
    json!({"requests": cost.requests, "seconds": (cost.seconds * 1000.0).round() / 1000.0})
}

/// What the feed has, a line for each thing to be said of it.
fn source_lines(summary: &Summary) -> Vec<String> {
    let mut lines =
        vec![format!("Feed: {}, {} unchanged.", count(summary.items, "item", "items"), number(summary.unchanged))];
    if summary.rejected > 0 {
        lines.push(format!("{} rejected: {}.", count(summary.rejected, "row", "rows"), summary.faults));
    }
    lines.extend(gone(summary));
    lines.extend(misspelt(summary));
    lines.extend(excluded(summary));
    if summary.set_aside > 0 {
        let products = count(summary.set_aside, "product", "products");
        lines.push(format!("NiceChat refuses {products}; `status` says why."));
    }
    lines.extend(Some(summary.held_back).filter(|n| *n > 0).map(held_back));
    lines.extend(waiting(summary));
    lines.extend(unproven(summary));
    lines.extend(strange_stock(&summary.strange_stock));
    if summary.currency_assumed > 0 {
        let prices = count(summary.currency_assumed, "price", "prices");
        lines.push(format!("{prices} without a currency got default_currency."));
    }
    lines
}

/// Columns that the last feed had.
pub(super) fn gone(summary: &Summary) -> Option<String> {
    let gone: Vec<String> = summary.gone.iter().map(GoneColumn::words).collect();
    (!gone.is_empty()).then(|| format!("Missing: {}.", gone.join("; ")))
}

/// Columns that may be meant to be those.
pub(super) fn misspelt(summary: &Summary) -> Option<String> {
    unknown_columns(summary.misspelt.iter().map(|(name, meant)| (name.as_str(), *meant)))
}

/// What the rules leave out.
pub(super) fn excluded(summary: &Summary) -> Option<String> {
    let rows = Some(summary.excluded).filter(|rows| *rows > 0)?;
    Some(format!("[[source.rule]] leaves out {}.", count(rows, "row", "rows")))
}

/// What is missed and not deleted yet, as the settings want it.
pub(super) fn waiting(summary: &Summary) -> Option<String> {
    let missed = Some(summary.waiting).filter(|missed| *missed > 0)?;
    let products = count(missed, "product is", "products are");
    let until = match summary.waiting_until {
        Some(at) => format!("the first is deleted on {at:.0} if it doesn't come back"),
        None => "another feed has to lack them, too".to_owned(),
    };
    Some(format!("{products} missing and not deleted yet: {until}."))
}

/// Why objects that are missed are not deleted.
pub(super) fn held_back(n: u64) -> String {
    let missed = count(n, "object is", "objects are");
    format!("{missed} missed but not deleted: a row too broken to tell its id may be theirs.")
}

/// What was left undone because nothing proves the feed's end, and why.
pub(crate) fn unproven(summary: &Summary) -> Option<String> {
    let because = summary.unproven_because?;
    let missed = Some(summary.unproven).filter(|n| *n > 0);
    let missed = missed.map(|n| format!("nothing is deleted ({} missed)", count(n, "object is", "objects are")));
    let row = summary.left_last_row.then(|| "its last row, which has no line end, is left".to_owned());
    let left: Vec<String> = missed.into_iter().chain(row).collect();
    Some(format!("The feed's end is not proven: {because}; {}.", left.join(", and ")))
}

fn title(operation: &Operation) -> &'static str {
    match (operation.kind, operation.action, operation.urgency()) {
        (Kind::Category, Action::Create, _) => "Categories to create",
        (Kind::Category, Action::Delete, _) => "Categories to delete",
        (Kind::Category, Action::Disable, _) => "Categories to disable",
        (Kind::Category, ..) => "Categories to change",
        (Kind::Product, Action::Create, _) => "Products to create",
        (Kind::Product, Action::Delete, _) => "Products to delete",
        (Kind::Product, _, Urgency::OutOfStock) => "Products gone out of stock",
        (Kind::Product, _, Urgency::Price) => "Products with another price",
        (Kind::Product, ..) => "Products to change",
    }
}

fn print(operation: &Operation, out: &mut dyn Write) -> io::Result<()> {
    let name = |fields: &Fields| {
        let name = fields.get("title").or_else(|| fields.get("name")).and_then(|name| name.as_str());
        name.map(|name| format!("  {}", shorten(&one_line(name)))).unwrap_or_default()
    };
    // Of what somebody else made, anything may be the name.
    let id = one_line(operation.id.as_str());
    match operation.action {
        Action::Create => {
            let price = operation.send.get("price").map(|price| {
                let currency = operation.send.get("currency").and_then(|code| code.as_str()).unwrap_or_default();
                format!("  {price} {currency}")
            });
            let price = price.unwrap_or_default();
            // Of what is long the name is the part that can be done without.
            let taken = 4 + id.chars().count() + price.chars().count();
            let name = name(&operation.send);
            let name = if taken + name.chars().count() > WIDTH { shorten_to(&name, room(taken)) } else { name };
            writeln!(out, "  + {id}{name}{}", price.trim_end())
        }
        Action::Delete | Action::Disable => writeln!(out, "  - {id}{}", name(&operation.old)),
        Action::Update | Action::RecordOnly => {
            let known = operation.record.as_ref().map(|record| name(&record.acked)).unwrap_or_default();
            writeln!(out, "  ~ {id}{known}")?;
            operation.changes().try_for_each(|(field, old, new)| {
                let (old, new) = old.map_or_else(|| ("unknown".to_owned(), value(new)), |old| difference(old, new));
                let new = format!("{new}{}", slip(operation, field));
                print_change(&format!("      {field:<12} "), &old, &new, out)
            })
        }
    }
}

/// What stands behind a field of a product whose price slipped.
fn slip(operation: &Operation, field: &str) -> &'static str {
    let is_another_currency = operation.send.contains_key("currency");
    match field {
        _ if !operation.risks.has(Risk::Price) => "",
        "currency" => "  (!) another currency",
        "price" if !is_another_currency => "  (!) by a large factor",
        _ => "",
    }
}

/// Prices that are more likely to be a mistake than meant, however few.
fn slips(plan: &Plan) -> Option<String> {
    let is_held = |held: &Held| held.held.iter().any(|risk| risk.risk == Risk::Price.name());
    let count = Some(plan.summary.risks.of(Risk::Price)).filter(|count| *count > 0)?;
    if plan.verdict.held.as_ref().is_some_and(is_held) {
        return None;
    }
    let (prices, change, get) = if count == 1 { ("price", "changes", "gets") } else { ("prices", "change", "get") };
    Some(format!(
        "{} {prices} {change} by a large factor (guard.price_factor) or {get} another currency: see (!) below.",
        number(count)
    ))
}

/// What is left of a line of a terminal for a text that loses its middle to fit.
fn room(taken: usize) -> usize {
    WIDTH.saturating_sub(taken + 3).max(20)
}

/// A field that changes; in two lines where one is too long.
fn print_change(begin: &str, old: &str, new: &str, out: &mut dyn Write) -> io::Result<()> {
    let width = begin.chars().count();
    if width + old.chars().count() + new.chars().count() + 3 <= WIDTH {
        return writeln!(out, "{begin}{old} → {new}");
    }
    writeln!(out, "{begin}{old}\n{:>width$}{new}", "→ ")
}

/// A plan of the catalog among those of other systems.
pub(crate) struct PlannedCatalog(pub(crate) Plan);

impl Planned for PlannedCatalog {
    fn print(&self, program: &str, out: &mut dyn Write) -> io::Result<()> {
        plan_text(&self.0, program, out)
    }

    fn each_operation(&self, each: EachOperation<'_>) -> io::Result<()> {
        let store = self.0.store.lock().unwrap_or_else(PoisonError::into_inner);
        let given = store.each_operation(|operation| each(&operation.to_json()).map_err(Trouble));
        given.map_err(|Trouble(error)| error)
    }

    fn each_held_operation(&self, each: EachOperation<'_>) -> io::Result<()> {
        let store = self.0.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.each_held(|operation| each(&operation.to_json()).map_err(Trouble)).map_err(|Trouble(error)| error)
    }

    fn counts(&self) -> Counts {
        let summary = &self.0.summary;
        Counts {
            create: summary.both(|tally| tally.create),
            update: summary.both(|tally| tally.update),
            delete: summary.both(|tally| tally.delete),
            disable: summary.both(|tally| tally.disable),
        }
    }

    fn changes(&self) -> u64 {
        self.0.summary.sent()
    }

    fn guard(&self) -> Option<Value> {
        self.0.verdict.held.as_ref().map(|held| json!(held))
    }

    fn fields(&self) -> Map<String, Value> {
        let Plan { summary, decision, missing, .. } = &self.0;
        let mut source = json!({"items": summary.items, "rejected": summary.rejected, "unchanged": summary.unchanged});
        if summary.excluded > 0 {
            source["excluded"] = summary.excluded.into();
        }
        if summary.strange_stock.total() > 0 {
            source["unknown_availability"] = json!(summary.strange_stock.counts());
        }
        if !summary.gone.is_empty() {
            source["missing_columns"] = json!(summary.gone);
        }
        if !summary.misspelt.is_empty() {
            source["unknown_columns"] = summary.misspelt.iter().map(|(name, _)| name.as_str()).collect();
        }
        if let Some(because) = summary.unproven_because {
            source["unproven"] = json!(because);
        }
        if let Some(missing) = missing.as_ref().filter(|missing| !missing.is_empty()) {
            let one = |one: &Missing| json!({"id": one.id, "since": one.since.at, "feeds": one.feeds});
            source["missing"] = missing.iter().map(one).collect();
        }
        let strategy = match decision.strategy {
            ChosenStrategy::Api => "api",
            ChosenStrategy::Import(_) => "import",
        };
        let why = json!({
            "reason": way_line(decision),
            "api": cost_json(decision.api),
            "import": decision.import.map(cost_json),
        });
        let fields = [("source", source), ("strategy", json!(strategy)), ("why", why)];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
