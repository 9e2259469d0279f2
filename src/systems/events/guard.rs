//! Between the comparison and its application: what may be sent.

use super::reconcile::{Step, Wanted, Work};
use crate::pass::exceeds;

/// Why the guard refuses the work in a store, or `None` when it doesn't: strictly more than
/// `max_delete_percent` of the events that are ours there would go, and more than ten; or all of them,
/// because the store that is copied from lists no event at all; or as many are missing from the listing,
/// and would be there twice if it was cut short.
pub fn guard(work: &Work, wanted: &[Wanted], is_copy: bool, max_delete_percent: u8) -> Option<String> {
    let is_loss = |step: &&Step| matches!(step, Step::Remove { is_leftover: false, .. });
    let gone = work.steps.iter().filter(is_loss).count() as u64;
    let all = work.kept_so_far;
    if is_copy && wanted.is_empty() && gone > 0 {
        return Some(format!("the store that is copied from lists no event, and all {gone} copies would go"));
    }
    let excess = |part: u64, all: u64, what: &str| {
        let percent = exceeds(part, all, max_delete_percent)?;
        Some(format!(
            "{part} of {all} events ({percent} %) {what}, more than max_delete_percent = {max_delete_percent}"
        ))
    };
    let lost = "that we added are not listed any more and would be added again";
    excess(gone, all, "would go").or_else(|| excess(work.vanished, all + work.vanished, lost))
}
