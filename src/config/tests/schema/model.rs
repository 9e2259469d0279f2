//! The file as schemars is told of it: which settings there are, what each is written in, and within which bounds.
//! What each means is told by the example (see `mod.rs`).

#![expect(dead_code, reason = "no value of these is ever made, only their schemas")]

use std::collections::BTreeMap;

use schemars::JsonSchema;

/// A time such as `90s`.
#[derive(JsonSchema)]
#[schemars(transparent)]
struct Time(#[schemars(regex(pattern = r"[0-9]"), extend("examples" = ["90s", "15m", "1h30m"]))] String);

/// An interval or a cron line in UTC that begins with the seconds.
#[derive(JsonSchema)]
#[schemars(transparent)]
struct Schedule(#[schemars(extend("examples" = ["every 15m", "0 */15 * * * *"]))] String);

/// A number of bytes, or it with a unit.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Size {
    Bytes(#[schemars(range(min = 1))] u64),
    Text(#[schemars(extend("examples" = ["4GiB", "500MB"]))] String),
}

/// Texts, or numbers, which are taken as they are written.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Id {
    Text(String),
    Number(#[schemars(range(min = 0))] i64),
}

/// A number of percent.
#[derive(JsonSchema)]
#[schemars(transparent)]
struct Percent(#[schemars(range(min = 0, max = 100))] u8);

/// Further tries.
#[derive(JsonSchema)]
#[schemars(transparent)]
struct Retries(#[schemars(range(min = 0, max = 20))] u8);

/// Days of a history.
#[derive(JsonSchema)]
#[schemars(transparent)]
struct Days(#[schemars(range(min = 1, max = 36_500))] u32);

/// Some of a few words.
macro_rules! words {
    ($($name:ident { $($variant:ident = $word:literal),* $(,)? })*) => {$(
        #[derive(JsonSchema)]
        enum $name { $(#[schemars(rename = $word)] $variant),* }
    )*};
}

words! {
    FeedType { Auto = "auto", GoogleCsv = "google-csv", GoogleXml = "google-xml", Yml = "yml" }
    Strategy { Auto = "auto", Api = "api", Import = "import" }
    Prune { Owned = "owned", All = "all", None = "none" }
    Vanished { Delete = "delete", Disable = "disable" }
    Missing { Keep = "keep", OutOfStock = "out_of_stock" }
    Scope { Store = "store", User = "user" }
    Person { Client = "client", Billing = "billing_address", Shipping = "shipping_address", Info = "info" }
    WhenUnknown { Hide = "hide", Show = "show" }
    Operator { And = "AND", Or = "OR" }
    Method { Post = "POST", Get = "GET" }
    OutOfStock { Last = "last", Mixed = "mixed", Hidden = "hidden" }
    Facet { Category = "category", Brand = "brand", Price = "price", Availability = "availability" }
    Heartbeat { HealthChecks = "healthchecks", UptimeKuma = "uptime-kuma" }
    Auto { Auto = "auto" }
    SmtpTls { Auto = "auto", StartTls = "starttls", Tls = "tls", None = "none" }
    Event {
        OrderNew = "order.new", OrderGone = "order.gone", AvailabilityChanged = "availability.changed",
        PassFailed = "pass.failed", PassRecovered = "pass.recovered", PassHeld = "pass.held",
        RowsRejected = "rows.rejected", ObjectsRefused = "objects.refused", SyncStale = "sync.stale",
        DiskLow = "disk.low",
    }
}

/// How a connection to a mail server is protected.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Tls {
    How(SmtpTls),
    Whether(bool),
}

/// Mail addresses.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Addresses {
    One(String),
    List(Vec<String>),
}

/// A time, or whatever suits the interval.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Splay {
    Auto(Auto),
    UpTo(Time),
}

/// How many at the same time.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Concurrency {
    Auto(Auto),
    Fixed(#[schemars(range(min = 1, max = 256))] u16),
}

/// Tables of the file.
macro_rules! tables {
    ($($(#[$outer:meta])* $table:ident { $($(#[$inner:meta])* $name:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$outer])*
        #[derive(JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(super) struct $table { $($(#[$inner])* $name: $type),* }
    )*};
}

tables! {
    /// The settings of shelfkeeper. Every section may be left out.
    Settings {
        source: Option<Source>,
        state: Option<State>,
        nicechat: Option<NiceChat>,
        guard: Option<Guard>,
        orders: Option<Orders>,
        lagerkoll: Option<Lagerkoll>,
        emplifi: Option<Emplifi>,
        newstore: Option<NewStore>,
        notify: Option<Notify>,
        http: Option<Http>,
        oct8ne: Option<Oct8ne>,
    }
    /// The shop's feed.
    Source {
        location: String,
        r#type: Option<FeedType>,
        schedule: Option<Schedule>,
        resync_schedule: Option<Schedule>,
        splay: Option<Splay>,
        watch: Option<bool>,
        timeout: Option<Time>,
        max_bytes: Option<Size>,
        username: Option<String>,
        password: Option<String>,
        password_file: Option<String>,
        default_currency: Option<String>,
        default_category: Option<String>,
        rule: Option<Vec<Rule>>,
    }
    /// Items that are left out, or taken all the same.
    Rule {
        include: bool,
        id: Option<String>,
        title: Option<String>,
        category: Option<String>,
        brand: Option<String>,
        price: Option<String>,
        in_stock: Option<bool>,
    }
    /// What is known of NiceChat.
    State { path: Option<String>, history_days: Option<Days>, #[schemars(range(max = 1_000_000_000))] history_rows: Option<u64> }
    /// The shop at NiceChat.
    NiceChat {
        base_url: Option<String>,
        api_key: Option<String>,
        api_key_file: Option<String>,
        api_secret: Option<String>,
        api_secret_file: Option<String>,
        concurrency: Option<Concurrency>,
        #[schemars(range(max = 10_000))]
        requests_per_second: Option<u32>,
        timeout: Option<Time>,
        retries: Option<Retries>,
        strategy: Option<Strategy>,
        import_timeout: Option<Time>,
        prune: Option<Prune>,
        max_delete_percent: Option<Percent>,
        vanished_category: Option<Vanished>,
    }
    /// What a pass does only on somebody's word.
    Guard {
        max_delete_percent: Option<Percent>,
        max_emptied_percent: Option<Percent>,
        max_out_of_stock_percent: Option<Percent>,
        max_price_percent: Option<Percent>,
        #[schemars(range(max = 1000), extend("exclusiveMinimum" = 1))]
        price_factor: Option<f64>,
        #[schemars(range(max = 1_000_000_000))]
        min_count: Option<u64>,
        delete_after: Option<Time>,
        #[schemars(range(min = 1, max = 1000))]
        delete_feeds: Option<u32>,
        missing: Option<Missing>,
    }
    /// NiceChat's orders.
    Orders {
        schedule: Option<Schedule>,
        resync_schedule: Option<Schedule>,
        keep: Option<Vec<Person>>,
        #[schemars(range(max = 3_650))]
        personal_days: Option<u32>,
        match_email: Option<bool>,
        days: Option<Days>,
        currency: Option<String>,
        announce_old: Option<bool>,
    }
    /// Scheduled events of a store.
    Lagerkoll {
        base_url: Option<String>,
        store: Id,
        api_key: Option<String>,
        api_key_file: Option<String>,
        user_id: Option<Id>,
        user_token: Option<String>,
        user_token_file: Option<String>,
        scope: Option<Scope>,
        schedule: Option<Schedule>,
        history_days: Option<Days>,
        timeout: Option<Time>,
        retries: Option<Retries>,
        max_delete_percent: Option<Percent>,
        event: Option<Vec<ScheduledEvent>>,
        copy_to: Option<Vec<CopyTo>>,
    }
    /// An event that is to exist.
    ScheduledEvent {
        name: String,
        trigger_type: String,
        trigger: Option<BTreeMap<String, serde_json::Value>>,
        action_type: String,
        action: Option<BTreeMap<String, serde_json::Value>>,
    }
    /// Another store that is to have the same events.
    CopyTo {
        store: Id,
        api_key: Option<String>,
        api_key_file: Option<String>,
        user_id: Option<Id>,
        user_token: Option<String>,
        user_token_file: Option<String>,
    }
    /// Whether advisors are there.
    Emplifi {
        base_url: String,
        api_key: Option<String>,
        api_key_file: Option<String>,
        schedule: Option<Schedule>,
        timeout: Option<Time>,
        #[schemars(range(min = 1, max = 100))]
        open_after: Option<u32>,
        #[schemars(range(min = 1, max = 100))]
        close_after: Option<u32>,
        unknown_after: Option<Time>,
        when_unknown: Option<WhenUnknown>,
        max_age: Option<Time>,
        history_days: Option<Days>,
        timezone: Option<String>,
        watch: Option<Vec<Watch>>,
    }
    /// Who is watched.
    Watch {
        name: String,
        alias: Option<String>,
        required_keys: Option<Vec<String>>,
        operator: Option<Operator>,
        optional_keys: Option<Vec<String>>,
    }
    /// Which stores are to have clienteling.
    NewStore {
        tenant: String,
        base_url: Option<String>,
        client_id: Option<String>,
        client_secret: Option<String>,
        client_secret_file: Option<String>,
        token: Option<String>,
        token_file: Option<String>,
        token_url: Option<String>,
        scope: Option<String>,
        timeout: Option<Time>,
        retries: Option<Retries>,
        ecom_link: Option<String>,
        retailer_path: Option<String>,
        onboard_path: Option<String>,
        numbers_path: Option<String>,
        status_path: Option<String>,
        store: Option<Vec<NewStoreStore>>,
    }
    /// A store.
    NewStoreStore { id: Id, phone_number: Option<String>, choose: Option<Choice>, enable: Option<bool> }
    /// A number of those that NewStore offers.
    Choice { locality: Option<String>, region: Option<String>, prefix: Option<String> }
    /// Who is told of what happens.
    Notify {
        shop: Option<String>,
        #[schemars(range(min = 1, max = 1000))]
        fail_after: Option<u32>,
        disk_low: Option<Size>,
        heartbeat_url: Option<String>,
        heartbeat_url_file: Option<String>,
        heartbeat: Option<Heartbeat>,
        smtp: Option<Smtp>,
        hook: Option<Vec<Hook>>,
    }
    /// The server that mails go to.
    Smtp {
        host: String,
        #[schemars(range(min = 1))]
        port: Option<u16>,
        tls: Option<Tls>,
        username: Option<String>,
        password: Option<String>,
        password_file: Option<String>,
        from: String,
    }
    /// Somebody who is told.
    Hook {
        name: String,
        events: Vec<Event>,
        url: Option<String>,
        secret: Option<String>,
        secret_file: Option<String>,
        command: Option<Vec<String>>,
        mail: Option<Addresses>,
        personal: Option<bool>,
        timeout: Option<Time>,
        give_up_after: Option<Time>,
    }
    /// Two doors of our own.
    Http {
        listen: Option<String>,
        public_listen: Option<String>,
        public_url: Option<String>,
        password: Option<String>,
        password_file: Option<String>,
        actions: Option<bool>,
        allowed_hosts: Option<Vec<String>>,
        allow_origins: Option<Vec<String>>,
        trusted_proxies: Option<Vec<String>>,
        #[schemars(range(max = 100_000))]
        requests_per_second: Option<u32>,
    }
    /// The co-viewing widget.
    Oct8ne {
        shop_url: String,
        enabled: Option<bool>,
        license: Option<String>,
        server: Option<String>,
        static_server: Option<String>,
        api_token: Option<String>,
        api_token_file: Option<String>,
        locale: Option<String>,
        currency: Option<String>,
        timezone: Option<String>,
        languages: Option<Vec<String>>,
        checkout_url: Option<String>,
        login_url: Option<String>,
        success_url: Option<String>,
        product_url: Option<String>,
        drop_url_params: Option<Vec<String>>,
        add_to_cart_url: Option<String>,
        add_to_cart_method: Option<Method>,
        thumbnail_url: Option<String>,
        facets: Option<Vec<Facet>>,
        out_of_stock: Option<OutOfStock>,
        cache: Option<Time>,
        origins: Option<Vec<String>>,
        shop: Option<OfShop>,
    }
    /// What only the shop knows.
    OfShop {
        session_url: Option<String>,
        wishlist_url: Option<String>,
        orders_url: Option<String>,
        order_url: Option<String>,
        secret: Option<String>,
        secret_file: Option<String>,
        timeout: Option<Time>,
    }
}
