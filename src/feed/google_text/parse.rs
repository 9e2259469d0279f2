//! What the cells of a row mean, or what damage is seen in them.

use super::columns::Columns;
use crate::catalog::Rejection;
use crate::feed::Row;
use crate::feed::charset::Charset;
use crate::feed::google::{ALL, Attribute, Attributes, ItemBuilder};
use crate::feed::text_split::Cells;
use crate::feed::values::UNREADABLE;

/// Bytes of an id in the rejection of a broken row: Google allows 50 letters.
const LONGEST_ID: usize = 200;

/// Attributes whose values hold no quote, but for one that damage left.
const WITHOUT_QUOTES: [Attribute; 3] = [Attribute::Availability, Attribute::Link, Attribute::ImageLink];

/// What the rows of a feed are parsed by.
pub(super) struct RowParser<'o> {
    pub(super) columns: Columns,
    pub(super) builder: ItemBuilder<'o>,
}

impl RowParser<'_> {
    /// `misfit` = why the cells can't be trusted to stand under their columns.
    pub(super) fn row(&mut self, cells: &Cells, charset: Charset, line: u64, misfit: Option<String>) -> Row {
        let attributes = self.columns.attributes(cells, charset);
        match misfit.or_else(|| damage(&attributes)) {
            None => unreadable(&attributes, line).unwrap_or_else(|| self.builder.row(&attributes, line)),
            Some(reason) => {
                // One cell alone is no row: it may begin with any word of the row that it is left of.
                let id = plain_id(&attributes).filter(|_| cells.len() > 1 || self.columns.cells == 1);
                let rejection = Rejection::new(line, id, "row", reason);
                let rejection = rejection.of_cell(attributes.cell(None));
                let texts: Vec<_> = (0..cells.len()).map(|index| cells.decoded(index, charset)).collect();
                let words = texts.iter().flat_map(|text| text.split(['\n', '"']));
                Row::Rejected(rejection.of_broken(words.map(|word| word.trim_matches([' ', '\r']))))
            }
        }
    }
}

/// What damage left in a row whose cells stand under their columns.
fn damage(attributes: &Attributes<'_>) -> Option<String> {
    // No shop has quotes or tags in an id: they are what was left of a cell's, or of two.
    if attributes.get(Attribute::Id).is_some_and(|id| id.contains(['"', '<', '>'])) {
        return Some("a quote or a tag in its id".to_owned());
    }
    let has_quote = |name| attributes.get(name).is_some_and(|value| value.contains('"'));
    WITHOUT_QUOTES.into_iter().any(has_quote).then(|| "a quote in a value that can't have one".to_owned())
}

/// The id of a broken row, if it looks like one.
fn plain_id(attributes: &Attributes<'_>) -> Option<String> {
    let id = attributes.get(Attribute::Id)?.trim_matches('"').trim();
    let is_plain = !id.is_empty() && !id.contains(['"', '<', '>', '\n', '\t']) && id.len() <= LONGEST_ID;
    is_plain.then(|| id.to_owned())
}

/// The rejection of a row in which a letter of a value can't be read. One in a title or a description costs itself
/// alone.
fn unreadable(attributes: &Attributes<'_>, line: u64) -> Option<Row> {
    let is_value = |attribute: &&Attribute| !matches!(attribute, Attribute::Title | Attribute::Description);
    let is_unreadable = |attribute: &&Attribute| {
        attributes.get(**attribute).is_some_and(|value| value.contains(char::REPLACEMENT_CHARACTER))
    };
    let broken = ALL.iter().filter(is_value).find(is_unreadable)?;
    let reason = UNREADABLE.to_owned();
    let rejection = match broken {
        Attribute::Id => Rejection::new(line, None, "row", format!("id: {reason}")),
        other => Rejection::new(line, attributes.get(Attribute::Id).map(str::to_owned), other.field(), reason),
    };
    Some(Row::Rejected(rejection.of_cell(attributes.cell(Some(*broken)))))
}
