//! Contact: `/api/customers` and `/api/suppliers`, the directory (R137).
//!
//! Owns:  what a contact's record may say.
//! Never: SQL.
//! Read:  `ContactBody`, then the operations.

use super::{
    Address, Office, created, found, paged, pager, parameters,
    participant::{is_participant, wrong},
    removed,
};
use crate::{
    body, field, identifier,
    ledger::{
        Json, Moment,
        invostaq::contact::{ContactRow, Kind, ORDERS},
    },
    problem::{Code, Problem},
    serve::App,
};
use axum::{
    Extension,
    extract::{Path, RawQuery, Request, State},
    response::Response,
};
use serde::Deserialize;

/// Characters of a name and of a code.
const NAME_MAX: usize = 200;
const CODE_MAX: usize = 64;

/// A contact as a caller writes it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ContactBody {
    pub(super) name: String,
    pub(super) tax_id: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) participant_id: Option<String>,
    pub(super) address: Option<Address>,
}

impl ContactBody {
    /// The row that this makes.
    pub(super) fn row(self, id: String, now: i64) -> Result<ContactRow, Problem> {
        let there = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let (phone, participant_id) = (there(self.phone), there(self.participant_id));
        if phone.as_deref().is_some_and(|phone| !field::is_phone(phone)) {
            return Err(Problem::invalid_record("`phone` is not a number with its country, such as +971501234567."));
        }
        if participant_id.as_deref().is_some_and(|id| !is_participant(id)) {
            return Err(Problem::invalid_record(wrong("participantId")));
        }
        let address = self.address.map(|address| address.checked("address")).transpose()?;
        Ok(ContactRow {
            id,
            name: field::text("name", &self.name, NAME_MAX)?,
            tax_id: field::optional_text("taxId", self.tax_id.as_deref(), CODE_MAX)?,
            email: field::email("email", self.email.as_deref())?,
            phone,
            participant_id,
            address: address.filter(|address| !address.is_empty()).map(Json),
            created: Moment(now),
            updated: Moment(now),
        })
    }
}

pub(super) async fn list(
    office: Office,
    Extension(kind): Extension<Kind>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Problem> {
    let query = parameters(raw.as_deref(), &["taxId", "name"])?;
    let (tax_id, name) = (query.text("taxId"), query.text("name"));
    paged(&office.contacts(kind, &pager(&query, &ORDERS)?, tax_id, name).await?)
}

pub(super) async fn find(
    office: Office,
    Extension(kind): Extension<Kind>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    found(office.contact(kind, &id).await?)
}

fn known(kind: Kind) -> Problem {
    let detail = format!("There is a {} with this tax id, or with this name, already.", kind.name());
    Problem::new(Code::AlreadyExists, detail)
}

pub(super) async fn create(
    State(app): State<App>,
    office: Office,
    Extension(kind): Extension<Kind>,
    request: Request,
) -> Result<Response, Problem> {
    let body: ContactBody = body::read_json(request).await?;
    let row = body.row(identifier::uuid(&app.randomness), (app.clock)())?;
    if office.create_contacts(kind, std::slice::from_ref(&row)).await?.created == 0 {
        return Err(known(kind));
    }
    created(&row)
}

pub(super) async fn update(
    State(app): State<App>,
    office: Office,
    Extension(kind): Extension<Kind>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let body: ContactBody = body::read_json(request).await?;
    let row = body.row(id, (app.clock)())?;
    match office.put_contact(kind, &row).await? {
        None => Err(Problem::not_found()),
        Some(false) => Err(known(kind)),
        Some(true) => found(office.contact(kind, &row.id).await?),
    }
}

pub(super) async fn remove(
    office: Office,
    Extension(kind): Extension<Kind>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    removed(office.delete_contact(kind, &id).await?)
}
