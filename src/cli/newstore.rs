//! Arguments of `newstore`.

use clap::{Args, Subcommand, ValueEnum};

use super::formats::Format;
use crate::phone::PhoneNumber;

/// What stands below the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  shelfkeeper newstore                   what is missing, and what it costs
  shelfkeeper newstore apply             shows the plan, and asks
  shelfkeeper newstore apply --plan 3f2a9c51b0de
  shelfkeeper newstore settle 10001 onboarded --number +13055550100

Exit codes of apply: 0 done · 1 failed, or something is in doubt · 3 done, but
something is blocked or refused · 4 not the plan that was shown · 5 another
apply is at work";

/// Arguments of `newstore`.
#[derive(Debug, Args)]
pub struct NewStore {
    /// What to do
    #[command(subcommand)]
    pub command: Option<NewStoreCommand>,
    /// How to show the plan
    #[command(flatten)]
    pub plan: NewStorePlan,
}

/// What is done about NewStore by hand.
#[derive(Debug, Subcommand)]
pub enum NewStoreCommand {
    /// Show what is to be done, which number each store gets, and what that costs for ever
    ///
    /// Exits with 3 when something is blocked or in doubt; else, with --detailed-exitcode, with 10 when something is to be
    /// done.
    Plan(NewStorePlan),
    /// Do it: one request after the other
    ///
    /// On a terminal it shows the plan and asks; elsewhere --plan or --yes is needed.
    Apply(NewStoreApply),
    /// Tell what is true of a store at NewStore; nothing is sent
    Settle(NewStoreSettle),
}

/// Arguments of `newstore plan`.
#[derive(Debug, Args)]
pub struct NewStorePlan {
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Exit with 10 when something is to be done
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// Arguments of `newstore apply`.
#[derive(Debug, Args)]
pub struct NewStoreApply {
    /// Only if it is exactly the plan that `newstore plan` showed
    #[arg(long, value_name = "DIGEST", conflicts_with = "yes")]
    pub plan: Option<String>,
    /// Whatever the plan is
    #[arg(long)]
    pub yes: bool,
    /// Only this store, and not the retailer; may be given several times
    #[arg(long = "store", value_name = "ID")]
    pub stores: Vec<String>,
}

/// Arguments of `newstore settle`.
#[derive(Debug, Args)]
pub struct NewStoreSettle {
    /// The store, as NewStore names it
    #[arg(value_name = "STORE", required_unless_present = "retailer")]
    pub store: Option<String>,
    /// What it is
    #[arg(value_name = "STATE", required_unless_present = "retailer")]
    pub state: Option<StoreIs>,
    /// Its number [default: the one that is known or in doubt, else the declared one, if any]
    #[arg(long, value_name = "+...", value_parser = PhoneNumber::read)]
    pub number: Option<PhoneNumber>,
    /// What the retailer is, instead of a store: configured = with the ecom_link of the config
    #[arg(long, value_name = "STATE", conflicts_with_all = ["store", "state", "number"])]
    pub retailer: Option<RetailerIs>,
}

/// What a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoreIs {
    /// It has its number.
    Onboarded,
    /// It has its number, and clienteling is on.
    Enabled,
    /// It has none, and what was sent for it was not done.
    Free,
}

/// What the retailer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RetailerIs {
    /// It has the link.
    Configured,
    /// It has none.
    Free,
}
