//! Fields by name.

use serde_json::{Map, Value};

/// An object's fields by name, as they are sent and compared. The id is not among them.
pub type Fields = Map<String, Value>;
