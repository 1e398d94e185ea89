//! Route: the parameters of an operation's path, and what a company has to stand in them.
//!
//! Owns:  which values of whom fill a path: one foreign parameter between own ones, or nothing but foreign ones.
//! Never: asks. A value comes from a list or a creation that showed it, or is a company's name.
//! Read:  `Route::fillings`, then `values`.

use super::party::{self, Company};
use api::catalogue::OperationOut;
use std::collections::BTreeSet;

/// An operation's path.
pub(super) struct Route<'o> {
    operation: &'o OperationOut,
    parameters: Vec<Parameter<'o>>,
    /// Behind the last parameter.
    tail: &'o str,
}

struct Parameter<'o> {
    name: &'o str,
    /// The template up to it.
    before: &'o str,
    /// What stands between the parameter before it and this one.
    literal: &'o str,
    /// It takes numbers.
    number: bool,
    /// Another operation takes numbers in its place, so that this one does not get them.
    number_elsewhere: bool,
}

/// Values for all parameters, percent-encoded where they have to be.
pub(super) struct Filling {
    pub(super) values: Vec<String>,
    /// Which of them are foreign.
    pub(super) foreign: Vec<bool>,
}

impl<'o> Route<'o> {
    pub(super) fn of(operation: &'o OperationOut, all: &[OperationOut]) -> Self {
        let path = operation.path.as_str();
        let (mut parameters, mut at) = (Vec::new(), 0);
        while let Some((literal, rest)) = path.get(at..).and_then(|rest| rest.split_once('{')) {
            let Some((inside, _)) = rest.split_once('}') else { break };
            let before = path.get(..at + literal.len()).unwrap_or_default();
            let number = is_number(path, before);
            parameters.push(Parameter {
                name: inside.split(':').next().unwrap_or_default(),
                before,
                literal,
                number,
                number_elsewhere: !number && all.iter().any(|other| is_number(&other.path, before)),
            });
            at += literal.len() + inside.len() + 2;
        }
        Self { operation, parameters, tail: path.get(at..).unwrap_or_default() }
    }

    pub(super) fn has_parameters(&self) -> bool {
        !self.parameters.is_empty()
    }

    /// Whether it ends in a parameter: it names one thing and lists none.
    pub(super) fn names_one(&self) -> bool {
        self.has_parameters() && self.tail.is_empty()
    }

    /// The path with these values, as they are.
    pub(super) fn filled(&self, values: &[String]) -> String {
        let parts =
            self.parameters.iter().zip(values).map(|(parameter, value)| format!("{}{value}", parameter.literal));
        parts.chain([self.tail.to_owned()]).collect()
    }

    /// The path of something that the company has, if it is known to have anything.
    pub(super) fn own(&self, company: &Company) -> Option<String> {
        let values: Option<Vec<String>> =
            (0..self.parameters.len()).map(|index| Some(encoded(&self.values(index, company).pop_first()?))).collect();
        values.map(|values| self.filled(&values))
    }

    /// Every way of naming something foreign: by one parameter, the others being `own`'s, and by all of them.
    pub(super) fn fillings(&self, own: &Company, foreign: &Company) -> Vec<Filling> {
        let indices = 0..self.parameters.len();
        let owns: Vec<BTreeSet<String>> = indices.clone().map(|index| self.values(index, own)).collect();
        let theirs: Vec<Vec<String>> = indices
            .zip(&owns)
            .map(|(index, own)| self.values(index, foreign).difference(own).cloned().collect())
            .collect();
        let mut fillings = Vec::new();
        for (index, values) in theirs.iter().enumerate() {
            for value in values {
                let of_one = |(other, own): (usize, &BTreeSet<String>)| {
                    if other == index { Some(value.clone()) } else { own.first().cloned() }
                };
                let values: Option<Vec<String>> = owns.iter().enumerate().map(of_one).collect();
                let foreign = (0..owns.len()).map(|other| other == index).collect();
                fillings.extend(values.map(|values| Filling { values, foreign }));
            }
        }
        let all: Option<Vec<String>> = theirs.iter().map(|values| values.first().cloned()).collect();
        let foreign = vec![true; self.parameters.len()];
        fillings.extend(all.filter(|_| self.parameters.len() > 1).map(|values| Filling { values, foreign }));
        fillings
    }

    /// The first parameter of several that no filling makes foreign while the others are not.
    pub(super) fn unasked(&self, asked: &[Vec<bool>]) -> Option<&'o str> {
        let alone = |index: usize, foreign: &[bool]| foreign.iter().enumerate().all(|(i, f)| *f == (i == index));
        let mut indices = 0..self.parameters.len();
        let missing = indices.find(|index| !asked.iter().any(|foreign| alone(*index, foreign)))?;
        self.parameters.get(missing).filter(|_| self.parameters.len() > 1).map(|parameter| parameter.name)
    }

    /// What a parameter may be for a thing of the company.
    fn values(&self, index: usize, company: &Company) -> BTreeSet<String> {
        let Some(parameter) = self.parameters.get(index) else { return BTreeSet::new() };
        let fits = |value: &String| {
            let number = value.bytes().all(|byte| byte.is_ascii_digit());
            if parameter.number { number } else { !(number && parameter.number_elsewhere) }
        };
        let list = shape(parameter.before.strip_suffix('/').unwrap_or(parameter.before));
        let members = company.things.iter().filter(|thing| shape(&thing.path) == list).map(|thing| &thing.members);
        // `company_id` in a path is most often the `id` of what the list before it shows.
        let of_its_list = parameter.name.to_ascii_lowercase().ends_with("id").then_some("id");
        let named = members.filter_map(|m| m.get(parameter.name).or_else(|| m.get(of_its_list?)).and_then(party::text));
        named.chain(self.name_of(parameter, company)).filter(fits).collect()
    }

    /// The company's own name, where the catalogue says that the parameter is one.
    fn name_of(&self, parameter: &Parameter<'_>, company: &Company) -> Option<String> {
        let declared = |source: &String| {
            source.strip_prefix("path:")?.strip_prefix(parameter.name)?.strip_prefix('=').map(str::to_owned)
        };
        let kind = self.operation.company_sources.iter().find_map(declared)?;
        company.names.iter().find(|(known, _)| *known == kind).map(|(_, name)| name.clone())
    }
}

/// Whether `path` begins with `before` and goes on with a parameter for numbers.
fn is_number(path: &str, before: &str) -> bool {
    let inside = path.strip_prefix(before).and_then(|rest| rest.strip_prefix('{')?.split_once('}'));
    inside.is_some_and(|(inside, _)| inside.contains(":int"))
}

/// A template without the names of its parameters, which differ from operation to operation.
fn shape(path: &str) -> String {
    let mut name = false;
    path.chars()
        .filter(|letter| {
            name = if name { !matches!(letter, ':' | '}') } else { false };
            let shown = !name;
            name |= *letter == '{';
            shown
        })
        .collect()
}

/// A value as a path or a query has it.
pub(super) fn encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{party::Thing, template::Values},
        *,
    };
    use model::Secret;
    use serde_json::json;

    fn operation(path: &str, sources: &[&str]) -> OperationOut {
        let known = json!({
            "id": "x", "method": "GET", "path": path, "audience": "key", "scope": "a:read", "company_mode": "context",
            "company_sources": sources, "other_bodies": "refused", "limit_class": "default", "environment": null, "served_by": "upstream",
        });
        serde_json::from_value(known).unwrap()
    }

    fn company(number: u64) -> Company {
        let thing = |path: &str, members: serde_json::Value| Thing {
            path: path.to_owned(),
            members: members.as_object().cloned().unwrap(),
        };
        Company {
            values: Values::default(),
            names: vec![("vat".to_owned(), format!("IT {number}"))],
            key: Secret::new(String::new()),
            things: vec![
                thing("/v1/company", json!({"id": number})),
                thing("/v1/company/{id:int32}/order", json!({"id": 10 + number, "order": format!("o{number}")})),
            ],
        }
    }

    fn paths(path: &str, sources: &[&str]) -> Vec<String> {
        let operation = operation(path, sources);
        let route = Route::of(&operation, &[]);
        route.fillings(&company(1), &company(2)).iter().map(|filling| route.filled(&filling.values)).collect()
    }

    #[test]
    fn r126_each_of_several_parameters_is_foreign_alone_and_all_are_together() {
        assert_eq!(paths("/v1/company/{id}", &[]), ["/v1/company/2"]);
        let two = ["/v1/company/2/order/11/x", "/v1/company/1/order/12/x", "/v1/company/2/order/12/x"];
        assert_eq!(paths("/v1/company/{company_id:int32}/order/{id:int32}/x", &[]), two);
        let named = paths("/v1/company/{company_id:int32}/order/{order}", &[]);
        assert_eq!(named, ["/v1/company/2/order/o1", "/v1/company/1/order/o2", "/v1/company/2/order/o2"]);
        // Of other lists nothing is known, whatever the parameters are called.
        assert_eq!(paths("/v1/customer/{id}/order/{order}", &[]), [""; 0]);
        assert_eq!(paths("/v1/of/{vat}/all", &["path:vat=vat"]), ["/v1/of/IT 2/all"]);
    }

    #[test]
    fn r126_a_parameter_that_was_never_foreign_alone_is_told() {
        let two = operation("/v1/company/{company_id:int32}/order/{id:int32}", &[]);
        let route = Route::of(&two, &[]);
        assert_eq!(route.unasked(&[vec![true, false], vec![false, true]]), None);
        assert_eq!(route.unasked(&[vec![true, false], vec![true, true]]), Some("id"));
        assert_eq!(route.unasked(&[]), Some("company_id"));
        let one = operation("/v1/company/{id}", &[]);
        assert_eq!(Route::of(&one, &[]).unasked(&[]), None, "that nothing is known says more");
    }
}
