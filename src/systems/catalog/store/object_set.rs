//! Which objects, by where they lie in the state.

/// A set of objects, a bit each.
#[derive(Debug, Default)]
pub struct Objects(Vec<u64>);

impl Objects {
    /// Whether it is there.
    pub fn has(&self, object: u32) -> bool {
        self.0.get(object as usize / 64).is_some_and(|word| word >> (object % 64) & 1 != 0)
    }

    /// Puts one in; `false` = it was there already.
    pub fn add(&mut self, object: u32) -> bool {
        let at = object as usize / 64;
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        let is_new = !self.has(object);
        self.0[at] |= 1 << (object % 64);
        is_new
    }

    /// Takes one out; `false` = it was not there.
    pub(super) fn remove(&mut self, object: u32) -> bool {
        let was_there = self.has(object);
        if was_there {
            self.0[object as usize / 64] &= !(1 << (object % 64));
        }
        was_there
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        (0..=u32::MAX).take(64 * self.0.len()).filter(|object| self.has(*object))
    }
}
