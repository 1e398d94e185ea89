//! Unwrapping with a sentence: a failed test says what it wanted.
//!
//! Owns:  `Must`.
//! Never: used outside tests.
//! Read:  top down.

use std::fmt::Debug;

/// The value, or a panic that says what was expected and what came instead.
pub trait Must<T> {
    /// Takes the value out; `what` completes the sentence "could not ...".
    fn must(self, what: &str) -> T;
}

impl<T, E: Debug> Must<T> for Result<T, E> {
    #[track_caller]
    fn must(self, what: &str) -> T {
        match self {
            Ok(value) => value,
            Err(error) => panic!("could not {what}: {error:?}"),
        }
    }
}

impl<T> Must<T> for Option<T> {
    #[track_caller]
    fn must(self, what: &str) -> T {
        match self {
            Some(value) => value,
            None => panic!("could not {what}: nothing there"),
        }
    }
}
