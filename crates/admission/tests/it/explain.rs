//! Tests of `explain`: it says what would happen, and what it advises works.
//!
//! Owns:  the properties that bind the explanation to the decision, and a table of remedies.
//! Never: trusts `explain` about its own remedies; here they are carried out by hand.
//! Read:  the properties, then the table.

use crate::{
    reference::{Case, cases},
    world::{FRESH, Holder, NOW, OWN_ORIGIN, company, decide_at, facts, holder, only, operation, policy, restricted},
};
use admission::{
    Asked, Caller, Check, Described, Entry, Facts, Field, Freshness, Remedy, StepState, Verdict, explain, public,
};
use model::{
    Audience, CompanyMode, CompanyRestriction, Denial, Environment, KeyKind, KeyStatus, Network, NetworkList,
    Operation, OriginList, OriginPattern, Preset, Scope, ScopeSet, SecretSlot, Timestamp, operation::ServedBy,
    origin::ORIGINS_MAX,
};
use proptest::prelude::*;
use std::sync::Arc;

fn described<'a>(operation: Option<&'a Operation>, entry: &'a Entry) -> Described<'a> {
    Described { operation, origin: Field::Absent, address: None, entry, now: NOW, freshness: FRESH }
}

/// A described request out of a random one: made with the restricted key.
fn from_case(case: &Case) -> Described<'_> {
    Described {
        operation: case.operation.as_ref(),
        origin: Field::of(case.origins.iter().map(String::as_bytes)),
        address: case.address,
        entry: &case.known[1].entry,
        now: case.now,
        freshness: case.freshness(),
    }
}

/// Does what the remedy says, as a person would.
fn carry_out(remedy: &Remedy, entry: &mut Entry, described: &mut Described<'_>) {
    let record = Arc::make_mut(&mut entry.record);
    match remedy {
        Remedy::EnableKey => record.status = KeyStatus::Active,
        Remedy::ExtendExpiry => record.expires_at = Some(described.now.plus_secs(1)),
        Remedy::UseCurrentSecret | Remedy::RotateKey => (entry.slot, entry.ends_at) = (SecretSlot::Current, None),
        Remedy::AwaitFreshness => described.freshness = Freshness { fresh_until: described.now.plus_secs(10) },
        Remedy::CallFromServer => described.origin = Field::Absent,
        Remedy::AllowOrigin(origin) => {
            let mut origins = record.origins.as_slice().to_vec();
            origins.push(origin.clone());
            record.origins = OriginList::new(origins).unwrap();
        }
        Remedy::AllowAddress(network) => {
            let mut networks = record.networks.as_slice().to_vec();
            networks.push(*network);
            record.networks = NetworkList::new(networks).unwrap();
        }
        Remedy::NameAddress => described.address = Some(record.networks.as_slice()[0].first()),
        Remedy::AllowAllCompanies => record.companies = CompanyRestriction::All,
        Remedy::AddCompany => record.companies = only(&[company(42)]),
        Remedy::GrantScope(scope) => {
            let mut texts = record.preset.scopes().to_texts();
            texts.push(scope.to_string());
            record.preset = Preset::Custom(ScopeSet::parse(&texts).unwrap());
        }
        Remedy::NotPossible { why } => panic!("not possible: {why}"),
    }
}

fn denial(verdict: Verdict) -> Option<Denial> {
    match verdict {
        Verdict::Permitted(_) => None,
        Verdict::Denied(denial) => Some(denial),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_verdict_is_what_the_stages_decide(case in cases()) {
        let described = from_case(&case);
        let mut holder = case.known[1].clone();
        // A described request is made with the right secret; whether its text fits the entry is not in question.
        holder.entry.environment = Environment::Test;
        let described = Described { entry: &holder.entry, ..described };
        let policy = admission::Policy { presentations: Default::default(), ..case.policy() };
        // A description says nothing of companies: a request is supposed that names one of the key's.
        let own = match &holder.entry.record.companies {
            CompanyRestriction::Only(set) => set.as_slice().first().copied(),
            CompanyRestriction::All => None,
        };
        let companies = match described.operation.map(|o| &o.company) {
            Some(CompanyMode::Lookup(_)) => Asked::owned(std::slice::from_ref(&own)),
            _ => Asked::named(std::slice::from_ref(&own)),
        };
        let facts = Facts { origin: described.origin, address: described.address, companies, ..facts(described.operation, &holder) };
        let decided = match public(&facts) {
            Some(permit) => Ok(permit),
            None => decide_at(&facts, &policy, &holder, described.freshness, described.now),
        };
        let explained = explain(&described, &policy);
        prop_assert_eq!(denial(explained.verdict), decided.as_ref().err().copied());
        if let (Verdict::Permitted(caller), Ok(permit)) = (explained.verdict, decided) {
            prop_assert_eq!(caller.environment(), permit.environment());
        }
    }

    #[test]
    fn the_steps_tell_the_same_story_as_the_verdict(case in cases()) {
        let explained = explain(&from_case(&case), &case.policy());
        prop_assert_eq!(explained.steps.iter().map(|s| s.check).collect::<Vec<_>>(), Check::ALL.to_vec());
        prop_assert!(explained.steps.iter().all(|s| s.sentence.ends_with('.')));
        let states: Vec<_> = explained.steps.iter().map(|s| s.state).collect();
        let failed = states.iter().position(|s| *s == StepState::Failed);
        match explained.verdict {
            Verdict::Permitted(Caller::Key { .. }) => prop_assert!(states.iter().all(|s| *s == StepState::Passed)),
            Verdict::Permitted(Caller::Public { .. }) => prop_assert!(states.iter().all(|s| *s == StepState::NotReached)),
            Verdict::Permitted(Caller::Member { .. } | Caller::Callback { .. }) => prop_assert!(false, "a key was described"),
            Verdict::Denied(_) => {
                let failed = failed.unwrap();
                prop_assert!(states[..failed].iter().all(|s| *s == StepState::Passed));
                prop_assert!(states[failed + 1..].iter().all(|s| *s == StepState::NotReached));
            }
        }
    }

    #[test]
    fn carrying_out_every_remedy_permits_the_request_and_leaving_one_out_does_not(case in cases()) {
        let before = from_case(&case);
        let policy = case.policy();
        let explained = explain(&before, &policy);
        prop_assert_eq!(explained.remedies.is_empty(), denial(explained.verdict).is_none());
        let possible = explained.remedies.iter().all(Remedy::is_possible);
        let last_only = explained.remedies.iter().rev().skip(1).all(Remedy::is_possible);
        prop_assert!(last_only, "what cannot be helped ends the list: {:?}", explained.remedies);
        if !possible {
            return Ok(());
        }
        for left_out in std::iter::once(None).chain((0..explained.remedies.len()).map(Some)) {
            let mut entry = before.entry.clone();
            let mut after = before;
            for (index, remedy) in explained.remedies.iter().enumerate() {
                if Some(index) != left_out {
                    carry_out(remedy, &mut entry, &mut after);
                }
            }
            let after = Described { entry: &entry, ..after };
            let again = explain(&after, &policy);
            prop_assert_eq!(denial(again.verdict).is_none(), left_out.is_none(), "{:?}", explained.remedies);
        }
    }
}

/// One change to an unremarkable request, and what is advised.
fn advised(change: &dyn Fn(&mut Holder, &mut Operation)) -> (Option<Denial>, Vec<Remedy>) {
    let (mut holder, mut operation) = (restricted(), operation());
    change(&mut holder, &mut operation);
    let explained = explain(&described(Some(&operation), &holder.entry), &policy());
    (denial(explained.verdict), explained.remedies)
}

#[test]
fn each_denial_has_its_remedy() {
    let scope = Scope::parse("invoices:read").unwrap();
    assert_eq!(advised(&|_, _| {}), (None, vec![]));
    let none = Preset::Custom(ScopeSet::default());
    assert_eq!(
        advised(&|h, _| h.record().preset = none.clone()),
        (Some(Denial::ScopeInsufficient), vec![Remedy::GrantScope(scope.clone())])
    );
    assert_eq!(
        advised(&|h, _| h.record().status = KeyStatus::Disabled),
        (Some(Denial::KeyDisabled), vec![Remedy::EnableKey])
    );
    assert_eq!(
        advised(&|h, _| h.record().expires_at = Some(NOW)),
        (Some(Denial::KeyExpired), vec![Remedy::ExtendExpiry])
    );
    let previous =
        |h: &mut Holder, _: &mut Operation| (h.entry.slot, h.entry.ends_at) = (SecretSlot::Previous, Some(NOW));
    assert_eq!(advised(&previous), (Some(Denial::SecretEnded), vec![Remedy::UseCurrentSecret]));
    assert_eq!(advised(&|h, _| h.entry.ends_at = Some(NOW)), (Some(Denial::SecretEnded), vec![Remedy::RotateKey]));
    assert_eq!(
        advised(&|h, _| h.record().companies = only(&[company(1)])),
        (Some(Denial::CompanyNotAllowed), vec![Remedy::AllowAllCompanies])
    );
    let emptied = |h: &mut Holder, o: &mut Operation| {
        h.record().companies = only(&[]);
        o.company = CompanyMode::Context;
    };
    assert_eq!(advised(&emptied), (Some(Denial::CompanyNotAllowed), vec![Remedy::AddCompany]));
    let all = |h: &mut Holder, _: &mut Operation| {
        h.record().status = KeyStatus::Disabled;
        h.record().expires_at = Some(Timestamp::MIN);
        h.record().preset = none.clone();
        h.record().companies = only(&[company(1)]);
    };
    let remedies = vec![Remedy::EnableKey, Remedy::ExtendExpiry, Remedy::GrantScope(scope), Remedy::AllowAllCompanies];
    assert_eq!(advised(&all), (Some(Denial::KeyDisabled), remedies));
}

#[test]
fn what_no_change_helps_says_why() {
    let hopeless = |change: &dyn Fn(&mut Holder, &mut Operation)| {
        let (_, remedies) = advised(change);
        let last = remedies.last().unwrap();
        assert!(!last.is_possible());
        last.sentence()
    };
    assert!(hopeless(&|h, _| h.record().status = KeyStatus::Revoked).contains("create a new one"));
    assert!(hopeless(&|h, _| h.record().status = KeyStatus::Deleted).contains("create a new one"));
    assert!(hopeless(&|_, o| o.audience = Audience::Admin).contains("administrators"));
    assert!(hopeless(&|_, o| o.audience = Audience::Member).contains("members"));
    assert!(hopeless(&|_, o| o.audience = Audience::Callback).contains("callbacks"));
    assert!(hopeless(&|_, o| o.audience = Audience::Public).contains("operator"));
    assert!(hopeless(&|_, o| o.served_by = ServedBy::SubKeys).contains("primary key"));
    let holder = restricted();
    let unknown = explain(&described(None, &holder.entry), &policy());
    assert_eq!(denial(unknown.verdict), Some(Denial::OperationUnknown));
    assert!(matches!(unknown.remedies.as_slice(), [Remedy::NotPossible { why }] if why.contains("catalogue")));
    let never = Described { now: Timestamp::MAX, ..described(None, &holder.entry) };
    let stale = explain(&never, &policy());
    assert!(!stale.remedies.last().unwrap().is_possible(), "a remedy that does not help is not promised");
}

#[test]
fn a_key_with_the_most_scopes_cannot_take_another() {
    let texts: Vec<String> = (0..model::scope::SCOPES_MAX).map(|n| format!("r{n}:read")).collect();
    let full = Preset::Custom(ScopeSet::parse(&texts).unwrap());
    let (denied, remedies) = advised(&|h, _| h.record().preset = full.clone());
    assert_eq!(denied, Some(Denial::ScopeInsufficient));
    assert!(matches!(remedies.as_slice(), [Remedy::NotPossible { .. }]));
}

#[test]
fn d10_d11_what_a_browser_request_is_advised() {
    let operation = operation();
    let allow = Remedy::AllowOrigin(OriginPattern::parse("https://app.example.com").unwrap());
    for (kind, expected, advice) in [
        (KeyKind::Primary, Denial::PrimaryKeyInBrowser, Remedy::CallFromServer),
        (KeyKind::Restricted, Denial::OriginNotAllowed, allow),
    ] {
        let holder = holder(4, kind, Environment::Test);
        let origin = Field::One(b"https://app.example.com");
        let explained = explain(&Described { origin, ..described(Some(&operation), &holder.entry) }, &policy());
        assert_eq!(denial(explained.verdict), Some(expected));
        assert_eq!(explained.remedies, [advice]);
        let null = explain(
            &Described { origin: Field::One(b"null"), ..described(Some(&operation), &holder.entry) },
            &policy(),
        );
        assert_eq!(null.remedies, [Remedy::CallFromServer], "null can be nobody's entry");
    }
}

#[test]
fn d10_an_origin_is_advised_only_if_it_can_stand_in_the_list_and_has_room_there() {
    let (operation, mut holder) = (operation(), restricted());
    let ask = |page: &[u8], holder: &Holder| {
        let origin = Field::One(page);
        explain(&Described { origin, ..described(Some(&operation), &holder.entry) }, &policy()).remedies
    };
    // It reads as an entry, but as one that no page is.
    assert_eq!(ask(b"https://*.example.com", &holder), [Remedy::CallFromServer]);
    let list = |count: usize| {
        let text = |n| OriginPattern::parse(&format!("https://app{n}.example.org")).unwrap();
        OriginList::new((0..count).map(text).collect()).unwrap()
    };
    holder.record().origins = list(ORIGINS_MAX);
    assert_eq!(ask(b"https://app.example.com", &holder), [Remedy::CallFromServer], "the list is full");
    holder.record().origins = list(ORIGINS_MAX - 1);
    let allow = Remedy::AllowOrigin(OriginPattern::parse("https://app.example.com").unwrap());
    assert_eq!(ask(b"https://app.example.com", &holder), [allow]);
}

/// What the step of a check says.
fn sentence(check: Check, described: &Described<'_>) -> String {
    let explained = explain(described, &policy());
    explained.steps.into_iter().find(|step| step.check == check).unwrap().sentence
}

#[test]
fn steps_say_why_a_check_passed() {
    let (operation, mut holder) = (operation(), restricted());
    let origin = |page: &'static str| Field::One(page.as_bytes());
    holder.record().origins = OriginList::new(vec![OriginPattern::parse("https://app.example.com").unwrap()]).unwrap();
    let asked = |holder: &Holder, origin, check| {
        let address = "203.0.113.9".parse().ok();
        sentence(check, &Described { origin, address, ..described(Some(&operation), &holder.entry) })
    };
    assert!(asked(&holder, Field::Absent, Check::Origin).contains("not come from a browser"));
    assert!(asked(&holder, origin(OWN_ORIGIN), Check::Origin).contains("the API's own pages"));
    assert!(asked(&holder, origin("https://app.example.com"), Check::Origin).contains("the key lists"));
    assert!(asked(&holder, Field::Absent, Check::Address).contains("from any address"));
    holder.record().networks = NetworkList::new(vec![Network::parse("203.0.113.0/24").unwrap()]).unwrap();
    assert!(asked(&holder, Field::Absent, Check::Address).contains("one of the key's networks"));
}

#[test]
fn d9_a_key_whose_companies_are_gone_is_told_so() {
    let (operation, mut holder) = (operation(), restricted());
    holder.record().companies = only(&[]);
    assert!(sentence(Check::Company, &described(Some(&operation), &holder.entry)).contains("were deleted"));
    holder.record().companies = only(&[company(1)]);
    assert!(sentence(Check::Company, &described(Some(&operation), &holder.entry)).contains("company mode account"));
}

/// Documents, and the control API with them, call checks and states so.
#[test]
fn checks_and_states_have_the_names_that_documents_use() {
    let checks = [
        "credential",
        "status",
        "expiry",
        "secret",
        "freshness",
        "operation",
        "audience",
        "address",
        "origin",
        "scope",
        "company",
    ];
    assert_eq!(Check::ALL.map(Check::as_str), checks);
    let states = [StepState::Passed, StepState::Failed, StepState::NotReached].map(StepState::as_str);
    assert_eq!(states, ["passed", "failed", "not_reached"]);
}

#[test]
fn d12_what_a_request_from_another_address_is_advised() {
    let (operation, mut holder) = (operation(), restricted());
    let block = Network::parse("203.0.113.0/24").unwrap();
    holder.record().networks = NetworkList::new(vec![block]).unwrap();
    let ask = |address: Option<std::net::IpAddr>| {
        let explained = explain(&Described { address, ..described(Some(&operation), &holder.entry) }, &policy());
        (denial(explained.verdict), explained.remedies)
    };
    assert_eq!(ask("203.0.113.9".parse().ok()), (None, vec![]));
    let other = Remedy::AllowAddress(Network::parse("198.51.100.1/32").unwrap());
    assert_eq!(ask("198.51.100.1".parse().ok()), (Some(Denial::IpNotAllowed), vec![other]));
    assert_eq!(ask(None), (Some(Denial::IpNotAllowed), vec![Remedy::NameAddress]));
}

#[test]
fn an_explanation_shows_no_secret() {
    let (holder, operation) = (restricted(), operation());
    let shown = format!("{:?}", explain(&described(Some(&operation), &holder.entry), &policy()));
    let hash: String = holder.entry.hash.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert!(!shown.contains(&holder.text) && !shown.contains(&hash[..8]), "{shown}");
}
