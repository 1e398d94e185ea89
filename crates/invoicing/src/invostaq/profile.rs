//! Profile: `/api/settings/profile`, what an account says of itself (R136).
//!
//! Owns:  its members; the registrations of its participants in the network of this environment.
//! Never: keys: those are the gateway's.
//! Read:  `ProfileBody`.

use super::{
    Address, Office,
    participant::{is_participant, taken, wrong},
};
use crate::{
    body, field,
    ledger::{Json, invostaq::profile::Profile},
    money::is_currency,
    problem::Problem,
    serve::App,
};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// Characters of a name and of a code.
const NAME_MAX: usize = 200;
const CODE_MAX: usize = 64;
/// Participants of one account.
const PARTICIPANTS_MAX: usize = 100;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProfileBody {
    name: Option<String>,
    tax_id: Option<String>,
    email: Option<String>,
    currency: String,
    address: Option<Address>,
    participant_ids: Vec<String>,
}

impl ProfileBody {
    fn checked(&self) -> Result<Profile, Problem> {
        if !is_currency(&self.currency) {
            let wanted = "the three capitals of a currency with two decimal places, such as AED";
            return Err(Problem::invalid_record(format!("`currency` is not {wanted}.")));
        }
        if self.participant_ids.len() > PARTICIPANTS_MAX {
            return Err(Problem::invalid_record(format!("`participantIds` has more than {PARTICIPANTS_MAX} items.")));
        }
        if let Some(at) = self.participant_ids.iter().position(|id| !is_participant(id)) {
            return Err(Problem::invalid_record(wrong(&format!("participantIds[{at}]"))));
        }
        let address = self.address.as_ref().map(|address| address.checked("address")).transpose()?;
        Ok(Profile {
            name: field::optional_text("name", self.name.as_deref(), NAME_MAX)?,
            tax_id: field::optional_text("taxId", self.tax_id.as_deref(), CODE_MAX)?,
            email: field::email("email", self.email.as_deref())?,
            currency: self.currency.clone(),
            address: address.filter(|address| !address.is_empty()).map(Json),
        })
    }
}

pub(super) async fn find(office: Office) -> Result<Response, Problem> {
    let profile = office.profile().await?;
    let body = ProfileBody {
        name: profile.name,
        tax_id: profile.tax_id,
        email: profile.email,
        currency: profile.currency,
        address: profile.address.map(|Json(address)| address),
        participant_ids: office.participants().await?,
    };
    body::json(StatusCode::OK, &body)
}

pub(super) async fn update(State(app): State<App>, office: Office, request: Request) -> Result<Response, Problem> {
    let body: ProfileBody = body::read_json(request).await?;
    let profile = body.checked()?;
    match office.put_profile(&profile, &body.participant_ids, (app.clock)()).await? {
        Some(id) => Err(taken(&id)),
        None => find(office).await,
    }
}
