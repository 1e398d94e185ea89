//! Gate: the way from a request to a handler of Invoicetronic's surface.
//!
//! Owns:  the order: context, account, reach; the time a request may take; the log of what was answered.
//! Never: lets a handler run without a verified context.
//! Read:  `admit`.

use crate::{
    context::{Context, Party},
    ledger::{
        Scoped,
        event::{Entry, Touched},
    },
    problem::{Code, Problem},
    serve::App,
};
use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header, request::Parts};
use std::{sync::Arc, time::Duration};
use tokio::time;

/// From the context to the answer, the body's arrival included.
const REQUEST_MAX: Duration = Duration::from_secs(30);
/// Characters that the log keeps of a user agent and of a path.
const AGENT_MAX: usize = 512;
const PATH_MAX: usize = 256;

/// Verifies the context, opens its scope, runs the handler, logs the answer.
pub(crate) async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let now = (app.clock)();
    let scope = match scope(&app, request.headers(), now).await {
        Ok(scope) => scope,
        Err(problem) => return problem.into_response(),
    };
    let cut = |text: &str, max: usize| text.chars().take(max).collect::<String>();
    let agent = request.headers().get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
    let mut entry = Entry {
        at: now,
        method: cut(request.method().as_str(), AGENT_MAX),
        endpoint: cut(request.uri().path(), PATH_MAX),
        status: 0,
        error: None,
        touched: Touched::default(),
        user_agent: agent.map(|agent| cut(&agent, AGENT_MAX)),
    };
    request.extensions_mut().insert(scope.clone());
    let response = in_time(request, next).await;
    entry.status = response.status().as_u16();
    entry.error = response.extensions().get::<Code>().map(|code| code.text());
    entry.touched = response.extensions().get().copied().unwrap_or_default();
    scope.record(entry).await;
    response
}

/// Runs the handler within the time that a request may take.
pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    time::timeout(REQUEST_MAX, next.run(request)).await.unwrap_or_else(|_| {
        let detail = format!("The request took longer than {} seconds.", REQUEST_MAX.as_secs());
        Problem::new(Code::TimedOut, detail).into_response()
    })
}

async fn scope(app: &App, headers: &HeaderMap, now: i64) -> Result<Scoped, Problem> {
    let Context { environment, party } = app.verifier.verify(headers, now).await?;
    let Party::Key(caller) = party else {
        let detail = "This operation belongs to an account: call it through the gateway with an API key.";
        return Err(Problem::new(Code::AccountRequired, detail));
    };
    Ok(app.ledgers.of(environment).scope(Arc::new(caller), now).await?)
}

impl FromRequestParts<App> for Scoped {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        // Routes are nested in the gate, so that there always is one; a route that is not gets no data.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!(path = parts.uri.path(), "invoicing: a route is outside of the gate");
            Problem::new(Code::Internal, "This operation is not available.")
        })
    }
}
