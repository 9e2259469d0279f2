//! What the feed changes of what is shown, counted by risk.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::merge::risks_of;
use crate::catalog::{Digest, Hasher};
use crate::config::Guard;
use crate::systems::catalog::plan::risk::{Risk, Risks};
use crate::systems::catalog::plan::verdict::Example;
use crate::systems::catalog::shelf::{Generation, Stocked};
use crate::systems::catalog::store::Field;

/// What a risk touches.
#[derive(Default)]
pub(super) struct Touched {
    pub(super) count: u64,
    pub(super) of: u64,
    pub(super) digest: Digest,
    pub(super) examples: Vec<Example>,
}

/// Examples of a risk.
const EXAMPLES: usize = 20;

/// Counts what the feed changes.
pub(super) struct Tally<'s> {
    guard: &'s Guard,
    /// What is shown.
    shown: u64,
    /// What went of late, and what was shown before that.
    gone_before: (u64, Option<u64>),
    /// What the feed has of it.
    pub(super) again: u64,
    /// Products that change, come and go.
    pub(super) changed: u64,
    pub(super) new: u64,
    pub(super) gone: u64,
    /// Of all of that, in whatever order: what is held as a whole is approved by it.
    pub(super) digest: Digest,
    /// Products that are as they were, by the fields in which they have a value.
    having: [u64; Field::ALL.len()],
    touched: BTreeMap<Risk, Touched>,
    /// Products by all of their risks.
    by_risks: Vec<(Risks, u64)>,
}

impl<'s> Tally<'s> {
    pub(super) fn new(old: &Generation, guard: &'s Guard) -> Tally<'s> {
        let gone = old.about().gone_of_late();
        let having = [0; Field::ALL.len()];
        Tally {
            guard,
            shown: old.len(),
            gone_before: (gone.iter().map(|gone| gone.items).sum(), gone.first().map(|gone| gone.of)),
            again: 0,
            changed: 0,
            new: 0,
            gone: 0,
            digest: 0,
            having,
            touched: BTreeMap::new(),
            by_risks: Vec::new(),
        }
    }

    /// A product is as it was; it has values in these fields.
    pub(super) fn same(&mut self, fields: u16) {
        self.again += 1;
        for (field, having) in Field::ALL.into_iter().zip(&mut self.having) {
            *having += u64::from(fields & field.bit() != 0);
        }
    }

    /// A product comes; `category` = the name of its category.
    pub(super) fn comes(&mut self, item: &Stocked, category: Option<&str>) {
        self.new += 1;
        self.becomes(&item.id, (&item.fields, category));
    }

    /// A product may be another one; `category` as above.
    pub(super) fn change(&mut self, old: &Stocked, new: &Stocked, category: Option<&str>) {
        self.again += 1;
        if old.fields != new.fields {
            self.changed += 1;
            self.becomes(&new.id, (&new.fields, category));
        }
        let risks = risks_of(old, new, self.guard.price_factor);
        match self.by_risks.iter_mut().find(|(other, _)| *other == risks) {
            Some((_, products)) => *products += 1,
            None => self.by_risks.push((risks, 1)),
        }
        for risk in Risk::OF_CHANGES {
            let touched = self.touched.entry(risk).or_default();
            touched.of += u64::from(risk.of().is_none_or(|field| field.is_in(&old.fields)));
            if risks.has(risk) {
                let of = |item: &Stocked, name: &str| item.fields.get(name).cloned().unwrap_or_default();
                let names = || risk.fields().iter().map(|field| field.name());
                // The first that is another one is shown; what is approved are all of them.
                let is_other = |name: &&str| of(old, name) != of(new, name);
                let name = names().find(is_other).or_else(|| names().next()).unwrap_or_default();
                let values: Vec<Value> = names().map(|name| of(new, name)).collect();
                let (old, shown) = (of(old, name), of(new, name));
                touched.add(
                    (risk, &values),
                    Example { id: new.id.clone(), field: Some(name.to_owned()), old, new: shown },
                );
            }
        }
    }

    /// A product goes.
    pub(super) fn goes(&mut self, item: &Stocked) {
        self.gone += 1;
        self.becomes(&item.id, Value::Null);
        let old = item.fields.get("title").cloned().unwrap_or_default();
        let touched = self.touched.entry(Risk::Delete).or_default();
        touched.add((Risk::Delete, &[]), Example { id: item.id.clone(), field: None, old, new: Value::Null });
    }

    /// A product stays, and can't be bought.
    pub(super) fn sells_out(&mut self, item: &Stocked) {
        self.becomes(&item.id, false);
    }

    /// Something else is shown of a product.
    fn becomes(&mut self, id: &str, what: impl Serialize) {
        let text = serde_json::to_vec(&(id, what)).unwrap_or_default();
        self.digest = self.digest.wrapping_add(Hasher::without_secret().digest(&text));
    }

    /// The risks that are more than the settings let through.
    pub(super) fn excesses(&self) -> Vec<(Risk, &Touched, u64, u8)> {
        let guard = self.guard;
        let limited = self.touched.iter().map(|(risk, touched)| {
            let limit = match risk {
                Risk::Delete => guard.max_delete_percent,
                Risk::Emptied(_) => guard.max_emptied_percent,
                Risk::OutOfStock => guard.max_out_of_stock_percent,
                Risk::Price => guard.max_price_percent,
            };
            (*risk, touched, self.of(*risk, touched), limit)
        });
        let is_more = |count: u64, of: u64, limit: u8| {
            count > guard.min_count && u128::from(count) * 100 > u128::from(of) * u128::from(limit)
        };
        let is_excess =
            |(risk, touched, of, limit): &(Risk, &Touched, u64, u8)| is_more(self.count(*risk, touched), *of, *limit);
        let mut excesses: Vec<_> = limited.filter(is_excess).collect();
        let has_price = excesses.iter().any(|(risk, ..)| *risk == Risk::Emptied(Field::Price));
        excesses.retain(|(risk, ..)| !(has_price && *risk == Risk::Emptied(Field::Currency)));
        excesses
    }

    /// How many products these risks touch, each counted once.
    pub(super) fn objects(&self, excesses: &[(Risk, &Touched, u64, u8)]) -> u64 {
        let is_held = |risks: &Risks| excesses.iter().any(|(risk, ..)| risks.has(*risk));
        let changed: u64 = self.by_risks.iter().filter(|(risks, _)| is_held(risks)).map(|(_, products)| products).sum();
        let goes = excesses.iter().find(|(risk, ..)| *risk == Risk::Delete);
        changed + goes.map_or(0, |(_, touched, ..)| touched.count)
    }

    /// How many products a risk is about: of those that go, those of late, too, or a catalog would go in slices.
    pub(super) fn count(&self, risk: Risk, touched: &Touched) -> u64 {
        touched.count + if risk == Risk::Delete { self.gone_before.0 } else { 0 }
    }

    /// What a risk is measured against.
    fn of(&self, risk: Risk, touched: &Touched) -> u64 {
        let having = |field: Field| Field::ALL.into_iter().zip(self.having).find(|(one, _)| *one == field);
        match risk {
            Risk::Delete => self.gone_before.1.unwrap_or(self.shown),
            _ => touched.of + risk.of().and_then(having).map_or(0, |(_, having)| having),
        }
    }
}

impl Touched {
    /// `values` = what its fields become.
    fn add(&mut self, (risk, values): (Risk, &[Value]), example: Example) {
        self.count += 1;
        let text = format!("{}|{}|{}", risk.name(), example.id, Value::from(values));
        self.digest = self.digest.wrapping_add(Hasher::without_secret().digest(text.as_bytes()));
        if self.examples.len() < EXAMPLES {
            self.examples.push(example);
        }
    }
}
