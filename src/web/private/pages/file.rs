//! All of a table as a file. It is written down first, and the state left, before a client is given any of it: one that
//! takes its time would keep the state's log from being taken in meanwhile.

use std::fs::File;
use std::io::{self, BufWriter, IntoInnerError, Read as _, Seek as _, SeekFrom, Write};

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, RETRY_AFTER};
use axum::response::Response;
use futures_util::stream;
use tempfile::{SpooledData, SpooledTempFile};
use tokio::sync::OwnedSemaphorePermit;

use super::answer::answer;
use crate::report::PrintError;
use crate::systems::listing::{Form, ListingError};
use crate::task;

/// What is kept in memory; more goes to a file without a name.
const IN_MEMORY: usize = 1 << 20;
/// The most that a file may have.
const LARGEST: u64 = 256 << 20;
/// What a client is given at a time.
const PIECE: usize = 256 << 10;

/// A file that is being written.
pub(super) struct Draft {
    file: BufWriter<SpooledTempFile>,
    left: u64,
    /// More was to be written than it may have.
    is_too_long: bool,
}

impl Draft {
    /// An empty one.
    pub(super) fn new() -> Draft {
        Draft { file: BufWriter::new(SpooledTempFile::new(IN_MEMORY)), left: LARGEST, is_too_long: false }
    }

    /// The same with what `write` writes; `None` = that is more than it may have.
    pub(super) fn filled(
        mut self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), ListingError>,
    ) -> Result<Option<Draft>, ListingError> {
        match write(&mut self) {
            Err(_) if self.is_too_long => return Ok(None),
            written => written?,
        }
        self.flush().map_err(PrintError::from)?;
        Ok(Some(self))
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            self.is_too_long = true;
            return Err(io::Error::other("it has more than 256 MiB"));
        };
        self.left = left;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Gives a file to a client, with a place among those who are given one.
pub(super) fn given(draft: Draft, form: Form, name: &str, place: OwnedSemaphorePermit) -> io::Result<Response> {
    let mut file = draft.file.into_inner().map_err(IntoInnerError::into_error)?;
    file.seek(SeekFrom::Start(0))?;
    let body = match file.into_inner() {
        SpooledData::InMemory(bytes) => Body::from(bytes.into_inner()),
        SpooledData::OnDisk(file) => streamed(file, place),
    };
    let (kind, end) = (kind(form), ending(form));
    let mut response = answer(StatusCode::OK, kind, body);
    let is_download = form == Form::Csv;
    let disposition = format!("{}; filename=\"{name}.{end}\"", if is_download { "attachment" } else { "inline" });
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn kind(form: Form) -> &'static str {
    match form {
        Form::Csv => "text/csv; charset=utf-8",
        Form::Json => "application/json",
    }
}

/// What the name of such a file ends with; the commands call it so, too.
fn ending(form: Form) -> &'static str {
    match form {
        Form::Csv => "csv",
        Form::Json => "json",
    }
}

fn streamed(file: File, place: OwnedSemaphorePermit) -> Body {
    Body::from_stream(stream::try_unfold((file, place), |(mut file, place)| async move {
        let read = move || {
            let mut piece = vec![0; PIECE];
            let read = file.read(&mut piece)?;
            piece.truncate(read);
            Ok::<_, io::Error>((piece, file))
        };
        let (piece, file) = task::blocking(read).await.map_err(io::Error::other)??;
        Ok::<_, io::Error>((!piece.is_empty()).then(|| (Bytes::from(piece), (file, place))))
    }))
}

/// What to do where a table is longer than a file may be.
pub(super) fn too_long(program: &str, name: &str, form: Form) -> String {
    let command = format!("{program} {name} --format {}", ending(form));
    format!("It would have more than 256 MiB. Ask for less of it by the filters, or use the command: {command}")
}

/// Too many are given files already.
pub(super) fn too_many() -> Response {
    let words = "Several files are being fetched already: try again in a moment.\n";
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", words);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(draft: Draft, text: &str) -> Option<Draft> {
        let filled = draft.filled(|out| Ok(out.write_all(text.as_bytes()).map_err(PrintError::from)?));
        filled.expect("nothing else goes wrong")
    }

    #[test]
    fn a_file_that_is_too_long_is_none_and_no_failure() {
        let draft = || Draft { left: 5, ..Draft::new() };
        assert!(fill(draft(), "a file").is_none());
        let file = fill(draft(), "short").expect("a file").file.into_inner().expect("written down");
        let SpooledData::InMemory(bytes) = file.into_inner() else { panic!("it is small") };
        assert_eq!(bytes.into_inner(), b"short");
    }

    #[test]
    fn what_is_longer_is_told_with_the_command() {
        let told = too_long("shelfkeeper --shop north", "history", Form::Csv);
        assert!(told.ends_with(": shelfkeeper --shop north history --format csv"), "{told}");
    }
}
