//! Request heads: what our own reader takes, httparse takes alike, and it has one framing.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway::fuzz::http1_head(data));
