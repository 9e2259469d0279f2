//! A letter as it is sent (RFC 5322 and MIME).

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::Message;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};

use super::letter::{Event, Letter};
use super::sheet::ToMend;

/// What the attached file is called.
const FILE: &str = "rows-to-mend.csv";
/// What a spreadsheet opens (RFC 4180; RFC 7111).
const CSV: &str = "text/csv; charset=utf-8; header=present";

/// Writes a mail: for the same event and the same hook always by the same name, by which a repetition is known.
pub(super) fn write(
    event: &Event,
    letter: &Letter,
    (hook, to, from): (&str, &[Mailbox], &Mailbox),
    sheet: Option<&ToMend>,
) -> Result<Vec<u8>, String> {
    let id: String = event.id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mut mail = Message::builder()
        .from(from.clone())
        .subject(letter.subject.clone())
        .date(date(event.at))
        .message_id(Some(format!("<{id}.{hook}@{}>", from.email.domain())))
        // Nobody is out of office to a machine (RFC 3834).
        .raw_header(HeaderValue::new(name, "auto-generated".to_owned()));
    for to in to {
        mail = mail.to(to.clone());
    }
    // So written, no line of either part can be the border between them.
    let unwritten = |_| "a part of the mail can't be written".to_owned();
    let text = Body::new_with_encoding(letter.text.clone(), ContentTransferEncoding::QuotedPrintable);
    let text = text.map_err(unwritten)?;
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text);
    let written = match sheet {
        None => mail.singlepart(text),
        Some(ToMend { csv, .. }) => {
            let kind = ContentType::parse(CSV).map_err(|error| error.to_string())?;
            let csv = Body::new_with_encoding(csv.clone(), ContentTransferEncoding::Base64).map_err(unwritten)?;
            let parts = MultiPart::mixed().boundary(format!("=_{id}"));
            mail.multipart(parts.singlepart(text).singlepart(Attachment::new(FILE.to_owned()).body(csv, kind)))
        }
    };
    Ok(written.map_err(|error| error.to_string())?.formatted())
}

/// When it happened. Headers know no years but those of four digits.
fn date(at: Timestamp) -> SystemTime {
    let is_written = (0..253_402_300_800).contains(&at.as_second());
    SystemTime::from(if is_written { at } else { Timestamp::UNIX_EPOCH })
}
