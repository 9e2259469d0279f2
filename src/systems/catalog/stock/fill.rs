//! The rows of the feed on their way to the shelf, and what stays there of what the feed doesn't have.

use std::collections::HashSet;

use super::before::Before;
use super::merge::patched;
use super::reading::{FeedRead, Taker};
use super::stocking::{SHOWN, Stocking};
use super::tally::Tally;
use crate::catalog::{Digest, Hasher, Item, Owner, Rejection};
use crate::feed::{FirstRows, Offer, Row, RowDigest, RowPlace};
use crate::remote::nicechat::product_fields;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::plan::store::PlanStore;
use crate::systems::catalog::seen::Seen;
use crate::systems::catalog::shelf::{About, Draft, Generation, Note, ShelfError, Stocked};
use crate::systems::catalog::store::Field;

/// What becomes of a product that the feed doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::systems::catalog) enum Fate {
    /// It goes.
    Goes,
    /// It stays as it is.
    Stays,
    /// It stays, and can't be bought.
    SellsOut,
}

impl Fate {
    /// The same where NiceChat has the product, too, and `is_deleted` there or sold out by this pass, if at all: what it
    /// keeps for now is shown for now. `held` = for which risks something of products is; `prunes` = deletes anything.
    pub(in crate::systems::catalog) fn beside_nicechat(
        (held, prunes): (&HashSet<Risk>, bool),
        (is_deleted, is_sold_out): (bool, bool),
        is_owned: impl FnOnce() -> bool,
    ) -> Fate {
        match () {
            () if held.contains(&Risk::Delete) => Fate::Stays,
            () if !prunes || is_deleted || !is_owned() => Fate::Goes,
            () if is_sold_out => Fate::SellsOut,
            () => Fate::Stays,
        }
    }
}

/// A product that the feed doesn't have: no more of it, as these may be nearly all.
pub(super) struct Lacking {
    place: u64,
    pub(super) fate: Fate,
}

/// The rows of the feed on their way to the shelf.
pub(super) struct Filling<'s, 'a> {
    stocking: &'s Stocking<'a>,
    /// What stays as it is of what the feed has.
    held: &'s HashSet<Risk>,
    /// `None` = nobody wants to have it written.
    draft: Option<Draft>,
    before: Option<Before<'s>>,
    /// Those whose ids aren't shown yet.
    firsts: FirstRows,
    /// What changes, where that is counted.
    pub(super) tally: Option<Tally<'s>>,
    pub(super) taken: u64,
    pub(super) rejected: u64,
    pub(super) excluded: u64,
    /// Rows that can't be taken, where somebody keeps them.
    pub(super) rejections: Option<PlanStore>,
    /// What isn't shown as the feed says, where nobody knows what it was before.
    left_out: Option<&'s HashSet<Digest>>,
    /// A product of which everything is told.
    watched: Option<&'s str>,
    /// Its rows.
    pub(super) seen: Vec<Seen>,
    /// What becomes of it, if the feed doesn't have it.
    pub(super) fate: Option<Fate>,
}

impl<'s, 'a> Filling<'s, 'a> {
    /// `old` = what is shown now.
    pub(super) fn new(
        stocking: &'s Stocking<'a>,
        old: Option<&'s Generation>,
        held: &'s HashSet<Risk>,
    ) -> Result<Filling<'s, 'a>, ShelfError> {
        let before = old.map(|old| Before::new(old, &stocking.rows_mark(), stocking.now)).transpose()?;
        Ok(Filling {
            stocking,
            held,
            draft: None,
            before,
            firsts: FirstRows::default(),
            tally: None,
            taken: 0,
            rejected: 0,
            excluded: 0,
            rejections: None,
            left_out: None,
            watched: None,
            seen: Vec::new(),
            fate: None,
        })
    }

    /// Writes it.
    pub(super) fn written(mut self, old: Option<&Generation>) -> Result<Self, ShelfError> {
        self.draft = Some(self.stocking.shelf.begin_after(old)?);
        Ok(self)
    }

    /// Keeps what can't be taken.
    pub(super) fn listed(mut self) -> Result<Self, PassError> {
        self.rejections = Some(PlanStore::new()?);
        Ok(self)
    }

    /// Leaves out products with these ids' digests that aren't shown yet.
    pub(super) fn without(mut self, ids: &'s HashSet<Digest>) -> Self {
        self.left_out = Some(ids).filter(|ids| !ids.is_empty());
        self
    }

    /// Counts what changes.
    pub(super) fn counted(mut self, old: &'s Generation) -> Self {
        self.tally = Some(Tally::new(old, self.stocking.guard));
        self
    }

    /// Keeps in mind what the feed has of a product; no row is known by its bytes then.
    pub(super) fn watching(mut self, id: Option<&'s str>) -> Self {
        self.watched = id;
        self
    }

    /// What the feed doesn't have, when it has been read; `fate` says what becomes of it. In the order of what is shown.
    pub(super) fn lacking(
        &mut self,
        read: &FeedRead,
        fate: &mut dyn FnMut(&str, bool) -> Fate,
    ) -> Result<Vec<Lacking>, ShelfError> {
        let Some(before) = &mut self.before else { return Ok(Vec::new()) };
        before.end_run(self.draft.as_mut())?;
        let hasher = Hasher::without_secret();
        let mut all = Vec::new();
        for place in before.untaken(false) {
            let item = before.item(place)?;
            let is_proven = read.proves_absence && !read.mentions.contains(&hasher.digest(item.id.as_bytes()));
            let fate = fate(&item.id, is_proven);
            match (&mut self.tally, fate) {
                (Some(tally), Fate::Goes) => tally.goes(&item),
                (Some(tally), Fate::SellsOut) => tally.sells_out(&item),
                _ => {}
            }
            if self.watched == Some(item.id.as_str()) {
                self.fate = Some(fate);
            }
            all.push(Lacking { place, fate });
        }
        Ok(all)
    }

    /// Writes what stays of that, and shows it all from then on.
    pub(super) fn finish(
        mut self,
        about: About,
        lacking: &[Lacking],
        old: Option<&Generation>,
    ) -> Result<(), ShelfError> {
        let Some(mut draft) = self.draft.take() else { return Ok(()) };
        if let Some(before) = &mut self.before {
            before.end_run(Some(&mut draft))?;
            for Lacking { place, fate } in lacking {
                match fate {
                    Fate::Goes => {}
                    Fate::Stays => before.keep(*place, &mut draft)?,
                    Fate::SellsOut => {
                        let mut item = before.item(*place)?;
                        item.fields.insert("in_stock".to_owned(), false.into());
                        let category = before.category_of(&item)?;
                        draft.add_stocked(&item, category, note_of(&item), Some(*place))?;
                    }
                }
            }
            for place in before.untaken(true) {
                before.keep(place, &mut draft)?;
            }
        }
        draft.describe(About { rows: Some(self.stocking.rows_mark()), judged: Some(self.stocking.now), ..about });
        draft.finish_after(SHOWN, old)?;
        self.stocking.shelf.keep_newest()
    }

    /// An item of the feed that is shown already, at this place.
    fn again(&mut self, place: u64, offer: &Offer, row: Option<RowDigest>) -> Result<(), ShelfError> {
        let Some(before) = &mut self.before else { return Ok(()) };
        before.take(place);
        let note = Note { row: row.map(|row| row.0), word: presence(&offer.item) };
        if self.tally.is_none() && self.held.is_empty() {
            return self.draft.as_mut().map_or(Ok(()), |draft| draft.add_whole(&offer.item, note, Some(place)));
        }
        let (old, mut new) = (before.item(place)?, whole(&offer.item));
        let own = category_name(&offer.item);
        if let Some(tally) = &mut self.tally {
            tally.change(&old, &new, own);
        }
        let is_patched = patched(&old, &mut new, self.held, self.stocking.guard.price_factor);
        let Some(draft) = &mut self.draft else { return Ok(()) };
        if !is_patched {
            return draft.add_whole(&offer.item, note, Some(place));
        }
        let is_as_it_was = new.fields.get("category") == old.fields.get("category");
        let category = if is_as_it_was { before.category_of(&old)?.or(own) } else { own };
        draft.add_stocked(&new, category, note_of(&new), Some(place))
    }

    /// Where an item is that is shown already.
    fn place(&mut self, id: &str) -> Result<Option<u64>, ShelfError> {
        self.before.as_mut().map_or(Ok(None), |before| before.find(id, self.draft.as_mut()))
    }
}

impl Taker for Filling<'_, '_> {
    fn knows_some(&self) -> bool {
        self.watched.is_none() && self.before.as_ref().is_some_and(Before::knows_rows)
    }

    fn known(&mut self, row: RowDigest, line: u64) -> Result<bool, ShelfError> {
        let Some(before) = self.before.as_mut().filter(|before| self.watched.is_none() && before.knows_rows()) else {
            return Ok(false);
        };
        let Some(entry) = before.known(row, line, self.draft.as_mut())? else { return Ok(false) };
        self.taken += 1;
        if let Some(tally) = &mut self.tally {
            tally.same(entry.note.word);
        }
        Ok(true)
    }

    fn first(&mut self, id: &str, row: RowPlace) -> Result<Option<RowPlace>, ShelfError> {
        let place = self.place(id)?;
        Ok(match (place, &mut self.before) {
            (Some(place), Some(before)) => before.first(place, row),
            _ => self.firsts.first(self.stocking.hasher.digest(id.as_bytes()), row),
        })
    }

    fn offer(&mut self, offer: Box<Offer>, row: Option<RowDigest>) -> Result<(), ShelfError> {
        self.taken += 1;
        if self.watched == Some(offer.item.id.as_str()) {
            self.seen.push(Seen::Item(offer.clone()));
        }
        if let Some(place) = self.place(offer.item.id.as_str())? {
            return self.again(place, &offer, row);
        }
        let is_left_out =
            |ids: &HashSet<Digest>| ids.contains(&Hasher::without_secret().digest(offer.item.id.as_str().as_bytes()));
        if self.left_out.is_some_and(is_left_out) {
            return Ok(());
        }
        if let Some(tally) = &mut self.tally {
            tally.comes(&whole(&offer.item), category_name(&offer.item));
        }
        let note = Note { row: row.map(|row| row.0), word: presence(&offer.item) };
        self.draft.as_mut().map_or(Ok(()), |draft| draft.add_whole(&offer.item, note, None))
    }

    fn exclude(&mut self, row: Row, rule: usize) -> Result<(), ShelfError> {
        self.excluded += 1;
        if self.watched.is_some() && self.watched == row.id() {
            let fits = self.stocking.source.rules.iter().nth(rule).map(ToString::to_string).unwrap_or_default();
            self.seen.push(Seen::Excluded { rule: rule + 1, fits, row: Box::new(row) });
        }
        Ok(())
    }

    fn reject(&mut self, rejection: Rejection) -> Result<bool, PassError> {
        self.rejected += 1;
        let mut is_strangers = false;
        self.rejections.as_ref().map_or(Ok(0), |store| store.reject(&rejection))?;
        if let Owner::Item(id) | Owner::FaultyId(id) = rejection.owner() {
            match self.place(id)? {
                Some(place) => self.before.iter_mut().for_each(|before| before.reject(place)),
                None => is_strangers = true,
            }
        }
        let is_its = self
            .watched
            .is_some_and(|id| rejection.id.as_deref() == Some(id) || rejection.mentions.iter().any(|word| word == id));
        if is_its {
            self.seen.push(Seen::Rejected(rejection));
        }
        Ok(is_strangers)
    }
}

/// An item as it lies on the shelf.
pub(super) fn whole(item: &Item) -> Stocked {
    let mut fields = product_fields(item);
    let local = item.local.to_fields();
    if !local.is_empty() {
        fields.insert("local".to_owned(), local.into());
    }
    Stocked { id: item.id.as_str().to_owned(), fields }
}

fn category_name(item: &Item) -> Option<&str> {
    item.category.as_ref().and_then(|category| category.name.as_deref())
}

/// The fields in which an item has a value, a bit each: see [`Field::is_in`].
fn presence(item: &Item) -> u16 {
    let has_text = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let has = [
        (Field::Category, item.category.is_some()),
        (Field::Price, item.price.is_some()),
        (Field::Currency, item.currency.is_some()),
        (Field::Description, has_text(&item.description)),
        (Field::Url, has_text(&item.url)),
        (Field::Image, has_text(&item.image_url)),
        (Field::InStock, item.in_stock),
    ];
    has.into_iter().filter(|(_, has)| *has).map(|(field, _)| field.bit()).sum()
}

/// What is noted of an item of which some stays as it was: its row has more to say.
fn note_of(item: &Stocked) -> Note {
    let has = Field::ALL.into_iter().filter(|field| field.is_in(&item.fields));
    Note { row: None, word: has.map(Field::bit).sum() }
}
