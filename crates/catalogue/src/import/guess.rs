//! Guess: what an endpoint probably is, when nobody has said.
//!
//! Owns:  the guesses of scope, audience and company mode, each with its reason.
//! Never: is the last word; extension and rules are.
//! Read:  `guess`.

use super::{
    cue,
    description::{Description, Endpoint, Security},
};
use model::{Action, Audience, CompanyMode, HttpMethod, Resource, scope::RESOURCE_MAX};

/// A guessed value and why; an empty reason means that the description states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Guess<T> {
    pub(super) value: T,
    pub(super) why: String,
}

fn guessed<T>(value: T, why: impl Into<String>) -> Guess<T> {
    Guess { value, why: why.into() }
}

/// What an endpoint probably is.
#[derive(Clone, Debug)]
pub(super) struct Guesses {
    pub(super) resource: Guess<Resource>,
    pub(super) action: Guess<Action>,
    pub(super) audience: Guess<Audience>,
    pub(super) company: Guess<CompanyMode>,
    /// What a person should decide about the action, while it is a guess.
    pub(super) action_warning: Option<String>,
    /// The same about the audience.
    pub(super) audience_warning: Option<String>,
}

/// Whether the description has operations for keys (API keys, Basic) and others for people only (OAuth, OpenID Connect,
/// bearer tokens); only then is the second kind told apart.
pub(super) fn keys_and_people(description: &Description<'_>, endpoints: &[Endpoint<'_>]) -> bool {
    let classes: Vec<Option<bool>> = endpoints.iter().map(|e| for_people(description, e)).collect();
    classes.contains(&Some(true)) && classes.contains(&Some(false))
}

/// Whether every way in is one of people; `None` when nothing is stated.
fn for_people(description: &Description<'_>, endpoint: &Endpoint<'_>) -> Option<bool> {
    let Security::Schemes(sets) = &endpoint.security else { return None };
    let of_people = |name: &String| {
        let kind = description.scheme_type(name);
        kind.is_some_and(|kind| matches!(kind.as_str(), "oauth2" | "openIdConnect" | "http:bearer"))
    };
    Some(sets.iter().all(|set| set.iter().any(of_people)))
}

/// Guesses everything about an endpoint. `several_schemes` is the answer of `keys_and_people`.
pub(super) fn guess(description: &Description<'_>, endpoint: &Endpoint<'_>, several_schemes: bool) -> Guesses {
    let (action, action_warning) = action(endpoint);
    let (audience, audience_warning) = audience(description, endpoint, several_schemes);
    let company = if cue::health(endpoint.literals()) {
        guessed(CompanyMode::Neutral, "health tells nothing of companies")
    } else {
        guessed(CompanyMode::Account, "keys limited to companies are refused here")
    };
    Guesses { resource: resource(endpoint), action, audience, company, action_warning, audience_warning }
}

fn resource(endpoint: &Endpoint<'_>) -> Guess<Resource> {
    let plain = |text: &str| -> Option<Resource> {
        let lower = text.to_lowercase();
        let chars = lower.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' });
        Resource::new(chars.take(RESOURCE_MAX).collect::<String>().trim_matches('_')).ok()
    };
    match endpoint.literals().next().and_then(plain) {
        Some(resource) => guessed(resource, "resource from the path"),
        None => guessed(unnamed(), "the path names no resource"),
    }
}

/// The resource of a path of parameters only.
#[expect(clippy::expect_used, reason = "the text is fixed and names a resource")]
fn unnamed() -> Resource {
    Resource::new("api").expect("api names a resource")
}

fn action(endpoint: &Endpoint<'_>) -> (Guess<Action>, Option<String>) {
    match endpoint.method {
        HttpMethod::Get | HttpMethod::Head => action_of_get(endpoint),
        HttpMethod::Post => action_of_post(endpoint),
        HttpMethod::Put | HttpMethod::Patch | HttpMethod::Delete => {
            (guessed(Action::Write, endpoint.method.as_str()), None)
        }
    }
}

/// A read, unless name or text say that it changes something.
fn action_of_get(endpoint: &Endpoint<'_>) -> (Guess<Action>, Option<String>) {
    let id = endpoint.operation_id.unwrap_or_default();
    if let Some(why) = cue::changing_name(endpoint.literals(), id, endpoint.summary) {
        let warning = format!("{why}; guessed to be a write, so read_only keys are refused");
        return (guessed(Action::Write, why), Some(warning));
    }
    let warning = match cue::change(&format!("{}.\n\n{}", endpoint.summary, endpoint.text)) {
        Some(change) if change.always => {
            let warning = format!("this GET changes state: \"{}\"; read_only keys are refused", change.quote);
            return (guessed(Action::Write, "a GET that changes state"), Some(warning));
        }
        Some(change) => Some(format!("this GET may change state: \"{}\"; read_only keys may call it", change.quote)),
        None => cue::hands_out(endpoint.literals())
            .map(|word| format!("a GET that ends in {word} often changes state; the description does not say so")),
    };
    (guessed(Action::Read, endpoint.method.as_str()), warning)
}

/// A write, unless it seems to send something out or only to look.
fn action_of_post(endpoint: &Endpoint<'_>) -> (Guess<Action>, Option<String>) {
    let id = endpoint.operation_id.unwrap_or_default();
    if let Some(why) = cue::only_looks(endpoint.literals(), id, endpoint.summary, endpoint.text) {
        let warning = format!("{why}: guessed to change nothing, so read_only keys may call it");
        return (guessed(Action::Read, why), Some(warning));
    }
    match cue::sends(endpoint.literals(), endpoint.summary) {
        Some(why) => (guessed(Action::Send, why), None),
        None => (guessed(Action::Write, "POST"), None),
    }
}

fn audience(
    description: &Description<'_>,
    endpoint: &Endpoint<'_>,
    several_schemes: bool,
) -> (Guess<Audience>, Option<String>) {
    let stated_open = endpoint.security == Security::Open;
    let open = stated_open || cue::no_credential(endpoint.text) || cue::no_credential(endpoint.summary);
    if open && endpoint.method.is_safe() && cue::health(endpoint.literals()) {
        let why =
            if stated_open { "security: [] on a health path" } else { "a health path whose text asks for no key" };
        return (guessed(Audience::Public, why), None);
    }
    if open {
        let way = if endpoint.method.is_safe() {
            "use --public if anyone may call it"
        } else {
            "a key is asked for all the same: only GET and HEAD can be public"
        };
        let warning = format!("the description asks for no credential here; {way}");
        return (guessed(Audience::Key, "the description asks for no credential"), Some(warning));
    }
    if several_schemes && for_people(description, endpoint) == Some(true) {
        return (guessed(Audience::Member, "its security is one of people, other operations take keys"), None);
    }
    match endpoint.security {
        Security::Unstated => (guessed(Audience::Key, "the description states no security"), None),
        Security::Open | Security::Schemes(_) => (guessed(Audience::Key, ""), None),
    }
}
