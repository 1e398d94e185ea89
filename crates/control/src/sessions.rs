//! Sessions: how one begins, gets a new token, and is shown.
//!
//! Owns:  what every way of signing in has in common.
//! Never: proves who somebody is.
//! Read:  `begin`, then `view`.

use crate::{authority, control::Control, operation::Context, refusal::Refusal, session_cookie::Token};
use api::{
    Time, contract,
    member::RoleName,
    person::PersonOut,
    session::{AccountName, DeviceOut, MembershipOut, SessionView},
};
use http::HeaderValue;
use model::{SessionId, Timestamp};
use std::time::Duration;
use store::{Membership, NewSession, PersonRow, Rotation, SessionRow, Sessions};

/// A session to begin, and its token. It is a fresh one, whatever the browser sent: nobody can be made to use a session that
/// somebody else knows (session fixation).
pub(crate) async fn begin(context: &Context, method: &'static str) -> Result<(NewSession, Token), Refusal> {
    let control = &context.control;
    let token = Token::new(&*control.parts().randomness);
    let lasts = i64::try_from(control.parts().people.session_max.as_secs()).unwrap_or(i64::MAX);
    let before = authority::session(&context.headers, control).await?;
    let session = NewSession {
        id: context.issuer().session_id(),
        hash: token.hash,
        expires_at: context.now.plus_secs(lasts),
        address: context.came.peer.map(|peer| peer.to_string()),
        agent: context.came.agent.clone(),
        method,
        replaces: before.map(|session| session.id),
    };
    Ok((session, token))
}

/// A new token for the session that asks; every other session of the person ends.
pub(crate) fn rotate(context: &Context, session: &SessionRow) -> (Rotation, Token) {
    let token = Token::new(&*context.control.parts().randomness);
    (Rotation { session: session.id, hash: token.hash }, token)
}

/// The same as a change of a person takes it.
pub(crate) fn rotated(context: &Context, session: &SessionRow) -> (Sessions, Token) {
    let (rotation, token) = rotate(context, session);
    (Sessions::Rotate(rotation), token)
}

/// The cookie of a session that ends at `expires_at`.
pub(crate) fn cookie(context: &Context, token: &Token, expires_at: Timestamp) -> Option<HeaderValue> {
    let left = u64::try_from(expires_at.micros_since(context.now)).unwrap_or_default() / 1_000_000;
    context.control.cookies().set_session(token, Duration::from_secs(left))
}

/// Who is signed in, and what they may do.
pub(crate) async fn view(
    control: &Control,
    (session, expires_at): (SessionId, Timestamp),
    person: &PersonRow,
) -> Result<SessionView, Refusal> {
    let memberships = control.parts().store.people().memberships(person.id).await?;
    Ok(SessionView {
        session_id: session.to_string(),
        expires_at: Time(expires_at),
        person: show_person(person),
        memberships: memberships.iter().map(show_membership).collect(),
    })
}

/// A person on the wire.
pub(crate) fn show_person(person: &PersonRow) -> PersonOut {
    PersonOut {
        id: person.id.to_string(),
        name: person.name.clone(),
        email: person.email.to_string(),
        has_totp: person.totp.is_some(),
        has_password: person.password.is_some(),
    }
}

fn show_membership(membership: &Membership) -> MembershipOut {
    let role = membership.member.role;
    MembershipOut {
        account: AccountName { id: membership.member.account.to_string(), name: membership.account_name.clone() },
        member_id: membership.member.id.to_string(),
        role: RoleName::from(role),
        rights: contract::rights(role).into_iter().map(str::to_owned).collect(),
    }
}

/// A session on the wire.
pub(crate) fn show_device(session: &SessionRow, current: Option<SessionId>) -> DeviceOut {
    DeviceOut {
        id: session.id.to_string(),
        current: current == Some(session.id),
        created_at: Time(session.created_at),
        last_seen_at: Time(session.last_seen_at),
        address: session.address.clone(),
        user_agent: session.agent.clone(),
        expires_at: Time(session.expires_at),
    }
}
