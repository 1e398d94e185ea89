//! Token: a bearer token as it came, before anybody believes it (RFC 7515, RFC 7519).
//!
//! Owns:  the one form that is read: three parts, strict base64url, a header that brings no key and asks for nothing.
//! Never: verifies; `person` does.
//! Read:  `Token::read`.

use crate::members::Members;
use data_encoding::BASE64URL_NOPAD;
use model::Denial;

/// The longest token, in bytes. Entra ID's are 1 to 4 KiB.
pub const TOKEN_MAX: usize = 16 * 1024;
/// The longest key id, in bytes.
const KID_MAX: usize = 256;
/// Header members that would bring a key along, or change what the signature means. Refused, whatever they say.
const REFUSED: [&str; 9] = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty"];
/// What the token may call itself (RFC 7519, RFC 9068). Nothing is also fine.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// A token that has the right form. Nothing in it is believed yet.
pub struct Token<'a> {
    pub(crate) algorithm: String,
    pub(crate) kid: String,
    pub(crate) claims: Members,
    /// What was signed: the first two parts and the dot between them.
    pub(crate) message: &'a [u8],
    pub(crate) signature: Vec<u8>,
}

// What is in a token does not belong in a log (invariant 9).
impl std::fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token([hidden])")
    }
}

impl<'a> Token<'a> {
    /// Reads the value of `Authorization`.
    pub fn in_authorization(value: &'a [u8]) -> Result<Self, Denial> {
        Self::read(Self::text_of(value).ok_or(Denial::TokenMissing)?)
    }

    /// The text behind the scheme `Bearer`; `None` for every other scheme.
    #[must_use]
    pub fn text_of(value: &'a [u8]) -> Option<&'a [u8]> {
        let (scheme, rest) = value.trim_ascii().split_at_checked(6)?;
        (scheme.eq_ignore_ascii_case(b"bearer") && rest.first() == Some(&b' ')).then(|| rest.trim_ascii_start())
    }

    /// Reads a token.
    pub fn read(text: &'a [u8]) -> Result<Self, Denial> {
        Self::parts(text).ok_or(Denial::TokenMalformed)
    }

    fn parts(text: &'a [u8]) -> Option<Self> {
        if text.len() > TOKEN_MAX {
            return None;
        }
        let mut parts = text.split(|b| *b == b'.');
        let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let message = text.get(..header.len() + 1 + claims.len())?;
        // Padding, white space and loose trailing bits are refused: a token has one spelling.
        let decode = |part: &[u8]| BASE64URL_NOPAD.decode(part).ok();
        let header = Members::parse(&decode(header)?)?;
        if REFUSED.iter().any(|name| header.has(name)) {
            return None;
        }
        if header.has("typ") {
            let typ = header.text("typ")?;
            TYPES.iter().find(|known| known.eq_ignore_ascii_case(typ))?;
        }
        let kid = header.text("kid").filter(|kid| (1..=KID_MAX).contains(&kid.len()))?.to_owned();
        let algorithm = header.text("alg")?.to_owned();
        Some(Self { algorithm, kid, claims: Members::parse(&decode(claims)?)?, message, signature: decode(signature)? })
    }

    /// Which key it says it is signed with.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Whom it says it is from; nobody has verified that.
    #[must_use]
    pub fn claimed_issuer(&self) -> Option<&str> {
        self.claims.text("iss")
    }
}
