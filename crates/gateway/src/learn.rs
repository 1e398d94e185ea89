//! Learn: companies that the upstream created, known before its answer goes out (D35).
//!
//! Owns:  what an answer names, and the queue of what is learned, on its way into the store and back into the snapshot.
//! Never: keeps an answer back because the store cannot be asked; widens a key.
//! Read:  `Learner::learn`, then `teach`.

use crate::{
    body::ResponseBody,
    core::Core,
    errands::Desk,
    facts,
    fault::Refusal,
    follow::Progress,
    forward::until_cut,
    guard::{kind, whole},
    inflight::Ticket,
    snapshot::Live,
};
use admission::{
    company::BodyKind,
    json::{self, Found},
};
use egress::UpstreamBody;
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::Body as _;
use model::{Company, CompanyId, ExternalName, Learn, Operation, OperationId, RequestId, operation::Place};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};

/// Lessons that may wait for the store; what further answers name is not learned.
pub(crate) const LESSONS_MAX: usize = 1_024;
/// Lessons that are in hand at once, so that they share a commit.
const TOGETHER_MAX: usize = 64;
/// How long an answer waits until what it names is known.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// A company that an answer named.
pub(crate) struct Lesson {
    called: String,
    /// The one that it is known by, then further ones.
    names: Vec<ExternalName>,
    account: model::AccountId,
    request: Option<RequestId>,
    /// Told when requests find the company; dropped when it is not learned.
    known: oneshot::Sender<()>,
}

/// What the answer of a request may teach, and whose company that is.
pub(crate) struct Learner {
    operation: OperationId,
    learn: Learn,
    live: Arc<Live>,
    request: Option<RequestId>,
}

impl Learner {
    /// The learner of an operation; none when its answers create no companies.
    pub(crate) fn of(operation: &Operation, live: &Arc<Live>, id: &HeaderValue) -> Option<Self> {
        let learn = operation.learn.clone()?;
        let request = id.to_str().ok().and_then(|id| id.parse().ok());
        Some(Self { operation: operation.id.clone(), learn, live: Arc::clone(live), request })
    }

    /// Takes out what would hide the answer. Conditions stay: they decide what is done.
    pub(crate) fn prepare(headers: &mut HeaderMap) {
        headers.remove(header::RANGE);
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }

    /// Whether the answer is to be read before it is passed on; any other one streams.
    pub(crate) fn reads(&self, core: &Core, response: &Response<UpstreamBody>) -> bool {
        if !response.status().is_success() {
            return false;
        }
        let fits = response.body().size_hint().lower() <= core.shared.limits.answer_inspect_max;
        let readable = fits && kind(response.headers()) == BodyKind::Json;
        if !readable {
            self.missed("it is not JSON, or too long");
        }
        readable
    }

    /// Reads the whole answer.
    pub(crate) async fn read(
        core: &Core,
        ticket: Option<&Ticket>,
        response: Response<UpstreamBody>,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let (mut head, body) = response.into_parts();
        let bytes = match ticket {
            Some(ticket) => until_cut(ticket, whole(core, body)).await??,
            // A write that was begun goes to its end (D40).
            None => whole(core, body).await?,
        };
        facts::strip_response(&mut head.headers, &core.shared.namespace);
        head.headers.remove(header::TRAILER);
        Ok(Response::from_parts(head, ResponseBody::Whole(Some(bytes))))
    }

    /// Has the company that the answer names become known, and waits for that, bounded.
    pub(crate) async fn learn(&self, core: &Core, ticket: Option<&Ticket>, bytes: &[u8]) -> Result<(), Refusal> {
        let Some((names, called)) = self.named(bytes) else {
            self.missed("it names no company where the catalogue says");
            return Ok(());
        };
        let account = self.live.entry.record.account;
        if names.first().is_some_and(|name| core.shared.snapshot.company(account, name.clone()).is_some()) {
            return Ok(());
        }
        let (known, told) = oneshot::channel();
        let lesson = Lesson { called, names, account, request: self.request, known };
        if !core.shared.errands.learn(lesson) {
            self.missed("too many wait for the store");
            return Ok(());
        }
        let told = tokio::time::timeout(WAIT_MAX, told);
        let told = match ticket {
            Some(ticket) => until_cut(ticket, told).await?,
            None => told.await,
        };
        if !matches!(told, Ok(Ok(()))) {
            self.missed("the store did not take it in time");
        }
        Ok(())
    }

    /// The external names that an answer tells, the one that it is known by first, and what the company is called.
    fn named(&self, bytes: &[u8]) -> Option<(Vec<ExternalName>, String)> {
        let pointer = |place: &Place| match place {
            Place::Response(pointer) => Some(pointer.to_string()),
            Place::Path(_) | Place::Query(_) | Place::Header(_) | Place::Body(_) => None,
        };
        let locators: Vec<_> = std::iter::once(&self.learn.at).chain(&self.learn.also).collect();
        let places = locators.iter().map(|locator| &locator.place).chain(&self.learn.name);
        let pointers: Vec<String> = places.map(pointer).collect::<Option<_>>()?;
        let mut told = vec![None; pointers.len()];
        let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
        json::scan(bytes, &pointers, &mut |index, found| {
            if let (Found::Name(text), Some(place)) = (found, told.get_mut(index)) {
                *place = Some(text.into_owned());
            }
        })
        .ok()?;
        let name = self.learn.name.as_ref().and_then(|_| told.pop().flatten());
        let environment = self.live.entry.environment;
        let known = told.first().cloned().flatten()?;
        let names = locators.iter().zip(told).filter_map(|(locator, value)| {
            Some(ExternalName { environment, kind: locator.kind.clone(), value: value?.into() })
        });
        Some((names.collect(), name.unwrap_or(known)))
    }

    fn missed(&self, why: &str) {
        let record = &self.live.entry.record;
        tracing::warn!(
            account = %record.account,
            operation = %self.operation,
            why,
            "an answer that may name a new company taught nothing; add its name through the control API"
        );
    }
}

/// Creates what was learned, and tells whoever waits when it is in force here.
pub(crate) async fn teach(desk: Desk, progress: watch::Receiver<Progress>, mut queued: mpsc::Receiver<Lesson>) {
    let mut inhand = JoinSet::new();
    while let Some(lesson) = queued.recv().await {
        if inhand.len() >= TOGETHER_MAX {
            let _done = inhand.join_next().await;
        }
        inhand.spawn(create(desk.clone(), progress.clone(), lesson));
        while inhand.try_join_next().is_some() {}
    }
    while inhand.join_next().await.is_some() {}
}

async fn create(desk: Desk, mut progress: watch::Receiver<Progress>, lesson: Lesson) {
    let Lesson { called, names, account, request, known } = lesson;
    let stamp = desk.stamp(request);
    let id = CompanyId::new(stamp.now, desk.entropy());
    let company = Company { id, account, name: called, external_names: names, created_at: stamp.now };
    let learned = match desk.store.learn_company(stamp, account, company).await {
        Ok(learned) => learned,
        Err(error) => {
            tracing::warn!(%error, %account, "a company that the upstream created could not be taken in");
            return;
        }
    };
    let followed = progress.wait_for(|progress| progress.revision >= learned.revision);
    if matches!(tokio::time::timeout(WAIT_MAX, followed).await, Ok(Ok(_))) {
        let _gone = known.send(());
    }
}
