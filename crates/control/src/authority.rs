//! Authority: who may ask for an operation.
//!
//! Owns:  recognising operator tokens. Members with sessions and roles will join here.
//! Never: lets an API key in, of any kind, in any presentation (D8); tells one bad token from another.
//! Read:  `admit`.

use crate::{control::Control, refusal::Refusal};
use api::{Code, contract::Authority};
use http::{HeaderMap, header};
use model::{OperatorTokenId, SecretHash, key_text::is_token_text};

/// What every operator token begins with; no key prefix followed by an environment can be this.
pub const TOKEN_HEAD: &str = "op_";

/// Who asks: nobody in particular, or the holder of a token.
pub(crate) async fn admit(
    authority: Authority,
    headers: &HeaderMap,
    control: &Control,
) -> Result<Option<OperatorTokenId>, Refusal> {
    match authority {
        Authority::Anyone => Ok(None),
        Authority::SignedIn => Err(Code::NotSignedIn.into()),
        Authority::AnyMember | Authority::Viewer | Authority::Developer | Authority::Admin | Authority::Operator => {
            operator(headers, control).await.map(Some)
        }
    }
}

/// Shape and checksum first, so that guessing costs the guesser and not the store. The look-up is by SHA-256 of a text
/// with 226 random bits, so its time tells nothing about any token.
async fn operator(headers: &HeaderMap, control: &Control) -> Result<OperatorTokenId, Refusal> {
    let no = || Refusal::from(Code::Unauthorized);
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return Err(no()) };
    let text = bearer(field.as_bytes()).filter(|text| is_token_text(TOKEN_HEAD, text)).ok_or_else(no)?;
    let found = control.parts().store.operator_token_by_hash(&SecretHash::of(text)).await?;
    found.filter(|token| token.revoked_at.is_none()).map(|token| token.id).ok_or_else(no)
}

/// What follows `Bearer`, in any case (RFC 9110 section 11.1), and one or more spaces.
fn bearer(field: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = field.split_at_checked(6)?;
    (scheme.eq_ignore_ascii_case(b"bearer") && rest.starts_with(b" ")).then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case_and_nothing_else_is_bearer() {
        for field in ["Bearer x", "bearer x", "BEARER  x "] {
            assert_eq!(bearer(field.as_bytes()), Some(&b"x"[..]), "{field}");
        }
        for field in ["", "Bearer", "Bearerx", "Basic x", "Bear", "x"] {
            assert_eq!(bearer(field.as_bytes()), None, "{field}");
        }
    }
}
