//! Last use: when each secret of a key was last good for a request, and what follows from that (R101, D13).
//!
//! Owns:  `LastUse`, and the findings on keys that nobody uses and on old secrets that somebody does.
//! Never: revokes anything; it says what an owner should look at.
//! Read:  `use_findings`.

use super::seen::SecretTag;
use crate::key::KeyRow;
use model::{Environment, KeyStatus, SecretSlot, Timestamp};

/// Days without a use after which a key counts as unused (R101).
pub const UNUSED_DAYS: u32 = 90;
/// Days within which a use of the old secret means that somebody still has it (D13).
pub const OLD_SECRET_RECENT_DAYS: u32 = 7;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// The last request that one secret was good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// Which secret.
    pub secret: SecretTag,
    /// Which half of the key it belongs to.
    pub environment: Environment,
    /// When.
    pub at: Timestamp,
    /// From which address.
    pub address: String,
    /// For which operation, if the catalogue had one.
    pub operation: Option<String>,
}

/// What an owner should know about the use of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UseFinding {
    /// Nothing was asked with it for `UNUSED_DAYS`: revoke it (R101).
    Unused90Days,
    /// The secret before the last rotation was used within `OLD_SECRET_RECENT_DAYS`: somebody still has to change (D13).
    OldSecretStillUsed,
}

impl UseFinding {
    /// As documents write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unused90Days => "unused_90_days",
            Self::OldSecretStillUsed => "old_secret_still_used",
        }
    }
}

/// What follows from the last uses of the key `row`. `kept_since`: since when usage is kept; what was before is not known,
/// so nothing is said about it.
#[must_use]
pub fn use_findings(row: &KeyRow, last: &[LastUse], kept_since: Option<Timestamp>, now: Timestamp) -> Vec<UseFinding> {
    let mut findings = Vec::new();
    if row.key.status != KeyStatus::Active {
        return findings;
    }
    let used = last.iter().map(|use_| use_.at).max();
    let quiet = [used, Some(row.key.created_at), kept_since].into_iter().flatten().max();
    if let (Some(quiet), Some(_)) = (quiet, kept_since)
        && quiet <= now.plus_secs(-DAY * i64::from(UNUSED_DAYS))
    {
        findings.push(UseFinding::Unused90Days);
    }
    let alive = |c: &&crate::key::CredentialRow| {
        let credential = &c.credential;
        credential.slot == SecretSlot::Previous && c.ended.is_none() && credential.ends_at.is_none_or(|end| end > now)
    };
    let recently = now.plus_secs(-DAY * i64::from(OLD_SECRET_RECENT_DAYS));
    let still_used = row.credentials.iter().filter(alive).any(|c| {
        let tag = SecretTag::of(&c.credential.hash);
        // Before the rotation everybody used it: only what came after counts.
        let rotated = row.credentials.iter().find(|new| {
            new.credential.slot == SecretSlot::Current && new.credential.environment == c.credential.environment
        });
        let since = rotated.map_or(recently, |new| recently.max(new.created_at));
        last.iter().any(|use_| use_.secret == tag && use_.at > since)
    });
    if still_used {
        findings.push(UseFinding::OldSecretStillUsed);
    }
    findings
}
