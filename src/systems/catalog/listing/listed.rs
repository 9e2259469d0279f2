//! Which ids a listing has had: there may be millions, and they are forgotten again just when memory is needed most.

use crate::catalog::{Digest, DigestSet};

/// Ids that are sorted together.
const RUN: usize = 1 << 16;

/// Ids by half a digest each, eight bytes. Two that are the same by chance (of a million, once in thirty million listings)
/// make it a listing whose counts don't agree.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Sorted each. A set of all would take three times their memory, and for a moment four.
    runs: Vec<Box<[u64]>>,
    latest: DigestSet<u64>,
}

impl Listed {
    /// Adds an id by its digest.
    pub(super) fn add(&mut self, digest: Digest) {
        let half = digest as u64;
        if self.runs.iter().any(|run| run.binary_search(&half).is_ok()) {
            return;
        }
        self.latest.insert(half);
        if self.latest.len() == RUN {
            let mut run: Box<[u64]> = self.latest.drain().collect();
            run.sort_unstable();
            self.runs.push(run);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        RUN * self.runs.len() + self.latest.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_counts_once() {
        let digest = |n: usize| Digest::from(n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut listed = Listed::default();
        for count in [1, RUN - 1, RUN, RUN + 1, 3 * RUN + 7] {
            (0..count).chain(0..count).for_each(|n| listed.add(digest(n)));
            assert_eq!(listed.len(), count);
        }
    }
}
