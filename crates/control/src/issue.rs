//! Issue: making accounts, keys and tokens with fresh ids and secrets (R67, D1, D2).
//!
//! Owns:  what a new secret is made of, and the one moment in which its text exists.
//! Never: stores anything; the text leaves in an `Issued…` value and nowhere else.
//! Read:  `Issuer::key`. `server` uses it too, for the first account and the first operator token.

use crate::authority::TOKEN_HEAD;
use api::key::{CredentialSecret, KeyDraft, KeySecrets, SecretText};
use model::{
    Account, AccountId, AuditId, ClientId, Company, CompanyId, CompanyRestriction, Credential, Entropy, Environment,
    Environments, Identity, IdentityId, InvitationId, Key, KeyId, KeyKind, KeyLimits, KeyShape, KeyStatus, KeyText,
    MemberId, NetworkList, OperatorTokenId, OriginList, PersonId, Preset, RequestId, SecretHash, SecretSlot, SessionId,
    Timestamp, key_text,
};
use store::{NewKey, NewOperatorToken};

/// Makes new things: `now` and `fill` (the system's CSPRNG) are the caller's.
pub struct Issuer<'a> {
    /// How the keys of this deployment begin.
    pub shape: &'a KeyShape,
    /// The present.
    pub now: Timestamp,
    /// Fills a buffer with randomness.
    pub fill: &'a dyn Fn(&mut [u8]),
}

/// A key to be stored, and its secrets to be shown once.
#[derive(Debug)]
pub struct IssuedKey {
    /// What the store takes.
    pub new: NewKey,
    /// What the owner gets.
    pub secrets: KeySecrets,
}

/// An account and its primary key to be stored, and the key's secrets to be shown once (R18).
#[derive(Debug)]
pub struct IssuedAccount {
    /// The account.
    pub account: Account,
    /// Its primary key.
    pub primary: IssuedKey,
}

/// An operator token to be stored, and its text to be shown once.
#[derive(Debug)]
pub struct IssuedToken {
    /// What the store takes.
    pub new: NewOperatorToken,
    /// What the operator gets.
    pub text: KeyText,
}

impl Issuer<'_> {
    /// A new account with its primary key: full access, both environments, no expiry (R18).
    #[must_use]
    pub fn account(&self, name: String) -> IssuedAccount {
        let account = Account { id: AccountId::new(self.now, self.entropy()), name, created_at: self.now };
        let draft = KeyDraft {
            description: String::new(),
            preset: Preset::FullAccess,
            companies: CompanyRestriction::All,
            environments: Environments::Both,
            expires_at: None,
            origins: OriginList::default(),
            networks: NetworkList::default(),
            limits: KeyLimits::default(),
            rotate_every_days: None,
        };
        let primary = self.key(account.id, KeyKind::Primary, draft);
        IssuedAccount { account, primary }
    }

    /// A new company.
    pub(crate) fn company(&self, account: AccountId, draft: api::company::CompanyDraft) -> Company {
        Company {
            id: CompanyId::new(self.now, self.entropy()),
            account,
            name: draft.name,
            external_names: draft.external_names,
            created_at: self.now,
        }
    }

    /// A new mapping of an issuer and directory to an account.
    pub(crate) fn identity(&self, account: AccountId, issuer: String, directory: String) -> Identity {
        Identity { id: IdentityId::new(self.now, self.entropy()), account, issuer, directory, created_at: self.now }
    }

    /// A new key with one secret for each of its environments.
    #[must_use]
    pub fn key(&self, account: AccountId, kind: KeyKind, draft: KeyDraft) -> IssuedKey {
        let key = Key {
            id: KeyId::new(self.now, self.entropy()),
            account,
            kind,
            description: draft.description,
            status: KeyStatus::Active,
            preset: draft.preset,
            companies: draft.companies,
            environments: draft.environments,
            origins: draft.origins,
            networks: draft.networks,
            limits: draft.limits,
            rotate_every_days: draft.rotate_every_days,
            expires_at: draft.expires_at,
            created_at: self.now,
        };
        let clients = draft.environments.iter().map(|environment| (environment, self.client_id()));
        let (credentials, secrets) = self.secrets(&key, clients);
        IssuedKey { new: NewKey { key, credentials }, secrets }
    }

    /// New secrets for an existing key; its client ids stay (D41).
    pub(crate) fn secrets(
        &self,
        key: &Key,
        clients: impl Iterator<Item = (Environment, ClientId)>,
    ) -> (Vec<Credential>, KeySecrets) {
        let mut credentials = Vec::new();
        let mut secrets = KeySecrets { key_id: key.id.to_string(), test: None, live: None };
        for (environment, client_id) in clients {
            let text = self.shape.generate(key.kind, environment, &mut |buffer| (self.fill)(buffer));
            credentials.push(Credential {
                client_id,
                environment,
                hash: SecretHash::of(text.expose().as_bytes()),
                last_four: last_four(&text),
                slot: SecretSlot::Current,
                ends_at: None,
            });
            let secret =
                CredentialSecret { client_id: self.shape.client_text(client_id), secret: SecretText::new(text) };
            match environment {
                Environment::Test => secrets.test = Some(secret),
                Environment::Live => secrets.live = Some(secret),
            }
        }
        (credentials, secrets)
    }

    /// A new operator token.
    #[must_use]
    pub fn operator_token(&self, description: String) -> IssuedToken {
        let text = key_text::token_text(TOKEN_HEAD, &mut |buffer| (self.fill)(buffer));
        let id = OperatorTokenId::new(self.now, self.entropy());
        IssuedToken { new: NewOperatorToken { id, hash: SecretHash::of(text.expose().as_bytes()), description }, text }
    }

    /// An id for the audit entry of a change.
    #[must_use]
    pub fn audit_id(&self) -> AuditId {
        AuditId::new(self.now, self.entropy())
    }

    pub(crate) fn request_id(&self) -> RequestId {
        RequestId::new(self.now, self.entropy())
    }

    pub(crate) fn person_id(&self) -> PersonId {
        PersonId::new(self.now, self.entropy())
    }

    pub(crate) fn member_id(&self) -> MemberId {
        MemberId::new(self.now, self.entropy())
    }

    pub(crate) fn session_id(&self) -> SessionId {
        SessionId::new(self.now, self.entropy())
    }

    pub(crate) fn invitation_id(&self) -> InvitationId {
        InvitationId::new(self.now, self.entropy())
    }

    fn client_id(&self) -> ClientId {
        let mut bytes = [0; 12];
        (self.fill)(&mut bytes);
        ClientId::from_bytes(bytes)
    }

    fn entropy(&self) -> Entropy {
        let mut bytes = [0; 10];
        (self.fill)(&mut bytes);
        Entropy(bytes)
    }
}

fn last_four(text: &KeyText) -> [u8; 4] {
    text.expose().as_bytes().last_chunk().copied().unwrap_or_default()
}
