//! Stage: what a presented credential has to pass before it is a permit.
//!
//! Owns:  `identify` and `authorize`: the rules, each of them once, and their order.
//! Never: allocates, looks anything up, or learns the time by itself.
//! Read:  `Presented::identify`, then down to `Permit`.

use crate::{
    check::{Check, Unwatched, Watch},
    company::{self, Asked},
    facts::{Facts, Field, Policy},
    permit::{Caller, Permit},
    present::Presented,
    record::{Entry, Freshness, Record},
};
use model::{Audience, Denial, KeyKind, KeyStatus, Operation, Timestamp, operation::ServedBy};
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// The permit of a public operation: GET and HEAD only, and no credential is read (D22). `None`: a key is needed.
///
/// An operation that is marked public but writes, or does not say its environment, is not public: unknown means no.
#[must_use]
pub fn public(facts: &Facts<'_>) -> Option<Permit> {
    let operation = facts.operation.filter(|o| o.audience == Audience::Public && o.method.is_safe())?;
    Some(Permit::grant(Caller::Public { environment: operation.environment? }, operation))
}

/// The credential is that of a working key.
///
/// ```compile_fail,E0451
/// # fn forge(entry: &admission::Entry) -> admission::Identified<'_> {
/// admission::Identified { entry }
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Identified<'k> {
    entry: &'k Entry,
}

/// The key may do what the request asks for.
///
/// ```compile_fail,E0451
/// # fn forge(permit: admission::Permit) -> admission::Authorized {
/// admission::Authorized { permit }
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Authorized {
    pub(crate) permit: Permit,
}

impl Presented {
    /// Holds the credential against `found`, which is what is known of its hash. Fails with the precise reason; the public
    /// answer to all of them but `FreshnessLost` is the same (D5).
    ///
    /// All ends are half open: at `expires_at`, `ends_at` and `fresh_until` themselves the answer is no.
    pub fn identify<'k>(
        self,
        found: Option<&'k Entry>,
        freshness: Freshness,
        now: Timestamp,
    ) -> Result<Identified<'k>, Denial> {
        self.identify_watched(found, freshness, now, &mut Unwatched)
    }

    pub(crate) fn identify_watched<'k>(
        self,
        found: Option<&'k Entry>,
        freshness: Freshness,
        now: Timestamp,
        watch: &mut impl Watch,
    ) -> Result<Identified<'k>, Denial> {
        let entry = seen(watch, Check::Credential, self.entry_of(found))?;
        let record = &*entry.record;
        seen(watch, Check::Status, status(record))?;
        seen(watch, Check::Expiry, before(record.expires_at, now, Denial::KeyExpired))?;
        seen(watch, Check::Secret, before(entry.ends_at, now, Denial::SecretEnded))?;
        seen(watch, Check::Freshness, before(Some(freshness.fresh_until), now, Denial::FreshnessLost))?;
        Ok(Identified { entry })
    }

    /// Everything is compared before anything is answered, in time that does not depend on where it differs.
    fn entry_of<'k>(&self, found: Option<&'k Entry>) -> Result<&'k Entry, Denial> {
        let entry = found.ok_or(Denial::CredentialUnknown)?;
        let secret = entry.hash.ct_matches(self.hash());
        let id = self.client_id.unwrap_or(entry.client_id).to_bytes().ct_eq(&entry.client_id.to_bytes());
        let said = self.environment.unwrap_or(entry.environment);
        let world = said.as_str().as_bytes().ct_eq(entry.environment.as_str().as_bytes());
        let belongs = id & world;
        if !bool::from(secret) {
            return Err(Denial::CredentialUnknown);
        }
        if bool::from(belongs) { Ok(entry) } else { Err(Denial::CredentialMismatched) }
    }
}

impl<'k> Identified<'k> {
    /// The secret's entry: whose request this is, for the request log.
    #[must_use]
    pub const fn entry(&self) -> &'k Entry {
        self.entry
    }

    /// Whether the request has to be looked into before `authorize`, because the key is restricted to companies and the
    /// operation names them; fails with whatever keeps the key from it in any case. What it names is then a fact.
    pub fn inspects(&self, facts: &Facts<'_>, policy: &Policy) -> Result<bool, Denial> {
        let record = &self.entry.record;
        if !facts.operation.is_some_and(|operation| company::inspects(&record.companies, operation)) {
            return Ok(false);
        }
        let supposed = Facts { companies: Asked::supposed(), ..*facts };
        Identified { entry: self.entry }.authorize(&supposed, policy).map(|_| true)
    }

    /// Holds the key against what the request asks for: `facts` are those that were presented.
    pub fn authorize(self, facts: &Facts<'_>, policy: &Policy) -> Result<Authorized, Denial> {
        self.authorize_watched(facts, policy, &mut Unwatched)
    }

    pub(crate) fn authorize_watched(
        self,
        facts: &Facts<'_>,
        policy: &Policy,
        watch: &mut impl Watch,
    ) -> Result<Authorized, Denial> {
        let (entry, record) = (self.entry, &*self.entry.record);
        let operation = seen(watch, Check::Operation, facts.operation.ok_or(Denial::OperationUnknown))?;
        seen(watch, Check::Audience, audience(record, operation))?;
        seen(watch, Check::Address, address(record, facts.address))?;
        seen(watch, Check::Origin, origin(record, facts.origin, policy))?;
        seen(watch, Check::Scope, scope(record, operation))?;
        seen(watch, Check::Company, company::allowed(&record.companies, operation, facts.companies))?;
        let caller = Caller::Key {
            key: record.key,
            account: record.account,
            kind: record.kind,
            environment: entry.environment,
            hash: entry.hash,
        };
        Ok(Authorized { permit: Permit::grant(caller, operation) })
    }
}

impl Authorized {
    /// Whose request this is, and for which operation; what is still missing is the settlement.
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }

    pub(crate) fn into_permit(self) -> Permit {
        self.permit
    }
}

#[inline]
fn seen<T>(watch: &mut impl Watch, check: Check, outcome: Result<T, Denial>) -> Result<T, Denial> {
    watch.see(check, outcome.as_ref().err().copied());
    outcome
}

const fn status(record: &Record) -> Result<(), Denial> {
    match record.status {
        KeyStatus::Active => Ok(()),
        KeyStatus::Disabled => Err(Denial::KeyDisabled),
        KeyStatus::Revoked => Err(Denial::KeyRevoked),
        KeyStatus::Deleted => Err(Denial::KeyDeleted),
    }
}

/// At the end itself it is over. No end: never.
fn before(end: Option<Timestamp>, now: Timestamp, denial: Denial) -> Result<(), Denial> {
    if end.is_some_and(|end| now >= end) { Err(denial) } else { Ok(()) }
}

/// `public` operations passed before any key was read; what is left of them here is not one (D22).
/// Restricted keys are managed by the primary key alone, whatever a restricted one may do otherwise (D8, D32).
const fn audience(record: &Record, operation: &Operation) -> Result<(), Denial> {
    match (operation.audience, operation.served_by, record.kind) {
        (Audience::Key, ServedBy::Upstream, KeyKind::Primary | KeyKind::Restricted)
        | (Audience::Key, ServedBy::SubKeys, KeyKind::Primary) => Ok(()),
        (Audience::Key, ServedBy::SubKeys, KeyKind::Restricted) => Err(Denial::SubKeyNotAllowed),
        (Audience::Public | Audience::Member | Audience::Admin | Audience::Callback, _, _) => {
            Err(Denial::AudienceMismatched)
        }
    }
}

/// A key with networks works from nowhere else; an address that nobody knows is in none (D12).
fn address(record: &Record, address: Option<IpAddr>) -> Result<(), Denial> {
    let allowed = record.networks.is_empty() || address.is_some_and(|address| record.networks.allows(address));
    if allowed { Ok(()) } else { Err(Denial::IpNotAllowed) }
}

/// Whether a browser's page is one of the API's own; `None` when no browser says so.
pub(crate) fn from_own_page(origin: Field<'_>, policy: &Policy) -> Option<bool> {
    match origin {
        Field::Absent => None,
        Field::One(page) => Some(policy.owns(page)),
        Field::Many => Some(false),
    }
}

/// A browser says where its page comes from. The API's own pages pass with any key, others with a restricted one that lists
/// them (D10). A primary key is for servers, whatever its record says (D11).
fn origin(record: &Record, origin: Field<'_>, policy: &Policy) -> Result<(), Denial> {
    let page = match origin {
        Field::Absent => return Ok(()),
        Field::One(value) => Some(value),
        Field::Many => None,
    };
    match record.kind {
        _ if page.is_some_and(|page| policy.owns(page)) => Ok(()),
        KeyKind::Primary => Err(Denial::PrimaryKeyInBrowser),
        KeyKind::Restricted if page.is_some_and(|page| record.origins.allows(page)) => Ok(()),
        KeyKind::Restricted => Err(Denial::OriginNotAllowed),
    }
}

fn scope(record: &Record, operation: &Operation) -> Result<(), Denial> {
    if record.preset.allows(&operation.scope) { Ok(()) } else { Err(Denial::ScopeInsufficient) }
}
