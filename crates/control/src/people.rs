//! People: what a deployment says about those who sign in.
//!
//! Owns:  `PeopleParts`: who may register, how long sessions last, how cookies and links are called, providers.
//! Never: reads configuration; `server` does.
//! Read:  `PeopleParts`.

use model::Secret;
use proof::Issuer;
use std::{sync::Arc, time::Duration};

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Anybody registers an account.
    Open,
    /// Members and the operator invite.
    Invitation,
    /// The operator invites.
    Operator,
}

impl Registration {
    /// All, the widest first.
    pub const ALL: [Self; 3] = [Self::Open, Self::Invitation, Self::Operator];

    /// As configuration and wire write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invitation => "invitation",
            Self::Operator => "operator",
        }
    }

    /// From the text of `as_str`, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|registration| registration.as_str() == text)
    }
}

/// A provider that people sign in with (OpenID Connect).
#[derive(Clone)]
pub struct Provider {
    /// Its name in paths: lower-case letters, digits, hyphens.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whose tokens are taken, and from which directories of Entra ID (D20).
    pub issuer: Issuer,
    /// Our name there.
    pub client_id: String,
    /// What proves that name.
    pub client_secret: Secret<String>,
    /// How TLS is done with it.
    pub tls: Option<Arc<tokio_rustls::rustls::ClientConfig>>,
    /// Plain HTTP to this machine is allowed: for development only.
    pub unsafe_plain_http: bool,
}

/// What a deployment says about people.
#[derive(Clone)]
pub struct PeopleParts {
    /// Where callers reach the API, when that is known.
    pub api_url: Option<String>,
    /// Who may come in.
    pub registration: Registration,
    /// How long a session lasts that is not used.
    pub session_idle: Duration,
    /// How long a session lasts, however much it is used.
    pub session_max: Duration,
    /// What the product is called here.
    pub product: String,
    /// What cookies are named after.
    pub namespace: String,
    /// Where people reach the dashboard, as an origin; when it is not said, wherever each request says that it came to.
    pub public_url: Option<String>,
    /// Seals second factors at rest: 32 bytes.
    pub sealing_key: Secret<Vec<u8>>,
    /// Providers that people sign in with.
    pub providers: Vec<Provider>,
}
