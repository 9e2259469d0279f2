//! Products and categories in NiceChat.

mod adoption;
mod answers;
mod approved;
mod bad_luck;
mod crash;
mod doubt;
mod explain;
mod faults;
mod guard;
mod history;
mod imports;
mod orphans;
mod patience;
mod rejected;
mod risks;
mod shelf;
mod sync;
mod twins;
mod whole;
mod words;
