//! The key that signs the context for the upstream (D24): Ed25519, made once, kept in the data folder.
//!
//! Owns:  making and reading it.
//! Never: signs; the gateway does.
//! Read:  `load`.

use crate::private_file;
use anyhow::Context as _;
use aws_lc_rs::{rand::SystemRandom, signature::Ed25519KeyPair};
use model::Secret;
use std::path::{Path, PathBuf};

/// Where the key of a data folder is.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("context-signing.p8")
}

/// The PKCS#8 document of the folder's key, made at the first start.
pub(crate) fn load(folder: &Path) -> anyhow::Result<Secret<Vec<u8>>> {
    let path = path(folder);
    let document = private_file::read_or_make(&path, || {
        let document =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).context("making the context's signing key")?;
        Ok(Secret::new(document.as_ref().to_vec()))
    })?;
    Ed25519KeyPair::from_pkcs8(document.expose())
        .map_err(|_| anyhow::anyhow!("{} is no Ed25519 key in PKCS#8", path.display()))
        .context("restore it from a copy of the data folder, or remove it to have a new one made (upstreams read the new one from the JWKS)")?;
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d24_the_key_survives_a_restart_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let first = load(folder.path()).unwrap();
        assert_eq!(load(folder.path()).unwrap().expose(), first.expose());
        private_file::write(&path(folder.path()), b"not a key").unwrap();
        let error = format!("{:#}", load(folder.path()).unwrap_err());
        assert!(error.contains("context-signing.p8"), "{error}");
    }
}
