//! Invitations: make, list, take back, look up, accept.
//!
//! Owns:  their handlers, and the link, which is shown once.
//! Never: tells an invitation that was used from one that never was.
//! Read:  `create`, then `accept`.

use crate::{
    authority,
    operation::{Context, Op},
    pages::{page, shown},
    people::Registration,
    refusal::Refusal,
    reply::Reply,
    session_cookie::Token,
    sessions,
};
use api::{
    Code, Time,
    contract::{InvitationsAccept, InvitationsCreate, InvitationsDelete, InvitationsList, InvitationsLookUp},
    invitation::{InvitationCreated, InvitationOut, InvitationSeen},
    key::SecretText,
    page::Page,
};
use model::{Secret, SecretHash};
use store::{Accepting, Author, InvitationRow, NewInvitation, NewPerson, StoreError};

/// How long an invitation can be accepted, in seconds: 7 days.
const LASTS_SECS: i64 = 7 * 86_400;
/// Where the dashboard takes an invitation. The token is behind `#`, so that no server's log ever holds it.
const PAGE: &str = "/invitation#";

pub(crate) async fn create(op: Op<InvitationsCreate>) -> Result<InvitationCreated, Refusal> {
    let context = &op.context;
    let (email, role) = op.body.check()?;
    if context.member().is_some() && context.control.parts().people.registration == Registration::Operator {
        return Err(Code::RegistrationClosed.into());
    }
    let token = Token::new(&*context.control.parts().randomness);
    let id = context.issuer().invitation_id();
    let new = NewInvitation { id, email, role, hash: token.hash, expires_at: context.now.plus_secs(LASTS_SECS) };
    let committed = context.account(op.target.account).invite(context.stamp()?, new).await?;
    let link = Secret::new(format!("{}{PAGE}{}", context.came.origin, token.text.expose()));
    Ok(InvitationCreated { invitation: show(&committed.value), link: SecretText::new(link) })
}

pub(crate) async fn list(op: Op<InvitationsList>) -> Result<Page<InvitationOut>, Refusal> {
    let account = op.context.account(op.target.account);
    account.account().await?;
    let page = page(op.query.limit, op.query.cursor.as_deref())?;
    Ok(shown(account.invitations(op.context.now, page).await?, show))
}

pub(crate) async fn delete(op: Op<InvitationsDelete>) -> Result<Reply<InvitationsDelete>, Refusal> {
    let account = op.context.account(op.target.account);
    let _committed = account.uninvite(op.context.stamp()?, op.target.invitation).await?;
    Ok(Reply::nothing())
}

pub(crate) async fn look_up(op: Op<InvitationsLookUp>) -> Result<InvitationSeen, Refusal> {
    let (_, invitation, account_name) = find(&op.context, &op.body.token).await?;
    let has_person = op.context.people().by_email(&invitation.email).await?.is_some();
    Ok(InvitationSeen {
        account_name,
        email: invitation.email.to_string(),
        role: invitation.role.into(),
        expires_at: Time(invitation.expires_at),
        has_person,
    })
}

/// Whoever holds the link comes in. Who can sign in already has to do so first: a link alone takes nobody's place.
pub(crate) async fn accept(op: Op<InvitationsAccept>) -> Result<Reply<InvitationsAccept>, Refusal> {
    let context = &op.context;
    let (hash, invitation, _) = find(context, &op.body.token).await?;
    let known = context.people().by_email(&invitation.email).await?;
    let session = authority::session(&context.headers, &context.control).await?;
    let (who, author, began, token) = match (session, known) {
        (Some(session), Some(person)) if session.person == person.id => {
            let (rotation, token) = sessions::rotate(context, &session);
            (Accepting::Known(person.id, rotation), person.id, (session.id, session.expires_at), token)
        }
        (Some(_), _) => return Err(Code::InvitationInvalid.into()),
        (None, Some(_)) => {
            let detail = "Somebody can sign in with this address already. Sign in, then accept.";
            return Err(Refusal::with_detail(Code::NotSignedIn, detail));
        }
        (None, None) => {
            let (name, password) = op.body.check(&invitation.email)?;
            let password = context.control.passwords().hash(password).await?;
            let (session, token) = sessions::begin(context, "invitation").await?;
            let id = context.issuer().person_id();
            let email = invitation.email.clone();
            let person = NewPerson { id, email, email_proven: false, name, password: Some(password) };
            let began = (session.id, session.expires_at);
            (Accepting::New(person, session), id, began, token)
        }
    };
    let stamp = context.stamp_by(Author::Person(author));
    let member = context.issuer().member_id();
    let accepted = context.people().accept(stamp, hash, member, who).await;
    let (person, _) = accepted.map_err(invalid)?.value;
    let view = sessions::view(&context.control, began, &person).await?;
    Reply::json(view).with(sessions::cookie(context, &token, began.1))
}

async fn find(context: &Context, token: &SecretText) -> Result<(SecretHash, InvitationRow, String), Refusal> {
    let hash = Token::hash_of(token.secret().expose()).ok_or(Code::InvitationInvalid)?;
    let (invitation, account) = context.people().invitation(&hash, context.now).await.map_err(invalid)?;
    Ok((hash, invitation, account))
}

fn invalid(error: StoreError) -> Refusal {
    if matches!(error, StoreError::NotFound { .. }) { Code::InvitationInvalid.into() } else { error.into() }
}

fn show(invitation: &InvitationRow) -> InvitationOut {
    InvitationOut {
        id: invitation.id.to_string(),
        email: invitation.email.to_string(),
        role: invitation.role.into(),
        created_at: Time(invitation.created_at),
        expires_at: Time(invitation.expires_at),
        created_by: invitation.created_by.clone(),
    }
}
