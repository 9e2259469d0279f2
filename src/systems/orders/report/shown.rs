//! An order as it is shown: with the currencies and categories that NiceChat leaves out.

use jiff::Timestamp;
use serde::Serialize;

use crate::catalog::Currency;
use crate::order::{Amount, Line, Sums};
use crate::state::{Reader, StateError};
use crate::systems::orders::Products;
use crate::systems::orders::store::{HeldOrder, Known, Personal};

/// An order for programs (the names are part of the contract).
#[derive(Debug, Clone, Serialize)]
pub struct ShownOrder {
    pub(super) id: i64,
    pub(super) num: Option<String>,
    pub(super) date: Option<Timestamp>,
    pub(super) website: Option<String>,
    pub(super) chat: Option<i64>,
    pub(super) agents: Vec<String>,
    pub(super) lines: Vec<ShownLine>,
    /// What the lines come to.
    pub total: Sums,
    pub(super) first_seen: Timestamp,
    pub(super) gone: Option<Timestamp>,
    pub(super) personal: Option<Personal>,
}

/// A product of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ShownLine {
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) qty: Option<u64>,
    pub(super) price: Option<Amount>,
    pub(super) currency: Option<String>,
    pub(super) category: Option<String>,
    pub(super) url: Option<String>,
    /// The category's name.
    #[serde(skip)]
    pub(super) category_name: Option<String>,
    /// Quantity times price.
    #[serde(skip)]
    pub(super) amount: Option<Amount>,
}

/// Makes orders fit to be shown.
pub struct Shower<'r> {
    /// The state, for what it knows of products.
    pub reader: &'r Reader,
    /// What it knows.
    pub products: Products,
    /// Of what has none.
    pub currency: Option<Currency>,
}

impl Shower<'_> {
    /// Makes one fit to be shown.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn shown(&self, held: HeldOrder) -> Result<ShownOrder, StateError> {
        let HeldOrder { order, known, first_seen, gone, personal } = held;
        let mut then = known.into_iter();
        let lines = order.lines.into_iter().map(|line| self.line(line, then.next().unwrap_or_default()));
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        let mut total = Sums::default();
        for line in &lines {
            line.amount.into_iter().for_each(|amount| total.add(line.currency.as_deref(), amount));
        }
        let (id, num, date, website) = (order.id, order.num, order.date, order.website);
        let (chat, agents) = (order.chat, order.agents);
        Ok(ShownOrder { id, num, date, website, chat, agents, lines, total, first_seen, gone, personal })
    }

    /// `then` = what was known of its product when it came; what wasn't may be by now.
    fn line(&self, line: Line, then: Known) -> Result<ShownLine, StateError> {
        let is_known = then.category.is_some() && (line.currency.is_some() || then.currency.is_some());
        let now = match &line.id {
            Some(id) if !is_known => (self.products)(self.reader, id)?,
            _ => Known::default(),
        };
        let amount = line.amount();
        let default = || self.currency.map(|currency| currency.to_string());
        let (category, category_name) = match then.category {
            Some(category) => (Some(category), then.name),
            None => (now.category, now.name),
        };
        let Line { id, title, qty, price, url, currency, has_odd_currency } = line;
        let other = || then.currency.or(now.currency).or_else(default);
        let currency = if has_odd_currency { None } else { currency.or_else(other) };
        Ok(ShownLine { id, title, qty, price, currency, category, url, category_name, amount })
    }
}
