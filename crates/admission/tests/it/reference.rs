//! Reference: the rules of admission written down once more, in a straight line, and held against the real thing.
//!
//! Owns:  random requests, and what must become of them.
//! Never: calls the code under test to find out what it should do; a text is a key here because it is one of two.
//! Read:  `verdict`, then `Case`.

use crate::world::{FRESH, Holder, NOW, OWN_ORIGIN, company, filler, holder, id_text, only, operation, policy};
use admission::{Caller, CredentialFields, Facts, Field, Freshness, Policy, Settlement, present, public};
use data_encoding::BASE64;
use model::{
    AccountId, Audience, CompanyMode, CompanyRestriction, Denial, Environment, HttpMethod, KeyId, KeyKind, KeyShape,
    KeyStatus, Locator, NameKind, Network, NetworkList, Operation, OperationId, OriginList, OriginPattern,
    Presentation, Presentations, Preset, Scope, ScopeSet, SecretSlot, Timestamp,
    operation::{Place, ServedBy},
};
use proptest::{
    prelude::*,
    sample::{select, subsequence},
};
use std::net::IpAddr;

/// A whole request, and the world it comes into.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Values of `X-API-Key`, `Authorization`, `X-Client-Id`, `X-Client-Secret`.
    headers: [Vec<String>; 4],
    pub(crate) origins: Vec<String>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) operation: Option<Operation>,
    /// A primary live key and a restricted test key: all that anybody knows.
    pub(crate) known: [Holder; 2],
    accepted: Vec<Presentation>,
    own_origins: Vec<String>,
    pub(crate) now: Timestamp,
    pub(crate) fresh_until: Timestamp,
}

/// What a permit says, or why there is none.
type Outcome = Result<(Option<(KeyId, AccountId, KeyKind)>, Environment, String), Denial>;

/// The rules, in a straight line.
fn verdict(case: &Case) -> Outcome {
    // D22: public operations read no key.
    if let Some(operation) = &case.operation
        && operation.audience == Audience::Public
        && (operation.method == HttpMethod::Get || operation.method == HttpMethod::Head)
        && let Some(environment) = operation.environment
    {
        return Ok((None, environment, operation.id.to_string()));
    }
    // D3: one credential, in one place, once.
    if case.headers.iter().any(|values| values.len() > 1) {
        return Err(Denial::CredentialAmbiguous);
    }
    let [api_key, authorization, client_id, client_secret] =
        case.headers.each_ref().map(|values| values.first().map(|v| v.trim_matches([' ', '\t'])));
    let accepted = |presentation| case.accepted.contains(&presentation);
    // Client id (if one came), and text; `None` when it is no credential at all.
    let mut credentials: Vec<Option<(Option<String>, String)>> = Vec::new();
    if let (Some(text), true) = (api_key, accepted(Presentation::ApiKeyHeader)) {
        credentials.push(Some((None, text.to_owned())));
    }
    if accepted(Presentation::ClientIdSecret) && (client_id.is_some() || client_secret.is_some()) {
        credentials.push(client_id.zip(client_secret).map(|(id, text)| (Some(id.to_owned()), text.to_owned())));
    }
    if let Some(value) = authorization {
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        let token = token.trim();
        match scheme.to_lowercase().as_str() {
            "bearer" if accepted(Presentation::Bearer) => credentials.push(Some((None, token.to_owned()))),
            "basic" if accepted(Presentation::BasicUsername) || accepted(Presentation::ClientIdSecret) => {
                let decoded = BASE64.decode(token.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                // 124 bytes are the longest pair: a prefix of 24, `_`, 24 digits, a colon, 74 characters. Longer is not read at all.
                let decoded = decoded.filter(|_| token.len() <= 168);
                match decoded.as_deref().and_then(|text| text.split_once(':')) {
                    None => credentials.push(None),
                    Some((user, "")) if accepted(Presentation::BasicUsername) => {
                        credentials.push(Some((None, user.to_owned())));
                    }
                    Some((user, text)) if !text.is_empty() && accepted(Presentation::ClientIdSecret) => {
                        credentials.push(Some((Some(user.to_owned()), text.to_owned())));
                    }
                    Some(_) => {}
                }
            }
            _ => {}
        }
    }
    let (id, text) = match credentials.as_slice() {
        [] => return Err(Denial::CredentialMissing),
        [None] => return Err(Denial::CredentialMalformed),
        [Some(credential)] => credential.clone(),
        _ => return Err(Denial::CredentialAmbiguous),
    };
    // D1, D2: shape, then whose it is.
    let well_formed_id = |id: &String| {
        id.len() == 27
            && id.starts_with("ci_")
            && id[3..].chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
    };
    if id.as_ref().is_some_and(|id| !well_formed_id(id)) {
        return Err(Denial::CredentialMalformed);
    }
    let Some(holder) = case.known.iter().find(|holder| holder.text == text) else {
        return Err(if text == stranger() { Denial::CredentialUnknown } else { Denial::CredentialMalformed });
    };
    let text_environment = if text.contains("_test_") { Environment::Test } else { Environment::Live };
    if holder.entry.environment != text_environment || id.is_some_and(|id| id != id_text(holder)) {
        return Err(Denial::CredentialMismatched);
    }
    working(case, holder)?;
    allowed(case, holder)
}

/// D13, D14, design section 5: the key works.
fn working(case: &Case, holder: &Holder) -> Result<(), Denial> {
    let record = &holder.entry.record;
    match record.status {
        KeyStatus::Disabled => return Err(Denial::KeyDisabled),
        KeyStatus::Revoked => return Err(Denial::KeyRevoked),
        KeyStatus::Deleted => return Err(Denial::KeyDeleted),
        KeyStatus::Active => {}
    }
    if let Some(end) = record.expires_at
        && end <= case.now
    {
        return Err(Denial::KeyExpired);
    }
    if let Some(end) = holder.entry.ends_at
        && end <= case.now
    {
        return Err(Denial::SecretEnded);
    }
    if case.fresh_until <= case.now { Err(Denial::FreshnessLost) } else { Ok(()) }
}

/// D7, D9, D10, D11, D12, D20, R75: the key may do this.
fn allowed(case: &Case, holder: &Holder) -> Outcome {
    let record = &holder.entry.record;
    let Some(operation) = &case.operation else { return Err(Denial::OperationUnknown) };
    if operation.audience != Audience::Key {
        return Err(Denial::AudienceMismatched);
    }
    // D8, D32: whatever else it may do, no restricted key manages keys.
    if operation.served_by == ServedBy::SubKeys && record.kind == KeyKind::Restricted {
        return Err(Denial::SubKeyNotAllowed);
    }
    let networks: Vec<String> = record.networks.as_slice().iter().map(ToString::to_string).collect();
    // D12. The networks of these cases are whole octets, so texts tell.
    let inside = |network: &String| match case.address.map(|a| a.to_canonical().to_string()) {
        None => false,
        Some(address) if network == "203.0.113.0/24" => address.starts_with("203.0.113."),
        Some(address) => format!("{address}/128") == *network,
    };
    if !networks.is_empty() && !networks.iter().any(inside) {
        return Err(Denial::IpNotAllowed);
    }
    let own = |origin: &String| origin != "null" && case.own_origins.contains(origin);
    let listed = |origin: &String| {
        record.origins.as_slice().iter().any(|entry| match entry.to_string().as_str() {
            "*" => origin.starts_with("https://"),
            "https://*.example.com" => origin == "https://app.example.com" || origin == OWN_ORIGIN,
            exact => origin == exact,
        })
    };
    match (case.origins.as_slice(), record.kind) {
        ([], _) => {}
        ([origin], _) if own(origin) => {}
        ([origin], KeyKind::Restricted) if listed(origin) => {}
        (_, KeyKind::Primary) => return Err(Denial::PrimaryKeyInBrowser),
        (_, KeyKind::Restricted) => return Err(Denial::OriginNotAllowed),
    }
    let needed = operation.scope.to_string();
    let action = needed.rsplit(':').next().unwrap();
    let held = record.preset.scopes().to_texts();
    if !held.contains(&needed) && !held.contains(&format!("*:{action}")) {
        return Err(Denial::ScopeInsufficient);
    }
    if let CompanyRestriction::Only(set) = &record.companies {
        let kept = match operation.company.as_str() {
            "neutral" => true,
            "context" => !set.as_slice().is_empty(),
            _ => false,
        };
        if !kept {
            return Err(Denial::CompanyNotAllowed);
        }
    }
    Ok((Some((record.key, record.account, record.kind)), holder.entry.environment, operation.id.to_string()))
}

/// The same by the code under test.
fn real(case: &Case) -> Outcome {
    let policy = case.policy();
    let values = case.headers.each_ref().map(|values| Field::of(values.iter().map(String::as_bytes)));
    let [api_key, authorization, client_id, client_secret] = values;
    let credential = CredentialFields { api_key, authorization, client_id, client_secret };
    let origin = Field::of(case.origins.iter().map(String::as_bytes));
    let facts =
        Facts { operation: case.operation.as_ref(), credential, origin, address: case.address, ..Facts::default() };
    let permit = match public(&facts) {
        Some(permit) => permit,
        None => {
            let presented = present(&facts, &policy)?;
            let found = case.known.iter().find(|h| h.entry.hash.matches(presented.hash())).map(|h| &h.entry);
            presented
                .identify(found, case.freshness(), case.now)?
                .authorize(&facts, &policy)?
                .settle(Settlement::default())?
                .permit()
                .unwrap()
        }
    };
    let key = match permit.caller() {
        Caller::Public { .. } => None,
        Caller::Key { key, account, kind, .. } => Some((key, account, kind)),
        Caller::Member { .. } | Caller::Callback { .. } => panic!("a key was presented"),
    };
    Ok((key, permit.environment(), permit.operation().to_owned()))
}

impl Case {
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            presentations: Presentations::of(&self.accepted),
            own_origins: self.own_origins.iter().map(|origin| origin.as_str().into()).collect(),
            ..policy()
        }
    }

    pub(crate) const fn freshness(&self) -> Freshness {
        Freshness { fresh_until: self.fresh_until }
    }
}

/// A key text with the right shape that nobody issued.
fn stranger() -> String {
    KeyShape::default().generate(KeyKind::Restricted, Environment::Test, &mut filler(99)).expose().clone()
}

fn primary() -> Holder {
    holder(11, KeyKind::Primary, Environment::Live)
}

fn restricted() -> Holder {
    holder(12, KeyKind::Restricted, Environment::Test)
}

fn texts() -> impl Strategy<Value = String> {
    let (a, b) = (primary().text, restricted().text);
    let truncated = a[..a.len() - 1].to_owned();
    let long = format!("{b}{}", "0".repeat(300));
    let padded = format!(" {b}\t");
    let bad = [String::new(), truncated, long, "sk_test_x".into(), a.to_uppercase(), b.replace("_test_", "_live_")];
    prop_oneof![8 => Just(a), 8 => Just(b), 2 => Just(stranger()), 1 => Just(padded), 3 => select(bad.to_vec())]
}

fn client_ids() -> impl Strategy<Value = String> {
    let right = [primary(), restricted()].map(|holder| id_text(&holder));
    let bad = ["", "ci_0123456789abcdef01234567", "ci_0123456789ABCDEF01234567", "ci_x", "cj_0123456789abcdef01234567"];
    prop_oneof![6 => select(right.to_vec()), 2 => select(bad.map(String::from).to_vec()), 1 => texts()]
}

fn authorizations() -> impl Strategy<Value = String> {
    let scheme =
        |names: &'static [&str]| (select(names), select(&[" ", "  "][..])).prop_map(|(a, b)| format!("{a}{b}"));
    let encode = |text: String| BASE64.encode(text.as_bytes());
    let bearer = (scheme(&["Bearer", "bearer", "BEARER"]), texts()).prop_map(|(s, t)| s + &t);
    let user = (scheme(&["Basic", "basic"]), texts()).prop_map(move |(s, t)| s + &encode(format!("{t}:")));
    let pair = (scheme(&["Basic", "bASIC"]), client_ids(), texts());
    let pair = pair.prop_map(move |(s, id, t)| s + &encode(format!("{id}:{t}")));
    let odd = ["", "Basic", "Bearer", "Basic ?", "Digest x", "Basic eA==", "Basic eDo", "Basicx y", "Negotiate y"];
    prop_oneof![4 => bearer, 4 => user, 4 => pair, 2 => select(odd.map(String::from).to_vec())]
}

/// Mostly one credential in one place; sometimes anything.
fn headers() -> impl Strategy<Value = [Vec<String>; 4]> {
    let one = prop_oneof![
        4 => texts().prop_map(|t| [vec![t], vec![], vec![], vec![]]),
        4 => authorizations().prop_map(|a| [vec![], vec![a], vec![], vec![]]),
        4 => (client_ids(), texts()).prop_map(|(id, t)| [vec![], vec![], vec![id], vec![t]]),
        1 => Just([vec![], vec![], vec![], vec![]]),
    ];
    let few = |weights: std::ops::Range<usize>| weights;
    let any = (
        proptest::collection::vec(texts(), few(0..3)),
        proptest::collection::vec(authorizations(), few(0..3)),
        proptest::collection::vec(client_ids(), few(0..2)),
        proptest::collection::vec(texts(), few(0..2)),
    )
        .prop_map(|(a, b, c, d)| [a, b, c, d]);
    prop_oneof![6 => one, 1 => any]
}

fn instants() -> impl Strategy<Value = Timestamp> {
    (-2i64..3).prop_map(|micros| NOW.plus_micros(micros))
}

fn scope_texts() -> impl Strategy<Value = String> {
    ("(\\*|invoices|company|a:b)", select(&["read", "write", "send"][..])).prop_map(|(r, a)| format!("{r}:{a}"))
}

fn presets() -> impl Strategy<Value = Preset> {
    let custom = proptest::collection::vec(scope_texts(), 0..4);
    prop_oneof![
        3 => Just(Preset::FullAccess),
        1 => Just(Preset::ReadOnly),
        1 => Just(Preset::Send),
        2 => custom.prop_map(|texts| Preset::Custom(ScopeSet::parse(&texts).unwrap())),
    ]
}

/// A key in some state; mostly a working one.
fn state_of(holder: Holder) -> impl Strategy<Value = Holder> {
    let companies = prop_oneof![
        3 => Just(CompanyRestriction::All),
        1 => Just(only(&[])),
        2 => Just(only(&[company(1), company(2)])),
    ];
    let status = prop_oneof![9 => Just(KeyStatus::Active), 2 => select(KeyStatus::ALL.to_vec())];
    let end = || proptest::option::weighted(0.3, instants());
    let environment = prop_oneof![20 => Just(holder.entry.environment), 1 => Just(Environment::Live)];
    let slot = select([SecretSlot::Current, SecretSlot::Previous].to_vec());
    let origins = subsequence(vec!["https://app.example.com", "https://*.example.com", "*"], 0..=2);
    let networks = prop_oneof![3 => Just(vec![]), 1 => subsequence(vec!["203.0.113.0/24", "2001:db8::1/128"], 1..=2)];
    (companies, status, end(), end(), presets(), environment, slot, origins, networks).prop_map(
        move |(companies, status, expires_at, ends_at, preset, environment, slot, origins, networks)| {
            let mut holder = holder.clone();
            (holder.entry.ends_at, holder.entry.environment, holder.entry.slot) = (ends_at, environment, slot);
            let record = holder.record();
            (record.companies, record.status, record.expires_at, record.preset) =
                (companies, status, expires_at, preset);
            record.origins =
                OriginList::new(origins.iter().map(|o| OriginPattern::parse(o).unwrap()).collect()).unwrap();
            record.networks = NetworkList::new(networks.iter().map(|n| Network::parse(n).unwrap()).collect()).unwrap();
            holder
        },
    )
}

fn operations() -> impl Strategy<Value = Operation> {
    let locator = || Locator { place: Place::Query("c".into()), kind: NameKind::new("id").unwrap() };
    let modes = vec![
        CompanyMode::Locators(Box::new([locator()])),
        CompanyMode::Injected(locator()),
        CompanyMode::Lookup(OperationId::new("x").unwrap()),
        CompanyMode::Context,
        CompanyMode::Neutral,
        CompanyMode::Account,
    ];
    let audience = prop_oneof![8 => Just(Audience::Key), 3 => select(Audience::ALL.to_vec())];
    let environment = proptest::option::of(select(Environment::ALL.to_vec()));
    let scope = scope_texts().prop_map(|text| Scope::parse(&text.replace('*', "log")).unwrap());
    let served_by = prop_oneof![6 => Just(ServedBy::Upstream), 1 => Just(ServedBy::SubKeys)];
    (audience, environment, scope, select(modes), select(HttpMethod::ALL.to_vec()), served_by).prop_map(
        |(audience, environment, scope, company, method, served_by)| Operation {
            audience,
            environment,
            scope,
            company,
            method,
            // Such an operation is for keys, or there is no catalogue with it.
            served_by: if audience == Audience::Key { served_by } else { ServedBy::Upstream },
            ..operation()
        },
    )
}

/// A random request into a random world.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let origin = select(
        [OWN_ORIGIN, "https://app.example.com", "null", "", "https://API.example.com"].map(String::from).to_vec(),
    );
    let origins = prop_oneof![
        6 => Just(Vec::new()),
        3 => origin.clone().prop_map(|origin| vec![origin]),
        1 => proptest::collection::vec(origin, 2..3),
    ];
    let accepted = prop_oneof![
        3 => Just(Presentation::ALL.to_vec()),
        1 => subsequence(Presentation::ALL.to_vec(), 0..=4),
    ];
    let own = select(vec![vec![OWN_ORIGIN.to_owned()], vec![], vec![OWN_ORIGIN.to_owned(), "null".to_owned()]]);
    let fresh = prop_oneof![6 => Just(FRESH.fresh_until), 1 => instants()];
    let operation = proptest::option::weighted(0.9, operations());
    let address = ["203.0.113.7", "::ffff:203.0.113.9", "203.0.114.7", "2001:db8::1", "2001:db8::2"];
    let address = proptest::option::weighted(0.9, select(address.map(|a| a.parse().unwrap()).to_vec()));
    let world = (state_of(primary()), state_of(restricted()), accepted, own, fresh);
    (headers(), origins, address, operation, world).prop_map(
        |(headers, origins, address, operation, (a, b, accepted, own_origins, fresh_until))| Case {
            headers,
            origins,
            address,
            operation,
            known: [a, b],
            accepted,
            own_origins,
            now: NOW,
            fresh_until,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn every_decision_is_the_references(case in cases()) {
        prop_assert_eq!(real(&case), verdict(&case));
    }
}

/// Denials that other parts of the data plane bring to admission; these cases describe none of them.
const LATER: [Denial; 28] = [
    Denial::BodyNotInspectable,
    Denial::BodyMalformed,
    Denial::CompanyForeign,
    Denial::LimitExceeded,
    Denial::DailyCapExceeded,
    Denial::AddressBraked,
    Denial::IdempotencyKeyMalformed,
    Denial::IdempotencyKeyMissing,
    Denial::IdempotencyKeyReused,
    Denial::IdempotencyInProgress,
    Denial::IdempotencyOutcomeUnknown,
    // Of callers without a key: `person` tests the rules of admission, the crate `proof` those of the proofs.
    Denial::TokenMissing,
    Denial::TokenMalformed,
    Denial::TokenIssuerUnknown,
    Denial::TokenAlgorithmRefused,
    Denial::TokenKeyUnknown,
    Denial::TokenSignatureWrong,
    Denial::TokenClaimsUnusable,
    Denial::TokenAudienceWrong,
    Denial::TokenDirectoryRefused,
    Denial::TokenExpired,
    Denial::TokenNotYetValid,
    Denial::AdminRequired,
    Denial::AccountNotMapped,
    Denial::CallbackProofMissing,
    Denial::CallbackProofWrong,
    Denial::CallbackStale,
    Denial::CallbackReplayed,
];

#[test]
fn the_random_requests_meet_every_outcome() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let stages = Denial::ALL.iter().filter(|denial| !LATER.contains(denial));
    let mut missing: Vec<String> = stages.map(ToString::to_string).collect();
    missing.extend(["public", "permit"].map(String::from));
    for _ in 0..20_000 {
        let case = cases().new_tree(&mut runner).unwrap().current();
        let met = match verdict(&case) {
            Err(denial) => denial.to_string(),
            Ok((None, ..)) => "public".to_owned(),
            Ok((Some(_), ..)) => "permit".to_owned(),
        };
        missing.retain(|outcome| *outcome != met);
        if missing.is_empty() {
            return;
        }
    }
    panic!("never met: {missing:?}");
}
