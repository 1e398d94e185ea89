//! Limits: how much of what may be asked for in which time (D15, D38).
//!
//! Owns:  the words of a limit: subject, class, methods, kind, count; what a key may set for itself; daily caps.
//! Never: counts; the `limits` crate does.
//! Read:  `Limit`, then `KeyLimits`.

use crate::operation::{HttpMethod, LimitClass};
use std::fmt;

/// The most limits of a deployment, and the most that one key may set for itself.
pub const LIMITS_MAX: usize = 32;
/// The largest count.
pub const COUNT_MAX: u32 = 1_000_000_000;
/// The longest window, in seconds: a day.
pub const WINDOW_MAX_SECS: u32 = 86_400;

/// The name of a limit, as `RateLimit` fields say it: 1 to 64 letters, digits, `_`, `-` or `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitName(Box<str>);

impl LimitName {
    /// Checks and takes a name; `None` when it is malformed.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        ((1..=64).contains(&text.len()) && text.bytes().all(plain)).then(|| Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LimitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitSubject {
    /// One key in one environment.
    Key,
    /// All keys of an account in one environment.
    Account,
    /// One caller's address (an IPv6 caller by its /64).
    Address,
}

/// Which methods a limit counts. HEAD counts with GET, PUT, PATCH and DELETE with POST (D15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LimitMethods {
    /// All.
    #[default]
    All,
    /// GET and HEAD (R127).
    Reads,
    /// POST, PUT, PATCH and DELETE (R128).
    Writes,
}

impl LimitMethods {
    /// Whether requests with this method are counted.
    #[must_use]
    pub const fn counts(self, method: HttpMethod) -> bool {
        match self {
            Self::All => true,
            Self::Reads => method.is_safe(),
            Self::Writes => !method.is_safe(),
        }
    }
}

/// How it is counted (D38).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// In any window of this many seconds at most `count` requests are admitted.
    Window {
        /// The length of the window, 1 to `WINDOW_MAX_SECS` seconds.
        seconds: u32,
    },
    /// A bucket of `count` that refills by `refill` every `seconds` (GCRA).
    Bucket {
        /// How many come back.
        refill: u32,
        /// In how many seconds, 1 to `WINDOW_MAX_SECS`.
        seconds: u32,
    },
    /// At most `count` at the same time.
    Concurrency,
}

/// One limit of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name, unique in the deployment.
    pub name: LimitName,
    /// Whose requests are counted together.
    pub subject: LimitSubject,
    /// Which operations are counted; `None` = all.
    pub class: Option<LimitClass>,
    /// Which methods are counted.
    pub methods: LimitMethods,
    /// How.
    pub kind: LimitKind,
    /// How many, 1 to `COUNT_MAX`. A key's own number stands above it.
    pub count: u32,
}

impl Limit {
    /// Whether a request for an operation of `class` with `method` is counted.
    #[must_use]
    pub fn counts(&self, class: &LimitClass, method: HttpMethod) -> bool {
        self.methods.counts(method) && self.class.as_ref().is_none_or(|own| own == class)
    }
}

/// A cap on requests of a channel (`sms`, `email`) per UTC day and key (R80, D15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyCap {
    /// The channel, as operations name it.
    pub channel: LimitName,
    /// How many a day, 1 to `COUNT_MAX`.
    pub count: u32,
}

/// The numbers that a key has in place of the deployment's (R77), by name of the limit, sorted. Empty: the deployment's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyLimits(Box<[(LimitName, u32)]>);

impl KeyLimits {
    /// At most `LIMITS_MAX` numbers of 1 to `COUNT_MAX`, each name once; `None` otherwise.
    #[must_use]
    pub fn new(mut numbers: Vec<(LimitName, u32)>) -> Option<Self> {
        numbers.sort_unstable();
        let single = numbers.windows(2).all(|pair| matches!(pair, [a, b] if a.0 != b.0));
        let counts = numbers.iter().all(|(_, count)| (1..=COUNT_MAX).contains(count));
        (single && counts && numbers.len() <= LIMITS_MAX).then(|| Self(numbers.into()))
    }

    /// The key's own number for a limit, if it has one.
    #[must_use]
    pub fn get(&self, name: &LimitName) -> Option<u32> {
        let at = self.0.binary_search_by(|(own, _)| own.cmp(name)).ok()?;
        self.0.get(at).map(|(_, count)| *count)
    }

    /// The numbers, sorted by name.
    #[must_use]
    pub fn as_slice(&self) -> &[(LimitName, u32)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> LimitName {
        LimitName::new(text).unwrap()
    }

    #[test]
    fn d15_head_counts_with_get_and_the_rest_with_post() {
        let limit = |methods, class: Option<&str>| Limit {
            name: name("x"),
            subject: LimitSubject::Key,
            class: class.and_then(LimitClass::new),
            methods,
            kind: LimitKind::Window { seconds: 60 },
            count: 20,
        };
        let class = LimitClass::default();
        for method in HttpMethod::ALL {
            let reads = matches!(method, HttpMethod::Get | HttpMethod::Head);
            assert_eq!(limit(LimitMethods::Reads, None).counts(&class, method), reads);
            assert_eq!(limit(LimitMethods::Writes, None).counts(&class, method), !reads);
            assert!(limit(LimitMethods::All, Some("default")).counts(&class, method));
            assert!(!limit(LimitMethods::All, Some("messaging")).counts(&class, method));
        }
    }

    #[test]
    fn r77_a_key_has_its_own_numbers() {
        let limits = KeyLimits::new(vec![(name("post"), 5), (name("default"), 100)]).unwrap();
        assert_eq!((limits.get(&name("default")), limits.get(&name("get"))), (Some(100), None));
        for wrong in [vec![(name("a"), 0)], vec![(name("a"), COUNT_MAX + 1)], vec![(name("a"), 1), (name("a"), 2)]] {
            assert!(KeyLimits::new(wrong).is_none());
        }
    }
}
