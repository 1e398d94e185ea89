//! Linked providers: with which providers' accounts whoever is signed in signs in.
//!
//! Owns:  their handlers, and which provider a link belongs to.
//! Never: links by itself: a browser has to come back from the provider (`oidc`). Changes a link without a confirmation.
//! Read:  top down.

use crate::{
    oidc,
    operation::{Context, Op},
    people::Provider,
    refusal::Refusal,
    reply::Reply,
    second_factors, sessions,
};
use api::{
    Code, Time,
    contract::{MeProvidersLink, MeProvidersList, MeProvidersUnlink},
    page::Page,
    person::{LinkedProviderOut, ProviderLinkStarted},
};
use store::{IssuerSubject, LinkedSubject};

/// A person has no more links than fit one page.
pub(crate) async fn list(op: Op<MeProvidersList>) -> Result<Page<LinkedProviderOut>, Refusal> {
    let links = op.context.people().links(op.context.session()?.person).await?;
    let data = links.iter().filter_map(|link| Some(show(of(&op.context, &link.subject)?, link))).collect();
    Ok(Page { data, next_cursor: None })
}

/// What is asked of the provider comes first: no code is used up while it cannot be reached.
pub(crate) async fn link(op: Op<MeProvidersLink>) -> Result<Reply<MeProvidersLink>, Refusal> {
    let context = &op.context;
    let session = context.session()?;
    let known = context.control.providers().find(&op.target.provider).ok_or(Code::NotFound)?;
    let places = known.places(context.now).await.ok_or(Code::ProviderUnavailable)?;
    let person = context.people().person(session.person).await?;
    second_factors::confirmed(context, &person, &op.body).await?;
    let (location, cookie) = oidc::set_off(context, known, places, Some(session.id))?;
    Reply::json(ProviderLinkStarted { location }).with(cookie)
}

/// Whoever came in by the link is signed out with it.
pub(crate) async fn unlink(op: Op<MeProvidersUnlink>) -> Result<Reply<MeProvidersUnlink>, Refusal> {
    let context = &op.context;
    let session = context.session()?;
    let person = context.people().person(session.person).await?;
    let links = context.people().links(person.id).await?.into_iter().map(|link| link.subject);
    // A link that no provider accepts signs nobody in: it is no other way in.
    let links = links.filter_map(|subject| Some((of(context, &subject)?.id == op.target.provider, subject)));
    let (these, others): (Vec<_>, Vec<_>) = links.partition(|(this, _)| *this);
    if these.is_empty() {
        return Err(Code::NotFound.into());
    }
    second_factors::confirmed(context, &person, &op.body).await?;
    let subjects = |of: Vec<(bool, IssuerSubject)>| of.into_iter().map(|(_, subject)| subject).collect();
    let (rotation, token) = sessions::rotated(context, session);
    let wish = (subjects(these), subjects(others));
    let person = context.people().unlink(context.stamp()?, person.id, wish, rotation).await?.value;
    let view = sessions::view(&context.control, (session.id, session.expires_at), &person).await?;
    Reply::json(view).with(sessions::cookie(context, &token, session.expires_at))
}

/// The provider that a link belongs to: the first of its issuer, while there is one.
fn of<'a>(context: &'a Context, subject: &IssuerSubject) -> Option<&'a Provider> {
    let providers = &context.control.parts().people.providers;
    providers.iter().find(|provider| provider.issuer.issues(&subject.issuer))
}

fn show(provider: &Provider, link: &LinkedSubject) -> LinkedProviderOut {
    LinkedProviderOut { provider_id: provider.id.clone(), name: provider.name.clone(), linked_at: Time(link.linked_at) }
}
