//! Texts: words as search takes them, markup that is safe, titles without any.

mod entities;
pub(super) mod fold;
mod forms;
pub(super) mod html;
pub(super) mod order;
pub(super) mod words;
