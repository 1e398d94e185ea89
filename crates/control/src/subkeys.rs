//! Sub-keys: the provider's own API for restricted keys, in front of the functions that the control API uses (D8, D32, D45).
//!
//! Owns:  the facade that the gateway forwards such requests to: who may, which operation a path is, the log line.
//! Never: believes anything but the gateway's signed context for this purpose; changes anything for a restricted key.
//! Read:  `SubKeys::answer`, then `work`, then `operations`.

mod companies;
mod operations;
mod permissions;
mod problem;
mod serve;
mod wire;

pub use serve::serve_sub_keys;

use crate::{control::Control, limits::Limits};
use axum::{extract::Request, response::Response};
use http::{HeaderName, HeaderValue, Method, header};
use model::{KeyKind, KeyStatus, RequestId, Timestamp};
use operations::Desk;
use problem::Problem;
use proof::{ContextFault, ContextKey, Manager};
use std::sync::Arc;

/// Bytes of a request body: 1,000 companies and 64 origins fit.
const BODY_MAX: usize = 64 * 1024;
/// The gateway's name for a request.
const REQUEST_ID: &str = "x-request-id";

/// The facade for restricted keys. Cheap to clone.
#[derive(Clone)]
pub struct SubKeys {
    inner: Arc<Inner>,
}

struct Inner {
    control: Control,
    key: ContextKey,
    header: HeaderName,
    limits: Limits,
}

/// One operation of the sub-key API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    List,
    Create,
    Update,
    Get(u64),
    Delete(u64),
    Roll(u64),
}

impl Call {
    /// By the end of the path: where the collection is, the catalogue says.
    fn of(method: &Method, path: &str) -> Result<Self, Problem> {
        let mut ends = path.rsplit('/');
        let last = ends.next().unwrap_or_default();
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
        if last == "roll" {
            let number = number(ends.next()).ok_or_else(Problem::route)?;
            return if *method == Method::POST { Ok(Self::Roll(number)) } else { Err(Problem::method()) };
        }
        match (number(Some(last)), method) {
            (None, &Method::GET | &Method::HEAD) => Ok(Self::List),
            (None, &Method::POST) => Ok(Self::Create),
            (None, &Method::PUT) => Ok(Self::Update),
            (Some(number), &Method::GET | &Method::HEAD) => Ok(Self::Get(number)),
            (Some(number), &Method::DELETE) => Ok(Self::Delete(number)),
            (None | Some(_), _) => Err(Problem::method()),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::List => "subkey_list",
            Self::Create => "subkey_create",
            Self::Update => "subkey_update",
            Self::Get(_) => "subkey_get",
            Self::Delete(_) => "subkey_delete",
            Self::Roll(_) => "subkey_roll",
        }
    }
}

impl SubKeys {
    /// The facade of a control plane, for the gateway that signs with `key` and sends the context in `header`.
    #[must_use]
    pub fn new(control: Control, key: ContextKey, header: HeaderName) -> Self {
        let limits = Limits { body_max: BODY_MAX, ..control.parts().limits.clone() };
        Self { inner: Arc::new(Inner { control, key, header, limits }) }
    }

    /// Answers one request of the gateway.
    pub async fn answer(&self, request: Request) -> Response {
        let control = &self.inner.control;
        let started = control.now();
        let named = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()?.parse().ok());
        let id: RequestId = named.unwrap_or_else(|| control.issuer(started).request_id());
        let manager = self.manager(&request, started);
        let author = manager.as_ref().ok().map(Manager::key);
        let call = Call::of(request.method(), request.uri().path());
        let operation = call.as_ref().map_or("none", |call| call.name());
        let result = match (manager, call) {
            (Ok(manager), Ok(call)) => self.bounded(manager, call, request, id).await,
            // Nobody learns anything about paths without a context.
            (Err(problem), _) | (Ok(_), Err(problem)) => Err(problem),
        };
        let mut response = result.unwrap_or_else(|problem| problem.answer(&control.parts().problems, id));
        // Some of them hold a secret.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        tracing::info!(
            request_id = %id, operation, status = response.status().as_u16(),
            micros = control.now().micros_since(started),
            author = author.map(tracing::field::display), "sub-key request"
        );
        response
    }

    /// Who asks, as the gateway vouches for it, in exactly one header.
    fn manager(&self, request: &Request, now: Timestamp) -> Result<Manager, Problem> {
        let mut contexts = request.headers().get_all(&self.inner.header).iter();
        let (Some(context), None) = (contexts.next(), contexts.next()) else { return Err(Problem::context()) };
        self.inner.key.verify(context.as_bytes(), now).map_err(|fault| match fault {
            ContextFault::Invalid => Problem::context(),
            ContextFault::Restricted => Problem::not_allowed(),
        })
    }

    /// The work is a task of its own, so that no change is left half made and unconfirmed when the gateway goes away.
    async fn bounded(
        &self,
        manager: Manager,
        call: Call,
        request: Request,
        id: RequestId,
    ) -> Result<Response, Problem> {
        let facade = self.clone();
        let work = tokio::spawn(async move { facade.work(manager, call, request, id).await });
        match tokio::time::timeout(self.inner.limits.request, work).await {
            Ok(Ok(result)) => result,
            Ok(Err(died)) => {
                tracing::error!(request_id = %id, error = %died, "the work on a sub-key request died");
                Err(Problem::internal())
            }
            Err(_) => Err(Problem::timeout()),
        }
    }

    async fn work(&self, manager: Manager, call: Call, request: Request, id: RequestId) -> Result<Response, Problem> {
        let control = &self.inner.control;
        let account = control.parts().store.account(manager.account());
        let (parts, body) = request.into_parts();
        let query = parts.uri.query();
        let body = operations::Given { headers: &parts.headers, body, limits: &self.inner.limits };
        let naming = companies::naming(manager.environment()).ok_or_else(Problem::internal)?;
        let desk = Desk { control, account, naming, author: manager.key(), request: id };
        // The gateway admitted the key when the request began; whether it still may is asked where the truth is.
        let asks = desk.account.key(manager.key()).await.map_err(|_| Problem::not_allowed())?;
        if asks.key.kind != KeyKind::Primary || asks.key.status != KeyStatus::Active {
            return Err(Problem::not_allowed());
        }
        match call {
            Call::List => desk.list(query).await,
            Call::Create => {
                wire::no_query(query)?;
                desk.create(body).await
            }
            Call::Update => {
                wire::no_query(query)?;
                desk.update(body).await
            }
            Call::Get(number) => {
                wire::no_query(query)?;
                desk.get(number).await
            }
            Call::Delete(number) => {
                wire::no_query(query)?;
                desk.delete(number).await
            }
            Call::Roll(number) => desk.roll(number, query).await,
        }
    }
}

impl std::fmt::Debug for SubKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SubKeys").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d32_the_end_of_a_path_says_what_is_asked() {
        let of = |method: &str, path: &str| {
            Call::of(&Method::from_bytes(method.as_bytes()).unwrap(), path).map_err(|problem| problem.code())
        };
        assert_eq!(of("GET", "/v1/subkey"), Ok(Call::List));
        assert_eq!(of("HEAD", "/keys/of/mine"), Ok(Call::List));
        assert_eq!(of("POST", "/v1/subkey"), Ok(Call::Create));
        assert_eq!(of("PUT", "/v1/subkey"), Ok(Call::Update));
        assert_eq!(of("GET", "/v1/subkey/7"), Ok(Call::Get(7)));
        assert_eq!(of("DELETE", "/v1/subkey/7"), Ok(Call::Delete(7)));
        assert_eq!(of("POST", "/v1/subkey/7/roll"), Ok(Call::Roll(7)));
        assert_eq!(of("POST", "/v1/subkey/x/roll"), Err("not_found"));
        for (method, path) in [("DELETE", "/v1/subkey"), ("PUT", "/v1/subkey/7"), ("GET", "/v1/subkey/7/roll")] {
            assert_eq!(of(method, path), Err("method_not_allowed"), "{method} {path}");
        }
    }
}
