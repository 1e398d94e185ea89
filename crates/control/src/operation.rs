//! Operations: how a request reaches a handler, and how its result becomes an answer.
//!
//! Owns:  `Op`, the only argument of every handler. It can be made only by passing the authority that the operation
//!        states in `api::contract`, so a handler that forgets to ask for authority cannot be mounted.
//! Never: knows single operations.
//! Read:  `Op`, then `mount`.

use crate::{authority, body, control::Control, issue::Issuer, refusal::Refusal};
use api::{
    Code,
    contract::{Effect, Operation, Target as _},
    receipt::ReceiptOut,
};
use axum::{
    RequestExt as _,
    body::Body,
    extract::{Query, RawPathParams, Request},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, MethodRouter},
};
use http::{HeaderValue, StatusCode, header};
use model::{AuditId, HttpMethod, OperatorTokenId, RequestId, Timestamp};
use store::{AccountStore, Author, Revision, Stamp, Store};

/// The id of a request, as `Control::answer` gave it.
#[derive(Clone, Copy)]
pub(crate) struct RequestTag(pub(crate) RequestId);

/// What the log line says about a request that reached an operation.
#[derive(Clone, Copy)]
pub(crate) struct Handled {
    pub(crate) operation: &'static str,
    pub(crate) author: Option<OperatorTokenId>,
}

impl Default for Handled {
    fn default() -> Self {
        Self { operation: "none", author: None }
    }
}

/// A request that may ask for operation `O`, taken apart.
pub(crate) struct Op<O: Operation> {
    /// Everything else.
    pub(crate) context: Context,
    /// What the path names.
    pub(crate) target: O::Target,
    /// The query parameters.
    pub(crate) query: O::Query,
    /// The body.
    pub(crate) body: O::Body,
}

/// Who asks, when, and where the truth is.
pub(crate) struct Context {
    pub(crate) control: Control,
    pub(crate) now: Timestamp,
    request: RequestId,
    author: Option<OperatorTokenId>,
}

impl Context {
    pub(crate) fn store(&self) -> &Store {
        &self.control.parts().store
    }

    pub(crate) fn account(&self, account: model::AccountId) -> AccountStore {
        self.store().account(account)
    }

    pub(crate) fn issuer(&self) -> Issuer<'_> {
        self.control.issuer(self.now)
    }

    /// What a change carries into its audit entry. Nobody in particular changes nothing.
    pub(crate) fn stamp(&self) -> Result<Stamp, Refusal> {
        let author = self.author.map(Author::Operator).ok_or(Code::Unauthorized)?;
        let audit_id: AuditId = self.issuer().audit_id();
        Ok(Stamp { author, request: Some(self.request), now: self.now, audit_id })
    }

    /// Waits until what was answered so far can be read in the request log, within the bound of a confirmation.
    pub(crate) async fn hand_over(&self) {
        let parts = self.control.parts();
        // Whoever asked looks again and says what it finds.
        let _in_time = tokio::time::timeout(parts.limits.confirm, parts.in_force.hand_over()).await;
        self.store().usage().flush().await;
    }

    /// Waits until `revision` is in force everywhere (D14).
    pub(crate) async fn confirm(&self, revision: Revision) -> Result<ReceiptOut, Refusal> {
        let parts = self.control.parts();
        match tokio::time::timeout(parts.limits.confirm, parts.in_force.in_force(revision)).await {
            Ok(receipt) => Ok(receipt.into()),
            Err(_) => {
                let detail = format!(
                    "The change is stored as revision {revision}, but not every gateway has confirmed it within {} seconds.",
                    parts.limits.confirm.as_secs()
                );
                Err(Refusal::with_detail(Code::NotConfirmed, detail))
            }
        }
    }
}

impl<O: Operation> Op<O> {
    /// Authority comes first: nobody learns anything about the rest without it.
    async fn admit(
        control: &Control,
        mut request: Request,
        tag: RequestTag,
        handled: &mut Handled,
    ) -> Result<Self, Refusal> {
        let author = authority::admit(O::AUTHORITY, request.headers(), control).await?;
        handled.author = author;
        let params = request.extract_parts::<RawPathParams>().await.map_err(|_| Code::NotFound)?;
        let texts: Vec<_> = params.iter().map(|(_, text)| text).collect();
        let target = O::Target::read(&texts).ok_or(Code::NotFound)?;
        let (parts, body) = request.into_parts();
        let query = Query::try_from_uri(&parts.uri).map_err(|error| {
            Refusal::with_detail(Code::InvalidQuery, format!("{}.", body::brief(&error.body_text())))
        })?;
        let body = body::read(&parts.headers, body, &control.parts().limits).await?;
        if O::EFFECT == Effect::Changes {
            // The body came as slowly as its sender liked; a token that was revoked meanwhile changes nothing.
            authority::admit(O::AUTHORITY, &parts.headers, control).await?;
        }
        let context = Context { control: control.clone(), now: control.now(), request: tag.0, author };
        Ok(Self { context, target, query: query.0, body })
    }
}

/// The handler of operation `O` under `O`'s method.
pub(crate) fn mount<O, H, F>(handler: H) -> MethodRouter<Control>
where
    O: Operation,
    H: Fn(Op<O>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<O::Answer, Refusal>> + Send,
{
    let serve = async move |axum::extract::State(control): axum::extract::State<Control>, request: Request| {
        let mut handled = Handled { operation: O::ID, author: None };
        let tag = tag(&request);
        let result = match Op::<O>::admit(&control, request, tag, &mut handled).await {
            Ok(op) => handler(op).await,
            Err(refusal) => Err(refusal),
        };
        let mut response = match result.and_then(|answer| reply::<O>(&answer)) {
            Ok(response) => response,
            Err(refusal) => control.refuse(refusal, tag.0),
        };
        response.extensions_mut().insert(handled);
        response
    };
    MethodRouter::new().on(filter(O::METHOD), serve)
}

/// Every request has one: `Control::answer` puts it in. A made-up one keeps a defect from becoming a panic.
pub(crate) fn tag(request: &Request) -> RequestTag {
    request.extensions().get().copied().unwrap_or(RequestTag(RequestId::from_bytes([0; 16])))
}

fn reply<O: Operation>(answer: &O::Answer) -> Result<Response, Refusal> {
    let bytes = serde_json::to_vec(answer).map_err(|_| Code::InternalError)?;
    let mut response = Body::from(bytes).into_response();
    *response.status_mut() = StatusCode::from_u16(O::STATUS).map_err(|_| Code::InternalError)?;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

const fn filter(method: HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Delete => MethodFilter::DELETE,
    }
}
