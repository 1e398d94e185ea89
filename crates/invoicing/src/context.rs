//! Context: who is calling, for which companies and in which ledger, as the gateway signed it (D24).
//!
//! Owns:  the verification of the token and the meaning of its claims.
//! Never: takes any of this from another header, a parameter or a body.
//! Read:  `Verifier::verify`, then `Claims::context`.

use crate::{
    key_set::KeySet,
    problem::{Code, Problem},
    serve::ServeError,
};
use http::{HeaderMap, HeaderName};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;

/// Whom the context must be meant for.
const AUDIENCE: &str = "upstream";
/// Seconds by which the two clocks may differ.
const LEEWAY_SECS: i64 = 5;
/// Seconds between `iat` and `exp`; a token that wants to live longer is not the gateway's.
const LIFE_MAX_SECS: i64 = 300;
/// Bytes of a token.
const TOKEN_MAX: usize = 128 * 1024;
/// Characters of an account's or a key's name.
const NAME_MAX: usize = 64;
const MICROS: i64 = 1_000_000;

/// Which world a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    Test,
    Live,
}

/// Which companies of the account the caller may touch. An empty `Only` reaches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CompanyLimit {
    All,
    /// Companies with one of these names; each surface knows the kinds that are its own.
    Only(CompanyNames),
}

/// What the companies in reach are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CompanyNames {
    /// VAT numbers, normalised.
    pub(crate) vats: Vec<String>,
    /// Row ids of Invoicetronic's companies.
    pub(crate) ids: Vec<i64>,
    /// What Laabam's companies are called in a path.
    pub(crate) slugs: Vec<String>,
    /// Participants of Invostaq's networks.
    pub(crate) participants: Vec<String>,
}

/// The holder of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) key: String,
    pub(crate) restricted: bool,
    /// What the key may do, as `resource:action`. The gateway holds an operation to one of them; what a parameter adds to an
    /// operation is held to them here.
    pub(crate) scopes: Vec<String>,
    pub(crate) companies: CompanyLimit,
}

impl Caller {
    /// Whether the key's scopes grant an action on a resource.
    pub(crate) fn may(&self, resource: &str, action: &str) -> bool {
        let grants = |scope: &String| {
            scope.rsplit_once(':').is_some_and(|(r, a)| (r == "*" || r == resource) && (a == "*" || a == action))
        };
        self.scopes.iter().any(grants)
    }
}

/// A person who is signed in (D20).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) account: String,
    /// Whether the gateway found them on its list of administrators.
    pub(crate) admin: bool,
}

/// For whom a context speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    /// Anybody; they may see no account's data.
    Public,
    Key(Caller),
    Member(Member),
    /// Another service that proved itself to the gateway (D19). It has no account of its own.
    Callback,
}

/// A verified context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) environment: Environment,
    pub(crate) party: Party,
}

/// Checks the signed context of a request.
pub(crate) struct Verifier {
    keys: KeySet,
    header: HeaderName,
    issuer: String,
    validation: Validation,
}

impl Verifier {
    pub(crate) fn new(keys: KeySet, issuer: &str, header: &str) -> Result<Self, ServeError> {
        let header = HeaderName::try_from(header).map_err(|_| ServeError::Header(header.to_owned()))?;
        // The list of algorithms is fixed here and never read from the token. Times are checked below against the
        // injected clock, so that the library's own clock plays no part.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_exp = false;
        Ok(Self { keys, header, issuer: issuer.to_owned(), validation })
    }

    /// The context of a request, or why it has none. `now` in microseconds.
    pub(crate) async fn verify(&self, headers: &HeaderMap, now: i64) -> Result<Context, Problem> {
        let mut values = headers.get_all(&self.header).iter();
        let Some(value) = values.next() else {
            return Err(self.missing());
        };
        let token = value.to_str().ok().filter(|token| token.len() <= TOKEN_MAX);
        let (Some(token), None) = (token, values.next()) else {
            return Err(invalid());
        };
        let header = decode_header(token).map_err(|_| invalid())?;
        if header.alg != Algorithm::EdDSA || header.crit.is_some() {
            return Err(invalid());
        }
        let key = self.keys.find(&header.kid.ok_or_else(invalid)?).await?.ok_or_else(invalid)?;
        let claims = decode::<Claims>(token, &key, &self.validation).map_err(|_| invalid())?.claims;
        claims.in_time(now.div_euclid(MICROS)).then_some(()).ok_or_else(invalid)?;
        if claims.iss != self.issuer || claims.aud != AUDIENCE {
            return Err(invalid());
        }
        claims.context().ok_or_else(invalid)
    }

    fn missing(&self) -> Problem {
        let detail = format!(
            "This API can only be reached through the gateway: the request carries no `{}` header. \
             Call the gateway's address with an API key instead.",
            self.header
        );
        Problem::new(Code::ContextMissing, detail)
    }
}

/// One answer for every cause, so that nobody can feel their way towards a token that passes.
fn invalid() -> Problem {
    Problem::new(
        Code::ContextInvalid,
        "This API can only be reached through the gateway: the request's signed context is not valid. \
         If the gateway did send it, check the key set's address, the issuer and both clocks.",
    )
}

/// The claims as text. A claim of another shape refuses the token; claims that are not known here are not read.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    environment: EnvironmentClaim,
    audience: Option<AudienceClaim>,
    account: Option<String>,
    key: Option<String>,
    kind: Option<KindClaim>,
    /// Without them a key may nothing beyond its operation.
    #[serde(default)]
    scopes: Vec<String>,
    companies: Option<CompaniesClaim>,
    member: Option<MemberClaim>,
    callback: Option<String>,
}

/// Said of those who have no key.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum AudienceClaim {
    Member,
    Callback,
}

#[derive(Deserialize)]
struct MemberClaim {
    subject: String,
    admin: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum EnvironmentClaim {
    Test,
    Live,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindClaim {
    Primary,
    Restricted,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum CompaniesClaim {
    Word(AllClaim),
    List(Vec<CompanyClaim>),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum AllClaim {
    All,
}

#[derive(Deserialize)]
struct CompanyClaim {
    names: NamesClaim,
}

/// What a company is called here. Kinds that this API does not know name nothing.
#[derive(Deserialize)]
struct NamesClaim {
    #[serde(default)]
    vat: Vec<String>,
    #[serde(default)]
    id: Vec<String>,
    #[serde(default)]
    slug: Vec<String>,
    #[serde(default)]
    participant: Vec<String>,
}

impl Claims {
    fn in_time(&self, now: i64) -> bool {
        let life = self.exp.saturating_sub(self.iat);
        self.exp.saturating_add(LEEWAY_SECS) > now
            && self.iat.saturating_sub(LEEWAY_SECS) <= now
            && self.nbf.is_none_or(|nbf| nbf.saturating_sub(LEEWAY_SECS) <= now)
            && (0..=LIFE_MAX_SECS).contains(&life)
    }

    /// One of four: a key with account, kind and companies; a member with an account; a callback; the public, of whom nothing
    /// is said. Anything between is no context.
    fn context(self) -> Option<Context> {
        let environment = match self.environment {
            EnvironmentClaim::Test => Environment::Test,
            EnvironmentClaim::Live => Environment::Live,
        };
        let named = |name: &str| (1..=NAME_MAX).contains(&name.len());
        let key = (self.key, self.kind, self.companies);
        let party = match (self.audience, self.account, key, self.member, self.callback) {
            (None, None, (None, None, None), None, None) => Party::Public,
            (None, Some(account), (Some(key), Some(kind), Some(companies)), None, None)
                if named(&account) && named(&key) =>
            {
                let restricted = matches!(kind, KindClaim::Restricted);
                Party::Key(Caller { account, key, restricted, scopes: self.scopes, companies: companies.limit() })
            }
            (Some(AudienceClaim::Member), Some(account), (None, None, None), Some(member), None)
                if named(&account) && !member.subject.is_empty() =>
            {
                Party::Member(Member { account, admin: member.admin })
            }
            // The account of a callback's configuration, if there is one, gives it nothing here.
            (Some(AudienceClaim::Callback), _, (None, None, None), None, Some(name)) if named(&name) => Party::Callback,
            _ => return None,
        };
        Some(Context { environment, party })
    }
}

impl CompaniesClaim {
    fn limit(self) -> CompanyLimit {
        match self {
            Self::Word(AllClaim::All) => CompanyLimit::All,
            Self::List(list) => {
                let mut known = CompanyNames::default();
                for CompanyClaim { names } in list {
                    // No engine can be asked for this character, and no company has it.
                    let plain = |name: &String| !name.contains('\0');
                    known.vats.extend(names.vat.iter().map(|vat| normal_vat(vat)).filter(plain));
                    known.ids.extend(names.id.iter().filter_map(|id| id.parse::<i64>().ok()));
                    known.slugs.extend(names.slug.into_iter().filter(plain));
                    known.participants.extend(names.participant.into_iter().filter(plain));
                }
                CompanyLimit::Only(known)
            }
        }
    }
}

/// A VAT number as it is stored and compared: capitals, without spaces, dots and hyphens.
pub(crate) fn normal_vat(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(text: &str) -> Option<Claims> {
        serde_json::from_str(text).ok()
    }

    fn with(rest: &str) -> Option<Context> {
        claims(&format!(r#"{{"iss":"claviger","aud":"upstream","exp":60,"iat":0{rest}}}"#))?.context()
    }

    #[test]
    fn d24_half_a_caller_is_no_context() {
        let whole = r#","environment":"test","account":"acc_1","key":"key_1","kind":"primary","companies":"all""#;
        assert!(with(whole).is_some_and(|context| matches!(context.party, Party::Key(_))));
        let public = Context { environment: Environment::Live, party: Party::Public };
        assert_eq!(with(r#","environment":"live""#), Some(public));
        for part in [r#","account":"acc_1""#, r#","key":"key_1""#, r#","kind":"primary""#, r#","companies":"all""#] {
            assert!(with(&whole.replace(part, "")).is_none(), "{part} was left out");
        }
        for (from, to) in [("\"test\"", "\"staging\""), ("\"all\"", "\"some\""), ("primary", "root"), ("acc_1", "")] {
            assert!(with(&whole.replace(from, to)).is_none(), "{from} became {to}");
        }
        assert!(with("").is_none(), "a context without an environment");
    }

    #[test]
    fn d24_names_of_companies_are_normalised_and_strange_ones_name_nothing() {
        let context = with(
            r#","environment":"test","account":"a","key":"k","kind":"restricted",
               "companies":[{"id":"co_1","names":{"vat":["it 0123.456-7890"],"id":["7","x"],"lei":["9"],"slug":["acme"]}},
                            {"id":"co_2","names":{"participant":["0196:1"]}}]"#,
        );
        let Party::Key(caller) = context.unwrap().party else { panic!("a key") };
        let names = CompanyNames {
            vats: vec!["IT01234567890".into()],
            ids: vec![7],
            slugs: vec!["acme".into()],
            participants: vec!["0196:1".into()],
        };
        assert_eq!(caller.companies, CompanyLimit::Only(names));
    }

    #[test]
    fn d20_d37_a_member_and_a_callback_are_told_from_a_key() {
        let member = r#","environment":"live","audience":"member","account":"acc_1",
            "member":{"issuer":"https://id.example.com","directory":"","subject":"alice","email":null,"admin":true}"#;
        let expected = Party::Member(Member { account: "acc_1".into(), admin: true });
        assert_eq!(with(member).map(|context| context.party), Some(expected));
        for (from, to) in [
            (r#""audience":"member","#, ""),
            (r#""audience":"member""#, r#""audience":"callback""#),
            (r#""audience":"member""#, r#""audience":"root""#),
            (r#""account":"acc_1","#, ""),
            ("alice", ""),
            (r#""admin":true"#, r#""admin":"yes""#),
            (r#""account":"acc_1""#, r#""account":"acc_1","key":"key_1","kind":"primary","companies":"all""#),
        ] {
            assert!(member.contains(from) && with(&member.replace(from, to)).is_none(), "{from} became {to}");
        }
        let callback = r#","environment":"test","audience":"callback","callback":"access-point","account":null"#;
        assert_eq!(with(callback).map(|context| context.party), Some(Party::Callback));
        assert!(with(&callback.replace("access-point", "")).is_none());
    }

    #[test]
    fn d24_a_token_lives_between_its_times_give_or_take_five_seconds() {
        let at = |iat: i64, exp: i64, now: i64| {
            claims(&format!(r#"{{"iss":"i","aud":"a","exp":{exp},"iat":{iat},"environment":"test"}}"#))
                .unwrap()
                .in_time(now)
        };
        assert!(at(100, 160, 100) && at(100, 160, 164) && at(100, 160, 95));
        assert!(!at(100, 160, 165) && !at(100, 160, 94));
        assert!(!at(100, 401, 120), "longer than any context lives");
        assert!(!at(160, 100, 100), "ends before it begins");
        assert!(!at(i64::MIN, i64::MAX, 100));
    }
}
