//! Sent invoices: `/v1/send`, in their four forms, and their validation.
//!
//! Owns:  what each form of an invoice is made of; the filters of the list.
//! Never: stores an invoice with a fault, or what was only to be validated.
//! Read:  `read`, then `create`.

use super::{Named, in_reach, one, page};
use crate::{
    body::{self, Kind, Upload},
    fattura::Fattura,
    ledger::{
        Scoped,
        send::{DocumentFilter, Encoding, ORDERS, PAYLOADS_MAX, SendDraft, SendFilter, SendOutcome, SendRow},
        state::State as SendState,
    },
    problem::{Code, Problem},
    query::Query,
    resource::company::not_allowed,
    serve::App,
};
use axum::{
    body::Body,
    extract::{RawQuery, Request, State},
    response::Response,
};
use data_encoding::BASE64;
use http::{HeaderValue, StatusCode, header};
use hyper::body::Bytes;
use serde::{Deserialize, de::IgnoredAny};
use std::collections::BTreeMap;
use tokio::task;

/// Characters of a file's name.
const FILE_NAME_MAX: usize = 100;
/// Entries of the caller's own data, and its bytes as JSON.
const META_DATA_MAX: usize = 50;
const META_DATA_BYTES_MAX: usize = 16 * 1024;

/// An invoice's record as a caller writes it. What the server sets is accepted and not read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendBody {
    id: Option<i32>,
    payload: String,
    file_name: Option<String>,
    encoding: Option<EncodingText>,
    meta_data: Option<BTreeMap<String, String>>,
    #[serde(rename = "created")]
    _created: Option<IgnoredAny>,
    #[serde(rename = "version")]
    _version: Option<IgnoredAny>,
    #[serde(rename = "user_id")]
    _user_id: Option<IgnoredAny>,
    #[serde(rename = "company_id")]
    _company_id: Option<IgnoredAny>,
    #[serde(rename = "committente")]
    _committente: Option<IgnoredAny>,
    #[serde(rename = "prestatore")]
    _prestatore: Option<IgnoredAny>,
    #[serde(rename = "identifier")]
    _identifier: Option<IgnoredAny>,
    #[serde(rename = "format")]
    _format: Option<IgnoredAny>,
    #[serde(rename = "last_update")]
    _last_update: Option<IgnoredAny>,
    #[serde(rename = "date_sent")]
    _date_sent: Option<IgnoredAny>,
    #[serde(rename = "documents")]
    _documents: Option<IgnoredAny>,
    #[serde(rename = "nome_committente")]
    _nome_committente: Option<IgnoredAny>,
    #[serde(rename = "latest_state")]
    _latest_state: Option<IgnoredAny>,
    #[serde(rename = "company")]
    _company: Option<IgnoredAny>,
}

#[derive(Deserialize, Clone, Copy)]
enum EncodingText {
    Xml,
    Base64,
}

/// An invoice in one of the forms in which it may arrive.
enum Form {
    Json(Bytes),
    Xml(Bytes),
    File(Upload),
    Record(Box<SendBody>),
}

impl Form {
    /// Reads the invoice and checks it.
    fn read(self, now: i64) -> Result<SendDraft, Problem> {
        match self {
            Self::Json(bytes) => {
                let (fattura, payload) = Fattura::read_json(&bytes, now).map_err(Problem::invalid_invoice)?;
                Ok(SendDraft { fattura, payload, encoding: Encoding::Xml, file_name: None, meta_data: None })
            }
            Self::Xml(bytes) => from_xml(&bytes, None, now),
            Self::File(Upload { name, bytes }) => {
                if name.as_deref().is_some_and(is_signed) {
                    return Err(signed());
                }
                // A name that the exchange would not take gives way to one that it does.
                from_xml(&bytes, name.filter(|name| is_file_name(name)), now)
            }
            Self::Record(body) => from_record(*body, now),
        }
    }
}

fn from_xml(bytes: &[u8], file_name: Option<String>, now: i64) -> Result<SendDraft, Problem> {
    let fattura = Fattura::read_xml(bytes, now).map_err(Problem::invalid_invoice)?;
    let payload = String::from_utf8_lossy(bytes).into_owned();
    Ok(SendDraft { fattura, payload, encoding: Encoding::Xml, file_name, meta_data: None })
}

fn from_record(body: SendBody, now: i64) -> Result<SendDraft, Problem> {
    if body.id.is_some_and(|id| id != 0) {
        return Err(Problem::invalid_record("`id` is given by the server: leave it out, or 0."));
    }
    if let Some(name) = &body.file_name {
        if is_signed(name) {
            return Err(signed());
        }
        if !is_file_name(name) {
            let wanted =
                format!("at most {FILE_NAME_MAX} letters, digits, dots, hyphens and underscores, with .xml at the end");
            return Err(Problem::invalid_record(format!("`file_name` is not {wanted}.")));
        }
    }
    let meta_data = body.meta_data.filter(|data| !data.is_empty());
    let meta_text = meta_data.as_ref().map(|data| serde_json::json!(data).to_string());
    let large = meta_text.as_ref().is_some_and(|text| text.len() > META_DATA_BYTES_MAX);
    if large || meta_data.is_some_and(|data| data.len() > META_DATA_MAX) {
        let detail = format!("`meta_data` has more than {META_DATA_MAX} entries or {META_DATA_BYTES_MAX} bytes.");
        return Err(Problem::invalid_record(detail));
    }
    let plain = body.payload.trim_start_matches('\u{feff}').trim_start().starts_with('<');
    let encoding = match body.encoding {
        Some(EncodingText::Base64) => Encoding::Base64,
        Some(EncodingText::Xml) => Encoding::Xml,
        None if plain => Encoding::Xml,
        None => Encoding::Base64,
    };
    let fattura = match encoding {
        Encoding::Xml => Fattura::read_xml(body.payload.as_bytes(), now),
        Encoding::Base64 => {
            let bytes =
                decode(&body.payload).ok_or_else(|| Problem::invalid_record("`payload` is neither XML nor base64."))?;
            Fattura::read_xml(&bytes, now)
        }
    };
    let fattura = fattura.map_err(Problem::invalid_invoice)?;
    Ok(SendDraft { fattura, payload: body.payload, encoding, file_name: body.file_name, meta_data: meta_text })
}

/// Base64 with or without line breaks.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let packed: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64.decode(&packed).ok()
}

fn is_file_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let ending = name.get(name.len().saturating_sub(4)..).is_some_and(|end| end.eq_ignore_ascii_case(".xml"));
    (5..=FILE_NAME_MAX).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.') && ending
}

fn is_signed(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".p7m")
}

fn signed() -> Problem {
    let detail = "Signed files (.p7m) are not taken: this API cannot verify a signature. Send the XML itself.";
    Problem::new(Code::MediaType, detail)
}

/// Whether the exchange's signature was asked for. Invoices are always validated, so `validate` changes nothing.
fn check_switches(raw: Option<&str>) -> Result<(), Problem> {
    let query = Query::parse(raw, &["validate", "signature"])?;
    query.flag("validate")?;
    let wants = query.read("signature", "one of None, Apply, Force, Auto", |text| match text {
        "None" | "Auto" => Some(false),
        "Apply" | "Force" => Some(true),
        _ => None,
    })?;
    if wants == Some(true) {
        let detail = "No signatures are left: this API signs nothing. Use `signature=None` or `signature=Auto`.";
        return Err(Problem::new(Code::SignatureExhausted, detail));
    }
    Ok(())
}

pub(super) fn exhausted() -> Problem {
    Problem::new(Code::OperationExhausted, "The account has no operations left; see `operation_left` of the status.")
}

/// Reading a large invoice takes a while; it must not hold up other requests.
async fn read(form: Form, now: i64) -> Result<SendDraft, Problem> {
    task::spawn_blocking(move || form.read(now)).await.unwrap_or_else(|error| {
        tracing::error!(%error, "invoicing: the reading of an invoice ended early");
        Err(Problem::new(Code::Internal, "The invoice could not be read. The cause is in the server's log."))
    })
}

async fn store(app: &App, scope: &Scoped, form: Form) -> Result<Response, Problem> {
    let now = (app.clock)();
    let draft = read(form, now).await?;
    let first_step_at = now.saturating_add(app.state_step);
    match scope.store_send(&draft, app.operation_allowance, now, first_step_at).await? {
        SendOutcome::Stored(row) => one(StatusCode::CREATED, &row, row.id, Some(row.company_id)),
        SendOutcome::CompanyNotAllowed => Err(not_allowed()),
        SendOutcome::OperationsExhausted => Err(exhausted()),
    }
}

async fn check(app: &App, scope: &Scoped, form: Form) -> Result<Response, Problem> {
    let draft = read(form, (app.clock)()).await?;
    let vat = &draft.fattura.sender.vat;
    if !scope.allows_vat(vat) && scope.company_by_vat(vat).await?.is_none() {
        return Err(not_allowed());
    }
    if !scope.count_operation(app.operation_allowance).await? {
        return Err(exhausted());
    }
    Ok(body::empty(StatusCode::NO_CONTENT))
}

async fn record(request: Request) -> Result<Form, Problem> {
    Ok(Form::Record(Box::new(body::read_json(request).await?)))
}

async fn xml(request: Request) -> Result<Form, Problem> {
    Ok(Form::Xml(body::read(request, Kind::Xml).await?))
}

async fn file(request: Request) -> Result<Form, Problem> {
    Ok(Form::File(body::read_upload(request).await?))
}

async fn json(request: Request) -> Result<Form, Problem> {
    Ok(Form::Json(body::read(request, Kind::Json).await?))
}

macro_rules! operations {
    ($($create:ident, $validate:ident: $form:ident;)*) => {$(
        pub(crate) async fn $create(
            State(app): State<App>,
            scope: Scoped,
            RawQuery(raw): RawQuery,
            request: Request,
        ) -> Result<Response, Problem> {
            check_switches(raw.as_deref())?;
            store(&app, &scope, $form(request).await?).await
        }

        pub(crate) async fn $validate(State(app): State<App>, scope: Scoped, request: Request) -> Result<Response, Problem> {
            check(&app, &scope, $form(request).await?).await
        }
    )*};
}

operations! {
    create, validate: record;
    create_xml, validate_xml: xml;
    create_file, validate_file: file;
    create_json, validate_json: json;
}

const KNOWN: [&str; 19] = [
    "company_id",
    "identifier",
    "committente",
    "prestatore",
    "file_name",
    "last_update_from",
    "last_update_to",
    "date_sent_from",
    "date_sent_to",
    "document_date_from",
    "document_date_to",
    "document_number",
    "latest_state",
    "include_payload",
    "ids",
    "page",
    "page_size",
    "sort",
    "q",
];

pub(crate) async fn list(scope: Scoped, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(raw.as_deref(), &KNOWN)?;
    let filter = SendFilter {
        company_id: query.int("company_id")?,
        identifier: query.text("identifier"),
        committente: query.text("committente"),
        prestatore: query.text("prestatore"),
        file_name: query.text("file_name"),
        last_update: query.span("last_update_from", "last_update_to")?,
        date_sent: query.span("date_sent_from", "date_sent_to")?,
        document: DocumentFilter {
            number: query.text("document_number"),
            date: query.span("document_date_from", "document_date_to")?,
        },
        latest_state: query.read("latest_state", "a state of the exchange", SendState::named)?,
        ids: query.ids("ids")?,
        q: query.text("q"),
        definitive_only: false,
    };
    in_reach(&scope, filter.company_id).await?;
    let mut rows = scope.sends(&query.slice(&ORDERS)?, &filter).await?;
    if query.flag("include_payload")?.unwrap_or(false) {
        include_payloads(&scope, &mut rows.rows).await?;
    }
    page(&rows)
}

async fn include_payloads(scope: &Scoped, rows: &mut [SendRow]) -> Result<(), Problem> {
    if scope.include_payloads(rows).await? {
        return Ok(());
    }
    let max = PAYLOADS_MAX / 1024 / 1024;
    Err(Problem::bad_query(format!("The payloads of this page are larger than {max} MB together: ask for fewer rows.")))
}

pub(crate) async fn find(scope: Scoped, name: Named, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let include = Query::parse(raw.as_deref(), &["include_payload"])?.flag("include_payload")?.unwrap_or(false);
    let row = match name.id() {
        Some(id) => scope.send(id).await?,
        None => scope.send_by_identifier(&name.0).await?,
    };
    let mut row = row.ok_or_else(Problem::not_found)?;
    if include {
        include_payloads(&scope, std::slice::from_mut(&mut row)).await?;
    }
    one(StatusCode::OK, &row, row.id, Some(row.company_id))
}

pub(crate) async fn payload(scope: Scoped, name: Named) -> Result<Response, Problem> {
    Ok(payload_text(scope.payload(name.only_id()?).await?.ok_or_else(Problem::not_found)?))
}

/// A payload by itself.
pub(super) fn payload_text(payload: String) -> Response {
    let mut response = Response::new(Body::from(payload));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
