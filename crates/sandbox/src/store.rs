//! What the in-memory NiceChat holds: objects by kind and id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One category or product with all its fields, `id` included. Numbers keep the digits they came with.
pub type Object = Map<String, Value>;

/// The types of object that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// `/marketplaces/v1/categories/`
    #[serde(rename = "categories")]
    Category,
    /// `/marketplaces/v1/products/`
    #[serde(rename = "products")]
    Product,
}

impl Kind {
    /// The type's name in a path: `categories`, `products`.
    pub fn path_name(self) -> &'static str {
        match self {
            Self::Category => "categories",
            Self::Product => "products",
        }
    }

    /// The kind with this name in a path, if there is one.
    pub fn from_path_name(name: &str) -> Option<Self> {
        [Self::Category, Self::Product].into_iter().find(|kind| kind.path_name() == name)
    }
}

/// All objects, each kind sorted by id so that listings are the same every time.
#[derive(Debug, Default)]
pub(super) struct Store {
    categories: BTreeMap<String, Object>,
    products: BTreeMap<String, Object>,
}

impl Store {
    /// All objects of a kind.
    pub(super) fn of(&self, kind: Kind) -> &BTreeMap<String, Object> {
        match kind {
            Kind::Category => &self.categories,
            Kind::Product => &self.products,
        }
    }

    /// All objects of a kind, to be changed.
    pub(super) fn of_mut(&mut self, kind: Kind) -> &mut BTreeMap<String, Object> {
        match kind {
            Kind::Category => &mut self.categories,
            Kind::Product => &mut self.products,
        }
    }

    /// Stores an object whole, under the id given, which becomes its `id` field.
    pub(super) fn insert(&mut self, kind: Kind, id: &str, mut object: Object) {
        object.insert("id".to_owned(), Value::from(id));
        object.retain(|_, value| !value.is_null());
        self.of_mut(kind).insert(id.to_owned(), object);
    }

    /// Sets fields of an object, those that are null are cleared. False when there is no such object.
    pub(super) fn merge(&mut self, kind: Kind, id: &str, fields: Object) -> bool {
        let Some(object) = self.of_mut(kind).get_mut(id) else {
            return false;
        };
        object.extend(fields);
        object.insert("id".to_owned(), Value::from(id));
        object.retain(|_, value| !value.is_null());
        true
    }
}
