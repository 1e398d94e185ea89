//! HTTP/1.1 as most callers speak it, read and answered by code of our own.
//!
//! Owns:  one connection's loop: head, exchange, answer, the next one; when hyper takes over.
//! Never: answers what it does not understand. Whatever is not plain goes to hyper, byte for byte, so nothing is taken here
//!        that would be refused there.
//! Read:  `serve`; then `head` (what is plain), `inlet` (reading), `answer` and `passed` (writing).

pub(crate) mod answer;
pub(crate) mod date;
pub(crate) mod head;
pub(crate) mod inlet;
pub(crate) mod passed;
pub(crate) mod socket;

use crate::{
    caller::CallerBody,
    core::{Connection, Core},
    exchange::{self, Answer},
};
use answer::{Ended, Writer};
use bytes::Bytes;
use date::DateText;
use head::{Head, HeadReader, Parsed};
use http::Request;
use inlet::{Body, Filled, Inlet};
use socket::{CallerSocket, Rewound};
use std::{
    future::Future,
    pin::pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, Sleep, sleep_until},
};

/// Serves plain requests until the peer, a bound, a cut or the drain ends the connection, or until something comes that is
/// hyper's: then the connection is returned with what was read and not answered yet.
pub(crate) async fn serve(
    core: &Rc<Core>,
    connection: &Rc<Connection>,
    date: &DateText,
    socket: CallerSocket,
) -> Option<Rewound> {
    if socket.speaks_http2() {
        return Some(Rewound::new(Bytes::new(), socket));
    }
    let inlet = Inlet::new(socket);
    let mut waiting = Waiting::new(core);
    let mut writer = Writer::default();
    loop {
        let head = match waiting.next(core, &inlet).await {
            Next::Head(head) => head,
            Next::Unusual => return inlet.hand_over(),
            Next::Refused => {
                writer.refuse((core.shared.clock)(), connection, date, &inlet).await;
                return end(&inlet, How::Gracefully).await;
            }
            Next::End(how) => return end(&inlet, how).await,
        };
        let last = head.close || connection.refused;
        let no_body = *head.request.method() == http::Method::HEAD;
        let request = Body::begin(&inlet, head);
        let answer = answered(core, connection, &inlet, request).await?;
        writer.begin(no_body, last || waiting.drains());
        let ended = writer.write(core, connection, date, &inlet, answer).await;
        match ended {
            Ended::Reusable if inlet.skip_rest() => {}
            Ended::Reusable | Ended::Last => return end(&inlet, How::Gracefully).await,
            Ended::Broken => return None,
        }
    }
}

/// The answer of the exchange, or nothing when its caller went away first: whoever closes its side takes no answer.
async fn answered(
    core: &Rc<Core>,
    connection: &Rc<Connection>,
    inlet: &Inlet,
    request: Request<CallerBody>,
) -> Option<Answer> {
    let mut work = pin!(exchange::handle(Rc::clone(core), Rc::clone(connection), request));
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => inlet.poll_gone(context).map(|()| None),
    })
    .await
}

/// How a connection ends.
enum How {
    /// What was answered still arrives.
    Gracefully,
    /// There is nobody to tell.
    Now,
}

async fn end(inlet: &Inlet, how: How) -> Option<Rewound> {
    if matches!(how, How::Gracefully) {
        // A failure to close is the peer's affair.
        let _closed = std::future::poll_fn(|context| inlet.poll_shutdown(context)).await;
    }
    None
}

/// What comes next on a connection.
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and an allocation costs more than a move"
)]
enum Next {
    Head(Parsed),
    Unusual,
    Refused,
    End(How),
}

/// The wait for a head: its time and the drain.
struct Waiting {
    reader: HeadReader,
    timeout: Duration,
    deadline: Option<Instant>,
    /// Whether the deadline counts from the head's first byte.
    begun: bool,
    /// Armed once and left to run; looked at again only when it fires.
    alarm: Option<std::pin::Pin<Box<Sleep>>>,
    armed: bool,
    draining: watch::Receiver<bool>,
    drain: Option<std::pin::Pin<Box<dyn Future<Output = ()>>>>,
}

impl Waiting {
    fn new(core: &Core) -> Self {
        let limits = &core.shared.limits;
        let mut draining = core.draining.subscribe();
        if *draining.borrow() {
            draining.mark_changed();
        }
        Self {
            reader: HeadReader::new(limits.head_max, limits.headers_max),
            timeout: limits.header_timeout,
            deadline: None,
            begun: false,
            alarm: None,
            armed: false,
            draining,
            drain: None,
        }
    }

    /// Whether the core takes no more requests.
    fn drains(&self) -> bool {
        // It is told once. Without a core to tell it, nothing more is taken either.
        self.draining.has_changed().unwrap_or(true)
    }

    async fn next(&mut self, core: &Core, inlet: &Inlet) -> Next {
        self.deadline = None;
        self.begun = false;
        std::future::poll_fn(|context| self.poll(core, inlet, context)).await
    }

    fn poll(&mut self, core: &Core, inlet: &Inlet, context: &mut Context<'_>) -> Poll<Next> {
        loop {
            let found = inlet.with_buffer(|buffer| self.reader.read(buffer));
            match found {
                Head::Plain(parsed) => return Poll::Ready(Next::Head(parsed)),
                Head::Unusual => return Poll::Ready(Next::Unusual),
                Head::Refused => return Poll::Ready(Next::Refused),
                Head::More { begun } => {
                    if begun && !self.begun {
                        self.begun = true;
                        self.deadline = None;
                    }
                }
            }
            match inlet.poll_fill(context) {
                Poll::Ready(Filled::Some) => {}
                Poll::Ready(Filled::End) if self.begun => return Poll::Ready(Next::Unusual),
                Poll::Ready(Filled::End) => return Poll::Ready(Next::End(How::Gracefully)),
                Poll::Ready(Filled::Failed) => return Poll::Ready(Next::End(How::Now)),
                Poll::Pending => break,
            }
        }
        if self.poll_drain(core, context) && !self.begun {
            return Poll::Ready(Next::End(How::Gracefully));
        }
        self.poll_alarm(context).map(|()| Next::End(How::Now))
    }

    /// Whether the drain has begun. The wait for it is polled once; it wakes the same task however often that waits.
    fn poll_drain(&mut self, core: &Core, context: &mut Context<'_>) -> bool {
        if self.drain.is_none() {
            let mut receiver = core.draining.subscribe();
            let mut drain: std::pin::Pin<Box<dyn Future<Output = ()>>> = Box::pin(async move {
                let _gone = receiver.wait_for(|drains| *drains).await;
            });
            let drains = drain.as_mut().poll(context).is_ready();
            self.drain = Some(drain);
            return drains;
        }
        self.drains()
    }

    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let begins = self.deadline.is_none();
        let timeout = self.timeout;
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + timeout);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // One that runs already wakes this task, and not too late: deadlines only grow.
        if std::mem::replace(&mut self.armed, true) && begins && !alarm.is_elapsed() {
            return Poll::Pending;
        }
        while alarm.as_mut().poll(context).is_ready() {
            if alarm.deadline() >= deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}
