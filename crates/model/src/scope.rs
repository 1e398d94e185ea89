//! Scopes and presets: what a key may do (D7, R27-R31, R74-R76).
//!
//! Owns:  `resource:action`, sets of them, and the named sets.
//! Never: knows operations; the catalogue says which scope each one needs.
//! Read:  `ScopeSet::allows`, then `Preset`.

use std::fmt;

/// What a scope lets one do with a resource. Write does not imply read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Look at it.
    Read,
    /// Create, change or delete it.
    Write,
    /// Send it out into the world: an invoice, a message.
    Send,
}

impl Action {
    /// All three, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Send];

    /// `read`, `write` or `send`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Send => "send",
        }
    }

    /// From `read`, `write` or `send`, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == text)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Send => 4,
        }
    }
}

/// A set of actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Actions(u8);

impl Actions {
    /// No action.
    pub const NONE: Self = Self(0);
    /// Every action.
    pub const EVERY: Self = Self(7);

    /// The set of the given actions.
    #[must_use]
    pub fn of(actions: &[Action]) -> Self {
        Self(actions.iter().fold(0, |bits, a| bits | a.bit()))
    }

    /// Whether `action` is in the set.
    #[must_use]
    pub const fn contains(self, action: Action) -> bool {
        self.0 & action.bit() != 0
    }

    /// The members, in the order in which they are shown.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.into_iter().filter(move |a| self.contains(*a))
    }

    const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn with(self, action: Action) -> Self {
        Self(self.0 | action.bit())
    }
}

/// The longest name of a resource, in bytes.
pub const RESOURCE_MAX: usize = 64;
/// The most explicit scopes a key may carry.
pub const SCOPES_MAX: usize = 256;

/// What operations act on: `invoices`, `company`, `messages:sms`. Lower-case letters, digits, `_`, `-` and inner `:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource(Box<str>);

impl Resource {
    /// Checks and takes a name.
    pub fn new(name: &str) -> Result<Self, ScopeError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        let parts_ok = name.split(':').all(|part| !part.is_empty() && part.bytes().all(plain));
        if name.len() > RESOURCE_MAX || !parts_ok {
            return Err(ScopeError(name.to_owned()));
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a scope or a resource name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeError(pub String);

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a scope: write resource:action with action read, write or send (or *:action)", self.0)
    }
}

impl std::error::Error for ScopeError {}

/// `resource:action`: what one operation needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// What is acted on.
    pub resource: Resource,
    /// How.
    pub action: Action,
}

impl Scope {
    /// From `resource:action`. `*` is no resource: it names many, so it stands in sets only.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let error = || ScopeError(text.to_owned());
        let (resource, action) = text.rsplit_once(':').ok_or_else(error)?;
        Ok(Self {
            resource: Resource::new(resource).map_err(|_| error())?,
            action: Action::parse(action).ok_or_else(error)?,
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.action.as_str())
    }
}

/// The scopes of a key: actions on every resource, and actions on named ones. Empty means nothing (R76).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeSet {
    everywhere: Actions,
    named: Box<[(Resource, Actions)]>,
}

impl ScopeSet {
    /// The scopes written as `resource:action` or `*:action`. Repeats are folded.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, ScopeError> {
        let mut everywhere = Actions::NONE;
        let mut named: Vec<(Resource, Actions)> = Vec::new();
        if texts.len() > SCOPES_MAX {
            return Err(ScopeError(format!("more than {SCOPES_MAX} scopes")));
        }
        for text in texts.iter().map(AsRef::as_ref) {
            if let Some(action) = text.strip_prefix("*:") {
                everywhere = everywhere.with(Action::parse(action).ok_or_else(|| ScopeError(text.to_owned()))?);
                continue;
            }
            let Scope { resource, action } = Scope::parse(text)?;
            match named.binary_search_by(|(r, _)| r.cmp(&resource)) {
                Ok(at) => named[at].1 = named[at].1.with(action),
                Err(at) => named.insert(at, (resource, Actions::NONE.with(action))),
            }
        }
        Ok(Self { everywhere, named: named.into() })
    }

    /// Whether the set holds `scope`. No allocation; a binary search over at most `SCOPES_MAX` names.
    #[must_use]
    pub fn allows(&self, scope: &Scope) -> bool {
        self.everywhere.contains(scope.action)
            || self
                .named
                .binary_search_by(|(r, _)| r.cmp(&scope.resource))
                .is_ok_and(|at| self.named.get(at).is_some_and(|(_, actions)| actions.contains(scope.action)))
    }

    /// Whether everything that `other` allows, this set allows too (a change from `other` to this one narrows nothing).
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let named_here = |resource: &Resource| match self.named.binary_search_by(|(r, _)| r.cmp(resource)) {
            Ok(at) => self.named.get(at).map_or(Actions::NONE, |(_, actions)| *actions),
            Err(_) => Actions::NONE,
        };
        self.everywhere.covers(other.everywhere)
            && other.named.iter().all(|(r, actions)| self.everywhere.union(named_here(r)).covers(*actions))
    }

    /// The members as text, `*:action` first; `parse` reads them back.
    #[must_use]
    pub fn to_texts(&self) -> Vec<String> {
        let everywhere = self.everywhere.iter().map(|a| format!("*:{}", a.as_str()));
        let named =
            self.named.iter().flat_map(|(r, actions)| actions.iter().map(move |a| format!("{r}:{}", a.as_str())));
        everywhere.chain(named).collect()
    }

    /// Whether nothing but looking is allowed (what D10 asks of a `*` origin).
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        let reads = |actions: Actions| !actions.contains(Action::Write) && !actions.contains(Action::Send);
        reads(self.everywhere) && self.named.iter().all(|(_, actions)| reads(*actions))
    }
}

/// A named set of scopes, or an explicit one (R27, D7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Everything (R28). No key manages keys, so that needs no exception here (D8).
    FullAccess,
    /// `*:read` (R30).
    ReadOnly,
    /// `*:read` and `*:send` (R31).
    Send,
    /// An explicit list (R74).
    Custom(ScopeSet),
}

impl Preset {
    /// `full_access`, `read_only`, `send` or `custom`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::FullAccess => "full_access",
            Self::ReadOnly => "read_only",
            Self::Send => "send",
            Self::Custom(_) => "custom",
        }
    }

    /// The scopes that the preset stands for.
    #[must_use]
    pub fn scopes(&self) -> ScopeSet {
        let everywhere = |actions| ScopeSet { everywhere: actions, named: Box::default() };
        match self {
            Self::FullAccess => everywhere(Actions::EVERY),
            Self::ReadOnly => everywhere(Actions::of(&[Action::Read])),
            Self::Send => everywhere(Actions::of(&[Action::Read, Action::Send])),
            Self::Custom(scopes) => scopes.clone(),
        }
    }

    /// Whether the preset holds `scope`, without making the set.
    #[must_use]
    pub fn allows(&self, scope: &Scope) -> bool {
        match self {
            Self::FullAccess => true,
            Self::ReadOnly => scope.action == Action::Read,
            Self::Send => scope.action != Action::Write,
            Self::Custom(scopes) => scopes.allows(scope),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    #[test]
    fn d7_presets_are_the_sets_they_name() {
        for preset in [Preset::FullAccess, Preset::ReadOnly, Preset::Send] {
            for text in ["invoices:read", "invoices:write", "messages:sms:send"] {
                assert_eq!(preset.allows(&scope(text)), preset.scopes().allows(&scope(text)), "{preset:?} {text}");
            }
        }
        assert!(!Preset::ReadOnly.allows(&scope("invoices:send")));
        assert!(Preset::Send.allows(&scope("invoices:send")) && !Preset::Send.allows(&scope("company:write")));
    }

    #[test]
    fn r58_r76_nothing_is_granted_by_default_and_write_is_not_read() {
        assert!(!ScopeSet::default().allows(&scope("invoices:read")));
        let set = ScopeSet::parse(&["invoices:write"]).unwrap();
        assert!(set.allows(&scope("invoices:write")) && !set.allows(&scope("invoices:read")));
        assert!(!set.allows(&scope("invoices2:write")));
    }

    #[test]
    fn a_set_covers_what_it_allows_and_no_more() {
        let set = |texts: &[&str]| ScopeSet::parse(texts).unwrap();
        assert!(set(&["*:read", "a:write"]).covers(&set(&["a:read", "a:write"])));
        assert!(!set(&["a:read"]).covers(&set(&["*:read"])));
        assert!(!set(&["*:read"]).covers(&set(&["b:send"])));
        assert!(set(&[]).covers(&set(&[])));
    }

    #[test]
    fn malformed_scopes_are_refused() {
        for text in
            ["", "invoices", "invoices:", ":read", "invoices:READ", "In:read", "*:delete", "*", "a::read", "*:*"]
        {
            assert!(ScopeSet::parse(&[text]).is_err(), "{text}");
        }
        assert!(Scope::parse("*:read").is_err());
    }

    proptest! {
        #[test]
        fn texts_round_trip(texts in proptest::collection::vec("(\\*|[a-z]{1,3}(:[a-z]{1,2})?):(read|write|send)", 0..20)) {
            let set = ScopeSet::parse(&texts).unwrap();
            prop_assert_eq!(&ScopeSet::parse(&set.to_texts()).unwrap(), &set);
            for text in &texts {
                if let Ok(scope) = Scope::parse(text) { prop_assert!(set.allows(&scope)); }
            }
        }
    }
}
