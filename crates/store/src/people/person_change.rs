//! Changes of persons: name, password, second factor, recovery codes.
//!
//! Owns:  the writing statements on them, and that a change of a proof ends every other session.
//! Never: verifies a proof; `control` does, and hands in what it found.
//! Read:  top down.

use super::{
    invitation, member,
    person::{self, IssuerSubject, NewPerson, PersonRow},
    session::{self, NewSession, Rotation},
};
use crate::{
    account::check_name,
    audit::{AuditAction, Draft},
    commit::{Change, Effect},
    error::{ConflictReason, StoreError},
    options::Options,
    stamp::{Stamp, Subject},
};
use model::{PersonId, Secret, SecretHash};
use serde_json::{Map, Value, json};
use sqlx::SqliteConnection;

/// What is changed of a person.
pub(crate) enum What {
    /// The name.
    Name(String),
    /// The password, as a PHC string; `before` has to be the present one.
    Password { before: Secret<String>, after: Secret<String> },
    /// A second factor to be confirmed, sealed.
    OfferTotp(Vec<u8>),
    /// The offered one is confirmed, by the code of this step, and gets these recovery codes.
    ConfirmTotp { offered: Vec<u8>, step: u64, recovery: Vec<SecretHash> },
    /// No second factor any more.
    RemoveTotp,
    /// Other recovery codes.
    Recovery(Vec<SecretHash>),
    /// A subject of an issuer is theirs.
    Link(IssuerSubject),
    /// These subjects are theirs no more. `others` are those that still sign them in.
    Unlink { subjects: Vec<IssuerSubject>, others: Vec<IssuerSubject> },
}

impl What {
    const fn action(&self) -> AuditAction {
        match self {
            Self::Name(_) | Self::OfferTotp(_) => AuditAction::PersonUpdated,
            Self::Password { .. } => AuditAction::PersonPasswordChanged,
            Self::ConfirmTotp { .. } => AuditAction::PersonTotpEnabled,
            Self::RemoveTotp => AuditAction::PersonTotpDisabled,
            Self::Recovery(_) => AuditAction::PersonRecoveryCodesMade,
            Self::Link(_) => AuditAction::PersonLinked,
            Self::Unlink { .. } => AuditAction::PersonUnlinked,
        }
    }
}

/// What becomes of the sessions of a person who is changed.
#[derive(Clone, Copy, Debug)]
pub enum Sessions {
    /// They go on.
    Keep,
    /// One gets a new token, the others end.
    Rotate(Rotation),
    /// All end.
    End,
}

pub(crate) struct ChangePerson {
    pub(crate) person: PersonId,
    pub(crate) what: What,
    pub(crate) sessions: Sessions,
}

impl Change for ChangePerson {
    type Value = PersonRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let person = person::find(tx, self.person).await?;
        let action = self.what.action();
        let Some(details) = change(tx, &person, self.what, stamp).await? else {
            return Ok(Effect::unchanged(person));
        };
        let ended = match self.sessions {
            Sessions::Keep => Vec::new(),
            Sessions::Rotate(rotation) => session::rotate(tx, person.id, rotation).await?,
            Sessions::End => session::end_others(tx, person.id, None).await?,
        };
        let subjects = std::iter::once(Subject::Person(person.id)).chain(ended).collect();
        let person = person::find(tx, person.id).await?;
        Ok(Effect::changed(person, Draft { action, account: None, details }, subjects))
    }
}

/// Changes the rows. `None`: everything was so already.
async fn change(
    tx: &mut SqliteConnection,
    person: &PersonRow,
    what: What,
    stamp: &Stamp,
) -> Result<Option<Map<String, Value>>, StoreError> {
    let mut details = Map::new();
    let id = person.id.to_bytes().to_vec();
    match what {
        What::Name(name) => {
            check_name(&name)?;
            if name == person.name {
                return Ok(None);
            }
            details.insert("name".into(), json!({ "from": person.name, "to": name }));
            sqlx::query("UPDATE persons SET name = $1 WHERE id = $2").bind(name).bind(id).execute(tx).await?;
        }
        What::Password { before, after } => {
            let statement = "UPDATE persons SET password = $1 WHERE id = $2 AND password = $3";
            let query = sqlx::query(statement).bind(after.expose().clone()).bind(id).bind(before.expose().clone());
            if query.execute(tx).await?.rows_affected() == 0 {
                return Err(ConflictReason::SecondFactor("the password was changed meanwhile").into());
            }
        }
        What::OfferTotp(sealed) => {
            if person.totp.is_some() {
                return Err(ConflictReason::SecondFactor("there is one; give it up first").into());
            }
            details.insert("second_factor".into(), json!("offered"));
            let query = sqlx::query("UPDATE persons SET totp_offered = $1 WHERE id = $2").bind(sealed).bind(id);
            query.execute(tx).await?;
        }
        What::ConfirmTotp { offered, step, recovery } => {
            if person.totp.is_some() || person.totp_offered.as_ref() != Some(&offered) {
                return Err(ConflictReason::SecondFactor("none is waiting to be confirmed").into());
            }
            let statement = "UPDATE persons SET totp = $1, totp_offered = NULL, totp_step = $2 WHERE id = $3";
            let query = sqlx::query(statement).bind(offered).bind(crate::column::integer(step)).bind(id);
            query.execute(&mut *tx).await?;
            set_recovery(tx, person.id, &recovery).await?;
        }
        What::RemoveTotp => {
            if person.totp.is_none() && person.totp_offered.is_none() {
                return Ok(None);
            }
            let statement = "UPDATE persons SET totp = NULL, totp_offered = NULL WHERE id = $1";
            sqlx::query(statement).bind(id).execute(&mut *tx).await?;
            set_recovery(tx, person.id, &[]).await?;
        }
        What::Recovery(codes) => {
            if person.totp.is_none() {
                return Err(ConflictReason::SecondFactor("there is none").into());
            }
            set_recovery(tx, person.id, &codes).await?;
        }
        What::Link(subject) => {
            if !person::link(tx, person.id, &subject, stamp.now).await? {
                return Ok(None);
            }
            details.insert("issuer".into(), json!(subject.issuer));
        }
        What::Unlink { subjects, others } => {
            if person::unlink(tx, person.id, &subjects).await? == 0 {
                return Ok(None);
            }
            keep_a_way_in(tx, person, &others).await?;
            details.insert("issuer".into(), json!(subjects.first().map(|subject| &subject.issuer)));
        }
    }
    Ok(Some(details))
}

/// Refuses what would leave somebody without a way in. Asked here, since two at once could each count on the other's.
async fn keep_a_way_in(
    tx: &mut SqliteConnection,
    person: &PersonRow,
    others: &[IssuerSubject],
) -> Result<(), StoreError> {
    if person.password.is_some() {
        return Ok(());
    }
    let left = person::links(tx, person.id).await?;
    if left.iter().any(|link| others.contains(&link.subject)) { Ok(()) } else { Err(ConflictReason::LastWayIn.into()) }
}

async fn set_recovery(tx: &mut SqliteConnection, person: PersonId, codes: &[SecretHash]) -> Result<(), StoreError> {
    let id = person.to_bytes().to_vec();
    sqlx::query("DELETE FROM recovery_codes WHERE person_id = $1").bind(id.clone()).execute(&mut *tx).await?;
    for code in codes {
        let query = sqlx::query("INSERT INTO recovery_codes (person_id, hash) VALUES ($1, $2)").bind(id.clone());
        query.bind(code.as_bytes().to_vec()).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Takes a code's time step, so that no code is taken twice (RFC 6238 section 5.2). Whether it was free.
pub(crate) struct TakeTotpStep {
    pub(crate) person: PersonId,
    pub(crate) step: u64,
}

impl Change for TakeTotpStep {
    type Value = bool;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        _stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let statement = "UPDATE persons SET totp_step = $1 WHERE id = $2 AND totp_step < $1";
        let query =
            sqlx::query(statement).bind(crate::column::integer(self.step)).bind(self.person.to_bytes().to_vec());
        Ok(Effect::unchanged(query.execute(tx).await?.rows_affected() > 0))
    }
}

/// Uses a recovery code up. Whether there was one with this hash.
pub(crate) struct TakeRecoveryCode {
    pub(crate) person: PersonId,
    pub(crate) hash: SecretHash,
}

impl Change for TakeRecoveryCode {
    type Value = bool;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        _stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let query = sqlx::query("DELETE FROM recovery_codes WHERE person_id = $1 AND hash = $2");
        let query = query.bind(self.person.to_bytes().to_vec()).bind(self.hash.as_bytes().to_vec());
        if query.execute(tx).await?.rows_affected() == 0 {
            return Ok(Effect::unchanged(false));
        }
        let draft = Draft { action: AuditAction::PersonRecoveryCodeUsed, account: None, details: Map::new() };
        Ok(Effect::changed(true, draft, vec![Subject::Person(self.person)]))
    }
}

/// Somebody new whom an issuer vouches for, signed in.
pub(crate) struct CreatePerson {
    pub(crate) person: NewPerson,
    pub(crate) subject: IssuerSubject,
    pub(crate) session: NewSession,
}

impl Change for CreatePerson {
    type Value = PersonRow;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let person = person::insert(tx, &self.person, stamp.now).await?;
        person::link(tx, person.id, &self.subject, stamp.now).await?;
        let mut subjects = vec![Subject::Person(person.id)];
        subjects.extend(session::insert(tx, person.id, &self.session, stamp.now).await?);
        let mut details = session::details(&self.session);
        details.insert("email".into(), json!(person.email.as_str()));
        details.insert("issuer".into(), json!(self.subject.issuer));
        Ok(Effect::changed(person, Draft { action: AuditAction::PersonCreated, account: None, details }, subjects))
    }
}

/// Forgets a person: their proofs, their sessions, their places in accounts and whom they invited there. The audit chain goes on
/// naming them. `LastOwner` when an account with other members would be left without an owner.
pub(crate) struct DeletePerson(pub(crate) PersonId);

impl Change for DeletePerson {
    type Value = ();

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        _stamp: &Stamp,
        _options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let person = person::find(tx, self.0).await?;
        let members = member::memberships(tx, person.id).await?;
        member::keep_owners_of(tx, &members).await?;
        let id = person.id.to_bytes().to_vec();
        let mut subjects = vec![Subject::Person(person.id)];
        subjects.extend(session::end_others(tx, person.id, None).await?);
        for membership in &members {
            subjects.push(Subject::Member(membership.member.id));
            subjects.extend(invitation::end_beyond(tx, &membership.member, None).await?);
        }
        for statement in [
            "DELETE FROM recovery_codes WHERE person_id = $1",
            "DELETE FROM subjects WHERE person_id = $1",
            "DELETE FROM members WHERE person_id = $1",
            "DELETE FROM persons WHERE id = $1",
        ] {
            sqlx::query(statement).bind(id.clone()).execute(&mut *tx).await?;
        }
        let mut details = Map::new();
        details.insert("email".into(), json!(person.email.as_str()));
        let accounts: Vec<String> = members.iter().map(|membership| membership.member.account.to_string()).collect();
        details.insert("accounts".into(), json!(accounts));
        Ok(Effect::changed((), Draft { action: AuditAction::PersonDeleted, account: None, details }, subjects))
    }
}
