//! What the table has, summed up: a bit that flips in the file must not make a row mean something else.

use xxhash_rust::xxh3::Xxh3;

use crate::catalog::{Category, Digest, Hasher};

/// A sum over everything that is read of the table, in its order.
pub(super) struct Content(Xxh3);

impl Content {
    pub(super) fn new(hasher: &Hasher) -> Content {
        Content(hasher.begin())
    }

    /// Kinds and lengths as well, so that nothing can be taken for a part of what is beside it.
    fn add(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update(&[kind]);
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    pub(super) fn chunk(&mut self, rows: &[u8]) {
        self.add(0, rows);
    }

    pub(super) fn category(&mut self, Category { id, name }: &Category) {
        self.add(1, id.as_str().as_bytes());
        self.add(2 + u8::from(name.is_some()), name.as_deref().unwrap_or_default().as_bytes());
    }

    pub(super) fn orphan(&mut self, object: u32) {
        self.add(4, &object.to_le_bytes());
    }

    pub(super) fn sum(&self) -> Digest {
        self.0.digest128()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::{Id, KEY};

    fn sum(chunks: &[Vec<u8>], names: &[Option<String>], orphans: &[u32]) -> Digest {
        let mut content = Content::new(&Hasher::new(&[1; KEY]));
        chunks.iter().for_each(|chunk| content.chunk(chunk));
        for name in names {
            content.category(&Category { id: Id::parse("c").expect("an id"), name: name.clone() });
        }
        orphans.iter().for_each(|orphan| content.orphan(*orphan));
        content.sum()
    }

    proptest! {
        #[test]
        fn nothing_changes_unnoticed(
            chunks in vec(vec(any::<u8>(), 1..300), 2..5),
            names in vec(proptest::option::of("[a-c]{0,3}"), 1..4),
            orphans in vec(0..9_u32, 0..4),
            dice in any::<usize>(),
        ) {
            let good = sum(&chunks, &names, &orphans);
            let mut damaged = chunks.clone();
            let chunk = &mut damaged[dice % chunks.len()];
            let bit = dice / 8 % (8 * chunk.len());
            chunk[bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(sum(&damaged, &names, &orphans), good);
            // Chunks in another order, cut elsewhere, or fewer of them.
            let mut other = chunks.clone();
            other.swap(0, 1);
            prop_assert!(other == chunks || sum(&other, &names, &orphans) != good);
            let mut other = chunks.clone();
            let moved = other[1].remove(0);
            other[0].push(moved);
            prop_assert_ne!(sum(&other, &names, &orphans), good);
            prop_assert_ne!(sum(&chunks[1..], &names, &orphans), good);
            prop_assert_ne!(sum(&chunks, &names[1..], &orphans), good);
            let more: Vec<u32> = orphans.iter().copied().chain([9]).collect();
            prop_assert_ne!(sum(&chunks, &names, &more), good);
        }
    }
}
