//! Audit: the chain of entries, one per change.
//!
//! Owns:  the entry, its canonical bytes, the chain of hashes, and the walk that proves it whole.
//! Never: changes or deletes an entry; no statement for that exists.
//! Read:  `AuditEntry`, `append`, then `verify`.

use crate::{
    column,
    commit::Heads,
    error::StoreError,
    page::{List, Page},
    stamp::{Author, Revision, Stamp, Subject},
};
use model::{AccountId, AuditId, RequestId, Timestamp};
use sha2::{Digest, Sha256};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

/// Entries that `verify` holds in memory at once.
const VERIFY_CHUNK: i64 = 1_000;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AuditAction { $($(#[$doc])* $name,)* }

        impl AuditAction {
            /// All, in the order of the nouns.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// `noun.participle`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

actions! {
    /// An account and its primary key were created.
    AccountCreated = "account.created",
    /// A company was created.
    CompanyCreated = "company.created",
    /// A company's name or external names were changed.
    CompanyUpdated = "company.updated",
    /// A company was deleted, and left every key's set (D9).
    CompanyDeleted = "company.deleted",
    /// A key was created.
    KeyCreated = "key.created",
    /// A key's settings were changed.
    KeyUpdated = "key.updated",
    /// A disabled key was enabled.
    KeyEnabled = "key.enabled",
    /// A key was disabled.
    KeyDisabled = "key.disabled",
    /// A key was revoked.
    KeyRevoked = "key.revoked",
    /// A key was deleted.
    KeyDeleted = "key.deleted",
    /// A key got new secrets (D13).
    KeyRotated = "key.rotated",
    /// The overlap of a rotation was ended early (D13).
    KeyPreviousSecretEnded = "key.previous_secret_ended",
    /// An operator token was created.
    OperatorTokenCreated = "operator_token.created",
    /// An operator token was revoked.
    OperatorTokenRevoked = "operator_token.revoked",
    /// The people of an issuer and directory were mapped to an account (D37).
    IdentityCreated = "identity.created",
    /// Such a mapping was deleted.
    IdentityDeleted = "identity.deleted",
    /// The upstream listed an item of a company that the key may not reach (D34).
    IsolationViolation = "isolation.violation",
    /// Somebody can sign in who could not before.
    PersonCreated = "person.created",
    /// A person's name was changed.
    PersonUpdated = "person.updated",
    /// A person's password was changed; their other sessions ended.
    PersonPasswordChanged = "person.password_changed",
    /// A second factor was confirmed; the person's other sessions ended.
    PersonTotpEnabled = "person.totp_enabled",
    /// A second factor was given up or taken away.
    PersonTotpDisabled = "person.totp_disabled",
    /// Recovery codes were made; the ones before ended.
    PersonRecoveryCodesMade = "person.recovery_codes_made",
    /// A recovery code stood in for a second factor.
    PersonRecoveryCodeUsed = "person.recovery_code_used",
    /// An issuer's subject was linked to a person.
    PersonLinked = "person.linked",
    /// An issuer's subject was taken from a person; their other sessions ended.
    PersonUnlinked = "person.unlinked",
    /// A person was forgotten: they can sign in no more, and are a member nowhere.
    PersonDeleted = "person.deleted",
    /// Somebody signed in.
    SessionCreated = "session.created",
    /// Somebody signed out, or was signed out, somewhere.
    SessionEnded = "session.ended",
    /// Every session of a person ended.
    SessionsEnded = "session.all_ended",
    /// A member's role was changed.
    MemberRoleChanged = "member.role_changed",
    /// A member was removed from an account.
    MemberRemoved = "member.removed",
    /// Somebody was invited into an account.
    InvitationCreated = "invitation.created",
    /// An invitation was taken back.
    InvitationDeleted = "invitation.deleted",
    /// An invitation was accepted: the account has a member more.
    InvitationAccepted = "invitation.accepted",
    /// The database was replaced by a back-up.
    StoreRestored = "store.restored",
}

impl AuditAction {
    /// From the text of `as_str`, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|a| a.as_str() == text)
    }
}

/// One entry of the audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place in the chain, from 1, without gaps.
    pub sequence: u64,
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: Author,
    /// In which request.
    pub request: Option<RequestId>,
    /// What.
    pub action: AuditAction,
    /// In which account, when in one.
    pub account: Option<AccountId>,
    /// On what: the thing itself first, then what changed with it.
    pub subjects: Vec<Subject>,
    /// The revision of the change.
    pub revision: Revision,
    /// A JSON object with the particulars; never a secret or a hash of one.
    pub details: String,
    /// SHA-256 over the hash of the entry before and the canonical bytes of this one.
    pub hash: [u8; 32],
}

/// The end of the chain: whoever keeps it elsewhere can later prove that nothing before it was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// The last entry's place; 0 when there is none.
    pub sequence: u64,
    /// The last entry's hash; zeros when there is none.
    pub hash: [u8; 32],
}

/// The first entry that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditBreak {
    /// The place in the chain where it is, or where it is missing.
    pub sequence: u64,
    /// Its id as the database has it; empty when the entry is missing.
    pub id: String,
    /// What does not fit.
    pub what: String,
}

/// What a walk along the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// The end of what fits.
    pub head: AuditHead,
    /// The first entry that does not, if any.
    pub broken: Option<AuditBreak>,
}

/// What a change says about itself; the rest of the entry is the stamp's.
pub(crate) struct Draft {
    pub(crate) action: AuditAction,
    pub(crate) account: Option<AccountId>,
    pub(crate) details: serde_json::Map<String, serde_json::Value>,
}

/// An entry as the columns hold it. The hash is taken over these texts, so that any tool can recompute it.
struct Columns {
    sequence: u64,
    id: String,
    at: i64,
    author: String,
    request: String,
    action: String,
    account: String,
    subjects: String,
    revision: u64,
    details: String,
}

impl Columns {
    /// SHA-256 over the hash before, and each column as text: eight bytes of length (big-endian), then the text.
    fn hash(&self, before: &[u8; 32]) -> [u8; 32] {
        let (sequence, at, revision) = (self.sequence.to_string(), self.at.to_string(), self.revision.to_string());
        let texts = [
            &sequence,
            &self.id,
            &at,
            &self.author,
            &self.request,
            &self.action,
            &self.account,
            &self.subjects,
            &revision,
            &self.details,
        ];
        let mut hash = Sha256::new();
        hash.update(before);
        for text in texts {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        hash.finalize().into()
    }

    fn read(row: &SqliteRow) -> Result<(Self, [u8; 32]), StoreError> {
        let columns = Self {
            sequence: column::count(row, 0)?,
            id: column::text(row, 1)?,
            at: column::time(row, 2)?.as_micros(),
            author: column::text(row, 3)?,
            request: column::text(row, 4)?,
            action: column::text(row, 5)?,
            account: column::text(row, 6)?,
            subjects: column::text(row, 7)?,
            revision: column::count(row, 8)?,
            details: column::text(row, 9)?,
        };
        Ok((columns, column::bytes(row, 10)?))
    }

    fn into_entry(self, hash: [u8; 32]) -> Result<AuditEntry, StoreError> {
        let sequence = self.sequence;
        let fail = |what: &str| StoreError::corrupt(format!("audit entry {sequence}: unexpected {what}"));
        let subjects: Option<Vec<Subject>> = self.subjects.split_whitespace().map(Subject::parse).collect();
        Ok(AuditEntry {
            sequence,
            id: self.id.parse().map_err(|_| fail("id"))?,
            at: Timestamp::from_micros(self.at),
            author: Author::parse(&self.author).ok_or_else(|| fail("author"))?,
            request: parse_optional(&self.request).ok_or_else(|| fail("request"))?,
            action: AuditAction::parse(&self.action).ok_or_else(|| fail("action"))?,
            account: parse_optional(&self.account).ok_or_else(|| fail("account"))?,
            subjects: subjects.ok_or_else(|| fail("subjects"))?,
            revision: Revision(self.revision),
            details: self.details,
            hash,
        })
    }
}

fn parse_optional<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

macro_rules! columns {
    () => {
        "sequence, id, at, author, request, action, account, subjects, revision, details, hash"
    };
}

/// Writes the entry of a change and moves the head of the chain. `heads.revision` is the change's already.
pub(crate) async fn append(
    tx: &mut SqliteConnection,
    heads: &mut Heads,
    stamp: &Stamp,
    draft: Draft,
    subjects: &[Subject],
) -> Result<(), StoreError> {
    let columns = Columns {
        sequence: heads.sequence + 1,
        id: stamp.audit_id.to_string(),
        at: stamp.now.as_micros(),
        author: stamp.author.to_string(),
        request: stamp.request.map(|r| r.to_string()).unwrap_or_default(),
        action: draft.action.as_str().to_owned(),
        account: draft.account.map(|a| a.to_string()).unwrap_or_default(),
        subjects: subjects.iter().map(Subject::to_string).collect::<Vec<_>>().join(" "),
        revision: heads.revision,
        details: serde_json::Value::Object(draft.details).to_string(),
    };
    let hash = columns.hash(&heads.hash);
    sqlx::query(concat!("INSERT INTO audit (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"))
        .bind(column::integer(columns.sequence))
        .bind(columns.id)
        .bind(columns.at)
        .bind(columns.author)
        .bind(columns.request)
        .bind(columns.action)
        .bind(columns.account)
        .bind(columns.subjects)
        .bind(column::integer(columns.revision))
        .bind(columns.details)
        .bind(hash.to_vec())
        .execute(tx)
        .await?;
    heads.sequence += 1;
    heads.hash = hash;
    Ok(())
}

/// Entries, newest first: of one account, or of all.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    account: Option<AccountId>,
    page: Page<AuditId>,
) -> Result<List<AuditEntry, AuditId>, StoreError> {
    let account = account.map(|a| a.to_string());
    let before = match page.after {
        None => i64::MAX,
        Some(id) => {
            let find = "SELECT sequence FROM audit WHERE id = $1 AND ($2 IS NULL OR account = $2)";
            let row = sqlx::query(find).bind(id.to_string()).bind(&account).fetch_optional(&mut *connection).await?;
            column::integer(column::count(&row.ok_or(StoreError::NotFound { what: "audit entry" })?, 0)?)
        }
    };
    let statement = match account {
        None => concat!("SELECT ", columns!(), " FROM audit WHERE sequence < $1 ORDER BY sequence DESC LIMIT $2"),
        Some(_) => concat!(
            "SELECT ",
            columns!(),
            " FROM audit WHERE account = $3 AND sequence < $1 ORDER BY sequence DESC LIMIT $2"
        ),
    };
    let mut query = sqlx::query(statement).bind(before).bind(page.fetch());
    if account.is_some() {
        query = query.bind(account);
    }
    let rows = query.fetch_all(connection).await?;
    let entries = rows.iter().map(|row| {
        let (columns, hash) = Columns::read(row)?;
        columns.into_entry(hash)
    });
    Ok(List::of(entries.collect::<Result<_, _>>()?, &page, |entry| entry.id))
}

/// Entries of an account behind a place in the chain, oldest first: what somebody who watches has not seen.
pub(crate) async fn behind(
    connection: &mut SqliteConnection,
    account: AccountId,
    after: u64,
    limit: u16,
) -> Result<Vec<AuditEntry>, StoreError> {
    let statement =
        concat!("SELECT ", columns!(), " FROM audit WHERE account = $1 AND sequence > $2 ORDER BY sequence LIMIT $3");
    let query = sqlx::query(statement).bind(account.to_string()).bind(column::integer(after)).bind(i64::from(limit));
    let rows = query.fetch_all(connection).await?;
    let read = |row| Columns::read(row).and_then(|(columns, hash)| columns.into_entry(hash));
    rows.iter().map(read).collect()
}

/// The place of the last entry of an account; 0 when there is none.
pub(crate) async fn last(connection: &mut SqliteConnection, account: AccountId) -> Result<u64, StoreError> {
    let statement = "SELECT COALESCE(MAX(sequence), 0) FROM audit WHERE account = $1";
    column::count(&sqlx::query(statement).bind(account.to_string()).fetch_one(connection).await?, 0)
}

/// Walks along the whole chain and names the first entry that does not fit.
pub(crate) async fn verify(connection: &mut SqliteConnection) -> Result<AuditReport, StoreError> {
    verify_behind(connection, AuditHead::default()).await
}

/// Walks along the last entry only: cheap enough for every start.
pub(crate) async fn verify_end(connection: &mut SqliteConnection) -> Result<AuditReport, StoreError> {
    let before = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1 OFFSET 1";
    let start = match sqlx::query(before).fetch_optional(&mut *connection).await? {
        Some(row) => AuditHead { sequence: column::count(&row, 0)?, hash: column::bytes(&row, 1)? },
        None => AuditHead::default(),
    };
    verify_behind(connection, start).await
}

async fn verify_behind(connection: &mut SqliteConnection, start: AuditHead) -> Result<AuditReport, StoreError> {
    let statement = concat!("SELECT ", columns!(), " FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2");
    let mut head = start;
    let mut revision = 0;
    loop {
        let query = sqlx::query(statement).bind(column::integer(head.sequence)).bind(VERIFY_CHUNK);
        let rows = query.fetch_all(&mut *connection).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            if let Some(broken) = check(row, &head, &mut revision) {
                return Ok(AuditReport { head, broken: Some(broken) });
            }
            head = AuditHead { sequence: head.sequence + 1, hash: column::bytes(row, 10)? };
        }
    }
    // Every change writes an entry, so a chain that ends before the change log has lost its end.
    let end = sqlx::query("SELECT COALESCE(MAX(revision), 0) FROM change_log").fetch_one(&mut *connection).await?;
    let end = column::count(&end, 0)?;
    let broken = (revision != end).then(|| AuditBreak {
        sequence: head.sequence + 1,
        id: String::new(),
        what: format!(
            "the change log goes to revision {end}, the audit chain to {revision}: entries or changes are missing"
        ),
    });
    Ok(AuditReport { head, broken })
}

/// Whether `row` is the entry behind `head`. `revision` is that of the entry before, and moves on.
fn check(row: &SqliteRow, head: &AuditHead, revision: &mut u64) -> Option<AuditBreak> {
    let expected = head.sequence + 1;
    let broken = |sequence, id: &str, what: String| Some(AuditBreak { sequence, id: id.to_owned(), what });
    let (columns, hash) = match Columns::read(row) {
        Ok(read) => read,
        Err(error) => return broken(expected, "", error.to_string()),
    };
    if columns.sequence != expected {
        return broken(expected, "", format!("the entry is missing; the next one is {}", columns.sequence));
    }
    if columns.hash(&head.hash) != hash {
        return broken(expected, &columns.id, "the hash does not fit the entry and the one before it".to_owned());
    }
    if columns.revision < *revision {
        return broken(expected, &columns.id, "the revision is lower than that of the entry before".to_owned());
    }
    *revision = columns.revision;
    None
}
