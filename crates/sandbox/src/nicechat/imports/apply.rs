//! What an import does to the store.

use super::contents::Contents;
use super::record::{ImportFailure, ImportFormat, ImportSeen};
use crate::nicechat::api::Api;
use crate::nicechat::tidy::{cdn_address, is_on_cdn};
use crate::store::{Kind, Object};

impl Api {
    /// Creates and rewrites what the feed has, and leaves alone what it doesn't; the number of products
    /// that were imported.
    pub(super) fn import(&mut self, seen: &ImportSeen, contents: Contents) -> usize {
        for (id, name) in contents.categories {
            self.import_category(seen.format, &id, &name);
        }
        let total = contents.products.len();
        let end = if seen.failure == Some(ImportFailure::Halfway) { total / 2 } else { total };
        let mut imported = 0;
        for (number, product) in (1..=end).zip(contents.products) {
            let is_left_out = match seen.failure {
                Some(ImportFailure::Partial { every }) => number.is_multiple_of(every.get()),
                _ => false,
            };
            if !is_left_out {
                self.import_product(seen, product);
                imported += 1;
            }
        }
        imported
    }

    /// A text feed only says that a category is there, a YML feed defines it.
    fn import_category(&mut self, format: ImportFormat, id: &str, name: &str) {
        let is_there = self.store.of(Kind::Category).contains_key(id);
        if format == ImportFormat::GoogleCsv && is_there {
            return;
        }
        let fields = [("name".to_owned(), name.into()), ("is_enabled".to_owned(), true.into())];
        self.store.insert(Kind::Category, id, Object::from_iter(fields));
    }

    fn import_product(&mut self, seen: &ImportSeen, product: Object) {
        let id = product.get("id").and_then(|id| id.as_str()).unwrap_or_default().to_owned();
        let picture = product.get("image_url").and_then(|url| url.as_str()).map(str::to_owned);
        let mut kept = self.fetch_image(product);
        if let Some(picture) = picture.filter(|url| self.rules.import_recopies_images && !is_on_cdn(url)) {
            kept.insert("image_url".to_owned(), cdn_address(&format!("{picture}#{}", seen.token)).into());
        }
        self.store.insert(Kind::Product, &id, kept);
    }
}
