//! Currencies and categories by their numbers, which stay what they are from one generation to the next: so what lies on a
//! page needn't be written anew.

use std::collections::HashMap;

use super::error::ShelfError;
use super::generation::Generation;
use super::layout::Category;
use crate::catalog::Id;

/// What items have in common.
#[derive(Default)]
pub(super) struct Numbers {
    /// By their numbers.
    pub(super) currencies: Vec<(String, u64)>,
    /// Likewise.
    pub(super) categories: Vec<Category>,
    by_id: HashMap<String, u32>,
}

impl Numbers {
    /// Those of a generation, which no item has yet.
    pub(super) fn of(generation: &Generation) -> Result<Numbers, ShelfError> {
        let currencies = generation.numbered_currencies().iter().map(|(name, _)| (name.clone(), 0)).collect();
        let mut numbers = Numbers { currencies, ..Numbers::default() };
        let mut page = 0;
        while let Some(some) = generation.numbered_categories(page)? {
            some.into_iter().for_each(|Category { id, name, .. }| {
                numbers.add(id, name);
            });
            page += 1;
        }
        Ok(numbers)
    }

    fn add(&mut self, id: String, name: String) -> u32 {
        self.categories.push(Category { id: id.clone(), name, items: 0 });
        let number = u32::try_from(self.categories.len()).unwrap_or_default();
        self.by_id.insert(id, number);
        number
    }

    /// The number of a currency of an item that is added.
    pub(super) fn currency(&mut self, currency: Option<&str>) -> u32 {
        let Some(currency) = currency else { return 0 };
        let at = self.currencies.iter().position(|(name, _)| name == currency).unwrap_or_else(|| {
            self.currencies.push((currency.to_owned(), 0));
            self.currencies.len() - 1
        });
        u32::try_from(at + 1).unwrap_or_default()
    }

    /// The number of a category of an item that is added. The first item that has it says what it is called.
    pub(super) fn category(&mut self, category: Option<(&Id, &str)>) -> u32 {
        let Some((id, name)) = category else { return 0 };
        let Some(number) = self.by_id.get(id.as_str()).copied() else {
            return self.add(id.to_string(), name.to_owned());
        };
        if let Some(category) = at(&mut self.categories, number)
            && category.items == 0
            && category.name != name
        {
            name.clone_into(&mut category.name);
        }
        number
    }

    /// An item with these numbers is added.
    pub(super) fn count(&mut self, currency: u32, category: u32) {
        at(&mut self.currencies, currency).into_iter().for_each(|(_, items)| *items += 1);
        at(&mut self.categories, category).into_iter().for_each(|category| category.items += 1);
    }
}

fn at<T>(all: &mut [T], number: u32) -> Option<&mut T> {
    all.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
}
