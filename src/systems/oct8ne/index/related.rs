//! Products like another one, and whether a product has variants.

use std::io;

use super::build::group_of;
use super::columns::{NO_PRICE, NONE, Row};
use super::file::Index;

/// The most related products.
const MOST: usize = 20;

impl Index {
    /// Places of products of the same category, without the product itself and the others of its group: in stock first,
    /// then the same brand, then the nearest price, then the id.
    ///
    /// # Errors
    /// When the index can't be read.
    pub(in crate::systems::oct8ne) fn related(&self, place: u64) -> io::Result<Vec<u64>> {
        let Some(own) = self.row(place)?.filter(|row| row.category != NONE) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for segment in self.segments() {
            let columns = self.columns(segment)?;
            let is_like = |row: &Row| row.category == own.category && (own.group == 0 || row.group != own.group);
            if !columns.0.iter().any(is_like) {
                continue;
            }
            let ranks = self.ranks(segment)?;
            for (at, row) in (0_u64..).zip(&columns.0).filter(|(_, row)| is_like(row)) {
                let other = segment.first + at;
                if other == place {
                    continue;
                }
                let distance = match (row.price, own.price) {
                    (NO_PRICE, _) | (_, NO_PRICE) => u64::MAX,
                    _ if row.currency != own.currency => u64::MAX,
                    (one, other) => one.abs_diff(other),
                };
                let is_same_brand = row.brand == own.brand && row.brand != NONE;
                let id = ranks.0.get(at as usize).map_or(u32::MAX, |(id, _)| *id);
                found.push(((!row.is_in_stock, !is_same_brand, distance, id), other));
            }
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
            for row in self.columns(segment)?.0.iter().filter(|row| row.group != 0) {
                let of = wanted.iter().zip(&mut counts).filter(|(group, _)| **group == row.group);
                of.for_each(|(_, count)| *count += 1);
            }
        }
        Ok(counts.into_iter().map(|count| count > 1).collect())
    }

    fn row(&self, place: u64) -> io::Result<Option<Row>> {
        let segment = self
            .segments()
            .iter()
            .find(|segment| (segment.first..segment.first + u64::from(segment.docs)).contains(&place));
        let Some(segment) = segment else { return Ok(None) };
        Ok(self.columns(segment)?.0.get(usize::try_from(place - segment.first).unwrap_or(usize::MAX)).copied())
    }
}
