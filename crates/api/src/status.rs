//! The state of a node on the wire.
//!
//! Owns:  the answers of `/healthz` and `/readyz`.
//! Never: finds out; `server` hands the facts in.
//! Read:  top down.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The process lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alive {
    /// `alive`
    #[schema(example = "alive")]
    pub status: String,
}

/// Every part is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ready {
    /// `ready`
    #[schema(example = "ready")]
    pub status: String,
}
