//! Registrations: an account, its owner and its primary key, all at once (R18).
//!
//! Owns:  the one change that makes them together, so that no account is left without an owner.
//! Never: decides who may register; `control` does.
//! Read:  `NewRegistration`.

use super::{
    member,
    person::{self, NewPerson, PersonRow},
    session::{self, NewSession},
};
use crate::{
    account::CreateAccount,
    commit::{Change, Effect},
    error::StoreError,
    key::{KeyRow, NewKey},
    options::Options,
    stamp::{Stamp, Subject},
};
use model::{Account, Member, Role};
use serde_json::{Map, json};
use sqlx::SqliteConnection;

/// An account with its owner, who is signed in.
#[derive(Clone, Debug)]
pub struct NewRegistration {
    /// The account.
    pub account: Account,
    /// Its primary key.
    pub primary: NewKey,
    /// Who registers.
    pub person: NewPerson,
    /// What they are there: its owner.
    pub member: Member,
    /// Where they are signed in.
    pub session: NewSession,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The account.
    pub account: Account,
    /// Its primary key.
    pub primary: KeyRow,
    /// Its owner.
    pub person: PersonRow,
}

pub(crate) struct Register(pub(crate) NewRegistration);

impl Change for Register {
    type Value = Registered;

    async fn apply(
        self,
        tx: &mut SqliteConnection,
        stamp: &Stamp,
        options: &Options,
    ) -> Result<Effect<Self::Value>, StoreError> {
        let NewRegistration { account, primary, person, member, session } = self.0;
        if member.account != account.id || member.person != person.id || member.role != Role::Owner {
            return Err(StoreError::invalid("whoever registers an account is its owner"));
        }
        // The address first: one that is taken is the commonest refusal, and costs the least here.
        let person = person::insert(tx, &person, stamp.now).await?;
        let created = CreateAccount { account, primary }.apply(tx, stamp, options).await?;
        member::insert(tx, &member, stamp.now).await?;
        let sessions = session::insert(tx, person.id, &session, stamp.now).await?;
        let mut details = Map::new();
        details.insert("owner".into(), json!(person.email.as_str()));
        let subjects = [Subject::Person(person.id), Subject::Member(member.id)].into_iter().chain(sessions).collect();
        Ok(created.with(subjects, details).map(|(account, primary)| Registered { account, primary, person }))
    }
}
