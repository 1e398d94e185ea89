//! Client: the command line's way into the control API, the same one that scripts use (invariant 12).
//!
//! Owns:  address and token, requests by the contract's own table, pages, refusals in plain words.
//! Never: sends a token in the clear off loopback; prints one.
//! Read:  `Client::call`.

use crate::{
    cli::control::{Account, Connection},
    failure::{Exit, Failure, Refusal},
    name,
};
use api::{
    account::AccountOut,
    contract::{AccountsList, Operation},
    page::{LIMIT_MAX, Page},
};
use bytes::Bytes;
use egress::{Fetch, FetchError, Fetched, Target, TlsFault, TrustRoots, UpstreamError, client_config};
use http::{HeaderMap, HeaderValue, Method, header};
use model::Secret;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// The most bytes of a token file: a token and its line end fit many times.
const TOKEN_FILE_MAX: u64 = 4 << 10;
/// The most pages that one list command reads.
const PAGES_MAX: usize = 10_000;

/// A way into one control API.
pub(crate) struct Client {
    base: String,
    token: Secret<String>,
    tls: Option<Arc<rustls::ClientConfig>>,
}

/// No body.
pub(crate) const NOTHING: Option<&()> = None;

impl Client {
    /// With the address and the token that flags and environment give.
    pub(crate) fn open(at: &Connection) -> Result<Self, Failure> {
        let target = Target::parse(&at.url).map_err(|error| {
            Failure::usage(format!("the address of the control API: {error}"), "set CLAVIGER_URL or --url")
        })?;
        let near = target.ip().is_some_and(|ip| ip.is_loopback()) || target.domain() == Some("localhost");
        if !target.is_tls() && !near {
            let message = format!("{target} is not https, so the operator token would cross the network readable");
            return Err(Failure::usage(message, "use the https:// address of the control API"));
        }
        let tls = target.is_tls().then(|| tls(at)).transpose()?;
        Ok(Self { base: target.to_string(), token: token(at)?, tls })
    }

    /// Asks for one operation of the contract. `names` fill the path's parameters in order.
    pub(crate) async fn call<O>(
        &self,
        names: &[&str],
        query: &[(&str, &str)],
        body: Option<&impl Serialize>,
    ) -> Result<O::Answer, Failure>
    where
        O: Operation<Answer: DeserializeOwned>,
    {
        let url = format!("{}{}", self.base, path(O::PATH, names, query));
        let method = Method::from_bytes(O::METHOD.as_str().as_bytes()).unwrap_or(Method::GET);
        let mut fetch = Fetch::new(method, &url, self.tls.clone());
        fetch.headers = self.headers()?;
        if let Some(body) = body {
            let body = serde_json::to_vec(body).map_err(anyhow::Error::from)?;
            fetch.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            fetch.body = Bytes::from(body);
        }
        let answer = egress::fetch(fetch).await.map_err(|error| self.unreachable(&error))?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        // An answer without a document is an empty one.
        let document: &[u8] = if answer.status == http::StatusCode::NO_CONTENT { b"{}" } else { &answer.body };
        serde_json::from_slice(document).map_err(|_| {
            let message =
                format!("{} answered {} with something that is no answer of the control API", self.base, answer.status);
            Failure::new(Exit::Unreachable, message)
                .hint("does CLAVIGER_URL lead to the control address, not to the gateway?")
        })
    }

    /// Reads a list to its end, or to `limit` items.
    pub(crate) async fn list<O, T>(
        &self,
        names: &[&str],
        query: &[(&str, &str)],
        limit: Option<usize>,
    ) -> Result<Page<T>, Failure>
    where
        O: Operation<Answer = Page<T>>,
        T: DeserializeOwned,
    {
        let limit = limit.unwrap_or(usize::MAX);
        let mut data = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let wanted = (limit - data.len()).min(LIMIT_MAX as usize).max(1).to_string();
            let mut query = query.to_vec();
            query.push(("limit", &wanted));
            query.extend(cursor.as_deref().map(|c| ("cursor", c)));
            let page = self.call::<O>(names, &query, NOTHING).await?;
            data.extend(page.data);
            cursor = page.next_cursor;
            if cursor.is_none() || data.len() >= limit {
                break;
            }
        }
        data.truncate(limit);
        Ok(Page { data, next_cursor: cursor })
    }

    /// The chosen account, or the only one there is.
    pub(crate) async fn account(&self, account: &Account) -> Result<String, Failure> {
        if let Some(id) = &account.account {
            return Ok(id.clone());
        }
        let found = self.list::<AccountsList, AccountOut>(&[], &[], Some(20)).await?.data;
        match &*found {
            [] => Err(Failure::new(Exit::Failed, "there is no account yet")
                .hint(format!("create one: {} accounts create --name NAME", name::NAME))),
            [only] => Ok(only.id.clone()),
            several => {
                let lines: Vec<_> = several.iter().map(|a| format!("\n    {}  {}", a.id, a.name)).collect();
                let hint = format!("say which one with --account or CLAVIGER_ACCOUNT:{}", lines.concat());
                Err(Failure::usage("there are several accounts", hint))
            }
        }
    }

    fn headers(&self) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        let bearer = Secret::new(format!("Bearer {}", self.token.expose()));
        let mut value = HeaderValue::from_str(bearer.expose()).map_err(|_| {
            Failure::usage("the operator token has characters that no token has", "check CLAVIGER_TOKEN")
        })?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
        headers.insert(header::USER_AGENT, HeaderValue::from_static(name::USER_AGENT));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Ok(headers)
    }

    fn unreachable(&self, error: &FetchError) -> Failure {
        let hint = match error {
            FetchError::Exchange(UpstreamError::Tls(TlsFault::Untrusted)) => {
                "if the certificate is your own, say --ca-file or CLAVIGER_CA_FILE"
            }
            FetchError::Timeout(_) => "whether a change was made shows when you read again",
            FetchError::Url(_) | FetchError::Exchange(_) | FetchError::TooLarge(_) => {
                "is it running, and is this its control address? CLAVIGER_URL or --url says where it is"
            }
        };
        // The errors of `egress` speak of upstreams, which is what its other user has.
        let error = error.to_string().replace("the upstream", "the control API");
        Failure::new(Exit::Unreachable, format!("{}: {error}", self.base)).hint(hint)
    }
}

/// How TLS is done towards what the flags name.
pub(crate) fn tls(at: &Connection) -> Result<Arc<rustls::ClientConfig>, Failure> {
    let config = match &at.ca_file {
        None => client_config(TrustRoots::Platform),
        Some(path) => {
            let pem = std::fs::read(path)
                .map_err(|error| Failure::new(Exit::Failed, format!("{}: {error}", path.display())))?;
            client_config(TrustRoots::CaFile(&pem))
        }
    };
    config.map_err(|error| Failure::new(Exit::Failed, error.to_string()))
}

fn token(at: &Connection) -> Result<Secret<String>, Failure> {
    let hint = "an operator token opens the control API: quickstart prints one; \
                for a deployment, `claviger tokens bootstrap` makes the first";
    let text = match (&at.token, &at.token_file) {
        (Some(token), _) => Secret::new(token.trim().to_owned()),
        (None, Some(path)) => {
            let failed =
                |error: &dyn std::fmt::Display| Failure::new(Exit::Failed, format!("{}: {error}", path.display()));
            if std::fs::metadata(path).map_err(|e| failed(&e))?.len() > TOKEN_FILE_MAX {
                return Err(failed(&"too large for a token"));
            }
            let text = Secret::new(std::fs::read_to_string(path).map_err(|e| failed(&e))?);
            Secret::new(text.expose().trim().to_owned())
        }
        (None, None) => {
            return Err(Failure::usage("no operator token: set CLAVIGER_TOKEN or --token-file", hint));
        }
    };
    if text.expose().is_empty() {
        return Err(Failure::usage("the operator token is empty", hint));
    }
    Ok(text)
}

/// The path with its parameters filled in and percent-encoded, and the query behind it.
fn path(template: &str, names: &[&str], query: &[(&str, &str)]) -> String {
    let mut names = names.iter();
    let mut out = String::new();
    for segment in template.split('/').skip(1) {
        out.push('/');
        if segment.starts_with('{') {
            let name = names.next().copied().unwrap_or_default();
            out.extend(url::form_urlencoded::byte_serialize(name.as_bytes()));
        } else {
            out.push_str(segment);
        }
    }
    if !query.is_empty() {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        out.push('?');
        out.push_str(&query);
    }
    out
}

/// What the control API said, in words.
fn refused(answer: &Fetched) -> Failure {
    let header_id = answer.headers.get("x-request-id").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let Ok(problem) = serde_json::from_slice::<api::Problem>(&answer.body) else {
        let message = format!("the control API answered {}", answer.status);
        let refusal = Refusal { status: answer.status.as_u16(), code: None, request_id: header_id };
        return Failure { refusal: Some(refusal), ..Failure::new(Exit::Refused, message) };
    };
    let fields: String = problem.errors.iter().map(|e| format!("\n    {}: {}", e.pointer, e.message)).collect();
    let message = if fields.is_empty() { problem.detail } else { format!("{}:{fields}", problem.title) };
    let code = problem.error.map(|e| e.code);
    let hint = match problem.status {
        401 if code.as_deref() == Some("unauthorized") => {
            Some("the token may have been revoked, or belong to another deployment; see CLAVIGER_TOKEN")
        }
        401 | 404 if !code.as_deref().is_some_and(is_control_code) => {
            Some("this looks like a gateway, not like a control API: check CLAVIGER_URL")
        }
        _ => None,
    };
    Failure {
        hint: hint.map(str::to_owned),
        refusal: Some(Refusal { status: answer.status.as_u16(), code, request_id: problem.request_id.or(header_id) }),
        ..Failure::new(Exit::Refused, message)
    }
}

fn is_control_code(code: &str) -> bool {
    api::Code::ALL.iter().any(|known| known.answer().code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_into_their_place() {
        let template = "/v1/accounts/{account_id}/keys/{key_id}/revoke";
        assert_eq!(path(template, &["acc_1", "key_2"], &[]), "/v1/accounts/acc_1/keys/key_2/revoke");
        assert_eq!(path(template, &["a/../b", "k?x=1#"], &[]), "/v1/accounts/a%2F..%2Fb/keys/k%3Fx%3D1%23/revoke");
        assert_eq!(
            path("/v1/accounts", &[], &[("limit", "2"), ("cursor", "a b&")]),
            "/v1/accounts?limit=2&cursor=a+b%26"
        );
    }

    fn answer(status: u16, body: &str) -> Fetched {
        let status = http::StatusCode::from_u16(status).unwrap();
        Fetched { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn refusals_are_told_in_words_with_the_request_id() {
        let body = r#"{"type":"x:y","title":"Validation failed","detail":"See errors.","status":422,
            "errors":[{"pointer":"/preset","message":"use read_only"}],
            "error":{"code":"validation_failed","message":"See errors."},"request_id":"req_1"}"#;
        let failure = refused(&answer(422, body));
        assert_eq!(failure.exit, Exit::Refused);
        let told = "error: Validation failed:\n    /preset: use read_only\n  request id: req_1";
        assert_eq!(failure.to_string(), told);
        let bare = refused(&answer(502, "<html>"));
        assert_eq!(bare.to_string(), "error: the control API answered 502 Bad Gateway");
    }

    #[test]
    fn an_address_of_a_gateway_is_recognised() {
        let body = |code: &str| {
            format!(
                r#"{{"type":"x","title":"T","detail":"No.","status":401,"error":{{"code":"{code}","message":"No."}}}}"#
            )
        };
        let hint = |code: &str| refused(&answer(401, &body(code))).hint.unwrap();
        assert!(hint("api_key_required").contains("gateway"));
        assert!(hint("unauthorized").contains("token"));
    }
}
