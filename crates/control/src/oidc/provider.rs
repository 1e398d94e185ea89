//! Providers: their metadata and keys, the exchange of a code, the verification of a token.
//!
//! Owns:  discovery (OpenID Connect Discovery, section 4), what is kept of it and for how long, the token request (RFC 6749
//!        section 4.1.3).
//! Never: dials by itself; `egress` does. Believes a token that `proof` has not verified.
//! Read:  `Known`.

use crate::{people::Provider, refusal::Refusal};
use api::Code;
use bytes::Bytes;
use data_encoding::BASE64;
use egress::Fetch;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use model::{Secret, Timestamp};
use proof::{Admins, DOCUMENT_MAX, Directory, KeySet, Person, Token};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

/// How long metadata and keys are used, in seconds.
const FRESH_SECS: i64 = 3_600;
/// How often they are fetched at the most, in seconds, whatever tokens say.
const FETCH_GAP_SECS: i64 = 30;
/// For one document.
const FETCH_TIMEOUT: Duration = Duration::from_secs(8);
/// The longest answer of a token endpoint, in bytes.
const ANSWER_MAX: usize = 64 * 1024;

/// The providers of a deployment.
pub(crate) struct Providers(Vec<Known>);

impl Providers {
    pub(crate) fn new(providers: &[Provider]) -> Self {
        Self(providers.iter().cloned().map(|provider| Known { provider, held: Mutex::default() }).collect())
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Known> {
        self.0.iter().find(|known| known.provider.id == id)
    }
}

/// A provider, and what is known of it.
pub(crate) struct Known {
    pub(crate) provider: Provider,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    metadata: Option<Arc<Metadata>>,
    /// When a fetch was begun last.
    tried_at: Option<Timestamp>,
}

struct Metadata {
    places: Places,
    keys: KeySet,
    read_at: Timestamp,
}

/// Where a provider does what.
#[derive(Clone)]
pub(crate) struct Places {
    /// Where browsers go.
    pub(crate) authorization: Url,
    token: String,
    /// Whether it takes our secret in the body only.
    secret_in_body: bool,
}

impl Known {
    /// Where the provider does what. `None`: it cannot be reached.
    pub(crate) async fn places(&self, now: Timestamp) -> Option<Places> {
        self.metadata(now, |held| held.read_at.plus_secs(FRESH_SECS) > now).await.map(|held| held.places.clone())
    }

    /// What is held, when it is `enough`, or what is fetched now. One fetch at a time, and no more than one in
    /// `FETCH_GAP_SECS`; what is old is better than nothing.
    async fn metadata(&self, now: Timestamp, enough: impl Fn(&Metadata) -> bool) -> Option<Arc<Metadata>> {
        let mut held = self.held.lock().await;
        let lately = held.tried_at.is_some_and(|at| now < at.plus_secs(FETCH_GAP_SECS));
        if held.metadata.as_ref().is_some_and(|metadata| enough(metadata)) || lately {
            return held.metadata.clone();
        }
        held.tried_at = Some(now);
        match self.fetch(now).await {
            Ok(metadata) => held.metadata = Some(Arc::new(metadata)),
            Err(error) => tracing::warn!(provider = self.provider.id, error, "a provider cannot be reached"),
        }
        held.metadata.clone()
    }

    async fn fetch(&self, now: Timestamp) -> Result<Metadata, String> {
        let issuer = &self.provider.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.url.trim_end_matches('/'));
        let document: Value =
            serde_json::from_slice(&self.document(&url).await?).map_err(|_| format!("{url} is not JSON"))?;
        let said = |name: &str| document.get(name).and_then(Value::as_str);
        // Entra ID's shared metadata name no directory; there the issuer is held against each token instead (D20).
        if issuer.directory == Directory::Plain && said("issuer") != Some(&issuer.url) {
            return Err(format!("{url} does not say that its issuer is {}", issuer.url));
        }
        let wanted = |name: &str| {
            let place = said(name).ok_or_else(|| format!("{url} has no {name}"))?;
            if self.may_reach(place) { Ok(place) } else { Err(format!("{name} of {url} is not https")) }
        };
        let authorization = Url::parse(wanted("authorization_endpoint")?).map_err(|error| error.to_string())?;
        let methods = document.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
        // Left out means basic (Discovery, section 3).
        let secret_in_body = methods.is_some_and(|all| !all.iter().any(|method| method == "client_secret_basic"));
        let places = Places { authorization, token: wanted("token_endpoint")?.to_owned(), secret_in_body };
        let keys = wanted("jwks_uri")?;
        let keys = KeySet::parse(&self.document(keys).await?).map_err(|error| format!("{keys}: {error}"))?;
        Ok(Metadata { places, keys, read_at: now })
    }

    async fn document(&self, url: &str) -> Result<Bytes, String> {
        if !self.may_reach(url) {
            return Err(format!("{url} is not https"));
        }
        let answer = self.ask(Fetch { body_max: DOCUMENT_MAX, ..self.request(Method::GET, url) }).await?;
        if answer.status != StatusCode::OK {
            return Err(format!("{url} answered {}", answer.status));
        }
        Ok(answer.body)
    }

    fn request<'a>(&self, method: Method, url: &'a str) -> Fetch<'a> {
        Fetch { timeout: FETCH_TIMEOUT, ..Fetch::new(method, url, self.provider.tls.clone()) }
    }

    async fn ask(&self, fetch: Fetch<'_>) -> Result<egress::Fetched, String> {
        let url = fetch.url;
        egress::fetch(fetch).await.map_err(|error| format!("{url}: {error}"))
    }

    /// What came readable over a network is anybody's.
    fn may_reach(&self, url: &str) -> bool {
        const LOOPBACK: [&str; 3] = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        let plain = self.provider.unsafe_plain_http && LOOPBACK.iter().any(|start| url.starts_with(start));
        url.starts_with("https://") || plain
    }

    /// The request that exchanges a code, with what proves who we are where the provider wants it.
    fn token_request(
        &self,
        places: &Places,
        code: &str,
        verifier: &str,
        return_to: &str,
    ) -> Result<(HeaderMap, Bytes), Refusal> {
        let (id, secret) = (&self.provider.client_id, self.provider.client_secret.expose());
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code").append_pair("code", code);
        form.append_pair("redirect_uri", return_to).append_pair("code_verifier", verifier);
        let mut headers = HeaderMap::new();
        if places.secret_in_body {
            form.append_pair("client_id", id).append_pair("client_secret", secret);
        } else {
            headers.insert(header::AUTHORIZATION, basic(id, secret).ok_or(Code::InternalError)?);
        }
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Ok((headers, Bytes::from(form.finish())))
    }

    /// Exchanges a code for an ID token.
    ///
    /// # Errors
    /// `ProviderUnavailable`; `SignInFailed` when the provider does not take the code.
    pub(crate) async fn redeem(
        &self,
        now: Timestamp,
        code: &str,
        verifier: &str,
        return_to: &str,
    ) -> Result<Secret<String>, Refusal> {
        let places = self.places(now).await.ok_or(Code::ProviderUnavailable)?;
        let (headers, body) = self.token_request(&places, code, verifier, return_to)?;
        let body_max = ANSWER_MAX;
        let fetch = Fetch { headers, body, body_max, ..self.request(Method::POST, &places.token) };
        let answer = self.ask(fetch).await.map_err(|error| {
            tracing::warn!(provider = self.provider.id, error, "a provider cannot be reached");
            Code::ProviderUnavailable
        })?;
        if answer.status != StatusCode::OK {
            let status = answer.status.as_u16();
            tracing::warn!(provider = self.provider.id, status, "a provider did not take the code of a sign-in");
            return Err(Code::SignInFailed.into());
        }
        let answer: Value = serde_json::from_slice(&answer.body).map_err(|_| Code::SignInFailed)?;
        let token = answer.get("id_token").and_then(Value::as_str).ok_or(Code::SignInFailed)?;
        Ok(Secret::new(token.to_owned()))
    }

    /// Whom a token speaks of. A key that is not known is fetched, no more often than the gap allows.
    ///
    /// # Errors
    /// `ProviderUnavailable` without keys; `SignInFailed` for a token that does not hold.
    pub(crate) async fn verify(&self, now: Timestamp, token: &Secret<String>) -> Result<Person, Refusal> {
        let refused = |reason: &'static str| {
            tracing::warn!(provider = self.provider.id, reason, "a provider's token was refused");
            Refusal::from(Code::SignInFailed)
        };
        let token = Token::read(token.expose().as_bytes()).map_err(|denial| refused(denial.answer().reason))?;
        let held = self.metadata(now, |held| held.keys.has(token.kid())).await.ok_or(Code::ProviderUnavailable)?;
        Person::verify(&token, &self.provider.issuer, &held.keys, &Admins::default(), now)
            .map_err(|denial| refused(denial.answer().reason))
    }
}

/// `client_secret_basic`: both are form-encoded first (RFC 6749 section 2.3.1).
fn basic(id: &str, secret: &str) -> Option<HeaderValue> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Secret::new(format!("{}:{}", encode(id), encode(secret)));
    let text = Secret::new(format!("Basic {}", BASE64.encode(pair.expose().as_bytes())));
    let mut value = HeaderValue::from_str(text.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}
