//! One object: what we know of it, what is wanted, and what follows. Pure.

use std::borrow::Cow;

use serde_json::Value;

use crate::catalog::{Digest, Fields, Id, Kind};
use crate::systems::catalog::diff::fields::{
    IMAGE, changes, is_nothing, is_rounded, overlaid, same, with_values, without,
};
use crate::systems::catalog::plan::operation::{Action, Operation, SOLD_OUT};
use crate::systems::catalog::store::{Known, Record};

/// An object as the source wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// All its fields; null for what it lacks.
    pub fields: Fields,
    /// A digest of them.
    pub digest: Digest,
}

/// What is known of an object before the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Nothing: it isn't there, as far as we know.
    Absent,
    /// It is ours. `drift` = fields that NiceChat lists with values that are neither ours nor its
    /// own spelling of ours.
    Ours {
        /// The state's row, its answered and repaired fields brought up to date by the listing.
        known: Known,
        /// Listed values that we did not bring about.
        drift: Fields,
        /// An import has brought the wanted picture already.
        has_new_picture: bool,
    },
    /// It isn't ours yet, but NiceChat lists it with these fields.
    Listed(Fields),
}

/// What brings an object to what is wanted; [`Action::RecordOnly`] when nothing needs to be sent.
pub fn decide(kind: Kind, id: &Id, base: &Base, wanted: &Wanted) -> Operation {
    let whole = || {
        let record = record(wanted, Fields::new(), Fields::new());
        Operation::new((kind, id), Action::Create, with_values(&wanted.fields), Fields::new(), Some(record))
    };
    let (have, answered, repaired, drift) = match base {
        Base::Absent => return whole(),
        Base::Ours { known, drift, has_new_picture } => {
            // Most objects are as they were acknowledged, and have all their fields in here.
            let mut have = Cow::Borrowed(&known.acked);
            if !drift.is_empty() {
                have = Cow::Owned(overlaid(&known.acked, drift));
            }
            if *has_new_picture {
                let ours = wanted.fields.get(IMAGE).filter(|ours| !is_nothing(ours));
                let picture = ours.or(known.answered.get(IMAGE)).map(|picture| (IMAGE.to_owned(), picture.clone()));
                have.to_mut().extend(picture);
            }
            (have, known.answered.clone(), known.repaired.clone(), drift.clone())
        }
        Base::Listed(listed) => (Cow::Owned(adopted(listed, wanted)), image_of(listed), Fields::new(), listed.clone()),
    };
    let send = changes(&have, &wanted.fields);
    let of_sent = have.iter().filter(|(name, _)| send.contains_key(*name));
    let old = of_sent.map(|(name, value)| (name.clone(), value.clone())).collect();
    // What a repair replaces is remembered: if it comes back, it is NiceChat's way to write ours.
    let replaced: Fields =
        drift.into_iter().filter(|(name, _)| send.contains_key(name) && may_be_spelled(name)).collect();
    let repaired = overlaid(&without(&repaired, &send), &replaced);
    let answered = without(&answered, &send);
    let action = if send.is_empty() { Action::RecordOnly } else { Action::Update };
    Operation::new((kind, id), action, send, old, Some(record(wanted, answered, repaired)))
}

/// The taking over of an object that NiceChat lists, as it is: what differs is then changed like
/// any object of ours.
pub(crate) fn adoption(kind: Kind, id: &Id, listed: &Fields, wanted: &Wanted) -> Operation {
    let record =
        Record { acked: adopted(listed, wanted), digest: 0, answered: image_of(listed), repaired: Fields::new() };
    Operation::new((kind, id), Action::RecordOnly, Fields::new(), Fields::new(), Some(record))
}

fn record(wanted: &Wanted, answered: Fields, repaired: Fields) -> Record {
    Record { acked: wanted.fields.clone(), digest: wanted.digest, answered, repaired }
}

/// What an object that we adopt has, in our terms: a field that isn't listed is null, and a picture
/// that is there stays, for NiceChat's address of it doesn't tell which of ours it is.
fn adopted(listed: &Fields, wanted: &Wanted) -> Fields {
    let mut have: Fields = wanted.fields.keys().map(|name| (name.clone(), Value::Null)).collect();
    have.extend(
        listed.iter().filter(|(name, _)| wanted.fields.contains_key(*name)).map(|(k, v)| (k.clone(), v.clone())),
    );
    match (have.get(IMAGE), wanted.fields.get(IMAGE)) {
        (Some(there), Some(ours)) if !is_nothing(there) => {
            let ours = ours.clone();
            have.insert(IMAGE.to_owned(), ours);
        }
        _ => {}
    }
    have
}

fn image_of(listed: &Fields) -> Fields {
    listed
        .iter()
        .filter(|(name, value)| *name == IMAGE && !is_nothing(value))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

/// Fields of which NiceChat has no way of its own to write them: another price, another category, out of stock
/// or switched off is something else, and never its spelling of ours.
const NEVER_SPELLED: [&str; 5] = ["price", "currency", "in_stock", "category", "is_enabled"];

fn may_be_spelled(name: &str) -> bool {
    !NEVER_SPELLED.contains(&name)
}

/// What NiceChat's answer to a write adds to the record: the fields that it spells another way.
pub fn acknowledged(mut record: Record, sent: &Fields, reply: &Fields) -> Record {
    for (name, ours) in sent {
        match reply.get(name) {
            Some(theirs) if may_be_spelled(name) && !same(name, ours, theirs) => {
                record.answered.insert(name.clone(), theirs.clone());
            }
            _ => {}
        }
    }
    record
}

/// What a listing says of an object of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// Fields that someone else changed.
    pub drift: Fields,
    /// See [`Known::answered`], brought up to date.
    pub answered: Fields,
    /// See [`Known::repaired`], brought up to date.
    pub repaired: Fields,
    /// Fields whose repair NiceChat undid: its way to write them, learned now.
    pub learned: Vec<String>,
    /// An import has put another picture in the place of the one that was there.
    pub has_new_picture: bool,
}

/// What may have happened to an object between our last request about it and a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Nothing that we know of: what is listed otherwise is NiceChat's own doing, or somebody's.
    Nothing,
    /// NiceChat may have read the feed by itself. It fetches pictures anew then, so that another address than the one
    /// that was known is no drift, but its copy of the picture that the feed names.
    Import,
    /// The same of another feed than the one that is compared, or of who knows which: its pictures needn't be those that
    /// are wanted.
    OtherImport,
    /// Requests of ours that the state has lost.
    LostWrites,
}

impl Since {
    /// Whether an import may have changed anything.
    pub fn is_import(self) -> bool {
        matches!(self, Since::Import | Since::OtherImport)
    }
}

/// Compares what NiceChat lists with what it last acknowledged to us. Only fields that we sent
/// count; one in doubt is left for the comparison with the source.
///
/// A value that comes back after a repair is NiceChat's way to write ours only when nothing but NiceChat can have
/// brought it back: after an import, or when we don't know what we sent last, nothing is learned, and no earlier
/// repair counts any more.
pub fn observe(known: &Known, listed: &Fields, since: Since) -> Observation {
    let mut seen = Observation::default();
    for (name, ours) in &known.acked {
        let theirs = listed.get(name).unwrap_or(&Value::Null);
        let answered = known.answered.get(name).filter(|_| may_be_spelled(name));
        let repaired = known.repaired.get(name).filter(|_| may_be_spelled(name) && since == Since::Nothing);
        let is_picture = name == IMAGE && !is_nothing(theirs);
        let (keep_answer, keep_repair) = if same(name, theirs, ours) || is_rounded(name, ours, theirs) {
            (false, false)
        } else if answered.is_some_and(|answered| same(name, theirs, answered)) {
            (true, false)
        } else if is_picture && (since == Since::Import || (since == Since::OtherImport && !is_nothing(ours))) {
            // Where nobody knew the copy that was there before, this may still be that one. (Of another feed's, its copy
            // of the picture that was acknowledged, as far as can be told.)
            seen.has_new_picture = since == Since::Import && (answered.is_some() || is_nothing(ours));
            (true, false)
        } else if is_picture && !is_nothing(ours) && answered.is_none() {
            // The copy of our picture, seen for the first time.
            (true, repaired.is_some())
        } else if repaired.is_some_and(|repaired| same(name, theirs, repaired) || is_picture) {
            seen.learned.push(name.clone());
            (true, false)
        } else {
            seen.drift.insert(name.clone(), theirs.clone());
            (false, false)
        };
        if keep_answer {
            seen.answered.insert(name.clone(), theirs.clone());
        }
        if let Some(repaired) = repaired.filter(|_| keep_repair) {
            seen.repaired.insert(name.clone(), repaired.clone());
        }
    }
    seen
}

/// The deletion of an object that is no longer wanted.
pub(crate) fn vanish(kind: Kind, id: &Id, known: Fields) -> Operation {
    Operation::new((kind, id), Action::Delete, Fields::new(), known, None)
}

/// A product that is missing is told to be out of stock; `None` = it is. Its digest equals no wanted one, so that it is
/// looked at when it comes back.
pub(crate) fn sell_out(id: &Id, known: &Known, drift: &Fields) -> Option<Operation> {
    let name = "in_stock";
    let is = overlaid(&known.acked, drift).get(name).cloned();
    if is == Some(Value::Bool(false)) {
        return None;
    }
    let off = Fields::from_iter([(name.to_owned(), Value::Bool(false))]);
    let old = Fields::from_iter(is.map(|is| (name.to_owned(), is)));
    let record = changed(known, &overlaid(drift, &off));
    let operation = Operation::new((Kind::Product, id), Action::Update, off, old, Some(record));
    Some(Operation { wanted: SOLD_OUT, ..operation })
}

/// The switching off of a category that is no longer wanted. Its digest equals no wanted one, so
/// that it is switched on again when it comes back.
pub(crate) fn disable(id: &Id, known: &Known, drift: &Fields) -> Operation {
    let off = Fields::from_iter([("is_enabled".to_owned(), Value::Bool(false))]);
    // Its name is what people know it by.
    let name = known.acked.get("name").map(|name| ("name".to_owned(), name.clone()));
    let old = [("is_enabled".to_owned(), Value::Bool(true))].into_iter().chain(name).collect();
    let record = changed(known, &overlaid(drift, &off));
    Operation::new((Kind::Category, id), Action::Disable, off, old, Some(record))
}

/// An object of ours as NiceChat lists it, for the state alone: where that can't be put right now, it is compared with
/// it later.
pub(crate) fn as_listed((kind, id): (Kind, &Id), known: &Known, drift: &Fields) -> Operation {
    Operation::new((kind, id), Action::RecordOnly, Fields::new(), Fields::new(), Some(changed(known, drift)))
}

/// The record of an object after a change that no feed asked for: its digest equals none.
fn changed(known: &Known, fields: &Fields) -> Record {
    Record {
        acked: overlaid(&known.acked, fields),
        digest: 0,
        answered: known.answered.clone(),
        repaired: known.repaired.clone(),
    }
}
