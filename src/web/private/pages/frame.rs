//! What all pages have around them.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::policy::{ICON, SCRIPT, STYLE};
use super::text::shown;
use crate::config::{Config, Location};
use crate::systems::Look;
use crate::web::private::Monitor;

/// See the module.
pub(super) struct Frame {
    shop: String,
    links: Vec<(&'static str, &'static str)>,
    has_products: bool,
    /// How this program is called by hand for this shop.
    pub(super) program: String,
    /// Whether something can be done here.
    pub(super) can_act: bool,
    /// When the page is made.
    pub(super) now: Timestamp,
}

impl Frame {
    /// The one of a shop.
    pub(super) fn of(monitor: &Monitor, config: &Config, looks: &[Box<dyn Look>]) -> Frame {
        let links = looks.iter().flat_map(|look| look.listings());
        Frame {
            shop: called(monitor, config),
            links: links.map(|listing| (listing.path(), listing.title())).collect(),
            has_products: config.source().is_some() || config.catalog.is_some(),
            program: config.program.clone(),
            can_act: config.http.as_ref().is_some_and(|http| http.actions),
            now: Timestamp::now(),
        }
    }

    /// A page that keeps itself fresh, if it is to.
    pub(super) fn page(&self, title: &str, (path, is_live): (&str, bool), main: Markup) -> Markup {
        let current = |to: &str| (to == path).then_some("page");
        let shop = shown(&self.shop);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) " – " (shop) " – shelfkeeper" }
                    link rel="icon" href=(ICON);
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#main" { "To the content" }
                    header {
                        a.shop href="/" { (shop) }
                        nav aria-label="Pages" { ul {
                            li { a href="/" aria-current=[current("/")] { "Overview" } }
                            @for (to, title) in &self.links { li { a href=(to) aria-current=[current(to)] { (title) } } }
                        } }
                        @if self.has_products { (find()) }
                    }
                    main id="main" tabindex="-1" data-live=[is_live.then_some("30")] { (main) }
                    footer {
                        p { "shelfkeeper " (env!("CARGO_PKG_VERSION")) " · times are UTC · as of "
                            time datetime=(format!("{:.0}", self.now)) { (self.now.strftime("%H:%M:%S").to_string()) } }
                        ul { li { a href="/status" { "/status" } " (JSON)" } li { a href="/metrics" { "/metrics" } }
                            li { a href="/readyz" { "/readyz" } } li { a href="/healthz" { "/healthz" } } }
                        p.stale id="stale" role="status" hidden { "This page can't be refreshed: nobody answers." }
                    }
                    @if is_live { script { (PreEscaped(SCRIPT)) } }
                }
            }
        }
    }

    /// A page that says what is wrong, and what to do.
    pub(super) fn words(&self, title: &str, words: &[&str]) -> Markup {
        let main = html! { h1 { (title) } @for words in words { p { (shown(words)) } } p { a href="/" { "To the overview" } } };
        self.page(title, ("", false), main)
    }
}

/// Leads to a product's page.
fn find() -> Markup {
    html! {
        form.find action="/product" method="get" role="search" {
            label for="find" { "Product id" }
            input id="find" name="id" required autocomplete="off" spellcheck="false" size="14";
            button { "Explain" }
        }
    }
}

/// What the shop is called: by its settings, else by where its feed is.
fn called(monitor: &Monitor, config: &Config) -> String {
    let name = config.shop_name().map(str::to_owned).or_else(|| monitor.0.name.as_deref().map(str::to_owned));
    let host = || match &config.source()?.location {
        Location::Url(url) => url.host_str().map(str::to_owned),
        Location::File(path) => Some(path.file_name()?.to_string_lossy().into_owned()),
    };
    name.or_else(host).unwrap_or_else(|| "shelfkeeper".to_owned())
}
