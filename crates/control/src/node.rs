//! The node itself: its document, whether it lives, whether it is ready.
//!
//! Owns:  the handlers that anyone may ask.
//! Never: tells anything that is not public.
//! Read:  top down.

use crate::{operation::Op, refusal::Refusal};
use api::{
    Code,
    contract::{HealthGet, OpenapiGet, ReadyGet},
    openapi::{self, Document},
    status::{Alive, Ready},
};
use std::sync::LazyLock;

/// Compact, and written once.
static DOCUMENT: LazyLock<Option<Document>> =
    LazyLock::new(|| serde_json::value::to_raw_value(&openapi::document()).ok().map(Document));

pub(crate) async fn openapi(_: Op<OpenapiGet>) -> Result<Document, Refusal> {
    DOCUMENT.clone().ok_or_else(|| Code::InternalError.into())
}

pub(crate) async fn health(_: Op<HealthGet>) -> Result<Alive, Refusal> {
    Ok(Alive { status: "alive".to_owned() })
}

pub(crate) async fn ready(op: Op<ReadyGet>) -> Result<Ready, Refusal> {
    let readiness = (op.context.control.parts().ready)();
    if readiness.missing.is_empty() {
        return Ok(Ready { status: "ready".to_owned() });
    }
    Err(Refusal::with_detail(Code::NotReady, format!("Not ready: {}.", readiness.missing.join("; "))))
}
