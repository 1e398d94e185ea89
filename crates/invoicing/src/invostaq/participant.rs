//! Participant: who can be reached in a network, and how they are looked up.
//!
//! Owns:  the form of a participant's id; the look-up; an account's own registrations.
//! Never: tells who holds a registration.
//! Read:  `is_participant`, then `lookup`.

use super::{Office, created, listed};
use crate::{
    body,
    problem::{Code, Problem},
    query::Query,
    serve::App,
};
use axum::{
    extract::{Path, RawQuery, Request, State},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// Characters of an id behind its scheme.
const ID_MAX: usize = 50;
/// The one kind of document that this API carries: an invoice of Peppol BIS Billing 3.0.
const INVOICE_TYPE: &str = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##urn:cen.eu:en16931:2017\
    #compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1";
pub(super) const PROVIDER: &str = "Invostaq";

/// Whether this is a participant: four digits of a scheme, a colon, and an id.
pub(crate) fn is_participant(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, id)| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        scheme.len() == 4
            && scheme.bytes().all(|b| b.is_ascii_digit())
            && (1..=ID_MAX).contains(&id.len())
            && id.bytes().all(plain)
    })
}

pub(super) fn wrong(name: &str) -> String {
    format!("`{name}` is not a participant: four digits of a scheme, a colon and an id, such as 0196:971501234567.")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    participant_id: &'a str,
    is_registered: bool,
    access_point_ref: Option<String>,
    supported_doc_types: &'static [&'static str],
    provider: &'static str,
}

/// What a participant can receive in the network of the key's environment.
pub(super) async fn lookup(office: Office, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(raw.as_deref(), &["participantId"])?;
    let Some(id) = query.text("participantId") else {
        let detail = "The participantId query parameter is required.";
        return Err(Problem::new(Code::MissingParticipantId, detail));
    };
    if !is_participant(id) {
        return Err(Problem::bad_query(wrong("participantId")));
    }
    let is_registered = office.is_registered(id).await?;
    let found = Found {
        participant_id: id,
        is_registered,
        access_point_ref: is_registered.then(|| format!("AP-{}", id.replace(':', "-"))),
        supported_doc_types: if is_registered { &[INVOICE_TYPE] } else { &[] },
        provider: PROVIDER,
    };
    body::json(StatusCode::OK, &found)
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Registration {
    participant_id: String,
}

/// The participants that the account registered, as far as the key reaches.
pub(super) async fn list(office: Office) -> Result<Response, Problem> {
    let ids = office.participants().await?;
    listed(&ids.into_iter().map(|participant_id| Registration { participant_id }).collect::<Vec<_>>())
}

pub(super) async fn register(State(app): State<App>, office: Office, request: Request) -> Result<Response, Problem> {
    let body: Registration = body::read_json(request).await?;
    let id = &body.participant_id;
    if !is_participant(id) {
        return Err(Problem::invalid_record(wrong("participantId")));
    }
    office.may_act_as(id)?;
    if !office.register(id, (app.clock)()).await? {
        return Err(taken(id));
    }
    created(&body)
}

pub(super) fn taken(id: &str) -> Problem {
    Problem::new(Code::ParticipantTaken, format!("{id} is registered by somebody else in this network."))
}

pub(super) async fn unregister(office: Office, Path(id): Path<String>) -> Result<Response, Problem> {
    if office.unregister(&id).await? { Ok(body::empty(StatusCode::NO_CONTENT)) } else { Err(Problem::not_found()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn participants_have_a_scheme_and_an_id() {
        for good in ["0196:971501234567", "0088:7300010000001", "9925:BE0428759497", "0007:55-67"] {
            assert!(is_participant(good), "{good}");
        }
        for bad in ["", "0196", "0196:", ":1", "196:1", "01967:1", "019a:1", "0196:a b", "0196:ä", "0196:1:2"] {
            assert!(!is_participant(bad), "{bad}");
        }
        assert!(!is_participant(&format!("0196:{}", "1".repeat(51))));
    }
}
