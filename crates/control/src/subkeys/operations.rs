//! Operations: what the sub-key API does, through the functions that the control API uses (D8, D14, D32).
//!
//! Owns:  its six operations. Every change is in force when it is answered.
//! Never: touches a primary key, or another account's; shows a secret but in the answer that made it.
//! Read:  `Desk`, top down.

use super::{
    companies,
    permissions::Permissions,
    problem::Problem,
    wire::{self, ListQuery, SubKeyIn, SubKeyOut, SubKeyUpdate},
};
use crate::{
    body,
    control::Control,
    key_changes::{Issued, KeyChanges},
    limits::Limits,
};
use api::{
    key::{KeyDraft, any_origin_needs_confirmation},
    validation::Checks,
};
use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use model::{
    CompanyRestriction, Environments, KeyId, KeyLimits, KeyStatus, NetworkList, OriginList, Preset, RequestId,
};
use serde::{Serialize, de::DeserializeOwned};
use store::{AccountStore, Author, KeyPatch, Naming, Stamp, SubKeyRow};

/// How many there are on all pages of a list.
const TOTAL_COUNT: HeaderName = HeaderName::from_static("invoicetronic-total-count");
/// What is said of `*` for a key that may do more than read (D10): this API has no word to confirm it with.
const ANY_ORIGIN: &str = "* lets every web page use the key, and the key may do more than read: name the pages, or let the \
                          key read only";

/// A request body that nobody has read yet.
pub(super) struct Given<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) body: Body,
    pub(super) limits: &'a Limits,
}

impl Given<'_> {
    async fn read<T: DeserializeOwned>(self) -> Result<T, Problem> {
        Ok(body::read(self.headers, self.body, self.limits).await?)
    }
}

/// Where one request of a primary key is worked on.
pub(super) struct Desk<'a> {
    pub(super) control: &'a Control,
    pub(super) account: AccountStore,
    pub(super) naming: Naming,
    /// The primary key.
    pub(super) author: KeyId,
    pub(super) request: RequestId,
}

impl Desk<'_> {
    pub(super) async fn list(&self, query: Option<&str>) -> Result<Response, Problem> {
        let query = ListQuery::read(query)?;
        let mut filter = query.filter();
        if let Some(id) = query.company {
            let company = self.account.company_called(&self.naming, &id.to_string()).await?;
            // Nobody's company is in no key's list.
            let Some(company) = company else { return counted(&[], 0) };
            filter.company = Some(company);
        }
        let found = self.account.sub_keys(&filter, query.skip, query.limit, &self.naming).await?;
        let now = self.control.now();
        let shown: Vec<SubKeyOut> = found.items.iter().map(|key| SubKeyOut::new(key, now)).collect();
        counted(&shown, found.total)
    }

    pub(super) async fn get(&self, number: u64) -> Result<Response, Problem> {
        self.shown(&self.find(number).await?)
    }

    pub(super) async fn create(&self, given: Given<'_>) -> Result<Response, Problem> {
        let wish: SubKeyIn = given.read().await?;
        let mut checks = Checks::default();
        let description = wire::description(wish.description, None, &mut checks);
        // None are a copy of the primary key's, which has everything there is.
        let preset = match wish.permissions.filter(|permissions| !permissions.is_empty()) {
            None => Preset::FullAccess,
            Some(permissions) => permissions.grant(&mut checks)?,
        };
        let origins = wire::origins(wish.cors_origins, &mut checks);
        any_origin(&origins, &preset, &mut checks);
        let ids = wish.company_ids.unwrap_or_default();
        let companies = companies::wanted(&self.account, &self.naming, ids, None, &mut checks).await?;
        finish(checks)?;
        let draft = KeyDraft {
            description,
            preset,
            companies: companies.unwrap_or(CompanyRestriction::All),
            environments: Environments::Both,
            expires_at: None,
            origins,
            networks: NetworkList::default(),
            limits: KeyLimits::default(),
            rotate_every_days: None,
        };
        let issued = self.changes().create(draft, wire::status(wish.active.unwrap_or(true))).await?;
        self.issued(StatusCode::CREATED, issued).await
    }

    pub(super) async fn update(&self, given: Given<'_>) -> Result<Response, Problem> {
        let wish: SubKeyUpdate = given.read().await?;
        let mut checks = Checks::default();
        let number = checks.want("/id", wish.id, "say which restricted key");
        let version = checks.want("/version", wish.version, "give the version that the change was made for");
        let (Some(number), Some(version)) = (number, version) else { return Err(refused(checks)) };
        let key = self.find(number).await?;
        if key.row.version != version {
            return Err(Problem::stale());
        }
        let description = wire::description(wish.description, Some(&key.row.key.description), &mut checks);
        // What a key shows says less than what it may; giving it back as it was shown changes nothing.
        let permissions = wish.permissions.unwrap_or_default();
        let preset = if permissions == Permissions::of(&key.row.key.preset) {
            None
        } else {
            Some(permissions.grant(&mut checks)?)
        };
        let origins = wire::origins(wish.cors_origins, &mut checks);
        if origins != key.row.key.origins || preset.is_some() {
            any_origin(&origins, preset.as_ref().unwrap_or(&key.row.key.preset), &mut checks);
        }
        let ids = wish.company_ids.unwrap_or_default();
        let companies = companies::wanted(&self.account, &self.naming, ids, Some(&key), &mut checks).await?;
        finish(checks)?;
        let patch = KeyPatch {
            description: Some(description),
            // Left out, it stays: a change of the description does not switch a key on.
            status: wish.active.map(wire::status),
            preset,
            companies,
            origins: Some(origins),
            expected_version: Some(version),
            ..KeyPatch::default()
        };
        self.changes().update(key.row.key.id, patch).await?;
        self.shown(&self.find(number).await?)
    }

    pub(super) async fn delete(&self, number: u64) -> Result<Response, Problem> {
        let key = self.find(number).await?;
        let deleted = self.changes().set_status(key.row.key.id, KeyStatus::Deleted).await?;
        self.shown(&SubKeyRow { row: deleted.row, ..key })
    }

    pub(super) async fn roll(&self, number: u64, query: Option<&str>) -> Result<Response, Problem> {
        let overlap = wire::overlap(query)?;
        let key = self.find(number).await?;
        if key.row.key.expires_at.is_some_and(|at| at <= self.control.now()) {
            let mut checks = Checks::default();
            checks.problem("", "the key has expired, and its new secrets would have as well: make another key");
            return Err(refused(checks));
        }
        let issued = self.changes().rotate(&key.row, key.row.key.environments, overlap).await?;
        self.issued(StatusCode::OK, issued).await
    }

    async fn find(&self, number: u64) -> Result<SubKeyRow, Problem> {
        Ok(self.account.sub_key(number, &self.naming).await?)
    }

    /// A change that the primary key makes, now.
    fn changes(&self) -> KeyChanges<'_> {
        let now = self.control.now();
        let audit_id = self.control.issuer(now).audit_id();
        let stamp = Stamp { author: Author::Key(self.author), request: Some(self.request), now, audit_id };
        KeyChanges { control: self.control, account: &self.account, stamp }
    }

    fn shown(&self, key: &SubKeyRow) -> Result<Response, Problem> {
        json(StatusCode::OK, &SubKeyOut::new(key, self.control.now()))
    }

    /// The secrets go out with what the change itself left: a key that was deleted since is answered all the same.
    async fn issued(&self, status: StatusCode, issued: Issued) -> Result<Response, Problem> {
        let number = self.account.sub_key_number(issued.row.key.id).await?;
        let names = match self.account.sub_key(number, &self.naming).await {
            Ok(key) => key.names,
            Err(_) => Vec::new(),
        };
        let key = SubKeyRow { number, row: issued.row, names };
        json(status, &SubKeyOut::new(&key, self.control.now()).with(issued.secrets))
    }
}

/// D10.
fn any_origin(origins: &OriginList, preset: &Preset, checks: &mut Checks) {
    if any_origin_needs_confirmation(origins, preset) {
        checks.problem("/cors_origins", ANY_ORIGIN);
    }
}

fn finish(checks: Checks) -> Result<(), Problem> {
    checks.finish().map_err(|errors| crate::refusal::Refusal::from(errors).into())
}

fn refused(checks: Checks) -> Problem {
    finish(checks).err().unwrap_or_else(Problem::internal)
}

fn counted(keys: &[SubKeyOut], total: u64) -> Result<Response, Problem> {
    let mut response = json(StatusCode::OK, &keys)?;
    response.headers_mut().insert(TOTAL_COUNT, HeaderValue::from(total));
    Ok(response)
}

fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(value).map_err(|_| Problem::internal())?;
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
