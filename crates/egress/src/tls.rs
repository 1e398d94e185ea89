//! TLS settings towards upstreams.
//!
//! Owns:  which authorities are trusted, ALPN (`http/1.1` only), the one crypto provider (aws-lc-rs).
//! Never: a way to switch verification off.
//! Read:  `client_config`.

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::BuilderVerifierExt;
use std::sync::Arc;

/// Authorities in a CA file at most.
const AUTHORITIES_MAX: usize = 1024;

/// Whose signatures on a certificate count.
#[derive(Clone, Copy, Debug)]
pub enum TrustRoots<'a> {
    /// The machine's trust store.
    Platform,
    /// The certificates in this PEM text and no others.
    CaFile(&'a [u8]),
}

/// Why there is nobody to trust.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// No store on this machine, as in an empty container image.
    #[error(
        "this machine has no usable trust store ({0}); install the ca-certificates package or configure a CA file for the upstream"
    )]
    Platform(rustls::Error),
    /// The file holds something that is no certificate.
    #[error("certificate {index} of the CA file cannot be read: {why}")]
    Certificate {
        /// Counted from 1.
        index: usize,
        /// What is wrong.
        why: String,
    },
    /// The file holds no certificate.
    #[error("the CA file holds no certificate (expected PEM: -----BEGIN CERTIFICATE-----)")]
    Empty,
    /// More than anybody needs.
    #[error("the CA file holds more than {AUTHORITIES_MAX} certificates")]
    TooMany,
    /// The TLS library refused its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Library(rustls::Error),
}

/// TLS settings for upstreams: versions 1.2 and 1.3, certificates verified, HTTP/1.1 offered. Reads the trust store from
/// disk, so make one and share it.
///
/// # Errors
/// When there is nothing to trust, in words for the operator.
pub fn client_config(roots: TrustRoots<'_>) -> Result<Arc<ClientConfig>, TrustError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Library)?;
    let mut config = match roots {
        TrustRoots::Platform => builder.with_platform_verifier().map_err(TrustError::Platform)?.with_no_client_auth(),
        TrustRoots::CaFile(pem) => builder.with_root_certificates(authorities(pem)?).with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, TrustError> {
    let mut store = RootCertStore::empty();
    for (at, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        if at == AUTHORITIES_MAX {
            return Err(TrustError::TooMany);
        }
        let certificate = certificate.map_err(|e| TrustError::Certificate { index: at + 1, why: e.to_string() })?;
        store.add(certificate).map_err(|e| TrustError::Certificate { index: at + 1, why: e.to_string() })?;
    }
    if store.is_empty() { Err(TrustError::Empty) } else { Ok(store) }
}
