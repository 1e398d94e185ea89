//! Operations: how a request reaches a handler, and how its result becomes an answer.
//!
//! Owns:  `Op`, the only argument of every handler. It can be made only by passing the authority that the operation
//!        states in `api::contract`, so a handler that forgets to ask for authority cannot be mounted.
//! Never: knows single operations.
//! Read:  `Op`, then `mount`.

use crate::{
    arrival::{Arrival, Came},
    authority::{self, Caller},
    body,
    control::Control,
    issue::Issuer,
    refusal::Refusal,
    reply::Reply,
};
use api::{
    Code,
    contract::{Effect, Operation, Target as _},
    receipt::ReceiptOut,
};
use axum::{
    RequestPartsExt as _,
    extract::{Query, RawPathParams, Request},
    routing::{MethodFilter, MethodRouter},
};
use http::HeaderMap;
use model::{AuditId, HttpMethod, Member, RequestId, Role, Timestamp};
use store::{AccountStore, Author, PeopleStore, Revision, SessionRow, Stamp, Store};

/// The id of a request, as `Control::answer` gave it.
#[derive(Clone, Copy)]
pub(crate) struct RequestTag(pub(crate) RequestId);

/// What the log line says about a request that reached an operation.
#[derive(Clone, Copy)]
pub(crate) struct Handled {
    pub(crate) operation: &'static str,
    pub(crate) author: Option<Author>,
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
    pub(crate) caller: Caller,
    pub(crate) came: Came,
    pub(crate) headers: HeaderMap,
    request: RequestId,
}

impl Context {
    pub(crate) fn store(&self) -> &Store {
        &self.control.parts().store
    }

    pub(crate) fn account(&self, account: model::AccountId) -> AccountStore {
        self.store().account(account)
    }

    pub(crate) fn people(&self) -> PeopleStore {
        self.store().people()
    }

    /// The session of whoever asks. Only operations for who is signed in ask for it.
    pub(crate) fn session(&self) -> Result<&SessionRow, Refusal> {
        match &self.caller {
            Caller::Person { session, .. } => Ok(session),
            Caller::Nobody | Caller::Operator(_) => Err(Code::NotSignedIn.into()),
        }
    }

    /// The member who asks, when it is one; an operator is none.
    pub(crate) const fn member(&self) -> Option<Member> {
        match &self.caller {
            Caller::Person { member, .. } => *member,
            Caller::Nobody | Caller::Operator(_) => None,
        }
    }

    /// Refuses a member whose role does not include `least`: for what depends on the object, not on the operation alone.
    pub(crate) fn require(&self, least: Role) -> Result<(), Refusal> {
        match self.member() {
            Some(member) if !member.role.includes(least) => Err(Code::RoleInsufficient.into()),
            Some(_) | None => Ok(()),
        }
    }

    pub(crate) fn issuer(&self) -> Issuer<'_> {
        self.control.issuer(self.now)
    }

    /// What a change carries into its audit entry. Nobody in particular changes nothing.
    pub(crate) fn stamp(&self) -> Result<Stamp, Refusal> {
        Ok(self.stamp_by(self.caller.author().ok_or(Code::Unauthorized)?))
    }

    /// The same for somebody who has just proven who they are.
    pub(crate) fn stamp_by(&self, author: Author) -> Stamp {
        let audit_id: AuditId = self.issuer().audit_id();
        Stamp { author, request: Some(self.request), now: self.now, audit_id }
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
        self.control.confirm(revision).await
    }
}

impl<O: Operation> Op<O> {
    /// Authority comes first: nobody learns anything about the rest without it.
    async fn admit(
        control: &Control,
        request: Request,
        tag: RequestTag,
        handled: &mut Handled,
    ) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let arrival = parts.extensions.get::<Arrival>().copied().unwrap_or_default();
        let came = Came::new(arrival, control.parts().people.public_url.as_deref(), &parts);
        let safe = O::METHOD.is_safe();
        let caller = authority::identify(O::AUTHORITY, safe, &parts.headers, &came, control).await?;
        handled.author = caller.author();
        let params = parts.extract::<RawPathParams>().await.map_err(|_| Code::NotFound)?;
        let texts: Vec<_> = params.iter().map(|(_, text)| text).collect();
        let target = O::Target::read(&texts).ok_or(Code::NotFound)?;
        let mut caller = authority::authorize(O::AUTHORITY, caller, target.account(), control).await?;
        handled.author = caller.author();
        let query = Query::try_from_uri(&parts.uri).map_err(|error| {
            Refusal::with_detail(Code::InvalidQuery, format!("{}.", body::brief(&error.body_text())))
        })?;
        let body = body::read(&parts.headers, body, &control.parts().limits).await?;
        if O::EFFECT == Effect::Changes {
            // The body came as slowly as its sender liked; a token, a session or a role that ended meanwhile changes nothing.
            let again = authority::identify(O::AUTHORITY, safe, &parts.headers, &came, control).await?;
            caller = authority::authorize(O::AUTHORITY, again, target.account(), control).await?;
        }
        let (control, now) = (control.clone(), control.now());
        let context = Context { control, now, caller, came, headers: parts.headers, request: tag.0 };
        Ok(Self { context, target, query: query.0, body })
    }
}

/// The handler of operation `O` under `O`'s method.
pub(crate) fn mount<O, H, F>(handler: H) -> MethodRouter<Control>
where
    O: Operation,
    H: Fn(Op<O>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Reply<O>, Refusal>> + Send,
{
    let serve = async move |axum::extract::State(control): axum::extract::State<Control>, request: Request| {
        let mut handled = Handled { operation: O::ID, author: None };
        let tag = tag(&request);
        let result = match Op::<O>::admit(&control, request, tag, &mut handled).await {
            Ok(op) => handler(op).await,
            Err(refusal) => Err(refusal),
        };
        let mut response = match result.and_then(Reply::response) {
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
