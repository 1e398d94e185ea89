//! Key set: the public keys that may sign the context (RFC 7517, RFC 8037).
//!
//! Owns:  the cached keys, when they are read again, and what counts as a key.
//! Never: any other kind of key than Ed25519, a redirect, another address than loopback, a read per request.
//! Read:  `KeySet::find`, then `fetch`.

use crate::{
    options::ContextKeys,
    problem::{Code, Problem},
};
use data_encoding::BASE64URL_NOPAD;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;
use std::{collections::HashMap, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::TcpStream,
    sync::{Mutex, RwLock},
    time::{self, Instant},
};
use url::{Host, Url};

/// Rest between two reads after one that succeeded: an unknown key id must not become a stream of requests.
const READ_REST: Duration = Duration::from_secs(10);
/// Rest after a read that failed; shorter, because until it succeeds nobody is served.
const FAILED_REST: Duration = Duration::from_secs(1);
/// Keys older than this are read again when they are next used, so that a withdrawn key does not stay for ever.
const AGE_MAX: Duration = Duration::from_secs(600);
/// How long one read may take.
const READ_MAX: Duration = Duration::from_secs(2);
/// Bytes of a key set.
const BODY_MAX: usize = 64 * 1024;
/// Keys that are kept.
const KEYS_MAX: usize = 16;
/// Characters of a key id.
const KEY_ID_MAX: usize = 128;

/// The keys cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("`{0}` is not an http:// address on loopback; give the key set itself for a gateway on another machine")]
    Address(String),
    #[error("the key set is not a JWKS with at least one Ed25519 key (kty OKP, crv Ed25519, with a kid)")]
    NoKeys,
}

type Keys = HashMap<String, Arc<DecodingKey>>;

/// Finds the key that a token names.
pub(crate) struct KeySet {
    known: RwLock<Known>,
    source: Option<Source>,
}

#[derive(Default)]
struct Known {
    keys: Keys,
    read_at: Option<Instant>,
}

struct Source {
    url: Url,
    /// When the next read is allowed. The lock also makes it one read at a time.
    next_read: Mutex<Option<Instant>>,
}

impl KeySet {
    /// From the options. An address is not read yet: the gateway may start after this API.
    pub(crate) fn open(keys: &ContextKeys) -> Result<Self, KeysError> {
        // Signature checks panic without a provider. Failing to install means that one is there already.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        match keys {
            ContextKeys::Static(text) => {
                let keys = parse(text.as_bytes()).filter(|keys| !keys.is_empty()).ok_or(KeysError::NoKeys)?;
                Ok(Self { known: RwLock::new(Known { keys, read_at: None }), source: None })
            }
            ContextKeys::Url(text) => {
                let url = Url::parse(text).ok().filter(on_loopback).ok_or_else(|| KeysError::Address(text.clone()))?;
                let source = Source { url, next_read: Mutex::new(None) };
                Ok(Self { known: RwLock::default(), source: Some(source) })
            }
        }
    }

    /// The key with this id, or none when the key set is known and lacks it.
    pub(crate) async fn find(&self, key_id: &str) -> Result<Option<Arc<DecodingKey>>, Problem> {
        let cached = self.cached(key_id).await;
        let Some(source) = &self.source else {
            return Ok(cached.key);
        };
        if cached.key.is_some() && cached.fresh {
            return Ok(cached.key);
        }
        let mut next_read = source.next_read.lock().await;
        // Somebody else may have read while this task waited for its turn.
        let mut cached = self.cached(key_id).await;
        let due = next_read.is_none_or(|at| Instant::now() >= at);
        if due && (cached.key.is_none() || !cached.fresh) {
            let read =
                time::timeout(READ_MAX, fetch(&source.url)).await.unwrap_or_else(|_| Err("no answer in time".into()));
            match read {
                Ok(keys) => {
                    *next_read = Some(Instant::now() + READ_REST);
                    *self.known.write().await = Known { keys, read_at: Some(Instant::now()) };
                    cached = self.cached(key_id).await;
                }
                // The keys known so far stay: a gateway that restarts must not lock its callers out.
                Err(error) => {
                    *next_read = Some(Instant::now() + FAILED_REST);
                    tracing::warn!(url = %source.url, %error, "invoicing: the key set could not be read");
                }
            }
        }
        if cached.key.is_none() && !cached.any {
            return Err(Problem::new(
                Code::ContextKeysUnavailable,
                "The keys that verify the gateway's signature could not be read yet. Try again in a moment.",
            ));
        }
        Ok(cached.key)
    }

    async fn cached(&self, key_id: &str) -> Cached {
        let known = self.known.read().await;
        Cached {
            key: known.keys.get(key_id).cloned(),
            any: !known.keys.is_empty(),
            fresh: known.read_at.is_some_and(|at| at.elapsed() < AGE_MAX),
        }
    }
}

struct Cached {
    key: Option<Arc<DecodingKey>>,
    any: bool,
    fresh: bool,
}

/// Over plain HTTP only this machine's own word is worth anything.
pub(crate) fn on_loopback(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "http" && loopback && url.username().is_empty() && url.password().is_none()
}

async fn fetch(url: &Url) -> Result<Keys, Box<dyn std::error::Error + Send + Sync>> {
    let addresses = url.socket_addrs(|| None)?;
    let authority = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = TcpStream::connect(&*addresses).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let request = Request::get(target)
        .header(header::HOST, format!("{authority}:{port}"))
        .header(header::ACCEPT, "application/json")
        .body(Empty::<Bytes>::new())?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(format!("the answer was {}", response.status()).into());
        }
        let body = Limited::new(response.into_body(), BODY_MAX).collect().await?.to_bytes();
        parse(&body).filter(|keys| !keys.is_empty()).ok_or_else(|| KeysError::NoKeys.into())
    };
    let (mut exchange, connection) = (pin!(exchange), pin!(connection));
    tokio::select! {
        biased;
        result = &mut exchange => return result,
        // The connection may end in the same moment in which it hands over the last bytes: they are still to be read.
        _ = connection => {}
    }
    exchange.await
}

#[derive(Deserialize)]
struct KeySetText {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct KeyText {
    kty: String,
    crv: String,
    kid: String,
    x: String,
    r#use: Option<String>,
    alg: Option<String>,
}

/// The Ed25519 keys of a JWKS. Keys of other kinds are passed over, as RFC 7517 asks.
fn parse(bytes: &[u8]) -> Option<Keys> {
    let set: KeySetText = serde_json::from_slice(bytes).ok()?;
    let texts = set.keys.into_iter().filter_map(|key| serde_json::from_value::<KeyText>(key).ok());
    Some(texts.filter_map(key).take(KEYS_MAX).collect())
}

fn key(text: KeyText) -> Option<(String, Arc<DecodingKey>)> {
    let fits = text.kty == "OKP"
        && text.crv == "Ed25519"
        && text.r#use.is_none_or(|purpose| purpose == "sig")
        && text.alg.is_none_or(|alg| alg == "EdDSA" || alg == "Ed25519")
        && (1..=KEY_ID_MAX).contains(&text.kid.len())
        && BASE64URL_NOPAD.decode(text.x.as_bytes()).is_ok_and(|bytes| bytes.len() == 32);
    if !fits {
        return None;
    }
    Some((text.kid, Arc::new(DecodingKey::from_ed_components(&text.x).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_without_encryption() {
        let ok = |text: &str| KeySet::open(&ContextKeys::Url(text.into())).is_ok();
        assert!(
            ok("http://127.0.0.1:8080/.well-known/claviger/jwks.json")
                && ok("http://[::1]:1/")
                && ok("http://localhost/x")
        );
        for bad in [
            "https://127.0.0.1/",
            "http://10.0.0.1/",
            "http://gateway/",
            "http://127.0.0.1.example.com/",
            "file:///x",
            "",
        ] {
            assert!(!ok(bad), "{bad}");
        }
    }

    #[test]
    fn only_ed25519_signing_keys_count() {
        let x = BASE64URL_NOPAD.encode(&[7; 32]);
        let good = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"a","x":"{x}","use":"sig","alg":"EdDSA"}}"#);
        let count = |key: &str| parse(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).map(|keys| keys.len());
        assert_eq!(count(&good), Some(1));
        let spoilt = [
            ("OKP", "oct"),
            ("Ed25519", "X25519"),
            ("\"sig\"", "\"enc\""),
            ("EdDSA", "HS256"),
            ("\"a\"", "\"\""),
            (&x[..10], "AAAA"),
        ];
        for (from, to) in spoilt {
            assert_eq!(count(&good.replacen(from, to, 1)), Some(0), "{from} became {to}");
        }
        assert_eq!(parse(b"[]").map(|keys| keys.len()), None);
        let twins: Vec<String> = (0..40).map(|n| good.replace("\"a\"", &format!("\"k{n}\""))).collect();
        assert_eq!(count(&twins.join(",")), Some(KEYS_MAX));
    }
}
