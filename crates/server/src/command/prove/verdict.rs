//! Verdict: what the answers to an operation's probes prove.
//!
//! Owns:  what counts as a leak, what as a proof, and the report.
//! Never: takes silence for a proof: an operation of which nothing foreign could be asked is not covered.
//! Read:  `Trial::hear`, then `Trial::end`.

use super::{
    caller::Answered,
    party,
    probe::{Caller, Kind, Probe},
};
use crate::output::table;
use api::catalogue::OperationOut;
use serde::Serialize;
use serde_json::Value;

/// Leaks of one operation that are told in full.
const LEAKS_TOLD_MAX: usize = 3;
/// Characters of a body that a report repeats.
const BODY_TOLD_MAX: usize = 200;

/// What can be said of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Nothing foreign showed, and every foreign thing that was named was 403 or 404.
    Proved,
    /// Something foreign showed, or was done.
    Leaking,
    /// Nothing can be said.
    NotCovered,
}

/// A probe that got what it should not have.
#[derive(Debug, Serialize)]
pub(super) struct Leak {
    by: &'static str,
    request: String,
    status: u16,
    what: &'static str,
}

/// What came of one operation.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) operation: String,
    method: String,
    path: String,
    pub(super) verdict: Verdict,
    probes: u32,
    /// Why it is not covered.
    why: Option<String>,
    leaks: Vec<Leak>,
}

/// Everything.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) operations: Vec<Finding>,
    pub(super) leaking: usize,
}

/// The probes of one operation, as they are answered.
#[derive(Default)]
pub(super) struct Trial {
    probes: u32,
    leaks: Vec<Leak>,
    /// Plainly named foreign things that were refused as they must be.
    refused: u32,
    /// Lists in which the caller's own showed.
    own: u32,
    /// Why something was left open.
    open: Option<String>,
}

impl Trial {
    /// Takes an answer.
    pub(super) fn hear(&mut self, probe: &Probe<'_>, caller: &Caller<'_>, answer: &Answered) {
        self.probes += 1;
        if let Some(what) = leak(probe, caller, answer) {
            let body = probe.asked.body.as_ref().map(|(kind, body)| format!(" {kind} {body}"));
            let body: String = body.unwrap_or_default().chars().take(BODY_TOLD_MAX).collect();
            let field = probe.asked.field.as_ref().map(|(name, value)| format!(" {name}: {value}"));
            let request = format!("{} {}{}{body}", probe.asked.method, probe.asked.target, field.unwrap_or_default());
            self.leaks.push(Leak { by: caller.name, request, status: answer.status, what });
            return;
        }
        match probe.kind {
            Kind::Named if matches!(answer.status, 403 | 404) => self.refused += 1,
            Kind::Named => self.leave(format!("a foreign name was answered {}, not 403 or 404", answer.status)),
            Kind::Unread if answer.status == 415 => self.refused += 1,
            Kind::Unread => {
                self.leave(format!("a body that cannot be read was answered {}, not 415", answer.status));
            }
            Kind::Own if shows(answer, &caller.own.values.mark, &caller.own.values.id) => self.own += 1,
            Kind::Own if matches!(answer.status, 403 | 404) => self.refused += 1,
            Kind::Own => self.leave(format!("nothing of the caller's own shows (status {})", answer.status)),
            Kind::Other => {}
        }
    }

    /// Notes why nothing more can be said.
    pub(super) fn leave(&mut self, why: String) {
        self.open.get_or_insert(why);
    }

    /// What is proved.
    pub(super) fn end(self, operation: &OperationOut) -> Finding {
        let (verdict, why) = match (self.leaks.is_empty(), self.open) {
            (false, _) => (Verdict::Leaking, None),
            (true, Some(why)) => (Verdict::NotCovered, Some(why)),
            (true, None) if self.refused + self.own > 0 => (Verdict::Proved, None),
            (true, None) => (Verdict::NotCovered, Some(unknown(operation))),
        };
        Finding {
            operation: operation.id.clone(),
            method: operation.method.clone(),
            path: operation.path.clone(),
            verdict,
            probes: self.probes,
            why,
            leaks: self.leaks.into_iter().take(LEAKS_TOLD_MAX).collect(),
        }
    }
}

fn unknown(operation: &OperationOut) -> String {
    let why = if operation.path.contains('{') {
        "no foreign object of its kind is known: --fill makes some"
    } else {
        "no body of it is known: --fill gives one"
    };
    why.to_owned()
}

/// What is wrong with an answer, if anything is.
fn leak(probe: &Probe<'_>, caller: &Caller<'_>, answer: &Answered) -> Option<&'static str> {
    let foreign = &probe.foreign.values;
    // Accounts may count their companies alike; such an id tells nothing.
    let telling = if foreign.id == caller.own.values.id { "" } else { &*foreign.id };
    if answer.code() == "isolation_violation" {
        return Some("the upstream listed something foreign; the gateway withheld it");
    }
    if shows(answer, &foreign.mark, telling) {
        return Some("something foreign shows");
    }
    match probe.kind {
        Kind::Named if answer.is_success() => Some("a foreign thing was reached by its name"),
        Kind::Unread if answer.is_success() => {
            Some("a body that cannot be read passed, although the catalogue refuses it")
        }
        Kind::Named | Kind::Unread | Kind::Own | Kind::Other => None,
    }
}

/// Whether an answer shows something of the company with this mark and this id. Refusals may repeat an id.
fn shows(answer: &Answered, mark: &str, id: &str) -> bool {
    answer.text.contains(mark) || (answer.is_success() && !id.is_empty() && of_company(&answer.json, id))
}

/// Whether anything in it says that it is of the company.
fn of_company(value: &Value, id: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| of_company(item, id)),
        Value::Object(members) => members.iter().any(|(name, value)| {
            let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            let named = name.eq_ignore_ascii_case("companyid") && party::text(value).is_some_and(|text| text == id);
            named || of_company(value, id)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

impl Report {
    pub(super) fn text(&self) -> String {
        let row = |finding: &Finding| {
            let verdict = match finding.verdict {
                Verdict::Proved => "proved",
                Verdict::Leaking => "LEAKING",
                Verdict::NotCovered => "not covered",
            };
            let why = finding.why.clone().unwrap_or_default();
            vec![finding.operation.clone(), verdict.to_owned(), finding.probes.to_string(), why]
        };
        let rows = self.operations.iter().map(row).collect();
        let mut text = table(&["operation", "verdict", "probes", "why"], rows, "The catalogue is empty.");
        for finding in &self.operations {
            for leak in &finding.leaks {
                let Leak { by, request, status, what } = leak;
                text.push_str(&format!("\n\n{}: {what}\n  {by}: {request}\n  answered {status}", finding.operation));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{caller::Asked, party::Company, template::Values},
        *,
    };
    use model::Secret;

    /// The verdict on an operation of which one probe was answered so.
    fn verdict(kind: Kind, status: u16) -> (Verdict, Option<String>) {
        let company = |mark: &str| Company {
            values: Values { mark: mark.to_owned(), ..Values::default() },
            names: Vec::new(),
            key: Secret::new(String::new()),
            things: Vec::new(),
        };
        let (own, foreign) = (company("own"), company("foreign"));
        let caller = Caller { name: "a key", key: &own.key, own: &own, foreign: vec![&foreign], restricted: true };
        let asked = Asked { method: "POST".to_owned(), target: "/x".to_owned(), field: None, body: None };
        let probe = Probe { caller: 0, foreign: &foreign, kind, asked };
        let mut trial = Trial::default();
        trial.hear(&probe, &caller, &Answered::of(status));
        let operation = serde_json::json!({
            "id": "x", "method": "POST", "path": "/x", "audience": "key", "scope": "a:write", "company_mode": "locators",
            "company_sources": [], "other_bodies": "refused", "limit_class": "default", "environment": null, "served_by": "upstream",
        });
        let finding = trial.end(&serde_json::from_value(operation).unwrap());
        (finding.verdict, finding.why)
    }

    #[test]
    fn d36_only_a_refusal_proves_that_a_body_which_cannot_be_read_is_refused() {
        assert_eq!(verdict(Kind::Unread, 415), (Verdict::Proved, None));
        assert_eq!(verdict(Kind::Unread, 201), (Verdict::Leaking, None));
        // The upstream's own refusal: it was passed on.
        let (verdict, why) = verdict(Kind::Unread, 422);
        assert_eq!(verdict, Verdict::NotCovered);
        assert!(why.is_some_and(|why| why.contains("answered 422, not 415")));
    }
}
