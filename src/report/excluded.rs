//! Rows that rules leave out, for people and for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::text::{count, number, one_line, shorten};

/// Ids of each rule that are shown.
const SHOWN: usize = 3;
/// Ids of each rule that programs are told.
const TOLD: usize = 1000;

/// Rows that rules leave out, by rule.
#[derive(Debug, Default)]
pub struct Excluded(Vec<ByRule>);

#[derive(Debug)]
struct ByRule {
    /// What the rule asks for, as the settings write it.
    rule: String,
    rows: u64,
    ids: Vec<String>,
}

impl Excluded {
    /// None so far, by these rules.
    pub fn by(rules: impl IntoIterator<Item = String>) -> Excluded {
        Excluded(rules.into_iter().map(|rule| ByRule { rule, rows: 0, ids: Vec::new() }).collect())
    }

    /// One more, by the rule of this number.
    pub fn add(&mut self, rule: usize, id: &str) {
        let Some(by) = self.0.get_mut(rule) else { return };
        by.rows += 1;
        if by.ids.len() < TOLD {
            by.ids.push(id.to_owned());
        }
    }

    /// A line for each rule that leaves rows out.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for (place, by) in self.0.iter().enumerate().filter(|(_, by)| by.rows > 0) {
            let ids: Vec<String> = by.ids.iter().take(SHOWN).map(|id| one_line(&shorten(id))).collect();
            let more = if by.rows > ids.len() as u64 { ", …" } else { "" };
            let (rows, rule) = (count(by.rows, "row", "rows"), number(place as u64 + 1));
            writeln!(out, "Rule {rule} ({}) leaves out {rows}: {}{more}", by.rule, ids.join(", "))?;
        }
        Ok(())
    }

    /// `None` = there are no rules.
    pub(super) fn json(&self) -> Option<Value> {
        let by = self.0.iter().enumerate().filter(|(_, by)| by.rows > 0);
        let by = by.map(|(place, by)| json!({"rule": place + 1, "fits": by.rule, "count": by.rows, "ids": by.ids}));
        (!self.0.is_empty()).then(|| by.collect())
    }
}
