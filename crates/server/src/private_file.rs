//! Private files: key material in the data folder, readable by its owner only.
//!
//! Owns:  making them whole or not at all, and refusing to use one that others can read.
//! Never: logs what is in them.
//! Read:  `read_or_make`.

use anyhow::{Context as _, bail};
use model::Secret;
use std::{
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// The largest private file, in bytes.
const PRIVATE_MAX: u64 = 64 << 10;

/// What is in `path`; made by `make` when there is no such file.
pub(crate) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> anyhow::Result<Secret<Vec<u8>>>,
) -> anyhow::Result<Secret<Vec<u8>>> {
    match read(path)? {
        Some(found) => Ok(found),
        None => {
            let made = make()?;
            write(path, made.expose())?;
            Ok(made)
        }
    }
}

/// What is in `path`; `None` when there is no such file.
pub(crate) fn read(path: &Path) -> anyhow::Result<Option<Secret<Vec<u8>>>> {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    if meta.permissions().mode() & 0o077 != 0 {
        bail!("{} can be read by others; run: chmod 600 {}", path.display(), path.display());
    }
    if meta.len() > PRIVATE_MAX {
        bail!("{} is larger than {PRIVATE_MAX} bytes, so it is not what it should be", path.display());
    }
    Ok(Some(Secret::new(std::fs::read(path).with_context(|| path.display().to_string())?)))
}

/// Writes `bytes` so that a crash leaves either nothing or all of it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("a private file stands in a folder")?;
    let draft = path.with_extension("new");
    let in_draft = || format!("writing {}", draft.display());
    // A draft that a crash left behind is worthless; `create_new` makes sure that the mode is ours.
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(in_draft),
        _ => {}
    }
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).with_context(in_draft)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(in_draft)?;
    std::fs::rename(&draft, path).with_context(|| format!("writing {}", path.display()))?;
    std::fs::File::open(folder).and_then(|f| f.sync_all()).with_context(|| folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once_for_its_owner_only_and_refused_when_others_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seed.bin");
        std::fs::write(path.with_extension("new"), b"left by a crash").unwrap();
        let made = read_or_make(&path, || Ok(Secret::new(vec![1, 2, 3]))).unwrap();
        let again = read_or_make(&path, || panic!("it exists")).unwrap();
        assert_eq!(made.expose(), again.expose());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!path.with_extension("new").exists());

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = read_or_make(&path, || panic!("it exists")).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}
