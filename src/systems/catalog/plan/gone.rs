//! A column that the last feed had and this one hasn't.

use serde::Serialize;

use crate::text::count;

/// A column that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoneColumn {
    /// As the last feed named it.
    pub column: String,
    /// The products' field that was made of it.
    pub field: String,
    /// Products that have a value in that field; `None` = nobody knows which of them had it from this column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub products: Option<u64>,
    /// Whether it is an element of XML.
    #[serde(skip)]
    pub(in crate::systems::catalog) is_element: bool,
}

impl GoneColumn {
    /// In words.
    pub fn words(&self) -> String {
        let GoneColumn { column, products, .. } = self;
        let what = if self.is_element { "element" } else { "column" };
        let had = products.map(|products| format!("; {} had it", count(products, "product", "products")));
        format!("the {what} `{column}` is gone{}", had.unwrap_or_default())
    }
}
