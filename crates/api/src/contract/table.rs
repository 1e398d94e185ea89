//! The table: every operation of the control API.
//!
//! Owns:  names, paths, authority, types and refusals, in the order in which they are documented.
//! Never: does anything.
//! Read:  top down.

use super::{
    AtAccount, AtAnyRequest, AtCompany, AtDevice, AtIdentity, AtInvitation, AtKey, AtMember, AtOperatorToken, AtPerson,
    AtProvider, AtRequest, Authority, Effect, Everywhere, NoBody, NoQuery, Operation,
};
use crate::{
    account::{AccountCreated, AccountIn, AccountOut},
    answer::{EventStream, Nothing, Redirect},
    audit::{AuditEntryOut, AuditVerified, AuditVerifiedInAccount},
    catalogue::OperationOut,
    code::Code,
    company::{CompanyChanged, CompanyDeleted, CompanyIn, CompanyOut, CompanyPatch},
    explain::{ExplainIn, ExplainOut},
    identity::{IdentityChanged, IdentityIn, IdentityOut},
    invitation::{
        InvitationAcceptIn, InvitationCreated, InvitationIn, InvitationOut, InvitationSeen, InvitationTokenIn,
    },
    key::{EndPreviousIn, KeyChanged, KeyDeleted, KeyIn, KeyIssued, KeyOut, KeyPatch, KeysQuery, RotateIn},
    member::{MemberChanged, MemberDeleteQuery, MemberDeleted, MemberOut, MemberPatch},
    openapi::{Document, Entry},
    operator_token::{OperatorTokenChanged, OperatorTokenCreated, OperatorTokenIn, OperatorTokenOut},
    overview::{OverviewOut, OverviewQuery},
    page::{Page, PageQuery},
    person::{
        ConfirmationIn, LinkedProviderOut, MePatch, PasswordIn, PersonRecordOut, ProviderLinkStarted, RecoveryCodesOut,
        TotpCodeIn, TotpIn, TotpOffIn, TotpOffered,
    },
    request::{RequestOut, RequestTraceOut, RequestsQuery},
    session::{DeviceOut, OidcCallbackQuery, RegistrationIn, RegistrationOut, SessionView, SignInIn, SignInOptionsOut},
    status::{Alive, Ready},
    usage::{KeyUsageOut, UsageQuery},
};
use model::HttpMethod;

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
        Viewer Reads, (AtAccount, NoQuery, NoBody) -> 200 AccountOut;

    /// Create a company.
    CompaniesCreate: "Companies" "companies_create" Post "/v1/accounts/{account_id}/companies",
        Developer Changes, (AtAccount, NoQuery, CompanyIn) -> 201 CompanyChanged, refuses ExternalNameTaken LimitReached;

    /// List the companies of an account, newest first.
    CompaniesList: "Companies" "companies_list" Get "/v1/accounts/{account_id}/companies",
        Viewer Reads, (AtAccount, PageQuery, NoBody) -> 200 Page<CompanyOut>;

    /// Show a company.
    CompaniesGet: "Companies" "companies_get" Get "/v1/accounts/{account_id}/companies/{company_id}",
        Viewer Reads, (AtCompany, NoQuery, NoBody) -> 200 CompanyOut;

    /// Change a company.
    CompaniesUpdate: "Companies" "companies_update" Patch "/v1/accounts/{account_id}/companies/{company_id}",
        Developer Changes, (AtCompany, NoQuery, CompanyPatch) -> 200 CompanyChanged,
        refuses ExternalNameTaken LimitReached StaleVersion;

    /// Delete a company.
    /// Keys restricted to it lose it. A key that loses its last company reaches nothing: it never comes to reach all.
    CompaniesDelete: "Companies" "companies_delete" Delete "/v1/accounts/{account_id}/companies/{company_id}",
        Developer Changes, (AtCompany, NoQuery, NoBody) -> 200 CompanyDeleted;

    /// Let the people of an issuer and directory act in an account.
    /// Their bearer tokens then open operations for members and administrators there. A pair acts in one account only.
    IdentitiesCreate: "Identities" "identities_create" Post "/v1/accounts/{account_id}/identities",
        Operator Changes, (AtAccount, NoQuery, IdentityIn) -> 201 IdentityChanged, refuses Conflict LimitReached;

    /// List whose people act in an account, newest first.
    IdentitiesList: "Identities" "identities_list" Get "/v1/accounts/{account_id}/identities",
        Admin Reads, (AtAccount, PageQuery, NoBody) -> 200 Page<IdentityOut>;

    /// Take that back.
    /// When the answer arrives none of their requests passes any more, and those in flight are cut.
    IdentitiesDelete: "Identities" "identities_delete" Delete "/v1/accounts/{account_id}/identities/{identity_id}",
        Operator Changes, (AtIdentity, NoQuery, NoBody) -> 200 IdentityChanged;

    /// Create a restricted key.
    /// The answer shows its secrets once and never again. Without any wish the key is read-only, for all companies, in
    /// both environments, without expiry, usable from every address and from no web page. Its findings say what its owner
    /// should look at.
    KeysCreate: "Keys" "keys_create" Post "/v1/accounts/{account_id}/keys",
        Developer Changes, (AtAccount, NoQuery, KeyIn) -> 201 KeyIssued, refuses LimitReached;

    /// List the keys of an account, newest first. Deleted keys are out of view.
    KeysList: "Keys" "keys_list" Get "/v1/accounts/{account_id}/keys",
        Viewer Reads, (AtAccount, KeysQuery, NoBody) -> 200 Page<KeyOut>;

    /// Show a key. Its secrets are never shown again.
    KeysGet: "Keys" "keys_get" Get "/v1/accounts/{account_id}/keys/{key_id}",
        Viewer Reads, (AtKey, NoQuery, NoBody) -> 200 KeyOut;

    /// Change the settings of a key.
    /// Of the primary key only description, networks, limits and rotation reminder can be changed.
    KeysUpdate: "Keys" "keys_update" Patch "/v1/accounts/{account_id}/keys/{key_id}",
        Developer Changes, (AtKey, NoQuery, KeyPatch) -> 200 KeyChanged,
        refuses KeyFinal PrimaryKeyProtected StaleVersion;

    /// Switch a key off, reversibly.
    /// When the answer arrives no request with the key passes any more, and those in flight are cut.
    KeysDisable: "Keys" "keys_disable" Post "/v1/accounts/{account_id}/keys/{key_id}/disable",
        Developer Changes, (AtKey, NoQuery, NoBody) -> 200 KeyChanged, refuses KeyFinal;

    /// Switch a disabled key on again.
    KeysEnable: "Keys" "keys_enable" Post "/v1/accounts/{account_id}/keys/{key_id}/enable",
        Developer Changes, (AtKey, NoQuery, NoBody) -> 200 KeyChanged, refuses KeyFinal;

    /// Give a key new secrets.
    /// The answer shows them once. The client ids stay. The old secrets live on for the overlap; secrets that were older
    /// still end at once.
    KeysRotate: "Keys" "keys_rotate" Post "/v1/accounts/{account_id}/keys/{key_id}/rotate",
        Developer Changes, (AtKey, NoQuery, RotateIn) -> 200 KeyIssued, refuses KeyFinal;

    /// End the old secrets of a rotation before their overlap is over.
    KeysEndPrevious: "Keys" "keys_end_previous" Post "/v1/accounts/{account_id}/keys/{key_id}/end-previous",
        Developer Changes, (AtKey, NoQuery, EndPreviousIn) -> 200 KeyChanged, refuses KeyFinal;

    /// Revoke a key, for good.
    /// When the answer arrives no request with the key passes any more, and those in flight are cut. The primary key
    /// cannot be revoked: rotate it with overlap_seconds 0, or disable it.
    KeysRevoke: "Keys" "keys_revoke" Post "/v1/accounts/{account_id}/keys/{key_id}/revoke",
        Developer Changes, (AtKey, NoQuery, NoBody) -> 200 KeyChanged, refuses PrimaryKeyProtected;

    /// Delete a key: revoke it and take it out of view.
    /// The primary key cannot be deleted.
    KeysDelete: "Keys" "keys_delete" Delete "/v1/accounts/{account_id}/keys/{key_id}",
        Developer Changes, (AtKey, NoQuery, NoBody) -> 200 KeyDeleted, refuses PrimaryKeyProtected;

    /// Count how often a key was used, by operation and outcome.
    /// The counts are complete, also where the request log leaves requests out. They are up to a second behind.
    KeysUsage: "Keys" "keys_usage" Get "/v1/accounts/{account_id}/keys/{key_id}/usage",
        Viewer Reads, (AtKey, UsageQuery, NoBody) -> 200 KeyUsageOut;

    /// List the requests with an account's keys, newest first.
    /// They are kept for 15 days unless the deployment says otherwise, and appear within about a second.
    RequestsList: "Requests" "requests_list" Get "/v1/accounts/{account_id}/requests",
        Viewer Reads, (AtAccount, RequestsQuery, NoBody) -> 200 Page<RequestOut>;

    /// Show a request with one of an account's keys: why it was refused, and what would allow it.
    /// It can be asked for as soon as its answer has arrived.
    RequestsGet: "Requests" "requests_get" Get "/v1/accounts/{account_id}/requests/{request_id}",
        Viewer Reads, (AtRequest, NoQuery, NoBody) -> 200 RequestTraceOut;

    /// Show any request by its id alone, also one without a key.
    RequestsFind: "Requests" "requests_find" Get "/v1/requests/{request_id}",
        Operator Reads, (AtAnyRequest, NoQuery, NoBody) -> 200 RequestTraceOut;

    /// Show an account at a glance: requests by outcome over time, the keys most used, refusals by reason, findings.
    /// The counts are up to a second behind.
    OverviewGet: "Requests" "overview_get" Get "/v1/accounts/{account_id}/overview",
        Viewer Reads, (AtAccount, OverviewQuery, NoBody) -> 200 OverviewOut;

    /// Follow what changes in an account, as server-sent events.
    /// Each is a hint only: whoever gets one reads again what it names. One may be lost; none tells what changed.
    EventsFollow: "Requests" "events_follow" Get "/v1/accounts/{account_id}/events",
        Viewer Reads, (AtAccount, NoQuery, NoBody) -> 200 EventStream;

    /// List the changes made in an account, newest first.
    AuditList: "Audit" "audit_list" Get "/v1/accounts/{account_id}/audit",
        Viewer Reads, (AtAccount, PageQuery, NoBody) -> 200 Page<AuditEntryOut>;

    /// Say whether the audit chain of the deployment, which the account's entries are part of, is whole.
    /// A walk of the last minute is answered again.
    AuditVerifyInAccount: "Audit" "audit_verify_in_account" Get "/v1/accounts/{account_id}/audit/verification",
        Viewer Reads, (AtAccount, NoQuery, NoBody) -> 200 AuditVerifiedInAccount;

    /// List the changes made in the whole deployment, newest first.
    AuditListAll: "Audit" "audit_list_all" Get "/v1/audit",
        Operator Reads, (Everywhere, PageQuery, NoBody) -> 200 Page<AuditEntryOut>;

    /// Walk along the whole audit chain and say whether every entry fits.
    AuditVerify: "Audit" "audit_verify" Get "/v1/audit/verify",
        Operator Reads, (Everywhere, NoQuery, NoBody) -> 200 AuditVerified;

    /// List the operations of the upstream, in the order of the catalogue.
    OperationsList: "Operations" "operations_list" Get "/v1/operations",
        AnyMember Reads, (Everywhere, PageQuery, NoBody) -> 200 Page<OperationOut>;

    /// Say what would happen to a request, and which change would allow it.
    /// It runs the checks of the gateway on the request that is described; nothing is sent.
    Explain: "Operations" "explain" Post "/v1/explain",
        Operator Reads, (Everywhere, NoQuery, ExplainIn) -> 200 ExplainOut, refuses NotFound;

    /// Say what would happen to a request with a key of an account, and which change would allow it.
    /// The same as explain, for members. account_id is that of the path and may be left out.
    ExplainInAccount: "Operations" "explain_in_account" Post "/v1/accounts/{account_id}/explain",
        Developer Reads, (AtAccount, NoQuery, ExplainIn) -> 200 ExplainOut;

    /// Say how people sign in here.
    /// needs_first_owner: nobody can sign in yet; the operator invites the first owner of an account.
    SignInOptionsGet: "Sign-in" "sign_in_options_get" Get "/v1/sign-in-options",
        Anyone Reads, (Everywhere, NoQuery, NoBody) -> 200 SignInOptionsOut, refuses StoreUnavailable;

    /// Register: an account, its owner and its primary key.
    /// The answer shows the secrets of the primary key, test and live, once and never again, and signs the owner in. Only
    /// where the deployment lets anybody register.
    RegistrationsCreate: "Sign-in" "registrations_create" Post "/v1/registrations",
        Anyone Changes, (Everywhere, NoQuery, RegistrationIn) -> 201 RegistrationOut,
        refuses RegistrationClosed EmailTaken LimitReached TooManyAttempts StoreUnavailable;

    /// Sign in with a password, and with a code where the person has a second factor.
    /// The answer sets the session's cookie. An unknown address and a wrong password have one answer.
    SessionCreate: "Sign-in" "session_create" Post "/v1/session",
        Anyone Changes, (Everywhere, NoQuery, SignInIn) -> 201 SessionView,
        refuses SignInFailed SecondFactorRequired TooManyAttempts StoreUnavailable;

    /// Show who is signed in, in which accounts, and what they may do there.
    SessionGet: "Sign-in" "session_get" Get "/v1/session",
        SignedIn Reads, (Everywhere, NoQuery, NoBody) -> 200 SessionView;

    /// Sign out here.
    SessionDelete: "Sign-in" "session_delete" Delete "/v1/session",
        SignedIn Changes, (Everywhere, NoQuery, NoBody) -> 204 Nothing;

    /// Go to a provider to sign in there.
    /// This links nothing to whoever is signed in already: me_providers_link does.
    OidcStart: "Sign-in" "oidc_start" Get "/v1/sign-in/oidc/{provider_id}",
        Anyone Reads, (AtProvider, NoQuery, NoBody) -> 302 Redirect, refuses ProviderUnavailable StoreUnavailable;

    /// Come back from a provider.
    /// Where that failed, the browser goes on to /sign-in, or to /settings when it was there to link a provider, with error in
    /// its query: a code of this document.
    OidcCallback: "Sign-in" "oidc_callback" Get "/v1/sign-in/oidc/{provider_id}/callback",
        Anyone Reads, (AtProvider, OidcCallbackQuery, NoBody) -> 302 Redirect;

    /// Show what an invitation is for.
    InvitationsLookUp: "Sign-in" "invitations_look_up" Post "/v1/invitations/look-up",
        Anyone Reads, (Everywhere, NoQuery, InvitationTokenIn) -> 200 InvitationSeen,
        refuses InvitationInvalid StoreUnavailable;

    /// Accept an invitation.
    /// Who has no account of their own here yet gives a name and a password and is signed in. Who has one signs in first and
    /// accepts with the session; it has to be the address that was invited.
    InvitationsAccept: "Sign-in" "invitations_accept" Post "/v1/invitations/accept",
        Anyone Changes, (Everywhere, NoQuery, InvitationAcceptIn) -> 201 SessionView,
        refuses InvitationInvalid NotSignedIn AlreadyMember LimitReached StoreUnavailable;

    /// Change one's name.
    MeUpdate: "Me" "me_update" Patch "/v1/me",
        SignedIn Changes, (Everywhere, NoQuery, MePatch) -> 200 SessionView;

    /// Change one's password.
    /// Every other session of the person ends, and this one gets a new cookie.
    MePassword: "Me" "me_password" Put "/v1/me/password",
        SignedIn Changes, (Everywhere, NoQuery, PasswordIn) -> 200 SessionView,
        refuses ConfirmationFailed Conflict TooManyAttempts;

    /// Begin to set up a second factor (RFC 6238).
    /// It is asked for only once a code was confirmed. The secret is shown here and never again.
    MeTotpCreate: "Me" "me_totp_create" Post "/v1/me/totp",
        SignedIn Changes, (Everywhere, NoQuery, TotpIn) -> 200 TotpOffered,
        refuses ConfirmationFailed Conflict TooManyAttempts;

    /// Confirm the second factor with a code.
    /// The answer shows ten recovery codes, once. Every other session ends, and this one gets a new cookie.
    MeTotpConfirm: "Me" "me_totp_confirm" Put "/v1/me/totp",
        SignedIn Changes, (Everywhere, NoQuery, TotpCodeIn) -> 200 RecoveryCodesOut,
        refuses ConfirmationFailed Conflict TooManyAttempts;

    /// Give the second factor up.
    /// Every other session ends, and this one gets a new cookie.
    MeTotpDelete: "Me" "me_totp_delete" Delete "/v1/me/totp",
        SignedIn Changes, (Everywhere, NoQuery, TotpOffIn) -> 200 SessionView,
        refuses ConfirmationFailed Conflict TooManyAttempts;

    /// Make new recovery codes; the old ones end.
    /// They are shown here and never again.
    MeRecoveryCodes: "Me" "me_recovery_codes" Post "/v1/me/recovery-codes",
        SignedIn Changes, (Everywhere, NoQuery, TotpCodeIn) -> 200 RecoveryCodesOut,
        refuses ConfirmationFailed Conflict TooManyAttempts;

    /// List the providers that one signs in with, the oldest link first.
    /// Links to a provider that is not configured any more sign nobody in and are not shown.
    MeProvidersList: "Me" "me_providers_list" Get "/v1/me/providers",
        SignedIn Reads, (Everywhere, NoQuery, NoBody) -> 200 Page<LinkedProviderOut>;

    /// Begin to link a provider, as a further way to sign in.
    /// Password and code are asked for from who has them. The provider's account is linked once the browser, which gets a
    /// cookie for it, has been to location and come back.
    MeProvidersLink: "Me" "me_providers_link" Post "/v1/me/providers/{provider_id}",
        SignedIn Changes, (AtProvider, NoQuery, ConfirmationIn) -> 200 ProviderLinkStarted,
        refuses ConfirmationFailed ProviderUnavailable TooManyAttempts;

    /// Remove what links one to a provider.
    /// Password and code are asked for from who has them. Who has no password keeps the last provider. Every other session
    /// ends, and this one gets a new cookie.
    MeProvidersUnlink: "Me" "me_providers_unlink" Delete "/v1/me/providers/{provider_id}",
        SignedIn Changes, (AtProvider, NoQuery, ConfirmationIn) -> 200 SessionView,
        refuses ConfirmationFailed Conflict TooManyAttempts;

    /// List where one is signed in, newest first.
    MeSessionsList: "Me" "me_sessions_list" Get "/v1/me/sessions",
        SignedIn Reads, (Everywhere, NoQuery, NoBody) -> 200 Page<DeviceOut>;

    /// Sign out somewhere.
    MeSessionsDelete: "Me" "me_sessions_delete" Delete "/v1/me/sessions/{session_id}",
        SignedIn Changes, (AtDevice, NoQuery, NoBody) -> 204 Nothing;

    /// Sign out everywhere, here too.
    MeSessionsDeleteAll: "Me" "me_sessions_delete_all" Delete "/v1/me/sessions",
        SignedIn Changes, (Everywhere, NoQuery, NoBody) -> 204 Nothing;

    /// List the members of an account, newest first.
    MembersList: "Members" "members_list" Get "/v1/accounts/{account_id}/members",
        Viewer Reads, (AtAccount, PageQuery, NoBody) -> 200 Page<MemberOut>;

    /// Change the role of a member.
    /// An admin makes nobody an owner and changes none. The last owner stays one.
    MembersUpdate: "Members" "members_update" Patch "/v1/accounts/{account_id}/members/{member_id}",
        Admin Changes, (AtMember, NoQuery, MemberPatch) -> 200 MemberChanged, refuses LastOwner;

    /// Remove a member from an account.
    /// When they created or rotated keys, keys says what becomes of those: keep, disable or revoke. Without it the answer is
    /// a refusal that tells how many there are.
    MembersDelete: "Members" "members_delete" Delete "/v1/accounts/{account_id}/members/{member_id}",
        Admin Changes, (AtMember, MemberDeleteQuery, NoBody) -> 200 MemberDeleted,
        refuses LastOwner MemberHasKeys;

    /// Invite somebody into an account.
    /// The answer shows the link once and never again. It works once, for 7 days.
    InvitationsCreate: "Members" "invitations_create" Post "/v1/accounts/{account_id}/invitations",
        Admin Changes, (AtAccount, NoQuery, InvitationIn) -> 201 InvitationCreated,
        refuses AlreadyMember LimitReached RegistrationClosed;

    /// List the invitations of an account that can still be accepted, newest first.
    InvitationsList: "Members" "invitations_list" Get "/v1/accounts/{account_id}/invitations",
        Admin Reads, (AtAccount, PageQuery, NoBody) -> 200 Page<InvitationOut>;

    /// Take an invitation back.
    InvitationsDelete: "Members" "invitations_delete" Delete "/v1/accounts/{account_id}/invitations/{invitation_id}",
        Admin Changes, (AtInvitation, NoQuery, NoBody) -> 204 Nothing;

    /// List everybody who can sign in here, newest first.
    PersonsList: "Persons" "persons_list" Get "/v1/persons",
        Operator Reads, (Everywhere, PageQuery, NoBody) -> 200 Page<PersonRecordOut>;

    /// List where a person is signed in, newest first.
    PersonsSessions: "Persons" "persons_sessions" Get "/v1/persons/{person_id}/sessions",
        Operator Reads, (AtPerson, NoQuery, NoBody) -> 200 Page<DeviceOut>;

    /// Sign a person out everywhere.
    PersonsSignOut: "Persons" "persons_sign_out" Delete "/v1/persons/{person_id}/sessions",
        Operator Changes, (AtPerson, NoQuery, NoBody) -> 204 Nothing;

    /// Take a person's second factor away, for somebody who lost it.
    /// Their recovery codes end with it, and so does every session.
    PersonsTotpDelete: "Persons" "persons_totp_delete" Delete "/v1/persons/{person_id}/totp",
        Operator Changes, (AtPerson, NoQuery, NoBody) -> 204 Nothing;

    /// Forget a person: they cannot sign in any more and are a member nowhere.
    /// For somebody who lost their password too, and then invite them again. Keys that they created stay. Where they are the
    /// only owner of an account with other members, make one of those an owner first. An account that has nobody else keeps its
    /// keys, and the operator invites its next owner.
    PersonsDelete: "Persons" "persons_delete" Delete "/v1/persons/{person_id}",
        Operator Changes, (AtPerson, NoQuery, NoBody) -> 204 Nothing, refuses LastOwner;

    /// Create an operator token.
    /// The answer shows its text once and never again.
    OperatorTokensCreate: "Operator tokens" "operator_tokens_create" Post "/v1/operator-tokens",
        Operator Changes, (Everywhere, NoQuery, OperatorTokenIn) -> 201 OperatorTokenCreated, refuses LimitReached;

    /// List operator tokens, newest first, revoked ones too.
    OperatorTokensList: "Operator tokens" "operator_tokens_list" Get "/v1/operator-tokens",
        Operator Reads, (Everywhere, PageQuery, NoBody) -> 200 Page<OperatorTokenOut>;

    /// Revoke an operator token, for good.
    /// The next request with it is refused, and open invitations that were made with it end. Revoking the last one locks everybody out of this API; a new token can then
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
