//! The beginning of the feed, to see whether there is one: for whoever wants to know no more than that.

use std::fs::File;
use std::io::{Seek as _, Write as _};

use reqwest::Response;

use super::error::{FetchError, unreadable};
use super::{file, http};
use crate::catalog::Hasher;
use crate::config::{self, Location};
use crate::http_client::Clients;

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
/// When there is none, or none that a pass would take.
pub async fn head(source: &config::Source) -> Result<Head, FetchError> {
    let location = &source.location;
    match location {
        Location::File(path) => {
            let body = file::fetch(source, path, &Hasher::without_secret()).await?;
            Ok(Head { file: body.file, length: Some(body.length) })
        }
        Location::Url(url) => {
            let client = http::client(&Clients::default(), source, url)?;
            let (mut response, length) = http::ask(&client, source, url).await?;
            let mut bytes = Vec::new();
            match tokio::time::timeout(source.timeout, read(&mut response, &mut bytes)).await {
                Ok(read) => read.map_err(|error| http::no_answer(location, error, source.timeout))?,
                Err(_) if bytes.is_empty() => return Err(FetchError::silent(location, source.timeout)),
                // A host that sends a little now and then is waited for no longer: what has come is judged.
                Err(_) => {}
            }
            store(&bytes).map(|file| Head { file, length }).map_err(|error| unreadable(location, &error))
        }
    }
}

async fn read(response: &mut Response, bytes: &mut Vec<u8>) -> reqwest::Result<()> {
    while bytes.len() < ENOUGH {
        match response.chunk().await? {
            Some(chunk) => bytes.extend_from_slice(&chunk),
            None => break,
        }
    }
    Ok(())
}

fn store(bytes: &[u8]) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}
