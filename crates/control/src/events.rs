//! Events: hints of what changed in an account, for as long as somebody watches.
//!
//! Owns:  the stream; that it ends with the session, token or role that opened it, and with the control plane.
//! Never: tells what changed: whoever gets a hint reads again, with the authority that they have then.
//! Read:  `follow`, then `Watcher::next`.

use crate::{
    authority::{self, Caller},
    control::Control,
    operation::Op,
    refusal::Refusal,
    reply::Reply,
    streams::Seat,
};
use api::{Code, contract::EventsFollow};
use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use model::RequestId;
use std::{collections::BTreeSet, convert::Infallible, time::Duration};
use store::{AccountStore, Page, RequestFilter, Revision, StoreError};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

/// How often a comment tells both ends that the stream lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often is looked whether there were requests when nobody says so: a request may be told late, and not never.
const REQUESTS_EVERY: Duration = Duration::from_secs(3);
/// Changes come in bursts: what comes within this time is told at once.
const GATHER: Duration = Duration::from_millis(200);
/// Entries of the audit chain that are read at once. Of more, each kind is told without an id.
const ENTRIES_MAX: u16 = 100;
/// What a stream begins with: a browser that lost it waits so many milliseconds.
const OPENING: &str = "retry: 3000\n\n";

pub(crate) async fn follow(op: Op<EventsFollow>) -> Result<Reply<EventsFollow>, Refusal> {
    let context = op.context;
    let control = context.control;
    let account = control.parts().store.account(op.target.account);
    account.account().await?;
    let room = control.streams().enter(&context.caller).ok_or(Code::Overloaded)?;
    let watcher = Watcher {
        seen: account.audit_end().await?,
        request: newest_request(&account).await?,
        committed: control.parts().store.committed(),
        recorded: control.parts().store.usage().recorded(),
        closing: control.closing(),
        ends_at: Instant::now() + control.parts().limits.stream_of_events,
        heartbeat_at: Instant::now() + HEARTBEAT,
        look_at: Instant::now() + REQUESTS_EVERY,
        opening: Some(OPENING),
        account,
        caller: context.caller,
        headers: context.headers,
        control,
        _room: room,
    };
    let stream = futures_util::stream::unfold(watcher, |mut watcher| async move {
        let text = watcher.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), watcher))
    });
    Ok(Reply::events(Body::from_stream(stream)))
}

/// Who watches an account.
struct Watcher {
    control: Control,
    account: AccountStore,
    caller: Caller,
    headers: HeaderMap,
    /// The last entry of the audit chain that was told.
    seen: u64,
    request: Option<RequestId>,
    committed: watch::Receiver<Revision>,
    recorded: watch::Receiver<()>,
    closing: watch::Receiver<bool>,
    ends_at: Instant,
    heartbeat_at: Instant,
    look_at: Instant,
    opening: Option<&'static str>,
    _room: Seat,
}

impl Watcher {
    /// The next piece of the stream; `None` ends it.
    async fn next(&mut self) -> Option<String> {
        if let Some(opening) = self.opening.take() {
            return Some(opening.to_owned());
        }
        loop {
            let woken = tokio::select! {
                // An error means that nobody can say it any more, which is the same.
                _ = self.closing.wait_for(|closing| *closing) => return None,
                () = sleep_until(self.ends_at) => return None,
                () = sleep_until(self.heartbeat_at) => Woken::Heartbeat,
                changed = self.committed.changed() => { changed.ok()?; Woken::Changed }
                changed = self.recorded.changed() => { changed.ok()?; Woken::Recorded }
                () = sleep_until(self.look_at) => Woken::Looking,
            };
            if matches!(woken, Woken::Changed) {
                sleep(GATHER).await;
                self.committed.mark_unchanged();
            }
            // Requests of any account, several times a second: what is cheap to ask is asked first.
            if matches!(woken, Woken::Recorded) && !self.is_behind().await.ok()? {
                continue;
            }
            if !self.may_watch().await {
                return None;
            }
            let text = match woken {
                Woken::Heartbeat => {
                    self.heartbeat_at = Instant::now() + HEARTBEAT;
                    Some(":\n\n".to_owned())
                }
                Woken::Changed => self.changes().await.ok()?,
                Woken::Looking | Woken::Recorded => {
                    self.look_at = Instant::now() + REQUESTS_EVERY;
                    self.requests().await.ok()?
                }
            };
            if text.is_some() {
                return text;
            }
        }
    }

    /// Whether whoever opened the stream still may. Watching does not count as using a session.
    async fn may_watch(&self) -> bool {
        let now = self.control.now();
        match &self.caller {
            Caller::Person { session, member: Some(member) } => {
                let people = self.control.parts().store.people();
                let session = people.session_by_id(session.id, now, self.control.seen_since(now)).await;
                let present = people.membership(member.person, member.account).await;
                matches!((session, present), (Ok(Some(_)), Ok(Some(_))))
            }
            Caller::Operator(_) => authority::operator(&self.headers, &self.control).await.is_ok(),
            Caller::Person { member: None, .. } | Caller::Nobody => false,
        }
    }

    /// What changed since the last look.
    async fn changes(&mut self) -> Result<Option<String>, StoreError> {
        let entries = self.account.audit_behind(self.seen, ENTRIES_MAX).await?;
        let Some(last) = entries.last() else { return Ok(None) };
        let many = entries.len() == usize::from(ENTRIES_MAX);
        self.seen = if many { self.account.audit_end().await? } else { last.sequence };
        let subjects = entries.iter().flat_map(|entry| &entry.subjects);
        let told: BTreeSet<_> =
            subjects.map(|subject| (subject.kind(), (!many).then(|| subject.to_string()))).collect();
        Ok(Some(told.into_iter().map(|(kind, id)| event(kind, id)).collect()))
    }

    /// Whether there were requests that were not told.
    async fn is_behind(&self) -> Result<bool, StoreError> {
        Ok(newest_request(&self.account).await? != self.request)
    }

    /// Tells that there were requests since the last look, if there were.
    async fn requests(&mut self) -> Result<Option<String>, StoreError> {
        let newest = newest_request(&self.account).await?;
        let more = newest != self.request;
        self.request = newest;
        Ok(more.then(|| event("requests", None)))
    }
}

enum Woken {
    Heartbeat,
    Changed,
    Recorded,
    Looking,
}

async fn newest_request(account: &AccountStore) -> Result<Option<RequestId>, StoreError> {
    let page = account.usage().requests(&RequestFilter::default(), Page::first(1)).await?;
    Ok(page.items.first().map(|request| request.id))
}

/// One event. Kinds and ids are words without anything to escape.
fn event(kind: &str, id: Option<String>) -> String {
    let id = id.map(|id| format!(",\"id\":\"{id}\"")).unwrap_or_default();
    format!("event: change\ndata: {{\"kind\":\"{kind}\"{id}}}\n\n")
}
