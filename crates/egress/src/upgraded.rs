//! Upgraded: a connection after 101, opaque bytes both ways.
//!
//! Owns:  `UpgradedIo`.
//! Never: goes back to the pool; looks into the bytes.
//! Read:  top down.

use crate::connection::Connection;
use crate::pool::Slot;
use bytes::Buf;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that speaks another protocol now. Bytes that came with the 101 are read first. It counts against
/// `total_max` until it is dropped, which closes it. It has no timeout of its own.
#[derive(Debug)]
pub struct UpgradedIo {
    conn: Box<Connection>,
    _slot: Slot,
}

impl UpgradedIo {
    pub(crate) const fn new(conn: Box<Connection>, slot: Slot) -> Self {
        Self { conn, _slot: slot }
    }
}

impl AsyncRead for UpgradedIo {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let early = &mut self.conn.buf;
        if early.is_empty() {
            return Pin::new(&mut self.conn.io).poll_read(cx, buf);
        }
        let count = early.len().min(buf.remaining());
        buf.put_slice(&early[..count]);
        early.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for UpgradedIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.conn.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.conn.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.conn.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.conn.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.conn.io).poll_shutdown(cx)
    }
}
