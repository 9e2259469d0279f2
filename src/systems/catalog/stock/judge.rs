//! The feed against what is shown, where no plan could be made: the same risks, by the same settings.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::fill::whole;
use super::merge::{FeedReading, risks_of};
use super::stocking::Stocking;
use crate::catalog::{Digest, Hasher, Owner};
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::plan::verdict::{Example, Held, HeldRisk};
use crate::systems::catalog::shelf::{Generation, ShelfError, Stocked, Walk};
use crate::systems::catalog::store::Field;

/// What somebody lets through.
#[derive(Debug, Clone, Default)]
pub struct Word {
    /// Whatever it is.
    pub force: bool,
    /// What has this digest.
    pub approved: Option<String>,
}

/// What is held.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) risks: HashSet<Risk>,
    /// The whole feed is.
    pub(super) is_whole: bool,
    pub(super) held: Option<Held>,
    /// Nothing that the feed doesn't have may go.
    pub(super) keeps_all: bool,
}

/// What a risk touches.
#[derive(Default)]
struct Touched {
    count: u64,
    of: u64,
    digest: Digest,
    examples: Vec<Example>,
}

/// Examples of a risk.
const EXAMPLES: usize = 20;

pub(super) fn judge(stocking: &Stocking<'_>, old: &Generation, word: &Word) -> Result<Judged, PassError> {
    let mut tally = Tally::new(stocking, old)?;
    let mut reading = FeedReading::new(stocking)?;
    let read = reading.each(|row| match row {
        Ok(offer) => tally.offer(&whole(&offer.item)),
        Err(rejection) => match rejection.owner() {
            Owner::Item(id) | Owner::FaultyId(id) => tally.see(id).map(drop),
            Owner::Nameless | Owner::Unknown => Ok(()),
        },
    })?;
    let changed_kind =
        old.about().kind.as_ref().is_some_and(|before| before.0 == read.kind.0 && before.1 != read.kind.1);
    let whole = match () {
        () if tally.items == 0 && !old.is_empty() => Some("empty_feed"),
        () if changed_kind => Some("feed_kind"),
        () => None,
    };
    if let Some(risk) = whole {
        let held = vec![HeldRisk::whole(risk, (old.len(), old.len()))];
        let held =
            Held { digest: short(Hasher::without_secret().digest(format!("{risk}{}", read.kind.1).as_bytes())), held };
        let is_whole = !has_word(word, &held);
        return Ok(Judged { is_whole, held: is_whole.then_some(held), ..Judged::default() });
    }
    if read.proves_absence {
        tally.missing()?;
    }
    let excesses = tally.excesses();
    let sum = excesses.iter().fold(0_u128, |sum, (_, touched, _)| sum.wrapping_add(touched.digest));
    let held = excesses.iter().map(|(risk, touched, limit)| {
        let held = HeldRisk::new(risk.name(), "product", (touched.count, touched.of), *limit);
        HeldRisk { examples: Some(touched.examples.clone()), ..held }
    });
    let held = Held { digest: short(sum), held: held.collect() };
    if held.held.is_empty() || has_word(word, &held) {
        return Ok(Judged { keeps_all: !read.proves_absence, ..Judged::default() });
    }
    let risks = excesses.into_iter().map(|(risk, ..)| risk).collect();
    Ok(Judged { risks, is_whole: false, held: Some(held), keeps_all: !read.proves_absence })
}

fn has_word(word: &Word, held: &Held) -> bool {
    word.force || word.approved.as_deref() == Some(&held.digest)
}

fn short(digest: Digest) -> String {
    format!("{digest:032x}")[..12].to_owned()
}

/// Counts what the feed would change.
struct Tally<'s> {
    stocking: &'s Stocking<'s>,
    walk: Walk<'s>,
    seen: Vec<bool>,
    items: u64,
    touched: BTreeMap<Risk, Touched>,
}

impl<'s> Tally<'s> {
    fn new(stocking: &'s Stocking<'_>, old: &'s Generation) -> Result<Tally<'s>, ShelfError> {
        let seen = vec![false; usize::try_from(old.len()).unwrap_or_default()];
        Ok(Tally { stocking, walk: Walk::new(old)?, seen, items: 0, touched: BTreeMap::new() })
    }

    fn see(&mut self, id: &str) -> Result<Option<u64>, ShelfError> {
        let place = self.walk.find(id)?;
        if let Some(seen) = place.and_then(|place| self.seen.get_mut(usize::try_from(place).ok()?)) {
            *seen = true;
        }
        Ok(place)
    }

    fn offer(&mut self, new: &Stocked) -> Result<(), ShelfError> {
        self.items += 1;
        let Some(place) = self.see(&new.id)? else { return Ok(()) };
        let old = self.walk.item(place)?;
        let risks = risks_of(&old, new, self.stocking.guard.price_factor);
        for risk in Risk::OF_CHANGES {
            let touched = self.touched.entry(risk).or_default();
            touched.of += u64::from(risk.of().is_none_or(|field: Field| field.is_in(&old.fields)));
            if risks.has(risk) {
                let name = risk.fields().first().map(|field| field.name()).unwrap_or_default();
                let of = |item: &Stocked| item.fields.get(name).cloned().unwrap_or_default();
                touched.add(
                    risk,
                    Example { id: new.id.clone(), field: Some(name.to_owned()), old: of(&old), new: of(new) },
                );
            }
        }
        Ok(())
    }

    /// Counts what the feed doesn't have.
    fn missing(&mut self) -> Result<(), ShelfError> {
        let touched = self.touched.entry(Risk::Delete).or_default();
        touched.of = self.seen.len() as u64;
        for (place, _) in (0_u64..).zip(&self.seen).filter(|(_, seen)| !**seen) {
            let item = self.walk.item(place)?;
            let old = item.fields.get("title").cloned().unwrap_or_default();
            touched.add(Risk::Delete, Example { id: item.id, field: None, old, new: Value::Null });
        }
        Ok(())
    }

    fn excesses(self) -> Vec<(Risk, Touched, u8)> {
        let guard = self.stocking.guard;
        let limited = self.touched.into_iter().map(|(risk, touched)| {
            let limit = match risk {
                Risk::Delete => guard.max_delete_percent,
                Risk::Emptied(_) => guard.max_emptied_percent,
                Risk::OutOfStock => guard.max_out_of_stock_percent,
                Risk::Price => guard.max_price_percent,
            };
            (risk, touched, limit)
        });
        let is_more = |touched: &Touched, limit: u8| {
            touched.count > guard.min_count
                && u128::from(touched.count) * 100 > u128::from(touched.of) * u128::from(limit)
        };
        let mut excesses: Vec<_> = limited.filter(|(_, touched, limit)| is_more(touched, *limit)).collect();
        let has_price = excesses.iter().any(|(risk, ..)| *risk == Risk::Emptied(Field::Price));
        excesses.retain(|(risk, ..)| !(has_price && *risk == Risk::Emptied(Field::Currency)));
        excesses
    }
}

impl Touched {
    fn add(&mut self, risk: Risk, example: Example) {
        self.count += 1;
        let text = format!("{}|{}|{}", risk.name(), example.id, example.new);
        self.digest = self.digest.wrapping_add(Hasher::without_secret().digest(text.as_bytes()));
        if self.examples.len() < EXAMPLES {
            self.examples.push(example);
        }
    }
}
