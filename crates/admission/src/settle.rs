//! Settle: the last stage, where what the gateway reserved and claimed becomes a permit (D39).
//!
//! Owns:  `Settlement` (what was found of limits and of the idempotency record) and `Settled` (forward, or replay).
//! Never: counts or claims; the gateway does, and refunds what it reserved when this says no.
//! Read:  `Authorized::settle`.

use crate::{permit::Permit, stage::Authorized};
use model::Denial;

/// What the gateway did for an authorised request before it asks for the permit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    /// What the limits said.
    pub limits: Reserved,
    /// What became of the idempotency record.
    pub write: Claimed,
}

/// What the limits of a request said (D15, D38).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reserved {
    /// All of them have room, and it is reserved.
    #[default]
    Within,
    /// One of them has none.
    LimitExceeded,
    /// The channel's cap for the day is reached (R80).
    DailyCapExceeded,
}

/// What became of the idempotency record of a request (D16, D17, D28).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Claimed {
    /// No key was sent, and none is needed; or the operation is no write.
    #[default]
    NotAsked,
    /// The key is new: the record is durable and this request's.
    First,
    /// The write was done before: its answer is given again.
    Replay,
    /// The header is malformed, or there are two.
    KeyMalformed,
    /// The operation needs a key and there is none.
    KeyMissing,
    /// The key was used for another request.
    Reused,
    /// The first request with this key is still running.
    InProgress,
    /// Whether the first request with this key was carried out is not known.
    OutcomeUnknown,
}

/// What becomes of a request that passed every stage.
#[derive(Debug)]
#[must_use]
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once; a box would be an allocation per request")]
pub enum Settled {
    /// It may be forwarded.
    Forward(Permit),
    /// It was carried out before; the stored answer is given, and nothing is forwarded.
    Replay,
}

impl Settled {
    /// The permit, if the request is to be forwarded.
    #[must_use]
    pub fn permit(self) -> Option<Permit> {
        match self {
            Self::Forward(permit) => Some(permit),
            Self::Replay => None,
        }
    }
}

impl Authorized {
    /// The last stage. Limits come before the idempotency record: a replay counts as a request (D39).
    pub fn settle(self, settlement: Settlement) -> Result<Settled, Denial> {
        match settlement.limits {
            Reserved::Within => {}
            Reserved::LimitExceeded => return Err(Denial::LimitExceeded),
            Reserved::DailyCapExceeded => return Err(Denial::DailyCapExceeded),
        }
        match settlement.write {
            Claimed::NotAsked | Claimed::First => Ok(Settled::Forward(self.into_permit())),
            Claimed::Replay => Ok(Settled::Replay),
            Claimed::KeyMalformed => Err(Denial::IdempotencyKeyMalformed),
            Claimed::KeyMissing => Err(Denial::IdempotencyKeyMissing),
            Claimed::Reused => Err(Denial::IdempotencyKeyReused),
            Claimed::InProgress => Err(Denial::IdempotencyInProgress),
            Claimed::OutcomeUnknown => Err(Denial::IdempotencyOutcomeUnknown),
        }
    }
}
