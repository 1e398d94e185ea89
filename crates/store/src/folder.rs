//! The data folder: its files, who may read them, and who holds it.
//!
//! Owns:  the names of the files, their permissions, the exclusive lock, flushing of folders.
//! Never: statements.
//! Read:  `Folder`, then `Lock`.

use crate::error::StoreError;
use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

const DATABASE: &str = "claviger.db";
const USAGE: &str = "usage.db";
const WRITES: &str = "writes.db";
const LOCK: &str = "claviger.lock";
/// Folders are for their owner alone.
const FOLDER_MODE: u32 = 0o700;
/// Files are for their owner alone.
const FILE_MODE: u32 = 0o600;

/// The paths in a data folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: &Path) -> Result<Self, StoreError> {
        // Absolute, so that no name is ever taken for a URI.
        std::path::absolute(path).map(Self).map_err(StoreError::file(path))
    }

    /// Makes the folder where it is missing, for its owner alone.
    pub(crate) fn make(&self) -> Result<(), StoreError> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.0).map_err(StoreError::file(&self.0))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join(DATABASE)
    }

    /// The second file (D44).
    pub(crate) fn usage(&self) -> PathBuf {
        self.0.join(USAGE)
    }

    /// The records of writes.
    pub(crate) fn writes(&self) -> PathBuf {
        self.0.join(WRITES)
    }

    /// A file beside the database: `claviger.db` and `suffix`.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        self.0.join(format!("{DATABASE}{suffix}"))
    }

    /// Takes the folder for this `Store` alone.
    pub(crate) fn lock(&self) -> Result<Lock, StoreError> {
        let path = self.0.join(LOCK);
        let file = private_file().create(true).truncate(false).open(&path).map_err(StoreError::file(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { folder: self.0.clone() }),
            Err(TryLockError::Error(error)) => Err(StoreError::file(&path)(error)),
        }
    }

    /// Makes the database file where it is missing, and keeps it for its owner alone. SQLite gives the files that it puts
    /// beside it (`-wal`, `-shm`) the same permissions.
    pub(crate) fn make_database(&self) -> Result<(), StoreError> {
        self.make_private(&self.database())
    }

    /// Makes a database file where it is missing, and keeps it for its owner alone.
    pub(crate) fn make_private(&self, path: &Path) -> Result<(), StoreError> {
        let fail = |error| StoreError::file(path)(error);
        let file = private_file().create(true).truncate(false).open(path).map_err(fail)?;
        file.set_permissions(Permissions::from_mode(FILE_MODE)).map_err(fail)
    }
}

/// The exclusive hold on a data folder: ends when it is dropped, and with the process at the latest.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(FILE_MODE);
    options
}

/// Makes a new file for its owner alone; what exists is never touched.
pub(crate) fn make_new(path: &Path) -> Result<File, StoreError> {
    private_file().create_new(true).open(path).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            return StoreError::Exists { path: path.to_owned() };
        }
        StoreError::file(path)(error)
    })
}

/// Flushes a file, and the folder that names it.
pub(crate) fn flush(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(StoreError::file(path))?;
    path.parent().map_or(Ok(()), flush_folder)
}

/// Flushes the names in a folder.
pub(crate) fn flush_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(StoreError::file(path))
}

/// The size of a file; 0 when it is not there.
pub(crate) fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |m| m.len())
}

/// The write-ahead log that SQLite puts beside a database.
pub(crate) fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// A path as SQL text.
pub(crate) fn as_text(path: &Path) -> Result<&str, StoreError> {
    path.to_str().ok_or_else(|| StoreError::invalid(format!("{}: the name must be UTF-8", path.display())))
}
