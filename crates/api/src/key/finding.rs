//! Findings: what an owner should look at in a key, each with the action that settles it (D26, R83, R96-R101).
//!
//! Owns:  the closed list, and which of them follow from a key's record.
//! Never: changes or refuses anything; a finding is advice.
//! Read:  `findings`, then `Finding`.

use super::{
    CredentialState, KeyOut,
    settings::{any_origin, any_origin_needs_confirmation},
};
use model::{CompanyRestriction, Key, KeyKind, KeyStatus, Preset, ScopeSet, SecretSlot, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Days before its end in which a key is said to expire soon (D13).
pub const EXPIRES_SOON_DAYS: i64 = 30;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// Something to look at in a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finding {
    /// Every web page may use it (R83).
    AnyOrigin,
    /// Every web page may use it, and it may do more than read (D10).
    AnyOriginCanWrite,
    /// Web pages may use it, and it may write (R10, R11).
    BrowserKeyCanWrite,
    /// A restricted key may do everything (R97).
    WidePreset,
    /// Its secret is older than its owner wanted (R101).
    RotationDue,
    /// All its companies were deleted (D9).
    NoCompanyLeft,
    /// It ended by time and was not taken away.
    Expired,
    /// It ends within `EXPIRES_SOON_DAYS` (D13).
    ExpiresSoon,
    /// It never ends by itself (R86).
    NoExpiry,
    /// It works from every address, and no web page needs it to (R85).
    NoNetworkList,
    /// Nobody is reminded to rotate it (R87, R101).
    NoRotationReminder,
    /// A web page sent this primary key (D11).
    PrimaryUsedInBrowser,
    /// Nothing was asked with it for 90 days (R101).
    Unused90Days,
    /// The secret before the last rotation is still in use (D13).
    OldSecretStillUsed,
}

/// How urgent a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Something is wrong, or as wide as it should not be.
    Warning,
    /// It could be better.
    Advice,
}

impl Level {
    /// `warning` or `advice`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Advice => "advice",
        }
    }
}

/// What a finding says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindingText {
    /// The finding as programs read it.
    pub code: &'static str,
    /// How urgent it is.
    pub level: Level,
    /// What is the case, in one sentence.
    pub sentence: &'static str,
    /// What settles it, in one sentence.
    pub action: &'static str,
}

impl Finding {
    /// All, the urgent ones first; the order in which a key's findings are told.
    pub const ALL: [Self; 14] = [
        Self::PrimaryUsedInBrowser,
        Self::AnyOriginCanWrite,
        Self::BrowserKeyCanWrite,
        Self::AnyOrigin,
        Self::WidePreset,
        Self::RotationDue,
        Self::OldSecretStillUsed,
        Self::NoCompanyLeft,
        Self::Unused90Days,
        Self::Expired,
        Self::ExpiresSoon,
        Self::NoExpiry,
        Self::NoNetworkList,
        Self::NoRotationReminder,
    ];

    /// What it says.
    #[must_use]
    pub const fn text(self) -> FindingText {
        match self {
            Self::AnyOriginCanWrite => warning(
                "any_origin_can_write",
                "Every web page may use the key, and it may do more than read.",
                "Name the pages that use it, and make it read-only.",
            ),
            Self::BrowserKeyCanWrite => warning(
                "browser_key_can_write",
                "Whoever opens a page that uses the key can copy it, and it may write.",
                "Give it the preset read_only or send, and write through a server of your own.",
            ),
            Self::AnyOrigin => {
                warning("any_origin", "Every web page may use the key.", "Name the pages that use it in place of *.")
            }
            Self::WidePreset => warning(
                "wide_preset",
                "The key may read, write and send everything.",
                "Give it the preset or the scopes that its program needs, and no more.",
            ),
            Self::RotationDue => warning(
                "rotation_due",
                "A secret of the key is older than its rotation reminder allows.",
                "Rotate the key.",
            ),
            Self::NoCompanyLeft => warning(
                "no_company_left",
                "All companies of the key were deleted, so it reaches none.",
                "Give it a company, or delete it.",
            ),
            Self::Expired => warning(
                "expired",
                "The key has expired.",
                "Delete it, or give it a later expiry if it is still needed.",
            ),
            Self::ExpiresSoon => advice(
                "expires_soon",
                "The key expires within 30 days.",
                "Replace it in time, or give it a later expiry.",
            ),
            Self::NoExpiry => advice(
                "no_expiry",
                "The key never expires.",
                "Give it an expiry, so that a forgotten key ends by itself.",
            ),
            Self::NoNetworkList => advice(
                "no_network_list",
                "The key works from every address.",
                "List the networks of the servers that use it.",
            ),
            Self::NoRotationReminder => advice(
                "no_rotation_reminder",
                "Nothing says when the key should be rotated.",
                "Set rotate_every_days, and rotate when it is due.",
            ),
            Self::PrimaryUsedInBrowser => warning(
                "primary_used_in_browser",
                "A web page sent this primary key, so whoever opened the page can read it.",
                "Rotate it with an overlap of 0, and give the page a restricted key.",
            ),
            Self::Unused90Days => {
                warning("unused_90_days", "Nothing was asked with the key for 90 days.", "Revoke it.")
            }
            Self::OldSecretStillUsed => warning(
                "old_secret_still_used",
                "The secret before the last rotation was used within 7 days and since the rotation.",
                "Change the program that has it, before the overlap ends.",
            ),
        }
    }
}

const fn warning(code: &'static str, sentence: &'static str, action: &'static str) -> FindingText {
    FindingText { code, level: Level::Warning, sentence, action }
}

const fn advice(code: &'static str, sentence: &'static str, action: &'static str) -> FindingText {
    FindingText { code, level: Level::Advice, sentence, action }
}

/// What follows from a key's record at `now`, the urgent first. A key that was ended for good needs nothing any more.
#[must_use]
pub fn findings(key: &Key, credentials: &[CredentialState<'_>], now: Timestamp) -> Vec<Finding> {
    if matches!(key.status, KeyStatus::Revoked | KeyStatus::Deleted) {
        return Vec::new();
    }
    if key.expires_at.is_some_and(|end| end <= now) {
        return vec![Finding::Expired];
    }
    Finding::ALL.into_iter().filter(|finding| holds(*finding, key, credentials, now)).collect()
}

fn holds(finding: Finding, key: &Key, credentials: &[CredentialState<'_>], now: Timestamp) -> bool {
    let restricted = key.kind == KeyKind::Restricted;
    let browser = !key.origins.is_empty();
    match finding {
        Finding::AnyOriginCanWrite => any_origin_needs_confirmation(&key.origins, &key.preset),
        Finding::AnyOrigin => any_origin(&key.origins) && key.preset.scopes().is_read_only(),
        Finding::BrowserKeyCanWrite => browser && can_write(&key.preset.scopes()),
        Finding::WidePreset => restricted && key.preset.scopes().covers(&Preset::FullAccess.scopes()),
        Finding::RotationDue => rotation_due(key, credentials, now),
        Finding::NoCompanyLeft => {
            matches!(&key.companies, CompanyRestriction::Only(companies) if companies.as_slice().is_empty())
        }
        Finding::Expired => key.expires_at.is_some_and(|end| end <= now),
        Finding::ExpiresSoon => key.expires_at.is_some_and(|end| end <= now.plus_secs(EXPIRES_SOON_DAYS * DAY)),
        // A primary key never has one: no second one could be made.
        Finding::NoExpiry => restricted && key.expires_at.is_none(),
        Finding::NoNetworkList => !browser && key.networks.is_empty(),
        Finding::NoRotationReminder => key.rotate_every_days.is_none(),
        // These follow from the use of a key; its record does not tell them.
        Finding::PrimaryUsedInBrowser | Finding::Unused90Days | Finding::OldSecretStillUsed => false,
    }
}

/// Whether the scopes hold more than reading and sending: a page that sends is what the preset `send` is for (R11).
fn can_write(scopes: &ScopeSet) -> bool {
    !Preset::Send.scopes().covers(scopes)
}

fn rotation_due(key: &Key, credentials: &[CredentialState<'_>], now: Timestamp) -> bool {
    let Some(days) = key.rotate_every_days else { return false };
    let oldest_allowed = now.plus_secs(-i64::from(days) * DAY);
    let current = |c: &&CredentialState<'_>| c.credential.slot == SecretSlot::Current;
    credentials.iter().filter(current).any(|c| c.created_at <= oldest_allowed)
}

impl KeyOut {
    /// Adds a finding that does not follow from the record, at its place.
    pub fn note_finding(&mut self, finding: Finding) {
        let rank = |code: &str| Finding::ALL.iter().position(|known| known.text().code == code);
        let out = FindingOut::from(finding);
        let at = self.findings.partition_point(|there| rank(&there.code) < rank(&out.code));
        self.findings.insert(at, out);
    }
}

/// Something to look at in a key. It refuses nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingOut {
    /// Which: one of a closed list.
    #[schema(example = "no_expiry")]
    pub code: String,
    /// `warning` or `advice`.
    #[schema(example = "advice")]
    pub level: String,
    /// What is the case.
    #[schema(example = "The key never expires.")]
    pub sentence: String,
    /// What settles it.
    #[schema(example = "Give it an expiry, so that a forgotten key ends by itself.")]
    pub action: String,
}

impl From<Finding> for FindingOut {
    fn from(finding: Finding) -> Self {
        let FindingText { code, level, sentence, action } = finding.text();
        Self {
            code: code.to_owned(),
            level: level.as_str().to_owned(),
            sentence: sentence.to_owned(),
            action: action.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Finding::*;
    use model::{
        AccountId, ClientId, CompanySet, Credential, Entropy, Environment, Environments, KeyId, KeyLimits, Network,
        NetworkList, OriginList, OriginPattern, SecretHash,
    };

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    /// A server's key with nothing to look at.
    fn sound() -> Key {
        Key {
            id: KeyId::new(NOW, Entropy([1; 10])),
            account: AccountId::new(NOW, Entropy([2; 10])),
            kind: KeyKind::Restricted,
            description: String::new(),
            status: KeyStatus::Active,
            preset: Preset::ReadOnly,
            companies: CompanyRestriction::All,
            environments: Environments::Only(Environment::Test),
            origins: OriginList::default(),
            networks: NetworkList::new(vec![Network::parse("203.0.113.0/24").unwrap()]).unwrap(),
            limits: KeyLimits::default(),
            rotate_every_days: Some(90),
            expires_at: Some(NOW.plus_secs(365 * DAY)),
            created_at: NOW,
        }
    }

    fn of(change: impl FnOnce(&mut Key)) -> Vec<Finding> {
        let mut key = sound();
        change(&mut key);
        aged(&key, 0)
    }

    /// The findings when the current secret is this many days old and the one before is ancient.
    fn aged(key: &Key, days: i64) -> Vec<Finding> {
        let credential = |slot| Credential {
            client_id: ClientId::from_bytes([7; 12]),
            environment: Environment::Test,
            hash: SecretHash::of(b"x"),
            last_four: *b"abcd",
            slot,
            ends_at: None,
        };
        let (current, previous) = (credential(SecretSlot::Current), credential(SecretSlot::Previous));
        let state = |credential, days: i64| CredentialState {
            client_id: String::new(),
            credential,
            created_at: NOW.plus_secs(-days * DAY),
            ended: false,
        };
        findings(key, &[state(&current, days), state(&previous, 4_000)], NOW)
    }

    fn origins(texts: &[&str]) -> OriginList {
        OriginList::new(texts.iter().map(|t| OriginPattern::parse(t).unwrap()).collect()).unwrap()
    }

    #[test]
    fn d26_a_sound_key_has_no_findings_and_an_ended_one_needs_none() {
        assert_eq!(of(|_| {}), []);
        assert_eq!(of(|key| key.preset = Preset::FullAccess), [WidePreset]);
        for status in [KeyStatus::Revoked, KeyStatus::Deleted] {
            assert_eq!(of(|key| (key.status, key.preset) = (status, Preset::FullAccess)), []);
        }
        assert_eq!(of(|key| (key.status, key.expires_at) = (KeyStatus::Disabled, None)), [NoExpiry]);
    }

    #[test]
    fn r83_r97_r98_wide_keys_and_browser_keys_are_found() {
        let page = origins(&["https://app.example.com"]);
        let custom = |texts: &[&str]| Preset::Custom(ScopeSet::parse(texts).unwrap());
        let table = [
            (page.clone(), Preset::ReadOnly, vec![]),
            (page.clone(), Preset::Send, vec![]),
            (page.clone(), custom(&["invoices:write"]), vec![BrowserKeyCanWrite]),
            (page, Preset::FullAccess, vec![BrowserKeyCanWrite, WidePreset]),
            (origins(&["*"]), Preset::ReadOnly, vec![AnyOrigin]),
            (origins(&["*"]), Preset::Send, vec![AnyOriginCanWrite]),
            (origins(&["*"]), custom(&["a:read", "a:write"]), vec![AnyOriginCanWrite, BrowserKeyCanWrite]),
            (OriginList::default(), custom(&["*:read", "*:write", "*:send"]), vec![WidePreset]),
        ];
        for (origins, preset, expected) in table {
            let found = of(|key| (key.origins, key.preset) = (origins.clone(), preset.clone()));
            assert_eq!(found, expected, "{origins:?} {preset:?}");
        }
    }

    #[test]
    fn r85_a_servers_key_without_networks_is_found_and_a_browsers_is_not() {
        assert_eq!(of(|key| key.networks = NetworkList::default()), [NoNetworkList]);
        let browser = of(|key| {
            key.networks = NetworkList::default();
            key.origins = origins(&["https://app.example.com"]);
        });
        assert_eq!(browser, []);
    }

    #[test]
    fn r86_d13_ends_are_told_before_and_after_they_come() {
        let ends = |secs: i64| of(|key| key.expires_at = Some(NOW.plus_secs(secs)));
        assert_eq!(ends(30 * DAY + 1), []);
        assert_eq!(ends(30 * DAY), [ExpiresSoon]);
        assert_eq!(ends(1), [ExpiresSoon]);
        assert_eq!(ends(0), [Expired]);
        assert_eq!(of(|key| key.expires_at = None), [NoExpiry]);
    }

    #[test]
    fn r87_r101_r145_a_rotation_is_due_when_the_current_secret_is_too_old() {
        let mut key = sound();
        assert_eq!((aged(&key, 89), aged(&key, 90)), (vec![], vec![RotationDue]));
        key.rotate_every_days = None;
        assert_eq!(aged(&key, 3_000), [NoRotationReminder]);
    }

    #[test]
    fn d9_a_key_that_lost_its_last_company_is_found() {
        assert_eq!(of(|key| key.companies = CompanyRestriction::Only(CompanySet::stored(&[]))), [NoCompanyLeft]);
    }

    #[test]
    fn r17_a_primary_key_is_not_blamed_for_what_it_cannot_change() {
        let found = of(|key| {
            (key.kind, key.preset) = (KeyKind::Primary, Preset::FullAccess);
            (key.expires_at, key.networks) = (None, NetworkList::default());
        });
        assert_eq!(found, [NoNetworkList]);
    }

    #[test]
    fn d26_the_list_is_closed_and_every_finding_has_one_sentence_and_one_action() {
        let mut codes: Vec<_> = Finding::ALL.iter().map(|finding| finding.text().code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Finding::ALL.len());
        assert!(Finding::ALL.is_sorted_by_key(|finding| finding.text().level), "the urgent come first");
        for text in Finding::ALL.map(Finding::text) {
            for sentence in [text.sentence, text.action] {
                assert!(sentence.ends_with('.') && sentence.matches(". ").count() == 0, "{sentence}");
            }
        }
    }
}
