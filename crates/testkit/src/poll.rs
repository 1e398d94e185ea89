//! Waiting for facts, never for time: every wait has a deadline and a name.
//!
//! Owns:  `eventually` (ask until yes) and `within` (a future with a deadline).
//! Never: sleeps in the hope that something has happened.
//! Read:  top down.

use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often `eventually` asks.
const EVERY: Duration = Duration::from_millis(5);
/// How long a test waits for something that should be there at once. Generous: a busy disk has held up commits for half a
/// minute.
pub const SOON: Duration = Duration::from_secs(100);

/// Asks until there is an answer; panics with `what` when there is none in time.
#[track_caller]
pub fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> impl Future<Output = T> {
    within(what, SOON, async move {
        loop {
            if let Some(value) = probe().await {
                return value;
            }
            sleep(EVERY).await;
        }
    })
}

/// The future's value; panics with `what` when there is none within `deadline`.
pub async fn within<T>(what: &str, deadline: Duration, future: impl Future<Output = T>) -> T {
    match timeout(deadline, future).await {
        Ok(value) => value,
        Err(_) => panic!("not within {deadline:?}: {what}"),
    }
}
