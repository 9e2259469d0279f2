//! All of a table as a file. It is written down first, and the state left, before a client is given any of it: one that
//! takes its time would keep the state's log from being taken in meanwhile.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, RETRY_AFTER};
use axum::response::Response;
use futures_util::stream;
use tempfile::{SpooledData, SpooledTempFile};
use tokio::sync::OwnedSemaphorePermit;

use super::answer::answer;
use crate::systems::listing::Form;
use crate::task;

/// What is kept in memory; more goes to a file without a name.
const IN_MEMORY: usize = 1 << 20;
/// The most that a file may have.
const LARGEST: u64 = 256 << 20;
/// What a client is given at a time.
const PIECE: usize = 256 << 10;

/// A file that is being written.
pub(super) struct Draft {
    file: SpooledTempFile,
    left: u64,
}

impl Draft {
    /// An empty one.
    pub(super) fn new() -> Draft {
        Draft { file: SpooledTempFile::new(IN_MEMORY), left: LARGEST }
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            io::Error::other("it has more than 256 MiB: ask for less of it, by since and until, or use the command")
        })?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Gives a file to a client, with a place among those who are given one.
pub(super) fn given(draft: Draft, form: Form, name: &str, place: OwnedSemaphorePermit) -> io::Result<Response> {
    let mut file = draft.file;
    file.seek(SeekFrom::Start(0))?;
    let body = match file.into_inner() {
        SpooledData::InMemory(bytes) => Body::from(bytes.into_inner()),
        SpooledData::OnDisk(file) => streamed(file, place),
    };
    let (kind, end) = match form {
        Form::Csv => ("text/csv; charset=utf-8", "csv"),
        Form::Json => ("application/json", "json"),
    };
    let mut response = answer(StatusCode::OK, kind, body);
    let is_download = form == Form::Csv;
    let disposition = format!("{}; filename=\"{name}.{end}\"", if is_download { "attachment" } else { "inline" });
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
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

/// Too many are given files already.
pub(super) fn too_many() -> Response {
    let words = "Several files are being fetched already: try again in a moment.\n";
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", words);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}
