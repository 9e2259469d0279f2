//! The commands of the Oct8ne face, and some small ones' flags.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What is done with Oct8ne by hand.
#[derive(Debug, Subcommand)]
pub enum Oct8neCommand {
    /// Link the shop up with an account at Oct8ne, and print the settings to paste
    ///
    /// The token goes to a file of mode 0600, never over another one.
    Link(Link),
    /// Print the widget's script for the shop's pages
    Snippet(Snippet),
    /// Print the script for the page after an order
    Sale(Sale),
    /// Tell the widget that something of a visitor's has changed
    Update(Update),
}

/// Arguments of `oct8ne link`.
#[derive(Debug, Args)]
pub struct Link {
    /// Of the account
    #[arg(long, value_name = "EMAIL")]
    pub email: String,
    /// The file with the account's password; - = standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: PathBuf,
    /// Where the token goes [default: oct8ne_api_token beside the state]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Link it up, but switched off
    #[arg(long)]
    pub disabled: bool,
}

/// Arguments of `oct8ne snippet`.
#[derive(Debug, Args)]
pub struct Snippet {
    /// The product that the page shows
    #[arg(long, value_name = "ID")]
    pub product: Option<String>,
    /// Of the page [default: that of the settings]
    #[arg(long)]
    pub locale: Option<String>,
    /// Of the page [default: that of the settings, or of most products]
    #[arg(long)]
    pub currency: Option<String>,
}

/// Arguments of `oct8ne sale`.
#[derive(Debug, Args)]
pub struct Sale {
    /// What was paid, as the customer reads it
    #[arg(long)]
    pub value: Option<String>,
    /// Of the value
    #[arg(long)]
    pub currency: Option<String>,
    /// Of the page
    #[arg(long)]
    pub locale: Option<String>,
    /// Of the order
    #[arg(long)]
    pub reference: Option<String>,
    /// Who has bought
    #[arg(long, value_name = "ID")]
    pub customer: Option<String>,
    /// What else is to be remembered
    #[arg(long, value_name = "JSON")]
    pub context: Option<String>,
}

/// Arguments of `oct8ne update`.
#[derive(Debug, Args)]
pub struct Update {
    /// What the cookie oct8ne-visitor says; empty = nobody is to be told
    #[arg(value_name = "VISITOR")]
    pub visitor: String,
    /// What has changed
    #[arg(value_name = "WHAT")]
    pub what: Changed,
}

/// What of a visitor's has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Changed {
    /// What is in the cart.
    Cart,
    /// What is on the wish list.
    Wishlist,
    /// Who it is.
    User,
}

impl Changed {
    /// Oct8ne's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Changed::Cart => "cart",
            Changed::Wishlist => "wishlist",
            Changed::User => "user",
        }
    }
}

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The copy; nothing may be there yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}
