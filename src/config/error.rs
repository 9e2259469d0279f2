//! What is wrong with the settings, in words for the person who wrote them.

use thiserror::Error;

/// Why there are no settings to work with.
///
/// Its text is the whole message: the place (`file:line:column`) when there is one, the setting,
/// what is wrong with it and what would be right. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// A message that stands alone.
    pub(super) fn new(message: impl Into<String>) -> ConfigError {
        ConfigError(message.into())
    }
}
