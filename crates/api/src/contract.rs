//! The contract: every operation of the control API, once, with its authority, its types and its refusals.
//!
//! Owns:  the table below. `control` mounts handlers against it, `openapi` writes the document from it: neither can
//!        say something that the other does not.
//! Never: does anything.
//! Read:  `Operation`, then the table.

use crate::{
    account::{AccountCreated, AccountIn, AccountOut},
    audit::{AuditEntryOut, AuditVerified},
    catalogue::OperationOut,
    code::Code,
    company::{CompanyChanged, CompanyDeleted, CompanyIn, CompanyOut, CompanyPatch},
    explain::{ExplainIn, ExplainOut},
    identity::{IdentityChanged, IdentityIn, IdentityOut},
    key::{EndPreviousIn, KeyChanged, KeyDeleted, KeyIn, KeyIssued, KeyOut, KeyPatch, KeysQuery, RotateIn},
    openapi::{Document, Entry},
    operator_token::{OperatorTokenChanged, OperatorTokenCreated, OperatorTokenIn, OperatorTokenOut},
    page::{Page, PageQuery},
    request::{RequestOut, RequestTraceOut, RequestsQuery},
    status::{Alive, Ready},
    usage::{KeyUsageOut, UsageQuery},
};
use model::{AccountId, CompanyId, HttpMethod, IdentityId, KeyId, OperatorTokenId, RequestId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema, openapi::path::Parameter};

/// Who may ask for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authority {
    /// Anyone: it tells nothing that is not public.
    Anyone,
    /// Whoever holds a valid operator token. No API key ever is one (D8).
    Operator,
}

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It only looks.
    Reads,
    /// It changes something, and answers when the change is in force (D14).
    Changes,
}

/// One operation of the control API.
pub trait Operation: Send + Sync + 'static {
    /// Its name: `keys_revoke`.
    const ID: &'static str;
    /// The group that it stands in.
    const TAG: &'static str;
    /// Its method.
    const METHOD: HttpMethod;
    /// Its path, with `{parameters}`.
    const PATH: &'static str;
    /// What it does: a sentence, then particulars.
    const DOC: &'static [&'static str];
    /// Who may ask for it.
    const AUTHORITY: Authority;
    /// Whether it changes anything.
    const EFFECT: Effect;
    /// The status of its answer.
    const STATUS: u16;
    /// What it may refuse besides what every operation of its form may.
    const REFUSALS: &'static [Code];
    /// What its path names.
    type Target: Target;
    /// Its query parameters.
    type Query: DeserializeOwned + IntoParams + Send;
    /// Its body.
    type Body: DeserializeOwned + ToSchema + Send;
    /// Its answer.
    type Answer: Serialize + ToSchema + Send;
}

/// What the parameters of a path name.
pub trait Target: Copy + Send + 'static {
    /// From the parameters' texts, in order. `None`: no such thing can exist.
    fn read(texts: &[&str]) -> Option<Self>;
}

/// A path without parameters.
#[derive(Clone, Copy, Debug)]
pub struct Everywhere;

/// A path below an account.
#[derive(Clone, Copy, Debug)]
pub struct AtAccount {
    /// `{account_id}`
    pub account: AccountId,
}

/// A path of a company.
#[derive(Clone, Copy, Debug)]
pub struct AtCompany {
    /// `{account_id}`
    pub account: AccountId,
    /// `{company_id}`
    pub company: CompanyId,
}

/// A path of a key.
#[derive(Clone, Copy, Debug)]
pub struct AtKey {
    /// `{account_id}`
    pub account: AccountId,
    /// `{key_id}`
    pub key: KeyId,
}

/// A path of an identity.
#[derive(Clone, Copy, Debug)]
pub struct AtIdentity {
    /// `{account_id}`
    pub account: AccountId,
    /// `{identity_id}`
    pub identity: IdentityId,
}

/// A path of a request with a key of an account.
#[derive(Clone, Copy, Debug)]
pub struct AtRequest {
    /// `{account_id}`
    pub account: AccountId,
    /// `{request_id}`
    pub request: RequestId,
}

/// A path of any request.
#[derive(Clone, Copy, Debug)]
pub struct AtAnyRequest {
    /// `{request_id}`
    pub request: RequestId,
}

/// A path of an operator token.
#[derive(Clone, Copy, Debug)]
pub struct AtOperatorToken {
    /// `{operator_token_id}`
    pub token: OperatorTokenId,
}

impl Target for Everywhere {
    fn read(texts: &[&str]) -> Option<Self> {
        texts.is_empty().then_some(Self)
    }
}

impl Target for AtAccount {
    fn read(texts: &[&str]) -> Option<Self> {
        let [account] = texts else { return None };
        Some(Self { account: account.parse().ok()? })
    }
}

impl Target for AtCompany {
    fn read(texts: &[&str]) -> Option<Self> {
        let [account, company] = texts else { return None };
        Some(Self { account: account.parse().ok()?, company: company.parse().ok()? })
    }
}

impl Target for AtKey {
    fn read(texts: &[&str]) -> Option<Self> {
        let [account, key] = texts else { return None };
        Some(Self { account: account.parse().ok()?, key: key.parse().ok()? })
    }
}

impl Target for AtIdentity {
    fn read(texts: &[&str]) -> Option<Self> {
        let [account, identity] = texts else { return None };
        Some(Self { account: account.parse().ok()?, identity: identity.parse().ok()? })
    }
}

impl Target for AtRequest {
    fn read(texts: &[&str]) -> Option<Self> {
        let [account, request] = texts else { return None };
        Some(Self { account: account.parse().ok()?, request: request.parse().ok()? })
    }
}

impl Target for AtAnyRequest {
    fn read(texts: &[&str]) -> Option<Self> {
        let [request] = texts else { return None };
        Some(Self { request: request.parse().ok()? })
    }
}

impl Target for AtOperatorToken {
    fn read(texts: &[&str]) -> Option<Self> {
        let [token] = texts else { return None };
        Some(Self { token: token.parse().ok()? })
    }
}

/// No query parameters; any is refused.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoQuery {}

impl IntoParams for NoQuery {
    fn into_params(_: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>) -> Vec<Parameter> {
        Vec::new()
    }
}

/// No body, or an empty JSON object.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoBody {}

macro_rules! operations {
    ($($(#[doc = $doc:literal])+ $name:ident: $tag:literal $id:literal $method:ident $path:literal,
        $authority:ident $effect:ident, ($target:ty, $query:ty, $body:ty) -> $status:literal $answer:ty
        $(, refuses $($code:ident)+)?;)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Operation for $name {
                const ID: &'static str = $id;
                const TAG: &'static str = $tag;
                const METHOD: HttpMethod = HttpMethod::$method;
                const PATH: &'static str = $path;
                const DOC: &'static [&'static str] = &[$($doc),+];
                const AUTHORITY: Authority = Authority::$authority;
                const EFFECT: Effect = Effect::$effect;
                const STATUS: u16 = $status;
                const REFUSALS: &'static [Code] = &[$($(Code::$code),+)?];
                type Target = $target;
                type Query = $query;
                type Body = $body;
                type Answer = $answer;
            }
        )+

        /// The whole table, in the order in which it is documented.
        #[must_use]
        pub fn table() -> Vec<Entry> {
            vec![$(Entry::of::<$name>()),+]
        }
    };
}

operations! {
    /// Create an account.
    /// The answer shows the secrets of its primary key, test and live, once and never again.
    AccountsCreate: "Accounts" "accounts_create" Post "/v1/accounts",
        Operator Changes, (Everywhere, NoQuery, AccountIn) -> 201 AccountCreated, refuses LimitReached;

    /// List accounts, newest first.
    AccountsList: "Accounts" "accounts_list" Get "/v1/accounts",
        Operator Reads, (Everywhere, PageQuery, NoBody) -> 200 Page<AccountOut>;

    /// Show an account.
    AccountsGet: "Accounts" "accounts_get" Get "/v1/accounts/{account_id}",
        Operator Reads, (AtAccount, NoQuery, NoBody) -> 200 AccountOut;

    /// Create a company.
    CompaniesCreate: "Companies" "companies_create" Post "/v1/accounts/{account_id}/companies",
        Operator Changes, (AtAccount, NoQuery, CompanyIn) -> 201 CompanyChanged, refuses ExternalNameTaken LimitReached;

    /// List the companies of an account, newest first.
    CompaniesList: "Companies" "companies_list" Get "/v1/accounts/{account_id}/companies",
        Operator Reads, (AtAccount, PageQuery, NoBody) -> 200 Page<CompanyOut>;

    /// Show a company.
    CompaniesGet: "Companies" "companies_get" Get "/v1/accounts/{account_id}/companies/{company_id}",
        Operator Reads, (AtCompany, NoQuery, NoBody) -> 200 CompanyOut;

    /// Change a company.
    CompaniesUpdate: "Companies" "companies_update" Patch "/v1/accounts/{account_id}/companies/{company_id}",
        Operator Changes, (AtCompany, NoQuery, CompanyPatch) -> 200 CompanyChanged,
        refuses ExternalNameTaken LimitReached StaleVersion;

    /// Delete a company.
    /// Keys restricted to it lose it. A key that loses its last company reaches nothing: it never comes to reach all.
    CompaniesDelete: "Companies" "companies_delete" Delete "/v1/accounts/{account_id}/companies/{company_id}",
        Operator Changes, (AtCompany, NoQuery, NoBody) -> 200 CompanyDeleted;

    /// Let the people of an issuer and directory act in an account.
    /// Their bearer tokens then open operations for members and administrators there. A pair acts in one account only.
    IdentitiesCreate: "Identities" "identities_create" Post "/v1/accounts/{account_id}/identities",
        Operator Changes, (AtAccount, NoQuery, IdentityIn) -> 201 IdentityChanged, refuses Conflict LimitReached;

    /// List whose people act in an account, newest first.
    IdentitiesList: "Identities" "identities_list" Get "/v1/accounts/{account_id}/identities",
        Operator Reads, (AtAccount, PageQuery, NoBody) -> 200 Page<IdentityOut>;

    /// Take that back.
    /// When the answer arrives none of their requests passes any more, and those in flight are cut.
    IdentitiesDelete: "Identities" "identities_delete" Delete "/v1/accounts/{account_id}/identities/{identity_id}",
        Operator Changes, (AtIdentity, NoQuery, NoBody) -> 200 IdentityChanged;

    /// Create a restricted key.
    /// The answer shows its secrets once and never again. Without any wish the key is read-only, for all companies, in
    /// both environments, without expiry, usable from every address and from no web page. Its findings say what its owner
    /// should look at.
    KeysCreate: "Keys" "keys_create" Post "/v1/accounts/{account_id}/keys",
        Operator Changes, (AtAccount, NoQuery, KeyIn) -> 201 KeyIssued, refuses LimitReached;

    /// List the keys of an account, newest first. Deleted keys are out of view.
    KeysList: "Keys" "keys_list" Get "/v1/accounts/{account_id}/keys",
        Operator Reads, (AtAccount, KeysQuery, NoBody) -> 200 Page<KeyOut>;

    /// Show a key. Its secrets are never shown again.
    KeysGet: "Keys" "keys_get" Get "/v1/accounts/{account_id}/keys/{key_id}",
        Operator Reads, (AtKey, NoQuery, NoBody) -> 200 KeyOut;

    /// Change the settings of a key.
    /// Of the primary key only description, networks, limits and rotation reminder can be changed.
    KeysUpdate: "Keys" "keys_update" Patch "/v1/accounts/{account_id}/keys/{key_id}",
        Operator Changes, (AtKey, NoQuery, KeyPatch) -> 200 KeyChanged,
        refuses KeyFinal PrimaryKeyProtected StaleVersion;

    /// Switch a key off, reversibly.
    /// When the answer arrives no request with the key passes any more, and those in flight are cut.
    KeysDisable: "Keys" "keys_disable" Post "/v1/accounts/{account_id}/keys/{key_id}/disable",
        Operator Changes, (AtKey, NoQuery, NoBody) -> 200 KeyChanged, refuses KeyFinal;

    /// Switch a disabled key on again.
    KeysEnable: "Keys" "keys_enable" Post "/v1/accounts/{account_id}/keys/{key_id}/enable",
        Operator Changes, (AtKey, NoQuery, NoBody) -> 200 KeyChanged, refuses KeyFinal;

    /// Give a key new secrets.
    /// The answer shows them once. The client ids stay. The old secrets live on for the overlap; secrets that were older
    /// still end at once.
    KeysRotate: "Keys" "keys_rotate" Post "/v1/accounts/{account_id}/keys/{key_id}/rotate",
        Operator Changes, (AtKey, NoQuery, RotateIn) -> 200 KeyIssued, refuses KeyFinal;

    /// End the old secrets of a rotation before their overlap is over.
    KeysEndPrevious: "Keys" "keys_end_previous" Post "/v1/accounts/{account_id}/keys/{key_id}/end-previous",
        Operator Changes, (AtKey, NoQuery, EndPreviousIn) -> 200 KeyChanged, refuses KeyFinal;

    /// Revoke a key, for good.
    /// When the answer arrives no request with the key passes any more, and those in flight are cut. The primary key
    /// cannot be revoked: rotate it with overlap_seconds 0, or disable it.
    KeysRevoke: "Keys" "keys_revoke" Post "/v1/accounts/{account_id}/keys/{key_id}/revoke",
        Operator Changes, (AtKey, NoQuery, NoBody) -> 200 KeyChanged, refuses PrimaryKeyProtected;

    /// Delete a key: revoke it and take it out of view.
    /// The primary key cannot be deleted.
    KeysDelete: "Keys" "keys_delete" Delete "/v1/accounts/{account_id}/keys/{key_id}",
        Operator Changes, (AtKey, NoQuery, NoBody) -> 200 KeyDeleted, refuses PrimaryKeyProtected;

    /// Count how often a key was used, by operation and outcome.
    /// The counts are complete, also where the request log leaves requests out. They are up to a second behind.
    KeysUsage: "Keys" "keys_usage" Get "/v1/accounts/{account_id}/keys/{key_id}/usage",
        Operator Reads, (AtKey, UsageQuery, NoBody) -> 200 KeyUsageOut;

    /// List the requests with an account's keys, newest first.
    /// They are kept for 15 days unless the deployment says otherwise, and appear within about a second.
    RequestsList: "Requests" "requests_list" Get "/v1/accounts/{account_id}/requests",
        Operator Reads, (AtAccount, RequestsQuery, NoBody) -> 200 Page<RequestOut>;

    /// Show a request with one of an account's keys: why it was refused, and what would allow it.
    /// It can be asked for as soon as its answer has arrived.
    RequestsGet: "Requests" "requests_get" Get "/v1/accounts/{account_id}/requests/{request_id}",
        Operator Reads, (AtRequest, NoQuery, NoBody) -> 200 RequestTraceOut;

    /// Show any request by its id alone, also one without a key.
    RequestsFind: "Requests" "requests_find" Get "/v1/requests/{request_id}",
        Operator Reads, (AtAnyRequest, NoQuery, NoBody) -> 200 RequestTraceOut;

    /// List the changes made in an account, newest first.
    AuditList: "Audit" "audit_list" Get "/v1/accounts/{account_id}/audit",
        Operator Reads, (AtAccount, PageQuery, NoBody) -> 200 Page<AuditEntryOut>;

    /// List the changes made in the whole deployment, newest first.
    AuditListAll: "Audit" "audit_list_all" Get "/v1/audit",
        Operator Reads, (Everywhere, PageQuery, NoBody) -> 200 Page<AuditEntryOut>;

    /// Walk along the whole audit chain and say whether every entry fits.
    AuditVerify: "Audit" "audit_verify" Get "/v1/audit/verify",
        Operator Reads, (Everywhere, NoQuery, NoBody) -> 200 AuditVerified;

    /// List the operations of the upstream, in the order of the catalogue.
    OperationsList: "Operations" "operations_list" Get "/v1/operations",
        Operator Reads, (Everywhere, PageQuery, NoBody) -> 200 Page<OperationOut>;

    /// Say what would happen to a request, and which change would allow it.
    /// It runs the checks of the gateway on the request that is described; nothing is sent.
    Explain: "Operations" "explain" Post "/v1/explain",
        Operator Reads, (Everywhere, NoQuery, ExplainIn) -> 200 ExplainOut, refuses NotFound;

    /// Create an operator token.
    /// The answer shows its text once and never again.
    OperatorTokensCreate: "Operator tokens" "operator_tokens_create" Post "/v1/operator-tokens",
        Operator Changes, (Everywhere, NoQuery, OperatorTokenIn) -> 201 OperatorTokenCreated, refuses LimitReached;

    /// List operator tokens, newest first, revoked ones too.
    OperatorTokensList: "Operator tokens" "operator_tokens_list" Get "/v1/operator-tokens",
        Operator Reads, (Everywhere, PageQuery, NoBody) -> 200 Page<OperatorTokenOut>;

    /// Revoke an operator token, for good.
    /// The next request with it is refused. Revoking the last one locks everybody out of this API; a new token can then
    /// only be made on the machine that holds the data folder.
    OperatorTokensRevoke: "Operator tokens" "operator_tokens_revoke" Post "/v1/operator-tokens/{operator_token_id}/revoke",
        Operator Changes, (AtOperatorToken, NoQuery, NoBody) -> 200 OperatorTokenChanged;

    /// This document.
    OpenapiGet: "Node" "openapi_get" Get "/v1/openapi.json",
        Anyone Reads, (Everywhere, NoQuery, NoBody) -> 200 Document;

    /// Whether the process lives.
    HealthGet: "Node" "health_get" Get "/healthz",
        Anyone Reads, (Everywhere, NoQuery, NoBody) -> 200 Alive;

    /// Whether every part of this node is ready to serve.
    ReadyGet: "Node" "ready_get" Get "/readyz",
        Anyone Reads, (Everywhere, NoQuery, NoBody) -> 200 Ready, refuses NotReady;
}
