//! Client addresses: whatever `X-Forwarded-For` and `Forwarded` say, only trusted proxies are believed.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway::fuzz::client_address(data));
