//! NiceChat's orders, which nobody can write by its API: a shop's pages make them.

use serde_json::Value;

/// All orders, in the order in which they came. Each may be any JSON: what NiceChat lists is its own business.
#[derive(Debug, Default)]
pub(super) struct Orders(Vec<Value>);

impl Orders {
    pub(super) fn all(&self) -> &[Value] {
        &self.0
    }

    /// Adds an order; one with its id is replaced where it stands.
    pub(super) fn put(&mut self, order: Value) {
        let same = order.get("id").and_then(|id| self.position(id));
        match same.and_then(|at| self.0.get_mut(at)) {
            Some(place) => *place = order,
            None => self.0.push(order),
        }
    }

    pub(super) fn remove(&mut self, id: &Value) -> Option<Value> {
        self.position(id).map(|at| self.0.remove(at))
    }

    fn position(&self, id: &Value) -> Option<usize> {
        self.0.iter().position(|order| order.get("id") == Some(id))
    }

    /// In the order of a listing.
    pub(super) fn listed(&self, oldest_first: bool) -> Vec<&Value> {
        if oldest_first { self.0.iter().collect() } else { self.0.iter().rev().collect() }
    }
}
