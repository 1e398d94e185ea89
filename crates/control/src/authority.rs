//! Authority: who may ask for an operation.
//!
//! Owns:  recognising operator tokens and sessions, and holding a member's role against an operation.
//! Never: lets an API key in, of any kind, in any presentation (D8); tells one bad token from another.
//! Read:  `identify` (who asks), then `authorize` (whether they may).

use crate::{arrival::Came, control::Control, refusal::Refusal};
use api::{Code, contract::Authority};
use http::{HeaderMap, header};
use model::{AccountId, Member, OperatorTokenId, SecretHash, Timestamp, key_text::is_token_text};
use store::{Author, SessionRow, Stamp};

/// What every operator token begins with; no key prefix followed by an environment can be this.
pub const TOKEN_HEAD: &str = "op_";

/// How old the note of a session's last use may become, in seconds.
const SEEN_EVERY_SECS: i64 = 60;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Nobody in particular.
    Nobody,
    /// The holder of an operator token.
    Operator(OperatorTokenId),
    /// Somebody who is signed in; `member` is what they are in the account that the path names, when it names one.
    Person { session: SessionRow, member: Option<Member> },
}

impl Caller {
    /// As the audit chain and the log name them.
    pub(crate) fn author(&self) -> Option<Author> {
        match self {
            Self::Nobody => None,
            Self::Operator(id) => Some(Author::Operator(*id)),
            Self::Person { member: Some(member), .. } => Some(Author::Member(member.id)),
            Self::Person { session, member: None } => Some(Author::Person(session.person)),
        }
    }
}

/// Who asks. `Authorization` wins over a cookie: whoever sends both means the token.
pub(crate) async fn identify(
    authority: Authority,
    safe: bool,
    headers: &HeaderMap,
    came: &Came,
    control: &Control,
) -> Result<Caller, Refusal> {
    if authority == Authority::Anyone {
        // A page of another site signs nobody in here, and nobody out. Programs send neither cookie nor origin.
        let own = safe || came.is_own_page(!control.cookies().has_session(headers));
        return if own { Ok(Caller::Nobody) } else { Err(Code::CsrfRefused.into()) };
    }
    if authority.admits_operator() && (headers.contains_key(header::AUTHORIZATION) || !authority.admits_sessions()) {
        return operator(headers, control).await.map(Caller::Operator);
    }
    if !authority.admits_operator() && headers.contains_key(header::AUTHORIZATION) {
        return Err(Code::NotSignedIn.into());
    }
    if !control.cookies().has_session(headers) && authority.admits_operator() {
        return Err(Code::Unauthorized.into());
    }
    let session = session(headers, control).await?.ok_or(Code::NotSignedIn)?;
    if !safe && !came.is_own_page(false) {
        return Err(Code::CsrfRefused.into());
    }
    Ok(Caller::Person { session, member: None })
}

/// Whether they may: the table of operations says who, and what it does not say is refused. A member of another account
/// learns no more than somebody who is in none: there is no such object.
pub(crate) async fn authorize(
    authority: Authority,
    caller: Caller,
    account: Option<AccountId>,
    control: &Control,
) -> Result<Caller, Refusal> {
    let Caller::Person { session, .. } = caller else {
        let open = match &caller {
            Caller::Operator(_) => authority.admits_operator(),
            Caller::Nobody | Caller::Person { .. } => authority == Authority::Anyone,
        };
        return if open { Ok(caller) } else { Err(Code::Unauthorized.into()) };
    };
    let people = control.parts().store.people();
    match authority {
        Authority::SignedIn => Ok(Caller::Person { session, member: None }),
        Authority::AnyMember => match people.memberships(session.person).await?.first() {
            Some(_) => Ok(Caller::Person { session, member: None }),
            None => Err(Code::RoleInsufficient.into()),
        },
        Authority::Viewer | Authority::Developer | Authority::Admin => {
            let account = account.ok_or(Code::InternalError)?;
            let member = people.membership(session.person, account).await?.ok_or(Code::NotFound)?;
            if !authority.admits(member.role) {
                return Err(Code::RoleInsufficient.into());
            }
            Ok(Caller::Person { session, member: Some(member) })
        }
        Authority::Anyone | Authority::Operator => Err(Code::Unauthorized.into()),
    }
}

/// Shape and checksum first, so that guessing costs the guesser and not the store. The look-up is by SHA-256 of a text
/// with 226 random bits, so its time tells nothing about any token.
pub(crate) async fn operator(headers: &HeaderMap, control: &Control) -> Result<OperatorTokenId, Refusal> {
    let no = || Refusal::from(Code::Unauthorized);
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return Err(no()) };
    let text = bearer(field.as_bytes()).filter(|text| is_token_text(TOKEN_HEAD, text)).ok_or_else(no)?;
    let found = control.parts().store.operator_token_by_hash(&SecretHash::of(text)).await?;
    found.filter(|token| token.revoked_at.is_none()).map(|token| token.id).ok_or_else(no)
}

/// The session of a request's cookie, when it lasts. The look-up is by SHA-256 of 256 random bits.
pub(crate) async fn session(headers: &HeaderMap, control: &Control) -> Result<Option<SessionRow>, Refusal> {
    let Some(hash) = control.cookies().session(headers) else { return Ok(None) };
    let now = control.now();
    let people = control.parts().store.people();
    let Some(session) = people.session(&hash, now, control.seen_since(now)).await? else { return Ok(None) };
    if session.last_seen_at.plus_secs(SEEN_EVERY_SECS) <= now {
        let stamp = anonymous(control, now);
        // Only how long the session lasts depends on it, and the next request notes it too.
        if let Err(error) = people.touch(stamp, session.id).await {
            tracing::debug!(%error, "the use of a session could not be noted");
        }
    }
    Ok(Some(session))
}

/// The stamp of a change that no audit entry tells of.
pub(crate) fn anonymous(control: &Control, now: Timestamp) -> Stamp {
    Stamp { author: Author::Installation, request: None, now, audit_id: control.issuer(now).audit_id() }
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
