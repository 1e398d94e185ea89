//! Restore.
use crate::{AuditHead, Options, Revision, Stamp, StoreError};
use std::path::{Path, PathBuf};

/// What a restore did.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The last change of the back-up.
    pub revision: Revision,
    /// The end of its audit chain, before the entry about the restore.
    pub audit: AuditHead,
    /// Where the database that was there before now is.
    pub kept: Option<PathBuf>,
}

/// Checks the back-up `from` and puts it in the place of the database of `folder`, which no process may hold.
pub async fn restore(from: &Path, folder: &Path, options: Options, stamp: Stamp) -> Result<Restored, StoreError> {
    let _ = (from, folder, options, stamp);
    Err(StoreError::Closed)
}
