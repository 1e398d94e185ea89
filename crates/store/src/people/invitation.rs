//! Invitations: links by which somebody comes into an account.
//!
//! Owns:  the statements on `invitations`; that one works once, until its time or its maker's authority is over.
//! Never: sees a token; its SHA-256 is handed in.
//! Read:  `InvitationRow`, then `Invite`, then `Accept`.

use super::{
    member,
    person::{self, NewPerson, PersonRow},
    session::{self, NewSession, Rotation},
};
use crate::{
    account,
    audit::{AuditAction, Draft},
    column,
    commit::{Change, Effect},
    error::{ConflictReason, StoreError},
    options::Options,
    page::{List, Page},
    stamp::{Author, Stamp, Subject},
};
use model::{AccountId, EmailAddress, InvitationId, Member, MemberId, PersonId, Role, SecretHash, Timestamp};
use serde_json::{Map, Value, json};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

/// The most open invitations of an account.
const INVITATIONS_MAX: u64 = 200;

/// An invitation that can be accepted, without its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRow {
    /// Its id.
    pub id: InvitationId,
    /// Into which account.
    pub account: AccountId,
    /// Whom.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
    /// Who made it, as the audit chain names them.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From then on it is of no use.
    pub expires_at: Timestamp,
}

/// An invitation to be made at the stamp's time, by the stamp's author.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Its id.
    pub id: InvitationId,
    /// Whom.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
    /// SHA-256 of its token.
    pub hash: SecretHash,
    /// From then on it is of no use.
    pub expires_at: Timestamp,
}

macro_rules! columns {
    () => {
        "SELECT id, account_id, email, role, created_by, created_at, expires_at FROM invitations "
    };
}

fn read(row: &SqliteRow) -> Result<InvitationRow, StoreError> {
    Ok(InvitationRow {
        id: column::id(row, 0, InvitationId::from_bytes)?,
        account: column::id(row, 1, AccountId::from_bytes)?,
        email: column::word(row, 2, EmailAddress::parse)?,
        role: column::word(row, 3, Role::parse)?,
        created_by: column::text(row, 4)?,
        created_at: column::time(row, 5)?,
        expires_at: column::time(row, 6)?,
    })
}

/// The one with this hash whose time is not over.
pub(crate) async fn by_hash(
    connection: &mut SqliteConnection,
    hash: &SecretHash,
    now: Timestamp,
) -> Result<InvitationRow, StoreError> {
    let query = sqlx::query(concat!(columns!(), "WHERE hash = $1 AND expires_at > $2"));
    let row = query.bind(hash.as_bytes().to_vec()).bind(now.as_micros()).fetch_optional(connection).await?;
    read(&row.ok_or(StoreError::NotFound { what: "invitation" })?)
}

/// Whether an address is invited anywhere.
pub(crate) async fn invited(
    connection: &mut SqliteConnection,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT EXISTS (SELECT 1 FROM invitations WHERE email = $1 AND expires_at > $2)");
    column::truth(&query.bind(email.as_str()).bind(now.as_micros()).fetch_one(connection).await?, 0)
}

/// Those of `account` whose time is not over, newest first.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    account: AccountId,
    now: Timestamp,
    page: Page<InvitationId>,
) -> Result<List<InvitationRow, InvitationId>, StoreError> {
    let statement = concat!(
        columns!(),
        "WHERE account_id = $1 AND expires_at > $2 AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"
    );
    let query = sqlx::query(statement).bind(account.to_bytes().to_vec()).bind(now.as_micros());
    let query = query.bind(page.after.map(|id| id.to_bytes().to_vec())).bind(page.fetch());
    let rows = query.fetch_all(connection).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(List::of(rows, &page, |row: &InvitationRow| row.id))
}

fn details(row: &InvitationRow) -> Map<String, Value> {
    let mut details = Map::new();
    details.insert("email".into(), json!(row.email.as_str()));
    details.insert("role".into(), json!(row.role.as_str()));
    details
}

/// Invites somebody. A new invitation for an address takes the place of the one before.
pub(crate) struct Invite {
    pub(crate) account: AccountId,
    pub(crate) new: NewInvitation,
}

impl Change for Invite {
    type Value = InvitationRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let Self { account, new } = self;
        account::find(tx, account).await?;
        member::require_over(tx, account, stamp, &[new.role]).await?;
        if let Some(person) = person::by_email(tx, &new.email).await?
            && member::of_person(tx, person.id, account).await?.is_some()
        {
            return Err(ConflictReason::AlreadyMember.into());
        }
        let id = account.to_bytes().to_vec();
        sqlx::query("DELETE FROM invitations WHERE account_id = $1 AND (expires_at <= $2 OR email = $3)")
            .bind(id.clone())
            .bind(stamp.now.as_micros())
            .bind(new.email.as_str())
            .execute(&mut *tx)
            .await?;
        let count = sqlx::query("SELECT COUNT(*) FROM invitations WHERE account_id = $1").bind(id.clone());
        if column::count(&count.fetch_one(&mut *tx).await?, 0)? >= INVITATIONS_MAX {
            return Err(StoreError::Limit { what: "open invitations of an account", max: INVITATIONS_MAX });
        }
        let row = InvitationRow {
            id: new.id,
            account,
            email: new.email,
            role: new.role,
            created_by: stamp.author.to_string(),
            created_at: stamp.now,
            expires_at: new.expires_at,
        };
        sqlx::query(
            "INSERT INTO invitations (id, account_id, email, role, hash, created_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(row.id.to_bytes().to_vec())
        .bind(id)
        .bind(row.email.as_str())
        .bind(row.role.as_str())
        .bind(new.hash.as_bytes().to_vec())
        .bind(&row.created_by)
        .bind(row.created_at.as_micros())
        .bind(row.expires_at.as_micros())
        .execute(tx)
        .await?;
        let draft = Draft { action: AuditAction::InvitationCreated, account: Some(account), details: details(&row) };
        let subjects = vec![Subject::Invitation(row.id)];
        Ok(Effect::changed(row, draft, subjects))
    }
}

/// Takes an invitation back.
pub(crate) struct Uninvite {
    pub(crate) account: AccountId,
    pub(crate) id: InvitationId,
}

impl Change for Uninvite {
    type Value = InvitationRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let query = sqlx::query(concat!(columns!(), "WHERE account_id = $1 AND id = $2"));
        let query = query.bind(self.account.to_bytes().to_vec()).bind(self.id.to_bytes().to_vec());
        let row = query.fetch_optional(&mut *tx).await?.ok_or(StoreError::NotFound { what: "invitation" })?;
        let row = read(&row)?;
        member::require_over(tx, self.account, stamp, &[row.role]).await?;
        delete(tx, row.id).await?;
        let draft =
            Draft { action: AuditAction::InvitationDeleted, account: Some(self.account), details: details(&row) };
        Ok(Effect::changed(row, draft, vec![Subject::Invitation(self.id)]))
    }
}

/// Takes back what a member invited to and, as `role` or as nobody any more, could not invite to now: otherwise an authority
/// that was taken away comes back by a link. Answers those that ended.
pub(crate) async fn end_beyond(
    tx: &mut SqliteConnection,
    member: &Member,
    role: Option<Role>,
) -> Result<Vec<Subject>, StoreError> {
    if role == Some(Role::Owner) {
        return Ok(Vec::new());
    }
    let statement = "DELETE FROM invitations WHERE account_id = $1 AND created_by = $2 AND (role = $3 OR NOT $4) \
                     RETURNING id";
    let rows = sqlx::query(statement)
        .bind(member.account.to_bytes().to_vec())
        .bind(Author::Member(member.id).to_string())
        .bind(Role::Owner.as_str())
        .bind(role == Some(Role::Admin))
        .fetch_all(tx)
        .await?;
    rows.iter().map(|row| column::id(row, 0, InvitationId::from_bytes).map(Subject::Invitation)).collect()
}

/// Takes back every invitation that an author made: who is not trusted any more lets nobody in by a link.
pub(crate) async fn end_all_by(tx: &mut SqliteConnection, author: Author) -> Result<Vec<Subject>, StoreError> {
    let query = sqlx::query("DELETE FROM invitations WHERE created_by = $1 RETURNING id").bind(author.to_string());
    let rows = query.fetch_all(tx).await?;
    rows.iter().map(|row| column::id(row, 0, InvitationId::from_bytes).map(Subject::Invitation)).collect()
}

async fn delete(tx: &mut SqliteConnection, id: InvitationId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM invitations WHERE id = $1").bind(id.to_bytes().to_vec()).execute(tx).await?;
    Ok(())
}

/// Who accepts an invitation.
#[derive(Clone, Debug)]
pub enum Accepting {
    /// Somebody new, who is signed in by it. Their address becomes that of the invitation.
    New(NewPerson, NewSession),
    /// Somebody who is signed in; the address has to be theirs, and their session gets a new token.
    Known(PersonId, Rotation),
}

/// Accepts an invitation. `NotFound` when there is none, its time is over, or it is for another address.
pub(crate) struct Accept {
    pub(crate) hash: SecretHash,
    pub(crate) member: MemberId,
    pub(crate) who: Accepting,
}

impl Change for Accept {
    type Value = (PersonRow, Member);

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let invitation = by_hash(tx, &self.hash, stamp.now).await?;
        let (person, sessions) = match self.who {
            Accepting::New(new, session) => {
                let new = NewPerson { email: invitation.email.clone(), ..new };
                let person = person::insert(tx, &new, stamp.now).await?;
                let sessions = session::insert(tx, person.id, &session, stamp.now).await?;
                (person, sessions)
            }
            Accepting::Known(id, rotation) => {
                let person = person::find(tx, id).await?;
                if person.email != invitation.email {
                    return Err(StoreError::NotFound { what: "invitation" });
                }
                let sessions = session::rotate(tx, id, rotation).await?;
                (person, sessions)
            }
        };
        let member = Member {
            id: self.member,
            account: invitation.account,
            person: person.id,
            role: invitation.role,
            created_at: stamp.now,
        };
        member::insert(tx, &member, stamp.now).await?;
        delete(tx, invitation.id).await?;
        let mut details = details(&invitation);
        details.insert("invited_by".into(), json!(invitation.created_by));
        let draft = Draft { action: AuditAction::InvitationAccepted, account: Some(invitation.account), details };
        let first = [Subject::Member(member.id), Subject::Invitation(invitation.id), Subject::Person(person.id)];
        let subjects = first.into_iter().chain(sessions).collect();
        Ok(Effect::changed((person, member), draft, subjects))
    }
}
