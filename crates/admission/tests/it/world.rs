//! World: keys, operations and policies to decide about.
//!
//! Owns:  builders with unremarkable defaults; tests change what they are about.
//! Never: decides anything.
//! Read:  top down.

use admission::{CredentialFields, Entry, Facts, Field, Freshness, Permit, Policy, Record, Settlement, present};
use model::{
    AccountId, Audience, ClientId, CompanyId, CompanyMode, CompanyRestriction, CompanySet, Denial, Entropy,
    Environment, HttpMethod, Idempotency, KeyId, KeyKind, KeyLimits, KeyShape, KeyStatus, LimitClass, NetworkList,
    Operation, OperationId, OriginList, Preset, Scope, SecretHash, SecretSlot, Template, Timestamp,
    operation::{OtherBodies, ServedBy},
};
use std::sync::Arc;

/// The API's own origin in `policy`.
pub(crate) const OWN_ORIGIN: &str = "https://api.example.com";
/// When everything happens, unless a test says otherwise.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_000);
/// Knowledge that is current at `NOW`.
pub(crate) const FRESH: Freshness = Freshness { fresh_until: Timestamp::from_secs(1_010) };

pub(crate) fn policy() -> Policy {
    Policy { own_origins: Box::new([OWN_ORIGIN.into()]), ..Policy::default() }
}

/// A repeatable stream of bytes.
pub(crate) fn filler(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |buffer: &mut [u8]| {
        for byte in buffer {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = (state >> 32) as u8;
        }
    }
}

/// A key's secret, and what the gateway knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) text: String,
    pub(crate) entry: Entry,
}

/// An active full-access key without an end; `seed` tells keys apart.
pub(crate) fn holder(seed: u64, kind: KeyKind, environment: Environment) -> Holder {
    let text = KeyShape::default().generate(kind, environment, &mut filler(seed)).expose().clone();
    let mut bytes = [0u8; 12];
    filler(seed + 1_000)(&mut bytes);
    let record = Record {
        key: KeyId::new(NOW, Entropy([seed as u8; 10])),
        account: AccountId::new(NOW, Entropy([7; 10])),
        kind,
        status: KeyStatus::Active,
        preset: Preset::FullAccess,
        companies: CompanyRestriction::All,
        origins: OriginList::default(),
        networks: NetworkList::default(),
        limits: KeyLimits::default(),
        expires_at: None,
    };
    let entry = Entry {
        hash: SecretHash::of(text.as_bytes()),
        client_id: ClientId::from_bytes(bytes),
        environment,
        slot: SecretSlot::Current,
        ends_at: None,
        record: Arc::new(record),
    };
    Holder { text, entry }
}

pub(crate) fn restricted() -> Holder {
    holder(1, KeyKind::Restricted, Environment::Test)
}

pub(crate) fn primary() -> Holder {
    holder(2, KeyKind::Primary, Environment::Live)
}

impl Holder {
    pub(crate) fn record(&mut self) -> &mut Record {
        Arc::make_mut(&mut self.entry.record)
    }
}

pub(crate) fn company(n: u8) -> CompanyId {
    CompanyId::new(NOW, Entropy([n; 10]))
}

pub(crate) fn only(companies: &[CompanyId]) -> CompanyRestriction {
    CompanyRestriction::Only(CompanySet::stored(companies))
}

/// `GET /v1/invoices` for keys, needs `invoices:read`, whole-account data.
pub(crate) fn operation() -> Operation {
    Operation {
        id: OperationId::new("invoices_list").unwrap(),
        method: HttpMethod::Get,
        template: Template::parse("/v1/invoices").unwrap(),
        audience: Audience::Key,
        scope: Scope::parse("invoices:read").unwrap(),
        company: CompanyMode::Account,
        class: LimitClass::default(),
        environment: None,
        other_bodies: OtherBodies::default(),
        idempotency: Idempotency::default(),
        channel: None,
        learn: None,
        callback: None,
        served_by: ServedBy::default(),
    }
}

/// A request for `operation` with the key in `X-API-Key`.
pub(crate) fn facts<'a>(operation: Option<&'a Operation>, holder: &'a Holder) -> Facts<'a> {
    let credential = CredentialFields { api_key: Field::One(holder.text.as_bytes()), ..CredentialFields::default() };
    Facts { operation, credential, origin: Field::Absent, address: None, companies: admission::Asked::default() }
}

/// The whole decision, with `holder`'s entry as the only one known.
pub(crate) fn decide(facts: &Facts<'_>, policy: &Policy, holder: &Holder) -> Result<Permit, Denial> {
    decide_at(facts, policy, holder, FRESH, NOW)
}

pub(crate) fn decide_at(
    facts: &Facts<'_>,
    policy: &Policy,
    holder: &Holder,
    freshness: Freshness,
    now: Timestamp,
) -> Result<Permit, Denial> {
    let presented = present(facts, policy)?;
    let found = (presented.hash().as_bytes() == holder.entry.hash.as_bytes()).then_some(&holder.entry);
    let authorized = presented.identify(found, freshness, now)?.authorize(facts, policy)?;
    Ok(authorized.settle(Settlement::default())?.permit().unwrap())
}

/// The client id as a caller sends it.
pub(crate) fn id_text(holder: &Holder) -> String {
    KeyShape::default().client_text(holder.entry.client_id)
}
