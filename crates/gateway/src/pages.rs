//! Pages: which web origins may use which operations, live, for preflights (D10).
//!
//! Owns:  the index from an origin pattern and a scope to the last instant at which a key still allows both.
//! Never: admits a request: the real one is held against its own key. Readers never wait and never lock.
//! Read:  `Pages::allow`, then `PagesWriter::put`.

use model::{Key, KeyId, KeyKind, KeyStatus, Operation, OriginList, OriginPattern, Timestamp, origin::ORIGIN_MAX};
use papaya::{HashMap as SharedMap, ResizeMode};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// What all cores read: `invoices:read https://app.example.com` to the end of the longest-lived key that says so.
pub(crate) struct Pages {
    ends: SharedMap<Box<str>, Timestamp>,
}

impl Default for Pages {
    fn default() -> Self {
        // In one go, as the snapshot's.
        Self { ends: SharedMap::builder().resize_mode(ResizeMode::Blocking).build() }
    }
}

impl Pages {
    /// Whether a key that works at `now` may be used for `operation` from a page of `origin`.
    ///
    /// The work is bounded by the origin's length: two look-ups for the origin itself, for `*`, and for each dot in it.
    pub(crate) fn allow(&self, operation: &Operation, origin: &[u8], now: Timestamp) -> bool {
        let Some(origin) = std::str::from_utf8(origin).ok().filter(|o| o.len() <= ORIGIN_MAX) else { return false };
        let scope = operation.scope.to_string();
        let action = scope.rsplit(':').next().unwrap_or_default();
        let everywhere = format!("*:{action}");
        let listed = |pattern: &str| {
            // The one rule of what matches is the pattern's own.
            OriginPattern::parse(pattern).is_ok_and(|p| p.matches(origin.as_bytes()))
                && [&scope, &everywhere].into_iter().any(|scope| self.lasts(scope, pattern, now))
        };
        let Some(host) = origin.find("://").map(|at| at + 3) else { return false };
        let dots = origin.match_indices('.').map(|(at, _)| at).filter(|at| *at > host);
        listed(origin)
            || listed("*")
            || dots.into_iter().any(|at| listed(&format!("{}*{}", &origin[..host], &origin[at..])))
    }

    fn lasts(&self, scope: &str, pattern: &str, now: Timestamp) -> bool {
        self.ends.pin().get(format!("{scope} {pattern}").as_str()).is_some_and(|end| now < *end)
    }
}

/// The only one who changes the index: the follower, in the same step that changes the key.
pub(crate) struct PagesWriter {
    pages: Arc<Pages>,
    /// What each key with origins says now, so that it can be taken out again.
    said: HashMap<KeyId, Said>,
    /// How many keys say the same with the same end.
    counts: HashMap<Box<str>, BTreeMap<Timestamp, usize>>,
}

struct Said {
    names: Box<[Box<str>]>,
    end: Timestamp,
}

impl PagesWriter {
    pub(crate) fn new(pages: Arc<Pages>) -> Self {
        Self { pages, said: HashMap::new(), counts: HashMap::new() }
    }

    /// What the key says from now on. A primary key and one that is not active say nothing.
    pub(crate) fn put(&mut self, key: &Key) {
        let end = key.expires_at.unwrap_or(Timestamp::MAX);
        let says = key.kind == KeyKind::Restricted && key.status == KeyStatus::Active && !key.origins.is_empty();
        let names = if says { names(&key.origins, &key.preset.scopes().to_texts()) } else { Box::default() };
        if self.said.get(&key.id).map_or(names.is_empty(), |said| said.names == names && said.end == end) {
            return;
        }
        // The new before the old, so that what stays allowed is allowed all the time.
        for name in &names {
            *self.counts.entry(name.clone()).or_default().entry(end).or_default() += 1;
            self.publish(name);
        }
        self.remove(key.id);
        if !names.is_empty() {
            self.said.insert(key.id, Said { names, end });
        }
    }

    /// The key says nothing any more.
    pub(crate) fn remove(&mut self, key: KeyId) {
        let Some(said) = self.said.remove(&key) else { return };
        for name in &said.names {
            if let Some(ends) = self.counts.get_mut(name) {
                if let Some(count) = ends.get_mut(&said.end) {
                    *count = count.saturating_sub(1);
                }
                ends.retain(|_, count| *count > 0);
            }
            self.publish(name);
        }
    }

    fn publish(&mut self, name: &str) {
        let pages = self.pages.ends.pin();
        match self.counts.get(name).and_then(|ends| ends.last_key_value()) {
            Some((end, _)) => {
                pages.insert(name.into(), *end);
            }
            None => {
                pages.remove(name);
                self.counts.remove(name);
            }
        }
    }
}

/// Every pair of scope and origin; both lists are bounded.
fn names(origins: &OriginList, scopes: &[String]) -> Box<[Box<str>]> {
    let pairs = origins.as_slice().iter().flat_map(|origin| scopes.iter().map(move |scope| (scope, origin)));
    pairs.map(|(scope, origin)| format!("{scope} {origin}").into()).collect()
}
