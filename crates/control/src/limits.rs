//! Limits: the bounds of the control plane, each with a name and a default (invariant 10).
//!
//! Owns:  `Limits`.
//! Never: reads configuration; `server` does.
//! Read:  top down.

use std::time::Duration;

/// The bounds of one control plane.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request body; more is 413.
    pub body_max: usize,
    /// How long a body may take to arrive.
    pub body_read: Duration,
    /// Requests that are worked on at once; more are answered 503 at once.
    pub requests_max: usize,
    /// How long one request may take, all in all. Longer than `confirm`.
    pub request: Duration,
    /// How long gateways have to confirm a change; longer than any of them takes before it fences itself.
    pub confirm: Duration,
    /// Connections that are open at once; more wait to be accepted.
    pub connections_max: usize,
    /// How old a connection may become; it then finishes what is in flight and closes.
    pub connection_age: Duration,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the head of a request may take to arrive; also how long a connection may idle.
    pub header_read: Duration,
    /// Bytes of a request head.
    pub head_max: usize,
    /// Header fields of a request.
    pub headers_max: usize,
    /// HTTP/2 streams of one connection.
    pub streams_max: u32,
    /// Streams of events that are open at once, all in all.
    pub streams_of_events_max: usize,
    /// How long one stream of events lasts; whoever reads it comes again.
    pub stream_of_events: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_max: 256 * 1024,
            body_read: Duration::from_secs(10),
            requests_max: 256,
            request: Duration::from_secs(60),
            confirm: Duration::from_secs(40),
            connections_max: 512,
            connection_age: Duration::from_secs(600),
            handshake: Duration::from_secs(10),
            header_read: Duration::from_secs(15),
            head_max: 32 * 1024,
            headers_max: 64,
            streams_max: 64,
            streams_of_events_max: 128,
            stream_of_events: Duration::from_secs(540),
        }
    }
}
