//! Person: what callers without a key have to pass: signed-in people and inbound callbacks (D19, D20, D37).
//!
//! Owns:  the rules for the audiences `member`, `admin` and `callback`, and their order.
//! Never: takes anybody's word: both functions want a proof that only the crate `proof` makes.
//! Read:  `person`, then `callback`.

use crate::{
    facts::{Facts, Policy},
    permit::{Caller, Permit},
    record::Freshness,
    stage::{Authorized, from_own_page},
};
use model::{AccountId, Audience, Denial, Environment, Operation, SecretHash, Timestamp};
use proof::{Called, Person};

/// A person's request. `account` is what the person's issuer and directory are mapped to, as far as is known.
///
/// ```compile_fail,E0308
/// # use admission::{Facts, Freshness, Policy, person};
/// # fn claimed(facts: &Facts<'_>, policy: &Policy, token: &proof::Token<'_>, fresh: Freshness, now: model::Timestamp) {
/// let _ = person(facts, policy, token, None, fresh, now);
/// # }
/// ```
pub fn person(
    facts: &Facts<'_>,
    policy: &Policy,
    person: &Person,
    account: Option<AccountId>,
    freshness: Freshness,
    now: Timestamp,
) -> Result<Authorized, Denial> {
    let operation = facts.operation.ok_or(Denial::OperationUnknown)?;
    if now >= person.ends_at() {
        return Err(Denial::TokenExpired);
    }
    if now >= freshness.fresh_until {
        return Err(Denial::FreshnessLost);
    }
    let for_admins = match operation.audience {
        Audience::Member => false,
        Audience::Admin => true,
        Audience::Public | Audience::Key | Audience::Callback => return Err(Denial::AudienceMismatched),
    };
    let environment = environment(operation)?;
    own_page(facts, policy)?;
    if for_admins && !person.is_admin() {
        return Err(Denial::AdminRequired);
    }
    let account = account.ok_or(Denial::AccountNotMapped)?;
    let caller = Caller::Member { subject: name(person), account, admin: person.is_admin(), environment };
    Ok(Authorized { permit: Permit::grant(caller, operation) })
}

/// An inbound callback, whose proof was for the rule that the operation names.
pub fn callback(facts: &Facts<'_>, policy: &Policy, called: Called) -> Result<Authorized, Denial> {
    let operation = facts.operation.ok_or(Denial::OperationUnknown)?;
    if operation.audience != Audience::Callback || !operation.callback.as_ref().is_some_and(|n| called.is_for(n)) {
        return Err(Denial::AudienceMismatched);
    }
    own_page(facts, policy)?;
    let caller = Caller::Callback { account: called.account(), environment: environment(operation)? };
    Ok(Authorized { permit: Permit::grant(caller, operation) })
}

/// An operation that does not say its environment is nobody's: unknown means no (D37).
fn environment(operation: &Operation) -> Result<Environment, Denial> {
    operation.environment.ok_or(Denial::AudienceMismatched)
}

/// From a browser only the API's own pages: a token in a foreign page was stolen or talked out of somebody (D11).
fn own_page(facts: &Facts<'_>, policy: &Policy) -> Result<(), Denial> {
    match from_own_page(facts.origin, policy) {
        None | Some(true) => Ok(()),
        Some(false) => Err(Denial::OriginNotAllowed),
    }
}

/// The parts are told apart by a byte that none of them can hold.
fn name(person: &Person) -> SecretHash {
    SecretHash::of([person.issuer(), person.directory(), person.subject()].join("\0").as_bytes())
}
