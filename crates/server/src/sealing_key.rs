//! The key that seals answers of writes and second factors at rest (D16): 32 random bytes, made once, kept in the data folder.
//!
//! Owns:  making and reading it.
//! Never: seals; the gateway and the control plane do.
//! Read:  `load`.

use crate::{clock, private_file};
use anyhow::{Context as _, ensure};
use model::Secret;
use std::path::{Path, PathBuf};

/// The length of the key, in bytes: AES-256.
const KEY_BYTES: usize = 32;

/// Where the key of a data folder is.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("writes-sealing.key")
}

/// The folder's key, made at the first start.
pub(crate) fn load(folder: &Path) -> anyhow::Result<Secret<Vec<u8>>> {
    let path = path(folder);
    let key = private_file::read_or_make(&path, || {
        let mut key = vec![0; KEY_BYTES];
        clock::fill(&mut key);
        Ok(Secret::new(key))
    })?;
    usable(&key, &path).context(
        "restore it from a copy of the data folder, or remove it to have a new one made (answers that were kept can then not be given again)",
    )?;
    Ok(key)
}

/// Whether the folder's key, if it has one yet, can be used.
pub(crate) fn check(folder: &Path) -> anyhow::Result<()> {
    let path = path(folder);
    private_file::read(&path)?.map_or(Ok(()), |key| usable(&key, &path))
}

fn usable(key: &Secret<Vec<u8>>, path: &Path) -> anyhow::Result<()> {
    ensure!(key.expose().len() == KEY_BYTES, "{} is no key of {KEY_BYTES} bytes", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d16_the_key_survives_a_restart_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        check(folder.path()).unwrap();
        let first = load(folder.path()).unwrap();
        assert_eq!(load(folder.path()).unwrap().expose(), first.expose());
        check(folder.path()).unwrap();
        private_file::write(&path(folder.path()), b"short").unwrap();
        for error in [load(folder.path()).unwrap_err(), check(folder.path()).unwrap_err()] {
            assert!(format!("{error:#}").contains("writes-sealing.key"), "{error:#}");
        }
    }
}
