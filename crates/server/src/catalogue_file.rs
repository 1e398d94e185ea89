//! Catalogue files: reading them from disk, with every problem and its place.
//!
//! Owns:  opening catalogues and OpenAPI descriptions; the profiles' catalogues, which ship with the binary.
//! Never: guesses; the `catalogue` crate does, and says so.
//! Read:  `load`.

use crate::{
    cli::catalogue::Rules,
    config::{Config, Profile},
    failure::{Exit, Failure},
    name,
};
use catalogue::{Draft, ImportOptions, Rule, RuleKind};
use model::{Catalogue, Operation, operation::ServedBy};
use std::path::Path;

/// The largest description, in bytes.
const DESCRIPTION_MAX: u64 = 32 << 20;
/// A catalogue that is ready to serve.
pub(crate) fn load(path: &Path) -> Result<Catalogue, Failure> {
    let text = read(path, catalogue::format::CATALOGUE_MAX as u64)?;
    let operations = catalogue::read(&text).map_err(|problems| {
        let lines: Vec<_> = problems.as_slice().iter().map(|p| problem(path, p)).collect();
        Failure::problems(lines.join("\n"))
    })?;
    ready(operations)
}

/// The catalogue that a configuration asks for: the operator's file, or the profile's own.
pub(crate) fn in_force(config: &Config) -> Result<Catalogue, Failure> {
    match (&config.catalogue, config.profile) {
        (Some(path), _) => load(path),
        (None, Some(profile)) => of_profile(profile),
        (None, None) => Err(Failure::new(Exit::Problems, "no catalogue is configured")),
    }
}

/// The catalogue of a profile's system. The reference API of the first one is what a quickstart shows without a profile.
pub(crate) fn of_profile(profile: Profile) -> Result<Catalogue, Failure> {
    let operations = catalogue::read(profile.catalogue())
        .map_err(|problems| Failure::new(Exit::Failed, format!("the catalogue of {}: {problems}", profile.name())))?;
    ready(operations)
}

/// A catalogue without the management of restricted keys, which only a profile may offer (D32).
pub(crate) fn without_sub_keys(catalogue: &Catalogue) -> Result<Catalogue, Failure> {
    let operations = catalogue.operations().iter().filter(|operation| operation.served_by == ServedBy::Upstream);
    ready(operations.cloned().collect())
}

/// The operations of a draft, if nothing has to be settled by a person first.
pub(crate) fn of_draft(path: &Path, draft: Draft) -> Result<Catalogue, Failure> {
    if draft.problems.is_empty() {
        return ready(draft.operations);
    }
    let lines: Vec<_> = draft.problems.iter().map(|p| problem(path, p)).collect();
    let hint = format!(
        "settle these with rules: `{} catalogue import` takes them and writes a catalogue for `{} serve`",
        name::NAME,
        name::NAME
    );
    Err(Failure::problems(lines.join("\n")).hint(hint))
}

/// Drafts a catalogue from the description in `path`.
pub(crate) fn import(path: &Path, prefix: Option<&str>, rules: &Rules) -> Result<Draft, Failure> {
    let text = read(path, DESCRIPTION_MAX)?;
    let options = options(prefix, rules)?;
    catalogue::import(&text, &options).map_err(|error| Failure::problems(problem(path, &error.0)))
}

/// What `catalogue check` found about the catalogue in `path`.
pub(crate) fn check(
    path: &Path,
    against: Option<&Path>,
    prefix: Option<&str>,
    rules: &Rules,
) -> Result<catalogue::Report, Failure> {
    let reading = catalogue::examine(&read(path, catalogue::format::CATALOGUE_MAX as u64)?);
    let options = options(prefix, rules)?;
    let description = against.map(|path| read(path, DESCRIPTION_MAX)).transpose()?;
    let compared = description.as_deref().map(|text| (text, &options));
    let mut report = catalogue::check(&reading.operations, compared)
        .map_err(|error| Failure::problems(problem(against.unwrap_or(path), &error.0)))?;
    // Reading tells the place of what the report would only name.
    report.problems = reading.problems;
    Ok(report)
}

fn options(prefix: Option<&str>, rules: &Rules) -> Result<ImportOptions, Failure> {
    let parse = |kind: RuleKind| rules.of(kind).iter().map(move |text| Rule::parse(kind, text));
    let rules: Result<Vec<_>, _> = RuleKind::ALL.into_iter().flat_map(parse).collect();
    let rules = rules.map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    Ok(ImportOptions { prefix: prefix.map(str::to_owned), rules, extension: name::EXTENSION.to_owned() })
}

fn ready(operations: Vec<Operation>) -> Result<Catalogue, Failure> {
    Catalogue::new(operations).map_err(|errors| {
        let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Failure::problems(lines.join("\n"))
    })
}

fn read(path: &Path, max: u64) -> Result<String, Failure> {
    let failed = |what: String| Failure::problems(format!("{}: {what}", path.display()));
    let meta = std::fs::metadata(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    if meta.is_dir() {
        return Err(failed("is a folder".to_owned()));
    }
    if meta.len() > max {
        return Err(failed(format!("is larger than {max} bytes")));
    }
    std::fs::read_to_string(path).map_err(|error| failed(format!("cannot be read: {error}")))
}

/// As compilers write it: `file:line:column: subject: message`.
pub(crate) fn problem(path: &Path, problem: &catalogue::Problem) -> String {
    let mut out = path.display().to_string();
    if let Some(at) = problem.position {
        out.push_str(&format!(":{}:{}", at.line, at.column));
    }
    if !problem.subject.is_empty() {
        out.push_str(&format!(": {}", problem.subject));
    }
    out.push_str(&format!(": {}", problem.message));
    if !problem.hint.is_empty() {
        out.push_str(&format!("\n  hint: {}", problem.hint));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Audience, CompanyMode, HttpMethod, operation::ServedBy};

    #[test]
    fn d34_d43_the_reference_catalogue_serves_and_says_where_companies_are_named() {
        let catalogue = of_profile(Profile::Invoicetronic).unwrap();
        assert_eq!(catalogue.operations().len(), 42);
        for operation in catalogue.operations() {
            let public = operation.audience == Audience::Public;
            assert_eq!(public, operation.id.as_str() == "health_get", "{}", operation.id);
            let neutral = ["/v1/health", "/v1/status"].contains(&operation.template.to_string().as_str());
            assert_eq!(operation.company == CompanyMode::Neutral, neutral, "{}", operation.id);
            // Keys that are restricted to companies are kept from nothing but the management of keys (D32).
            let manages = operation.template.to_string().starts_with("/v1/subkey");
            assert_eq!(operation.served_by == ServedBy::SubKeys, manages, "{}", operation.id);
            assert_eq!(operation.company == CompanyMode::Account, manages, "{}", operation.id);
        }
        let mode = |method, path: &str| catalogue.find(method, path.as_bytes()).unwrap().company.as_str();
        for (method, path, held) in [
            (HttpMethod::Get, "/v1/company/7", "locators"),
            (HttpMethod::Delete, "/v1/company/7", "locators"),
            (HttpMethod::Get, "/v1/company/IT01234567890", "locators"),
            (HttpMethod::Put, "/v1/company", "locators"),
            (HttpMethod::Get, "/v1/webhook", "locators"),
            (HttpMethod::Delete, "/v1/webhook/7", "lookup"),
            (HttpMethod::Get, "/v1/send/7/payload", "lookup"),
            (HttpMethod::Get, "/v1/send", "context"),
            (HttpMethod::Post, "/v1/send/json", "context"),
        ] {
            assert_eq!(mode(method, path), held, "{path}");
        }
        let scope = |method, path: &str| catalogue.find(method, path.as_bytes()).unwrap().scope.to_string();
        assert_eq!(scope(HttpMethod::Post, "/v1/send/xml"), "send:send");
        assert_eq!(scope(HttpMethod::Post, "/v1/send/validate"), "send:read");
        assert_eq!(scope(HttpMethod::Get, "/v1/export"), "export:write");
        assert_eq!(scope(HttpMethod::Get, "/v1/webhookhistory/7"), "webhookhistory:read");
    }

    #[test]
    fn r89_r92_every_operation_of_laabam_is_held_to_one_company() {
        let catalogue = of_profile(Profile::Laabam).unwrap();
        let find = |method, path: &str| catalogue.find(method, path.as_bytes()).unwrap();
        for operation in catalogue.operations() {
            let public = operation.audience == Audience::Public;
            assert_eq!(public, operation.id.as_str() == "health_get", "{}", operation.id);
            assert_ne!(operation.company, CompanyMode::Account, "{}", operation.id);
            let messages = operation.template.to_string().starts_with("/v1/messaging/");
            assert!(!messages || operation.company.as_str() == "locators", "{}", operation.id);
        }
        let sms = find(HttpMethod::Post, "/v1/messaging/acme/sms");
        assert_eq!((sms.scope.to_string(), sms.class.as_str()), ("messages:sms:send".to_owned(), "messaging"));
        assert!(sms.channel.as_ref().is_some_and(|channel| channel.as_str() == "sms"));
        assert_eq!(find(HttpMethod::Get, "/v1/invoices").scope.to_string(), "invoices:read");
        assert!(find(HttpMethod::Post, "/v1/companies").learn.is_some());
        assert!(find(HttpMethod::Post, "/v1/invoices").idempotency.recovery.is_some());
    }

    #[test]
    fn r103_r140_every_operation_of_invostaq_is_for_whom_the_document_says() {
        let catalogue = of_profile(Profile::Invostaq).unwrap();
        for operation in catalogue.operations() {
            let path = operation.template.to_string();
            let audience = match path.as_str() {
                "/api/health" => Audience::Public,
                "/api/admin/tenants" => Audience::Admin,
                "/api/callbacks/access-point" => Audience::Callback,
                path if path.starts_with("/api/v2/") || path.starts_with("/api/v1/") => Audience::Key,
                _ => Audience::Member,
            };
            assert_eq!(operation.audience, audience, "{path}");
            assert!(audience != Audience::Key || operation.company != CompanyMode::Account, "{path}");
        }
        let send = catalogue.find(HttpMethod::Post, b"/api/v2/invoices/send").unwrap();
        assert_eq!(send.scope.to_string(), "invoices:send");
    }
}
