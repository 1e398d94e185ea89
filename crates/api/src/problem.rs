//! Problems: the body of every error answer, on both planes (D6, RFC 9457, R75, R112).
//!
//! Owns:  the shape of `application/problem+json`, its style switch, and its rendering into bytes.
//! Never: decides an error; the codes come from `model::Denial`, `Code` and the gateway's own list.
//! Read:  `render`.

use model::{Denial, RequestId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The media type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// How a deployment words its problems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemStyle {
    /// What `type` begins with; the code follows, with hyphens. It ends in a slash or whatever else the operator wants
    /// before the code: `https://api.example.com/errors/`.
    pub type_base: String,
    /// Which members stand beside those of RFC 9457.
    pub members: ProblemMembers,
    /// What `detail` says for a code, in place of its own words. Only for codes whose detail is always the same: those of
    /// `model::Denial`.
    pub wording: Vec<(String, String)>,
}

/// The extension members of a problem (D6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemMembers {
    /// None: for clients that compare whole bodies (R112, R113, R129). `errors.style = "rfc9457"`.
    Plain,
    /// `error` and `request_id`.
    Extended,
    /// These, and `code` beside `status`, for clients that look for it there.
    Coded,
}

impl ProblemStyle {
    /// The default style: with `error` and `request_id`.
    pub fn new(type_base: impl Into<String>) -> Self {
        Self { type_base: type_base.into(), members: ProblemMembers::Extended, wording: Vec::new() }
    }

    /// The style `rfc9457`: without `error` and `request_id`, for clients that compare whole bodies (R112, R113, R129).
    pub fn rfc9457(type_base: impl Into<String>) -> Self {
        Self { members: ProblemMembers::Plain, ..Self::new(type_base) }
    }

    fn words<'a>(&'a self, parts: &ProblemParts<'a>) -> &'a str {
        self.wording.iter().find(|(code, _)| code == parts.code).map_or(parts.detail, |(_, words)| words)
    }
}

/// One field of a request body that cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// RFC 6901 pointer into the request body; empty for the body as a whole.
    #[schema(example = "/companies/1")]
    pub pointer: String,
    /// What is wrong there and what is wanted.
    #[schema(example = "not a company id: expected an id of the form co_ followed by 26 characters")]
    pub message: String,
}

/// What one problem says, before it is put into a style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProblemParts<'a> {
    /// HTTP status.
    pub status: u16,
    /// Public code, `snake_case`; with hyphens it ends `type`.
    pub code: &'a str,
    /// The same for every problem with this code.
    pub title: &'a str,
    /// One or two sentences for the person who reads the caller's log. Never a secret.
    pub detail: &'a str,
    /// Field by field, for a refused body; stays in every style, because the answer is of no use without it.
    pub errors: &'a [FieldProblem],
    /// Which limit had no room (D15); an extension member.
    pub limit: Option<&'a str>,
}

impl<'a> ProblemParts<'a> {
    /// A problem without field errors.
    #[must_use]
    pub const fn new(status: u16, code: &'a str, title: &'a str, detail: &'a str) -> Self {
        Self { status, code, title, detail, errors: &[], limit: None }
    }
}

impl From<Denial> for ProblemParts<'static> {
    /// The public answer of a denial; the internal reason stays behind (D5).
    fn from(denial: Denial) -> Self {
        let answer = denial.answer();
        Self::new(answer.status, answer.code, answer.title, answer.detail)
    }
}

/// The body of an error answer: `type`, `title`, `detail`, `status`, then the extension members if the style has them.
#[must_use]
pub fn render(style: &ProblemStyle, parts: &ProblemParts<'_>, request_id: RequestId) -> Vec<u8> {
    let extended = style.members != ProblemMembers::Plain;
    let detail = style.words(parts);
    let body = Body {
        uri: TypeUri { base: &style.type_base, code: parts.code },
        title: parts.title,
        detail,
        status: parts.status,
        code: (style.members == ProblemMembers::Coded).then_some(parts.code),
        errors: parts.errors,
        limit: parts.limit.filter(|_| extended),
        error: extended.then_some(ErrorRef { code: parts.code, message: detail }),
        request_id: extended.then_some(Shown(request_id)),
    };
    let mut bytes = Vec::with_capacity(512);
    #[expect(clippy::expect_used, reason = "strings and numbers always serialise, and a Vec takes every write")]
    serde_json::to_writer(&mut bytes, &body).expect("a problem serialises");
    bytes
}

/// Writes a value as its text.
struct Shown<T>(T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// `invalid_api_key` as `https://api.example.com/errors/invalid-api-key`.
struct TypeUri<'a> {
    base: &'a str,
    code: &'a str,
}

impl fmt::Display for TypeUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base)?;
        for (i, word) in self.code.split('_').enumerate() {
            if i > 0 {
                f.write_str("-")?;
            }
            f.write_str(word)?;
        }
        Ok(())
    }
}

impl Serialize for TypeUri<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Member order as in R112.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    uri: TypeUri<'a>,
    title: &'a str,
    detail: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldProblem],
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Shown<RequestId>>,
}

#[derive(Serialize)]
struct ErrorRef<'a> {
    code: &'a str,
    message: &'a str,
}

/// A problem as a client reads it; members that a style leaves out are `None` or empty.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "https://api.example.com/errors/validation-failed")]
    pub uri: String,
    /// The same for every problem of this kind.
    #[schema(example = "Validation failed")]
    pub title: String,
    /// What happened and what to do.
    pub detail: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// Field by field, for a refused body.
    #[serde(default)]
    #[schema(required = false)]
    pub errors: Vec<FieldProblem>,
    /// The code and its message, for programs.
    pub error: Option<ProblemError>,
    /// Names this request in the logs of the deployment.
    #[schema(example = "req_01jd8m3q5vk0a9n7x2c4b6d8e0")]
    pub request_id: Option<String>,
}

/// The member `error` of a problem.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
pub struct ProblemError {
    /// Public code, `snake_case`.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// The same text as `detail`.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Entropy, Timestamp};

    fn id() -> RequestId {
        RequestId::new(Timestamp::from_secs(1_700_000_000), Entropy([1; 10]))
    }

    #[test]
    fn d6_the_default_body_satisfies_both_readers() {
        let body = render(&ProblemStyle::new("https://x.test/errors/"), &Denial::ScopeInsufficient.into(), id());
        assert_eq!(
            String::from_utf8(body).unwrap(),
            format!(
                concat!(
                    r#"{{"type":"https://x.test/errors/insufficient-scope","title":"Insufficient scope","#,
                    r#""detail":"This key does not have the scope that the operation needs.","status":403,"#,
                    r#""error":{{"code":"insufficient_scope","message":"This key does not have the scope that the operation needs."}},"#,
                    r#""request_id":"{}"}}"#
                ),
                id()
            )
        );
    }

    #[test]
    fn d6_the_plain_style_gives_exactly_the_four_members_in_order() {
        let parts = ProblemParts::new(
            401,
            "api_key_required",
            "API key required",
            "Include your API key in the x-api-key header.",
        );
        let body = render(&ProblemStyle::rfc9457("https://invostaq.com/errors/"), &parts, id());
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"type":"https://invostaq.com/errors/api-key-required","title":"API key required","detail":"Include your API key in the x-api-key header.","status":401}"#
        );
    }

    #[test]
    fn d6_a_deployment_has_its_own_words_and_may_put_the_code_at_the_top() {
        let words = "Ask at the desk for another key.".to_owned();
        let style = ProblemStyle {
            members: ProblemMembers::Coded,
            wording: vec![("invalid_api_key".to_owned(), words.clone())],
            ..ProblemStyle::new("x:")
        };
        let body = render(&style, &Denial::KeyRevoked.into(), id());
        assert_eq!(
            String::from_utf8(body).unwrap(),
            format!(
                concat!(
                    r#"{{"type":"x:invalid-api-key","title":"Invalid API key","detail":"{words}","status":401,"#,
                    r#""code":"invalid_api_key","error":{{"code":"invalid_api_key","message":"{words}"}},"request_id":"{id}"}}"#
                ),
                words = words,
                id = id()
            )
        );
        let other: Problem = serde_json::from_slice(&render(&style, &Denial::ScopeInsufficient.into(), id())).unwrap();
        assert_eq!(other.detail, Denial::ScopeInsufficient.answer().detail);
    }

    #[test]
    fn d6_hostile_text_stays_a_json_string_and_reads_back() {
        let detail = "quote \" backslash \\ newline \n bell \u{7} é \u{2028}";
        let errors = [FieldProblem { pointer: "/a~1b/0".into(), message: "\"".into() }];
        let parts =
            ProblemParts { status: 422, code: "validation_failed", title: "T", detail, errors: &errors, limit: None };
        let read: Problem = serde_json::from_slice(&render(&ProblemStyle::new("x:"), &parts, id())).unwrap();
        assert_eq!((read.detail.as_str(), read.uri.as_str()), (detail, "x:validation-failed"));
        assert_eq!(read.errors, errors);
        assert_eq!(read.error.unwrap().code, "validation_failed");
        assert_eq!(read.request_id, Some(id().to_string()));
    }

    #[test]
    fn d5_no_denial_shows_its_reason() {
        for denial in Denial::ALL {
            let answer = denial.answer();
            let body = String::from_utf8(render(&ProblemStyle::new("x:"), &denial.into(), id())).unwrap();
            assert!(answer.reason == answer.code || !body.contains(answer.reason), "{denial:?}: {body}");
        }
    }
}
