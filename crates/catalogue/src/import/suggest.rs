//! Suggest: where operations seem to name a company (D34, D35). Suggestions only; nothing here is applied.
//!
//! Owns:  which names look like a company, and which company mode would fit.
//! Never: changes an operation.
//! Read:  `suggestions`, then `places`.

use super::description::{Endpoint, Property, Within, properties};
use crate::{format::company_text, node::Node};
use model::{CompanyMode, HttpMethod, Locator, NameKind, Operation, OperationId, operation::Place};
use std::collections::HashMap;

/// The most places that one suggestion names.
const PLACES_MAX: usize = 4;
/// Words for whoever documents belong to, without `id` and the like behind them.
const OWNERS: [&str; 10] = [
    "company",
    "companies",
    "tenant",
    "tenants",
    "organization",
    "organizations",
    "organisation",
    "organisations",
    "org",
    "legalentity",
];

/// Where an endpoint names a company.
#[derive(Debug, Default)]
struct Places {
    /// In the path or the body.
    fixed: Vec<Locator>,
    /// As a filter in the query.
    query: Vec<Locator>,
    /// In the answer.
    answer: Vec<Locator>,
}

/// For each operation that seems to name a company: what would fit, as the file writes it.
pub(super) fn suggestions(root: &Node, drafted: &[(&Endpoint<'_>, &Operation)]) -> Vec<(OperationId, String)> {
    let found: Vec<Places> = drafted.iter().map(|(endpoint, _)| places(root, endpoint)).collect();
    // GETs whose answer tells the company, by path: what a look-up can ask.
    let tellers: HashMap<&str, &OperationId> = drafted
        .iter()
        .zip(&found)
        .filter(|((endpoint, _), places)| endpoint.method == HttpMethod::Get && !places.answer.is_empty())
        .filter(|((endpoint, _), places)| endpoint.path.contains('{') && !listed(places))
        .map(|((endpoint, operation), _)| (endpoint.path, &operation.id))
        .collect();
    let each = drafted.iter().zip(&found).filter_map(|((endpoint, operation), places)| {
        // Only where nobody has decided yet.
        if operation.company != CompanyMode::Account {
            return None;
        }
        Some((operation.id.clone(), suggestion(endpoint, places, &tellers)?))
    });
    each.collect()
}

fn listed(places: &Places) -> bool {
    places.answer.iter().any(|locator| locator.place.to_string().contains("/*"))
}

fn suggestion(endpoint: &Endpoint<'_>, places: &Places, tellers: &HashMap<&str, &OperationId>) -> Option<String> {
    let text = |mode: CompanyMode| format!("company = {}", company_text(&mode));
    let locators = |list: Vec<Locator>| text(CompanyMode::Locators(list.into_iter().take(PLACES_MAX).collect()));
    if !places.fixed.is_empty() {
        return Some(locators(places.fixed.clone()));
    }
    if let Some(filter) = places.query.first() {
        let reads = endpoint.method.is_safe();
        return Some(if reads { text(CompanyMode::Injected(filter.clone())) } else { locators(places.query.clone()) });
    }
    if endpoint.method.is_safe() && !places.answer.is_empty() && endpoint.path.contains('{') {
        return Some(locators(places.answer.clone()));
    }
    // The object's own GET, or that of the object above it: /x/{id} of /x/{id}/payload.
    let mut path = endpoint.path;
    while path.contains('{') {
        if let Some(id) = tellers.get(path) {
            let mode = text(CompanyMode::Lookup((*id).clone()));
            return Some(format!("{mode}, once {id} tells the company in its response"));
        }
        path = path.rsplit_once('/')?.0;
    }
    None
}

fn places(root: &Node, endpoint: &Endpoint<'_>) -> Places {
    let mut found = Places::default();
    let segments: Vec<&str> = endpoint.path.split('/').collect();
    for pair in segments.windows(2) {
        let [before, segment] = pair else { continue };
        let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else { continue };
        let of_owner = OWNERS.contains(&before.to_lowercase().as_str());
        if let Some(kind) = company_kind(name).or_else(|| of_owner.then(|| bare_kind(name)).flatten()) {
            found.fixed.extend(locator(&format!("path:{name}"), kind));
        }
    }
    for parameter in &endpoint.parameters {
        let Some(kind) = company_kind(parameter.name) else { continue };
        match parameter.within {
            Within::Query => found.query.extend(locator(&format!("query:{}", parameter.name), kind)),
            Within::Header => found.fixed.extend(locator(&format!("header:{}", parameter.name), kind)),
            Within::Path | Within::Cookie => {}
        }
    }
    // A body or an answer about companies themselves names them by their own id.
    let itself = endpoint.literals().next().is_some_and(|first| OWNERS.contains(&first.to_lowercase().as_str()));
    let named = |property: &Property| {
        company_kind(&property.name).or_else(|| (itself && property.name == "id").then_some("id"))
    };
    if let Some(schema) = endpoint.body.filter(|_| !endpoint.method.is_safe()) {
        let new = endpoint.method == HttpMethod::Post && itself;
        // A company that is being created has no id yet.
        let properties = properties(root, schema).into_iter().filter(|p| !(new && p.name == "id"));
        found.fixed.extend(properties.filter_map(|p| locator(&format!("body:{}", p.pointer), named(&p)?)));
    }
    if let Some(schema) = endpoint.answer {
        let properties = properties(root, schema);
        found.answer.extend(properties.iter().filter_map(|p| locator(&format!("response:{}", p.pointer), named(p)?)));
    }
    found
}

fn locator(place: &str, kind: &str) -> Option<Locator> {
    Some(Locator { place: Place::parse(place)?, kind: NameKind::new(kind)? })
}

/// The kind of name when a name is one of a company: `company_id`, `companyVat`, `vat_number`, `tenant`.
fn company_kind(name: &str) -> Option<&'static str> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    if let Some(kind) = vat_kind(&plain) {
        return Some(kind);
    }
    let rest = OWNERS.iter().filter_map(|owner| plain.strip_prefix(owner)).min_by_key(|rest| rest.len())?;
    match rest {
        "" | "id" | "uuid" | "guid" => Some("id"),
        "slug" => Some("slug"),
        other => vat_kind(other),
    }
}

fn vat_kind(plain: &str) -> Option<&'static str> {
    match plain {
        "vat" | "vatid" | "vatnumber" | "vatno" => Some("vat"),
        "taxid" | "taxnumber" => Some("tax_id"),
        _ => None,
    }
}

/// The kind of a parameter right behind `/company/`.
fn bare_kind(name: &str) -> Option<&'static str> {
    match name.to_lowercase().as_str() {
        "id" | "uuid" | "guid" => Some("id"),
        "slug" => Some("slug"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d35_names_of_companies_are_recognised() {
        let table = [
            ("company_id", Some("id")),
            ("companyId", Some("id")),
            ("X-Company", None),
            ("company", Some("id")),
            ("org_id", Some("id")),
            ("tenant", Some("id")),
            ("company_vat", Some("vat")),
            ("vat", Some("vat")),
            ("VatNumber", Some("vat")),
            ("tax_id", Some("tax_id")),
            ("company_slug", Some("slug")),
            ("company_name", None),
            ("id", None),
            ("origin", None),
            ("organic", None),
        ];
        for (name, kind) in table {
            assert_eq!(company_kind(name), kind, "{name}");
        }
    }
}
