//! Google's attributes that only the faces use which we serve ourselves.

use super::names::plain_name;
use super::values::each_address;
use crate::catalog::Local;

/// The attributes of which nothing goes to NiceChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LocalAttribute {
    MoreImages,
    Brand,
    /// A GTIN, or the maker's own number.
    Code,
    Group,
}

impl LocalAttribute {
    /// Recognises a column's or an element's name: any case, with or without `g:`, blanks or hyphens for underscores.
    pub(super) fn named(name: &str) -> Option<LocalAttribute> {
        match plain_name(name)?.as_str() {
            "additional_image_link" => Some(LocalAttribute::MoreImages),
            "brand" => Some(LocalAttribute::Brand),
            "gtin" | "mpn" => Some(LocalAttribute::Code),
            "item_group_id" => Some(LocalAttribute::Group),
            _ => None,
        }
    }

    /// Adds what a value says.
    pub(super) fn tell(self, value: &str, local: &mut Local) {
        match self {
            LocalAttribute::MoreImages => each_address(value, |image| local.add_image(image)),
            LocalAttribute::Brand => local.set_brand(value),
            LocalAttribute::Code => local.add_code(value),
            LocalAttribute::Group => local.set_group(value),
        }
    }
}
