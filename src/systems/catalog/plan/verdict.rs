//! What of a plan is held, for people and for programs.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Kind;
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::store::ApprovedHash;
use crate::text::{count, number};

/// Examples of a risk.
const EXAMPLES: usize = 20;

/// What the guard holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Another one when one id or value of it is another.
    pub digest: String,
    /// How many objects; `None` = an older version held them, and did not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
    /// Categories that only held products are in: they go, or stay, with them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub categories: u64,
    /// By risk: one object may be held for several, and what went in the last day counts, too.
    pub held: Vec<HeldRisk>,
}

/// What is held for a risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldRisk {
    /// `delete`, `emptied:price` ...
    pub risk: String,
    /// `category` or `product`.
    pub r#type: String,
    /// How many objects.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// The same as a part; `None` where it means nothing.
    pub percent: Option<f64>,
    /// How much would be let through.
    pub limit: Option<u8>,
    /// The first of them.
    pub examples: Option<Vec<Example>>,
}

/// An object of which something is held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Of the object.
    pub id: String,
    /// `None` = all of it.
    pub field: Option<String>,
    /// What it is now.
    pub old: Value,
    /// What it would be.
    pub new: Value,
}

impl HeldRisk {
    /// Of so many objects, with room for examples.
    pub(in crate::systems::catalog) fn new(risk: String, r#type: &str, (count, of): (u64, u64), limit: u8) -> HeldRisk {
        let (limit, examples) = (Some(limit), Some(Vec::new()));
        HeldRisk { risk, r#type: r#type.to_owned(), count, of, percent: percent(count, of), limit, examples }
    }

    /// One of them has somebody's word already.
    pub(in crate::systems::catalog) fn one_less(&mut self) {
        self.count = self.count.saturating_sub(1);
        self.percent = percent(self.count, self.of);
    }

    /// The same, measured otherwise.
    pub(in crate::systems::catalog) fn measured(self, (count, of): (u64, u64)) -> HeldRisk {
        HeldRisk { count, of, percent: percent(count, of), ..self }
    }

    /// Of a whole pass.
    pub(in crate::systems::catalog) fn whole(risk: &str, (count, of): (u64, u64)) -> HeldRisk {
        let (risk, r#type) = (risk.to_owned(), "product".to_owned());
        HeldRisk { risk, r#type, count, of, percent: None, limit: None, examples: None }
    }

    pub(in crate::systems::catalog) fn add_example(&mut self, example: impl FnOnce() -> Example) {
        if let Some(examples) = self.examples.as_mut().filter(|examples| examples.len() < EXAMPLES) {
            examples.push(example());
        }
    }

    /// In words.
    pub fn words(&self) -> String {
        let (count, of, things) = (number(self.count), number(self.of), &self.r#type);
        let would = match self.risk.as_str() {
            "empty_feed" => return format!("the feed has no product that could be taken: {count} of {of} would go"),
            "feed_kind" => return "the feed is of another kind than the last one".to_owned(),
            "delete" => "would go".to_owned(),
            "out_of_stock" => "would go out of stock".to_owned(),
            "price" => "would get another price by a large factor, or another currency".to_owned(),
            risk => format!("would lose their {}", risk.strip_prefix("emptied:").unwrap_or(risk)),
        };
        let plural = if things == "category" { "categories" } else { "products" };
        let percent = self.percent.map(|percent| format!(" ({percent} %)")).unwrap_or_default();
        let limit = self.limit.map(|limit| format!(", more than {limit} %")).unwrap_or_default();
        format!("{count} of {of} {plural}{percent} {would}{limit}")
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One place behind the point.
fn percent(count: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| (count as f64 * 1000.0 / of as f64).round() / 10.0)
}

impl Held {
    /// How many objects are held.
    pub fn objects(&self) -> u64 {
        self.objects.unwrap_or_else(|| self.by_risk())
    }

    fn by_risk(&self) -> u64 {
        self.held.iter().map(|risk| risk.count).fold(0, u64::saturating_add)
    }

    /// How many objects are held, where what is said of the risks doesn't tell.
    pub fn in_all(&self) -> Option<String> {
        let objects = self.objects?;
        let categories = count(self.categories, "category that only", "categories that only");
        let beside = if self.categories > 0 { format!(", and {categories} they are in") } else { String::new() };
        if objects == self.by_risk() && beside.is_empty() {
            return None;
        }
        let counted = count(objects, "object is held", "objects are held") + &beside;
        if objects == self.by_risk() {
            return Some(counted);
        }
        Some(match self.held.as_slice() {
            [one] if one.risk == "delete" && objects < one.count => {
                format!("{counted} now: what went in the last day counts with them")
            }
            _ => format!("{counted} in all, each counted once"),
        })
    }

    /// What is held, in a line.
    pub fn words(&self) -> String {
        let risks: Vec<String> = self.held.iter().map(HeldRisk::words).collect();
        format!("{} (approve {})", risks.join("; "), self.digest)
    }
}

impl Verdict {
    /// For which risks something of products is held.
    pub(in crate::systems::catalog) fn risks_of_products(&self) -> HashSet<Risk> {
        let held = self.held.iter().flat_map(|held| &held.held).filter(|risk| risk.r#type == Kind::Product.name());
        let names: HashSet<&str> = held.map(|risk| risk.risk.as_str()).collect();
        let all = Risk::OF_CHANGES.into_iter().chain([Risk::Delete]);
        all.filter(|risk| names.contains(risk.name().as_str())).collect()
    }

    /// Whether deletions wait for somebody's word.
    pub(in crate::systems::catalog) fn holds_deletions(&self) -> bool {
        self.held.iter().flat_map(|held| &held.held).any(|risk| risk.risk == "delete")
    }
}

/// What the guard says of a plan.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// What waits for somebody's word.
    pub held: Option<Held>,
    /// Nothing of the pass is sent.
    pub(in crate::systems::catalog) is_whole: bool,
    /// What somebody's word lets through, now or in an earlier pass; `None` = what the state has of that.
    pub(in crate::systems::catalog) approved: Option<Vec<ApprovedHash>>,
    /// The digest that somebody had approved when this was said.
    pub(in crate::systems::catalog) word: Option<String>,
}
