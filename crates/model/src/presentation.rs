//! Where a key may travel in a request (D3, R103, R111).
//!
//! Owns:  the closed list of presentations and sets of them.
//! Never: reads headers; `admission` does.
//! Read:  top down.

/// One way of carrying a credential. Never in a query, a body or a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presentation {
    /// `X-API-Key: KEY`.
    ApiKeyHeader,
    /// `Authorization: Basic`, the key as user name, the password empty.
    BasicUsername,
    /// `X-Client-Id` and `X-Client-Secret`, or `Authorization: Basic` of `client_id:secret` (D2).
    ClientIdSecret,
    /// `Authorization: Bearer KEY`.
    Bearer,
}

impl Presentation {
    /// All, in the order in which they are documented.
    pub const ALL: [Self; 4] = [Self::ApiKeyHeader, Self::BasicUsername, Self::ClientIdSecret, Self::Bearer];

    /// As configuration writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKeyHeader => "header:x-api-key",
            Self::BasicUsername => "basic-username",
            Self::ClientIdSecret => "client-id-secret",
            Self::Bearer => "bearer",
        }
    }

    /// From the text of `as_str`, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::ApiKeyHeader => 1,
            Self::BasicUsername => 2,
            Self::ClientIdSecret => 4,
            Self::Bearer => 8,
        }
    }
}

/// The presentations that a deployment accepts. Default: all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presentations(u8);

impl Default for Presentations {
    fn default() -> Self {
        Self::of(&Presentation::ALL)
    }
}

impl Presentations {
    /// The set of the given ones.
    #[must_use]
    pub fn of(list: &[Presentation]) -> Self {
        Self(list.iter().fold(0, |bits, p| bits | p.bit()))
    }

    /// Whether `presentation` is accepted.
    #[must_use]
    pub const fn contains(self, presentation: Presentation) -> bool {
        self.0 & presentation.bit() != 0
    }
}
