//! Me: name, password and sessions of whoever is signed in.
//!
//! Owns:  their handlers.
//! Never: reaches another person's rows: who is meant is never said, it is who asks.
//! Read:  top down.

use crate::{
    brake,
    operation::{Context, Op},
    refusal::Refusal,
    reply::Reply,
    sessions,
};
use api::{
    Code,
    contract::{MePassword, MeSessionsDelete, MeSessionsDeleteAll, MeSessionsList, MeUpdate},
    key::SecretText,
    page::Page,
    session::{DeviceOut, SessionView},
};
use model::Secret;
use store::{Author, PersonRow};

pub(crate) async fn update(op: Op<MeUpdate>) -> Result<SessionView, Refusal> {
    let name = op.body.check()?;
    let session = op.context.session()?;
    let person = op.context.people().rename(op.context.stamp()?, session.person, name).await?.value;
    sessions::view(&op.context.control, (session.id, session.expires_at), &person).await
}

pub(crate) async fn password(op: Op<MePassword>) -> Result<Reply<MePassword>, Refusal> {
    let context = &op.context;
    let session = context.session()?;
    let person = context.people().person(session.person).await?;
    let (current, new) = op.body.check(&person.email)?;
    let before = person.password.clone().ok_or_else(|| {
        let detail = "You sign in with a provider and have no password here.";
        Refusal::with_detail(Code::Conflict, detail)
    })?;
    confirmed(context, &person, Some(&current)).await?;
    let after = context.control.passwords().hash(new).await?;
    let (rotation, token) = sessions::rotated(context, session);
    let stamp = context.stamp_by(Author::Person(person.id));
    let person = context.people().set_password(stamp, person.id, (before, after), rotation).await?.value;
    let view = sessions::view(&context.control, (session.id, session.expires_at), &person).await?;
    Reply::json(view).with(sessions::cookie(context, &token, session.expires_at))
}

/// Holds the password that confirms a change against the person's. Who has none confirms with nothing: the session is all
/// that they have here. Guessing is braked as at sign-in, since a session that was stolen could be used for it.
///
/// # Errors
/// `ConfirmationFailed`, `TooManyAttempts`.
pub(crate) async fn confirmed(
    context: &Context,
    person: &PersonRow,
    password: Option<&SecretText>,
) -> Result<(), Refusal> {
    let Some(phc) = person.password.clone() else { return Ok(()) };
    let password: Secret<String> = password.ok_or(Code::ConfirmationFailed)?.secret().clone();
    let attempt = brake::sign_in(context, Some(&person.email)).await?;
    if !context.control.passwords().verify(password, Some(phc)).await? {
        return Err(Code::ConfirmationFailed.into());
    }
    attempt.succeeded(context).await
}

/// A person has no more sessions than fit one page.
pub(crate) async fn sessions(op: Op<MeSessionsList>) -> Result<Page<DeviceOut>, Refusal> {
    let current = op.context.session()?;
    let (now, since) = (op.context.now, op.context.control.seen_since(op.context.now));
    let all = op.context.people().sessions(current.person, now, since).await?;
    let data = all.iter().map(|session| sessions::show_device(session, Some(current.id))).collect();
    Ok(Page { data, next_cursor: None })
}

pub(crate) async fn sign_out(op: Op<MeSessionsDelete>) -> Result<Reply<MeSessionsDelete>, Refusal> {
    let current = op.context.session()?;
    let _committed = op.context.people().end_session(op.context.stamp()?, current.person, op.target.session).await?;
    if op.target.session == current.id {
        return Reply::nothing().with(op.context.control.cookies().clear_session());
    }
    Ok(Reply::nothing())
}

pub(crate) async fn sign_out_everywhere(op: Op<MeSessionsDeleteAll>) -> Result<Reply<MeSessionsDeleteAll>, Refusal> {
    let current = op.context.session()?;
    let _committed = op.context.people().end_sessions(op.context.stamp()?, current.person).await?;
    Reply::nothing().with(op.context.control.cookies().clear_session())
}
