//! People: who can sign in, where they are signed in, and where they are members.
//!
//! Owns:  `PeopleStore`. What is a person's alone is reached here; what is an account's, through `AccountStore`.
//! Never: sees a password, a token or a code: hashes and sealed bytes are handed in.
//! Read:  `PeopleStore`, then `session`, `member`, `invitation`.

pub(crate) mod attempt;
pub(crate) mod invitation;
pub(crate) mod member;
pub(crate) mod person;
pub(crate) mod person_change;
pub(crate) mod registration;
pub(crate) mod session;

pub use attempt::{Attempt, Brake};
pub use invitation::{Accepting, InvitationRow, NewInvitation};
pub use member::{KeysFate, MemberRow, Membership};
pub use person::{IssuerSubject, LinkedSubject, NewPerson, PersonRow};
pub use person_change::Sessions;
pub use registration::{NewRegistration, Registered};
pub use session::{NewSession, Proof, Rotation, SESSIONS_MAX, SessionRow};

pub(crate) use member::require;

use crate::{
    error::StoreError,
    page::{List, Page},
    stamp::{Committed, Stamp},
    store::Store,
};
use attempt::{Forgive, TakeAttempt};
use invitation::Accept;
use model::{AccountId, EmailAddress, Member, MemberId, PersonId, Secret, SecretHash, SessionId, Timestamp};
use person_change::{ChangePerson, CreatePerson, DeletePerson, TakeRecoveryCode, TakeTotpStep, What};
use registration::Register;
use session::{End, EndAll, SignIn, Touch};

/// Everybody who can sign in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PeopleStore(Store);

impl PeopleStore {
    pub(crate) const fn new(store: Store) -> Self {
        Self(store)
    }

    /// Whether anybody can sign in.
    pub async fn any(&self) -> Result<bool, StoreError> {
        person::any(&mut *self.0.reader().await?).await
    }

    /// One person.
    pub async fn person(&self, id: PersonId) -> Result<PersonRow, StoreError> {
        person::find(&mut *self.0.reader().await?, id).await
    }

    /// Whoever has this address.
    pub async fn by_email(&self, email: &EmailAddress) -> Result<Option<PersonRow>, StoreError> {
        person::by_email(&mut *self.0.reader().await?, email).await
    }

    /// Whom an issuer means.
    pub async fn by_subject(&self, subject: &IssuerSubject) -> Result<Option<PersonRow>, StoreError> {
        person::by_subject(&mut *self.0.reader().await?, subject).await
    }

    /// What issuers call a person, the oldest first.
    pub async fn links(&self, person: PersonId) -> Result<Vec<LinkedSubject>, StoreError> {
        person::links(&mut *self.0.reader().await?, person).await
    }

    /// Everybody, newest first.
    pub async fn persons(&self, page: Page<PersonId>) -> Result<List<PersonRow, PersonId>, StoreError> {
        person::list(&mut *self.0.reader().await?, page).await
    }

    /// Where a person is what, the oldest membership first.
    pub async fn memberships(&self, person: PersonId) -> Result<Vec<Membership>, StoreError> {
        member::memberships(&mut *self.0.reader().await?, person).await
    }

    /// What a person is in an account, if anything.
    pub async fn membership(&self, person: PersonId, account: AccountId) -> Result<Option<Member>, StoreError> {
        member::of_person(&mut *self.0.reader().await?, person, account).await
    }

    /// Registers an account with its owner. `EmailTaken` when somebody has the address.
    pub async fn register(&self, stamp: Stamp, new: NewRegistration) -> Result<Committed<Registered>, StoreError> {
        self.0.commit(stamp, Register(new)).await
    }

    /// Somebody new whom an issuer vouches for, signed in.
    pub async fn create_person(
        &self,
        stamp: Stamp,
        person: NewPerson,
        subject: IssuerSubject,
        session: NewSession,
    ) -> Result<Committed<PersonRow>, StoreError> {
        self.0.commit(stamp, CreatePerson { person, subject, session }).await
    }

    /// Begins a session. `proven_by` is what was verified: `NotFound` when password or second factor are others meanwhile.
    /// `links` is an issuer's subject that becomes theirs.
    pub async fn sign_in(
        &self,
        stamp: Stamp,
        person: PersonId,
        proven_by: Option<Proof>,
        links: Option<IssuerSubject>,
        session: NewSession,
    ) -> Result<Committed<PersonRow>, StoreError> {
        self.0.commit(stamp, SignIn { person, proven_by, links, session }).await
    }

    /// The session with this hash that is neither over nor idle since before `seen_since`.
    pub async fn session(
        &self,
        hash: &SecretHash,
        now: Timestamp,
        seen_since: Timestamp,
    ) -> Result<Option<SessionRow>, StoreError> {
        session::by_hash(&mut *self.0.reader().await?, hash, now, seen_since).await
    }

    /// The session with this id, under the same conditions.
    pub async fn session_by_id(
        &self,
        id: SessionId,
        now: Timestamp,
        seen_since: Timestamp,
    ) -> Result<Option<SessionRow>, StoreError> {
        session::by_id(&mut *self.0.reader().await?, id, now, seen_since).await
    }

    /// Where a person is signed in, newest first.
    pub async fn sessions(
        &self,
        person: PersonId,
        now: Timestamp,
        seen_since: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError> {
        session::list(&mut *self.0.reader().await?, person, now, seen_since).await
    }

    /// Notes that a session was used.
    pub async fn touch(&self, stamp: Stamp, session: SessionId) -> Result<Committed<()>, StoreError> {
        self.0.commit(stamp, Touch(session)).await
    }

    /// Ends one session of a person.
    pub async fn end_session(
        &self,
        stamp: Stamp,
        person: PersonId,
        session: SessionId,
    ) -> Result<Committed<()>, StoreError> {
        self.0.commit(stamp, End { person, session }).await
    }

    /// Ends every session of a person.
    pub async fn end_sessions(&self, stamp: Stamp, person: PersonId) -> Result<Committed<()>, StoreError> {
        self.0.commit(stamp, EndAll(person)).await
    }

    /// Gives a person another name.
    pub async fn rename(
        &self,
        stamp: Stamp,
        person: PersonId,
        name: String,
    ) -> Result<Committed<PersonRow>, StoreError> {
        self.change(stamp, person, What::Name(name), Sessions::Keep).await
    }

    /// Gives a person another password. `before` has to be the present one.
    pub async fn set_password(
        &self,
        stamp: Stamp,
        person: PersonId,
        (before, after): (Secret<String>, Secret<String>),
        sessions: Sessions,
    ) -> Result<Committed<PersonRow>, StoreError> {
        self.change(stamp, person, What::Password { before, after }, sessions).await
    }

    /// Keeps a second factor, sealed, to be confirmed.
    pub async fn offer_totp(
        &self,
        stamp: Stamp,
        person: PersonId,
        sealed: Vec<u8>,
    ) -> Result<Committed<PersonRow>, StoreError> {
        self.change(stamp, person, What::OfferTotp(sealed), Sessions::Keep).await
    }

    /// The offered second factor is asked for from now on. `step` is that of the code that confirmed it.
    pub async fn confirm_totp(
        &self,
        stamp: Stamp,
        person: PersonId,
        (offered, step): (Vec<u8>, u64),
        recovery: Vec<SecretHash>,
        sessions: Sessions,
    ) -> Result<Committed<PersonRow>, StoreError> {
        self.change(stamp, person, What::ConfirmTotp { offered, step, recovery }, sessions).await
    }

    /// No second factor any more, and no recovery codes.
    pub async fn remove_totp(
        &self,
        stamp: Stamp,
        person: PersonId,
        sessions: Sessions,
    ) -> Result<Committed<PersonRow>, StoreError> {
        self.change(stamp, person, What::RemoveTotp, sessions).await
    }

    /// Other recovery codes; the ones before end.
    pub async fn set_recovery_codes(
        &self,
        stamp: Stamp,
        person: PersonId,
        codes: Vec<SecretHash>,
    ) -> Result<Committed<PersonRow>, StoreError> {
        self.change(stamp, person, What::Recovery(codes), Sessions::Keep).await
    }

    /// An issuer's subject is the person's from now on.
    pub async fn link(
        &self,
        stamp: Stamp,
        person: PersonId,
        subject: IssuerSubject,
    ) -> Result<Committed<PersonRow>, StoreError> {
        self.change(stamp, person, What::Link(subject), Sessions::Keep).await
    }

    /// Issuers' subjects are the person's no more. `LastWayIn` when they have no password and none of `others`.
    pub async fn unlink(
        &self,
        stamp: Stamp,
        person: PersonId,
        (subjects, others): (Vec<IssuerSubject>, Vec<IssuerSubject>),
        sessions: Sessions,
    ) -> Result<Committed<PersonRow>, StoreError> {
        self.change(stamp, person, What::Unlink { subjects, others }, sessions).await
    }

    async fn change(
        &self,
        stamp: Stamp,
        person: PersonId,
        what: What,
        sessions: Sessions,
    ) -> Result<Committed<PersonRow>, StoreError> {
        self.0.commit(stamp, ChangePerson { person, what, sessions }).await
    }

    /// Forgets a person. An account may be left without an owner: only the operator asks for this.
    pub async fn delete_person(&self, stamp: Stamp, person: PersonId) -> Result<Committed<()>, StoreError> {
        self.0.commit(stamp, DeletePerson(person)).await
    }

    /// Takes the time step of a code that was right. `false`: it was taken before (RFC 6238 section 5.2).
    pub async fn take_totp_step(
        &self,
        stamp: Stamp,
        person: PersonId,
        step: u64,
    ) -> Result<Committed<bool>, StoreError> {
        self.0.commit(stamp, TakeTotpStep { person, step }).await
    }

    /// Uses a recovery code up. `false`: the person has none with this hash.
    pub async fn take_recovery_code(
        &self,
        stamp: Stamp,
        person: PersonId,
        hash: SecretHash,
    ) -> Result<Committed<bool>, StoreError> {
        self.0.commit(stamp, TakeRecoveryCode { person, hash }).await
    }

    /// The invitation with this hash whose time is not over, and the name of its account.
    pub async fn invitation(&self, hash: &SecretHash, now: Timestamp) -> Result<(InvitationRow, String), StoreError> {
        let connection = &mut *self.0.snapshot().await?;
        let invitation = invitation::by_hash(connection, hash, now).await?;
        let account = crate::account::find(connection, invitation.account).await?;
        Ok((invitation, account.name))
    }

    /// Whether an address is invited into any account.
    pub async fn is_invited(&self, email: &EmailAddress, now: Timestamp) -> Result<bool, StoreError> {
        invitation::invited(&mut *self.0.reader().await?, email, now).await
    }

    /// Accepts an invitation. `NotFound` when it is of no use to them; `AlreadyMember`; `EmailTaken` when somebody has the
    /// address and is not signed in.
    pub async fn accept(
        &self,
        stamp: Stamp,
        hash: SecretHash,
        member: MemberId,
        who: Accepting,
    ) -> Result<Committed<(PersonRow, Member)>, StoreError> {
        self.0.commit(stamp, Accept { hash, member, who }).await
    }

    /// Takes an attempt, which counts as failed until it is forgiven; or says when the next may be made.
    pub async fn attempt(&self, stamp: Stamp, brakes: Vec<Brake>) -> Result<Committed<Attempt>, StoreError> {
        self.0.commit(stamp, TakeAttempt(brakes)).await
    }

    /// The attempt succeeded: `cleared` begin anew, and of `counted` this one is taken off.
    pub async fn forgive(
        &self,
        stamp: Stamp,
        cleared: Vec<[u8; 32]>,
        counted: Vec<[u8; 32]>,
    ) -> Result<Committed<()>, StoreError> {
        self.0.commit(stamp, Forgive { cleared, counted }).await
    }
}
