//! The names that a config file may use.

/// A section's name, and the names of its settings.
pub(super) struct SectionNames {
    /// Without the brackets.
    pub(super) name: &'static str,
    /// In the order of the example.
    pub(super) keys: &'static [&'static str],
}

/// A secret's two names in its section.
#[derive(Clone, Copy)]
pub(super) struct SecretNames {
    /// The setting that is the secret itself.
    pub(super) key: &'static str,
    /// The setting that names a file.
    pub(super) file: &'static str,
}

/// NiceChat's key.
pub(super) const API_KEY: SecretNames = SecretNames { key: "api_key", file: "api_key_file" };
/// NiceChat's secret.
pub(super) const API_SECRET: SecretNames = SecretNames { key: "api_secret", file: "api_secret_file" };
/// The feed's password.
pub(super) const PASSWORD: SecretNames = SecretNames { key: "password", file: "password_file" };

/// `[source]`.
pub(super) const SOURCE: SectionNames = SectionNames {
    name: "source",
    keys: &[
        "location",
        "type",
        "schedule",
        "resync_schedule",
        "timeout",
        "max_bytes",
        "username",
        PASSWORD.key,
        PASSWORD.file,
        "default_currency",
        "default_category",
    ],
};

/// `[state]`.
pub(super) const STATE: SectionNames = SectionNames { name: "state", keys: &["path"] };

/// `[nicechat]`.
pub(super) const NICECHAT: SectionNames = SectionNames {
    name: "nicechat",
    keys: &[
        "base_url",
        API_KEY.key,
        API_KEY.file,
        API_SECRET.key,
        API_SECRET.file,
        "concurrency",
        "requests_per_second",
        "timeout",
        "retries",
        "strategy",
        "import_timeout",
        "prune",
        "max_delete_percent",
        "vanished_category",
    ],
};

/// `[http]`.
pub(super) const HTTP: SectionNames = SectionNames { name: "http", keys: &["listen", "public_url"] };

/// Every section that this version knows.
pub(super) const SECTIONS: [SectionNames; 4] = [SOURCE, STATE, NICECHAT, HTTP];

/// Sections that have their place, but not in this version.
pub(super) const LATER: [&str; 1] = ["lagerkoll"];

/// Whether a word is a setting of any section.
pub(super) fn is_setting(word: &str) -> bool {
    SECTIONS.iter().any(|section| section.keys.contains(&word))
}

/// Whether a setting's value is a secret.
pub(super) fn is_secret(key: &str) -> bool {
    [API_KEY, API_SECRET, PASSWORD].iter().any(|names| names.key == key)
}
