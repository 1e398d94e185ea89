//! The harness: processes, raw sockets, upstreams that misbehave.
