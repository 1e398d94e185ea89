//! Certificates: what is put in force, and what leaves the old one there.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, cert: &str, key: &str) {
        std::fs::write(self.0.path().join("tls.crt"), cert).unwrap();
        std::fs::write(self.0.path().join("tls.key"), key).unwrap();
    }

    fn open(&self) -> anyhow::Result<Certificates> {
        let tls = Tls::Files { cert: self.0.path().join("tls.crt"), key: self.0.path().join("tls.key") };
        Certificates::open(&tls, self.0.path(), "gateway", NOW).map(Option::unwrap)
    }

    fn refusal(&self) -> String {
        format!("{:#}", self.open().err().expect("refused"))
    }
}

fn pair() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["api.example.com".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// Leaf and issuer, the leaf valid until `year`.
fn chain(year: i32) -> (String, String, String) {
    let issuer_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer_cert = params.self_signed(&issuer_key).unwrap().pem();
    let issuer = Issuer::new(params, issuer_key);
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec!["api.example.com".to_owned()]).unwrap();
    leaf.not_after = rcgen::date_time_ymd(year, 1, 1);
    (leaf.signed_by(&key, &issuer).unwrap().pem(), issuer_cert, key.serialize_pem())
}

#[test]
fn r63_a_new_pair_is_put_in_force_and_a_broken_one_leaves_the_old_there() {
    let folder = Folder::new();
    let (cert, key) = pair();
    folder.put(&cert, &key);
    let certificates = folder.open().unwrap();
    let first = certificates.slot.load_full();
    assert_eq!(certificates.reload(NOW).unwrap(), Reload::Unchanged);

    let (other_cert, other_key) = pair();
    folder.put(&other_cert, &key);
    let error = format!("{:#}", certificates.reload(NOW).unwrap_err());
    assert!(error.contains("is not the key of the certificate"), "{error}");
    folder.put("half a fi", &other_key);
    assert!(certificates.reload(NOW).is_err());
    assert!(Arc::ptr_eq(&first, &certificates.slot.load_full()), "the old one stays");

    folder.put(&other_cert, &other_key);
    assert!(matches!(certificates.reload(NOW).unwrap(), Reload::Changed(print) if print != certificates.fingerprint));
    assert!(!Arc::ptr_eq(&first, &certificates.slot.load_full()));
}

#[test]
fn r63_chains_are_checked_before_they_serve() {
    let folder = Folder::new();
    let (leaf, issuer, key) = chain(2090);
    folder.put(&format!("{leaf}{issuer}"), &key);
    assert_eq!(folder.open().unwrap().slot.load().alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);

    let (_, stranger, _) = chain(2090);
    folder.put(&format!("{leaf}{stranger}"), &key);
    assert!(folder.refusal().contains("not a chain"), "{}", folder.refusal());

    let (leaf, issuer, key) = chain(2020);
    folder.put(&format!("{leaf}{issuer}"), &key);
    assert!(folder.refusal().contains("expired"), "{}", folder.refusal());

    folder.put(&leaf, "");
    assert!(folder.refusal().contains("no private key"), "{}", folder.refusal());
    folder.put("", &key);
    assert!(folder.refusal().contains("holds no certificate"), "{}", folder.refusal());
}

#[test]
fn a_self_signed_certificate_is_made_once_and_its_key_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls::SelfSigned(vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()]);
    let first = Certificates::open(&tls, folder.path(), "gateway", NOW).unwrap().unwrap();
    let again = Certificates::open(&tls, folder.path(), "gateway", NOW).unwrap().unwrap();
    assert_eq!(first.fingerprint, again.fingerprint);
    assert_eq!(first.fingerprint.len(), 32 * 3 - 1);
    let key = std::fs::metadata(folder.path().join("gateway-self-signed.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}
