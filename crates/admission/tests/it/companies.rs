//! Tests of `company`: where a request names companies, and the rule of each mode (D9, D34, D36, R32-R36, R89-R92).
//!
//! Owns:  one table per place, one per mode.
//! Never: resolves a name; `c1` is within the key's set, `c2` is not, nothing else is known.
//! Read:  top down.

use crate::world::{FRESH, NOW, company, decide, facts, only, operation, policy, restricted};
use admission::{
    Asked, Facts, Field,
    company::{BodyKind, Request, guards, names_in_header, raw_parameter, wants_body},
    present,
};
use model::{
    CompanyId, CompanyMode, Denial, Locator, NameKind, Operation, OperationId, Template,
    operation::{OtherBodies, Place},
};

fn at(places: &[&str]) -> CompanyMode {
    let kind = NameKind::new("id").unwrap();
    CompanyMode::Locators(
        places.iter().map(|p| Locator { place: Place::parse(p).unwrap(), kind: kind.clone() }).collect(),
    )
}

/// What is asked for, and how.
struct Ask<'a> {
    company: CompanyMode,
    path: &'a str,
    query: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
    kind: BodyKind,
    other_bodies: OtherBodies,
}

fn ask<'a>(places: &[&str]) -> Ask<'a> {
    let (kind, other_bodies) = (BodyKind::Other, OtherBodies::Refused);
    Ask { company: at(places), path: "/v1/invoices", query: "", headers: &[], body: b"", kind, other_bodies }
}

impl Ask<'_> {
    /// The decision for a key that is restricted to `c1`.
    fn outcome(&self) -> Result<(), Denial> {
        let template =
            Template::parse(if self.path == "/v1/invoices" { "/v1/invoices" } else { "/v1/co-{id}/x" }).unwrap();
        let other_bodies = self.other_bodies;
        let operation = Operation { company: self.company.clone(), template, other_bodies, ..operation() };
        let headers = |each: &mut dyn FnMut(&str, &[u8])| self.headers.iter().for_each(|(n, v)| each(n, v.as_bytes()));
        let request = Request {
            operation: &operation,
            path: self.path.as_bytes(),
            query: self.query.as_bytes(),
            headers: &headers,
            body: self.body,
            kind: self.kind,
        };
        let mut named: Vec<Option<CompanyId>> = Vec::new();
        let read = request.names(&mut |_, name| {
            named.push(match name {
                Some("c1") => Some(company(1)),
                Some("c2") => Some(company(2)),
                _ => None,
            });
        });
        let companies = match read {
            Ok(()) if request.leaves_body() => Asked::left(&named),
            Ok(()) => Asked::named(&named),
            Err(denial) => Asked::broken(denial),
        };
        let mut holder = restricted();
        holder.record().companies = only(&[company(1)]);
        let facts = Facts { companies, ..facts(Some(&operation), &holder) };
        decide(&facts, &policy(), &holder).map(|_| ())
    }
}

const NO: Result<(), Denial> = Err(Denial::CompanyNotAllowed);

#[test]
fn d9_r92_a_path_names_a_company_of_the_key_or_is_refused() {
    for (path, expected) in [
        ("/v1/co-c1/x", Ok(())),
        ("/v1/co-%631/x", Ok(())),
        ("/v1/co-c2/x", NO),
        ("/v1/co-c9/x", NO),
        ("/v1/co-%ff/x", NO),
    ] {
        assert_eq!(Ask { path, ..ask(&["path:id"]) }.outcome(), expected, "{path}");
    }
}

#[test]
fn r92_a_query_cannot_name_another_company_in_any_spelling() {
    for query in
        ["company_id=c1", "company_id=c1&company_id=c1", "x=1&company_id=%631&y", "company_id=c1&companies=c2&q=a;b"]
    {
        assert_eq!(Ask { query, ..ask(&["query:company_id"]) }.outcome(), Ok(()), "{query}");
    }
    for query in [
        "",
        "x=1",
        "company_id",
        "company_id=",
        "company_id=c2",
        "company_id=c9",
        "company_id=c1&company_id=c2",
        "company_id=c2&company_id=c1",
        "company_id=c1&company_id[]=c1",
        "company_id=c1&company_id[0]=c2",
        "company_id=c1&company_id%5b%5d=c2",
        "company_id=c1&Company_ID=c2",
        "company_id=c1&companyId=c2",
        "company_id=c1&company%5Fid=c2",
        "company_id=c1&company%255Fid=c2",
        "company_id=c1;company_id=c2",
        "company_id=c1&x=1;company_id=c2",
        "company_id=c1&+company_id=c2",
        "company_id=c1&company.id=c2",
        "company_id=c1,c2",
        "company_id=c1&company_id%00=c2",
        "company_id=c1%00",
        "company_id=+c1",
        "company_id=C1",
        "company_id=c1&%5bcompany_id%5d=c2",
    ] {
        assert_eq!(Ask { query, ..ask(&["query:company_id"]) }.outcome(), NO, "{query}");
    }
}

#[test]
fn r92_a_form_cannot_say_otherwise_than_the_query() {
    let base = || Ask { query: "company_id=c1", kind: BodyKind::Form, ..ask(&["query:company_id"]) };
    assert_eq!(Ask { body: b"a=1", ..base() }.outcome(), Ok(()));
    assert_eq!(Ask { body: b"company_id=c2", ..base() }.outcome(), NO);
    assert_eq!(Ask { body: b"company_id[]=c1", ..base() }.outcome(), NO);
}

#[test]
fn r92_a_header_cannot_name_another_company_in_any_spelling() {
    let outcome = |headers: &[(&str, &str)]| Ask { headers, ..ask(&["header:x-company"]) }.outcome();
    assert_eq!(outcome(&[("x-company", "c1"), ("accept", "c2")]), Ok(()));
    assert_eq!(outcome(&[("x-company", "c1"), ("x-company", "c1")]), Ok(()));
    assert_eq!(outcome(&[("x-company", "c1"), ("connection", "close, x-other")]), Ok(()));
    assert_eq!(
        outcome(&[("x-company", "c1"), ("x-list", "a, x-company")]),
        Ok(()),
        "only Connection takes fields away"
    );
    for headers in [
        &[][..],
        &[("x-company", "c2")],
        &[("x-company", "c1"), ("x-company", "c2")],
        &[("x-company", "c1"), ("x_company", "c2")],
        &[("x-company", "c1, c2")],
        &[("x-company", "c1"), ("connection", "close, X-Company")],
    ] {
        assert_eq!(outcome(headers), NO, "{headers:?}");
    }
}

#[test]
fn d36_a_body_names_a_company_of_the_key_or_is_refused() {
    let outcome =
        |body: &str| Ask { body: body.as_bytes(), kind: BodyKind::Json, ..ask(&["body:/invoices/*/c"]) }.outcome();
    assert_eq!(outcome(r#"{"invoices":[{"c":"c1"},{"c":"c1"}]}"#), Ok(()));
    for body in [
        "",
        "{}",
        r#"{"invoices":[]}"#,
        r#"{"invoices":[{"c":"c1"},{"c":"c2"}]}"#,
        r#"{"invoices":[{"c":null}]}"#,
        r#"{"invoices":{"c":"c1"}}"#,
        r#"{"invoices":[{"c":"c1","C":"c2"}]}"#,
        r#"{"invoices":[{"c":["c1"]}]}"#,
    ] {
        assert_eq!(outcome(body), NO, "{body}");
    }
    assert_eq!(outcome(r#"{"invoices":[{"c":"c2","c":"c1"}]}"#), Err(Denial::BodyMalformed));
    assert_eq!(outcome(r#"{"invoices":[{"c":"c1"}]} x"#), Err(Denial::BodyMalformed));
    for kind in [BodyKind::Form, BodyKind::Other] {
        assert_eq!(Ask { body: b"x", kind, ..ask(&["body:/c"]) }.outcome(), Err(Denial::BodyNotInspectable));
    }
}

/// The upstream holds what only it can read. What this side can read is held here all the same.
#[test]
fn d36_a_body_that_is_left_to_the_upstream_need_not_name_a_company_here() {
    let left = |places: &[&str]| Ask { body: b"x", other_bodies: OtherBodies::Upstream, ..ask(places) };
    assert_eq!(left(&["body:/c"]).outcome(), Ok(()));
    assert_eq!(Ask { kind: BodyKind::Form, ..left(&["body:/c"]) }.outcome(), Ok(()));
    assert_eq!(Ask { query: "c=c1", ..left(&["query:c", "body:/c"]) }.outcome(), Ok(()));
    for query in ["c=c2", "c=c9", "c=c1&c[]=c2"] {
        assert_eq!(Ask { query, ..left(&["query:c", "body:/c"]) }.outcome(), NO, "{query}");
    }
    // No body, a body that can be read, and one in which nothing would be looked for, leave nothing to the upstream.
    assert_eq!(Ask { body: b"", ..left(&["body:/c"]) }.outcome(), NO);
    assert_eq!(Ask { body: b"{}", kind: BodyKind::Json, ..left(&["body:/c"]) }.outcome(), NO);
    assert_eq!(left(&["query:c"]).outcome(), NO);
}

#[test]
fn d36_only_plain_json_is_json() {
    let kind = |content: &'static str, encoding: Field<'static>| BodyKind::of(Field::One(content.as_bytes()), encoding);
    for content in
        ["application/json", "Application/JSON ; charset=UTF-8", "application/problem+json", "application/json;a=b"]
    {
        assert_eq!(kind(content, Field::Absent), BodyKind::Json, "{content}");
        assert_eq!(kind(content, Field::One(b"identity")), BodyKind::Json, "{content}");
        assert_eq!(kind(content, Field::One(b"gzip")), BodyKind::Other, "{content}");
        assert_eq!(kind(content, Field::Many), BodyKind::Other, "{content}");
    }
    for content in
        ["", "text/json", "application/xml", "application/json;charset=utf-16", "application/jsonp", "text/x+json"]
    {
        assert_eq!(kind(content, Field::Absent), BodyKind::Other, "{content}");
    }
    assert_eq!(kind("application/x-www-form-urlencoded", Field::Absent), BodyKind::Form);
    assert_eq!(BodyKind::of(Field::Many, Field::Absent), BodyKind::Other);
}

#[test]
fn d34_each_mode_has_one_rule() {
    let injected = |place: &str| {
        CompanyMode::Injected(Locator { place: Place::parse(place).unwrap(), kind: NameKind::new("id").unwrap() })
    };
    let lookup = || CompanyMode::Lookup(OperationId::new("get").unwrap());
    let (mine, other, unknown) = ([Some(company(1))], [Some(company(3))], [None]);
    let decide = |mode: CompanyMode, asked: Asked<'_>, set: &[u8]| {
        let operation = Operation { company: mode, ..operation() };
        let mut holder = restricted();
        holder.record().companies = only(&set.iter().map(|n| company(*n)).collect::<Vec<_>>());
        decide(&Facts { companies: asked, ..facts(Some(&operation), &holder) }, &policy(), &holder).map(|_| ())
    };
    let foreign = Err(Denial::CompanyForeign);
    type Row<'a> = (CompanyMode, Asked<'a>, &'a [u8], Result<(), Denial>);
    let table: [Row<'_>; 23] = [
        (injected("query:c"), Asked::named(&[]), &[1], Ok(())),
        (injected("query:c"), Asked::named(&[]), &[1, 2], NO),
        (injected("query:c"), Asked::named(&mine), &[1, 2], Ok(())),
        (injected("query:c"), Asked::named(&other), &[1, 2], NO),
        (injected("query:c"), Asked::named(&unknown), &[1], NO),
        (injected("body:/c"), Asked::named(&[]), &[1], NO),
        (injected("query:c"), Asked::named(&[]), &[], NO),
        (lookup(), Asked::owned(&mine), &[1], Ok(())),
        (lookup(), Asked::owned(&other), &[1], foreign),
        (lookup(), Asked::owned(&unknown), &[1], foreign),
        (lookup(), Asked::owned(&[]), &[1], foreign),
        (lookup(), Asked::named(&mine), &[1], NO),
        (lookup(), Asked::default(), &[1], NO),
        (at(&["response:/c"]), Asked::named(&[]), &[1], Ok(())),
        (at(&["response:/c", "query:c"]), Asked::named(&[]), &[1], NO),
        (at(&["query:c"]), Asked::owned(&mine), &[1], NO),
        (CompanyMode::Account, Asked::named(&mine), &[1], NO),
        (injected("body:/c"), Asked::left(&[]), &[1, 2], Ok(())),
        (injected("body:/c"), Asked::left(&other), &[1], NO),
        (at(&["body:/c"]), Asked::left(&unknown), &[1], NO),
        (at(&["body:/c"]), Asked::left(&[]), &[], NO),
        (lookup(), Asked::left(&mine), &[1], NO),
        (CompanyMode::Account, Asked::left(&mine), &[1], NO),
    ];
    for (mode, asked, set, expected) in table {
        assert_eq!(decide(mode.clone(), asked, set), expected, "{mode:?} {asked:?} {set:?}");
    }
}

#[test]
fn d36_a_body_is_read_only_where_it_can_name_a_company() {
    let kinds = [BodyKind::Json, BodyKind::Form, BodyKind::Other];
    for (places, expected) in [
        (&["body:/company_id"][..], [true, false, false]),
        (&["query:company_id"], [false, true, false]),
        (&["path:id", "header:x-company", "response:/id"], [false, false, false]),
        (&["path:id", "body:/a"], [true, false, false]),
    ] {
        let operation = Operation { company: at(places), ..operation() };
        assert_eq!(kinds.map(|kind| wants_body(&operation, kind)), expected, "{places:?}");
    }
    // What need not be read is not: it streams, and stands here as something that cannot be read.
    let unread = Ask { query: "company_id=c1", body: b"?", kind: BodyKind::Json, ..ask(&["query:company_id"]) };
    assert_eq!(unread.outcome(), Ok(()));
    let body = Ask { body: b"c1", kind: BodyKind::Other, ..ask(&["body:/c"]) };
    assert_eq!(body.outcome(), Err(Denial::BodyNotInspectable));
}

#[test]
fn d34_the_guard_looks_at_the_places_of_the_answer_only() {
    let operation = Operation { company: at(&["query:company_id", "response:/id", "response:/*/id"]), ..operation() };
    let places: Vec<String> = guards(&operation).map(|locator| locator.place.to_string()).collect();
    assert_eq!(places, ["response:/id", "response:/*/id"]);
}

#[test]
fn d34_trailers_matter_where_a_header_names_companies() {
    for (places, expected) in [
        (&["header:x-company"][..], true),
        (&["query:company_id", "header:x-company", "response:/id"], true),
        (&["path:id", "query:company_id", "body:/a", "response:/id"], false),
    ] {
        assert_eq!(names_in_header(&Operation { company: at(places), ..operation() }), expected, "{places:?}");
    }
}

#[test]
fn d34_a_path_parameter_is_found_by_its_name() {
    let template = Template::parse("/v1/{year}/co-{id}.json").unwrap();
    let operation = Operation { template, ..operation() };
    let path = b"/v1/2026/co-c1.json";
    assert_eq!(raw_parameter(&operation, path, "id"), Some(&b"c1"[..]));
    assert_eq!(raw_parameter(&operation, path, "year"), Some(&b"2026"[..]));
    assert_eq!(raw_parameter(&operation, path, "month"), None);
}

#[test]
fn d34_only_a_restricted_key_on_an_operation_that_names_companies_is_looked_into() {
    let looked_into = |mode: CompanyMode, all: bool| {
        let operation = Operation { company: mode, ..operation() };
        let mut holder = restricted();
        if !all {
            holder.record().companies = only(&[company(1)]);
        }
        let facts = facts(Some(&operation), &holder);
        let presented = present(&facts, &policy()).unwrap();
        let identified = presented.identify(Some(&holder.entry), FRESH, NOW).unwrap();
        identified.inspects(&facts, &policy())
    };
    assert_eq!(looked_into(at(&["query:company_id"]), false), Ok(true));
    assert_eq!(looked_into(CompanyMode::Lookup(OperationId::new("x").unwrap()), false), Ok(true));
    for mode in [at(&["query:company_id"]), CompanyMode::Context, CompanyMode::Neutral] {
        assert_eq!(looked_into(mode, true), Ok(false), "all companies");
    }
    assert_eq!(looked_into(CompanyMode::Context, false), Ok(false));
    assert_eq!(looked_into(CompanyMode::Neutral, false), Ok(false));
}
