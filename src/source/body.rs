//! A body that was fetched.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, OnceLock};

use super::error::FetchError;
use super::identity::Identity;
use crate::catalog::{Digest, Hasher};
use crate::config::Location;
use crate::inflow::Inflow;

/// Whether the bytes are known to be all that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// They are: their number was announced, their end marked, or nobody has touched the file for a while.
    Proven,
    /// They may be only the beginning, unless their content has an end of its own. With the reason.
    Unproven(&'static str),
}

/// A fetched body, or one that is still coming: see [`Download`](super::Download). Whether it is a whole feed, its
/// content must show.
pub struct Body {
    /// The bytes as they came, compressed or not.
    pub file: File,
    /// How many they are.
    pub length: u64,
    /// Whether that is all.
    pub end: End,
    pub(super) digest: Arc<OnceLock<Digest>>,
    /// How far it has come, if it was still coming when it was given out.
    pub(super) inflow: Option<Arc<Inflow>>,
    pub(super) hasher: Hasher,
    /// Of a file that others may write: where it lies, and what it was when it was opened.
    pub(super) origin: Option<(Location, Identity)>,
    /// The server's entity tag.
    pub etag: Option<String>,
    /// The server's `Last-Modified`.
    pub last_modified: Option<String>,
}

impl Body {
    /// How far it has come, if it was still coming when it was given out.
    pub(crate) fn inflow(&self) -> Option<Arc<Inflow>> {
        self.inflow.clone()
    }

    /// Whether bytes of it may be still to come.
    pub fn is_coming(&self) -> bool {
        self.inflow.is_some()
    }

    /// Whether nobody else can write its bytes.
    pub fn is_stored(&self) -> bool {
        self.origin.is_none()
    }

    /// A digest of the bytes. Reads them all the first time, unless they were counted as they came. Waits for those
    /// that are still coming.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn digest(&self) -> io::Result<Digest> {
        self.inflow.as_ref().map_or(Ok(()), |inflow| inflow.wait_for_all())?;
        if let Some(digest) = self.digest.get() {
            return Ok(*digest);
        }
        let mut hasher = self.hasher.begin();
        let mut buffer = vec![0; 1 << 18];
        let mut at = 0;
        loop {
            match self.file.read_at(&mut buffer, at)? {
                0 => break,
                read => {
                    hasher.update(&buffer[..read]);
                    at += read as u64;
                }
            }
        }
        Ok(*self.digest.get_or_init(|| hasher.digest128()))
    }

    /// Checks, after the bytes were read, that nobody wrote them meanwhile.
    ///
    /// # Errors
    /// When somebody did.
    pub fn check_unwritten(&self) -> Result<(), FetchError> {
        let Some((location, identity)) = &self.origin else { return Ok(()) };
        if identity.still_holds(&self.file, location)? {
            return Ok(());
        }
        let advice = "the file changed while it was read; write it elsewhere and rename it into place";
        Err(FetchError::new(location, advice))
    }
}
