//! Probe: what is asked for somebody else's data, made from the catalogue.
//!
//! Owns:  who asks whom, and every form in which a request may name a company or an object.
//! Never: asks, or judges an answer.
//! Read:  `plan`, then `paths`, `lists`, `bodies`.

use super::{
    caller::Asked,
    party::{Company, Party},
    route::{Route, encoded},
    template::{JSON, Template, Templates, Values, XML},
};
use api::catalogue::OperationOut;
use model::Secret;
use std::collections::BTreeSet;

/// What an upstream may take for the company, whatever its catalogue says.
const COMPANY_NAMES: [&str; 1] = ["company_id"];
/// What stands in a body in the place of a mark: it is looked for in no answer.
const NEUTRAL: &str = "probe";
/// Other names of XML.
const XML_TOO: [&str; 3] = ["text/xml", "application/xml;charset=utf-8", "application/vnd.example+xml"];

/// Somebody who asks for what is not theirs.
pub(super) struct Caller<'p> {
    pub(super) name: &'static str,
    pub(super) key: &'p Secret<String>,
    /// One that it reaches.
    pub(super) own: &'p Company,
    /// Those that it does not.
    pub(super) foreign: Vec<&'p Company>,
    /// It is restricted to `own`.
    pub(super) restricted: bool,
}

/// How an answer is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It names one foreign thing, plainly: 403 or 404.
    Named,
    /// It names nothing: what is the caller's own must show, or nothing is proved.
    Own,
    /// Its body cannot be read by the gateway, and the catalogue refuses such bodies: 415.
    Unread,
    /// Anything, as long as nothing foreign shows.
    Other,
}

/// Who asks, and for whose.
type Pair<'a, 'p> = (&'a Caller<'p>, &'a Company);

/// One request, and what it is for.
pub(super) struct Probe<'p> {
    pub(super) caller: usize,
    pub(super) foreign: &'p Company,
    pub(super) kind: Kind,
    pub(super) asked: Asked,
}

/// Keys of one company ask for the other one of the account and for the other account; so does a primary key.
pub(super) fn callers(party: &Party) -> Vec<Caller<'_>> {
    let [first, second, other, _] = &*party.companies else { return Vec::new() };
    let Some(primary) = party.primaries.first() else { return Vec::new() };
    vec![
        bound("a key of the first company", first, vec![second, other]),
        bound("a key of the second company", second, vec![first]),
        bound("a key of the other account", other, vec![first]),
        Caller { name: "a primary key", key: primary, own: first, foreign: vec![other], restricted: false },
    ]
}

fn bound<'p>(name: &'static str, own: &'p Company, foreign: Vec<&'p Company>) -> Caller<'p> {
    Caller { name, key: &own.key, own, foreign, restricted: true }
}

/// What is asked of an operation.
#[derive(Default)]
pub(super) struct Plan<'p> {
    pub(super) probes: Vec<Probe<'p>>,
    /// Why all of that together proves nothing, if so.
    pub(super) open: Option<String>,
}

/// Every probe of an operation.
pub(super) fn plan<'p>(
    operation: &OperationOut,
    all: &[OperationOut],
    callers: &[Caller<'p>],
    templates: &Templates,
    filters: &[String],
) -> Plan<'p> {
    let (mut probes, mut asked) = (Vec::new(), Vec::new());
    let route = Route::of(operation, all);
    for (index, caller) in callers.iter().enumerate() {
        for foreign in &caller.foreign {
            let mut add = |kind, asked| probes.push(Probe { caller: index, foreign, kind, asked });
            if route.has_parameters() {
                paths(&route, operation, (caller, foreign), &mut add);
                asked.extend(route.fillings(caller.own, foreign).into_iter().map(|filling| filling.foreign));
            } else if operation.method == "GET" {
                lists(operation, caller, foreign, filters, &mut add);
            } else {
                bodies(operation, (caller, foreign), templates, &mut add);
            }
        }
    }
    let mut seen = BTreeSet::new();
    probes.retain(|probe| seen.insert((probe.caller, format!("{:?}", probe.asked))));
    let unasked = route
        .unasked(&asked)
        .map(|name| format!("too little is known to name somebody else's {name} beside what is the caller's own"));
    Plan { probes, open: unasked.or_else(|| unknown_others(operation, templates)) }
}

/// Whether the catalogue leaves bodies to the upstream of which not one is known.
fn unknown_others(operation: &OperationOut, templates: &Templates) -> Option<String> {
    let known = templates.of(operation).any(|template| template.kind() != JSON);
    (names_in_body(operation) && operation.other_bodies == "upstream" && !known)
        .then(|| "bodies other than JSON are left to the upstream, and none is known: --fill gives one".to_owned())
}

fn names_in_body(operation: &OperationOut) -> bool {
    operation.company_sources.iter().any(|source| source.starts_with("body:"))
}

/// Whether bodies that the gateway cannot read are refused to restricted keys.
fn refuses_others(operation: &OperationOut) -> bool {
    names_in_body(operation) && operation.other_bodies == "refused"
}

fn ask(operation: &OperationOut, target: String) -> Asked {
    Asked { method: operation.method.clone(), target, field: None, body: None }
}

/// Foreign objects by the path: plainly, percent-encoded, with a filter or a header beside them that says otherwise.
fn paths(
    route: &Route<'_>,
    operation: &OperationOut,
    (caller, foreign): Pair<'_, '_>,
    add: &mut impl FnMut(Kind, Asked),
) {
    for filling in route.fillings(caller.own, foreign) {
        let spelled = |spell: fn(&str) -> String| {
            let one = |(value, foreign): (&String, &bool)| if *foreign { spell(value) } else { encoded(value) };
            let values: Vec<String> = filling.values.iter().zip(&filling.foreign).map(one).collect();
            route.filled(&values)
        };
        let path = spelled(encoded);
        let body = (!matches!(&*operation.method, "GET" | "DELETE")).then(|| (JSON, "{}".to_owned()));
        let plain = Asked { body, ..ask(operation, path.clone()) };
        add(Kind::Named, plain.clone());
        for target in [spelled(first_escaped), spelled(|value| format!("{}/", encoded(value)))] {
            add(Kind::Other, Asked { target, ..plain.clone() });
        }
        let own = &caller.own.values.id;
        add(Kind::Other, Asked { target: format!("{path}?company_id={}", encoded(own)), ..plain.clone() });
        let field = Some(("x-company-id".to_owned(), foreign.values.id.clone()));
        add(Kind::Other, Asked { field, ..plain });
    }
    if let Some(target) = route.own(caller.own).filter(|_| caller.restricted && refuses_others(operation)) {
        unread(operation, &target, foreign, add);
    }
}

fn first_escaped(value: &str) -> String {
    let first = value.bytes().next().map(|byte| format!("%{byte:02x}")).unwrap_or_default();
    format!("{first}{}", encoded(value.get(1..).unwrap_or_default()))
}

/// A list as it is, and with every spelling of a filter.
fn lists(
    operation: &OperationOut,
    caller: &Caller<'_>,
    foreign: &Company,
    filters: &[String],
    add: &mut impl FnMut(Kind, Asked),
) {
    let path = &operation.path;
    add(Kind::Own, ask(operation, path.clone()));
    let declared =
        operation.company_sources.iter().filter_map(|source| source.split('=').next()?.strip_prefix("query:"));
    let names: BTreeSet<&str> =
        COMPANY_NAMES.into_iter().chain(filters.iter().map(String::as_str)).chain(declared).collect();
    let (own, other) = (encoded(&caller.own.values.id), encoded(&foreign.values.id));
    for name in names {
        let upper = name.to_ascii_uppercase();
        let first = name.bytes().next().map(|byte| format!("%{byte:02x}")).unwrap_or_default();
        let rest = name.get(1..).unwrap_or_default();
        let camel: String =
            name.split('_').enumerate().map(|(i, word)| if i == 0 { word.to_owned() } else { capital(word) }).collect();
        for query in [
            format!("{name}={other}"),
            format!("{name}={own}&{name}={other}"),
            format!("{name}={other}&{name}={own}"),
            format!("{name}={own},{other}"),
            format!("{name}[]={other}"),
            format!("{name}[0]={own}&{name}[1]={other}"),
            format!("{upper}={other}"),
            format!("{camel}={other}"),
            format!("{first}{rest}={other}"),
            format!("{name}=&page=1"),
            format!("{name}={own};{name}={other}"),
        ] {
            add(Kind::Other, ask(operation, format!("{path}?{query}")));
        }
        let header = format!("x-{}", name.replace('_', "-"));
        let field = Some((header, foreign.values.id.clone()));
        add(Kind::Other, Asked { field, ..ask(operation, path.clone()) });
    }
    for (field, value) in [("claviger-companies", "all"), ("claviger-companies", &*foreign.values.id)] {
        let field = Some((field.to_owned(), value.to_owned()));
        add(Kind::Other, Asked { field, ..ask(operation, path.clone()) });
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str())).unwrap_or_default()
}

/// A write in somebody else's name: plainly, with members twice, as another type, and by what the upstream told.
fn bodies(
    operation: &OperationOut,
    (caller, foreign): Pair<'_, '_>,
    templates: &Templates,
    add: &mut impl FnMut(Kind, Asked),
) {
    let post = |kind, body| Asked { body: Some((kind, body)), ..ask(operation, operation.path.clone()) };
    let neutral = |company: &Company| Values { mark: NEUTRAL.to_owned(), ..company.values.clone() };
    let (own, other) = (neutral(caller.own), neutral(foreign));
    let refused = caller.restricted && refuses_others(operation);
    for template in templates.of(operation) {
        let body = template.fill(&other);
        // A company of another account by a number that every account may use is no foreign company.
        let named = if caller.restricted || template.names_id() { Kind::Named } else { Kind::Other };
        if template.kind() == JSON {
            add(named, post(JSON, body.clone()));
            for kind in ["text/plain", "application/x-www-form-urlencoded", XML] {
                add(if refused { Kind::Unread } else { Kind::Other }, post(kind, body.clone()));
            }
            add(Kind::Other, post(JSON, twice(template, &own, &other)));
            add(Kind::Other, post(JSON, twice(template, &other, &own)));
        } else {
            add(if refused { Kind::Unread } else { named }, post(XML, body.clone()));
            for kind in XML_TOO {
                add(if refused { Kind::Unread } else { Kind::Other }, post(kind, body.clone()));
            }
            add(Kind::Other, post(JSON, body));
        }
    }
    if refused {
        unread(operation, &operation.path, foreign, add);
    }
    // An object that exists already, sent back as the upstream told it.
    for thing in foreign.things.iter().filter(|thing| thing.path == operation.path && operation.method != "POST") {
        let mut members = thing.members.clone();
        for value in members.values_mut().filter(|value| **value == foreign.values.mark) {
            *value = NEUTRAL.into();
        }
        add(Kind::Named, post(JSON, serde_json::Value::Object(members).to_string()));
    }
    let id = &foreign.values.id;
    for body in [format!("{{\"id\":\"{id}\",\"company_id\":\"{id}\"}}"), format!("[{{\"company_id\":\"{id}\"}}]")] {
        add(Kind::Other, post(JSON, body));
    }
}

/// A foreign name in a form that the gateway does not read.
fn unread(operation: &OperationOut, target: &str, foreign: &Company, add: &mut impl FnMut(Kind, Asked)) {
    let id = &foreign.values.id;
    let body = format!("<probe company_id=\"{id}\"><company_id>{id}</company_id></probe>");
    for kind in std::iter::once(XML).chain(XML_TOO) {
        add(Kind::Unread, Asked { body: Some((kind, body.clone())), ..ask(operation, target.to_owned()) });
    }
}

/// Both bodies in one object: every member of the second comes again after those of the first.
fn twice(template: &Template, first: &Values, second: &Values) -> String {
    let (first, second) = (template.fill(first), template.fill(second));
    match (first.trim_end().strip_suffix('}'), second.trim_start().strip_prefix('{')) {
        (Some(open), Some(rest)) => format!("{open},{rest}"),
        _ => second,
    }
}
