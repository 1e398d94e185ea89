//! An issuer on this machine: discovery, a key set, and tokens signed with keys that can be exchanged.

use crate::harness::real_clock;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use data_encoding::BASE64URL_NOPAD;
use gateway::IssuerConfig;
use proof::{Algorithm, Directories, Directory, ENTRA_AUTHORITY, Issuer};
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// `iss` of a directory in Entra ID's version 2.
pub(crate) fn entra_issuer(directory: &str) -> String {
    format!("{ENTRA_AUTHORITY}/{directory}/v2.0")
}

pub(crate) struct LocalIssuer {
    pub(crate) url: String,
    /// Key sets that were read.
    pub(crate) reads: Arc<AtomicUsize>,
    /// Answers nothing but errors while set.
    pub(crate) down: Arc<AtomicBool>,
    key: Arc<Mutex<(String, Ed25519KeyPair)>>,
}

impl LocalIssuer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = Arc::new(Mutex::new(("k1".to_owned(), Ed25519KeyPair::generate().unwrap())));
        let issuer = Self { url: url.clone(), reads: Arc::default(), down: Arc::default(), key };
        let (reads, down, key) = (Arc::clone(&issuer.reads), Arc::clone(&issuer.down), Arc::clone(&issuer.key));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = vec![0; 4096];
                let length = socket.read(&mut head).await.unwrap_or(0);
                let path = String::from_utf8_lossy(&head[..length]).split(' ').nth(1).unwrap_or_default().to_owned();
                let body = match path.as_str() {
                    "/.well-known/openid-configuration" => json!({"issuer": url, "jwks_uri": format!("{url}/keys")}),
                    _ => {
                        reads.fetch_add(1, Ordering::SeqCst);
                        let key = key.lock().unwrap();
                        let x = BASE64URL_NOPAD.encode(key.1.public_key().as_ref());
                        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": key.0, "use": "sig", "x": x}]})
                    }
                }
                .to_string();
                let status = if down.load(Ordering::SeqCst) { "503 Down" } else { "200 OK" };
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                let _gone = socket.write_all(answer.as_bytes()).await;
            }
        });
        issuer
    }

    pub(crate) fn config(&self) -> IssuerConfig {
        let issuer = Issuer {
            url: self.url.clone(),
            client_ids: vec!["client".to_owned()],
            algorithms: vec![Algorithm::EdDsa],
            directory: Directory::Plain,
        };
        IssuerConfig { issuer, tls: None, unsafe_plain_http: true }
    }

    /// The same issuer as Entra ID would be configured, with these directories.
    pub(crate) fn entra(&self, directories: Directories) -> IssuerConfig {
        let mut config = self.config();
        config.issuer.directory = Directory::Entra(directories);
        config
    }

    /// What Entra ID's version 2 says of a person of this directory.
    pub(crate) fn entra_claims(&self, directory: &str) -> Value {
        let mut claims = self.claims();
        claims["iss"] = json!(entra_issuer(directory));
        (claims["tid"], claims["oid"], claims["ver"]) = (json!(directory), json!("oid-of-alice"), json!("2.0"));
        claims
    }

    /// From now on it signs with another key.
    pub(crate) fn rotate(&self, kid: &str) {
        *self.key.lock().unwrap() = (kid.to_owned(), Ed25519KeyPair::generate().unwrap());
    }

    pub(crate) fn claims(&self) -> Value {
        let now = real_clock().as_secs();
        json!({"iss": self.url, "aud": "client", "sub": "alice", "iat": now, "exp": now + 3_600})
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let kid = self.key.lock().unwrap().0.clone();
        self.sign_as(&kid, claims)
    }

    /// Signed with the present key under any name.
    pub(crate) fn sign_as(&self, kid: &str, claims: &Value) -> String {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", part(&json!({"alg": "EdDSA", "typ": "JWT", "kid": kid})), part(claims));
        let sig = self.key.lock().unwrap().1.sign(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(sig.as_ref()))
    }
}
