//! Validation: from the texts of a request body to values of the model, with every problem at once.
//!
//! Owns:  collecting field problems, and the rules for names, descriptions and patches.
//! Never: repeats a value in a message: a body may hold a secret in the wrong place (R71).
//! Read:  `Checks`, then `Change`.

use crate::problem::FieldProblem;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most field problems that one answer lists; the rest would not help.
pub const FIELD_PROBLEMS_MAX: usize = 50;
/// The longest name of an account or a company, in characters.
pub const NAME_MAX: usize = 200;

/// The problems found so far.
#[derive(Debug, Default)]
pub struct Checks(Vec<FieldProblem>);

impl Checks {
    /// Notes a problem.
    pub fn problem(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < FIELD_PROBLEMS_MAX {
            self.0.push(FieldProblem { pointer: pointer.into(), message: message.into() });
        }
    }

    /// `value`, or a problem at `pointer` when there is none.
    pub fn want<T>(&mut self, pointer: impl Into<String>, value: Option<T>, message: &str) -> Option<T> {
        if value.is_none() {
            self.problem(pointer, message);
        }
        value
    }

    /// A name for people: a text of 1 to `NAME_MAX` characters.
    pub fn name(&mut self, pointer: &str, text: String) -> Option<String> {
        self.text(pointer, text, 1, NAME_MAX)
    }

    /// A text for people of `min` to `max` characters, without control and hidden characters (`model::visible`) and without
    /// space at the ends.
    pub fn text(&mut self, pointer: &str, text: String, min: usize, max: usize) -> Option<String> {
        let length = text.chars().count();
        if let Some(hidden) = model::visible::hidden(&text).filter(|c| !c.is_control()) {
            let code = u32::from(hidden);
            let message = format!("holds U+{code:04X}, which is invisible or turns the text around; leave it out");
            return self.want(pointer, None, &message);
        }
        let good = (min..=max).contains(&length) && !text.chars().any(char::is_control) && text.trim() == text;
        self.want(
            pointer,
            good.then_some(text),
            &format!("write {min} to {max} characters, without control characters and without spaces at the ends"),
        )
    }

    /// The problems, if there are any.
    pub fn finish(self) -> Result<(), Vec<FieldProblem>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

/// One member of a patch: absent leaves the field as it is, null clears it, a value replaces it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// The member is absent.
    #[default]
    Keep,
    /// The member is null.
    Clear,
    /// The member has a value.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the member is absent.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The new value of a field that cannot be cleared: null is a problem at `pointer`.
    pub fn required(self, pointer: &str, checks: &mut Checks) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Clear => checks.want(pointer, None, "cannot be null; leave the member out to keep the value"),
            Self::Set(value) => Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T: Serialize> Serialize for Change<T> {
    /// `Keep` must be skipped by the field's `skip_serializing_if`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_in_characters_and_kept_as_written() {
        let name = |text: &str| Checks::default().name("/name", text.to_owned());
        assert_eq!(name("Società à r.l.").as_deref(), Some("Società à r.l."));
        assert!(name(&"é".repeat(NAME_MAX)).is_some());
        for bad in ["", " ", " a", "a\n", "a\u{7}b"] {
            assert!(name(bad).is_none(), "{bad:?}");
        }
        assert!(name(&"é".repeat(NAME_MAX + 1)).is_none());
    }

    #[test]
    fn r71_a_text_that_hides_something_is_refused_with_the_character() {
        let mut checks = Checks::default();
        assert_eq!(checks.text("/description", "till\u{202e}gnp".to_owned(), 0, 200), None);
        let problems = checks.finish().unwrap_err();
        assert!(problems[0].message.contains("U+202E"), "{problems:?}");
        assert!(Checks::default().name("/name", "شرکت می\u{200c}خواهم".to_owned()).is_some());
    }

    #[test]
    fn the_list_of_problems_is_bounded() {
        let mut checks = Checks::default();
        for i in 0..1_000 {
            checks.problem(format!("/companies/{i}"), "no");
        }
        assert_eq!(checks.finish().unwrap_err().len(), FIELD_PROBLEMS_MAX);
    }

    #[test]
    fn a_patch_tells_absent_null_and_value_apart() {
        #[derive(Deserialize)]
        struct Patch {
            #[serde(default)]
            at: Change<u8>,
        }
        let at = |text: &str| serde_json::from_str::<Patch>(text).unwrap().at;
        assert_eq!(at("{}"), Change::Keep);
        assert_eq!(at(r#"{"at":null}"#), Change::Clear);
        assert_eq!(at(r#"{"at":3}"#), Change::Set(3));
    }
}
