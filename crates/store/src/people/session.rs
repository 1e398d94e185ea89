//! Sessions: where people are signed in.
//!
//! Owns:  the statements on `sessions`: begin, find, use, give a new token, end.
//! Never: sees a token; its SHA-256 is handed in.
//! Read:  `SessionRow`, then `SignIn`, then `Rotation`.

use super::person::{self, IssuerSubject, PersonRow};
use crate::{
    audit::{AuditAction, Draft},
    column,
    commit::{Change, Effect},
    error::StoreError,
    options::Options,
    stamp::{Stamp, Subject},
};
use model::{PersonId, Secret, SecretHash, SessionId, Timestamp};
use serde_json::{Map, Value, json};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

/// The most sessions of a person; one more ends the oldest.
pub const SESSIONS_MAX: usize = 50;
/// Sessions whose time is over that one sign-in removes.
const SWEEP_MAX: i64 = 100;
/// The longest user agent that is kept, in characters.
const AGENT_MAX: usize = 256;

/// A session to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// SHA-256 of its token.
    pub hash: SecretHash,
    /// When it ends, however much it is used.
    pub expires_at: Timestamp,
    /// From where.
    pub address: Option<String>,
    /// With what.
    pub agent: Option<String>,
    /// How whoever begins it proved who they are: `password`, `registration`, `invitation`, `oidc`.
    pub method: &'static str,
    /// The session that the same browser had before; it ends.
    pub replaces: Option<SessionId>,
}

/// Where somebody is signed in.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub person: PersonId,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends, however much it is used.
    pub expires_at: Timestamp,
    /// From where it was begun.
    pub address: Option<String>,
    /// With what.
    pub agent: Option<String>,
}

/// The token that a session gets when its person's rights or proofs change; every other session of the person ends.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// The session that stays.
    pub session: SessionId,
    /// SHA-256 of its new token.
    pub hash: SecretHash,
}

macro_rules! columns {
    () => {
        "SELECT id, person_id, created_at, last_seen_at, expires_at, address, user_agent FROM sessions "
    };
}

fn read(row: &SqliteRow) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        id: column::id(row, 0, SessionId::from_bytes)?,
        person: column::id(row, 1, PersonId::from_bytes)?,
        created_at: column::time(row, 2)?,
        last_seen_at: column::time(row, 3)?,
        expires_at: column::time(row, 4)?,
        address: column::text_or_none(row, 5)?,
        agent: column::text_or_none(row, 6)?,
    })
}

/// The session with this hash that is neither over nor idle since before `seen_since`. The index is searched by hash, so time
/// tells nothing of any token.
pub(crate) async fn by_hash(
    connection: &mut SqliteConnection,
    hash: &SecretHash,
    now: Timestamp,
    seen_since: Timestamp,
) -> Result<Option<SessionRow>, StoreError> {
    let statement = concat!(columns!(), "WHERE hash = $1 AND expires_at > $2 AND last_seen_at > $3");
    let query = sqlx::query(statement).bind(hash.as_bytes().to_vec());
    let row = query.bind(now.as_micros()).bind(seen_since.as_micros()).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// The session with this id, under the same conditions.
pub(crate) async fn by_id(
    connection: &mut SqliteConnection,
    id: SessionId,
    now: Timestamp,
    seen_since: Timestamp,
) -> Result<Option<SessionRow>, StoreError> {
    let statement = concat!(columns!(), "WHERE id = $1 AND expires_at > $2 AND last_seen_at > $3");
    let query = sqlx::query(statement).bind(id.to_bytes().to_vec());
    let row = query.bind(now.as_micros()).bind(seen_since.as_micros()).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// The sessions of a person that are neither over nor idle since before `seen_since`, newest first.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    person: PersonId,
    now: Timestamp,
    seen_since: Timestamp,
) -> Result<Vec<SessionRow>, StoreError> {
    let statement =
        concat!(columns!(), "WHERE person_id = $1 AND expires_at > $2 AND last_seen_at > $3 ORDER BY id DESC");
    let query = sqlx::query(statement).bind(person.to_bytes().to_vec());
    let rows = query.bind(now.as_micros()).bind(seen_since.as_micros()).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Writes a session, and removes what there is too much of: the one that it replaces, the person's oldest beyond the bound,
/// and some whose time is over. Answers the subjects that changed.
pub(crate) async fn insert(
    tx: &mut SqliteConnection,
    person: PersonId,
    new: &NewSession,
    now: Timestamp,
) -> Result<Vec<Subject>, StoreError> {
    let mut subjects = vec![Subject::Session(new.id)];
    if let Some(before) = new.replaces
        && delete(tx, None, before).await?
    {
        subjects.push(Subject::Session(before));
    }
    sqlx::query("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= $1 LIMIT $2)")
        .bind(now.as_micros())
        .bind(SWEEP_MAX)
        .execute(&mut *tx)
        .await?;
    let all = sqlx::query("SELECT id FROM sessions WHERE person_id = $1 ORDER BY id DESC");
    let all = all.bind(person.to_bytes().to_vec()).fetch_all(&mut *tx).await?;
    for row in all.iter().skip(SESSIONS_MAX - 1) {
        let oldest = column::id(row, 0, SessionId::from_bytes)?;
        delete(tx, Some(person), oldest).await?;
        subjects.push(Subject::Session(oldest));
    }
    let agent: Option<String> =
        new.agent.as_ref().map(|text| text.chars().filter(|c| !c.is_control()).take(AGENT_MAX).collect());
    sqlx::query(
        "INSERT INTO sessions (id, person_id, hash, created_at, last_seen_at, expires_at, address, user_agent) \
         VALUES ($1, $2, $3, $4, $4, $5, $6, $7)",
    )
    .bind(new.id.to_bytes().to_vec())
    .bind(person.to_bytes().to_vec())
    .bind(new.hash.as_bytes().to_vec())
    .bind(now.as_micros())
    .bind(new.expires_at.as_micros())
    .bind(&new.address)
    .bind(agent.as_deref())
    .execute(tx)
    .await?;
    Ok(subjects)
}

/// What the audit chain says of a session that begins.
pub(crate) fn details(new: &NewSession) -> Map<String, Value> {
    let mut details = Map::new();
    details.insert("method".into(), json!(new.method));
    details.insert("address".into(), json!(new.address));
    details
}

async fn delete(tx: &mut SqliteConnection, person: Option<PersonId>, id: SessionId) -> Result<bool, StoreError> {
    let statement = "DELETE FROM sessions WHERE id = $1 AND ($2 IS NULL OR person_id = $2)";
    let query = sqlx::query(statement).bind(id.to_bytes().to_vec()).bind(person.map(|p| p.to_bytes().to_vec()));
    Ok(query.execute(tx).await?.rows_affected() > 0)
}

/// Ends every session of a person but `kept`. Answers those that ended.
pub(crate) async fn end_others(
    tx: &mut SqliteConnection,
    person: PersonId,
    kept: Option<SessionId>,
) -> Result<Vec<Subject>, StoreError> {
    let rows = sqlx::query("DELETE FROM sessions WHERE person_id = $1 AND ($2 IS NULL OR id <> $2) RETURNING id")
        .bind(person.to_bytes().to_vec())
        .bind(kept.map(|id| id.to_bytes().to_vec()))
        .fetch_all(tx)
        .await?;
    rows.iter().map(|row| column::id(row, 0, SessionId::from_bytes).map(Subject::Session)).collect()
}

/// Gives one session a new token and ends the others of its person. `NotFound` when it has ended meanwhile.
pub(crate) async fn rotate(
    tx: &mut SqliteConnection,
    person: PersonId,
    rotation: Rotation,
) -> Result<Vec<Subject>, StoreError> {
    let mut subjects = end_others(tx, person, Some(rotation.session)).await?;
    let updated = sqlx::query("UPDATE sessions SET hash = $1 WHERE id = $2 AND person_id = $3")
        .bind(rotation.hash.as_bytes().to_vec())
        .bind(rotation.session.to_bytes().to_vec())
        .bind(person.to_bytes().to_vec())
        .execute(tx)
        .await?;
    if updated.rows_affected() == 0 {
        return Err(StoreError::NotFound { what: "session" });
    }
    subjects.push(Subject::Session(rotation.session));
    Ok(subjects)
}

/// What somebody was asked for, and gave, before a session began.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The password's hash that was verified.
    pub password: Secret<String>,
    /// The sealed second factor whose code was taken; none when there was none to ask for.
    pub totp: Option<Vec<u8>>,
}

impl Proof {
    /// Whether it would still be enough.
    fn holds(&self, person: &PersonRow) -> bool {
        let password = person.password.as_ref().is_some_and(|present| present.expose() == self.password.expose());
        password && person.totp == self.totp
    }
}

/// Begins a session. `NotFound` when the person is not as they were when they proved who they are.
pub(crate) struct SignIn {
    pub(crate) person: PersonId,
    /// What proved who they are, if it was a password; it has to be so still.
    pub(crate) proven_by: Option<Proof>,
    /// An issuer's subject that is theirs from now on.
    pub(crate) links: Option<IssuerSubject>,
    pub(crate) session: NewSession,
}

impl Change for SignIn {
    type Value = PersonRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let person = person::find(tx, self.person).await?;
        if self.proven_by.is_some_and(|proof| !proof.holds(&person)) {
            return Err(StoreError::NotFound { what: "person" });
        }
        let mut details = details(&self.session);
        if let Some(subject) = &self.links
            && person::link(tx, person.id, subject, stamp.now).await?
        {
            details.insert("linked".into(), json!(subject.issuer));
        }
        let mut subjects = insert(tx, person.id, &self.session, stamp.now).await?;
        subjects.push(Subject::Person(person.id));
        Ok(Effect::changed(person, Draft { action: AuditAction::SessionCreated, account: None, details }, subjects))
    }
}

/// Notes that a session was used. Neither the change log nor the audit chain tells of it.
pub(crate) struct Touch(pub(crate) SessionId);

impl Change for Touch {
    type Value = ();

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        sqlx::query("UPDATE sessions SET last_seen_at = MAX(last_seen_at, $1) WHERE id = $2")
            .bind(stamp.now.as_micros())
            .bind(self.0.to_bytes().to_vec())
            .execute(tx)
            .await?;
        Ok(Effect::unchanged(()))
    }
}

/// Ends one session of a person.
pub(crate) struct End {
    pub(crate) person: PersonId,
    pub(crate) session: SessionId,
}

impl Change for End {
    type Value = ();

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        _stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        if !delete(tx, Some(self.person), self.session).await? {
            return Err(StoreError::NotFound { what: "session" });
        }
        let draft = Draft { action: AuditAction::SessionEnded, account: None, details: Map::new() };
        Ok(Effect::changed((), draft, vec![Subject::Session(self.session), Subject::Person(self.person)]))
    }
}

/// Ends every session of a person.
pub(crate) struct EndAll(pub(crate) PersonId);

impl Change for EndAll {
    type Value = ();

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        _stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        person::find(tx, self.0).await?;
        let ended = end_others(tx, self.0, None).await?;
        if ended.is_empty() {
            return Ok(Effect::unchanged(()));
        }
        let draft = Draft { action: AuditAction::SessionsEnded, account: None, details: Map::new() };
        Ok(Effect::changed((), draft, std::iter::once(Subject::Person(self.0)).chain(ended).collect()))
    }
}
