//! In force: waiting until a change holds everywhere (D14).
//!
//! Owns:  the seam between the planes: `control` waits, `server` implements it over the gateways.
//! Never: knows gateways.
//! Read:  `InForce`.

use api::receipt::{AppliedOut, FencedOut, ReceiptOut};
use model::Timestamp;
use std::pin::Pin;
use store::Revision;

/// Tells when a change is in force.
pub trait InForce: Send + Sync {
    /// Waits until no gateway admits a request against the state before `revision`, and what was in flight is cut.
    fn in_force(&self, revision: Revision) -> Pin<Box<dyn Future<Output = Receipt> + Send + '_>>;

    /// Has gateways hand over what they recorded of requests that were answered (D25).
    fn hand_over(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// Since when a change is in force, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The change's place in the change log.
    pub revision: Revision,
    /// The gateways that applied it.
    pub gateways: Vec<Applied>,
    /// The gateways that did not answer, and therefore refuse every key.
    pub fenced: Vec<Fenced>,
}

/// A gateway that applied a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Which.
    pub name: String,
    /// When.
    pub applied_at: Timestamp,
    /// Requests, streams and upgraded connections in flight that it cut because of the change.
    pub cut: u64,
}

/// A gateway that was silent for longer than the revocation bound (design section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fenced {
    /// Which.
    pub name: String,
    /// From this instant on it refuses every key until it has read the change.
    pub fenced_from: Timestamp,
}

impl From<Receipt> for ReceiptOut {
    fn from(receipt: Receipt) -> Self {
        let applied = |a: Applied| AppliedOut { name: a.name, applied_at: api::Time(a.applied_at), cut: a.cut };
        let fenced = |f: Fenced| FencedOut { name: f.name, fenced_from: api::Time(f.fenced_from) };
        Self {
            revision: receipt.revision.0,
            gateways: receipt.gateways.into_iter().map(applied).collect(),
            fenced: receipt.fenced.into_iter().map(fenced).collect(),
        }
    }
}
