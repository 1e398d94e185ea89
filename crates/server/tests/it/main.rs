//! The command line, asked as an operator asks it: help texts, configurations, catalogues, wrong command lines.
//!
//! Nothing here serves; running processes are tested in `tests/e2e`.
#![cfg(test)]

mod catalogue;
mod config;
mod help;
mod prove;
mod run;
mod usage;
