//! What a widget would be answered, without a door: for people who look at a terminal, and for who tries it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;

use super::money::Locale;
use super::serve::query::Query;
use super::serve::routes::handle;
use super::serve::search::search;
use super::serve::server::{Broken, Server, Settings};
use super::serve::show::Shower;
use crate::config::Oct8ne;

/// Words that are looked for, until something is found.
const WORDS: [&str; 4] = ["lamp", "table", "chair", "a"];
/// Options of a facet that are shown.
const SHOWN: usize = 3;
/// Locales that a product is shown in.
const LOCALES: [&str; 2] = ["de-DE", "ja-JP"];

/// Answers without a door.
pub struct Preview(Server);

impl Preview {
    /// Of the catalogue on the shelf of a state. Waits for the disk.
    pub fn new(settings: Arc<Oct8ne>, state: PathBuf) -> Preview {
        let server = Server::default();
        server.expect(Some(Settings::new(settings, state)));
        server.look();
        Preview(server)
    }

    /// What a request is answered.
    pub async fn answer(&self, request: Request) -> Response {
        handle(State(self.0.clone()), request).await
    }

    /// Prints a search, what it can be narrowed by, and its first product in two locales.
    ///
    /// # Errors
    /// When the catalogue can't be read, or nothing can be printed.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for word in WORDS {
            let found = self.search(word, "en-US").map_err(io::Error::other)?;
            if found["total"] == 0 || found.is_null() {
                continue;
            }
            writeln!(out, "search=\"{word}\": {} products", found["total"])?;
            for facet in list(&found["filters"]["available"]) {
                let options = list(&facet["options"]).iter().take(SHOWN);
                let options: Vec<String> = options
                    .map(|option| format!("{} ({})", text(&option["valueLabel"]), text(&option["count"])))
                    .collect();
                writeln!(out, "  {}: {}", text(&facet["paramLabel"]), options.join(", "))?;
            }
            for locale in LOCALES {
                let found = self.search(word, locale).map_err(io::Error::other)?;
                let product = &found["results"][0];
                writeln!(out, "  {locale}: {}  {}", text(&product["title"]), text(&product["formattedPrice"]))?;
            }
            return Ok(());
        }
        writeln!(out, "nothing is found.")
    }

    fn search(&self, word: &str, locale: &str) -> Result<Value, Broken> {
        let (Some(settings), Some(view)) = (self.0.settings(), self.0.view()) else { return Ok(Value::Null) };
        let locale = Locale::parse(locale).unwrap_or_default();
        let shower = Shower { settings: &settings.config, locale: &locale };
        let query = Query::of(vec![("search".to_owned(), word.to_owned())]);
        Ok(search(&view, &shower, &query, view.currency.as_deref())?.unwrap_or_default())
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
