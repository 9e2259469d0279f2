//! Arguments of `orders`.

use clap::{Args, ValueEnum};

use super::formats::TableFormat;
use crate::systems::orders::By;

/// Arguments of `orders`.
#[derive(Debug, Args)]
pub struct Orders {
    /// One order: NiceChat's id of it, or the shop's number
    #[arg(value_name = "ID|NUM", conflicts_with_all = ["since", "until", "by"])]
    pub name: Option<String>,
    /// From this time on: 7d or 12h (ago), a date, or RFC 3339 (UTC)
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Before this time, or to the end of this day
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Add up what was sold
    #[arg(long, value_enum, value_name = "WHAT")]
    pub by: Option<ByChoice>,
    /// How to print them
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
    /// Show what is kept of persons, too
    #[arg(long, conflicts_with = "by")]
    pub personal: bool,
}

/// By what it is told apart what was sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ByChoice {
    /// Who had a part in the chat; money is shared among several.
    Agent,
    /// The product.
    Product,
    /// Our category of the product.
    Category,
    /// The day, UTC.
    Day,
    /// The website.
    Website,
}

impl ByChoice {
    /// As the report has it.
    pub fn by(self) -> By {
        match self {
            ByChoice::Agent => By::Agent,
            ByChoice::Product => By::Product,
            ByChoice::Category => By::Category,
            ByChoice::Day => By::Day,
            ByChoice::Website => By::Website,
        }
    }
}
