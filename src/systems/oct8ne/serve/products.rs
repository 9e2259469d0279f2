//! Products by their ids, and those like one of them.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::server::{Broken, View, is_same};
use super::show::Shower;
use crate::systems::catalog::Generation;
use crate::systems::oct8ne::product::Product;

/// Ids of one request that are looked at.
const MOST: usize = 100;

/// The products that a list of ids asks for, in its order, each once.
pub(in crate::systems::oct8ne) fn by_ids(generation: &Generation, ids: &str) -> Result<Vec<Product>, Broken> {
    let whole = ids.trim();
    if whole.is_empty() {
        return Ok(Vec::new());
    }
    // Ids may have commas.
    if let Some(product) = generation.get(whole)? {
        return Ok(vec![Product::of(product)]);
    }
    let mut seen = HashSet::new();
    let mut products = Vec::new();
    for id in whole.split(',').take(MOST).map(str::trim).filter(|id| !id.is_empty()) {
        if seen.insert(id)
            && let Some(product) = generation.get(id)?
        {
            products.push(Product::of(product));
        }
    }
    Ok(products)
}

pub(in crate::systems::oct8ne) fn summaries(view: &View, shower: &Shower<'_>, ids: &str) -> Result<Value, Broken> {
    let products = by_ids(&view.generation, ids)?;
    Ok(products.iter().map(|product| Value::Object(shower.summary(product))).collect())
}

pub(in crate::systems::oct8ne) fn infos(view: &View, shower: &Shower<'_>, ids: &str) -> Result<Value, Broken> {
    let products = by_ids(&view.generation, ids)?;
    let groups: Vec<&str> = products.iter().filter_map(|product| product.group.as_deref()).collect();
    // Who has nothing to put into a cart need not know.
    let asks = !shower.settings.add_to_cart_url.is_empty();
    let have = match &view.indexed {
        Some(indexed) if asks && is_same(&indexed.generation, &view.generation) => {
            indexed.index.have_variants(&groups)?
        }
        // An index of an earlier catalogue, or none: better one click more than the wrong variant in the cart.
        _ => vec![true; groups.len()],
    };
    let mut have = have.into_iter();
    let has_variants =
        |product: &Product, have: &mut std::vec::IntoIter<bool>| product.group.is_some() && have.next().unwrap_or(true);
    let infos = products.iter().map(|product| {
        let has_variants = has_variants(product, &mut have);
        Value::Object(shower.info(product, has_variants))
    });
    Ok(infos.collect())
}

/// Products like another one; `None` = there is no index yet.
pub(in crate::systems::oct8ne) fn related(view: &View, shower: &Shower<'_>, id: &str) -> Result<Option<Value>, Broken> {
    let Some(indexed) = &view.indexed else { return Ok(None) };
    let places = match indexed.generation.place(id.trim())? {
        Some(place) => indexed.index.related(place)?,
        None => Vec::new(),
    };
    let products: Vec<Product> =
        places.into_iter().map(|place| indexed.generation.at(place).map(Product::of)).collect::<Result<_, _>>()?;
    let results: Vec<Value> = products.iter().map(|product| Value::Object(shower.summary(product))).collect();
    Ok(Some(json!({"total": results.len(), "results": results})))
}
