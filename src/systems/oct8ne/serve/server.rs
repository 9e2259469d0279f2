//! What requests are answered from: the settings, and the catalogue with its index.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use tracing::{debug, warn};

use super::metrics::Metrics;
use super::mirror::Mirror;
use crate::config::Oct8ne;
use crate::remote::oct8ne::ShopClient;
use crate::systems::catalog::{Generation, SHOWN, ShelfError, shown};
use crate::systems::oct8ne::index::build::build;
use crate::systems::oct8ne::index::file::{FILE, Index};
use crate::systems::oct8ne::money::Locale;
use crate::systems::oct8ne::text::words::Analyser;
use crate::task;
use crate::web::attempts::Attempts;

/// So many products are indexed before they are shown; of more the index follows.
const INDEXED_AT_ONCE: u64 = 20_000;
/// Requests that may read at the same time.
const READERS: usize = 8;

/// Why products can't be told.
pub(in crate::systems::oct8ne) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// See the module. A clone is the same one.
#[derive(Clone)]
pub(in crate::systems::oct8ne) struct Server(Arc<Inner>);

struct Inner {
    ready: Mutex<Ready>,
    readers: Arc<Semaphore>,
    metrics: Metrics,
    tokens: Attempts,
    /// What the shop doesn't answer: each told once.
    unanswered: Mutex<BTreeSet<&'static str>>,
}

#[derive(Default)]
struct Ready {
    settings: Option<Arc<Settings>>,
    view: Option<Arc<View>>,
}

/// What was set, and what follows from it.
pub(in crate::systems::oct8ne) struct Settings {
    pub(in crate::systems::oct8ne) config: Arc<Oct8ne>,
    pub(in crate::systems::oct8ne) state: PathBuf,
    pub(in crate::systems::oct8ne) locale: Locale,
    pub(in crate::systems::oct8ne) shop: Option<ShopClient>,
    /// Orders that somebody else than the shop knows.
    pub(in crate::systems::oct8ne) orders: Option<Arc<Mirror>>,
    /// Pages that may see a customer's data.
    pub(in crate::systems::oct8ne) origins: Vec<String>,
    languages: Vec<String>,
}

/// A catalogue.
pub(in crate::systems::oct8ne) struct View {
    pub(in crate::systems::oct8ne) generation: Arc<Generation>,
    pub(in crate::systems::oct8ne) indexed: Option<Arc<Indexed>>,
    /// The currency that most products have, in upper case.
    pub(in crate::systems::oct8ne) currency: Option<String>,
}

/// The catalogue that can be searched: for a moment after a pass it may be the one before.
pub(in crate::systems::oct8ne) struct Indexed {
    pub(in crate::systems::oct8ne) generation: Arc<Generation>,
    pub(in crate::systems::oct8ne) index: Index,
    pub(in crate::systems::oct8ne) analyser: Analyser,
}

impl Settings {
    pub(in crate::systems::oct8ne) fn new(config: Arc<Oct8ne>, state: PathBuf) -> Settings {
        let english = || Locale::parse("en-US");
        // The table has English.
        let locale = Locale::parse(&config.locale).or_else(english).unwrap_or_default();
        let languages = match config.languages.is_empty() {
            true => vec![locale.language().to_owned()],
            false => config.languages.clone(),
        };
        let shop = config.shop.secret.clone().map(|secret| ShopClient::new(Some(secret), config.shop.timeout));
        let shop = shop.and_then(|shop| shop.inspect_err(|error| warn!("the shop can't be asked: {error}")).ok());
        let origin = |url: &str| url::Url::parse(url).map(|url| url.origin().ascii_serialization());
        let own = [config.shop_url.as_str(), &config.server, &config.static_server];
        let origins =
            own.into_iter().filter_map(|url| origin(url).ok()).chain(config.origins.iter().cloned()).collect();
        Settings { config, state, locale, shop, orders: None, origins, languages }
    }

    pub(in crate::systems::oct8ne) fn with_orders(self, orders: Option<Mirror>) -> Settings {
        Settings { orders: orders.map(Arc::new), ..self }
    }

    /// What an index depends on besides the generation.
    fn index_key(&self) -> String {
        format!("{:?}|{}|{}", self.languages, self.locale.language(), env!("CARGO_PKG_VERSION"))
    }
}

impl Default for Server {
    fn default() -> Server {
        Server(Arc::new(Inner {
            ready: Mutex::default(),
            readers: Arc::new(Semaphore::new(READERS)),
            metrics: Metrics::default(),
            tokens: Attempts::default(),
            unanswered: Mutex::default(),
        }))
    }
}

impl Server {
    pub(in crate::systems::oct8ne) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(in crate::systems::oct8ne) fn tokens(&self) -> &Attempts {
        &self.0.tokens
    }

    /// These settings hold from now on.
    pub(in crate::systems::oct8ne) fn expect(&self, settings: Option<Settings>) {
        let mut ready = self.ready();
        if settings.is_none() {
            ready.view = None;
        }
        ready.settings = settings.map(Arc::new);
    }

    pub(in crate::systems::oct8ne) fn settings(&self) -> Option<Arc<Settings>> {
        self.ready().settings.clone()
    }

    pub(in crate::systems::oct8ne) fn view(&self) -> Option<Arc<View>> {
        self.ready().view.clone()
    }

    fn ready(&self) -> MutexGuard<'_, Ready> {
        self.0.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shop answered, or didn't; the first time that it doesn't is told.
    pub(in crate::systems::oct8ne) fn shop_answered(&self, call: &'static str, failure: Option<&str>) {
        self.0.metrics.shop(call, if failure.is_none() { "ok" } else { "error" });
        let mut unanswered = self.0.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = if failure.is_some() { unanswered.insert(call) } else { unanswered.remove(call) };
        match (failure, is_new) {
            (Some(failure), true) => warn!("the shop doesn't say what only it knows ({call}): {failure}"),
            (None, true) => tracing::info!("the shop answers again ({call})"),
            _ => {}
        }
    }

    /// Work that waits for the disk, off the async threads; `None` when it panicked.
    pub(in crate::systems::oct8ne) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let place = Arc::clone(&self.0.readers).acquire_owned().await.ok()?;
        let done = task::blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.inspect_err(|error| debug!(%error, "no answer")).ok()
    }

    /// Shows what is on the shelf, when that isn't shown already, and makes its index. Waits for the disk.
    pub(in crate::systems::oct8ne) fn look(&self) {
        let Some(settings) = self.settings() else { return };
        let generation = match shown(&settings.state).held_for(SHOWN) {
            Ok(Some(generation)) => Arc::new(generation),
            Ok(None) => return,
            Err(error) => {
                warn!("{error}; the next pass makes it again");
                return;
            }
        };
        let before = self.view();
        if before.as_ref().is_some_and(|view| is_same(&view.generation, &generation))
            && before.as_ref().and_then(|view| view.indexed.as_ref()).is_some_and(|indexed| {
                is_same(&indexed.generation, &generation) && indexed.index.is_of(&settings.index_key())
            })
        {
            return;
        }
        if generation.len() > INDEXED_AT_ONCE {
            let indexed = before.as_ref().and_then(|view| view.indexed.clone());
            self.show(&generation, indexed);
        }
        match indexed(&settings, &generation) {
            Ok(indexed) => self.show(&generation, Some(Arc::new(indexed))),
            // A pass has put another one in its place meanwhile, which is looked at next.
            Err(_) if !generation.is_on_shelf() => {}
            Err(error) => {
                warn!(
                    "what the feed says can't be searched: {error}; it is tried again, and searches find what there was before"
                );
                self.show(&generation, before.and_then(|view| view.indexed.clone()));
            }
        }
    }

    /// Whether what is shown has no index of its own: it couldn't be made.
    pub(in crate::systems::oct8ne) fn lacks_index(&self) -> bool {
        self.view().is_some_and(|view| {
            !view.indexed.as_ref().is_some_and(|indexed| is_same(&indexed.generation, &view.generation))
        })
    }

    /// What is shown can't be read: it is made again. An index at once, what the feed says by the next pass. Waits for the
    /// disk.
    pub(in crate::systems::oct8ne) fn distrust(&self, view: &View, error: &Broken) {
        let is_shelf = error.downcast_ref::<ShelfError>().is_some();
        if !self.is_shown(view) {
            return;
        }
        let folder = view.generation.folder();
        if is_shelf {
            warn!("{error}; the next pass makes it again");
            // What can still be read of it is shown until then.
            let _ = std::fs::remove_dir_all(folder);
            return;
        }
        warn!("{error}; it is made again");
        let _ = std::fs::remove_file(folder.join(FILE));
        self.show(&view.generation, None);
        self.look();
    }

    /// Whether it is what is shown now, and what lies on the shelf.
    fn is_shown(&self, view: &View) -> bool {
        let of = |view: &View| view.indexed.as_ref().map(Arc::as_ptr);
        let shown = self.view();
        let is_there = || view.generation.is_on_shelf();
        shown.is_some_and(|shown| {
            Arc::ptr_eq(&shown.generation, &view.generation) && of(&shown) == of(view) && is_there()
        })
    }

    fn show(&self, generation: &Arc<Generation>, indexed: Option<Arc<Indexed>>) {
        let currency = generation.main_currency().map(str::to_uppercase);
        let view = View { generation: Arc::clone(generation), indexed, currency };
        self.ready().view = Some(Arc::new(view));
    }
}

/// Whether two are the same: a number comes again when all before it are gone.
pub(super) fn is_same(one: &Generation, other: &Generation) -> bool {
    one.folder() == other.folder() && one.made() == other.made()
}

/// The index of a generation; made, if there is none.
fn indexed(settings: &Settings, generation: &Arc<Generation>) -> std::io::Result<Indexed> {
    let (key, analyser) = (settings.index_key(), Analyser::new(&settings.languages, settings.locale.language()));
    let index = match Index::open(generation.folder(), &key) {
        Some(index) => index,
        None => {
            build(generation, &analyser, &key)?;
            let lost = || std::io::Error::other("it can't be read again");
            Index::open(generation.folder(), &key).ok_or_else(lost)?
        }
    };
    Ok(Indexed { generation: Arc::clone(generation), index, analyser })
}
