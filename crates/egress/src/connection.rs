//! Connection: one socket to an upstream with its read buffer and its one timer.
//!
//! Owns:  `Connection`, `Io` (plain or TLS), `Timer`.
//! Never: knows HTTP or the pool; so it may cross threads.
//! Read:  `Connection::poll_fill`, then `Timer`.

use bytes::BytesMut;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::client::TlsStream;

/// Room for a read at first: an ordinary answer, head and body, in one.
const READ_MIN: usize = 8 * 1024;
/// Room for a read on a connection that fills what it is given.
const READ_MAX: usize = 64 * 1024;
/// Room kept for writing the next request's head, at most.
const SCRATCH_MAX: usize = 16 * 1024;
/// The end of time for a timeout that cannot be added to the clock.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// One connection to an upstream.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) io: Io,
    /// What was read and not used yet.
    pub(crate) buf: BytesMut,
    pub(crate) timer: Timer,
    /// The room in which request heads are written, kept from one to the next.
    scratch: Vec<u8>,
    read_size: usize,
}

impl Connection {
    pub(crate) fn new(io: Io) -> Box<Self> {
        Box::new(Self { io, buf: BytesMut::new(), timer: Timer::default(), scratch: Vec::new(), read_size: READ_MIN })
    }

    /// Reads once into `buf`. 0 means that the upstream closed.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.buf.capacity() - self.buf.len() < self.read_size {
            self.buf.reserve(self.read_size);
        }
        let room = self.buf.capacity() - self.buf.len();
        // The future of one read holds nothing between two polls.
        let count = ready!(pin!(self.io.read_buf(&mut self.buf)).poll(cx))?;
        if count == room {
            self.read_size = (self.read_size * 2).min(READ_MAX);
        }
        Poll::Ready(Ok(count))
    }

    /// Whether the connection is open and silent, as an unused one must be. Asks the system only when the runtime has
    /// already heard that something happened.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        match &mut self.io {
            Io::Plain(tcp) => tcp.try_read(&mut byte).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock),
            // Session tickets arrive on unused connections; the TLS layer takes them.
            Io::Tls(tls) => {
                let mut cx = Context::from_waker(Waker::noop());
                Pin::new(tls).poll_read(&mut cx, &mut ReadBuf::new(&mut byte)).is_pending()
            }
        }
    }

    /// The room for a request's head; given back with `put_scratch`.
    pub(crate) fn take_scratch(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.scratch)
    }

    pub(crate) fn put_scratch(&mut self, mut scratch: Vec<u8>) {
        if scratch.capacity() <= SCRATCH_MAX {
            scratch.clear();
            self.scratch = scratch;
        }
    }

    /// Makes ready for waiting unused.
    pub(crate) fn rest(&mut self) {
        self.timer.clear();
        if self.read_size > READ_MIN {
            self.read_size = READ_MIN;
            self.buf = BytesMut::new();
        }
    }
}

/// A timeout that costs nothing while things go well: the runtime's timer is armed once and left to run, however often
/// the wait it stands for ends and begins anew; only when it fires is it set to the deadline that counts by then.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    deadline: Option<Instant>,
}

impl Timer {
    /// Ends the wait.
    pub(crate) const fn clear(&mut self) {
        self.deadline = None;
    }

    /// Whether `patience` has passed since the first call after `clear`; if not, the task is woken when it has.
    pub(crate) fn poll_expired(&mut self, cx: &mut Context<'_>, patience: Duration) -> bool {
        let deadline = *self.deadline.get_or_insert_with(|| {
            let now = Instant::now();
            now.checked_add(patience).unwrap_or_else(|| now + FOREVER)
        });
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() == deadline {
                return true;
            }
            sleep.as_mut().reset(deadline);
        }
        false
    }
}

/// A socket, plain or inside TLS.
#[derive(Debug)]
pub(crate) enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(tcp) => tcp.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
