//! Passwords: hashing and verifying, with a bound on how much of the machine that takes.
//!
//! Owns:  argon2id with m = 19 MiB, t = 2, p = 1 (OWASP Password Storage Cheat Sheet), off the runtime's threads.
//! Never: answers faster for an address that nobody has.
//! Read:  `Passwords`.

use crate::{control::Randomness, refusal::Refusal};
use api::Code;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _},
};
use model::Secret;
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;

/// Passwords that are hashed at once, each on 19 MiB; more wait.
const AT_ONCE_MAX: usize = 4;
/// Passwords that may wait; more are refused.
const WAITING_MAX: usize = 64;
/// KiB of memory, passes, lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Bytes of salt (RFC 9106 section 3.1).
const SALT_BYTES: usize = 16;

/// The hash of a password that nobody has: verified against where there is no hash, so that both take the same time.
static NOBODYS: LazyLock<Secret<String>> =
    LazyLock::new(|| Secret::new(hash(b"nobody's", &[0; SALT_BYTES]).unwrap_or_default()));

/// Hashes and verifies.
pub(crate) struct Passwords {
    at_once: Semaphore,
    room: Semaphore,
    randomness: Randomness,
}

impl Passwords {
    pub(crate) fn new(randomness: Randomness) -> Arc<Self> {
        let (at_once, room) = (Semaphore::new(AT_ONCE_MAX), Semaphore::new(AT_ONCE_MAX + WAITING_MAX));
        Arc::new(Self { at_once, room, randomness })
    }

    /// The PHC string of a password.
    ///
    /// # Errors
    /// `Overloaded` when too many wait.
    pub(crate) async fn hash(&self, password: Secret<String>) -> Result<Secret<String>, Refusal> {
        let mut salt = [0; SALT_BYTES];
        (self.randomness)(&mut salt);
        let hashed = self.work(move || hash(password.expose().as_bytes(), &salt)).await?;
        hashed.map(Secret::new).ok_or_else(|| Code::InternalError.into())
    }

    /// Whether `password` is the one of `phc`. Without one the same work is done, and the answer is no.
    ///
    /// # Errors
    /// `Overloaded` when too many wait.
    pub(crate) async fn verify(&self, password: Secret<String>, phc: Option<Secret<String>>) -> Result<bool, Refusal> {
        self.work(move || {
            let known = phc.is_some();
            let phc = phc.unwrap_or_else(|| NOBODYS.clone());
            let fits = hasher().is_some_and(|argon2| {
                argon2.verify_password(password.expose().as_bytes(), phc.expose().as_str()).is_ok()
            });
            known & fits
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        let _room = self.room.try_acquire().map_err(|_| Code::Overloaded)?;
        let _turn = self.at_once.acquire().await.map_err(|_| Code::InternalError)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Code::InternalError.into())
    }
}

fn hasher() -> Option<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, lanes, None).ok()?))
}

fn hash(password: &[u8], salt: &[u8]) -> Option<String> {
    hasher()?.hash_password_with_salt(password, salt).ok().map(|phc| phc.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Arc<Passwords> {
        Passwords::new(Arc::new(|salt| salt.fill(7)))
    }

    #[tokio::test]
    async fn a_password_is_kept_as_argon2id_with_the_stated_cost() {
        let phc = passwords().hash(Secret::new("correct horse".into())).await.unwrap();
        assert!(phc.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", phc.expose());
        let verify = async |text: &str, phc| passwords().verify(Secret::new(text.to_owned()), phc).await.unwrap();
        assert!(verify("correct horse", Some(phc.clone())).await);
        assert!(!verify("Correct horse", Some(phc)).await);
        assert!(!verify("nobody's", None).await, "the stand-in opens nothing");
        assert!(NOBODYS.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "and costs the same");
    }

    #[tokio::test]
    async fn more_than_may_wait_is_refused() {
        let passwords = passwords();
        let _all = passwords.room.try_acquire_many(u32::try_from(AT_ONCE_MAX + WAITING_MAX).unwrap()).unwrap();
        assert!(passwords.hash(Secret::new("x".into())).await.is_err());
    }
}
