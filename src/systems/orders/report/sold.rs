//! What was sold, by agent, product, category, day or website.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::shown::{ShownLine, ShownOrder};
use crate::order::{Sums, shares};

/// By what it is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The shop's people: each counts the order and its pieces, its money is shared.
    Agent,
    /// The product's id.
    Product,
    /// Our category of the product.
    Category,
    /// The day of the order, UTC.
    Day,
    /// The domain.
    Website,
}

impl By {
    /// The name of its column.
    pub fn name(self) -> &'static str {
        match self {
            By::Agent => "agent",
            By::Product => "product",
            By::Category => "category",
            By::Day => "day",
            By::Website => "website",
        }
    }

    /// The name of what its id is called besides.
    pub fn called(self) -> Option<&'static str> {
        match self {
            By::Product => Some("title"),
            By::Category => Some("name"),
            By::Agent | By::Day | By::Website => None,
        }
    }
}

/// What was sold of one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sold {
    /// Which; `None` = nobody, or nobody knows.
    pub key: Option<String>,
    /// What it is called besides.
    pub called: Option<String>,
    /// Orders.
    pub orders: u64,
    /// Distinct chats.
    pub chats: BTreeSet<i64>,
    /// Pieces.
    pub items: u64,
    /// Money.
    pub revenue: Sums,
}

/// Adds up orders.
pub struct SoldBy {
    by: By,
    rows: BTreeMap<Option<String>, Sold>,
}

/// Begins to add up orders.
pub fn sold(by: By) -> SoldBy {
    SoldBy { by, rows: BTreeMap::new() }
}

impl SoldBy {
    /// Adds an order.
    pub fn add(&mut self, order: &ShownOrder) {
        match self.by {
            By::Agent => self.add_agents(order),
            By::Product => self.add_lines(order, |line| (line.id.clone(), line.title.clone())),
            By::Category => self.add_lines(order, |line| (line.category.clone(), line.category_name.clone())),
            By::Day => {
                let day = order.date.map(|date| date.to_zoned(TimeZone::UTC).date().to_string());
                self.add_whole(day, order);
            }
            By::Website => self.add_whole(order.website.clone(), order),
        }
    }

    fn row(&mut self, key: Option<String>, order: &ShownOrder) -> &mut Sold {
        let row = self.rows.entry(key.clone()).or_insert_with(|| Sold { key, ..Sold::default() });
        row.orders += 1;
        row.chats.extend(order.chat);
        row
    }

    fn add_whole(&mut self, key: Option<String>, order: &ShownOrder) {
        let row = self.row(key, order);
        row.items = row.items.saturating_add(items(&order.lines));
        row.revenue.add_all(&order.total);
    }

    fn add_agents(&mut self, order: &ShownOrder) {
        if order.agents.is_empty() {
            return self.add_whole(None, order);
        }
        let shared: Vec<_> = order.total.iter().map(|sum| (sum, shares(sum, order.agents.len()))).collect();
        for (nth, agent) in order.agents.iter().enumerate() {
            let row = self.row(Some(agent.clone()), order);
            row.items = row.items.saturating_add(items(&order.lines));
            for (sum, parts) in &shared {
                parts.get(nth).into_iter().for_each(|part| row.revenue.add(sum.currency.as_deref(), *part));
            }
        }
    }

    /// An order counts once for each of what its lines are.
    fn add_lines(&mut self, order: &ShownOrder, key: impl Fn(&ShownLine) -> (Option<String>, Option<String>)) {
        let mut groups: BTreeMap<Option<String>, Vec<&ShownLine>> = BTreeMap::new();
        order.lines.iter().for_each(|line| groups.entry(key(line).0).or_default().push(line));
        for (group, lines) in groups {
            let row = self.row(group, order);
            for line in lines {
                row.called = key(line).1.or(row.called.take());
                row.items = row.items.saturating_add(line.qty.unwrap_or_default());
                line.amount.into_iter().for_each(|amount| row.revenue.add(line.currency.as_deref(), amount));
            }
        }
    }

    /// The rows: days in their order, all else by how many orders it has; what is nobody's comes last.
    pub fn rows(self) -> Vec<Sold> {
        let mut rows: Vec<Sold> = self.rows.into_values().collect();
        match self.by {
            By::Day => rows.sort_by_key(|row| row.key.is_none()),
            _ => rows.sort_by_key(|row| (row.key.is_none(), Reverse(row.orders))),
        }
        rows
    }
}

fn items(lines: &[ShownLine]) -> u64 {
    lines.iter().filter_map(|line| line.qty).fold(0, u64::saturating_add)
}
