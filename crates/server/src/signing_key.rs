//! The key that signs the context for the upstream (D24): Ed25519, made once, kept in the data folder.
//!
//! Owns:  making and reading it.
//! Never: signs; the gateway does.
//! Read:  `load`.

use crate::private_file;
use anyhow::Context as _;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ED25519_PUBLIC_KEY_LEN, Ed25519KeyPair, KeyPair as _},
};
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
    usable(&document, &path)?;
    Ok(document)
}

/// The public half of a folder's key, which verifies what the gateway signs.
pub(crate) fn public(folder: &Path) -> anyhow::Result<[u8; ED25519_PUBLIC_KEY_LEN]> {
    let pair = Ed25519KeyPair::from_pkcs8(load(folder)?.expose()).ok();
    let public = pair.and_then(|pair| pair.public_key().as_ref().try_into().ok());
    public.with_context(|| format!("{} is no Ed25519 key in PKCS#8", path(folder).display()))
}

/// Whether the folder's key, if it has one yet, can be used.
pub(crate) fn check(folder: &Path) -> anyhow::Result<()> {
    let path = path(folder);
    private_file::read(&path)?.map_or(Ok(()), |document| usable(&document, &path))
}

fn usable(document: &Secret<Vec<u8>>, path: &Path) -> anyhow::Result<()> {
    Ed25519KeyPair::from_pkcs8(document.expose())
        .map_err(|_| anyhow::anyhow!("{} is no Ed25519 key in PKCS#8", path.display()))
        .context("restore it from a copy of the data folder, or remove it to have a new one made (upstreams read the new one from the JWKS)")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d24_the_key_survives_a_restart_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        check(folder.path()).unwrap();
        let first = load(folder.path()).unwrap();
        check(folder.path()).unwrap();
        assert_eq!(load(folder.path()).unwrap().expose(), first.expose());
        private_file::write(&path(folder.path()), b"not a key").unwrap();
        for error in [load(folder.path()).unwrap_err(), check(folder.path()).unwrap_err()] {
            assert!(format!("{error:#}").contains("context-signing.p8"), "{error:#}");
        }
    }
}
