//! Signing in with a password, who is signed in, signing out.
//!
//! Owns:  their handlers, and that an unknown address and a wrong password cannot be told apart, in words or in time.
//! Never: hashes; that is `password`.
//! Read:  `create`.

use crate::{brake, operation::Op, refusal::Refusal, reply::Reply, second_factors, sessions};
use api::{
    Code,
    contract::{SessionCreate, SessionDelete, SessionGet, SignInOptionsGet},
    session::{ProviderOut, SessionView, SignInOptionsOut},
};
use model::{EmailAddress, Presentation};
use store::{Author, Proof, StoreError};

pub(crate) async fn options(op: Op<SignInOptionsGet>) -> Result<SignInOptionsOut, Refusal> {
    let people = &op.context.control.parts().people;
    let accepted = op.context.control.parts().policy.presentations;
    let presentations = Presentation::ALL.into_iter().filter(|presentation| accepted.contains(*presentation));
    let provider = |p: &crate::people::Provider| ProviderOut { id: p.id.clone(), name: p.name.clone() };
    Ok(SignInOptionsOut {
        registration: people.registration.as_str().to_owned(),
        providers: people.providers.iter().map(provider).collect(),
        product: people.product.clone(),
        needs_first_owner: !op.context.people().any().await?,
        api_url: people.api_url.clone(),
        presentations: presentations.map(|p| p.as_str().to_owned()).collect(),
    })
}

/// The attempt is counted first, then the same work is done whether anybody has the address or not.
pub(crate) async fn create(op: Op<SessionCreate>) -> Result<Reply<SessionCreate>, Refusal> {
    let (context, body) = (&op.context, op.body);
    let email = EmailAddress::parse(&body.email);
    let attempt = brake::sign_in(context, email.as_ref()).await?;
    let found = match &email {
        Some(email) => context.people().by_email(email).await?,
        None => None,
    };
    let phc = found.as_ref().and_then(|person| person.password.clone());
    let fits = context.control.passwords().verify(body.password.secret().clone(), phc.clone()).await?;
    let person = found.filter(|_| fits).ok_or(Code::SignInFailed)?;
    let proof = phc.map(|password| Proof { password, totp: person.totp.clone() });
    if person.totp.is_some() {
        let code = body.code.ok_or(Code::SecondFactorRequired)?;
        if !second_factors::check(context, &person, &code).await? {
            let detail = "The code is not right, or was used before. Send a fresh one.";
            return Err(Refusal::with_detail(Code::SecondFactorRequired, detail));
        }
    }
    let (session, token) = sessions::begin(context, "password").await?;
    let began = (session.id, session.expires_at);
    let stamp = context.stamp_by(Author::Person(person.id));
    let signed_in = context.people().sign_in(stamp, person.id, proof, None, session).await;
    let person = match signed_in {
        Ok(committed) => committed.value,
        // The password was changed while it was verified, or a second factor was set up.
        Err(StoreError::NotFound { .. }) => return Err(Code::SignInFailed.into()),
        Err(error) => return Err(error.into()),
    };
    attempt.succeeded(context).await?;
    let view = sessions::view(&context.control, began, &person).await?;
    Reply::json(view).with(sessions::cookie(context, &token, began.1))
}

pub(crate) async fn get(op: Op<SessionGet>) -> Result<SessionView, Refusal> {
    let session = op.context.session()?;
    let person = op.context.people().person(session.person).await?;
    sessions::view(&op.context.control, (session.id, session.expires_at), &person).await
}

pub(crate) async fn delete(op: Op<SessionDelete>) -> Result<Reply<SessionDelete>, Refusal> {
    let session = op.context.session()?;
    match op.context.people().end_session(op.context.stamp()?, session.person, session.id).await {
        // One that has ended meanwhile is what was asked for.
        Ok(_) | Err(StoreError::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Reply::nothing().with(op.context.control.cookies().clear_session())
}
