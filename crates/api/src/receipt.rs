//! Receipts: proof that a change is in force (D14).
//!
//! Owns:  the member `in_force` of every answer to a change, and the version of what was changed.
//! Never: waits for gateways; `control` does.
//! Read:  top down.

use crate::time::Time;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Since when a change is in force, gateway by gateway. No request admitted after these instants saw the old state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptOut {
    /// The place of the change in the change log.
    #[schema(example = 42)]
    pub revision: u64,
    /// Every gateway that applied it.
    pub gateways: Vec<AppliedOut>,
    /// Every gateway that did not answer, and therefore refuses all keys; empty when all is well.
    pub fenced: Vec<FencedOut>,
}

/// One gateway that applied a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppliedOut {
    /// Which gateway.
    #[schema(example = "local")]
    pub name: String,
    /// When it applied the change.
    pub applied_at: Time,
    /// How many requests, streams and upgraded connections that were in flight it cut because of the change.
    #[schema(example = 0)]
    pub cut: u64,
}

/// One gateway that was silent for too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FencedOut {
    /// Which gateway.
    pub name: String,
    /// From this instant on it refuses all keys, until it has read the change.
    pub fenced_from: Time,
}

/// What the store knows about a row besides its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowState {
    /// Grows with every change.
    pub version: u64,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
