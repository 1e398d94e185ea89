//! Trace: why a request of the log was refused, and what would happen to it now (D5).
//!
//! Owns:  the sentence and the remedy for each recorded reason; the replay of what was recorded against the key of today.
//! Never: decides; the replay runs `admission`'s own stages. Never guesses what was not recorded: it says so.
//! Read:  `trace`, then `rule`, then `advice`.

use crate::{explain, operation::Context, refusal::Refusal, requests};
use admission::{Entry, Field, Record};
use api::{
    explain::{ExplainOut, RemedyOut},
    request::{RequestTraceOut, TracedRefusalOut},
};
use model::{Catalogue, Denial, Operation, SecretSlot};
use std::sync::Arc;
use store::{KeyRow, RequestRow, SecretTag, StoreError};

/// Everything that can be said of a request.
pub(crate) async fn trace(context: &Context, row: RequestRow) -> Result<RequestTraceOut, Refusal> {
    let catalogue = (context.control.parts().catalogue)();
    let denial = row.reason.as_deref().and_then(denial);
    let refusal = row.reason.as_deref().map(|reason| refusal(&row, reason, denial, &catalogue));
    let Replayed { secret, now, not_replayed } = replay(context, &row, &catalogue).await?;
    let remedies = remedies(denial, now.as_ref(), not_replayed.is_some());
    let request = requests::show(&row);
    Ok(RequestTraceOut { request, secret: secret.map(str::to_owned), refusal, now, not_replayed, remedies })
}

fn denial(reason: &str) -> Option<Denial> {
    Denial::ALL.into_iter().find(|denial| denial.answer().reason == reason)
}

fn operation<'c>(row: &RequestRow, catalogue: &'c Catalogue) -> Option<&'c Operation> {
    let name = row.operation.as_deref()?;
    catalogue.operations().iter().find(|operation| operation.id.as_str() == name)
}

#[derive(Default)]
struct Replayed {
    /// `current`, `previous` or `ended`.
    secret: Option<&'static str>,
    now: Option<ExplainOut>,
    not_replayed: Option<String>,
}

/// Holds what was recorded against the key as it is now.
async fn replay(context: &Context, row: &RequestRow, catalogue: &Catalogue) -> Result<Replayed, Refusal> {
    let not = |why: &str| Replayed { not_replayed: Some(why.to_owned()), ..Replayed::default() };
    let (Some(account), Some(key)) = (row.account, row.key) else {
        return Ok(not("No key was recognised, so there is none to hold the request against."));
    };
    let key = match context.account(account).key(key).await {
        Ok(key) => key,
        Err(StoreError::NotFound { .. }) => return Ok(not("The key was deleted.")),
        Err(error) => return Err(error.into()),
    };
    let (secret, found) = credential(row, &key);
    let operation = operation(row, catalogue);
    let not = |why: &str| Replayed { secret, ..not(why) };
    if row.operation.is_some() && operation.is_none() {
        return Ok(not("The catalogue no longer has the operation."));
    }
    let Some(entry) = found else {
        return Ok(not("The key has no credential in that environment any more."));
    };
    let origin = row.origin.as_ref().map_or(Field::Absent, |origin| Field::One(origin.as_bytes()));
    let now = explain::with_entry(context, operation, (origin, row.address.parse().ok()), &entry);
    Ok(Replayed { secret, now: Some(now), not_replayed: None })
}

/// The secret that the request came with; its current successor when it is gone.
fn credential(row: &RequestRow, key: &KeyRow) -> (Option<&'static str>, Option<Entry>) {
    let all = || key.credentials.iter().map(|c| &c.credential);
    let same = all().find(|c| row.secret == Some(SecretTag::of(&c.hash)));
    let secret = match same.map(|c| c.slot) {
        Some(SecretSlot::Current) => "current",
        Some(SecretSlot::Previous) => "previous",
        None => "ended",
    };
    let successor = || all().find(|c| Some(c.environment) == row.environment && c.slot == SecretSlot::Current);
    let entry = same.or_else(successor).map(|c| Entry::new(c, Arc::new(Record::from(&key.key))));
    (row.secret.map(|_| secret), entry)
}

fn refusal(row: &RequestRow, reason: &str, denial: Option<Denial>, catalogue: &Catalogue) -> TracedRefusalOut {
    let (check, rule) = match denial {
        Some(denial) => (check(denial), rule(row, denial, operation(row, catalogue))),
        None => ("transport", "No rule of a key refused it: the request itself or the upstream failed.".to_owned()),
    };
    let code = denial.map(|denial| denial.answer().code.to_owned());
    TracedRefusalOut { check: check.to_owned(), reason: reason.to_owned(), code, rule }
}

/// The check that makes a denial.
const fn check(denial: Denial) -> &'static str {
    match denial {
        Denial::CredentialMissing
        | Denial::CredentialAmbiguous
        | Denial::CredentialMalformed
        | Denial::CredentialUnknown
        | Denial::CredentialMismatched => "credential",
        Denial::KeyDisabled | Denial::KeyRevoked | Denial::KeyDeleted => "status",
        Denial::KeyExpired => "expiry",
        Denial::SecretEnded => "secret",
        Denial::FreshnessLost => "freshness",
        Denial::OperationUnknown => "operation",
        Denial::AudienceMismatched | Denial::SubKeyNotAllowed => "audience",
        Denial::IpNotAllowed => "address",
        Denial::PrimaryKeyInBrowser | Denial::OriginNotAllowed => "origin",
        Denial::ScopeInsufficient => "scope",
        Denial::CompanyNotAllowed | Denial::CompanyForeign => "company",
        Denial::BodyNotInspectable | Denial::BodyMalformed => "body",
        Denial::LimitExceeded | Denial::DailyCapExceeded | Denial::AddressBraked => "limit",
        Denial::IdempotencyKeyMalformed
        | Denial::IdempotencyKeyMissing
        | Denial::IdempotencyKeyReused
        | Denial::IdempotencyInProgress
        | Denial::IdempotencyOutcomeUnknown => "idempotency",
        Denial::TokenMissing
        | Denial::TokenMalformed
        | Denial::TokenIssuerUnknown
        | Denial::TokenAlgorithmRefused
        | Denial::TokenKeyUnknown
        | Denial::TokenSignatureWrong
        | Denial::TokenClaimsUnusable
        | Denial::TokenAudienceWrong
        | Denial::TokenDirectoryRefused
        | Denial::TokenExpired
        | Denial::TokenNotYetValid => "token",
        Denial::AdminRequired => "audience",
        Denial::AccountNotMapped => "identity",
        Denial::CallbackProofMissing
        | Denial::CallbackProofWrong
        | Denial::CallbackStale
        | Denial::CallbackReplayed => "callback",
    }
}

/// The rule, and what it was held against at that time, as far as it was recorded.
#[expect(clippy::too_many_lines, reason = "one row for each denial")]
fn rule(row: &RequestRow, denial: Denial, operation: Option<&Operation>) -> String {
    let name = row.operation.as_deref().unwrap_or("that was asked for");
    let origin = row.origin.as_deref().unwrap_or("a page that was not recorded");
    let company =
        row.company.map_or_else(|| "one of the companies asked for".to_owned(), |id| format!("the company {id}"));
    let limit = row.limit.as_deref().map_or_else(|| "A limit".to_owned(), |limit| format!("The limit {limit}"));
    match denial {
        Denial::CredentialMissing => "No key was sent where this deployment takes one.".to_owned(),
        Denial::CredentialAmbiguous => "More than one credential was sent.".to_owned(),
        Denial::CredentialMalformed => {
            "What was sent does not have the form of a key: prefix, length, alphabet or checksum differ.".to_owned()
        }
        Denial::CredentialUnknown => {
            "What was sent has the form of a key, but is none of this deployment's.".to_owned()
        }
        Denial::CredentialMismatched => "The client id that was sent is not that of the secret.".to_owned(),
        Denial::KeyDisabled => "The key was disabled.".to_owned(),
        Denial::KeyRevoked => "The key was revoked.".to_owned(),
        Denial::KeyDeleted => "The key was deleted.".to_owned(),
        Denial::KeyExpired => "The key had expired.".to_owned(),
        Denial::SecretEnded => "The secret had been rotated away and its overlap was over.".to_owned(),
        Denial::FreshnessLost => "The gateway had not read the latest changes within its bound.".to_owned(),
        Denial::OperationUnknown => {
            format!("The catalogue had no operation for this path with the method {}.", row.method)
        }
        Denial::AudienceMismatched => format!("The operation {name} is not for keys."),
        Denial::SubKeyNotAllowed => {
            format!("The operation {name} manages restricted keys, which only the account's primary key may do.")
        }
        Denial::IpNotAllowed => format!("The key does not allow the address {}.", row.address),
        Denial::PrimaryKeyInBrowser => {
            format!("The request came from the page {origin}; a primary key must not be used from a browser.")
        }
        Denial::OriginNotAllowed => format!("The key did not allow the origin {origin}."),
        Denial::ScopeInsufficient => match operation {
            Some(operation) => {
                format!("The operation {name} needs the scope {}, which the key did not have.", operation.scope)
            }
            None => format!("The key did not have the scope that the operation {name} needs."),
        },
        Denial::CompanyNotAllowed => {
            format!(
                "The key is restricted to companies, and the operation {name} was not, or could not be, held to them."
            )
        }
        Denial::CompanyForeign => format!("The key does not reach {company}; the caller was told that there is none."),
        Denial::LimitExceeded => format!("{limit} had no room for another request."),
        Denial::DailyCapExceeded => format!("{limit} of the UTC day was reached."),
        Denial::AddressBraked => format!("Too many requests from {} had no valid key.", row.address),
        Denial::BodyNotInspectable
        | Denial::BodyMalformed
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
        | Denial::CallbackReplayed => denial.answer().detail.to_owned(),
    }
}

/// What the replay proposes; where it cannot see the reason, what is known to help against it.
fn remedies(denial: Option<Denial>, now: Option<&ExplainOut>, not_replayed: bool) -> Vec<RemedyOut> {
    let mut remedies = now.map(|now| now.remedies.clone()).unwrap_or_default();
    let advised = denial.and_then(advice).filter(|advice| not_replayed || !advice.replayed);
    remedies.extend(advised.map(|advice| RemedyOut {
        action: advice.action.to_owned(),
        scope: None,
        sentence: advice.sentence.to_owned(),
    }));
    remedies
}

/// What helps against a denial.
struct Advice {
    action: &'static str,
    sentence: &'static str,
    /// Whether a replay sees the reason, and then proposes something itself.
    replayed: bool,
}

const fn unseen(action: &'static str, sentence: &'static str) -> Option<Advice> {
    Some(Advice { action, sentence, replayed: false })
}

const fn seen(action: &'static str, sentence: &'static str) -> Option<Advice> {
    Some(Advice { action, sentence, replayed: true })
}

const fn advice(denial: Denial) -> Option<Advice> {
    match denial {
        Denial::CredentialMissing => unseen("present_key", "Send the key in the X-API-Key header."),
        Denial::CredentialAmbiguous => unseen("present_one_key", "Send exactly one credential, in one place."),
        Denial::CredentialMalformed => {
            unseen("check_key", "Copy the whole key again; it was cut, or something was added.")
        }
        Denial::CredentialUnknown => unseen("check_key", "Use a key of this deployment; one that was lost is rotated."),
        Denial::CredentialMismatched => unseen("match_client_id", "Send the client id that belongs to the secret."),
        Denial::KeyRevoked | Denial::KeyDeleted => seen("create_key", "The key was ended for good; create a new one."),
        Denial::SecretEnded => seen("use_current_secret", "Use the key's current secret; this one was rotated away."),
        Denial::CompanyForeign => {
            unseen("allow_company", "Let the key reach the company, or ask for one that it reaches.")
        }
        Denial::BodyNotInspectable => unseen("send_json", "Send the body as JSON, or use a key for all companies."),
        Denial::BodyMalformed => unseen("correct_body", "Send JSON that names no member twice."),
        Denial::LimitExceeded => {
            unseen("wait_or_raise_limit", "Wait as Retry-After says, or give the key a higher limit.")
        }
        Denial::DailyCapExceeded => unseen("wait_or_raise_cap", "Wait until midnight UTC, or have the cap raised."),
        Denial::AddressBraked => {
            unseen("wait", "Stop sending invalid keys from this address and wait as Retry-After says.")
        }
        Denial::IdempotencyKeyMalformed => {
            unseen("correct_idempotency_key", "Send one Idempotency-Key of 1 to 255 visible ASCII characters.")
        }
        Denial::IdempotencyKeyMissing => unseen("send_idempotency_key", "Send an Idempotency-Key with this operation."),
        Denial::IdempotencyKeyReused => unseen("new_idempotency_key", "Use a new Idempotency-Key for each write."),
        Denial::IdempotencyInProgress => unseen("wait", "Retry when the first request has ended."),
        Denial::IdempotencyOutcomeUnknown => {
            unseen("look_first", "Look whether the first request was carried out; then use a new Idempotency-Key.")
        }
        Denial::TokenMissing
        | Denial::TokenMalformed
        | Denial::TokenKeyUnknown
        | Denial::TokenSignatureWrong
        | Denial::TokenClaimsUnusable
        | Denial::TokenExpired
        | Denial::TokenNotYetValid => {
            unseen("sign_in", "Sign in again and send the fresh token as Authorization: Bearer.")
        }
        Denial::TokenIssuerUnknown | Denial::TokenDirectoryRefused | Denial::TokenAlgorithmRefused => {
            unseen("accept_issuer", "Have the operator add the issuer, directory and algorithm to the people file.")
        }
        Denial::TokenAudienceWrong => unseen("correct_audience", "Ask for a token that is for this deployment."),
        Denial::AdminRequired => unseen("make_admin", "Have the operator list the person's verified address."),
        Denial::CallbackProofMissing | Denial::CallbackProofWrong => {
            unseen("correct_callback", "Have the sender use the header and the secret that are configured.")
        }
        Denial::CallbackStale | Denial::CallbackReplayed => {
            unseen("sign_anew", "Have the sender sign each attempt anew, by a clock that is right.")
        }
        Denial::AccountNotMapped => {
            unseen("map_identity", "Have the operator map the issuer and directory to an account.")
        }
        Denial::KeyDisabled
        | Denial::KeyExpired
        | Denial::FreshnessLost
        | Denial::OperationUnknown
        | Denial::AudienceMismatched
        | Denial::SubKeyNotAllowed
        | Denial::IpNotAllowed
        | Denial::PrimaryKeyInBrowser
        | Denial::OriginNotAllowed
        | Denial::ScopeInsufficient
        | Denial::CompanyNotAllowed => None,
    }
}
