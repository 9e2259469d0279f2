//! Products like another one, and whether a product has variants.

use std::io;

use super::build::group_of;
use super::columns::{NO_PRICE, NONE};
use super::file::{Index, Segment};

/// The most related products.
const MOST: usize = 20;

impl Index {
    /// Places of products of the same category, without the product itself and the others of its group: in stock first,
    /// then the same brand, then the nearest price, then the id.
    ///
    /// # Errors
    /// When the index can't be read.
    pub(in crate::systems::oct8ne) fn related(&self, place: u64) -> io::Result<Vec<u64>> {
        let Some((segment, doc)) = self.segment_of(place) else { return Ok(Vec::new()) };
        let mut own = None;
        self.rows(segment, &[doc], |_, row| own = Some(*row))?;
        let Some(own) = own.filter(|row| row.category != NONE) else { return Ok(Vec::new()) };
        let group = self.groups(segment)?.get(usize::from(doc)).copied().unwrap_or_default();
        let mut found = Vec::new();
        for segment in self.segments() {
            let all: Vec<u16> = (0..=u16::MAX).take(segment.docs as usize).collect();
            let groups = if group == 0 { Vec::new() } else { self.groups(segment)? };
            self.rows(segment, &all, |doc, row| {
                let other = segment.first + doc as u64;
                let is_of_group = group != 0 && groups.get(doc) == Some(&group);
                if row.category != own.category || other == place || is_of_group {
                    return;
                }
                let distance = match (row.price, own.price) {
                    (NO_PRICE, _) | (_, NO_PRICE) => u64::MAX,
                    _ if row.currency != own.currency => u64::MAX,
                    (one, other) => one.abs_diff(other),
                };
                let is_same_brand = row.brand == own.brand && row.brand != NONE;
                found.push(((!row.is_in_stock, !is_same_brand, distance, row.id), other));
            })?;
        }
        found.sort_unstable();
        Ok(found.into_iter().take(MOST).map(|(_, place)| place).collect())
    }

    /// Whether each of these groups has more than one product.
    ///
    /// # Errors
    /// When the index can't be read.
    pub(in crate::systems::oct8ne) fn have_variants(&self, groups: &[&str]) -> io::Result<Vec<bool>> {
        let wanted: Vec<u64> = groups.iter().map(|group| group_of(group)).collect();
        let mut counts = vec![0_u64; wanted.len()];
        for segment in self.segments().iter().filter(|_| !wanted.is_empty()) {
            for own in self.groups(segment)?.iter().filter(|group| **group != 0) {
                let of = wanted.iter().zip(&mut counts).filter(|(group, _)| *group == own);
                of.for_each(|(_, count)| *count += 1);
            }
        }
        Ok(counts.into_iter().map(|count| count > 1).collect())
    }

    /// Where the document at a place is.
    fn segment_of(&self, place: u64) -> Option<(&Segment, u16)> {
        let at = self.segments().partition_point(|segment| segment.first <= place).checked_sub(1)?;
        let segment = self.segments().get(at)?;
        let doc = u16::try_from(place - segment.first).ok().filter(|doc| u32::from(*doc) < segment.docs)?;
        Some((segment, doc))
    }
}
