//! TLS towards callers and operators: certificates from files or self-signed, exchanged while connections are open.
//!
//! Owns:  reading and checking certificates, `Certificates` and its reload.
//! Never: puts a certificate in force that does not fit its key; on a problem the old one stays.
//! Read:  `Certificates::open`, then `Certificates::reload`.

use crate::{config::Tls, private_file};
use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;
use model::{Secret, Timestamp};
use rustls::{ServerConfig, crypto::aws_lc_rs, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How often certificate files are read again without a signal.
pub(crate) const RELOAD_INTERVAL: Duration = Duration::from_secs(60);
/// The largest certificate or key file, in bytes.
const FILE_MAX: u64 = 1 << 20;
/// The longest chain.
const CHAIN_MAX: usize = 10;
/// Life of a self-signed certificate.
const SELF_SIGNED_DAYS: i64 = 3_650;

/// The certificate of one listener.
pub(crate) struct Certificates {
    /// What the listener reads at each handshake.
    pub(crate) slot: Arc<ArcSwap<ServerConfig>>,
    /// SHA-256 of the first certificate, for people to compare.
    pub(crate) fingerprint: String,
    /// PEM of a self-signed certificate, for callers to trust.
    pub(crate) self_signed: Option<PathBuf>,
    files: Files,
    in_force: Mutex<Pair>,
}

struct Files {
    cert: PathBuf,
    key: PathBuf,
}

/// What was read from the files.
#[derive(PartialEq, Eq)]
struct Pair {
    cert: Vec<u8>,
    key_hash: [u8; 32],
}

/// What a reload found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reload {
    /// The files are as they were.
    Unchanged,
    /// A new certificate is in force; its fingerprint.
    Changed(String),
}

impl Certificates {
    /// The certificates that `tls` asks for; `None` when the listener is plain. A self-signed one is made in `folder`.
    pub(crate) fn open(tls: &Tls, folder: &Path, listener: &str, now: Timestamp) -> anyhow::Result<Option<Self>> {
        let (files, self_signed) = match tls {
            Tls::Off | Tls::Terminated => return Ok(None),
            Tls::Files { cert, key } => (Files { cert: cert.clone(), key: key.clone() }, None),
            Tls::SelfSigned(names) => {
                let files = self_signed(folder, listener, names, now)?;
                let cert = files.cert.clone();
                (files, Some(cert))
            }
        };
        let (config, pair, fingerprint) = files.load(now)?;
        let slot = Arc::new(ArcSwap::from(config));
        Ok(Some(Self { slot, fingerprint, self_signed, files, in_force: Mutex::new(pair) }))
    }

    /// Reads the files again. What does not fit together leaves the old certificate in force.
    pub(crate) fn reload(&self, now: Timestamp) -> anyhow::Result<Reload> {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        let (config, pair, fingerprint) = self.files.load(now)?;
        if pair == *in_force {
            return Ok(Reload::Unchanged);
        }
        self.slot.store(config);
        *in_force = pair;
        Ok(Reload::Changed(fingerprint))
    }
}

impl Files {
    fn load(&self, now: Timestamp) -> anyhow::Result<(Arc<ServerConfig>, Pair, String)> {
        let cert = read(&self.cert)?;
        let key = Secret::new(read(&self.key)?);
        let chain = chain(&cert).with_context(|| self.cert.display().to_string())?;
        let private = PrivateKeyDer::from_pem_slice(key.expose()).map_err(|_| {
            anyhow::anyhow!("{} holds no private key in PEM (PKCS#8, PKCS#1 or SEC1)", self.key.display())
        })?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        if let Err(error) = CertifiedKey::from_der(chain.clone(), private.clone_key(), &provider) {
            let (cert, key) = (self.cert.display(), self.key.display());
            if matches!(error, rustls::Error::InconsistentKeys(_)) {
                bail!("{key} is not the key of the certificate in {cert}");
            }
            bail!("{cert} and {key}: {error}");
        }
        check_chain(&chain, &provider, now).with_context(|| self.cert.display().to_string())?;
        let fingerprint = fingerprint(&chain);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("TLS cannot be set up")?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .with_context(|| self.cert.display().to_string())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let pair = Pair { cert, key_hash: *model::SecretHash::of(key.expose()).as_bytes() };
        Ok((Arc::new(config), pair, fingerprint))
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let meta = std::fs::metadata(path).with_context(|| path.display().to_string())?;
    if meta.len() > FILE_MAX {
        bail!("{} is larger than {FILE_MAX} bytes", path.display());
    }
    std::fs::read(path).with_context(|| path.display().to_string())
}

fn chain(pem: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|error| anyhow::anyhow!("not PEM: {error}"))?;
    match chain.len() {
        0 => bail!("holds no certificate (expected PEM: -----BEGIN CERTIFICATE-----)"),
        1..=CHAIN_MAX => Ok(chain),
        n => bail!("holds {n} certificates; at most {CHAIN_MAX} make sense"),
    }
}

/// Whether the chain holds together and is valid now. A single certificate cannot be told more about than its form.
fn check_chain(
    chain: &[CertificateDer<'static>],
    provider: &Arc<rustls::crypto::CryptoProvider>,
    now: Timestamp,
) -> anyhow::Result<()> {
    for (at, certificate) in chain.iter().enumerate() {
        rustls::server::ParsedCertificate::try_from(certificate)
            .map_err(|error| anyhow::anyhow!("certificate {} of the file: {error}", at + 1))?;
    }
    let [leaf, inner @ .., top] = chain else { return Ok(()) };
    let mut roots = rustls::RootCertStore::empty();
    roots.add(top.clone()).context("the last certificate of the file is no issuer")?;
    let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .context("the chain cannot be checked")?;
    let name = ServerName::try_from("localhost").context("a name to ask for")?;
    let seconds = u64::try_from(now.as_secs()).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    use rustls::{CertificateError as Bad, Error, client::danger::ServerCertVerifier as _};
    match verifier.verify_server_cert(leaf, inner, &name, &[], at) {
        // The name is the callers' business; it is checked last, so that everything else was fine.
        Ok(_) | Err(Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. })) => Ok(()),
        Err(Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. })) => {
            bail!("the certificate has expired")
        }
        Err(Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature)) => {
            bail!("the certificates are not a chain: put the server's first, then its issuer, then the issuer's issuer")
        }
        Err(error) => bail!("{error}"),
    }
}

fn fingerprint(chain: &[CertificateDer<'_>]) -> String {
    let digest = chain.first().map(|c| ::aws_lc_rs::digest::digest(&::aws_lc_rs::digest::SHA256, c));
    let hex: Vec<_> = digest.iter().flat_map(|d| d.as_ref()).map(|byte| format!("{byte:02X}")).collect();
    hex.join(":")
}

/// Where a listener's self-signed certificate is kept.
pub(crate) fn self_signed_file(folder: &Path, listener: &str) -> PathBuf {
    folder.join(format!("{listener}-self-signed.crt"))
}

/// A certificate for development, made once per listener and kept, so that callers need to trust it once only.
fn self_signed(folder: &Path, listener: &str, names: &[String], now: Timestamp) -> anyhow::Result<Files> {
    let files =
        Files { cert: self_signed_file(folder, listener), key: folder.join(format!("{listener}-self-signed.key")) };
    if files.cert.exists() && files.key.exists() {
        return Ok(files);
    }
    let names: Vec<_> = names.iter().map(|n| n.trim_matches(['[', ']']).to_owned()).collect();
    let mut params = rcgen::CertificateParams::new(names).context("a self-signed certificate for these names")?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, format!("{} {listener}, self-signed", crate::name::TITLE));
    let (from, to) = (day(now.plus_secs(-86_400))?, day(now.plus_secs(SELF_SIGNED_DAYS * 86_400))?);
    params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
    params.not_after = rcgen::date_time_ymd(to.0, to.1, to.2);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let pair = rcgen::KeyPair::generate().context("making a self-signed certificate")?;
    let certificate = params.self_signed(&pair).context("making a self-signed certificate")?;
    // The key first: a certificate without its key would look complete.
    private_file::write(&files.key, pair.serialize_pem().as_bytes())?;
    std::fs::write(&files.cert, certificate.pem()).with_context(|| files.cert.display().to_string())?;
    Ok(files)
}

/// Year, month and day in UTC.
fn day(at: Timestamp) -> anyhow::Result<(i32, u8, u8)> {
    let date = jiff::Timestamp::from_second(at.as_secs())?.to_zoned(jiff::tz::TimeZone::UTC).date();
    Ok((date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs()))
}

#[cfg(test)]
mod tests;
