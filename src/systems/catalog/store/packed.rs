//! The fields that were acknowledged, as they are stored with their object: JSON, packed. They make up most
//! of the file, and are read only for objects that changed.

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

use crate::catalog::Fields;
use crate::state::json;

/// What the JSON of nearly all products has: what is packed refers to it. Part of the file's format.
const DICTIONARY: &[u8] = br#"{"category":"","currency":"","description":"","image_url":"https://","in_stock":true,"price":,"title":"","url":"https://"}"#;

/// The bytes that [`Packed`] reads.
pub(super) fn pack(fields: &Fields) -> rusqlite::Result<Vec<u8>> {
    Ok(compress_prepend_size_with_dict(json(fields)?.as_bytes(), DICTIONARY))
}

/// Fields out of a column: packed, or as text, as other columns and files of older formats have them.
pub(super) struct Packed(pub(super) Fields);

impl FromSql for Packed {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Packed> {
        let fields = match value {
            ValueRef::Blob(packed) => {
                let json = decompress_size_prepended_with_dict(packed, DICTIONARY);
                serde_json::from_slice(&json.map_err(|error| FromSqlError::Other(error.into()))?)
            }
            text => serde_json::from_slice(text.as_bytes()?),
        };
        fields.map(Packed).map_err(|error| FromSqlError::Other(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_packed_or_as_text() {
        let json = r#"{"description":null,"in_stock":true,"price":10.00,"title":"\"Лампа\" lamp lamp lamp lamp"}"#;
        let fields: Fields = serde_json::from_str(json).expect("fields");
        let packed = pack(&fields).expect("packed");
        assert!(packed.len() < json.len(), "{}", packed.len());
        for value in [ValueRef::Blob(&packed), ValueRef::Text(json.as_bytes())] {
            assert_eq!(Packed::column_result(value).expect("fields").0, fields);
        }
        assert!(Packed::column_result(ValueRef::Blob(&packed[..packed.len() - 3])).is_err());
        assert!(Packed::column_result(ValueRef::Blob(&[])).is_err());
    }
}
