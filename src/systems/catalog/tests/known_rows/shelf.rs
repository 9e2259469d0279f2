//! The shelf that takes over what it knows, against one on which everything is written anew: the same is shown.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::collection::vec;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::feeds::{Change, Line, Visit, feed, line, visit};
use super::*;
use crate::catalog::Hasher;
use crate::config::Config;
use crate::http_client::Clients;
use crate::source::{self, Fetched, Validators};
use crate::systems::catalog::shelf::Shelf;

/// What a pass came to: whether something else is shown, rows, what is held, and what was rejected.
type Outcome = (bool, Option<(u64, u64)>, Option<Held>, Option<Vec<Rejection>>);

/// A folder in which a feed is shown.
struct Shown {
    folder: TempDir,
    shelf: Shelf,
    runtime: Runtime,
    /// Whether rows are digested in the same way from pass to pass.
    remembers: bool,
}

impl Shown {
    fn new(remembers: bool) -> Shown {
        let folder = tempfile::tempdir().expect("a folder");
        let shelf = shown(&folder.path().join("state.db"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Shown { folder, shelf, runtime, remembers }
    }

    fn config(&self, visit: &Visit) -> Config {
        let text = format!(
            "[source]\nlocation = {:?}\n{}{}[guard]\nmin_count = 2\n[state]\npath = 'state.db'\n[http]\n\
             public_listen = '127.0.0.1:0'\n[oct8ne]\nshop_url = 'https://shop.example'\n",
            self.folder.path().join("feed"),
            ["default_currency = 'EUR'\n", "", "default_currency = 'USD'\n"][visit.defaults as usize],
            if visit.prune_all { "rule = [{ include = false, title = 'Лампа' }]\n" } else { "" },
        );
        let path = self.folder.path().join("shelfkeeper.toml");
        Config::of_text(&path, &text).expect("settings")
    }

    /// What is wrong, wherever that is.
    fn words(&self, error: impl ToString) -> String {
        error.to_string().replace(&*self.folder.path().to_string_lossy(), "")
    }

    fn pass(&self, feed: &[u8], visit: &Visit) -> Result<Outcome, String> {
        let path = self.folder.path().join("feed");
        std::fs::write(&path, feed).expect("written");
        // One that nobody writes any more.
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
        std::fs::File::open(&path).and_then(|file| file.set_modified(long_ago)).expect("set back");
        let config = self.config(visit);
        let source = config.source().expect("a source").clone();
        let hasher = if self.remembers { Hasher::new(&[7; KEY]) } else { Hasher::random().expect("random") };
        let clients = Clients::default();
        let fetched =
            self.runtime.block_on(source::fetch(&clients, &source, Validators::default(), &Hasher::without_secret()));
        let Fetched::Body(body) = fetched.map_err(|error| self.words(error))? else { panic!("nothing was known") };
        let stocking = Stocking {
            source: &source,
            guard: &config.guard,
            shelf: self.shelf.clone(),
            body: Arc::clone(&body),
            hasher,
            now: visit.shape().now,
            stop: CancellationToken::new(),
        };
        let state = Reader::open(&self.folder.path().join("state.db")).expect("no state");
        let word = Word { force: visit.is_unlucky, approved: None };
        let preview = stocking.preview(&state, &word, None).map_err(|error| self.words(error))?;
        let outcome = stocking.alone(&state, &word).map_err(|error| self.words(error))?;
        assert_eq!(preview.held, outcome.held);
        let rejected =
            outcome.rejections.map(|store| store.lock().expect("a store").rejected(0, usize::MAX).expect("read"));
        Ok((outcome.is_new, outcome.rows, outcome.held, rejected))
    }

    /// Everything that is shown, and where.
    fn whole(&self) -> Option<impl PartialEq + std::fmt::Debug> {
        let generation = self.shelf.newest().expect("read")?;
        let items: Vec<_> = (0..).map_while(|page| generation.items(page).expect("read")).flatten().collect();
        let places: Vec<_> = items.iter().map(|item| generation.place(&item.id).expect("read")).collect();
        let ids: Vec<_> = generation.ids("").map(|id| id.expect("read")).collect();
        let categories = (0..).map_while(|page| generation.categories(page).expect("read")).flatten();
        let categories: BTreeSet<_> = categories.collect();
        let currencies: BTreeSet<_> =
            generation.currencies().map(|(currency, count)| (currency.to_owned(), count)).collect();
        assert!(places.iter().enumerate().all(|(at, place)| *place == Some(at as u64)), "{places:?}");
        Some((items, ids, categories, currencies))
    }
}

/// The key of a hasher.
const KEY: usize = crate::catalog::KEY;

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_is_known_is_shown_as_it_was(format in 0..4_u8, mut lines in vec(line(), 1..40), visits in vec(visit(), 2..7)) {
        let (fast, plain) = (Shown::new(true), Shown::new(false));
        let mut before = lines.clone();
        for visit in &visits {
            for change in &visit.changes {
                if matches!(change, Change::Undo) { lines.clone_from(&before) } else { change.make(&mut lines) }
            }
            let feed = feed(format, &lines, visit);
            before.clone_from(&lines);
            let (one, other) = (fast.pass(&feed, visit), plain.pass(&feed, visit));
            prop_assert_eq!(one, other, "{}", String::from_utf8_lossy(&feed));
            prop_assert_eq!(fast.whole(), plain.whole(), "{}", String::from_utf8_lossy(&feed));
        }
    }
}

/// What the property would be worth nothing without: pages are taken over as they lie there.
#[test]
fn what_is_known_is_not_written_anew() {
    let shown = Shown::new(true);
    let line = |id: u8, title| Line { id, title, price: 1, category: id % 4, sale: false, local: 1 };
    let mut lines: Vec<Line> = (1..200).map(|id| line(id, 1)).collect();
    let blocks = || {
        let generation = shown.shelf.newest().expect("read").expect("one");
        (0..).map_while(|page| generation.page_moved(page, 0).ok()).collect::<BTreeSet<_>>()
    };
    for format in 0..4 {
        shown.pass(&feed(format, &lines, &Visit::PLAIN), &Visit { is_unlucky: true, ..Visit::PLAIN }).expect("shown");
        let before = blocks();
        lines[100].title = 3 - lines[100].title;
        shown.pass(&feed(format, &lines, &Visit::PLAIN), &Visit::PLAIN).expect("shown");
        let after = blocks();
        assert!(before.len() > 20 && after.difference(&before).count() <= 3, "{format}: of {}", before.len());
        lines[100].title = 1;
    }
}
