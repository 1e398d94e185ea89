//! Import: many contacts at once, from a table or from documents.
//!
//! Owns:  the columns of a table; what is wrong with a row, told by its line.
//! Never: takes a part of a table unless the caller asked for that.
//! Read:  `create`, then `Columns`.

use super::{
    Address, Office,
    contact::ContactBody,
    csv::{Fault, ROWS_MAX, Table},
};
use crate::{
    body, identifier,
    ledger::invostaq::contact::{ContactRow, Kind},
    problem::{Code, Problem},
    query::Query,
    serve::App,
};
use axum::{
    Extension,
    extract::{RawQuery, Request, State},
    response::Response,
};
use http::StatusCode;
use serde::Serialize;

/// Bytes of a table.
const TABLE_MAX: usize = 2 * 1024 * 1024;
/// Rows that one answer complains about.
const COMPLAINTS_MAX: usize = 20;

/// A column's meaning, and its names in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    TaxId,
    Email,
    Phone,
    ParticipantId,
    Street,
    AdditionalStreet,
    City,
    PostalCode,
    Region,
    Country,
}

impl Column {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Name, "name"),
        (Self::TaxId, "taxId"),
        (Self::Email, "email"),
        (Self::Phone, "phone"),
        (Self::ParticipantId, "participantId"),
        (Self::Street, "street"),
        (Self::AdditionalStreet, "additionalStreet"),
        (Self::City, "city"),
        (Self::PostalCode, "postalCode"),
        (Self::Region, "region"),
        (Self::Country, "country"),
    ];

    fn named(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        Self::ALL.into_iter().find(|(_, name)| name.eq_ignore_ascii_case(&plain)).map(|(column, _)| column)
    }
}

/// What is wrong with a row.
#[derive(Serialize)]
struct Complaint {
    line: usize,
    error: String,
}

#[derive(Serialize)]
struct Imported {
    created: usize,
    skipped: usize,
    total: usize,
    errors: Vec<Complaint>,
}

pub(super) async fn create(
    State(app): State<App>,
    office: Office,
    Extension(kind): Extension<Kind>,
    RawQuery(raw): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let partial = Query::parse(raw.as_deref(), &["partial"])?.flag("partial")?.unwrap_or(false);
    let bytes = body::read_table(request).await?;
    if bytes.len() > TABLE_MAX {
        let detail = format!("The table is larger than {} MB: split it.", TABLE_MAX / 1024 / 1024);
        return Err(Problem::new(Code::BodyTooLarge, detail));
    }
    let table = Table::read(&bytes).map_err(broken)?;
    let columns = columns(&table.head)?;
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for (line, fields) in &table.rows {
        let row = contact(&columns, fields);
        match row.and_then(|row| row.row(identifier::uuid(&app.randomness), (app.clock)())) {
            Ok(row) => rows.push(row),
            Err(problem) => errors.push(Complaint { line: *line, error: problem.detail().to_owned() }),
        }
    }
    if !errors.is_empty() && !partial {
        return Err(refused(&errors));
    }
    let total = table.rows.len();
    answer(&office, kind, &rows, total, errors).await
}

async fn answer(
    office: &Office,
    kind: Kind,
    rows: &[ContactRow],
    total: usize,
    mut errors: Vec<Complaint>,
) -> Result<Response, Problem> {
    let taken = office.create_contacts(kind, rows).await?;
    let skipped = taken.skipped + errors.len();
    errors.truncate(COMPLAINTS_MAX);
    body::json(StatusCode::OK, &Imported { created: taken.created, skipped, total, errors })
}

fn broken(fault: Fault) -> Problem {
    let detail = match fault {
        Fault::NotUtf8 => "The table is not UTF-8.".to_owned(),
        Fault::Empty => "The table has no head: its first line names the columns.".to_owned(),
        Fault::TooManyRows => format!("The table has more than {ROWS_MAX} rows: split it."),
        Fault::TooManyColumns(line) => format!("Line {line} has too many columns."),
        Fault::FieldTooLong(line) => format!("Line {line} has a field that is too long."),
        Fault::Quote(line) => {
            format!(
                "Line {line} has a quote that does not close, or something beside it. A quote inside is written twice."
            )
        }
    };
    Problem::invalid_record(detail)
}

fn refused(errors: &[Complaint]) -> Problem {
    let told: Vec<String> =
        errors.iter().take(COMPLAINTS_MAX).map(|e| format!("line {}: {}", e.line, e.error)).collect();
    let more = errors.len().saturating_sub(COMPLAINTS_MAX);
    let more = if more == 0 { String::new() } else { format!(" And {more} more.") };
    let detail = format!(
        "{} row(s) are wrong, so nothing was imported; ?partial=true imports the others. {}{more}",
        errors.len(),
        told.join(" ")
    );
    Problem::invalid_record(detail)
}

/// What each column of the head means.
fn columns(head: &[String]) -> Result<Vec<Column>, Problem> {
    let names = || Column::ALL.map(|(_, name)| name).join(", ");
    let mut columns = Vec::with_capacity(head.len());
    for name in head {
        let Some(column) = Column::named(name) else {
            let name: String = name.chars().take(60).collect();
            return Err(Problem::invalid_record(format!("The column `{name}` is none of: {}.", names())));
        };
        if columns.contains(&column) {
            return Err(Problem::invalid_record(format!("The column `{name}` is there twice.")));
        }
        columns.push(column);
    }
    if !columns.contains(&Column::Name) {
        return Err(Problem::invalid_record("The column `name` is missing."));
    }
    Ok(columns)
}

fn contact(columns: &[Column], fields: &[String]) -> Result<ContactBody, Problem> {
    if fields.len() != columns.len() {
        let (has, wants) = (fields.len(), columns.len());
        return Err(Problem::invalid_record(format!("There are {has} fields; the head has {wants}.")));
    }
    let (mut contact, mut address) = (ContactBody::default(), Address::default());
    for (column, field) in columns.iter().zip(fields) {
        let field = Some(field.trim().to_owned()).filter(|field| !field.is_empty());
        match column {
            Column::Name => contact.name = field.unwrap_or_default(),
            Column::TaxId => contact.tax_id = field,
            Column::Email => contact.email = field,
            Column::Phone => contact.phone = field,
            Column::ParticipantId => contact.participant_id = field,
            Column::Street => address.street = field,
            Column::AdditionalStreet => address.additional_street = field,
            Column::City => address.city = field,
            Column::PostalCode => address.postal_code = field,
            Column::Region => address.region = field,
            Column::Country => address.country = field,
        }
    }
    contact.address = Some(address);
    Ok(contact)
}

#[derive(Serialize)]
struct Seeded {
    created: usize,
    skipped: usize,
    total: usize,
}

/// Takes in who is named in the account's documents. Done again it creates nobody.
pub(super) async fn seed(
    State(app): State<App>,
    office: Office,
    Extension(kind): Extension<Kind>,
) -> Result<Response, Problem> {
    let taken = office.seed_contacts(kind, (app.clock)(), &app.randomness).await?;
    let (created, skipped) = (taken.created, taken.skipped);
    body::json(StatusCode::OK, &Seeded { created, skipped, total: created + skipped })
}
