//! The product's name: the one place where it is written as data.
//!
//! Owns:  the name in every form that a machine reads: binary, headers, environment variables, user agent.
//! Never: any other crate; they are told the name by the wiring.
//! Read:  top down. Help texts beside these say the name in prose.

/// The binary and the issuer of the signed context.
pub(crate) const NAME: &str = "claviger";
/// As people write it.
pub(crate) const TITLE: &str = "Claviger";
/// `CLAVIGER__GATEWAY__LISTEN` overrides `gateway.listen`. Two underscores, because container platforms set variables
/// such as `CLAVIGER_PORT` on their own.
pub(crate) const SETTING_PREFIX: &str = "CLAVIGER__";
/// What the binary calls itself towards others.
pub(crate) const USER_AGENT: &str = concat!("claviger/", env!("CARGO_PKG_VERSION"));
/// The configuration file that is looked for when none is named.
pub(crate) const CONFIG_FILE: &str = "claviger.toml";
/// The extension of OpenAPI descriptions that overrules what an import guesses.
pub(crate) const EXTENSION: &str = "x-claviger";
