//! Tests of `authorize`, `settle` and `public`: what a working key may do, and what needs none (D7, D9, D11, D20, D22, R75).
//!
//! Owns:  one test per rule.
//! Never: asks whose key it is.
//! Read:  top down.

use crate::world::{OWN_ORIGIN, company, decide, facts, only, operation, policy, primary, restricted};
use admission::{Caller, Facts, Field, Policy, public};
use model::{
    Audience, CompanyMode, Denial, Environment, HttpMethod, KeyKind, Locator, NameKind, Network, NetworkList,
    Operation, OperationId, OriginList, OriginPattern, Preset, Scope, ScopeSet,
    operation::{Place, ServedBy},
};

fn locator() -> Locator {
    Locator { place: Place::parse("query:company_id").unwrap(), kind: NameKind::new("id").unwrap() }
}

/// Every company mode, and whether a company-restricted key passes it when nobody looked into its request.
fn modes() -> [(CompanyMode, bool); 6] {
    [
        (CompanyMode::Context, true),
        (CompanyMode::Neutral, true),
        (CompanyMode::Account, false),
        (CompanyMode::Locators(Box::new([locator()])), false),
        (CompanyMode::Injected(locator()), false),
        (CompanyMode::Lookup(OperationId::new("invoices_get").unwrap()), false),
    ]
}

#[test]
fn a_permit_says_for_whom_and_for_what() {
    let (operation, holder) = (operation(), restricted());
    let permit = decide(&facts(Some(&operation), &holder), &policy(), &holder).unwrap();
    assert_eq!(permit.operation(), "invoices_list");
    assert!(permit.covers(&operation));
    let mut other = operation.clone();
    other.id = OperationId::new("invoices_lis").unwrap();
    assert!(!permit.covers(&other));
    assert_eq!(permit.environment(), Environment::Test);
    let Caller::Key { key, account, kind, environment, hash } = permit.caller() else { panic!("not public") };
    let record = &holder.entry.record;
    assert_eq!((key, account, kind), (record.key, record.account, KeyKind::Restricted));
    assert_eq!(environment, Environment::Test);
    assert!(hash.matches(&holder.entry.hash));
}

#[test]
fn the_longest_operation_id_fits_a_permit() {
    let mut operation = operation();
    operation.id = OperationId::new(&"x".repeat(model::operation::OPERATION_ID_MAX)).unwrap();
    let holder = restricted();
    let permit = decide(&facts(Some(&operation), &holder), &policy(), &holder).unwrap();
    assert!(permit.covers(&operation));
}

#[test]
fn d7_an_operation_that_is_not_in_the_catalogue_is_404_with_a_valid_key() {
    let mut holder = restricted();
    holder.record().preset = Preset::Custom(ScopeSet::default());
    let denial = decide(&facts(None, &holder), &policy(), &holder).unwrap_err();
    assert_eq!((denial, denial.answer().status), (Denial::OperationUnknown, 404));
}

#[test]
fn d8_d32_only_a_primary_key_manages_restricted_keys() {
    let mut operation = operation();
    operation.served_by = ServedBy::SubKeys;
    let holder = primary();
    let permit = decide(&facts(Some(&operation), &holder), &policy(), &holder).unwrap();
    assert_eq!(permit.served_by(), ServedBy::SubKeys);
    let none = Preset::Custom(ScopeSet::default());
    for preset in [Preset::FullAccess, Preset::ReadOnly, Preset::Send, none] {
        let mut holder = restricted();
        holder.record().preset = preset;
        let denial = decide(&facts(Some(&operation), &holder), &policy(), &holder).unwrap_err();
        assert_eq!((denial, denial.answer().status), (Denial::SubKeyNotAllowed, 403));
        assert_eq!(denial.answer().code, "subkey_not_allowed");
    }
}

#[test]
fn r108_d20_a_key_opens_operations_for_keys_only() {
    for audience in Audience::ALL {
        let mut operation = operation();
        operation.audience = audience;
        let holder = primary();
        let outcome = decide(&facts(Some(&operation), &holder), &policy(), &holder);
        match audience {
            Audience::Key => assert!(outcome.is_ok()),
            Audience::Public | Audience::Member | Audience::Admin | Audience::Callback => {
                let denial = outcome.unwrap_err();
                assert_eq!((denial, denial.answer().status), (Denial::AudienceMismatched, 401), "{audience:?}");
            }
        }
    }
}

#[test]
fn d22_a_public_operation_needs_no_key_and_reads_none() {
    let mut operation = operation();
    operation.audience = Audience::Public;
    operation.environment = Some(Environment::Live);
    let holder = restricted();
    let mut facts = facts(Some(&operation), &holder);
    facts.credential.authorization = Field::Many;
    facts.origin = Field::One(b"https://elsewhere.example");
    for method in HttpMethod::ALL {
        let operation = Operation { method, ..operation.clone() };
        let facts = Facts { operation: Some(&operation), ..facts };
        let permit = public(&facts);
        assert_eq!(permit.is_some(), method.is_safe(), "{method:?}");
        if let Some(permit) = permit {
            assert!(matches!(permit.caller(), Caller::Public { environment: Environment::Live }));
            assert!(permit.covers(&operation));
        }
    }
}

#[test]
fn d22_nothing_else_is_public() {
    assert!(public(&Facts::default()).is_none());
    for audience in Audience::ALL {
        let operation = Operation { audience, environment: Some(Environment::Test), ..operation() };
        let facts = Facts { operation: Some(&operation), ..Facts::default() };
        assert_eq!(public(&facts).is_some(), audience == Audience::Public);
        let nowhere = Operation { audience, environment: None, ..operation.clone() };
        assert!(public(&Facts { operation: Some(&nowhere), ..facts }).is_none(), "an unknown environment means no");
    }
}

#[test]
fn d10_d11_a_browser_page_passes_only_when_it_is_the_apis_own() {
    let operation = operation();
    let null = Policy { own_origins: Box::new(["null".into(), "".into()]), ..Policy::default() };
    let table: [(&Policy, Field<'_>, bool); 11] = [
        (&policy(), Field::Absent, true),
        (&policy(), Field::One(OWN_ORIGIN.as_bytes()), true),
        (&policy(), Field::Many, false),
        (&policy(), Field::One(b""), false),
        (&policy(), Field::One(b"null"), false),
        (&policy(), Field::One(b"http://api.example.com"), false),
        (&policy(), Field::One(b"https://api.example.com:8443"), false),
        (&policy(), Field::One(b"https://api.example.com.evil.example"), false),
        (&policy(), Field::One(b"https://app.example.com"), false),
        (&policy(), Field::One(b"https://api.example.com https://app.example.com"), false),
        (&null, Field::One(b"null"), false),
    ];
    for (policy, origin, passes) in table {
        for (holder, denial) in [(primary(), Denial::PrimaryKeyInBrowser), (restricted(), Denial::OriginNotAllowed)] {
            let facts = Facts { origin, ..facts(Some(&operation), &holder) };
            let outcome = decide(&facts, policy, &holder).map(|_| ());
            assert_eq!(outcome, if passes { Ok(()) } else { Err(denial) }, "{origin:?} {:?}", policy.own_origins);
        }
    }
}

#[test]
fn d10_r81_r82_a_restricted_key_passes_from_the_origins_that_it_lists() {
    let operation = operation();
    let table: [(&[&str], Field<'_>, bool); 16] = [
        (&[], Field::One(b"https://app.example.com"), false),
        (&["https://app.example.com"], Field::Absent, true),
        (&["https://app.example.com"], Field::One(b"https://app.example.com"), true),
        (&["https://app.example.com"], Field::One(b"http://app.example.com"), false),
        (&["https://app.example.com"], Field::One(b"https://app.example.com:8443"), false),
        (&["https://app.example.com"], Field::One(b"https://app.example.com/"), false),
        (&["https://app.example.com"], Field::Many, false),
        (&["https://app.example.com"], Field::One(b"https://app.example.com, https://app.example.com"), false),
        (&["https://*.example.com"], Field::One(b"https://a.b.example.com"), true),
        (&["https://*.example.com"], Field::One(b"https://example.com"), false),
        (&["https://*.example.com"], Field::One(b"https://notexample.com"), false),
        (&["https://*.example.com"], Field::One(b"https://x/y.example.com"), false),
        (&["*"], Field::One(b"https://anything.example"), true),
        (&["*"], Field::One(b"null"), false),
        (&["*"], Field::One(b""), false),
        (&["*"], Field::Many, false),
    ];
    for (origins, origin, passes) in table {
        let list = OriginList::new(origins.iter().map(|o| OriginPattern::parse(o).unwrap()).collect()).unwrap();
        for (mut holder, allowed, denial) in [
            (restricted(), passes, Denial::OriginNotAllowed),
            // D11: whatever its record says.
            (primary(), origin == Field::Absent, Denial::PrimaryKeyInBrowser),
        ] {
            holder.record().origins = list.clone();
            let facts = Facts { origin, ..facts(Some(&operation), &holder) };
            let outcome = decide(&facts, &policy(), &holder).map(|_| ());
            assert_eq!(outcome, if allowed { Ok(()) } else { Err(denial) }, "{origins:?} {origin:?}");
        }
    }
}

#[test]
fn d12_r85_a_key_with_networks_works_from_nowhere_else() {
    let operation = operation();
    let table: [(&[&str], Option<&str>, bool); 9] = [
        (&[], None, true),
        (&[], Some("198.51.100.7"), true),
        (&["203.0.113.0/24"], Some("203.0.113.255"), true),
        (&["203.0.113.0/24"], Some("::ffff:203.0.113.255"), true),
        (&["203.0.113.0/24"], Some("203.0.114.0"), false),
        (&["203.0.113.0/24"], Some("2001:db8::1"), false),
        (&["203.0.113.0/24"], None, false),
        (&["0.0.0.0/0", "2001:db8::/32"], Some("2001:db8::1"), true),
        (&["0.0.0.0/0"], Some("2001:db8::1"), false),
    ];
    for (networks, address, passes) in table {
        for mut holder in [restricted(), primary()] {
            let list = networks.iter().map(|n| Network::parse(n).unwrap()).collect();
            holder.record().networks = NetworkList::new(list).unwrap();
            let address = address.map(|a| a.parse().unwrap());
            let facts = Facts { address, ..facts(Some(&operation), &holder) };
            let outcome = decide(&facts, &policy(), &holder).map(|_| ());
            assert_eq!(outcome, if passes { Ok(()) } else { Err(Denial::IpNotAllowed) }, "{networks:?} {address:?}");
        }
    }
}

#[test]
fn r75_the_key_needs_the_scope_of_the_operation() {
    let sets = |texts: &[&str]| Preset::Custom(ScopeSet::parse(texts).unwrap());
    let table = [
        (Preset::FullAccess, [true, true, true]),
        (Preset::ReadOnly, [true, false, false]),
        (Preset::Send, [true, false, true]),
        (sets(&[]), [false, false, false]),
        (sets(&["invoices:write"]), [false, true, false]),
        (sets(&["invoice:read", "company:write"]), [false, false, false]),
        (sets(&["*:send"]), [false, false, true]),
    ];
    for (preset, expected) in table {
        for (action, passes) in ["read", "write", "send"].into_iter().zip(expected) {
            let operation = Operation { scope: Scope::parse(&format!("invoices:{action}")).unwrap(), ..operation() };
            let mut holder = restricted();
            holder.record().preset = preset.clone();
            let outcome = decide(&facts(Some(&operation), &holder), &policy(), &holder).map(|_| ());
            assert_eq!(outcome, if passes { Ok(()) } else { Err(Denial::ScopeInsufficient) }, "{preset:?} {action}");
        }
    }
}

#[test]
fn d34_a_company_restricted_key_passes_only_what_keeps_to_its_companies() {
    for (mode, passes) in modes() {
        let operation = Operation { company: mode, ..operation() };
        let mut holder = restricted();
        holder.record().companies = only(&[company(1)]);
        let outcome = decide(&facts(Some(&operation), &holder), &policy(), &holder).map(|_| ());
        assert_eq!(outcome, if passes { Ok(()) } else { Err(Denial::CompanyNotAllowed) }, "{:?}", operation.company);
        let holder = restricted();
        assert!(decide(&facts(Some(&operation), &holder), &policy(), &holder).is_ok(), "all companies");
    }
}

#[test]
fn d9_a_key_whose_companies_are_all_gone_reaches_nothing() {
    for (mode, _) in modes() {
        let operation = Operation { company: mode, ..operation() };
        let mut holder = restricted();
        holder.record().companies = only(&[]);
        let passes = decide(&facts(Some(&operation), &holder), &policy(), &holder).is_ok();
        assert_eq!(passes, operation.company == CompanyMode::Neutral, "{:?}", operation.company);
    }
}

#[test]
fn the_first_failing_check_is_the_answer() {
    let mut holder = primary();
    holder.record().preset = Preset::Custom(ScopeSet::default());
    holder.record().companies = only(&[]);
    holder.record().networks = NetworkList::new(vec![Network::parse("203.0.113.0/24").unwrap()]).unwrap();
    let mut operation = operation();
    operation.audience = Audience::Admin;
    let origin = Field::One(b"https://elsewhere.example");
    let denied = |holder: &crate::world::Holder, operation: Option<&Operation>, origin| {
        decide(&Facts { origin, ..facts(operation, holder) }, &policy(), holder).unwrap_err()
    };
    assert_eq!(denied(&holder, None, origin), Denial::OperationUnknown);
    assert_eq!(denied(&holder, Some(&operation), origin), Denial::AudienceMismatched);
    operation.audience = Audience::Key;
    assert_eq!(denied(&holder, Some(&operation), origin), Denial::IpNotAllowed);
    holder.record().networks = NetworkList::default();
    assert_eq!(denied(&holder, Some(&operation), origin), Denial::PrimaryKeyInBrowser);
    assert_eq!(denied(&holder, Some(&operation), Field::Absent), Denial::ScopeInsufficient);
    holder.record().preset = Preset::FullAccess;
    assert_eq!(denied(&holder, Some(&operation), Field::Absent), Denial::CompanyNotAllowed);
}
