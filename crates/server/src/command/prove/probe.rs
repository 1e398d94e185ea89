//! Probe: what is asked for somebody else's data, made from the catalogue.
//!
//! Owns:  who asks whom, and every form in which a request may name a company or an object.
//! Never: asks, or judges an answer.
//! Read:  `probes`, then `paths`, `lists`, `bodies`.

use super::{
    caller::Asked,
    party::{self, Company, Party},
    template::{Template, Templates, Values},
};
use api::catalogue::OperationOut;
use model::Secret;
use std::collections::BTreeSet;

/// What an upstream may take for the company, whatever its catalogue says.
const COMPANY_NAMES: [&str; 1] = ["company_id"];
/// What stands in a body in the place of a mark: it is looked for in no answer.
const NEUTRAL: &str = "probe";
const JSON: &str = "application/json";

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
    /// Anything, as long as nothing foreign shows.
    Other,
}

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

/// Every probe of an operation.
pub(super) fn probes<'p>(
    operation: &OperationOut,
    all: &[OperationOut],
    callers: &[Caller<'p>],
    templates: &Templates,
    filters: &[String],
) -> Vec<Probe<'p>> {
    let mut out = Vec::new();
    for (index, caller) in callers.iter().enumerate() {
        for foreign in &caller.foreign {
            let mut add = |kind, asked| out.push(Probe { caller: index, foreign, kind, asked });
            if operation.path.contains('{') {
                paths(operation, all, caller, foreign, &mut add);
            } else if operation.method == "GET" {
                lists(operation, caller, foreign, filters, &mut add);
            } else {
                bodies(operation, caller, foreign, templates, &mut add);
            }
        }
    }
    let mut seen = BTreeSet::new();
    out.retain(|probe| seen.insert((probe.caller, format!("{:?}", probe.asked))));
    out
}

fn ask(operation: &OperationOut, target: String) -> Asked {
    Asked { method: operation.method.clone(), target, field: None, body: None }
}

/// Foreign objects by the path: plainly, percent-encoded, with a filter or a header beside them that says otherwise.
fn paths(
    operation: &OperationOut,
    all: &[OperationOut],
    caller: &Caller<'_>,
    foreign: &Company,
    add: &mut impl FnMut(Kind, Asked),
) {
    for value in path_values(operation, all, caller, foreign) {
        let Some(path) = filled(&operation.path, &encoded(&value)) else { continue };
        let body = (!matches!(&*operation.method, "GET" | "DELETE")).then(|| (JSON, "{}".to_owned()));
        let plain = Asked { body, ..ask(operation, path.clone()) };
        add(Kind::Named, plain.clone());
        let first = value.bytes().next().map(|byte| format!("%{byte:02x}")).unwrap_or_default();
        let spelled = format!("{first}{}", encoded(value.get(1..).unwrap_or_default()));
        for path in [filled(&operation.path, &spelled), filled(&operation.path, &format!("{}/", encoded(&value)))] {
            let target = path.unwrap_or_else(|| plain.target.clone());
            add(Kind::Other, Asked { target, ..plain.clone() });
        }
        let own = &caller.own.values.id;
        add(Kind::Other, Asked { target: format!("{path}?company_id={}", encoded(own)), ..plain.clone() });
        let field = Some(("x-company-id".to_owned(), foreign.values.id.clone()));
        add(Kind::Other, Asked { field, ..plain });
    }
}

/// What the path's one parameter may be for a thing of `foreign`.
fn path_values(
    operation: &OperationOut,
    all: &[OperationOut],
    caller: &Caller<'_>,
    foreign: &Company,
) -> BTreeSet<String> {
    let Some((before, parameter)) = operation.path.split_once("/{") else { return BTreeSet::new() };
    let name = parameter.split(['}', ':']).next().unwrap_or_default();
    let numeric =
        |path: &str| path.strip_prefix(before).is_some_and(|rest| rest.starts_with("/{") && rest.contains(":int"));
    let wants_number = numeric(&operation.path);
    let number_elsewhere = !wants_number && all.iter().any(|o| numeric(&o.path));
    let fits = |value: &String| {
        let number = value.bytes().all(|byte| byte.is_ascii_digit());
        if wants_number { number } else { !(number && number_elsewhere) }
    };
    let of = |company: &Company| -> BTreeSet<String> {
        let there = company.things.iter().filter(|thing| thing.path == before);
        there.filter_map(|thing| thing.members.get(name).and_then(party::text)).filter(fits).collect()
    };
    of(foreign).difference(&of(caller.own)).cloned().collect()
}

/// The path with its parameter filled in; none when there are several.
fn filled(path: &str, value: &str) -> Option<String> {
    let (before, rest) = path.split_once('{')?;
    let (_, after) = rest.split_once('}')?;
    (!after.contains('{')).then(|| format!("{before}{value}{after}"))
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
    caller: &Caller<'_>,
    foreign: &Company,
    templates: &Templates,
    add: &mut impl FnMut(Kind, Asked),
) {
    let post = |kind, body| Asked { body: Some((kind, body)), ..ask(operation, operation.path.clone()) };
    let neutral = |company: &Company| Values { mark: NEUTRAL.to_owned(), ..company.values.clone() };
    let (own, other) = (neutral(caller.own), neutral(foreign));
    let known = std::iter::once(&templates.create).chain(&templates.fills).find(|t| t.operation == operation.id);
    if let Some(template) = known {
        let body = template.fill(&other);
        // A company of another account by a number that every account may use is no foreign company.
        let names = caller.restricted || template.names_id();
        add(if names { Kind::Named } else { Kind::Other }, post(JSON, body.clone()));
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
            add(Kind::Other, post(kind, body.clone()));
        }
        add(Kind::Other, post(JSON, twice(template, &own, &other)));
        add(Kind::Other, post(JSON, twice(template, &other, &own)));
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

/// Both bodies in one object: every member of the second comes again after those of the first.
fn twice(template: &Template, first: &Values, second: &Values) -> String {
    let (first, second) = (template.fill(first), template.fill(second));
    match (first.trim_end().strip_suffix('}'), second.trim_start().strip_prefix('{')) {
        (Some(open), Some(rest)) => format!("{open},{rest}"),
        _ => second,
    }
}

fn encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}
