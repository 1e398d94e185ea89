//! Back-ups: a copy of the database in one file, taken while it is in use.
//!
//! Owns:  writing, flushing and checking the copy.
//! Never: overwrites a file, or leaves a half one behind.
//! Read:  `backup`. Putting one back is `restore`.

use crate::{
    audit::AuditHead,
    error::StoreError,
    folder::{self, Folder},
    health,
    options::Options,
    schema,
    stamp::Revision,
    store::read_only,
    writes,
};
use sqlx::Connection;
use std::path::{Path, PathBuf};

/// A back-up that was written, flushed to disk and checked.
#[derive(Clone, Debug)]
pub struct Backup {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The last change that it holds.
    pub revision: Revision,
    /// The end of its audit chain.
    pub audit: AuditHead,
    /// The records of writes, in a file of their own beside it; none when there are none yet.
    pub writes: Option<PathBuf>,
}

/// Writes a back-up of the data folder `folder` to the new file `to` (0600), also while another process serves from it.
/// `Exists` when there is such a file; on any other error nothing is left of it.
pub async fn backup(folder: &Path, to: &Path) -> Result<Backup, StoreError> {
    let folder = Folder::new(folder)?;
    let from = folder.database();
    // Absolute, so that the name is never taken for a URI.
    let to = std::path::absolute(to).map_err(StoreError::file(to))?;
    std::fs::metadata(&from).map_err(StoreError::file(&from))?;
    drop(folder::make_new(&to)?);
    let written = write(&folder, &from, &to).await;
    if written.is_err()
        && let Err(error) = std::fs::remove_file(&to)
    {
        tracing::warn!(%error, file = %to.display(), "the unfinished back-up could not be removed");
    }
    written
}

async fn write(folder: &Folder, from: &Path, to: &Path) -> Result<Backup, StoreError> {
    let mut connection = schema::connect(&read_only(from, &Options::default()), from).await?;
    schema::check(&mut connection, from).await?;
    sqlx::query("VACUUM INTO $1").bind(folder::as_text(to)?).execute(&mut connection).await?;
    connection.close().await?;
    folder::flush(to)?;
    let health = health::examine(to).await?;
    if let Some(problem) = health.problems.first() {
        return Err(StoreError::corrupt(format!("the back-up does not pass its check: {problem}")));
    }
    let writes = writes::backup(folder, to).await?;
    let (bytes, revision, audit) = (folder::size(to), health.revision, health.audit.head);
    Ok(Backup { path: to.to_owned(), bytes, revision, audit, writes })
}
