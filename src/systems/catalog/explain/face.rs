//! What others than NiceChat are shown of a product.

use crate::systems::catalog::shelf::Stocked;

/// What is shown of a product.
#[derive(Debug)]
pub struct InShown {
    /// Now; `None` = nothing.
    pub item: Option<Stocked>,
    /// After the next pass, where the feed was read.
    pub next: Option<Next>,
}

/// What would be shown of a product.
#[derive(Debug)]
pub struct Next {
    /// `None` = nothing.
    pub item: Option<Stocked>,
    /// Somebody's word is needed for what the feed says.
    pub is_held: bool,
}
