//! Which of a product's fields have a value: what the guard counts against.

use rusqlite::Row;
use serde_json::Value;

use super::columns::fields;
use crate::catalog::{Fields, Kind};
use crate::state::{GUARD_SINCE, Reader, StateError};

/// A field of a product that can lose its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Its category.
    Category,
    /// Its price.
    Price,
    /// Of the price.
    Currency,
    /// Its description.
    Description,
    /// Its page.
    Url,
    /// Its picture.
    Image,
    /// That it can be bought now.
    InStock,
}

impl Field {
    /// Every field.
    pub const ALL: [Field; 7] =
        [Field::Category, Field::Price, Field::Currency, Field::Description, Field::Url, Field::Image, Field::InStock];

    /// The name under which it is sent and shown.
    pub fn name(self) -> &'static str {
        match self {
            Field::Category => "category",
            Field::Price => "price",
            Field::Currency => "currency",
            Field::Description => "description",
            Field::Url => "url",
            Field::Image => "image_url",
            Field::InStock => "in_stock",
        }
    }

    /// Its place among the bits of a column: never another one.
    pub fn bit(self) -> u16 {
        1 << self as u16
    }

    /// Whether fields have a value in it. Not to be in stock is to have none.
    pub fn is_in(self, fields: &Fields) -> bool {
        match fields.get(self.name()) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(_) => true,
        }
    }
}

/// The fields with a value, a bit each.
pub(super) fn presence(fields: &Fields) -> u16 {
    Field::ALL.into_iter().filter(|field| field.is_in(fields)).map(Field::bit).sum()
}

/// Counting products by what they have.
pub trait ReadPresence: AsRef<Reader> {
    /// How many products of ours have a value in a field. What an earlier program wrote is unpacked for it.
    ///
    /// # Errors
    /// When the file can't be read.
    fn having(&self, field: Field) -> Result<u64, StateError> {
        let reader = self.as_ref();
        let mut count = 0;
        let unpack = |row: &Row<'_>| Ok(field.is_in(&fields(row, 0)?));
        let mut each = |has: bool| {
            count += u64::from(has);
            Ok::<(), StateError>(())
        };
        if reader.version() < GUARD_SINCE {
            reader.each("SELECT acked FROM object WHERE kind = ?1", [Kind::Product], unpack, &mut each)?;
            return Ok(count);
        }
        let sql = "SELECT acked FROM object JOIN object_key USING (object) WHERE object_key.kind = ?1 AND has IS NULL";
        reader.each(sql, [Kind::Product], unpack, &mut each)?;
        let sql = "SELECT count(*) FROM object_key WHERE kind = ?1 AND has & ?2";
        Ok(count + reader.count(sql, rusqlite::params![Kind::Product, field.bit()])?)
    }

    /// Whether at least so many products of ours are known to have a value in a field. It looks no further than that:
    /// for what is no risk a few thousand rows tell it.
    ///
    /// # Errors
    /// When the file can't be read.
    fn at_least(&self, needed: u64, field: Field) -> Result<bool, StateError> {
        let reader = self.as_ref();
        if reader.version() < GUARD_SINCE {
            return Ok(false);
        }
        let needed = i64::try_from(needed).unwrap_or(i64::MAX);
        let sql = "SELECT count(*) FROM (SELECT 1 FROM object_key WHERE kind = ?1 AND has & ?2 LIMIT ?3)";
        let found = reader.count(sql, rusqlite::params![Kind::Product, field.bit(), needed])?;
        Ok(i64::try_from(found).is_ok_and(|found| found >= needed))
    }

    /// Whether a product that has a value in a field, or may have, is one of these.
    ///
    /// # Errors
    /// When the file can't be read.
    fn any_with(&self, field: Field, mut is_one: impl FnMut(i64) -> bool) -> Result<bool, StateError> {
        let reader = self.as_ref();
        if reader.version() < GUARD_SINCE {
            return Ok(true);
        }
        let sql = "SELECT object FROM object_key WHERE kind = ?1 AND (has IS NULL OR has & ?2)";
        let mut found = false;
        reader.each(
            sql,
            rusqlite::params![Kind::Product, field.bit()],
            |row| row.get(0),
            |object| {
                found = found || is_one(object);
                Ok::<(), StateError>(())
            },
        )?;
        Ok(found)
    }
}

impl ReadPresence for Reader {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_no_value() {
        let product = json!({"category": null, "price": 0, "currency": "", "in_stock": false, "url": "u"});
        let Value::Object(product) = product else { panic!("an object") };
        assert_eq!(presence(&product), Field::Price.bit() | Field::Url.bit());
    }
}
