//! End to end: the built binary as an operator starts it and callers meet it.
//!
//! Every test starts processes of its own on free ports, in a folder of its own. When one ends, the run is judged as well:
//! no line at level error, no panic, and no trace of any secret in a log or a file (R71-R73).
#![cfg(test)]

mod access;
mod answers;
mod browser;
mod companies;
mod crash;
mod dashboard;
mod deployment;
mod effects;
mod hostile;
mod isolation;
mod key_settings;
mod limits;
mod operating;
mod people;
mod prove;
mod quickstart;
mod revocation;
mod sdk;
mod subkeys;
mod team;
mod tours;
mod transport;
mod usage;
mod writes;
