//! Builds again when a migration is added: the macro that embeds them cannot tell cargo so.
//!
//! Owns:  the list of folders whose change means a new build.
//! Never: generates code.
//! Read:  top down.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=migrations-usage");
    println!("cargo:rerun-if-changed=migrations-writes");
}
