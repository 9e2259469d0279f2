//! Those whom the Oct8ne face asks: the shop, for what only it knows, and Oct8ne itself, when shop and account are linked.

mod backoffice;
mod shop;

pub use backoffice::{Backoffice, Linked, Refusal};
pub use shop::{ShopAnswer, ShopClient, ShopRequest};
