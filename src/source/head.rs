//! The beginning of the feed, to see whether there is one: for whoever wants to know no more than that.

use std::fs::File;
use std::io::{Seek as _, Write as _};

use super::error::{FetchError, unreadable};
use super::http;
use crate::config::{self, Location};
use crate::http_client::Clients;
use crate::{files, task};

/// Bytes that are enough to tell what a feed is.
const ENOUGH: usize = 64 << 10;

/// The beginning of a feed.
#[derive(Debug)]
pub struct Head {
    /// It, or all of the feed.
    pub file: File,
    /// How many bytes the feed has, if that is known.
    pub length: Option<u64>,
}

/// Reads the beginning of the feed.
///
/// # Errors
/// When there is none.
pub async fn head(source: &config::Source) -> Result<Head, FetchError> {
    let location = &source.location;
    match location {
        Location::File(path) => {
            let path = path.clone();
            let opened = task::blocking(move || {
                let file = files::open(&path)?;
                let length = file.metadata()?.len();
                Ok(Head { file, length: Some(length) })
            });
            let opened = opened.await.map_err(|error| FetchError::new(location, error.to_string()))?;
            opened.map_err(|error| unreadable(location, &error))
        }
        Location::Url(url) => {
            let mut response = http::ask(&http::client(&Clients::default(), source, url)?, source, url).await?;
            let length = response.content_length();
            let mut bytes = Vec::new();
            while bytes.len() < ENOUGH {
                match response.chunk().await {
                    Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                    Ok(None) => break,
                    Err(error) => return Err(http::no_answer(location, error, source.timeout)),
                }
            }
            store(&bytes).map(|file| Head { file, length }).map_err(|error| unreadable(location, &error))
        }
    }
}

fn store(bytes: &[u8]) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}
