//! Since when rules of the settings fit on nothing that the feed has.

use std::collections::BTreeMap;

use crate::clock::Stamp;
use crate::state::{Key, Reader, StateError, Writer};

/// By what a rule says.
type Idle = BTreeMap<String, Stamp>;

const IDLE_RULES: Key<Idle> = Key::json("idle_rules");

/// What a rule was good for in a reading of the feed.
#[derive(Debug, Clone)]
pub struct RuleFit {
    /// What it says.
    pub rule: String,
    /// It decided on a row; `None` = nobody knows, as not all rows were parsed.
    pub fits: Option<bool>,
}

/// Reading about rules.
pub trait ReadIdleRules: AsRef<Reader> {
    /// The rules that fitted on nothing when the feed was read last, and since when that is so.
    ///
    /// # Errors
    /// When the file can't be read.
    fn idle_rules(&self) -> Result<Idle, StateError> {
        Ok(self.as_ref().get(&IDLE_RULES)?.unwrap_or_default())
    }
}

impl ReadIdleRules for Reader {}

/// Writing about rules.
pub trait WriteIdleRules: AsRef<Writer> {
    /// Remembers what the rules were good for; those that are no more are forgotten.
    ///
    /// # Errors
    /// When it can't be written.
    fn note_rules(&self, rules: Vec<RuleFit>) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run_lightly(move |transaction| {
            let mut before = IDLE_RULES.get(transaction)?.unwrap_or_default();
            let is_idle = |RuleFit { rule, fits }: RuleFit| {
                let since = before.remove(&rule);
                let since = match fits {
                    Some(true) => None,
                    Some(false) => Some(since.unwrap_or_else(Stamp::now)),
                    None => since,
                };
                since.map(|since| (rule, since))
            };
            let idle: Idle = rules.into_iter().filter_map(is_idle).collect();
            if idle.is_empty() { IDLE_RULES.remove(transaction) } else { IDLE_RULES.set(transaction, &idle) }
        })
    }
}

impl WriteIdleRules for Writer {}
