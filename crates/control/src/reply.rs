//! Replies: from what a handler gives to an answer.
//!
//! Owns:  the forms of an answer: JSON, nothing, another address, a stream; and the cookies that go with it.
//! Never: knows single operations.
//! Read:  `Reply`.

use crate::{operation::Op, refusal::Refusal};
use api::{Code, contract::Operation};
use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use std::pin::Pin;

/// What a handler gives.
pub(crate) struct Reply<O: Operation> {
    form: Form<O::Answer>,
    cookies: Vec<HeaderValue>,
}

enum Form<A> {
    Json(A),
    Nothing,
    Redirect(String),
    Events(Body),
}

impl<O: Operation> Reply<O> {
    const fn of(form: Form<O::Answer>) -> Self {
        Self { form, cookies: Vec::new() }
    }

    /// A JSON document.
    pub(crate) const fn json(answer: O::Answer) -> Self {
        Self::of(Form::Json(answer))
    }

    /// Nothing.
    pub(crate) const fn nothing() -> Self {
        Self::of(Form::Nothing)
    }

    /// Another address.
    pub(crate) const fn redirect(to: String) -> Self {
        Self::of(Form::Redirect(to))
    }

    /// A stream of events.
    pub(crate) const fn events(stream: Body) -> Self {
        Self::of(Form::Events(stream))
    }

    /// The same with a cookie.
    ///
    /// # Errors
    /// `InternalError` when it could not be made.
    pub(crate) fn with(mut self, cookie: Option<HeaderValue>) -> Result<Self, Refusal> {
        self.cookies.push(cookie.ok_or(Code::InternalError)?);
        Ok(self)
    }

    /// The answer.
    ///
    /// # Errors
    /// `InternalError` when it cannot be written.
    pub(crate) fn response(self) -> Result<Response, Refusal> {
        let mut response = match self.form {
            Form::Json(answer) => {
                let bytes = serde_json::to_vec(&answer).map_err(|_| Code::InternalError)?;
                typed(Body::from(bytes), "application/json")
            }
            Form::Nothing => Body::empty().into_response(),
            Form::Redirect(to) => {
                let mut response = Body::empty().into_response();
                let to = HeaderValue::from_str(&to).map_err(|_| Code::InternalError)?;
                response.headers_mut().insert(header::LOCATION, to);
                response
            }
            Form::Events(stream) => typed(stream, "text/event-stream"),
        };
        *response.status_mut() = StatusCode::from_u16(O::STATUS).map_err(|_| Code::InternalError)?;
        for cookie in self.cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        Ok(response)
    }
}

fn typed(body: Body, kind: &'static str) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A handler that gives a JSON document and nothing else.
pub(crate) fn plain<O, H, F>(handler: H) -> impl Fn(Op<O>) -> Answering<O> + Clone + Send + Sync + 'static
where
    O: Operation,
    H: Fn(Op<O>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<O::Answer, Refusal>> + Send + 'static,
{
    move |op| {
        let answer = handler(op);
        Box::pin(async move { answer.await.map(Reply::json) })
    }
}

/// What `plain` gives.
pub(crate) type Answering<O> = Pin<Box<dyn Future<Output = Result<Reply<O>, Refusal>> + Send>>;
