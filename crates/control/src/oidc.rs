//! Signing in with a provider: off to it, and back (OpenID Connect Core, section 3.1; RFC 7636).
//!
//! Owns:  their handlers, the journey that a browser carries, and who a provider's subject is here.
//! Never: takes an address for a person without the provider vouching for it, or links what could be somebody else's.
//! Read:  `start` and `set_off`, then `callback`, then `person_of`.

mod provider;

pub(crate) use provider::{Known, Places, Providers};

use crate::{
    operation::{Context, Op},
    people::Registration,
    refusal::Refusal,
    reply::Reply,
    session_cookie::Token,
    sessions,
};
use api::{
    Code,
    contract::{OidcCallback, OidcStart},
    session::OidcCallbackQuery,
};
use data_encoding::BASE64URL_NOPAD;
use http::HeaderValue;
use model::{EmailAddress, PersonId, SecretHash, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::{Author, IssuerSubject, NewPerson};

/// How long a browser may be at the provider.
const JOURNEY_MAX: Duration = Duration::from_secs(600);
/// Where who wants a provider linked comes from and goes back to.
const SETTINGS: &str = "/settings";
/// Where who wants to sign in comes from.
const SIGN_IN: &str = "/sign-in";
/// What the seal of a journey is for.
const BOUND_TO: &[u8] = b"journey to a provider";

/// What a browser carries to a provider and back, sealed.
#[derive(Serialize, Deserialize)]
struct Journey {
    provider: String,
    state: String,
    nonce: String,
    verifier: String,
    /// The session that wants the provider's account linked to its person.
    session: Option<String>,
    until_micros: i64,
}

pub(crate) async fn start(op: Op<OidcStart>) -> Result<Reply<OidcStart>, Refusal> {
    let context = &op.context;
    let known = context.control.providers().find(&op.target.provider).ok_or(Code::NotFound)?;
    let places = known.places(context.now).await.ok_or(Code::ProviderUnavailable)?;
    // Whoever is signed in already is signed in anew, and nothing is linked: any page can lead a browser here, and a stolen
    // session would be made to last by it.
    let (to, cookie) = set_off(context, known, places, None)?;
    Reply::redirect(to).with(cookie)
}

/// Where a browser goes to sign in at a provider, and the cookie with what it carries. `linking` is the session whose person
/// the provider's account is to be linked to; what confirms that was asked for.
pub(crate) fn set_off(
    context: &Context,
    known: &Known,
    places: Places,
    linking: Option<SessionId>,
) -> Result<(String, Option<HeaderValue>), Refusal> {
    let fresh = || Token::new(&*context.control.parts().randomness).text.expose().clone();
    let lasts = i64::try_from(JOURNEY_MAX.as_secs()).unwrap_or(i64::MAX);
    let journey = Journey {
        provider: known.provider.id.clone(),
        state: fresh(),
        nonce: fresh(),
        verifier: fresh(),
        session: linking.map(|session| session.to_string()),
        until_micros: context.now.plus_secs(lasts).as_micros(),
    };
    let challenge = BASE64URL_NOPAD.encode(SecretHash::of(journey.verifier.as_bytes()).as_bytes());
    let query = [
        ("response_type", "code"),
        ("client_id", &known.provider.client_id),
        ("redirect_uri", &return_to(context, &journey.provider)),
        ("scope", "openid email profile"),
        ("state", &journey.state),
        ("nonce", &journey.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let mut to = places.authorization;
    to.query_pairs_mut().extend_pairs(query);
    let plain = serde_json::to_vec(&journey).map_err(|_| Code::InternalError)?;
    let sealed = context.control.sealer()?.seal(BOUND_TO, plain).ok_or(Code::InternalError)?;
    let cookie = context.control.cookies().set_journey(&BASE64URL_NOPAD.encode(&sealed), JOURNEY_MAX);
    Ok((to.into(), cookie))
}

/// Whatever goes wrong is told by the page that the browser came from, the settings or the sign-in: a browser on its way is not
/// where somebody reads a problem.
pub(crate) async fn callback(op: Op<OidcCallback>) -> Result<Reply<OidcCallback>, Refusal> {
    let cookies = op.context.control.cookies();
    let journey = journey(&op.context, &op.target.provider);
    let links = journey.as_ref().is_some_and(|journey| journey.session.is_some());
    match arrive(&op.context, &op.target.provider, journey, &op.query).await {
        Ok(None) => Reply::redirect(SETTINGS.to_owned()).with(cookies.clear_journey()),
        Ok(Some(cookie)) => Reply::redirect("/".to_owned()).with(cookies.clear_journey())?.with(Some(cookie)),
        Err(refusal) => {
            let code = refusal.code().answer().code;
            tracing::info!(provider = op.target.provider, code, "a sign-in with a provider failed");
            let page = if links { SETTINGS } else { SIGN_IN };
            Reply::redirect(format!("{page}?error={code}")).with(cookies.clear_journey())
        }
    }
}

/// Where the provider sends a browser back to. Registered there.
fn return_to(context: &Context, provider: &str) -> String {
    format!("{}/v1/sign-in/oidc/{provider}/callback", context.came.origin)
}

/// Signs in, or links; the cookie of a new session.
async fn arrive(
    context: &Context,
    provider: &str,
    journey: Option<Journey>,
    query: &OidcCallbackQuery,
) -> Result<Option<HeaderValue>, Refusal> {
    let known = context.control.providers().find(provider).ok_or(Code::NotFound)?;
    let journey = journey.ok_or(Code::SignInFailed)?;
    let state = query.state.as_deref().unwrap_or_default();
    // In constant time, by their hashes.
    if !SecretHash::of(state.as_bytes()).matches(&SecretHash::of(journey.state.as_bytes())) {
        return Err(Code::SignInFailed.into());
    }
    let code = query.code.as_deref().filter(|_| query.error.is_none()).ok_or(Code::SignInFailed)?;
    let person = exchange(context, known, &journey, code).await?;
    let subject = IssuerSubject {
        issuer: person.issuer().to_owned(),
        directory: person.directory().to_owned(),
        subject: person.subject().to_owned(),
    };
    if let Some(session) = &journey.session {
        return link(context, session, subject).await.map(|()| None);
    }
    let email = person.proven_email().and_then(EmailAddress::parse);
    let (session, token) = sessions::begin(context, "oidc").await?;
    let expires_at = session.expires_at;
    match person_of(context, &subject, email).await? {
        Whose::Known(id, links) => {
            let stamp = context.stamp_by(Author::Person(id));
            let _committed = context.people().sign_in(stamp, id, None, links.then_some(subject), session).await?;
        }
        Whose::New(email) => {
            let id = context.issuer().person_id();
            let name = email.as_str().split('@').next().unwrap_or_default().to_owned();
            let new = NewPerson { id, email, email_proven: true, name, password: None };
            let stamp = context.stamp_by(Author::Person(id));
            let _committed = context.people().create_person(stamp, new, subject, session).await?;
        }
    }
    Ok(sessions::cookie(context, &token, expires_at))
}

/// The journey of this browser to this provider, while it lasts.
fn journey(context: &Context, provider: &str) -> Option<Journey> {
    let sealed = BASE64URL_NOPAD.decode(context.control.cookies().journey(&context.headers)?.as_bytes()).ok()?;
    let plain = context.control.sealer().ok()?.open(BOUND_TO, &sealed)?;
    let journey: Journey = serde_json::from_slice(plain.expose()).ok()?;
    let lasts = context.now < Timestamp::from_micros(journey.until_micros);
    (lasts && journey.provider == provider).then_some(journey)
}

/// The code for a token, and the token for whom it speaks of.
async fn exchange(context: &Context, known: &Known, journey: &Journey, code: &str) -> Result<proof::Person, Refusal> {
    let return_to = return_to(context, &journey.provider);
    let token = known.redeem(context.now, code, &journey.verifier, &return_to).await?;
    let person = known.verify(context.now, &token).await?;
    if !person.answers(&journey.nonce) {
        return Err(Code::SignInFailed.into());
    }
    Ok(person)
}

/// Links the subject to the person whose session began the journey.
async fn link(context: &Context, session: &str, subject: IssuerSubject) -> Result<(), Refusal> {
    let id: SessionId = session.parse().map_err(|_| Code::NotSignedIn)?;
    let since = context.control.seen_since(context.now);
    let session = context.people().session_by_id(id, context.now, since).await?.ok_or(Code::NotSignedIn)?;
    let stamp = context.stamp_by(Author::Person(session.person));
    let _committed = context.people().link(stamp, session.person, subject).await?;
    Ok(())
}

/// Who a provider's subject is here.
enum Whose {
    /// A person; and whether the subject is to be linked to them.
    Known(PersonId, bool),
    /// Somebody new, with this address.
    New(EmailAddress),
}

/// By issuer and subject first, which never change hands; then by an address that the issuer vouches for. A person who has
/// only ever said that an address is theirs may be somebody who wrote down another's: to them nothing is linked by address
/// alone, they link it themselves while they are signed in.
async fn person_of(context: &Context, subject: &IssuerSubject, email: Option<EmailAddress>) -> Result<Whose, Refusal> {
    let people = context.people();
    if let Some(person) = people.by_subject(subject).await? {
        return Ok(Whose::Known(person.id, false));
    }
    let email = email.ok_or(Code::RegistrationClosed)?;
    if let Some(person) = people.by_email(&email).await? {
        let theirs = person.email_proven || person.password.is_none();
        return if theirs { Ok(Whose::Known(person.id, true)) } else { Err(Code::EmailTaken.into()) };
    }
    let open = context.control.parts().people.registration == Registration::Open;
    if open || people.is_invited(&email, context.now).await? {
        return Ok(Whose::New(email));
    }
    Err(Code::RegistrationClosed.into())
}
