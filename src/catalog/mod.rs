//! The words the whole program speaks: items, categories, prices and rejections.
//!
//! Everything here is plain data made from a feed's row. Values that cannot be right (an empty
//! id, a negative price, a currency that does not exist) cannot be built.

mod advice;
mod category;
mod currency;
mod faults;
mod fields;
mod id;
mod item;
mod local;
mod price;
mod rejection;
mod unknown_words;

pub use crate::digest::{Digest, DigestMap, DigestSet, Hasher, KEY, digest_bytes, random_key};
pub use category::{Category, first_product_type, path_category};
pub use currency::Currency;
pub use faults::Faults;
pub use fields::Fields;
pub use id::{Id, IdError, Kind};
pub use item::Item;
pub use local::Local;
pub use price::{Money, Notation, Price, PriceError};
pub use rejection::{Cell, Owner, Rejection, Traits};
pub use unknown_words::UnknownWords;
