//! Signals: stop, and read again.
//!
//! Owns:  SIGTERM, SIGINT, SIGHUP. A second stop signal ends the process at once.
//! Never: decides what stopping means.
//! Read:  `Signals::next`.

use anyhow::Context as _;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Stop signals this soon after the first are the same wish: supervisors and shells signal a process and its group.
const SAME_WISH: Duration = Duration::from_secs(1);

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Let requests in flight end, then stop.
    Stop,
    /// Read certificates and the catalogue again.
    Reload,
}

/// The signals that this process obeys.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// From now on these signals do not end the process by themselves.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let open = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: open(SignalKind::terminate())?,
            interrupt: open(SignalKind::interrupt())?,
            hangup: open(SignalKind::hangup())?,
        })
    }

    /// The next wish.
    pub(crate) async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.hangup.recv() => Wish::Reload,
        }
    }

    /// Runs `stopping` to its end, unless a second stop signal shows that nobody wants to wait.
    pub(crate) async fn unless_repeated(&mut self, stopping: impl Future<Output = ()>) {
        let mut stopping = std::pin::pin!(stopping);
        let mut same_wish = std::pin::pin!(tokio::time::sleep(SAME_WISH));
        loop {
            tokio::select! {
                () = &mut stopping => return,
                wish = self.next() => if wish == Wish::Stop && same_wish.as_mut().is_elapsed() {
                    tracing::warn!("second stop signal: requests in flight are cut");
                    return;
                },
                () = &mut same_wish, if !same_wish.is_elapsed() => {}
            }
        }
    }
}
