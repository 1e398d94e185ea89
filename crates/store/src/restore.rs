//! Restore: putting a back-up in the place of the database.
//!
//! Owns:  the check of the back-up, the switch, and what is kept of the database before.
//! Never: runs beside a process that holds the folder; throws the old database away.
//! Read:  `restore`, then `switch`.

use crate::{
    audit::{AuditAction, AuditHead, Draft},
    commit::{Change, Effect},
    error::StoreError,
    folder::{self, Folder},
    health,
    options::Options,
    stamp::{Revision, Stamp},
    store::Store,
    writes,
};
use model::Timestamp;
use serde_json::{Map, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What a restore did. Keys that were revoked after the back-up was taken work again: whoever restores has to look.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The last change of the back-up.
    pub revision: Revision,
    /// The end of its audit chain, before the entry about the restore.
    pub audit: AuditHead,
    /// Where the database that was there before now is.
    pub kept: Option<PathBuf>,
}

/// Checks the back-up `from` (integrity, known schema, audit chain) and puts it in the place of the database of `folder`,
/// which no process may hold. The database before is kept beside it; the restore is an entry of the audit chain.
pub async fn restore(from: &Path, folder: &Path, options: Options, stamp: Stamp) -> Result<Restored, StoreError> {
    let folder = Folder::new(folder)?;
    folder.make()?;
    let lock = folder.lock()?;
    let incoming = folder.beside(".incoming");
    // What is checked is the copy that will be used, not a file that somebody may still write to.
    take_copy(from, &incoming)?;
    let checked = match health::examine(&incoming).await {
        Ok(health) => match health.problems.first() {
            None => Ok((health.revision, health.audit.head)),
            Some(problem) => Err(StoreError::corrupt(format!("the back-up does not pass its check: {problem}"))),
        },
        // The message shall name the file that was given.
        Err(StoreError::Foreign { .. }) => Err(StoreError::Foreign { path: from.to_owned() }),
        Err(StoreError::Schema { what, .. }) => Err(StoreError::Schema { path: from.to_owned(), what }),
        Err(error) => Err(error),
    };
    let (revision, audit) = match checked {
        Ok(facts) => facts,
        Err(error) => {
            remove(&incoming)?;
            return Err(error);
        }
    };
    writes::restore(from, &folder).await?;
    let kept = switch(&folder, &incoming, stamp.now).await?;
    let store = Store::open_locked(folder, lock, options).await?;
    let recorded = store.commit(stamp, RecordRestore { revision, audit }).await;
    store.close().await;
    recorded.map(|_| Restored { revision, audit, kept })
}

pub(crate) fn take_copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    remove(to)?;
    let mut source = fs::File::open(from).map_err(StoreError::file(from))?;
    let mut target = folder::make_new(to)?;
    io::copy(&mut source, &mut target).map_err(StoreError::file(to))?;
    folder::flush(to)
}

/// The old database gets a second name, its log goes away, and the new one takes its name in one step: at no moment is there
/// no database, and never a log of one beside the other.
async fn switch(folder: &Folder, incoming: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    let database = folder.database();
    let kept = folder.beside(&format!(".before-restore-{}", file_time(now)));
    let existed = database.exists();
    if existed {
        if let Err(error) = fold_log(&database).await {
            // Perhaps the very reason for the restore. The log is then kept beside the file it belongs to.
            tracing::warn!(%error, "the present database cannot be read; it is kept as it is");
        }
        fs::hard_link(&database, &kept).map_err(StoreError::file(&kept))?;
    }
    let log = folder::log_of(&database);
    if folder::size(&log) > 0 {
        let kept_log = folder::log_of(&kept);
        fs::rename(&log, &kept_log).map_err(StoreError::file(&kept_log))?;
    }
    remove(&log)?;
    remove(&folder.beside("-shm"))?;
    folder::flush_folder(folder.path())?;
    fs::rename(incoming, &database).map_err(StoreError::file(&database))?;
    folder::flush_folder(folder.path())?;
    Ok(existed.then_some(kept))
}

/// Brings what the write-ahead log holds into the database file; SQLite then removes the log.
async fn fold_log(database: &Path) -> Result<(), StoreError> {
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(database)).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::file(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// `20261123T101500Z`: sorts, and is a plain file name.
pub(crate) fn file_time(now: Timestamp) -> String {
    let micros = now.as_micros();
    jiff::Timestamp::from_microsecond(micros)
        .map_or_else(|_| micros.to_string(), |t| t.strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// The audit entry of a restore, which also ends what a back-up would bring to life again: sessions that were signed out
/// after it, and invitations that were accepted or taken back. Followers have nothing to read.
struct RecordRestore {
    revision: Revision,
    audit: AuditHead,
}

impl Change for RecordRestore {
    type Value = ();

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        _stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let mut details = Map::new();
        for (what, statement) in [("sessions", "DELETE FROM sessions"), ("invitations", "DELETE FROM invitations")] {
            let ended = sqlx::query(statement).execute(&mut *tx).await?.rows_affected();
            details.insert(format!("{what}_ended"), json!(ended));
        }
        details.insert("revision".into(), json!(self.revision.0));
        details.insert("audit_sequence".into(), json!(self.audit.sequence));
        details.insert("audit_hash".into(), json!(data_encoding::HEXLOWER.encode(&self.audit.hash)));
        let draft = Draft { action: AuditAction::StoreRestored, account: None, details };
        Ok(Effect::changed((), draft, Vec::new()))
    }
}
