//! Columns that the last feed had and this one hasn't, whether the guard holds what that would do or not.

use super::plan::gone::GoneColumn;
use super::plan::risk::Risk;
use super::plan::summary::Summary;
use crate::catalog::Item;
use crate::feed::{FeedType, Header};
use crate::state::{Reader, StateError};
use crate::systems::catalog::store::{FeedColumns, Field, ReadFeed as _, ReadPresence as _};

/// Fields in which an item has a value, a bit each.
pub fn fields_of(item: &Item) -> u16 {
    let Item { category, price, currency, description, url, image_url, in_stock, .. } = item;
    let has = [
        (Field::Category, category.is_some()),
        (Field::Price, price.is_some()),
        (Field::Currency, currency.is_some()),
        (Field::Description, description.is_some()),
        (Field::Url, url.is_some()),
        (Field::Image, image_url.is_some()),
        (Field::InStock, *in_stock),
    ];
    has.into_iter().filter(|(_, has)| *has).map(|(field, _)| field.bit()).sum()
}

/// The columns of a feed, and those that are gone since the last one.
///
/// # Errors
/// When the state can't be read.
pub(super) fn compare(
    reader: &Reader,
    format: FeedType,
    header: Option<&Header>,
    summary: &Summary,
) -> Result<(FeedColumns, Vec<GoneColumn>), StateError> {
    let last = reader.feed_columns()?.filter(|last| last.kind == format.name());
    match header {
        Some(header) => {
            let now = of_header(format, header);
            let gone = last.map_or(Ok(Vec::new()), |last| gone(reader, &last, &now))?;
            Ok((now, gone))
        }
        None => of_elements(reader, format, last, summary),
    }
}

/// What a text feed says that it has.
pub fn of_header(format: FeedType, header: &Header) -> FeedColumns {
    let columns = header.0.iter().filter_map(|column| Some((column.name.clone(), column.field?.to_owned())));
    FeedColumns { kind: format.name().to_owned(), columns: columns.collect() }
}

/// What an XML feed has whose items have values in these fields.
pub fn of_fields(format: FeedType, seen: u16) -> FeedColumns {
    let seen = Field::ALL.into_iter().filter(|field| seen & field.bit() != 0);
    let columns = seen.filter_map(|field| Some((element(format, field)?.to_owned(), field.name().to_owned())));
    FeedColumns { kind: format.name().to_owned(), columns: columns.collect() }
}

/// Columns of the last feed that this one lacks, but for those that it has by another name.
///
/// # Errors
/// When the state can't be read.
pub fn gone(reader: &Reader, last: &FeedColumns, now: &FeedColumns) -> Result<Vec<GoneColumn>, StateError> {
    let mut gone = Vec::new();
    for (column, name) in &last.columns {
        let others = now.columns.iter().filter(|(_, field)| *field == name).map(|(other, _)| other);
        let others: Vec<&String> = others.collect();
        if now.columns.contains_key(column) || others.iter().any(|other| !last.columns.contains_key(*other)) {
            continue;
        }
        // While another column becomes its field, nobody knows which products had a value from it.
        let field = Field::ALL.into_iter().find(|field| others.is_empty() && field.name() == name);
        let products = field.map(|field| reader.having(field)).transpose()?;
        if products != Some(0) {
            let is_element = last.kind != FeedType::GoogleCsv.name();
            gone.push(GoneColumn { column: column.clone(), field: name.clone(), products, is_element });
        }
    }
    Ok(gone)
}

/// The elements of an XML feed: those that its rows have, and those that the last one had, for the rows that were not
/// parsed are the same. One is gone when products lose its field and no row has it.
fn of_elements(
    reader: &Reader,
    format: FeedType,
    last: Option<FeedColumns>,
    summary: &Summary,
) -> Result<(FeedColumns, Vec<GoneColumn>), StateError> {
    let is_seen = |field: Field| summary.fields_seen & field.bit() != 0;
    let last = last.unwrap_or_default();
    let mut now = of_fields(format, summary.fields_seen);
    now.columns.extend(last.columns.clone());
    let mut lost = Vec::new();
    for field in Field::ALL.into_iter().filter(|field| !is_seen(*field)) {
        if summary.risks.of(Risk::Emptied(field)) > 0 {
            lost.push(field.name());
        }
    }
    now.columns.retain(|_, field| !lost.contains(&field.as_str()));
    let gone = gone(reader, &last, &now)?;
    Ok((now, gone))
}

/// The element that a field is made of. Whether a product is in stock has several.
fn element(format: FeedType, field: Field) -> Option<&'static str> {
    let (google, yml) = match field {
        Field::Category => ("product_type", "categoryId"),
        Field::Price => ("price", "price"),
        Field::Description => ("description", "description"),
        Field::Url => ("link", "url"),
        Field::Image => ("image_link", "picture"),
        Field::Currency | Field::InStock => return None,
    };
    Some(if format == FeedType::Yml { yml } else { google })
}
