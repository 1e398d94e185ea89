//! Second factors of whoever is signed in: offer, confirm, give up, recovery codes.
//!
//! Owns:  their handlers, and the check of a code wherever one is asked for.
//! Never: keeps a secret unsealed, or takes a code twice.
//! Read:  `check`, then the handlers.

use crate::{
    brake, me,
    operation::{Context, Op},
    refusal::Refusal,
    reply::Reply,
    second_factor::{SecondFactor, base32, recovery_codes, recovery_hash},
    sessions,
};
use api::{
    Code,
    contract::{MeRecoveryCodes, MeTotpConfirm, MeTotpCreate, MeTotpDelete},
    key::SecretText,
    person::{ConfirmationIn, RecoveryCodesOut, TotpOffered},
};
use model::PersonId;
use store::{Author, PersonRow};

/// Whether `code` is one of the person's second factor that was not taken before, or one of their recovery codes. It is
/// taken by this. Wrong ones are braked, whoever asks: six digits are soon guessed.
///
/// # Errors
/// `TooManyAttempts`.
pub(crate) async fn check(context: &Context, person: &PersonRow, code: &SecretText) -> Result<bool, Refusal> {
    let Some(sealed) = &person.totp else { return Ok(false) };
    let (people, code) = (context.people(), code.secret().expose().trim());
    let attempt = brake::code(context, person.id).await?;
    let stamp = context.stamp_by(Author::Person(person.id));
    let taken = match step(context, person, sealed, code)? {
        Some(step) => people.take_totp_step(stamp, person.id, step).await?.value,
        None => people.take_recovery_code(stamp, person.id, recovery_hash(code)).await?.value,
    };
    if taken {
        attempt.succeeded(context).await?;
    }
    Ok(taken)
}

/// The step of a code that is right now.
fn step(context: &Context, person: &PersonRow, sealed: &[u8], code: &str) -> Result<Option<u64>, Refusal> {
    let secret = context.control.sealer()?.open(&bound_to(person.id), sealed).ok_or(Code::InternalError)?;
    let factor = factor(context, person, &secret)?;
    Ok(factor.step_of(code, u64::try_from(context.now.as_secs()).unwrap_or_default()))
}

fn factor(context: &Context, person: &PersonRow, secret: &model::Secret<Vec<u8>>) -> Result<SecondFactor, Refusal> {
    let product = &context.control.parts().people.product;
    SecondFactor::new(secret, person.email.as_str(), product).ok_or_else(|| Code::InternalError.into())
}

/// A second factor opens for its own person only.
fn bound_to(person: PersonId) -> Vec<u8> {
    [&b"second factor "[..], &person.to_bytes()].concat()
}

pub(crate) async fn offer(op: Op<MeTotpCreate>) -> Result<TotpOffered, Refusal> {
    let context = &op.context;
    let person = context.people().person(context.session()?.person).await?;
    me::confirmed(context, &person, op.body.password.as_ref()).await?;
    let secret = SecondFactor::secret(&*context.control.parts().randomness);
    let uri = factor(context, &person, &secret)?.uri().ok_or(Code::InternalError)?;
    let sealed = context.control.sealer()?.seal(&bound_to(person.id), secret.expose().clone());
    let sealed = sealed.ok_or(Code::InternalError)?;
    let _committed = context.people().offer_totp(context.stamp()?, person.id, sealed).await?;
    Ok(TotpOffered { secret: base32(&secret), uri })
}

pub(crate) async fn confirm(op: Op<MeTotpConfirm>) -> Result<Reply<MeTotpConfirm>, Refusal> {
    let context = &op.context;
    let session = context.session()?;
    let person = context.people().person(session.person).await?;
    let offered = person.totp_offered.clone().filter(|_| person.totp.is_none()).ok_or(Code::Conflict)?;
    let attempt = brake::sign_in(context, Some(&person.email)).await?;
    let step = step(context, &person, &offered, op.body.code.secret().expose().trim())?;
    let step = step.ok_or(Code::ConfirmationFailed)?;
    attempt.succeeded(context).await?;
    let (shown, kept) = recovery_codes(&*context.control.parts().randomness);
    let (rotation, token) = sessions::rotated(context, session);
    let people = context.people();
    let _committed = people.confirm_totp(context.stamp()?, person.id, (offered, step), kept, rotation).await?;
    let answer = RecoveryCodesOut { recovery_codes: shown };
    Reply::json(answer).with(sessions::cookie(context, &token, session.expires_at))
}

pub(crate) async fn remove(op: Op<MeTotpDelete>) -> Result<Reply<MeTotpDelete>, Refusal> {
    let context = &op.context;
    let session = context.session()?;
    let person = context.people().person(session.person).await?;
    if person.totp.is_none() {
        return Err(Refusal::with_detail(Code::Conflict, "There is no second factor."));
    }
    me::confirmed(context, &person, op.body.password.as_ref()).await?;
    with_code(context, &person, &op.body.code).await?;
    let (rotation, token) = sessions::rotated(context, session);
    let person = context.people().remove_totp(context.stamp()?, person.id, rotation).await?.value;
    let view = sessions::view(&context.control, (session.id, session.expires_at), &person).await?;
    Reply::json(view).with(sessions::cookie(context, &token, session.expires_at))
}

pub(crate) async fn recovery(op: Op<MeRecoveryCodes>) -> Result<RecoveryCodesOut, Refusal> {
    let context = &op.context;
    let person = context.people().person(context.session()?.person).await?;
    if person.totp.is_none() {
        return Err(Refusal::with_detail(Code::Conflict, "There is no second factor."));
    }
    with_code(context, &person, &op.body.code).await?;
    let (shown, kept) = recovery_codes(&*context.control.parts().randomness);
    let _committed = context.people().set_recovery_codes(context.stamp()?, person.id, kept).await?;
    Ok(RecoveryCodesOut { recovery_codes: shown })
}

/// Password and code, from who has them: what confirms a change of how somebody signs in.
///
/// # Errors
/// `ConfirmationFailed`, `TooManyAttempts`.
pub(crate) async fn confirmed(context: &Context, person: &PersonRow, by: &ConfirmationIn) -> Result<(), Refusal> {
    me::confirmed(context, person, by.password.as_ref()).await?;
    if person.totp.is_none() {
        return Ok(());
    }
    with_code(context, person, by.code.as_ref().ok_or(Code::ConfirmationFailed)?).await
}

/// A code that confirms a change.
async fn with_code(context: &Context, person: &PersonRow, code: &SecretText) -> Result<(), Refusal> {
    if check(context, person, code).await? { Ok(()) } else { Err(Code::ConfirmationFailed.into()) }
}
