//! Format: what `catalogue.toml` may say, and how people are told what it may not.
//!
//! Owns:  the round trip, positions, hints.
//! Never: reads OpenAPI.
//! Read:  `every_problem_is_told_at_once_with_its_place`.

use catalogue::{examine, read, write};
use model::{
    Action, Audience, Catalogue, CompanyMode, Environment, HttpMethod, Idempotency, LimitClass, Locator, NameKind,
    Operation, OperationId, Recovery, Resource, Scope, Template,
    operation::{OtherBodies, Place, ServedBy},
};
use proptest::prelude::*;

const GOOD: &str = r#"
[[operation]]
id = "company_id_get"
method = "GET"
path = "/v1/company/{id:int32}"
audience = "key"
scope = "company:read"
company = { mode = "locators", locators = [{ at = "path:id", kind = "id" }, { at = "response:/id", kind = "id" }] }
class = "default"

[[operation]]
id = "health"
method = "GET"
path = "/v1/health"
audience = "public"
environment = "live"
scope = "health:read"
company = { mode = "neutral" }
class = "default"
"#;

#[test]
fn d34_a_catalogue_reads_as_written() {
    let operations = read(GOOD).unwrap();
    assert_eq!(operations.len(), 2);
    assert!(matches!(&operations[0].company, CompanyMode::Locators(locators) if locators.len() == 2));
    assert_eq!(operations[1].environment, Some(Environment::Live));
    assert_eq!(read(&write(&operations)).unwrap(), operations);
    assert!(read("").unwrap().is_empty());
}

#[test]
fn what_is_left_out_never_widens_access() {
    let short = "[[operation]]\nid = \"a\"\nmethod = \"GET\"\npath = \"/a\"\naudience = \"key\"\nscope = \"a:read\"\n";
    let operations = read(short).unwrap();
    assert_eq!(operations[0].company, CompanyMode::Account, "company-restricted keys are refused (D34)");
    assert_eq!(operations[0].class.as_str(), "default");
    for key in ["id", "method", "path", "audience", "scope"] {
        let without: String =
            short.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
        let problems = read(&without).unwrap_err();
        assert!(problems.to_string().contains(&format!("{key} is missing")), "{problems}");
    }
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let text = r#"
title = "x"

[[operation]]
id = "a b"
method = "get"
path = "/a/{x:float}"
audience = "everyone"
scope = "a:delete"
company = { mode = "locators", locators = [{ at = "path:y", kind = "ID" }, { at = "cookie:y", kind = "id", extra = 1 }] }
class = 7
colour = "red"

[[operation]]
id = "b"
method = "POST"
path = "/b"
audience = "public"
scope = "b:write"
company = { mode = "injected", at = "path:c", kind = "id" }

[[operation]]
id = "c"
method = "GET"
path = "/c/{id}/{id}"
audience = "key"
environment = "test"
scope = "c:read"
company = { mode = "lookup", operation = "nobody" }

[[operation]]
id = "c"
method = "GET"
path = "/c/{x}/{y}"
audience = "member"
scope = "c:read"
company = { mode = "everything" }

[[operation]]
id = "d"
method = "GET"
path = "/c/{x}/{y}"
audience = "key"
scope = "d:read"
company = { mode = "locators", locators = [{ at = "body:/x", kind = "id" }] }

[[operation]]
id = "e"
method = "DELETE"
path = "/e/{id}"
audience = "key"
scope = "e:write"
company = { mode = "locators", locators = [{ at = "response:/company_id", kind = "id" }] }

[[operation]]
id = "f"
method = "DELETE"
path = "/f"
audience = "key"
scope = "e:write"
company = { mode = "lookup", operation = "e" }

[operations]
"#;
    let reading = examine(text);
    let told: Vec<String> = reading.problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"));
    let places: Vec<_> = reading.problems.iter().map(|problem| problem.position.unwrap()).collect();
    assert!(places.is_sorted(), "in the order of the text");
}

#[test]
fn broken_toml_is_told_where_it_breaks() {
    let problems = read("[[operation]]\nid = \"a\"\nid = \"b\"\nmethod = \nx = [\n").unwrap_err();
    assert!(problems.as_slice().iter().all(|problem| problem.position.is_some()), "{problems}");
    let lines: Vec<usize> = problems.as_slice().iter().map(|problem| problem.position.unwrap().line).collect();
    assert!(lines.contains(&3) && lines.contains(&4), "{problems}");
    assert!(problems.as_slice().iter().any(|problem| problem.code == catalogue::ProblemCode::Syntax), "{problems}");
    let cut = &GOOD[..GOOD.len() / 2];
    assert!(read(cut).is_err());
    let serialised = serde_json::to_value(problems).unwrap();
    assert_eq!(serialised[0]["code"], "missing_key");
    assert_eq!(serialised[0]["position"]["line"], 1);
}

#[test]
fn hostile_catalogues_are_refused_soon() {
    let deep = format!("x = {}", "[".repeat(100_000));
    let dotted = format!("{}x = 1", "a.".repeat(100_000));
    let many = "[[operation]]\n".repeat(20_000);
    for text in [deep, dotted, many, "#".repeat(catalogue::format::CATALOGUE_MAX + 1)] {
        let problems = read(&text).unwrap_err();
        assert!(problems.as_slice().len() <= 201, "{}", problems.as_slice().len());
    }
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_.-]{1,12}"
}

fn locator(body: bool) -> impl Strategy<Value = Locator> {
    let pointer = "(/[^\u{0}]{0,10}){0,3}";
    let place = prop_oneof![
        Just(Place::Path("p0".into())),
        name().prop_map(|name| Place::Query(name.into())),
        name().prop_map(|name| Place::Header(name.to_lowercase().into())),
        pointer.prop_map(move |pointer| if body { Place::Body(pointer.into()) } else { Place::Query("q".into()) }),
    ];
    (place, "[a-z0-9_]{1,8}").prop_map(|(place, kind)| Locator { place, kind: NameKind::new(&kind).unwrap() })
}

fn company(body: bool) -> impl Strategy<Value = CompanyMode> {
    prop_oneof![
        Just(CompanyMode::Account),
        Just(CompanyMode::Neutral),
        Just(CompanyMode::Context),
        proptest::collection::vec(locator(body), 1..4).prop_map(|list| CompanyMode::Locators(list.into())),
        locator(body).prop_map(|locator| CompanyMode::Injected(match locator.place {
            Place::Path(name) => Locator { place: Place::Query(name), ..locator },
            Place::Query(_) | Place::Header(_) | Place::Body(_) | Place::Response(_) => locator,
        })),
    ]
}

/// Sound operations: `index` makes id and path their own.
fn sound(index: usize) -> impl Strategy<Value = Operation> {
    let methods = proptest::sample::select(HttpMethod::ALL.as_slice());
    let audiences = proptest::sample::select(Audience::ALL.as_slice());
    let actions = proptest::sample::select(Action::ALL.as_slice());
    let kinds = proptest::sample::select(["", ":int32", ":int64", ":uuid"].as_slice());
    let environments = proptest::sample::select(Environment::ALL.as_slice());
    (methods, audiences, actions, kinds, environments, "[a-z]{1,5}(:[a-z0-9_-]{1,4})?", name(), any::<bool>())
        .prop_flat_map(move |(method, audience, action, kind, environment, resource, class, lookup)| {
            company(!method.is_safe()).prop_map(move |company| {
                let audience = if method.is_safe() || audience != Audience::Public { audience } else { Audience::Key };
                let resource = Resource::new(&resource).unwrap();
                Operation {
                    id: OperationId::new(&format!("op-{index}")).unwrap(),
                    method,
                    template: Template::parse(&format!("/v1/r{index}/{{p0{kind}}}/x{{p1}}.json")).unwrap(),
                    audience,
                    scope: Scope { resource, action },
                    company: if lookup && index > 0 {
                        CompanyMode::Lookup(OperationId::new("teller").unwrap())
                    } else {
                        company
                    },
                    class: LimitClass::new(&class).unwrap(),
                    environment: (audience != Audience::Key).then_some(environment),
                    other_bodies: OtherBodies::default(),
                    idempotency: if method.is_safe() { Idempotency::default() } else { idempotency(lookup, index) },
                    channel: None,
                    learn: None,
                    callback: None,
                    served_by: ServedBy::default(),
                }
            })
        })
}

/// Rules of a write: every part is there in some operation and not in another.
fn idempotency(recovers: bool, index: usize) -> Idempotency {
    let place = |text| Place::parse(text).unwrap();
    let recovery = recovers.then(|| Recovery {
        operation: OperationId::new("teller").unwrap(),
        at: place("header:x-number"),
        from: place("path:p1"),
        found: place("response:"),
        status: 200,
    });
    let not_executed = [422, 503].into_iter().take(index % 3).collect();
    Idempotency { required: index % 2 == 1, not_executed, recovery }
}

/// What look-ups ask.
fn teller() -> Operation {
    let text = "[[operation]]\nid = \"teller\"\nmethod = \"GET\"\npath = \"/t/{p0}\"\naudience = \"key\"\nscope = \"t:read\"\n\
                company = { mode = \"locators\", locators = [{ at = \"response:/*/c\", kind = \"id\" }] }\n";
    read(text).unwrap().remove(0)
}

proptest! {
    #[test]
    fn write_then_read_gives_the_same(operations in (0usize..6).prop_flat_map(|n| (0..n).map(sound).collect::<Vec<_>>())) {
        let mut operations = operations;
        operations.push(teller());
        let text = write(&operations);
        let again = read(&text);
        prop_assert!(again.is_ok(), "{}\n{text}", again.unwrap_err());
        prop_assert_eq!(again.unwrap(), operations);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\[\\[operation\\]\\]\n)?((id|path|company|scope) = [\"\\[{a-z:/=}\\] ,]{0,20}\n){0,4}") {
        let reading = examine(&text);
        if reading.problems.is_empty() {
            prop_assert!(Catalogue::new(reading.operations).is_ok());
        }
    }
}
