//! Issuer: whose tokens are taken, and under which conditions (D20).
//!
//! Owns:  `Issuer`, its algorithms, and the rule of Entra ID's many directories.
//! Never: fetches anything; what it signs with is a `KeySet`.
//! Read:  `Issuer::issues`, then `Directories`.

/// Where Entra ID's issuers begin: what follows is `/{tid}/v2.0`.
pub const ENTRA_AUTHORITY: &str = "https://login.microsoftonline.com";
/// Where all personal Microsoft accounts are: one directory of strangers. Taken only when it is listed by name.
const PERSONAL_ACCOUNTS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// What a token may be signed with. `none` and everything with a shared secret are not here, so they cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519 (RFC 8037).
    EdDsa,
}

impl Algorithm {
    /// All.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// As `alg` says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// From the text of `as_str`, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == text)
    }
}

/// Which directories (Entra ID also calls them by another name) are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directories {
    /// Every organisation's. Personal accounts are not an organisation's.
    Any,
    /// These, in lower case.
    Listed(Vec<String>),
}

impl Directories {
    fn accept(&self, directory: &str) -> bool {
        match self {
            Self::Any => directory != PERSONAL_ACCOUNTS,
            Self::Listed(list) => list.iter().any(|t| t == directory),
        }
    }
}

/// What kind of issuer it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directory {
    /// Any OpenID provider: `iss` is the configured URL.
    Plain,
    /// Entra ID: many directories, each with an `iss` of its own.
    Entra(Directories),
}

/// Whose tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Where its metadata is; for a plain one also the only `iss`.
    pub url: String,
    /// Our names there: `aud` has to be one of them.
    pub client_ids: Vec<String>,
    /// What it may sign with.
    pub algorithms: Vec<Algorithm>,
    /// What kind it is.
    pub directory: Directory,
}

impl Issuer {
    /// Whether a token that says `iss` is to be tried against this one's keys. For Entra ID the directory is held against
    /// the list once the token is verified.
    #[must_use]
    pub fn issues(&self, iss: &str) -> bool {
        match &self.directory {
            Directory::Plain => iss == self.url,
            Directory::Entra(_) => entra_directory(iss).is_some(),
        }
    }

    /// Whether a verified `iss` and `tid` belong together and are accepted. The directory boundary (D20).
    pub(crate) fn accepts(&self, iss: &str, tid: Option<&str>) -> bool {
        match &self.directory {
            Directory::Plain => iss == self.url,
            Directory::Entra(directories) => {
                tid.is_some_and(|tid| entra_directory(iss) == Some(tid) && directories.accept(tid))
            }
        }
    }

    pub(crate) const fn is_entra(&self) -> bool {
        matches!(self.directory, Directory::Entra(_))
    }
}

/// The directory in the only form of issuer that is Entra ID's version 2. Version 1 (`sts.windows.net`) has none.
fn entra_directory(iss: &str) -> Option<&str> {
    let directory = iss.strip_prefix(ENTRA_AUTHORITY)?.strip_prefix('/')?.strip_suffix("/v2.0")?;
    is_directory(directory).then_some(directory)
}

/// A lower-case UUID, as tokens say it.
fn is_directory(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_digit() || matches!(b, b'a'..=b'f'),
        })
}
