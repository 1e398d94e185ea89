//! Members: people in an account, each with a role.
//!
//! Owns:  the statements on `members`; that an account keeps an owner; whose role allows a change, asked inside it.
//! Never: says what a role may do besides; the control API's table does.
//! Read:  `MemberRow`, then `require`, then the changes.

use super::invitation;
use crate::{
    audit::{AuditAction, Draft},
    column,
    commit::{Change, Effect},
    error::{ConflictReason, StoreError},
    key_change::SetKeyStatus,
    options::Options,
    page::{List, Page},
    stamp::{Stamp, Subject},
};
use model::{AccountId, EmailAddress, KeyId, KeyStatus, Member, MemberId, PersonId, Role, Timestamp};
use serde_json::{Map, json};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

/// The most members of an account.
const MEMBERS_MAX: u64 = 1_000;
/// The most accounts that a person is a member of.
pub(crate) const MEMBERSHIPS_MAX: u64 = 200;

/// A member, with what is shown of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The member.
    pub member: Member,
    /// What the person is called.
    pub name: String,
    /// Their address.
    pub email: EmailAddress,
    /// Whether they have a second factor.
    pub has_totp: bool,
    /// Keys that they created or rotated and that are neither revoked nor deleted.
    pub keys: u64,
    /// When they last used a session that is still kept, to the minute; `None`: they are signed in nowhere.
    pub last_seen_at: Option<Timestamp>,
}

/// A person's place in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The member.
    pub member: Member,
    /// The account's name.
    pub account_name: String,
}

macro_rules! member {
    () => {
        "m.id, m.account_id, m.person_id, m.role, m.created_at"
    };
}

/// Which keys `k` a member of this id knows a secret of: they created it, or rotated it, and that secret is there still.
macro_rules! knows {
    ($member:literal) => {
        concat!(
            "(k.created_by = ",
            $member,
            " OR k.id IN (SELECT c.key_id FROM credentials c WHERE c.made_by = ",
            $member,
            "))"
        )
    };
}

macro_rules! columns {
    () => {
        concat!(
            "SELECT ",
            member!(),
            ", p.name, p.email, p.totp IS NOT NULL, (SELECT COUNT(*) FROM keys k WHERE k.account_id = m.account_id \
             AND ",
            knows!("m.id"),
            " AND k.status IN ('active', 'disabled')), \
             (SELECT MAX(s.last_seen_at) FROM sessions s WHERE s.person_id = m.person_id) \
             FROM members m JOIN persons p ON p.id = m.person_id "
        )
    };
}

fn read_member(row: &SqliteRow) -> Result<Member, StoreError> {
    Ok(Member {
        id: column::id(row, 0, MemberId::from_bytes)?,
        account: column::id(row, 1, AccountId::from_bytes)?,
        person: column::id(row, 2, PersonId::from_bytes)?,
        role: column::word(row, 3, Role::parse)?,
        created_at: column::time(row, 4)?,
    })
}

fn read(row: &SqliteRow) -> Result<MemberRow, StoreError> {
    Ok(MemberRow {
        member: read_member(row)?,
        name: column::text(row, 5)?,
        email: column::word(row, 6, EmailAddress::parse)?,
        has_totp: column::truth(row, 7)?,
        keys: column::count(row, 8)?,
        last_seen_at: column::time_or_none(row, 9)?,
    })
}

/// One member of `account`.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    account: AccountId,
    id: MemberId,
) -> Result<MemberRow, StoreError> {
    let query = sqlx::query(concat!(columns!(), "WHERE m.account_id = $1 AND m.id = $2"));
    let row = query.bind(account.to_bytes().to_vec()).bind(id.to_bytes().to_vec()).fetch_optional(connection).await?;
    read(&row.ok_or(StoreError::NotFound { what: "member" })?)
}

/// Members of `account`, newest first.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    account: AccountId,
    page: Page<MemberId>,
) -> Result<List<MemberRow, MemberId>, StoreError> {
    let statement =
        concat!(columns!(), "WHERE m.account_id = $1 AND ($2 IS NULL OR m.id < $2) ORDER BY m.id DESC LIMIT $3");
    let after = page.after.map(|id| id.to_bytes().to_vec());
    let query = sqlx::query(statement).bind(account.to_bytes().to_vec()).bind(after).bind(page.fetch());
    let rows = query.fetch_all(connection).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(List::of(rows, &page, |row: &MemberRow| row.member.id))
}

/// What `person` is in `account`, if anything.
pub(crate) async fn of_person(
    connection: &mut SqliteConnection,
    person: PersonId,
    account: AccountId,
) -> Result<Option<Member>, StoreError> {
    let statement = concat!("SELECT ", member!(), " FROM members m WHERE m.person_id = $1 AND m.account_id = $2");
    let query = sqlx::query(statement).bind(person.to_bytes().to_vec()).bind(account.to_bytes().to_vec());
    query.fetch_optional(connection).await?.as_ref().map(read_member).transpose()
}

/// Where `person` is what, the oldest membership first; at most `MEMBERSHIPS_MAX`.
pub(crate) async fn memberships(
    connection: &mut SqliteConnection,
    person: PersonId,
) -> Result<Vec<Membership>, StoreError> {
    let statement = concat!(
        "SELECT ",
        member!(),
        ", a.name FROM members m JOIN accounts a ON a.id = m.account_id WHERE m.person_id = $1 ORDER BY m.id"
    );
    let rows = sqlx::query(statement).bind(person.to_bytes().to_vec()).fetch_all(connection).await?;
    let read = |row| Ok(Membership { member: read_member(row)?, account_name: column::text(row, 5)? });
    rows.iter().map(read).collect()
}

/// The role of whoever makes a change, as it is inside the change: what somebody was a moment ago opens nothing. `None` for
/// those who are no members, whose authority is the control API's to ask.
async fn actor(tx: &mut SqliteConnection, account: AccountId, stamp: &Stamp) -> Result<Option<Role>, StoreError> {
    let Some(member) = stamp.author.member() else { return Ok(None) };
    find(tx, account, member).await.map(|row| Some(row.member.role))
}

/// Refuses a change by a member whose role does not include `least`.
pub(crate) async fn require(
    tx: &mut SqliteConnection,
    account: AccountId,
    stamp: &Stamp,
    least: Role,
) -> Result<(), StoreError> {
    match actor(tx, account, stamp).await? {
        Some(role) if !role.includes(least) => Err(ConflictReason::RoleInsufficient(role).into()),
        Some(_) | None => Ok(()),
    }
}

/// What a change of people needs: an admin, and an owner where an owner comes or goes.
pub(crate) async fn require_over(
    tx: &mut SqliteConnection,
    account: AccountId,
    stamp: &Stamp,
    roles: &[Role],
) -> Result<(), StoreError> {
    let least = if roles.contains(&Role::Owner) { Role::Owner } else { Role::Admin };
    require(tx, account, stamp, least).await
}

/// Writes a member. `AlreadyMember` when the person is one.
pub(crate) async fn insert(tx: &mut SqliteConnection, member: &Member, now: Timestamp) -> Result<(), StoreError> {
    let bounds = [
        ("SELECT COUNT(*) FROM members WHERE account_id = $1", member.account.to_bytes(), "members", MEMBERS_MAX),
        ("SELECT COUNT(*) FROM members WHERE person_id = $1", member.person.to_bytes(), "accounts", MEMBERSHIPS_MAX),
    ];
    for (statement, id, what, max) in bounds {
        let row = sqlx::query(statement).bind(id.to_vec()).fetch_one(&mut *tx).await?;
        if column::count(&row, 0)? >= max {
            return Err(StoreError::Limit { what, max });
        }
    }
    let written = sqlx::query(
        "INSERT INTO members (id, account_id, person_id, role, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (person_id, account_id) DO NOTHING",
    )
    .bind(member.id.to_bytes().to_vec())
    .bind(member.account.to_bytes().to_vec())
    .bind(member.person.to_bytes().to_vec())
    .bind(member.role.as_str())
    .bind(now.as_micros())
    .execute(tx)
    .await?;
    if written.rows_affected() == 0 { Err(ConflictReason::AlreadyMember.into()) } else { Ok(()) }
}

/// Refuses what would leave the account without an owner.
async fn keep_an_owner(tx: &mut SqliteConnection, member: &Member) -> Result<(), StoreError> {
    if member.role != Role::Owner {
        return Ok(());
    }
    let query = sqlx::query("SELECT COUNT(*) FROM members WHERE account_id = $1 AND role = 'owner'");
    let row = query.bind(member.account.to_bytes().to_vec()).fetch_one(tx).await?;
    if column::count(&row, 0)? > 1 { Ok(()) } else { Err(ConflictReason::LastOwner.into()) }
}

/// Refuses to forget a person on whom an account depends: its only owner, while it has other members. An account that has nobody
/// else is left with its keys, and the operator invites the next owner.
pub(crate) async fn keep_owners_of(tx: &mut SqliteConnection, of: &[Membership]) -> Result<(), StoreError> {
    for Membership { member, .. } in of {
        let query = sqlx::query("SELECT COUNT(*) FROM members WHERE account_id = $1");
        let row = query.bind(member.account.to_bytes().to_vec()).fetch_one(&mut *tx).await?;
        if column::count(&row, 0)? > 1 {
            keep_an_owner(tx, member).await?;
        }
    }
    Ok(())
}

/// Gives a member another role.
pub(crate) struct SetRole {
    pub(crate) account: AccountId,
    pub(crate) id: MemberId,
    pub(crate) role: Role,
}

impl Change for SetRole {
    type Value = MemberRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let mut row = find(tx, self.account, self.id).await?;
        require_over(tx, self.account, stamp, &[row.member.role, self.role]).await?;
        if row.member.role == self.role {
            return Ok(Effect::unchanged(row));
        }
        keep_an_owner(tx, &row.member).await?;
        sqlx::query("UPDATE members SET role = $1 WHERE account_id = $2 AND id = $3")
            .bind(self.role.as_str())
            .bind(self.account.to_bytes().to_vec())
            .bind(self.id.to_bytes().to_vec())
            .execute(&mut *tx)
            .await?;
        let mut details = Map::new();
        details.insert("email".into(), json!(row.email.as_str()));
        details.insert("role".into(), json!({ "from": row.member.role.as_str(), "to": self.role.as_str() }));
        row.member.role = self.role;
        let ended = invitation::end_beyond(tx, &row.member, Some(self.role)).await?;
        let draft = Draft { action: AuditAction::MemberRoleChanged, account: Some(self.account), details };
        let subjects = std::iter::once(Subject::Member(self.id)).chain(ended).collect();
        Ok(Effect::changed(row, draft, subjects))
    }
}

/// What becomes of the keys of a member who goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysFate {
    /// They stay as they are.
    Keep,
    /// They are switched off, reversibly.
    Disable,
    /// They end for good.
    Revoke,
}

impl KeysFate {
    /// From `keep`, `disable` or `revoke`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Keep, Self::Disable, Self::Revoke].into_iter().find(|fate| fate.as_str() == text)
    }

    /// The text that `parse` reads.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Disable => "disable",
            Self::Revoke => "revoke",
        }
    }

    const fn status(self) -> Option<KeyStatus> {
        match self {
            Self::Keep => None,
            Self::Disable => Some(KeyStatus::Disabled),
            Self::Revoke => Some(KeyStatus::Revoked),
        }
    }
}

/// Removes a member. `MemberHasKeys` when they created or rotated keys that still work and nobody says what becomes of those.
pub(crate) struct RemoveMember {
    pub(crate) account: AccountId,
    pub(crate) id: MemberId,
    pub(crate) keys: Option<KeysFate>,
}

impl Change for RemoveMember {
    /// The keys that were disabled or revoked.
    type Value = Vec<KeyId>;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let row = find(tx, self.account, self.id).await?;
        require_over(tx, self.account, stamp, &[row.member.role]).await?;
        keep_an_owner(tx, &row.member).await?;
        if row.keys > 0 && self.keys.is_none() {
            return Err(ConflictReason::MemberHasKeys(row.keys).into());
        }
        let keys = match self.keys.and_then(KeysFate::status) {
            Some(status) => end_keys(tx, &row.member, status, stamp, options).await?,
            None => Vec::new(),
        };
        sqlx::query("DELETE FROM members WHERE account_id = $1 AND id = $2")
            .bind(self.account.to_bytes().to_vec())
            .bind(self.id.to_bytes().to_vec())
            .execute(&mut *tx)
            .await?;
        let mut details = Map::new();
        details.insert("email".into(), json!(row.email.as_str()));
        details.insert("role".into(), json!(row.member.role.as_str()));
        details.insert("keys".into(), json!(self.keys.map_or("none", KeysFate::as_str)));
        let draft = Draft { action: AuditAction::MemberRemoved, account: Some(self.account), details };
        let ended = invitation::end_beyond(tx, &row.member, None).await?;
        let subjects = std::iter::once(Subject::Member(self.id)).chain(keys.iter().map(|id| Subject::Key(*id)));
        let subjects = subjects.chain(ended).collect();
        Ok(Effect::changed(keys, draft, subjects))
    }
}

/// Disables or revokes the keys that a member created or rotated and that still work, as part of one change.
async fn end_keys(
    tx: &mut SqliteConnection,
    member: &Member,
    status: KeyStatus,
    stamp: &Stamp,
    options: &Options,
) -> Result<Vec<KeyId>, StoreError> {
    let statement = concat!(
        "SELECT k.id FROM keys k WHERE k.account_id = $1 AND ",
        knows!("$2"),
        " AND k.status IN ('active', 'disabled') AND k.status <> $3 ORDER BY k.id"
    );
    let rows = sqlx::query(statement)
        .bind(member.account.to_bytes().to_vec())
        .bind(member.id.to_bytes().to_vec())
        .bind(status.as_str())
        .fetch_all(&mut *tx)
        .await?;
    let mut keys = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = column::id(row, 0, KeyId::from_bytes)?;
        SetKeyStatus { account: member.account, id, status }.apply(tx, stamp, options).await?;
        keys.push(id);
    }
    Ok(keys)
}
