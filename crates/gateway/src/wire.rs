//! Wire: a caller's socket with the two habits that HTTP servers need and hyper leaves to others.
//!
//! Owns:  giving up a caller that takes nothing (`client_stall_max`), and closing so that the last answer arrives.
//! Never: looks into the bytes. It lies below TLS, so it covers both, and upgraded connections too.
//! Read:  `Wire::poll_write`, then `Wire::poll_shutdown`.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

/// How long a caller that is still sending is listened to after the last answer. Closing at once would make its system
/// throw away an answer that it has not read yet.
const LINGER_MAX: Duration = Duration::from_secs(30);
/// How long such a caller may be silent.
const LINGER_SILENCE_MAX: Duration = Duration::from_secs(2);

pub(crate) struct Wire {
    inner: TcpStream,
    stall_max: Duration,
    /// Runs while a write waits, then while lingering.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Our side is closed; until when the caller is listened to.
    lingers: Option<Instant>,
}

impl Wire {
    pub(crate) const fn new(inner: TcpStream, stall_max: Duration) -> Self {
        Self { inner, stall_max, alarm: None, lingers: None }
    }

    /// The outcome of a write; a wait that has lasted too long is an error.
    fn patient(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.alarm = None;
            return written;
        }
        let stall_max = self.stall_max;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall_max)));
        ready!(alarm.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Takes what the caller still sends, until it closes, falls silent, or has had its time.
    fn poll_linger(&mut self, context: &mut Context<'_>, until: Instant) -> Poll<io::Result<()>> {
        let mut room = [0; 8 * 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut room);
            match Pin::new(&mut self.inner).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() && Instant::now() < until => self.alarm = None,
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    let silence = || Box::pin(tokio::time::sleep_until(until.min(Instant::now() + LINGER_SILENCE_MAX)));
                    return self.alarm.get_or_insert_with(silence).as_mut().poll(context).map(Ok);
                }
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.patient(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.patient(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingers.is_none() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
            self.lingers = Some(Instant::now() + LINGER_MAX);
            self.alarm = None;
        }
        let Some(until) = self.lingers else { return Poll::Ready(Ok(())) };
        self.poll_linger(context, until)
    }
}
