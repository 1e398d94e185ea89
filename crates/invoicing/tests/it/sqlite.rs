//! The suite on SQLite, and what only files can show.

/// What the harness starts servers with.
pub(crate) const ENGINE: crate::Engine = crate::Engine::Sqlite;

#[path = "contexts.rs"]
mod contexts;
#[path = "durability.rs"]
mod durability;
#[path = "files.rs"]
mod files;
#[path = "harness.rs"]
mod harness;
#[path = "invoices.rs"]
mod invoices;
#[path = "invostaq.rs"]
mod invostaq;
#[path = "isolation.rs"]
mod isolation;
#[path = "laabam.rs"]
mod laabam;
#[path = "lists.rs"]
mod lists;
#[path = "receiving.rs"]
mod receiving;
#[path = "records.rs"]
mod records;
