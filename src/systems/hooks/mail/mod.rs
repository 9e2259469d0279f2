//! Telling a hook of an event by mail.

mod letter;
mod message;
mod order;
mod sheet;
mod smtp;
#[cfg(test)]
mod tests;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;

use self::letter::Event;
use super::answer::Answer;
use crate::config::{Caller, Smtp};
use crate::outbox::Pending;
use crate::state::Reader;
use crate::task;

pub use self::sheet::{FindToMend, ToMend};
pub(super) use self::smtp::{Certificates, greet};

/// What mails are written and sent with.
pub(super) struct Desk {
    /// What the shop is called; `None` = it is the only one.
    pub(super) shop: Option<String>,
    /// How its commands are called.
    pub(super) caller: Caller,
    /// The state.
    pub(super) path: PathBuf,
    pub(super) find_to_mend: FindToMend,
    pub(super) certificates: Certificates,
}

/// Sends an event to all who have not taken it yet.
pub(super) async fn send(
    desk: &Desk,
    (hook, within): (&str, Duration),
    (to, smtp): (&[Mailbox], &Smtp),
    (pending, body): (&Pending, &str),
) -> Answer {
    let place = smtp.place();
    let failed = |error: String| Answer::Failed(format!("{place}: {}", smtp::hidden(smtp, error)), None);
    let event = match Event::read(body, &desk.caller) {
        Ok(event) => event,
        Err(error) => return Answer::Failed(format!("it can't be written as a mail: {error}"), None),
    };
    let sheet = if event.is_of_rows() { desk.sheet().await } else { Ok(None) };
    let letter = event.letter(desk.shop.as_deref(), sheet.as_ref().map_err(String::as_str));
    let sheet = sheet.ok().flatten();
    let written = message::write(&event, &letter, (hook, to, &smtp.from), sheet.as_ref());
    let mail = match written {
        Ok(mail) => mail,
        Err(error) => return Answer::Failed(format!("it can't be written as a mail: {error}"), None),
    };
    let has_taken = |to: &Mailbox| pending.taken_by.iter().any(|address| *address == to.email.to_string());
    let left: Vec<&Address> = to.iter().filter(|to| !has_taken(to)).map(|to| &to.email).collect();
    if left.is_empty() {
        // Whoever had not taken it is none of the hook's any more.
        return Answer::Taken;
    }
    match smtp::deliver(&desk.certificates, smtp, &left, &mail, within).await {
        Err(error) => failed(error),
        Ok(delivered) if delivered.refused.is_empty() => Answer::Taken,
        Ok(delivered) => {
            let taken_by = delivered.taken_by.iter().map(ToString::to_string);
            let taken_by = pending.taken_by.iter().cloned().chain(taken_by).collect();
            Answer::Partly(format!("{place}: {}", smtp::hidden(smtp, delivered.refused)), taken_by)
        }
    }
}

impl Desk {
    /// What the shop has to mend now. It reads the state, which may take a while.
    async fn sheet(&self) -> Result<Option<ToMend>, String> {
        let (path, find) = (self.path.clone(), self.find_to_mend);
        let found = task::blocking(move || find(&Reader::open(&path)?)).await;
        let found = found.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        Ok((found.rows.0 > 0).then_some(found))
    }
}
