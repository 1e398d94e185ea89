//! Tests of `key`: what bodies are accepted, and what is said about the others.

use super::*;
use crate::problem::FieldProblem;
use model::{
    AccountId, ClientId, CompanyId, CompanyRestriction, CompanySet, Entropy, Environments, KeyId, KeyKind, KeyLimits,
    KeyStatus, LimitName, NetworkList, OriginList, Preset, ScopeSet, Secret, SecretHash,
};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn known() -> Vec<LimitName> {
    ["default", "messaging"].into_iter().filter_map(LimitName::new).collect()
}

fn draft(json: &str) -> Result<KeyDraft, Vec<FieldProblem>> {
    serde_json::from_str::<KeyIn>(json).unwrap().check(NOW, &known())
}

fn pointers(problems: &[FieldProblem]) -> Vec<&str> {
    problems.iter().map(|p| p.pointer.as_str()).collect()
}

fn company(n: u8) -> CompanyId {
    CompanyId::new(NOW, Entropy([n; 10]))
}

#[test]
fn d9_companies_that_are_null_are_no_wish_for_all_of_them() {
    assert!(serde_json::from_str::<KeyIn>(r#"{"companies":null}"#).is_err());
    assert!(serde_json::from_str::<KeyIn>(r#"{"companies":"all"}"#).is_ok());
}

#[test]
fn d7_a_key_without_wishes_is_read_only_for_all_companies_in_both_environments() {
    let draft = draft("{}").unwrap();
    assert_eq!(draft.preset, Preset::ReadOnly);
    assert_eq!(draft.companies, CompanyRestriction::All);
    assert_eq!(draft.environments, Environments::Both);
    assert_eq!((draft.expires_at, draft.description.as_str()), (None, ""));
}

#[test]
fn d7_presets_and_scopes_fit_together_or_are_refused() {
    let set = ScopeSet::parse(&["invoices:read"]).unwrap();
    assert_eq!(draft(r#"{"scopes":["invoices:read"]}"#).unwrap().preset, Preset::Custom(set.clone()));
    assert_eq!(draft(r#"{"preset":"custom","scopes":["invoices:read"]}"#).unwrap().preset, Preset::Custom(set));
    assert_eq!(draft(r#"{"preset":"full_access"}"#).unwrap().preset, Preset::FullAccess);
    assert_eq!(draft(r#"{"preset":"send"}"#).unwrap().preset, Preset::Send);
    for (json, pointer) in [
        (r#"{"preset":"custom"}"#, "/scopes"),
        (r#"{"preset":"custom","scopes":[]}"#, "/scopes"),
        (r#"{"preset":"read_only","scopes":["a:read"]}"#, "/scopes"),
        (r#"{"preset":"root"}"#, "/preset"),
        (r#"{"preset":"root","scopes":["a:read"]}"#, "/preset"),
        (r#"{"scopes":["a:read","b:delete"]}"#, "/scopes/1"),
    ] {
        assert_eq!(pointers(&draft(json).unwrap_err()), [pointer], "{json}");
    }
}

#[test]
fn d9_an_empty_list_of_companies_is_refused_and_never_means_all() {
    assert_eq!(pointers(&draft(r#"{"companies":[]}"#).unwrap_err()), ["/companies"]);
    assert_eq!(draft(r#"{"companies":"all"}"#).unwrap().companies, CompanyRestriction::All);
    let json = format!(r#"{{"companies":["{0}","{0}"]}}"#, company(1));
    let only = CompanyRestriction::Only(CompanySet::chosen(&[company(1)]).unwrap());
    assert_eq!(draft(&json).unwrap().companies, only);
    for json in [r#"{"companies":"none"}"#, r#"{"companies":{}}"#, r#"{"companies":[1]}"#] {
        assert!(serde_json::from_str::<KeyIn>(json).is_err(), "{json}");
    }
}

#[test]
fn d9_a_key_whose_companies_were_deleted_shows_an_empty_list() {
    let none = CompanyRestriction::Only(CompanySet::stored(&[]));
    assert_eq!(serde_json::to_string(&Companies::from(&none)).unwrap(), "[]");
    assert_eq!(serde_json::to_string(&Companies::from(&CompanyRestriction::All)).unwrap(), r#""all""#);
}

#[test]
fn every_problem_is_told_at_once_and_no_value_is_repeated() {
    let problems = draft(
        r#"{"description":"hush\u0007","preset":"hush","scopes":["hush"],"companies":["co_1","hush"],
            "environments":["prod"],"expires_at":"hush"}"#,
    )
    .unwrap_err();
    assert_eq!(
        pointers(&problems),
        ["/description", "/preset", "/companies/0", "/companies/1", "/environments/0", "/environments", "/expires_at"]
    );
    assert!(problems.iter().all(|p| !p.message.contains("hush")));
}

#[test]
fn d13_expiry_lies_ahead_and_overlap_is_bounded() {
    assert!(draft(r#"{"expires_at":"2100-01-01T00:00:00+02:00"}"#).unwrap().expires_at.is_some());
    assert_eq!(pointers(&draft(r#"{"expires_at":"2020-01-01T00:00:00Z"}"#).unwrap_err()), ["/expires_at"]);
    let rotate = |json: &str| serde_json::from_str::<RotateIn>(json).unwrap().check();
    assert_eq!(rotate("{}").unwrap(), Rotation { environments: None, overlap: 86_400 });
    assert_eq!(rotate(r#"{"overlap_seconds":0}"#).unwrap().overlap, 0);
    assert_eq!(rotate(r#"{"overlap_seconds":7776000}"#).unwrap().overlap, OVERLAP_MAX_SECONDS);
    assert_eq!(pointers(&rotate(r#"{"overlap_seconds":7776001}"#).unwrap_err()), ["/overlap_seconds"]);
    for wrong in ["[]", r#"["live","live"]"#, r#"["test","live","test"]"#] {
        let refused = rotate(&format!(r#"{{"environments":{wrong}}}"#)).unwrap_err();
        assert_eq!(pointers(&refused), ["/environments"], "{wrong}");
    }
}

#[test]
fn patches_keep_clear_and_set() {
    let patch = |json: &str| serde_json::from_str::<KeyPatch>(json).unwrap().check(NOW, &known());
    assert_eq!(patch("{}").unwrap(), KeyChange::default());
    let cleared = patch(r#"{"expires_at":null,"description":null}"#).unwrap();
    assert_eq!((cleared.expires_at, cleared.description.as_deref()), (Some(None), Some("")));
    assert_eq!(patch(r#"{"preset":"send"}"#).unwrap().preset, Some(Preset::Send));
    for (json, pointer) in [
        (r#"{"preset":null}"#, "/preset"),
        (r#"{"scopes":null}"#, "/scopes"),
        (r#"{"companies":null}"#, "/companies"),
        (r#"{"companies":[]}"#, "/companies"),
    ] {
        assert_eq!(pointers(&patch(json).unwrap_err()), [pointer], "{json}");
    }
}

#[test]
fn unknown_members_are_refused() {
    assert!(serde_json::from_str::<KeyIn>(r#"{"kind":"primary"}"#).is_err());
    assert!(serde_json::from_str::<KeyPatch>(r#"{"environments":["test"]}"#).is_err());
    assert!(serde_json::from_str::<RotateIn>(r#"{"overlap":1}"#).is_err());
}

#[test]
fn r72_r123_a_record_shows_last_four_and_no_more_and_hides_an_ended_secret() {
    let key = Key {
        id: KeyId::new(NOW, Entropy([1; 10])),
        account: AccountId::new(NOW, Entropy([2; 10])),
        kind: KeyKind::Restricted,
        description: String::new(),
        status: KeyStatus::Active,
        preset: Preset::ReadOnly,
        companies: CompanyRestriction::All,
        environments: Environments::Only(Environment::Test),
        origins: OriginList::default(),
        networks: NetworkList::default(),
        limits: KeyLimits::default(),
        rotate_every_days: None,
        expires_at: None,
        created_at: NOW,
    };
    let credential = |slot, last_four: &[u8; 4], ends_at| Credential {
        client_id: ClientId::from_bytes([7; 12]),
        environment: Environment::Test,
        hash: SecretHash::of(last_four),
        last_four: *last_four,
        slot,
        ends_at,
    };
    let current = credential(SecretSlot::Current, b"new1", None);
    let previous = credential(SecretSlot::Previous, b"old1", Some(NOW.plus_secs(60)));
    let test = |now, ended| {
        let state =
            |credential, ended| CredentialState { credential, client_id: "ci_0".into(), created_at: NOW, ended };
        let out = KeyOut::new(
            &key,
            &[state(&current, false), state(&previous, ended)],
            RowState { version: 1, updated_at: NOW },
            now,
        );
        assert!(out.live.is_none());
        out.test.unwrap()
    };
    let shown = test(NOW, false);
    assert_eq!(shown.client_id, "ci_0");
    assert_eq!((shown.last_four.as_str(), shown.previous.unwrap().last_four.as_str()), ("new1", "old1"));
    assert!(test(NOW.plus_secs(60), false).previous.is_none());
    assert!(test(NOW, true).previous.is_none());
}

#[test]
fn r68_the_creation_answer_has_exactly_the_promised_shape() {
    let secret =
        |text: &str| CredentialSecret { client_id: "ci_0".into(), secret: SecretText::new(Secret::new(text.into())) };
    let secrets = KeySecrets { key_id: "key_0".into(), test: Some(secret("t")), live: Some(secret("l")) };
    assert_eq!(
        serde_json::to_string(&secrets).unwrap(),
        r#"{"key_id":"key_0","test":{"client_id":"ci_0","secret":"t"},"live":{"client_id":"ci_0","secret":"l"}}"#
    );
    assert!(!format!("{secrets:?}").contains("\"t\""), "Debug hides secrets");
}

#[test]
fn d10_d12_r77_a_new_key_has_no_settings_of_its_own_unless_it_says_so() {
    let plain = draft("{}").unwrap();
    assert!(plain.origins.is_empty() && plain.networks.is_empty());
    assert_eq!((plain.limits, plain.rotate_every_days), (KeyLimits::default(), None));
    let set = draft(
        r#"{"origins":["https://app.example.com","https://*.example.org:8443"],"networks":["203.0.113.7","2001:db8::/32"],
            "limits":{"messaging":5,"default":600},"rotate_every_days":90}"#,
    )
    .unwrap();
    assert!(set.origins.allows(b"https://a.b.example.org:8443") && !set.origins.allows(b"https://example.org:8443"));
    assert!(
        set.networks.allows("203.0.113.7".parse().unwrap()) && !set.networks.allows("203.0.113.8".parse().unwrap())
    );
    let name = |text: &str| LimitName::new(text).unwrap();
    assert_eq!((set.limits.get(&name("default")), set.limits.get(&name("messaging"))), (Some(600), Some(5)));
    assert_eq!(set.rotate_every_days, Some(90));
}

#[test]
fn d10_d12_r77_every_problem_of_the_settings_is_told_where_it_is() {
    let problems = draft(
        r#"{"origins":["https://app.example.com","https://App.example.com","null","https://app.example.com/"],
            "networks":["203.0.113.7/24","203.0.113.0/24","::/129"],
            "limits":{"default":0,"requests":5,"messaging":1000000001},"rotate_every_days":3651}"#,
    )
    .unwrap_err();
    assert_eq!(
        pointers(&problems),
        [
            "/origins/1",
            "/origins/2",
            "/origins/3",
            "/networks/0",
            "/networks/2",
            "/limits/default",
            "/limits/messaging",
            "/limits/requests",
            "/rotate_every_days"
        ]
    );
    assert_eq!(problems[0].message, "an origin must be in lower case, as browsers send it");
    assert_eq!(problems[7].message, "no such limit; this deployment has: default, messaging");
    assert_eq!(pointers(&draft(r#"{"rotate_every_days":0}"#).unwrap_err()), ["/rotate_every_days"]);
}

#[test]
fn the_lists_of_a_key_are_bounded() {
    let many = |n: usize, one: &dyn Fn(usize) -> String| (0..n).map(one).collect::<Vec<_>>().join(",");
    let origins = |n| format!(r#"{{"origins":[{}]}}"#, many(n, &|i| format!("\"https://a{i}.example\"")));
    let networks = |n| format!(r#"{{"networks":[{}]}}"#, many(n, &|i| format!("\"10.0.0.{i}\"")));
    assert_eq!(draft(&origins(64)).unwrap().origins.as_slice().len(), 64);
    assert_eq!(pointers(&draft(&origins(65)).unwrap_err()), ["/origins"]);
    assert_eq!(draft(&networks(64)).unwrap().networks.as_slice().len(), 64);
    assert_eq!(pointers(&draft(&networks(65)).unwrap_err()), ["/networks"]);
    let limits = format!(r#"{{"limits":{{{}}}}}"#, many(33, &|i| format!("\"l{i}\":1")));
    assert_eq!(pointers(&draft(&limits).unwrap_err()), ["/limits"]);
}

#[test]
fn r77_a_limit_is_named_once_and_numbered_with_whole_numbers() {
    for json in [
        r#"{"limits":{"default":1,"default":2}}"#,
        r#"{"limits":{"default":-1}}"#,
        r#"{"limits":{"default":1.5}}"#,
        r#"{"limits":["default"]}"#,
    ] {
        assert!(serde_json::from_str::<KeyIn>(json).is_err(), "{json}");
    }
    let none = serde_json::from_str::<KeyIn>(r#"{"limits":{"default":1}}"#).unwrap().check(NOW, &[]).unwrap_err();
    assert!(none[0].message.starts_with("no such limit"), "{}", none[0].message);
}

#[test]
fn r71_a_secret_in_the_place_of_a_setting_is_not_repeated() {
    let secret = "sk_live_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH";
    let json = format!(
        r#"{{"origins":["{secret}"],"networks":["{secret}"],"limits":{{"{secret}":1}},"rotate_every_days":1}}"#
    );
    let problems = draft(&json).unwrap_err();
    assert_eq!(pointers(&problems), ["/origins/0", "/networks/0", "/limits"]);
    assert!(problems.iter().all(|p| !p.message.contains(secret)));
}

#[test]
fn d10_any_origin_is_for_keys_that_only_read_unless_confirmed() {
    for (json, refused) in [
        (r#"{"origins":["*"]}"#, false),
        (r#"{"origins":["*"],"scopes":["invoices:read"]}"#, false),
        (r#"{"origins":["*"],"preset":"send"}"#, true),
        (r#"{"origins":["https://a.example","*"],"preset":"full_access"}"#, true),
        (r#"{"origins":["*"],"scopes":["invoices:read","invoices:write"]}"#, true),
        (r#"{"origins":["*"],"preset":"send","confirm_any_origin":true}"#, false),
        (r#"{"origins":["https://*.example.com"],"preset":"full_access"}"#, false),
    ] {
        match draft(json) {
            Ok(_) => assert!(!refused, "{json}"),
            Err(problems) => {
                assert!(refused, "{json}");
                assert_eq!((pointers(&problems), &*problems[0].message), (vec!["/origins"], ANY_ORIGIN_UNCONFIRMED));
            }
        }
    }
}

#[test]
fn patches_empty_a_list_by_null_or_by_an_empty_one() {
    let patch = |json: &str| serde_json::from_str::<KeyPatch>(json).unwrap().check(NOW, &known()).unwrap();
    let empty = (Some(OriginList::default()), Some(NetworkList::default()), Some(KeyLimits::default()));
    for json in [r#"{"origins":null,"networks":null,"limits":null}"#, r#"{"origins":[],"networks":[],"limits":{}}"#] {
        let change = patch(json);
        assert_eq!((change.origins, change.networks, change.limits), empty, "{json}");
    }
    assert_eq!(patch(r#"{"rotate_every_days":null}"#).rotate_every_days, Some(None));
    assert_eq!(patch(r#"{"rotate_every_days":30}"#).rotate_every_days, Some(Some(30)));
}
