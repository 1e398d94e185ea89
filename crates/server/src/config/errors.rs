//! `[errors]`: how error bodies look (D6).
//!
//! Owns:  the text form of a wording: `CODE = SENTENCE`.
//! Never: renders a body.
//! Read:  `section`.

use super::{check, sheet::Sheet};
use api::problem::{ProblemMembers, ProblemStyle};
use model::Denial;

/// The longest sentence, in characters.
const SENTENCE_MAX: usize = 500;

/// Every setting is checked before the first `?`.
pub(super) fn section(sheet: &mut Sheet) -> Option<ProblemStyle> {
    let members =
        [("extended", ProblemMembers::Extended), ("coded", ProblemMembers::Coded), ("rfc9457", ProblemMembers::Plain)];
    let members = sheet.text("errors.style", |text| check::one_of(text, &members));
    let type_base = sheet.text("errors.type_base", |text| {
        // The reader of URLs would leave out what is no part of one.
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(format!("{text:?} has other characters than visible ASCII ones"));
        }
        url::Url::parse(text).map(|_| text.to_owned()).map_err(|error| format!("{text:?} is no absolute URI: {error}"))
    });
    let wording = sheet.list("errors.wording", wording);
    let wording = sheet.whole("errors.wording", wording, |list: &Vec<(String, String)>| {
        let twice =
            list.iter().enumerate().find(|(at, (code, _))| list.iter().take(*at).any(|(other, _)| other == code));
        twice.map_or(Ok(()), |(_, (code, _))| Err(format!("{code} is worded twice")))
    });
    Some(ProblemStyle { type_base: type_base?, members: members?, wording: wording? })
}

/// `invalid_api_key = This key does not work.`
fn wording(text: &str) -> Result<(String, String), String> {
    let wrong = |what: &str| format!("{text:?} is no wording: {what}; write CODE = SENTENCE");
    let (code, sentence) = text.split_once('=').ok_or_else(|| wrong("it has no ="))?;
    let (code, sentence) = (code.trim(), sentence.trim());
    if !Denial::ALL.iter().any(|denial| denial.answer().code == code) {
        return Err(wrong(&format!("the gateway refuses nothing with {code:?}")));
    }
    if sentence.is_empty() || sentence.chars().count() > SENTENCE_MAX || model::visible::hidden(sentence).is_some() {
        return Err(wrong(&format!("its sentence has not 1 to {SENTENCE_MAX} characters, all of them visible")));
    }
    Ok((code.to_owned(), sentence.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_a_wording_is_for_a_refusal_that_there_is() {
        let read = wording("invalid_api_key = Use another key = please.").unwrap();
        assert_eq!(read, ("invalid_api_key".to_owned(), "Use another key = please.".to_owned()));
        for text in [
            "",
            "invalid_api_key",
            "invalid_api_key =",
            "invalid_key = X.",
            "invalid_api_key = a\nb",
            "invalid_api_key = a\u{202e}b",
        ] {
            assert!(wording(text).unwrap_err().contains("write CODE = SENTENCE"), "{text:?}");
        }
    }
}
