use serde_json::{Map, Value};

/// The fields of a JSON object, by name.
pub type Fields = Map<String, Value>;
