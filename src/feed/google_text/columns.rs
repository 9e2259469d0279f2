//! Which attribute stands in which column.

use crate::catalog::Currency;
use crate::feed::charset::Charset;
use crate::feed::google::{ALL, ATTRIBUTES, Attribute, Attributes};
use crate::feed::local::LocalAttribute;
use crate::feed::text_split::{Cells, Dialect, Quotes};

/// What real files separate cells with.
const DELIMITERS: [u8; 5] = *b"\t,;|~";

/// Where each attribute stands in a row.
pub(super) struct Columns {
    of: [Option<usize>; ATTRIBUTES],
    /// Where else an attribute may stand, the better ones first: under the same name once more, and a title in any of
    /// several languages.
    others: Vec<(Attribute, usize)>,
    /// Those that NiceChat never gets to see; a row may lack them.
    local: Vec<(LocalAttribute, usize)>,
    pub(super) delimiter: u8,
    /// Up to the last column with a name.
    pub(super) width: usize,
    /// Nameless columns at the end included.
    pub(super) cells: usize,
    /// How many cells a row has at least.
    needed: usize,
    known: usize,
}

impl Columns {
    /// The columns of a header, under the delimiter that names the most of them; `header` is what a delimiter makes of
    /// it. `None` = no `id`.
    pub(super) fn of_header<'h>(header: impl Fn(u8) -> &'h [u8], terminator: u8) -> Option<Columns> {
        DELIMITERS
            .into_iter()
            .filter_map(|delimiter| Columns::under(header(delimiter), Dialect { delimiter, terminator }))
            .max_by_key(|columns| columns.known)
    }

    fn under(header: &[u8], dialect: Dialect) -> Option<Columns> {
        let mut cells = Cells::new(dialect);
        cells.split(header.strip_suffix(b"\r").unwrap_or(header), Quotes::Strict);
        let mut columns = Columns {
            of: [None; ATTRIBUTES],
            others: Vec::new(),
            local: Vec::new(),
            delimiter: dialect.delimiter,
            width: 0,
            cells: cells.len(),
            needed: 0,
            known: 0,
        };
        let mut named = Vec::new();
        for index in 0..cells.len() {
            let name = Charset::UTF8.decode(cells.get(index));
            if !name.trim().is_empty() {
                columns.width = index + 1;
            }
            match Attribute::named(&name) {
                Some((attribute, spelling)) => named.push((spelling, index, attribute)),
                None => columns.local.extend(LocalAttribute::named(&name).map(|attribute| (attribute, index))),
            }
        }
        // Google's own name counts before others, wherever it stands; of two alike the first.
        named.sort_unstable_by_key(|(spelling, index, _)| (*spelling, *index));
        let mut spellings = [None; ATTRIBUTES];
        for (spelling, index, attribute) in named {
            match spellings[attribute as usize] {
                None => {
                    spellings[attribute as usize] = Some(spelling);
                    columns.of[attribute as usize] = Some(index);
                    columns.known += 1;
                }
                // A product isn't known by another id.
                Some(_) if attribute == Attribute::Id => {}
                Some(best) if best == spelling || attribute == Attribute::Title => {
                    columns.others.push((attribute, index));
                }
                Some(_) => {}
            }
        }
        let optional = columns.of_sales();
        let needed = columns.of.iter().filter(|column| !optional.contains(column)).flatten();
        columns.needed = needed.max().map_or(0, |last| last + 1);
        columns.of[Attribute::Id as usize].is_some().then_some(columns)
    }

    /// What a row says.
    pub(super) fn attributes<'c>(&self, cells: &'c Cells, charset: Charset) -> Attributes<'c> {
        let mut attributes = Attributes::default();
        for attribute in ALL {
            if let Some(index) = self.of[attribute as usize] {
                attributes.set(attribute, cells.decoded(index, charset));
            }
        }
        for (attribute, index) in self.others.iter().filter(|(_, index)| *index < cells.len()) {
            if attributes.get(*attribute).is_none() {
                attributes.set(*attribute, cells.decoded(*index, charset));
            }
        }
        for (attribute, index) in self.local.iter().filter(|(_, index)| *index < cells.len()) {
            attributes.add_local(*attribute, cells.decoded(*index, charset));
        }
        attributes
    }

    /// Why a row's cells can't be trusted to stand under their columns. Cells that only trail behind
    /// the columns that we read may be missing; a row that stops before is half of one that a stray
    /// line end broke in two, and would blank what the other half holds.
    pub(super) fn misfit(&self, cells: &Cells) -> Option<String> {
        let extra = (self.width..cells.len()).any(|index| !cells.get(index).trim_ascii().is_empty());
        let missing = cells.len() < self.needed || self.lacks_other(cells);
        (extra || missing).then(|| format!("{} cells where the header has {}", cells.len(), self.width))
    }

    /// Whether a row ends before the second column of something that its first one doesn't say.
    fn lacks_other(&self, cells: &Cells) -> bool {
        // Without a title a row isn't taken anyhow, and few have a sale.
        let may_lack = |attribute| matches!(attribute, Attribute::Title | Attribute::SalePrice | Attribute::SaleDates);
        let is_said = |attribute: Attribute| {
            let first = self.of[attribute as usize];
            first.is_some_and(|index| !cells.get(index).trim_ascii().is_empty())
        };
        let mut missing = self.others.iter().filter(|(_, index)| *index >= cells.len());
        missing.any(|(attribute, _)| !may_lack(*attribute) && !is_said(*attribute))
    }

    fn of_sales(&self) -> [Option<usize>; 2] {
        [Attribute::SalePrice, Attribute::SaleDates].map(|attribute| self.of[attribute as usize])
    }

    /// How many cells a row has at least, and behind how many its sale begins, if that is behind these; `None` = it isn't.
    pub(super) fn least(&self) -> Option<(usize, usize)> {
        let sale = self.of_sales().into_iter().flatten().filter(|at| *at >= self.needed).min()?;
        Some((self.needed, sale))
    }

    /// Whether a row that doesn't fit holds two rows: a line end between them was lost.
    pub(super) fn are_twice_in(&self, cells: &Cells) -> bool {
        cells.len() > self.cells && (cells.len() + 2 >= 2 * self.cells || self.has_prices_of_two(cells))
    }

    /// Whether a row has more prices than there are columns for them.
    fn has_prices_of_two(&self, cells: &Cells) -> bool {
        let is_price = |cell: &[u8]| {
            let text = Charset::UTF8.decode(cell);
            let (number, currency) = text.trim().split_once(' ').unwrap_or_default();
            number.starts_with(|c: char| c.is_ascii_digit()) && Currency::parse(currency.trim()).is_some()
        };
        let prices = [Attribute::Price, Attribute::SalePrice].map(|attribute| self.of[attribute as usize]);
        let is_of_prices = |attribute| matches!(attribute, Attribute::Price | Attribute::SalePrice);
        let others = self.others.iter().filter(|(attribute, _)| is_of_prices(*attribute)).count();
        let most = (prices.iter().flatten().count() + others).max(1);
        (0..cells.len()).filter(|index| is_price(cells.get(*index))).count() > most
    }
}
