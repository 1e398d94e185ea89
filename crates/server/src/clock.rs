//! Time and randomness: the only place of the product that reads a clock or draws from the system (invariant 4).
//!
//! Owns:  `now` and `fill`.
//! Never: is imported; the wiring hands both on as arguments.
//! Read:  top down.

use anyhow::Context as _;
use model::{Entropy, Timestamp};

/// The present, to the microsecond. A clock before 1970 reads as 1970.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is told the time from")]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Draws once, so that a system without randomness fails at the start and not at the first key.
pub(crate) fn check_randomness() -> anyhow::Result<()> {
    draw(&mut [0u8; 16]).context("the system's random generator does not answer")
}

/// Fills `buffer` from the system's generator. One that answered at the start and fails later cannot make secrets any
/// more: the process stops rather than hand out a guessable one.
pub(crate) fn fill(buffer: &mut [u8]) {
    if let Err(error) = draw(buffer) {
        tracing::error!(%error, "the system's random generator failed; stopping");
        std::process::abort();
    }
}

/// Randomness for one id.
pub(crate) fn entropy() -> Entropy {
    let mut bytes = [0u8; 10];
    fill(&mut bytes);
    Entropy(bytes)
}

fn draw(buffer: &mut [u8]) -> Result<(), getrandom::Error> {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws from the system")]
    getrandom::fill(buffer)
}
