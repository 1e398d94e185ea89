//! `[keys]`: how keys look, where they travel, and what they may be bound to (D1, D2, D3, R89).
//!
//! Owns:  `KeySection` and the rules between its settings.
//! Never: makes or reads a key.
//! Read:  `section`.

use super::{check, sheet::Sheet};
use api::problem::ProblemStyle;
use model::{Denial, KeyShape, Presentation, Presentations};

/// `[keys]`.
#[derive(Debug)]
pub(crate) struct KeySection {
    pub(crate) shape: KeyShape,
    pub(crate) presentations: Presentations,
    /// Whether each restricted key is for exactly one company.
    pub(crate) one_company: bool,
}

/// The style of problems, with a refusal of a missing key that asks for it where this deployment looks, unless the operator has
/// words of their own.
pub(super) fn worded(mut style: ProblemStyle, keys: &KeySection) -> ProblemStyle {
    let code = Denial::CredentialMissing.answer().code;
    if keys.presentations != Presentations::default() && style.wording.iter().all(|(worded, _)| worded != code) {
        let accepted = Presentation::ALL.into_iter().filter(|presentation| keys.presentations.contains(*presentation));
        let places: Vec<&str> = accepted.map(place).collect();
        style.wording.push((code.to_owned(), format!("This API needs a key. Send it {}.", places.join(" or "))));
    }
    style
}

const fn place(presentation: Presentation) -> &'static str {
    match presentation {
        Presentation::ApiKeyHeader => "in the X-API-Key header",
        Presentation::BasicUsername => "as the HTTP Basic user name, with an empty password",
        Presentation::ClientIdSecret => "as X-Client-Id and X-Client-Secret, or as HTTP Basic of both",
        Presentation::Bearer => "as Authorization: Bearer",
    }
}

/// Every setting is checked before the first `?`.
pub(super) fn section(sheet: &mut Sheet) -> Option<KeySection> {
    let prefix = |text: &str| KeyShape::new(text, text).map(|_| text.to_owned()).map_err(|error| error.to_string());
    let primary = sheet.text("keys.primary_prefix", prefix);
    let restricted = sheet.text("keys.restricted_prefix", prefix);
    let client = sheet.text("keys.client_id_prefix", prefix);
    let says_environment = sheet.flag("keys.environment_in_text");
    let one_company = sheet.text("keys.companies", |text| check::one_of(text, &[("any", false), ("one", true)]));
    let presentations = sheet.list("keys.presentations", |text| {
        Presentation::parse(text).ok_or_else(|| {
            let known: Vec<_> = Presentation::ALL.iter().map(|p| p.as_str()).collect();
            format!("{text:?} is not one of {}", known.join(", "))
        })
    });
    let presentations = presentations?;
    if presentations.is_empty() {
        let what = "`keys.presentations` is empty: no key could ever be presented".to_owned();
        sheet.problem(Some(sheet.origin("keys.presentations")), what, None);
    }
    let says_environment = says_environment?;
    if !says_environment && presentations.iter().any(|p| *p != Presentation::ClientIdSecret) {
        let what = "`keys.environment_in_text` is false, but keys may come without a client id".to_owned();
        let hint = "set keys.presentations = [\"client-id-secret\"]".to_owned();
        sheet.problem(Some(sheet.origin("keys.environment_in_text")), what, Some(hint));
    }
    let shape = KeyShape::new(&primary?, &restricted?).ok()?.with_client_prefix(&client?).ok()?;
    Some(KeySection {
        shape: if says_environment { shape } else { shape.without_environment() },
        presentations: Presentations::of(&presentations),
        one_company: one_company?,
    })
}
