//! Usage: what a core tells the store of each request, in batches of bytes (D25, R14).
//!
//! Owns:  the batch of one core, and which outcome a request counts as.
//! Never: waits, allocates for a request, or tells a secret, a path, a query value or a body.
//! Read:  `UsageBuffer::add`.

use crate::{fault::Refusal, record::Line};
use http::{HeaderMap, HeaderValue, header};
use model::{Denial, Environment, origin::ORIGIN_MAX};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use store::{Intake, RequestOutcome, SEEN_MAX, SecretTag, Seen, SeenCaller};

/// Bytes that a core gathers before it hands them over.
const BATCH_BYTES: usize = 32 * 1024;

/// What a request says of itself for the request log, beside what decides it.
#[derive(Default)]
pub(crate) struct Told {
    /// `User-Agent`.
    pub(crate) agent: Option<HeaderValue>,
    /// `Origin`, which only browsers send; one byte more than the longest is enough to see that it is too long.
    pub(crate) origin: Option<Box<[u8]>>,
    /// Which of the key's secrets it came with.
    pub(crate) secret: Option<SecretTag>,
    /// The company that it named, when its locators were read.
    pub(crate) company: Option<model::CompanyId>,
    /// The limit that had no room.
    pub(crate) limit: Option<Arc<str>>,
}

impl Told {
    pub(crate) fn note_origin(&mut self, origin: admission::Field<'_>) {
        if let admission::Field::One(origin) = origin {
            self.origin = Some(origin.get(..=ORIGIN_MAX).unwrap_or(origin).into());
        }
    }
}

/// One core's end of the usage file.
pub(crate) struct UsageBuffer {
    batch: RefCell<Vec<u8>>,
    requests: Cell<u64>,
    intake: Intake,
}

impl UsageBuffer {
    pub(crate) fn new(intake: Intake) -> Self {
        Self { batch: RefCell::new(fresh()), requests: Cell::new(0), intake }
    }

    /// What the request log keeps of the headers; they are gone when the line is written.
    pub(crate) fn agent(headers: &HeaderMap) -> Option<HeaderValue> {
        headers.get(header::USER_AGENT).cloned()
    }

    /// Adds one request to the batch.
    pub(crate) fn add(&self, line: &Line<'_>) {
        let full = {
            let mut batch = self.batch.borrow_mut();
            line.seen().write(&mut batch);
            batch.len() >= BATCH_BYTES
        };
        self.requests.set(self.requests.get() + 1);
        if full {
            self.flush();
        }
    }

    /// Hands over what has gathered. What has no room there is counted there.
    pub(crate) fn flush(&self) {
        let requests = self.requests.replace(0);
        if requests > 0 {
            self.intake.put(self.batch.replace(fresh()), requests);
        }
    }
}

fn fresh() -> Vec<u8> {
    Vec::with_capacity(BATCH_BYTES + SEEN_MAX)
}

impl<'a> Line<'a> {
    fn seen(&self) -> Seen<'a> {
        let caller = match (self.story.caller, self.story.told.secret, self.story.environment) {
            (Some((key, account)), Some(secret), Some(environment)) => {
                Some(caller(account, key, secret, environment, self.refusal))
            }
            _ => None,
        };
        let told = &self.story.told;
        Seen {
            request: self.id,
            at: self.at,
            micros: u32::try_from(self.micros.max(0)).unwrap_or(u32::MAX),
            status: self.status,
            outcome: outcome(self.refusal, self.status),
            caller,
            company: told.company,
            method: self.method,
            operation: self.operation.unwrap_or_default(),
            reason: self.refusal.map_or("", |refusal| refusal.answer().reason),
            limit: told.limit.as_deref().unwrap_or_default(),
            address: self.peer,
            agent: told.agent.as_ref().map_or(b"", |agent| agent.as_bytes()),
            origin: told.origin.as_deref().unwrap_or_default(),
        }
    }
}

fn caller(
    account: model::AccountId,
    key: model::KeyId,
    secret: SecretTag,
    environment: Environment,
    refusal: Option<Refusal>,
) -> SeenCaller {
    let good = match refusal {
        Some(Refusal::Denied(denial)) => !is_about_the_secret(denial),
        Some(Refusal::Failed(_)) | None => true,
    };
    SeenCaller { account, key, secret, environment, good }
}

/// Whether a denial means that the secret itself was no good; everything else is a use of it (R101).
const fn is_about_the_secret(denial: Denial) -> bool {
    matches!(
        denial,
        Denial::CredentialMismatched
            | Denial::KeyDisabled
            | Denial::KeyRevoked
            | Denial::KeyDeleted
            | Denial::KeyExpired
            | Denial::SecretEnded
            | Denial::FreshnessLost
    )
}

const fn outcome(refusal: Option<Refusal>, status: u16) -> RequestOutcome {
    match (refusal, status) {
        (Some(Refusal::Denied(_)), 429) => RequestOutcome::Limited,
        (Some(Refusal::Denied(_)), _) => RequestOutcome::Refused,
        (_, ..=399) => RequestOutcome::Ok,
        (_, ..=499) => RequestOutcome::ClientError,
        _ => RequestOutcome::ServerError,
    }
}
