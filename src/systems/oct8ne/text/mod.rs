//! Texts: words as search takes them, markup that is safe, titles without any.

pub(super) mod fold;
pub(super) mod html;
pub(super) mod words;
