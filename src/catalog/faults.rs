//! What is wrong with rejected rows, counted so that it can be told in a line.

use std::collections::BTreeMap;
use std::fmt;

use super::Rejection;
use crate::text::count;

/// Rejected rows by what is wrong with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(BTreeMap<Fault, u64>);

/// What is wrong with a row: the field at fault, and whether it is that an earlier row has the same id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    field: String,
    is_duplicate: bool,
}

impl Faults {
    /// One more row.
    pub fn add(&mut self, rejection: &Rejection) {
        self.add_many(&rejection.field, rejection.is_duplicate(), 1);
    }

    /// So many more rows with this field at fault.
    pub fn add_many(&mut self, field: &str, is_duplicate: bool, rows: u64) {
        *self.0.entry(Fault { field: field.to_owned(), is_duplicate }).or_default() += rows;
    }

    /// Gives each field at fault, whether it is that an earlier row has the id, and how many rows there are of it.
    ///
    /// # Errors
    /// When `each` fails.
    pub fn each<E>(&self, mut each: impl FnMut(&str, bool, u64) -> Result<(), E>) -> Result<(), E> {
        self.0.iter().try_for_each(|(fault, rows)| each(&fault.field, fault.is_duplicate, *rows))
    }

    /// Rows of every kind.
    pub fn rows(&self) -> u64 {
        self.0.values().sum()
    }
}

impl Fault {
    /// What one, and what many of them are called.
    fn names(&self) -> (String, String) {
        let (one, many) = match (self.field.as_str(), self.is_duplicate) {
            (_, true) => ("duplicate id", "duplicate ids"),
            ("id", _) => ("bad id", "bad ids"),
            ("title", _) => ("missing title", "missing titles"),
            ("sale_price", _) => ("bad sale price", "bad sale prices"),
            ("currency", _) => ("bad currency", "bad currencies"),
            ("category", _) => ("bad category", "bad categories"),
            ("in_stock", _) => ("bad availability", "bad availabilities"),
            ("url", _) => ("bad link", "bad links"),
            ("image_url", _) => ("bad picture", "bad pictures"),
            ("row" | "item" | "offer", _) => ("broken row", "broken rows"),
            (field, _) => return (format!("bad {field}"), format!("bad {field}s")),
        };
        (one.to_owned(), many.to_owned())
    }
}

/// `39 duplicate ids, 1 bad price`: the most frequent first.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What one format calls a row is an item or an offer to others.
        let mut named: BTreeMap<(String, String), u64> = BTreeMap::new();
        self.0.iter().for_each(|(fault, rows)| *named.entry(fault.names()).or_default() += rows);
        let mut faults: Vec<_> = named.into_iter().collect();
        faults.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        let told: Vec<String> = faults.iter().map(|((one, many), rows)| count(*rows, one, many)).collect();
        f.write_str(&told.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_come_first() {
        let mut faults = Faults::default();
        faults.add_many("price", false, 1);
        faults.add_many("id", true, 39);
        faults.add_many("row", false, 2);
        faults.add_many("offer", false, 1);
        assert_eq!(faults.to_string(), "39 duplicate ids, 3 broken rows, 1 bad price");
        assert_eq!(faults.rows(), 43);
    }
}
