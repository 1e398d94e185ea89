//! Tests of admission, all in one binary.
//!
//! Owns:  the list of test files.
//! Never: replaces product code.
//! Read:  `reference` for the rules in one place, then the file named for what is tested.
#![expect(clippy::unwrap_used, reason = "what a test builds is right by construction, or the test is wrong")]

mod authorize;
mod companies;
mod explain;
mod identify;
mod json;
mod path;
mod person;
mod present;
mod reference;
mod world;
