//! What a page shows, as values: whoever has something to show says it in these words, and whoever draws the page knows
//! nothing of what it is. Texts are as they came; they are made harmless where they are drawn.

mod chart;
mod table;

use jiff::Timestamp;

pub use chart::{Bar, Bars, Grid, Part};
pub use table::{Cell, Column, Row, Table};

/// How something is meant. It never stands alone: a word says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As any other.
    Plain,
    /// Something came.
    Good,
    /// Somebody should look at it.
    Warn,
    /// Something went wrong, or is gone.
    Bad,
}

/// A link within our own pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub to: String,
}

impl Link {
    /// One that says this.
    pub fn new(text: impl Into<String>, to: impl Into<String>) -> Link {
        Link { text: text.into(), to: to.into() }
    }
}

/// A number that is told first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// How many.
    pub value: u64,
    /// Of what.
    pub name: String,
    /// What it means.
    pub tone: Tone,
    /// Where there is more.
    pub to: Option<String>,
}

impl Figure {
    /// So many of something.
    pub fn new(value: u64, name: impl Into<String>) -> Figure {
        Figure { value, name: name.into(), tone: Tone::Plain, to: None }
    }

    /// Somebody should look, unless there are none.
    #[must_use]
    pub fn to_mend(self) -> Figure {
        let tone = if self.value > 0 { Tone::Warn } else { Tone::Plain };
        Figure { tone, ..self }
    }

    /// There is more about it.
    #[must_use]
    pub fn leads(self, to: impl Into<String>) -> Figure {
        Figure { to: Some(to.into()), ..self }
    }
}

/// Where a section stands on the page: what is to be done first, then what was, then all else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// What somebody has to mend.
    ToMend,
    /// What was done.
    Done,
    /// What is good to know, beside another one where there is room.
    Aside,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its name in addresses.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// Where it stands.
    pub rank: Rank,
    /// What is said beside its heading.
    pub note: Option<String>,
    /// Where there is more.
    pub links: Vec<Link>,
    /// What is in it.
    pub blocks: Vec<Block>,
}

impl Section {
    /// An empty one.
    pub fn new(id: &'static str, title: impl Into<String>, rank: Rank) -> Section {
        Section { id, title: title.into(), rank, note: None, links: Vec::new(), blocks: Vec::new() }
    }

    /// With this said beside its heading.
    #[must_use]
    pub fn noted(self, note: impl Into<String>) -> Section {
        Section { note: Some(note.into()), ..self }
    }

    /// With links.
    #[must_use]
    pub fn linked(mut self, links: impl IntoIterator<Item = Link>) -> Section {
        self.links.extend(links);
        self
    }

    /// With one thing more in it.
    #[must_use]
    pub fn with(mut self, block: Block) -> Section {
        self.blocks.push(block);
        self
    }

    /// With some words more in it.
    #[must_use]
    pub fn saying(self, words: impl Into<String>) -> Section {
        self.with(Block::Words(words.into()))
    }
}

/// What a section is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Words(String),
    /// Rows and columns.
    Table(Table),
    /// Names with what they stand for.
    Pairs(Vec<(String, Cell)>),
    /// Numbers side by side.
    Bars(Bars),
    /// Parts of a whole by two things.
    Grid(Grid),
}

/// What somebody has done, as far as a page tells of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    /// Numbers that are told first.
    pub figures: Vec<Figure>,
    /// All else.
    pub sections: Vec<Section>,
}

/// A moment as a page has it, for those who write words.
pub fn short(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}
