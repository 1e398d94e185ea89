//! Persons: who can sign in, as they are read.
//!
//! Owns:  the reading statements on `persons` and `subjects`, and how a new row is written.
//! Never: sees a password or a plain second factor: a PHC string and sealed bytes are handed in.
//! Read:  `PersonRow`.

use crate::{
    account::check_name,
    column,
    error::{ConflictReason, StoreError},
    page::{List, Page},
};
use model::{EmailAddress, PersonId, Secret, Timestamp};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

/// The most people of a deployment.
const PERSONS_MAX: u64 = 1_000_000;
/// The longest issuer, directory or subject, in bytes.
const SUBJECT_MAX: usize = 512;
/// The most subjects of a person.
const LINKS_MAX: u64 = 64;

/// Somebody who can sign in.
#[derive(Clone, Debug)]
pub struct PersonRow {
    /// Their id.
    pub id: PersonId,
    /// Their address.
    pub email: EmailAddress,
    /// Whether an issuer vouched for it.
    pub email_proven: bool,
    /// What they are called.
    pub name: String,
    /// Argon2id in the PHC string format; none for who signs in elsewhere only.
    pub password: Option<Secret<String>>,
    /// The sealed secret of the second factor.
    pub totp: Option<Vec<u8>>,
    /// One that is not confirmed yet.
    pub totp_offered: Option<Vec<u8>>,
    /// The last time step whose code was taken.
    pub totp_step: u64,
    /// Since when.
    pub created_at: Timestamp,
}

/// Somebody new.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Their id.
    pub id: PersonId,
    /// Their address.
    pub email: EmailAddress,
    /// Whether an issuer vouched for it.
    pub email_proven: bool,
    /// What they are called.
    pub name: String,
    /// Argon2id in the PHC string format.
    pub password: Option<Secret<String>>,
}

/// Whom an issuer calls what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSubject {
    /// `iss`.
    pub issuer: String,
    /// `tid` of Entra ID; empty for others.
    pub directory: String,
    /// `sub`, or Entra ID's `oid`.
    pub subject: String,
}

/// A subject that is a person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedSubject {
    /// Whom the issuer calls so.
    pub subject: IssuerSubject,
    /// Since when.
    pub linked_at: Timestamp,
}

macro_rules! columns {
    () => {
        "SELECT p.id, p.email, p.email_proven, p.name, p.password, p.totp, p.totp_offered, p.totp_step, p.created_at \
         FROM persons p "
    };
}

pub(crate) fn read(row: &SqliteRow) -> Result<PersonRow, StoreError> {
    Ok(PersonRow {
        id: column::id(row, 0, PersonId::from_bytes)?,
        email: column::word(row, 1, EmailAddress::parse)?,
        email_proven: column::truth(row, 2)?,
        name: column::text(row, 3)?,
        password: column::text_or_none(row, 4)?.map(Secret::new),
        totp: column::blob_or_none(row, 5)?,
        totp_offered: column::blob_or_none(row, 6)?,
        totp_step: column::count(row, 7)?,
        created_at: column::time(row, 8)?,
    })
}

/// One person.
pub(crate) async fn find(connection: &mut SqliteConnection, id: PersonId) -> Result<PersonRow, StoreError> {
    let query = sqlx::query(concat!(columns!(), "WHERE p.id = $1")).bind(id.to_bytes().to_vec());
    read(&query.fetch_optional(connection).await?.ok_or(StoreError::NotFound { what: "person" })?)
}

/// Whoever has this address.
pub(crate) async fn by_email(
    connection: &mut SqliteConnection,
    email: &EmailAddress,
) -> Result<Option<PersonRow>, StoreError> {
    let query = sqlx::query(concat!(columns!(), "WHERE p.email = $1")).bind(email.as_str());
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Whom an issuer means.
pub(crate) async fn by_subject(
    connection: &mut SqliteConnection,
    subject: &IssuerSubject,
) -> Result<Option<PersonRow>, StoreError> {
    let statement = concat!(
        columns!(),
        "JOIN subjects s ON s.person_id = p.id WHERE s.issuer = $1 AND s.directory = $2 AND s.subject = $3"
    );
    let query = sqlx::query(statement).bind(&subject.issuer).bind(&subject.directory).bind(&subject.subject);
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// What issuers call a person, the oldest first; at most `LINKS_MAX`.
pub(crate) async fn links(
    connection: &mut SqliteConnection,
    person: PersonId,
) -> Result<Vec<LinkedSubject>, StoreError> {
    let statement = "SELECT issuer, directory, subject, created_at FROM subjects WHERE person_id = $1 \
                     ORDER BY created_at, issuer, directory, subject";
    let rows = sqlx::query(statement).bind(person.to_bytes().to_vec()).fetch_all(connection).await?;
    let read = |row| {
        let (issuer, directory, subject) = (column::text(row, 0)?, column::text(row, 1)?, column::text(row, 2)?);
        let subject = IssuerSubject { issuer, directory, subject };
        Ok(LinkedSubject { subject, linked_at: column::time(row, 3)? })
    };
    rows.iter().map(read).collect()
}

/// Everybody, newest first.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    page: Page<PersonId>,
) -> Result<List<PersonRow, PersonId>, StoreError> {
    let statement = concat!(columns!(), "WHERE $1 IS NULL OR p.id < $1 ORDER BY p.id DESC LIMIT $2");
    let after = page.after.map(|id| id.to_bytes().to_vec());
    let rows = sqlx::query(statement).bind(after).bind(page.fetch()).fetch_all(connection).await?;
    Ok(List::of(rows.iter().map(read).collect::<Result<_, _>>()?, &page, |person: &PersonRow| person.id))
}

/// Whether anybody can sign in.
pub(crate) async fn any(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    column::truth(&sqlx::query("SELECT EXISTS (SELECT 1 FROM persons)").fetch_one(connection).await?, 0)
}

/// Writes the row of somebody new. `EmailTaken` when somebody has the address.
pub(crate) async fn insert(
    tx: &mut SqliteConnection,
    person: &NewPerson,
    now: Timestamp,
) -> Result<PersonRow, StoreError> {
    check_name(&person.name)?;
    let count = sqlx::query("SELECT COUNT(*) FROM persons").fetch_one(&mut *tx).await?;
    if column::count(&count, 0)? >= PERSONS_MAX {
        return Err(StoreError::Limit { what: "people", max: PERSONS_MAX });
    }
    let written = sqlx::query(
        "INSERT INTO persons (id, email, email_proven, name, password, totp_step, created_at) \
         VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (email) DO NOTHING",
    )
    .bind(person.id.to_bytes().to_vec())
    .bind(person.email.as_str())
    .bind(person.email_proven)
    .bind(&person.name)
    .bind(person.password.as_ref().map(|phc| phc.expose().clone()))
    .bind(now.as_micros())
    .execute(&mut *tx)
    .await?;
    if written.rows_affected() == 0 {
        return Err(ConflictReason::EmailTaken.into());
    }
    find(tx, person.id).await
}

/// Links an issuer's subject to a person. One that is theirs already stays so; `SubjectTaken` when it is another's.
pub(crate) async fn link(
    tx: &mut SqliteConnection,
    person: PersonId,
    subject: &IssuerSubject,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let texts = [&subject.issuer, &subject.directory, &subject.subject];
    if subject.issuer.is_empty() || subject.subject.is_empty() || texts.iter().any(|text| text.len() > SUBJECT_MAX) {
        return Err(StoreError::invalid("a subject has an issuer and a name there"));
    }
    match by_subject(tx, subject).await? {
        Some(known) if known.id == person => return Ok(false),
        Some(_) => return Err(ConflictReason::SubjectTaken.into()),
        None => {}
    }
    let count = sqlx::query("SELECT COUNT(*) FROM subjects WHERE person_id = $1").bind(person.to_bytes().to_vec());
    if column::count(&count.fetch_one(&mut *tx).await?, 0)? >= LINKS_MAX {
        return Err(StoreError::Limit { what: "linked providers of a person", max: LINKS_MAX });
    }
    sqlx::query("INSERT INTO subjects (issuer, directory, subject, person_id, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(&subject.issuer)
        .bind(&subject.directory)
        .bind(&subject.subject)
        .bind(person.to_bytes().to_vec())
        .bind(now.as_micros())
        .execute(tx)
        .await?;
    Ok(true)
}

/// Takes subjects from a person. How many there were.
pub(crate) async fn unlink(
    tx: &mut SqliteConnection,
    person: PersonId,
    subjects: &[IssuerSubject],
) -> Result<u64, StoreError> {
    let mut taken = 0;
    for one in subjects {
        let statement = "DELETE FROM subjects WHERE issuer = $1 AND directory = $2 AND subject = $3 AND person_id = $4";
        let query = sqlx::query(statement).bind(&one.issuer).bind(&one.directory).bind(&one.subject);
        taken += query.bind(person.to_bytes().to_vec()).execute(&mut *tx).await?.rows_affected();
    }
    Ok(taken)
}
