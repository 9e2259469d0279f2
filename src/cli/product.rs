//! Arguments of what tells of products: their changes, their rows, their way.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use super::formats::{Format, TableFormat};
use crate::remote::nicechat::FIELDS;
use crate::systems::catalog::store::ChangeKind;

/// Arguments of `history`.
#[derive(Debug, Args)]
pub struct History {
    /// Of the objects with this id
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// From this time on: 7d or 12h (ago), a date, or RFC 3339 (UTC)
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Before this time, or to the end of this day
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// What became of the objects
    #[arg(long, value_enum, value_name = "K")]
    pub kind: Option<ChangeChoice>,
    /// Changes of this field only
    #[arg(long, value_name = "F", value_parser = PossibleValuesParser::new(FIELDS))]
    pub field: Option<String>,
    /// How to print them
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ChangeChoice {
    /// It is there.
    Created,
    /// Fields of it are others.
    Updated,
    /// It is gone.
    Deleted,
    /// A category is switched off.
    Disabled,
    /// It was there already, and is ours since.
    Adopted,
    /// What somebody had changed is as it was.
    Repaired,
    /// The guard held it back.
    Held,
}

impl ChangeChoice {
    /// As the state has it.
    pub fn change(self) -> ChangeKind {
        match self {
            ChangeChoice::Created => ChangeKind::Created,
            ChangeChoice::Updated => ChangeKind::Updated,
            ChangeChoice::Deleted => ChangeKind::Deleted,
            ChangeChoice::Disabled => ChangeKind::Disabled,
            ChangeChoice::Adopted => ChangeKind::Adopted,
            ChangeChoice::Repaired => ChangeKind::Repaired,
            ChangeChoice::Held => ChangeKind::Held,
        }
    }
}

/// Arguments of `rejected`.
#[derive(Debug, Args)]
pub struct Rejected {
    /// How to print them
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The product's id, as the feed writes it
    #[arg(value_name = "ID")]
    pub id: String,
    /// Ask no host: a feed that has an address isn't read
    #[arg(long)]
    pub offline: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
