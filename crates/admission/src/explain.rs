//! Explain: what would happen to a described request, why, and which changes would allow it.
//!
//! Owns:  `Described`, `Explanation`, and the remedies.
//! Never: holds a rule of its own; it watches the stages that decide requests. Never gives a permit away.
//! Read:  `explain`, then `Remedy`.

mod remedy;

pub use remedy::Remedy;

use crate::{
    check::{Check, Unwatched, Watch},
    company::Asked,
    facts::{CredentialFields, Facts, Field, Policy},
    permit::Caller,
    present::Presented,
    record::{Entry, Freshness, Record},
    settle::{Settled, Settlement},
    stage::public,
};
use model::{
    Audience, CompanyId, CompanyMode, CompanyRestriction, CompanySet, Denial, KeyStatus, Network, NetworkList,
    Operation, OriginList, OriginPattern, Preset, ScopeSet, SecretSlot, Timestamp, network::NETWORKS_MAX,
    operation::ServedBy, origin::ORIGINS_MAX,
};
use std::{net::IpAddr, sync::Arc};

/// A request as somebody describes it, without its secret: the right one is assumed, properly presented.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    /// The operation that the catalogue found for method and path, if any.
    pub operation: Option<&'a Operation>,
    /// The `Origin` header it would have.
    pub origin: Field<'a>,
    /// The address it would come from, if one is assumed.
    pub address: Option<IpAddr>,
    /// The secret it would be made with.
    pub entry: &'a Entry,
    /// When it would be made.
    pub now: Timestamp,
    /// How current the gateway's knowledge would be.
    pub freshness: Freshness,
}

/// What would happen.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Every check, in order.
    pub steps: Vec<Step>,
    /// The outcome.
    pub verdict: Verdict,
    /// What would have to change, all of it, for the request to pass; empty when it passes as it is.
    pub remedies: Vec<Remedy>,
}

/// One check of a described request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub check: Check,
    /// How it went.
    pub state: StepState,
    /// One sentence for the key's owner.
    pub sentence: String,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepState {
    /// Passed.
    Passed,
    /// Failed: the request ends here.
    Failed,
    /// The request had ended before, or needs no such check.
    NotReached,
}

impl StepState {
    /// `passed`, `failed` or `not_reached`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not_reached",
        }
    }
}

/// The outcome for a described request. Not a `Permit`: nothing can be forwarded with it.
#[derive(Clone, Copy, Debug)]
pub enum Verdict {
    /// It would be forwarded, for this caller.
    Permitted(Caller),
    /// It would be refused.
    Denied(Denial),
}

/// Runs the described request through the stages that decide real ones, and finds what would let it pass.
#[must_use]
pub fn explain(described: &Described<'_>, policy: &Policy) -> Explanation {
    let mut seen = Seen::default();
    let outcome = decide(described, policy, &mut seen);
    let steps =
        Check::ALL.into_iter().map(|check| seen.step(check, described, policy, outcome.as_ref().ok())).collect();
    let (verdict, remedies) = match outcome {
        Ok(caller) => (Verdict::Permitted(caller), Vec::new()),
        Err(denial) => (Verdict::Denied(denial), remedies(described, policy, denial)),
    };
    Explanation { steps, verdict, remedies }
}

/// The whole decision. The permit ends here: what it allowed was never asked.
fn decide(described: &Described<'_>, policy: &Policy, watch: &mut impl Watch) -> Result<Caller, Denial> {
    let Described { operation, origin, address, entry, now, freshness } = *described;
    let facts =
        Facts { operation, origin, credential: CredentialFields::default(), address, companies: Asked::supposed() };
    if let Some(permit) = public(&facts) {
        return Ok(permit.caller());
    }
    let settled = Presented::assumed(entry.hash, entry.environment, entry.client_id)
        .identify_watched(Some(entry), freshness, now, watch)?
        .authorize_watched(&facts, policy, watch)?
        .settle(Settlement::default())?;
    match settled {
        Settled::Forward(permit) => Ok(permit.caller()),
        // Nothing was claimed, so there is nothing to replay.
        Settled::Replay => Err(Denial::IdempotencyInProgress),
    }
}

/// Which checks were made.
#[derive(Default)]
struct Seen(Vec<(Check, Option<Denial>)>);

impl Watch for Seen {
    fn see(&mut self, check: Check, failed: Option<Denial>) {
        self.0.push((check, failed));
    }
}

impl Seen {
    fn step(&self, check: Check, described: &Described<'_>, policy: &Policy, permitted: Option<&Caller>) -> Step {
        let made = self.0.iter().find(|(seen, _)| *seen == check);
        let (state, sentence) = match (made, permitted) {
            (Some((_, Some(denial))), _) => (StepState::Failed, failure(*denial, described)),
            (Some((_, None)), _) => (StepState::Passed, success(check, described, policy)),
            (None, Some(Caller::Public { .. })) => (
                StepState::NotReached,
                "The operation is public: no key is read and nothing else is checked.".to_owned(),
            ),
            (None, _) => (StepState::NotReached, "The request is refused before this is checked.".to_owned()),
        };
        Step { check, state, sentence }
    }
}

fn success(check: Check, described: &Described<'_>, policy: &Policy) -> String {
    let text = match check {
        Check::Credential => "The key's secret is assumed, properly presented.",
        Check::Status => "The key is active.",
        Check::Expiry => "The key has not expired.",
        Check::Secret => "The secret is in use.",
        Check::Freshness => "The gateway's knowledge of the key is current.",
        Check::Operation => {
            let name = described.operation.map_or("", |o| o.id.as_str());
            return format!("The operation is {name}.");
        }
        Check::Audience => match described.operation.map(|o| o.served_by) {
            Some(ServedBy::SubKeys) => "The operation is for the account's primary key, and the key is that one.",
            Some(ServedBy::Upstream) | None => "The operation is for keys.",
        },
        Check::Origin => match described.origin {
            Field::Absent => "The request does not come from a browser page.",
            Field::One(page) if policy.owns(page) => "The request comes from one of the API's own pages.",
            Field::One(_) | Field::Many => "The request comes from a page whose origin the key lists.",
        },
        Check::Address if described.entry.record.networks.is_empty() => "The key may be used from any address.",
        Check::Address => "The address is in one of the key's networks.",
        Check::Scope => {
            return described.operation.map_or_else(String::new, |o| format!("The key has the scope {}.", o.scope));
        }
        Check::Company => match described.entry.record.companies {
            CompanyRestriction::All => "The key may reach all companies of the account.",
            CompanyRestriction::Only(_) => {
                "The operation keeps to the key's companies; a request that names another is refused."
            }
        },
    };
    text.to_owned()
}

fn failure(denial: Denial, described: &Described<'_>) -> String {
    let text = match denial {
        Denial::CredentialMissing
        | Denial::CredentialAmbiguous
        | Denial::CredentialMalformed
        | Denial::CredentialUnknown
        | Denial::CredentialMismatched => "The credential is not the key's.",
        Denial::KeyDisabled => "The key is disabled.",
        Denial::KeyRevoked => "The key was revoked.",
        Denial::KeyDeleted => "The key was deleted.",
        Denial::KeyExpired => "The key has expired.",
        Denial::SecretEnded => "The secret was rotated away and its overlap is over.",
        Denial::FreshnessLost => "The gateway has not read the latest changes within its bound, so it admits no key.",
        Denial::OperationUnknown => "The catalogue has no operation for this method and path.",
        Denial::AudienceMismatched => "The operation is not for keys.",
        Denial::SubKeyNotAllowed => "The operation manages restricted keys; no restricted key may call it.",
        Denial::PrimaryKeyInBrowser => {
            "A primary key must not be used from a browser page, and this request has an Origin."
        }
        Denial::OriginNotAllowed => "The key may not be used from this origin.",
        Denial::ScopeInsufficient => {
            return described.operation.map_or_else(String::new, |o| format!("The key lacks the scope {}.", o.scope));
        }
        Denial::CompanyNotAllowed => return company_failure(described),
        Denial::IpNotAllowed => match described.address {
            Some(address) => return format!("The address {address} is in none of the key's networks."),
            None => "The key works from its networks only, and no address is given.",
        },
        Denial::BodyNotInspectable
        | Denial::BodyMalformed
        | Denial::CompanyForeign
        | Denial::LimitExceeded
        | Denial::DailyCapExceeded
        | Denial::AddressBraked
        | Denial::IdempotencyKeyMalformed
        | Denial::IdempotencyKeyMissing
        | Denial::IdempotencyKeyReused
        | Denial::IdempotencyInProgress
        | Denial::IdempotencyOutcomeUnknown
        | Denial::TokenMissing
        | Denial::TokenMalformed
        | Denial::TokenIssuerUnknown
        | Denial::TokenAlgorithmRefused
        | Denial::TokenKeyUnknown
        | Denial::TokenSignatureWrong
        | Denial::TokenClaimsUnusable
        | Denial::TokenAudienceWrong
        | Denial::TokenDirectoryRefused
        | Denial::TokenExpired
        | Denial::TokenNotYetValid
        | Denial::AdminRequired
        | Denial::AccountNotMapped
        | Denial::CallbackProofMissing
        | Denial::CallbackProofWrong
        | Denial::CallbackStale
        | Denial::CallbackReplayed => denial.answer().detail,
    };
    text.to_owned()
}

fn company_failure(described: &Described<'_>) -> String {
    let mode = described.operation.map_or("", |o| o.company.as_str());
    match &described.entry.record.companies {
        CompanyRestriction::Only(set) if set.as_slice().is_empty() => {
            "All companies of the key were deleted, so it reaches none.".to_owned()
        }
        CompanyRestriction::Only(_) | CompanyRestriction::All => {
            format!(
                "The key is restricted to some companies, and the operation (company mode {mode}) is not held to them."
            )
        }
    }
}

/// Everything that has to change, found by making each change and asking again; at most one per check.
fn remedies(described: &Described<'_>, policy: &Policy, first: Denial) -> Vec<Remedy> {
    let mut supposed = Supposed { described: *described, entry: described.entry.clone() };
    let mut remedies = Vec::new();
    let mut denied = Some(first);
    while let Some(denial) = denied {
        let remedy = supposed.remedy(denial);
        // Each check fails at most once on this way; a remedy that does not help is none.
        let helps = !remedies.contains(&remedy) && supposed.apply(&remedy);
        if !helps {
            remedies.push(if remedy.is_possible() { DEAD_END } else { remedy });
            return remedies;
        }
        remedies.push(remedy);
        denied = decide(&supposed.described(), policy, &mut Unwatched).err();
    }
    remedies
}

const DEAD_END: Remedy =
    Remedy::NotPossible { why: "No change of this key lets the request pass; create a key for it." };

/// A described request with changes made to it.
struct Supposed<'a> {
    described: Described<'a>,
    entry: Entry,
}

impl Supposed<'_> {
    fn described(&self) -> Described<'_> {
        Described { entry: &self.entry, ..self.described }
    }

    fn remedy(&self, denial: Denial) -> Remedy {
        match denial {
            Denial::KeyDisabled => Remedy::EnableKey,
            Denial::KeyExpired => Remedy::ExtendExpiry,
            Denial::SecretEnded => match self.entry.slot {
                SecretSlot::Previous => Remedy::UseCurrentSecret,
                SecretSlot::Current => Remedy::RotateKey,
            },
            Denial::FreshnessLost => Remedy::AwaitFreshness,
            Denial::PrimaryKeyInBrowser => Remedy::CallFromServer,
            Denial::OriginNotAllowed => self.origin().map_or(Remedy::CallFromServer, Remedy::AllowOrigin),
            Denial::IpNotAllowed => match self.described.address {
                Some(address) if self.entry.record.networks.as_slice().len() < NETWORKS_MAX => {
                    Remedy::AllowAddress(Network::of(address))
                }
                Some(_) => DEAD_END,
                None => Remedy::NameAddress,
            },
            Denial::ScopeInsufficient => match self.described.operation {
                Some(operation) => Remedy::GrantScope(operation.scope.clone()),
                None => DEAD_END,
            },
            Denial::CompanyNotAllowed => match self.described.operation.map(|o| &o.company) {
                Some(CompanyMode::Account | CompanyMode::Neutral) | None => Remedy::AllowAllCompanies,
                Some(
                    CompanyMode::Context | CompanyMode::Locators(_) | CompanyMode::Injected(_) | CompanyMode::Lookup(_),
                ) => Remedy::AddCompany,
            },
            Denial::KeyRevoked | Denial::KeyDeleted => {
                Remedy::NotPossible { why: "The key was ended for good; create a new one." }
            }
            Denial::OperationUnknown => Remedy::NotPossible {
                why: "Check method and path; an operation that is missing from the catalogue is added by the operator.",
            },
            Denial::AudienceMismatched | Denial::SubKeyNotAllowed => Remedy::NotPossible { why: self.audience() },
            Denial::CredentialMissing
            | Denial::CredentialAmbiguous
            | Denial::CredentialMalformed
            | Denial::CredentialUnknown
            | Denial::CredentialMismatched
            | Denial::BodyNotInspectable
            | Denial::BodyMalformed
            | Denial::CompanyForeign
            | Denial::LimitExceeded
            | Denial::DailyCapExceeded
            | Denial::AddressBraked
            | Denial::IdempotencyKeyMalformed
            | Denial::IdempotencyKeyMissing
            | Denial::IdempotencyKeyReused
            | Denial::IdempotencyInProgress
            | Denial::IdempotencyOutcomeUnknown
            | Denial::TokenMissing
            | Denial::TokenMalformed
            | Denial::TokenIssuerUnknown
            | Denial::TokenAlgorithmRefused
            | Denial::TokenKeyUnknown
            | Denial::TokenSignatureWrong
            | Denial::TokenClaimsUnusable
            | Denial::TokenAudienceWrong
            | Denial::TokenDirectoryRefused
            | Denial::TokenExpired
            | Denial::TokenNotYetValid
            | Denial::AdminRequired
            | Denial::AccountNotMapped
            | Denial::CallbackProofMissing
            | Denial::CallbackProofWrong
            | Denial::CallbackStale
            | Denial::CallbackReplayed => DEAD_END,
        }
    }

    /// The page's origin as an entry of the key's list, when it can be one and has room there.
    fn origin(&self) -> Option<OriginPattern> {
        let Field::One(page) = self.described.origin else { return None };
        let exact = OriginPattern::parse(std::str::from_utf8(page).ok()?).ok()?;
        let room = self.entry.record.origins.as_slice().len() < ORIGINS_MAX;
        (room && exact.matches(page)).then_some(exact)
    }

    fn audience(&self) -> &'static str {
        match self.described.operation.map(|o| o.audience) {
            Some(Audience::Key) => {
                "Only the account's primary key manages restricted keys; use that one, or have a member do it."
            }
            Some(Audience::Member) => "The operation is for signed-in members; no key may call it.",
            Some(Audience::Admin) => "The operation is for signed-in administrators; no key may call it.",
            Some(Audience::Callback) => "The operation is for inbound callbacks; no key may call it.",
            Some(Audience::Public) | None => {
                "The catalogue calls the operation public, but it writes or has no environment; the operator has to correct it."
            }
        }
    }

    /// Makes the change; `false` when it cannot be made.
    fn apply(&mut self, remedy: &Remedy) -> bool {
        match remedy {
            Remedy::EnableKey => self.record().status = KeyStatus::Active,
            Remedy::ExtendExpiry => self.record().expires_at = None,
            Remedy::UseCurrentSecret | Remedy::RotateKey => {
                self.entry.slot = SecretSlot::Current;
                self.entry.ends_at = None;
            }
            Remedy::AwaitFreshness => self.described.freshness = Freshness { fresh_until: Timestamp::MAX },
            Remedy::CallFromServer => self.described.origin = Field::Absent,
            Remedy::AllowOrigin(origin) => {
                let mut origins = self.entry.record.origins.as_slice().to_vec();
                origins.push(origin.clone());
                let Some(origins) = OriginList::new(origins) else { return false };
                self.record().origins = origins;
            }
            Remedy::AllowAddress(network) => {
                let mut networks = self.entry.record.networks.as_slice().to_vec();
                networks.push(*network);
                let Some(networks) = NetworkList::new(networks) else { return false };
                self.record().networks = networks;
            }
            Remedy::NameAddress => {
                self.described.address = self.entry.record.networks.as_slice().first().map(Network::first);
            }
            Remedy::AllowAllCompanies => self.record().companies = CompanyRestriction::All,
            Remedy::AddCompany => {
                let some = CompanySet::stored(&[CompanyId::from_bytes([0; 16])]);
                self.record().companies = CompanyRestriction::Only(some);
            }
            Remedy::GrantScope(scope) => {
                let mut texts = self.entry.record.preset.scopes().to_texts();
                texts.push(scope.to_string());
                let Ok(scopes) = ScopeSet::parse(&texts) else { return false };
                self.record().preset = Preset::Custom(scopes);
            }
            Remedy::NotPossible { .. } => return false,
        }
        true
    }

    fn record(&mut self) -> &mut Record {
        Arc::make_mut(&mut self.entry.record)
    }
}
