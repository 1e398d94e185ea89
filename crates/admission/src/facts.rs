//! Facts: what a request says, before anybody believes it.
//!
//! Owns:  `Facts` and the deployment's `Policy` about them.
//! Never: interprets a header; `present` and `stage` do.
//! Read:  `Facts`, then `Policy`.

use crate::company::Asked;
use model::{KeyShape, Operation, Presentations};
use std::net::IpAddr;

/// A request header as the caller sent it.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Field<'a> {
    /// Not sent.
    #[default]
    Absent,
    /// Sent once: its value.
    One(&'a [u8]),
    /// Sent more than once, or in a form that may hide that it was.
    Many,
}

// A credential header's value must not reach a log (invariant 9).
impl std::fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::One(_) => "One([hidden])",
            Self::Many => "Many",
        })
    }
}

impl<'a> Field<'a> {
    /// From all the values that a request has for one header name.
    #[must_use]
    pub fn of<I: IntoIterator<Item = &'a [u8]>>(values: I) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::One(value),
            (Some(_), Some(_)) => Self::Many,
        }
    }
}

/// The headers that may carry a credential (D2, D3). Nothing else ever does: no query, body or cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CredentialFields<'a> {
    /// `X-API-Key`.
    pub api_key: Field<'a>,
    /// `Authorization`.
    pub authorization: Field<'a>,
    /// `X-Client-Id`.
    pub client_id: Field<'a>,
    /// `X-Client-Secret`.
    pub client_secret: Field<'a>,
}

/// What admission is told of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The operation that the catalogue found for method and canonical path, if any (D37: before the credential is read).
    pub operation: Option<&'a Operation>,
    /// Where a credential may be.
    pub credential: CredentialFields<'a>,
    /// `Origin`: sent by browsers.
    pub origin: Field<'a>,
    /// The caller's address, as trusted proxies tell it (D12); `None` when nobody could say.
    pub address: Option<IpAddr>,
    /// Which companies it names; asked of company-restricted keys only (D34).
    pub companies: Asked<'a>,
}

/// The deployment's choices that every decision obeys.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// How this deployment's keys begin (D1).
    pub shape: KeyShape,
    /// Where a key may travel (D3).
    pub presentations: Presentations,
    /// The API's own origins, as browsers write them: `https://api.example.com`, lower case, no default port, no slash (D11).
    pub own_origins: Box<[Box<str>]>,
}

impl Policy {
    /// Whether an `Origin` is the API's own. `null` is what every sandboxed or local page says: it names nobody, whatever is
    /// configured (D10).
    #[must_use]
    pub fn owns(&self, origin: &[u8]) -> bool {
        origin != b"null" && self.own_origins.iter().any(|own| own.as_bytes() == origin)
    }
}
