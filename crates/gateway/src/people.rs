//! People and callbacks: what the gateway knows of callers without a key (D19, D20).
//!
//! Owns:  the configured issuers and callbacks, what was verified lately on a core, and callbacks that were taken lately.
//! Never: decides; `visit` asks `admission`.
//! Read:  `PeopleConfig`, then `Visitors`.

use crate::{
    config::Clock,
    fault::Fault,
    issuer_keys::{Held, IssuerConfig, IssuerKeys},
    signer::TokenSlot,
};
use model::{AccountId, Denial, LimitName, SecretHash, Timestamp};
use proof::{Admins, CallbackRule, Called, Person};
use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Tokens that a core remembers as verified.
const VISITORS_MAX: usize = 4_096;
/// Signed callbacks that are remembered, so that none is taken twice.
const SEALS_MAX: usize = 65_536;

/// Who may call without a key.
#[derive(Clone)]
pub struct PeopleConfig {
    /// Whose tokens are taken.
    pub issuers: Vec<IssuerConfig>,
    /// Who is an administrator.
    pub admins: Admins,
    /// The callbacks that the catalogue may name.
    pub callbacks: Vec<CallbackRule>,
    /// Bytes of a signed callback's body: it is held in memory until its signature is verified.
    pub callback_body_max: usize,
}

impl Default for PeopleConfig {
    fn default() -> Self {
        Self { issuers: Vec::new(), admins: Admins::default(), callbacks: Vec::new(), callback_body_max: 1024 * 1024 }
    }
}

/// What all cores share of it.
pub(crate) struct People {
    pub(crate) issuers: Vec<Arc<IssuerKeys>>,
    pub(crate) admins: Admins,
    pub(crate) callback_body_max: usize,
    callbacks: HashMap<LimitName, Arc<Sender>>,
    seals: Mutex<HashMap<[u8; 32], Timestamp>>,
}

/// Where a callback comes from, as the signed context speaks of it.
pub(crate) struct Sender {
    pub(crate) rule: CallbackRule,
    pub(crate) tokens: [TokenSlot; 2],
}

/// A person who was verified, with the context tokens that speak of them.
pub(crate) struct Visitor {
    pub(crate) person: Person,
    pub(crate) account: AccountId,
    /// The keys that the token was verified with; when others are in use it is verified again.
    pub(crate) keys: Arc<Held>,
    pub(crate) tokens: [TokenSlot; 2],
}

impl People {
    pub(crate) fn new(config: PeopleConfig) -> Self {
        let sender = |rule: CallbackRule| (rule.name.clone(), Arc::new(Sender { rule, tokens: Default::default() }));
        Self {
            issuers: config.issuers.into_iter().map(IssuerKeys::new).collect(),
            admins: config.admins,
            callback_body_max: config.callback_body_max,
            callbacks: config.callbacks.into_iter().map(sender).collect(),
            seals: Mutex::default(),
        }
    }

    /// Starts the task of each issuer, and waits for their first keys within a bound.
    pub(crate) async fn start(&self, clock: Clock) -> tokio::task::JoinSet<()> {
        let mut tasks = tokio::task::JoinSet::new();
        for issuer in &self.issuers {
            tasks.spawn(Arc::clone(issuer).keep(clock));
        }
        let first = async {
            for issuer in &self.issuers {
                issuer.tried().await;
            }
        };
        let _in_time = tokio::time::timeout(crate::issuer_keys::START_WAIT_MAX, first).await;
        tasks
    }

    /// The callback of this name, if it is configured.
    pub(crate) fn sender(&self, name: &LimitName) -> Option<&Arc<Sender>> {
        self.callbacks.get(name)
    }

    /// Takes a signed callback, once. Only verified ones get here, so that strangers cannot fill the list.
    pub(crate) fn take(&self, called: &Called, now: Timestamp) -> Result<(), crate::fault::Refusal> {
        let Some((seal, until)) = called.seal() else { return Ok(()) };
        let mut seals = self.seals.lock().unwrap_or_else(PoisonError::into_inner);
        if seals.len() >= SEALS_MAX {
            seals.retain(|_, until| now < *until);
        }
        if seals.len() >= SEALS_MAX {
            return Err(Fault::Overloaded.into());
        }
        match seals.insert(*seal.as_bytes(), until) {
            None => Ok(()),
            Some(_) => Err(Denial::CallbackReplayed.into()),
        }
    }
}

/// What a core has verified lately, by the token's hash.
#[derive(Default)]
pub(crate) struct Visitors(RefCell<HashMap<[u8; 32], Arc<Visitor>>>);

impl Visitors {
    /// What was verified of this token, while it holds and with keys that are still in use.
    pub(crate) fn find(&self, token: &SecretHash, people: &People, now: Timestamp) -> Option<Arc<Visitor>> {
        let visitor = self.0.borrow().get(token.as_bytes()).cloned()?;
        let issuer = people.issuers.iter().find(|keys| keys.config.issuer.issues(visitor.person.issuer()))?;
        let current = issuer.current(now)?;
        (Arc::ptr_eq(&current, &visitor.keys) && now < visitor.person.ends_at()).then_some(visitor)
    }

    pub(crate) fn keep(&self, token: &SecretHash, visitor: &Arc<Visitor>, now: Timestamp) {
        let mut known = self.0.borrow_mut();
        if known.len() >= VISITORS_MAX {
            known.retain(|_, visitor| now < visitor.person.ends_at());
        }
        // Verifying again costs some microseconds; a better choice of what to forget is not worth more.
        if known.len() >= VISITORS_MAX {
            known.clear();
        }
        known.insert(*token.as_bytes(), Arc::clone(visitor));
    }
}
