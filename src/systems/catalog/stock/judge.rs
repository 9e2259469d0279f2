//! The feed against what is shown, where no plan could be made: the same risks, by the same settings.

use std::collections::HashSet;

use super::reading::FeedRead;
use super::tally::Tally;
use crate::catalog::{Digest, Hasher};
use crate::systems::catalog::plan::risk::Risk;
use crate::systems::catalog::plan::verdict::{Held, HeldRisk};
use crate::systems::catalog::shelf::Generation;

/// The risk of a feed without anything in it that could be taken.
const EMPTY: &str = "empty_feed";

/// What somebody lets through.
#[derive(Debug, Clone, Default)]
pub struct Word {
    /// Whatever it is.
    pub force: bool,
    /// What has this digest.
    pub approved: Option<String>,
}

impl Word {
    fn lets_through(&self, held: &Held) -> bool {
        self.force || self.approved.as_deref() == Some(&held.digest)
    }

    /// Whether it says nothing of what is held.
    pub(super) fn is_silent(&self, held: Option<&Held>) -> bool {
        held.is_none_or(|held| !self.lets_through(held))
    }
}

/// What is held.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) risks: HashSet<Risk>,
    /// The whole feed is.
    pub(super) is_whole: bool,
    pub(super) held: Option<Held>,
    /// Somebody has let through what would be held.
    pub(super) is_by_word: bool,
}

/// Judges a feed that was read, of which `taken` items were taken.
pub(super) fn judge(tally: &Tally<'_>, read: &FeedRead, taken: u64, old: &Generation, word: &Word) -> Judged {
    let changed_kind =
        old.about().kind.as_ref().is_some_and(|before| before.0 == read.kind.0 && before.1 != read.kind.1);
    let risk = match () {
        () if taken == 0 => Some(EMPTY),
        () if changed_kind => Some("feed_kind"),
        () => None,
    };
    if let Some(risk) = risk {
        return whole(risk, read, (old.len(), tally.digest), word);
    }
    let excesses = tally.excesses();
    let sum = excesses.iter().fold(0_u128, |sum, (_, touched, ..)| sum.wrapping_add(touched.digest));
    let held = excesses.iter().map(|(risk, touched, of, limit)| {
        let held = HeldRisk::new(risk.name(), "product", (tally.count(*risk, touched), *of), *limit);
        HeldRisk { examples: Some(touched.examples.clone()), ..held }
    });
    let held =
        Held { digest: short(sum), objects: Some(tally.objects(&excesses)), categories: 0, held: held.collect() };
    if held.held.is_empty() || word.lets_through(&held) {
        return Judged { is_by_word: !held.held.is_empty(), ..Judged::default() };
    }
    let risks = excesses.into_iter().map(|(risk, ..)| risk).collect();
    Judged { risks, held: Some(held), ..Judged::default() }
}

/// The same where nothing is shown yet.
pub(super) fn judge_anew(read: &FeedRead, taken: u64, word: &Word) -> Judged {
    if taken == 0 { whole(EMPTY, read, (0, 0), word) } else { Judged::default() }
}

/// The whole feed is held, unless somebody lets it through. So much is `shown`; `becomes` = a digest of what would be
/// shown instead.
fn whole(risk: &str, read: &FeedRead, (shown, becomes): (u64, Digest), word: &Word) -> Judged {
    let digest = short(Hasher::without_secret().digest(format!("{risk}{}{becomes:032x}", read.kind.1).as_bytes()));
    let held = vec![HeldRisk::whole(risk, (shown, shown))];
    let held = Held { digest, objects: Some(shown), categories: 0, held };
    if word.lets_through(&held) {
        return Judged { is_by_word: true, ..Judged::default() };
    }
    Judged { is_whole: true, held: Some(held), ..Judged::default() }
}

fn short(digest: Digest) -> String {
    format!("{digest:032x}")[..12].to_owned()
}
