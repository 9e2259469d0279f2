//! Questions, as they are told apart in the state.

use crate::config::{Emplifi, Question};

/// Of whom what is asked: the same for questions that ask the same. Of another question nothing is known.
pub(super) fn key(emplifi: &Emplifi, question: &Question) -> String {
    let asks = serde_json::to_string(&question.asks()).unwrap_or_default();
    format!("{} {asks}", emplifi.base_url)
}
