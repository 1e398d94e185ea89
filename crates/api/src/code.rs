//! Codes: every refusal of the control API, each with its status, title and standard sentence.
//!
//! Owns:  the closed list; the OpenAPI document and the reference page are written from it.
//! Never: the gateway's refusals; those are `model::Denial`.
//! Read:  `Code::answer`.

/// A refusal by the control API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The query string has an unknown, repeated or unreadable parameter.
    InvalidQuery,
    /// The body is not JSON.
    MalformedJson,
    /// The request cannot be read at all.
    MalformedRequest,
    /// No operator token, or one that is not valid; the two are never told apart.
    Unauthorized,
    /// The session is not valid, or there is none.
    NotSignedIn,
    /// Address and password do not fit; which of them is wrong is never told.
    SignInFailed,
    /// The password is right; a code of the second factor is missing or not right.
    SecondFactorRequired,
    /// A change was asked for with a session by a page of another origin.
    CsrfRefused,
    /// The member's role does not include the operation.
    RoleInsufficient,
    /// The deployment does not let anybody register, or does not let members invite.
    RegistrationClosed,
    /// The password or the code that was to confirm a change is not right.
    ConfirmationFailed,
    /// No such object, or it belongs to another account; the two are never told apart.
    NotFound,
    /// No operation has this path.
    RouteNotFound,
    /// No such invitation, or it was used, taken back, or is too old; which, is never told.
    InvitationInvalid,
    /// The path has operations, but none with this method.
    MethodNotAllowed,
    /// A revoked key cannot be changed.
    KeyFinal,
    /// The primary key cannot be revoked, deleted or narrowed.
    PrimaryKeyProtected,
    /// The object was changed since it was read.
    StaleVersion,
    /// Another company of the account has this external name.
    ExternalNameTaken,
    /// A bound of the deployment is reached.
    LimitReached,
    /// The state of the object does not allow the change.
    Conflict,
    /// Somebody can sign in with this address already.
    EmailTaken,
    /// The person is a member of the account already.
    AlreadyMember,
    /// The member created keys, and the request does not say what becomes of them.
    MemberHasKeys,
    /// The account would be left without an owner.
    LastOwner,
    /// The body is larger than the control API reads.
    BodyTooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The body is JSON, but not what the operation takes.
    ValidationFailed,
    /// Too many attempts failed; a moment has to pass.
    TooManyAttempts,
    /// A defect of the product.
    InternalError,
    /// Too many requests at once.
    Overloaded,
    /// The request took too long.
    Timeout,
    /// The change is stored, but not every gateway has confirmed it.
    NotConfirmed,
    /// The store cannot be read or written.
    StoreUnavailable,
    /// Not every part is ready to serve.
    NotReady,
    /// The provider that people sign in with cannot be reached.
    ProviderUnavailable,
}

/// What a code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeAnswer {
    /// HTTP status.
    pub status: u16,
    /// The code as programs read it.
    pub code: &'static str,
    /// The title of every problem with this code.
    pub title: &'static str,
    /// What the problem says when there is nothing more precise.
    pub detail: &'static str,
}

impl Code {
    /// Every code, by status.
    pub const ALL: [Self; 36] = [
        Self::InvalidQuery,
        Self::MalformedJson,
        Self::MalformedRequest,
        Self::Unauthorized,
        Self::NotSignedIn,
        Self::SignInFailed,
        Self::SecondFactorRequired,
        Self::CsrfRefused,
        Self::RoleInsufficient,
        Self::RegistrationClosed,
        Self::ConfirmationFailed,
        Self::NotFound,
        Self::RouteNotFound,
        Self::InvitationInvalid,
        Self::MethodNotAllowed,
        Self::KeyFinal,
        Self::PrimaryKeyProtected,
        Self::StaleVersion,
        Self::ExternalNameTaken,
        Self::LimitReached,
        Self::Conflict,
        Self::EmailTaken,
        Self::AlreadyMember,
        Self::MemberHasKeys,
        Self::LastOwner,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::ValidationFailed,
        Self::TooManyAttempts,
        Self::InternalError,
        Self::Overloaded,
        Self::Timeout,
        Self::NotConfirmed,
        Self::StoreUnavailable,
        Self::NotReady,
        Self::ProviderUnavailable,
    ];

    /// What the code says.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub const fn answer(self) -> CodeAnswer {
        match self {
            Self::InvalidQuery => answer(400, "invalid_query", "Invalid query", "The query string cannot be read."),
            Self::MalformedJson => answer(400, "malformed_json", "Malformed JSON", "The request body is not JSON."),
            Self::MalformedRequest => answer(
                400,
                "malformed_request",
                "Malformed request",
                "The request cannot be read, or its body ended before it was complete.",
            ),
            Self::Unauthorized => answer(
                401,
                "unauthorized",
                "Not authorized",
                "Sign in, or send a valid operator token as Authorization: Bearer. API keys are never accepted here.",
            ),
            Self::NotSignedIn => answer(
                401,
                "not_signed_in",
                "Not signed in",
                "Nobody is signed in, or the session has ended. Sign in again.",
            ),
            Self::SignInFailed => {
                answer(401, "sign_in_failed", "Sign-in failed", "This address and password do not fit together.")
            }
            Self::SecondFactorRequired => answer(
                401,
                "second_factor_required",
                "Second factor required",
                "Send a code of the second factor, or a recovery code, as code. A code works once.",
            ),
            Self::CsrfRefused => answer(
                403,
                "csrf_refused",
                "Refused from this origin",
                "A session changes something only for pages of this origin: the header Origin is missing or names another one.",
            ),
            Self::RoleInsufficient => answer(
                403,
                "role_insufficient",
                "Role is not sufficient",
                "Your role in this account does not allow this. An owner or an admin can give you another one.",
            ),
            Self::RegistrationClosed => answer(
                403,
                "registration_closed",
                "Registration is closed",
                "This deployment does not allow it; ask its operator.",
            ),
            Self::ConfirmationFailed => answer(
                403,
                "confirmation_failed",
                "Not confirmed",
                "The password or the code is not right. A code works once.",
            ),
            Self::NotFound => answer(404, "not_found", "Not found", "There is no such object in this account."),
            Self::RouteNotFound => {
                answer(404, "route_not_found", "No such operation", "The control API has no operation at this path.")
            }
            Self::InvitationInvalid => answer(
                404,
                "invitation_invalid",
                "Invitation is not valid",
                "This invitation does not exist, was used already, was taken back, or is too old. Ask for a new one.",
            ),
            Self::MethodNotAllowed => answer(
                405,
                "method_not_allowed",
                "Method not allowed",
                "The control API has no operation with this method at this path; the Allow header lists those it has.",
            ),
            Self::KeyFinal => answer(
                409,
                "key_final",
                "Key is revoked",
                "A revoked key cannot be changed any more; create a new one.",
            ),
            Self::PrimaryKeyProtected => answer(
                409,
                "primary_key_protected",
                "Primary key is protected",
                "The primary key always has full access and cannot be revoked, deleted or narrowed. Rotate it with \
                 overlap_seconds 0 to end its secrets at once, or disable it.",
            ),
            Self::StaleVersion => answer(
                409,
                "stale_version",
                "Changed meanwhile",
                "Somebody else changed the object; read it again and repeat the change.",
            ),
            Self::ExternalNameTaken => answer(
                409,
                "external_name_taken",
                "External name is taken",
                "Another company of the account has this external name.",
            ),
            Self::LimitReached => {
                answer(409, "limit_reached", "Limit reached", "A limit of this deployment is reached.")
            }
            Self::Conflict => {
                answer(409, "conflict", "Conflict", "The present state of the object does not allow this.")
            }
            Self::EmailTaken => answer(
                409,
                "email_taken",
                "Address is taken",
                "Somebody can sign in with this address already; sign in, or use another one.",
            ),
            Self::AlreadyMember => {
                answer(409, "already_member", "Already a member", "This person is a member of the account already.")
            }
            Self::MemberHasKeys => answer(
                409,
                "member_has_keys",
                "Member has keys",
                "The member created or rotated keys that still work. Say what becomes of them: keys=keep, keys=disable or keys=revoke.",
            ),
            Self::LastOwner => answer(
                409,
                "last_owner",
                "Last owner",
                "The last owner of an account stays one. Make somebody else an owner first.",
            ),
            Self::BodyTooLarge => {
                answer(413, "body_too_large", "Body too large", "The request body is larger than this API reads.")
            }
            Self::UnsupportedMediaType => answer(
                415,
                "unsupported_media_type",
                "Unsupported media type",
                "Send the body as JSON, with Content-Type: application/json.",
            ),
            Self::ValidationFailed => answer(
                422,
                "validation_failed",
                "Validation failed",
                "The request body cannot be accepted; errors says what is wrong, field by field.",
            ),
            Self::TooManyAttempts => answer(
                429,
                "too_many_attempts",
                "Too many attempts",
                "Too many attempts failed. Try again after the time that Retry-After says.",
            ),
            Self::InternalError => answer(
                500,
                "internal_error",
                "Internal error",
                "Something went wrong that should not have. Whether a change was made shows when you read again; the \
                 request id leads to the log entry.",
            ),
            Self::Overloaded => answer(
                503,
                "overloaded",
                "Overloaded",
                "Too many requests at once; nothing was done. Try again shortly.",
            ),
            Self::Timeout => answer(
                503,
                "timeout",
                "Timed out",
                "The request took too long. Whether a change was made shows when you read again.",
            ),
            Self::NotConfirmed => answer(
                503,
                "not_confirmed",
                "Stored, not confirmed",
                "The change is stored, but not every gateway has confirmed it in time.",
            ),
            Self::StoreUnavailable => answer(
                503,
                "store_unavailable",
                "Store unavailable",
                "The store cannot be read or written at the moment. Whether a change was made shows when you read again.",
            ),
            Self::NotReady => answer(503, "not_ready", "Not ready", "Not every part of this node is ready to serve."),
            Self::ProviderUnavailable => answer(
                503,
                "provider_unavailable",
                "Provider unavailable",
                "The provider that you sign in with cannot be reached at the moment. Try again shortly.",
            ),
        }
    }
}

const fn answer(status: u16, code: &'static str, title: &'static str, detail: &'static str) -> CodeAnswer {
    CodeAnswer { status, code, title, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_its_own_and_the_list_is_sorted_by_status() {
        let answers = Code::ALL.map(Code::answer);
        assert!(answers.is_sorted_by_key(|a| a.status));
        let mut codes: Vec<_> = answers.iter().map(|a| a.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Code::ALL.len());
    }
}
