//! The names that a config file may use.

/// A section's name, and the names of its settings.
pub(super) struct SectionNames {
    /// Without the brackets.
    pub(super) name: &'static str,
    /// In the order of the example.
    pub(super) keys: &'static [&'static str],
}

impl SectionNames {
    /// As the file writes it.
    pub(super) fn heading(&self) -> String {
        heading(self.name)
    }
}

/// A section as the file writes it; those within others may come again and again.
pub(super) fn heading(name: &str) -> String {
    let is_alone = SUBSECTIONS.iter().any(|section| section.name == name);
    if name.contains('.') && !is_alone { format!("[[{name}]]") } else { format!("[{name}]") }
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
/// What a login to Lagerkoll gave beside the user.
pub(super) const USER_TOKEN: SecretNames = SecretNames { key: "user_token", file: "user_token_file" };
/// What Oct8ne asks with.
pub(super) const API_TOKEN: SecretNames = SecretNames { key: "api_token", file: "api_token_file" };
/// What the shop is asked with, and a hook's messages are signed with.
pub(super) const SECRET: SecretNames = SecretNames { key: "secret", file: "secret_file" };
/// Who is told of each pass.
pub(super) const HEARTBEAT_URL: SecretNames = SecretNames { key: "heartbeat_url", file: "heartbeat_url_file" };
/// What an API client of NewStore's proves itself with.
pub(super) const CLIENT_SECRET: SecretNames = SecretNames { key: "client_secret", file: "client_secret_file" };
/// A token for NewStore that somebody has fetched already.
pub(super) const TOKEN: SecretNames = SecretNames { key: "token", file: "token_file" };
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
        "splay",
        "watch",
        "timeout",
        "max_bytes",
        "username",
        PASSWORD.key,
        PASSWORD.file,
        "default_currency",
        "default_category",
        "rule",
    ],
};

/// `[[source.rule]]`.
pub(super) const RULE: SectionNames =
    SectionNames { name: "source.rule", keys: &["include", "id", "title", "category", "brand", "price", "in_stock"] };

/// `[state]`.
pub(super) const STATE: SectionNames = SectionNames { name: "state", keys: &["path", "history_days", "history_rows"] };

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

/// `[guard]`.
pub(super) const GUARD: SectionNames = SectionNames {
    name: "guard",
    keys: &[
        "max_delete_percent",
        "max_emptied_percent",
        "max_out_of_stock_percent",
        "max_price_percent",
        "price_factor",
        "min_count",
        "delete_after",
        "delete_feeds",
        "missing",
    ],
};

/// `[lagerkoll]`.
pub(super) const LAGERKOLL: SectionNames = SectionNames {
    name: "lagerkoll",
    keys: &[
        "base_url",
        "store",
        API_KEY.key,
        API_KEY.file,
        "user_id",
        USER_TOKEN.key,
        USER_TOKEN.file,
        "scope",
        "schedule",
        "history_days",
        "timeout",
        "retries",
        "max_delete_percent",
        "event",
        "copy_to",
    ],
};

/// `[[lagerkoll.event]]`.
pub(super) const EVENT: SectionNames =
    SectionNames { name: "lagerkoll.event", keys: &["name", "trigger_type", "trigger", "action_type", "action"] };

/// `[[lagerkoll.copy_to]]`.
pub(super) const COPY_TO: SectionNames = SectionNames {
    name: "lagerkoll.copy_to",
    keys: &["store", API_KEY.key, API_KEY.file, "user_id", USER_TOKEN.key, USER_TOKEN.file],
};

/// `[emplifi]`.
pub(super) const EMPLIFI: SectionNames = SectionNames {
    name: "emplifi",
    keys: &[
        "base_url",
        API_KEY.key,
        API_KEY.file,
        "schedule",
        "timeout",
        "open_after",
        "close_after",
        "unknown_after",
        "when_unknown",
        "max_age",
        "history_days",
        "timezone",
        "watch",
    ],
};

/// `[[emplifi.watch]]`.
pub(super) const WATCH: SectionNames =
    SectionNames { name: "emplifi.watch", keys: &["name", "alias", "required_keys", "operator", "optional_keys"] };

/// `[newstore]`.
pub(super) const NEWSTORE: SectionNames = SectionNames {
    name: "newstore",
    keys: &[
        "tenant",
        "base_url",
        "client_id",
        CLIENT_SECRET.key,
        CLIENT_SECRET.file,
        TOKEN.key,
        TOKEN.file,
        "token_url",
        "scope",
        "timeout",
        "retries",
        "ecom_link",
        "retailer_path",
        "onboard_path",
        "numbers_path",
        "status_path",
        "store",
    ],
};

/// `[[newstore.store]]`.
pub(super) const NEWSTORE_STORE: SectionNames =
    SectionNames { name: "newstore.store", keys: &["id", "phone_number", "choose", "enable"] };

/// `[orders]`.
pub(super) const ORDERS: SectionNames = SectionNames {
    name: "orders",
    keys: &["schedule", "resync_schedule", "keep", "personal_days", "match_email", "days", "currency", "announce_old"],
};

/// `[notify]`.
pub(super) const NOTIFY: SectionNames = SectionNames {
    name: "notify",
    keys: &["shop", "fail_after", "disk_low", HEARTBEAT_URL.key, HEARTBEAT_URL.file, "heartbeat", "smtp", "hook"],
};

/// `[notify.smtp]`.
pub(super) const SMTP: SectionNames = SectionNames {
    name: "notify.smtp",
    keys: &["host", "port", "tls", "username", PASSWORD.key, PASSWORD.file, "from"],
};

/// `[[notify.hook]]`.
pub(super) const HOOK: SectionNames = SectionNames {
    name: "notify.hook",
    keys: &[
        "name",
        "events",
        "url",
        SECRET.key,
        SECRET.file,
        "command",
        "mail",
        "personal",
        "timeout",
        "give_up_after",
    ],
};

/// `[http]`.
pub(super) const HTTP: SectionNames = SectionNames {
    name: "http",
    keys: &[
        "listen",
        "public_listen",
        "public_url",
        PASSWORD.key,
        PASSWORD.file,
        "actions",
        "allowed_hosts",
        "allow_origins",
        "trusted_proxies",
        "requests_per_second",
    ],
};

/// `[oct8ne]`.
pub(super) const OCT8NE: SectionNames = SectionNames {
    name: "oct8ne",
    keys: &[
        "shop_url",
        "enabled",
        "license",
        "server",
        "static_server",
        API_TOKEN.key,
        API_TOKEN.file,
        "locale",
        "currency",
        "timezone",
        "languages",
        "checkout_url",
        "login_url",
        "success_url",
        "product_url",
        "drop_url_params",
        "add_to_cart_url",
        "add_to_cart_method",
        "thumbnail_url",
        "facets",
        "out_of_stock",
        "cache",
        "origins",
        "shop",
    ],
};

/// `[oct8ne.shop]`.
pub(super) const OCT8NE_SHOP: SectionNames = SectionNames {
    name: "oct8ne.shop",
    keys: &["session_url", "wishlist_url", "orders_url", "order_url", SECRET.key, SECRET.file, "timeout"],
};

/// Every section.
pub(super) const SECTIONS: [SectionNames; 11] =
    [SOURCE, STATE, NICECHAT, GUARD, ORDERS, LAGERKOLL, EMPLIFI, NEWSTORE, NOTIFY, HTTP, OCT8NE];

/// Sections within a section. Their names are `section.key`.
pub(super) const SUBSECTIONS: [SectionNames; 2] = [OCT8NE_SHOP, SMTP];

/// Tables within a section, of which there may be any number. Their names are `section.key`.
pub(super) const TABLES: [SectionNames; 6] = [RULE, EVENT, COPY_TO, WATCH, NEWSTORE_STORE, HOOK];

/// Whether a word is a setting of any section.
pub(super) fn is_setting(word: &str) -> bool {
    SECTIONS.iter().chain(&SUBSECTIONS).chain(&TABLES).any(|section| section.keys.contains(&word))
}

/// Every secret.
const SECRETS: [SecretNames; 9] =
    [API_KEY, API_SECRET, USER_TOKEN, PASSWORD, API_TOKEN, SECRET, CLIENT_SECRET, TOKEN, HEARTBEAT_URL];

/// Whether a setting's value is a secret.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.iter().any(|names| names.key == key)
}

/// Whether a part of a line may name a secret, or its file.
pub(super) fn may_name_secret(text: &str) -> bool {
    SECRETS.iter().any(|names| text.contains(names.key) || text.contains(names.file))
}

/// Whether a setting names a secret's file.
pub(super) fn is_secret_file(key: &str) -> bool {
    SECRETS.iter().any(|names| names.file == key)
}

/// What is said of a value that has no quotes and needs them; `None` = it needs none, or its setting isn't known.
pub(super) fn in_quotes(key: &str) -> Option<&'static str> {
    match key {
        "timeout" | "import_timeout" | "splay" | "delete_after" | "cache" | "give_up_after" | "unknown_after"
        | "max_age" => Some("write a time in quotes, such as \"30s\""),
        "schedule" | "resync_schedule" => Some("write it in quotes, such as \"every 15m\""),
        "price" => Some("write prices in quotes, such as \"<5\" or \"10..20\""),
        "max_bytes" | "disk_low" => Some("write a size in quotes, such as \"4GiB\", or a number of bytes"),
        "location" | "path" => Some("write a path or an address in quotes, such as \"/srv/feed.xml\""),
        "keep" | "events" | "command" | "mail" => Some("write a list of texts in quotes, such as [\"client\"]"),
        "phone_number" => Some("write it in quotes, such as \"+13055550100\""),
        "match_email" | "announce_old" | "personal" | "enable" | "choose" | "watch" => None,
        key if is_number(key) || matches!(key, "trigger" | "action" | "include" | "in_stock" | "enabled") => None,
        key if is_setting(key) => Some("write a text in quotes"),
        _ => None,
    }
}

/// Settings that are whole numbers.
fn is_number(key: &str) -> bool {
    const NUMBERS: [&str; 13] = [
        "port",
        "open_after",
        "close_after",
        "concurrency",
        "requests_per_second",
        "retries",
        "history_days",
        "history_rows",
        "price_factor",
        "min_count",
        "delete_feeds",
        "days",
        "personal_days",
    ];
    NUMBERS.contains(&key) || key.ends_with("_percent")
}

/// The sections that have a setting of this name.
pub(super) fn sections_with(key: &str) -> Vec<String> {
    let has = |section: &&SectionNames| section.keys.contains(&key);
    SECTIONS.iter().chain(&SUBSECTIONS).chain(&TABLES).filter(has).map(SectionNames::heading).collect()
}
