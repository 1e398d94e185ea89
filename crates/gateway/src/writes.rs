//! Writes with an `Idempotency-Key`: claimed before they are forwarded, recorded before they are answered (D16, D17, D40).
//!
//! Owns:  what a request asks (`Asked`), its bounds (`IdempotencyConfig`), and what the parts below share.
//! Never: costs a request without the header more than one look for it; decides, which `admission::settle` does.
//! Read:  `asked`, then `claim`, then `run` (the exchange), `stored` (the answer at rest) and `recovery`.

mod claim;
mod feed;
mod fingerprint;
mod recovery;
mod relay;
mod run;
mod seal;
mod stored;

pub(crate) use claim::{Asking, Claim, Write};
pub(crate) use relay::Relay;
pub(crate) use run::forward;

use crate::{config::Randomness, facts::Facts};
use admission::Caller;
use http::{HeaderMap, HeaderName};
use model::{HttpMethod, IdempotencyKey, Secret, Timestamp};
use seal::Sealer;
use std::{cell::Cell, rc::Rc, time::Duration};
use store::{WriteId, Writes};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Where records of writes are kept, and their bounds.
#[derive(Clone, Debug)]
pub struct IdempotencyConfig {
    /// The records.
    pub writes: Writes,
    /// The key that seals answers at rest: 32 bytes for AES-256-GCM.
    pub sealing_key: Secret<Vec<u8>>,
    /// How long an outcome is kept (D16).
    pub retention: Duration,
    /// Bytes of an answer's body that are kept for a replay.
    pub answer_max: usize,
    /// How long a write counts as running without being heard of; renewed while it runs.
    pub lease: Duration,
    /// What a key that was used for another request is answered with: 422 or 409.
    pub conflict_status: u16,
}

/// As every core sees it.
pub(crate) struct Idempotency {
    writes: Writes,
    sealer: Sealer,
    retention: Duration,
    answer_max: usize,
    lease: Duration,
    pub(crate) conflict_status: u16,
}

impl Idempotency {
    /// `None` when the sealing key is none.
    pub(crate) fn new(config: &IdempotencyConfig, randomness: Randomness) -> Option<Self> {
        Some(Self {
            writes: config.writes.clone(),
            sealer: Sealer::new(&config.sealing_key, randomness)?,
            retention: config.retention,
            answer_max: config.answer_max,
            lease: config.lease,
            conflict_status: config.conflict_status,
        })
    }

    fn lease_until(&self, now: Timestamp) -> Timestamp {
        later(now, self.lease)
    }

    fn expires_at(&self, now: Timestamp) -> Timestamp {
        later(now, self.retention)
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.plus_micros(i64::try_from(by.as_micros()).unwrap_or(i64::MAX))
}

/// What a request says about idempotency.
pub(crate) enum Asked {
    /// Nothing, and nothing is needed; or it is no write.
    No,
    /// Nothing, where its operation needs a key.
    Missing,
    /// Two keys, or one that is none.
    Malformed,
    /// This key.
    Key(IdempotencyKey),
}

/// Reads the header of a write. It is looked for on writes only.
pub(crate) fn asked(facts: &Facts<'_>, headers: &HeaderMap) -> Asked {
    let Some(operation) = facts.operation.filter(|_| !facts.method.is_none_or(HttpMethod::is_safe)) else {
        return Asked::No;
    };
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (keys.next(), keys.next()) {
        (None, _) if operation.idempotency.required => Asked::Missing,
        (None, _) => Asked::No,
        (Some(key), None) => IdempotencyKey::read(key.as_bytes()).map_or(Asked::Malformed, Asked::Key),
        (Some(_), Some(_)) => Asked::Malformed,
    }
}

/// Which record a request is about: the key record, the environment, the operation and the caller's word (D16). `None`
/// for a caller without a key.
fn write_id(caller: &Caller, operation: &str, key: &IdempotencyKey) -> Option<WriteId> {
    let Caller::Key { key: of, environment, .. } = caller else { return None };
    let (operation, key) = (operation.as_bytes(), key.as_bytes());
    let parts = [&of.to_bytes()[..], environment.as_str().as_bytes(), operation, key];
    Some(WriteId(fingerprint::digest(b"claviger.write.1", &parts)))
}

/// How many writes run on this core, whoever still waits for them.
#[derive(Default)]
pub(crate) struct Running(Rc<Cell<usize>>);

impl Running {
    pub(crate) fn count(&self) -> usize {
        self.0.get()
    }

    fn begin(&self) -> OneRunning {
        self.0.set(self.0.get() + 1);
        OneRunning(Rc::clone(&self.0))
    }
}

/// Counts one write while it runs.
struct OneRunning(Rc<Cell<usize>>);

impl Drop for OneRunning {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AccountId, Entropy, Environment, KeyId, KeyKind, SecretHash};

    #[test]
    fn d16_keys_environments_and_operations_have_records_of_their_own_and_secrets_share_them() {
        let at = Timestamp::from_secs(1);
        let of = |key: u8, environment, secret: u8, operation, word: &str| {
            let caller = Caller::Key {
                key: KeyId::new(at, Entropy([key; 10])),
                account: AccountId::new(at, Entropy([1; 10])),
                kind: KeyKind::Restricted,
                environment,
                hash: SecretHash::from_bytes([secret; 32]),
            };
            write_id(&caller, operation, &IdempotencyKey::read(word.as_bytes()).unwrap()).unwrap()
        };
        let one = of(1, Environment::Test, 1, "make", "a");
        assert_eq!(one, of(1, Environment::Test, 2, "make", "\"a\""), "a rotated secret is the same key");
        for other in [
            of(2, Environment::Test, 1, "make", "a"),
            of(1, Environment::Live, 1, "make", "a"),
            of(1, Environment::Test, 1, "makea", "a"),
            of(1, Environment::Test, 1, "mak", "ea"),
            of(1, Environment::Test, 1, "make", "b"),
        ] {
            assert_ne!(one, other);
        }
        let public = Caller::Public { environment: Environment::Live };
        assert!(write_id(&public, "make", &IdempotencyKey::read(b"a").unwrap()).is_none());
    }
}
