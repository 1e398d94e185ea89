//! Errands: what the gateway asks of the store beyond following it.
//!
//! Owns:  `Desk`: the store as tasks of the control runtime reach it, and the stamps of what they change.
//! Never: runs on a core.
//! Read:  `Desk`.

use crate::config::{Clock, Randomness};
use model::{AuditId, Entropy, RequestId};
use store::{Author, GatewayStore, Stamp};

/// Where errands are done.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) store: GatewayStore,
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
}

impl Desk {
    /// The installation's, for what `request` brought about.
    pub(crate) fn stamp(&self, request: Option<RequestId>) -> Stamp {
        let now = (self.clock)();
        Stamp { author: Author::Installation, request, now, audit_id: AuditId::new(now, self.entropy()) }
    }

    pub(crate) fn entropy(&self) -> Entropy {
        let mut random = [0; 10];
        (self.randomness)(&mut random);
        Entropy(random)
    }
}
