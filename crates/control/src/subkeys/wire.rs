//! Wire: the JSON and the parameters of the sub-key API (D32).
//!
//! Owns:  what comes in and goes out, as the provider's clients write and read it.
//! Never: looks anything up.
//! Read:  `SubKeyOut`, then `SubKeyIn`, then `ListQuery`.

use super::{companies, permissions::Permissions, problem::Problem};
use api::{
    Time,
    key::{KeySecrets, SecretText},
    validation::Checks,
};
use model::{KeyStatus, OriginList, OriginPattern, SecretSlot, Timestamp, origin::ORIGINS_MAX};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use store::{SUB_KEYS_PAGE_MAX, SubKeyFilter, SubKeyRow};

/// The longest description, in characters.
const DESCRIPTION_MAX: usize = 200;
/// Rows of a page when the caller does not say.
const PAGE_SIZE: u64 = 100;
/// The longest overlap of a roll, in hours.
const OVERLAP_HOURS_MAX: u64 = 168;
/// Parameters of one request.
const PARAMETERS_MAX: usize = 16;
/// The longest text to search for, in bytes.
const TEXT_MAX: usize = 500;
const HTTPS: &str = "https://";

/// A restricted key.
#[derive(Serialize)]
pub(super) struct SubKeyOut {
    id: u64,
    created: Time,
    version: u64,
    description: String,
    active: bool,
    permissions: Permissions,
    company_ids: Vec<i64>,
    cors_origins: Vec<String>,
    previous_key_expires_at: Option<Time>,
    /// In the answer that made it, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    test_key: Option<SecretText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    live_key: Option<SecretText>,
}

impl SubKeyOut {
    /// A key as it is at `now`.
    pub(super) fn new(key: &SubKeyRow, now: Timestamp) -> Self {
        let record = &key.row.key;
        let previous = key.row.credentials.iter().filter(|c| c.credential.slot == SecretSlot::Previous);
        let ends = previous.filter(|c| c.ended.is_none()).filter_map(|c| c.credential.ends_at).filter(|at| *at > now);
        Self {
            id: key.number,
            created: Time(record.created_at),
            version: key.row.version,
            description: record.description.clone(),
            active: record.status == KeyStatus::Active && record.expires_at.is_none_or(|at| at > now),
            permissions: Permissions::of(&record.preset),
            company_ids: companies::shown(key),
            cors_origins: record.origins.as_slice().iter().map(origin_text).collect(),
            previous_key_expires_at: ends.max().map(Time),
            test_key: None,
            live_key: None,
        }
    }

    /// The same with its new secrets.
    pub(super) fn with(self, secrets: KeySecrets) -> Self {
        Self { test_key: secrets.test.map(|c| c.secret), live_key: secrets.live.map(|c| c.secret), ..self }
    }
}

/// A restricted key to create.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubKeyIn {
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) active: Option<bool>,
    #[serde(default)]
    pub(super) permissions: Option<Permissions>,
    #[serde(default)]
    pub(super) company_ids: Option<Vec<i64>>,
    #[serde(default)]
    pub(super) cors_origins: Option<Vec<String>>,
}

/// A restricted key as it is to be: what is left out is none. What only the server says may come along and is not read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubKeyUpdate {
    #[serde(default)]
    pub(super) id: Option<u64>,
    #[serde(default)]
    pub(super) version: Option<u64>,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) active: Option<bool>,
    #[serde(default)]
    pub(super) permissions: Option<Permissions>,
    #[serde(default)]
    pub(super) company_ids: Option<Vec<i64>>,
    #[serde(default)]
    pub(super) cors_origins: Option<Vec<String>>,
    #[serde(default, rename = "created")]
    _created: Option<IgnoredAny>,
    #[serde(default, rename = "previous_key_expires_at")]
    _previous_key_expires_at: Option<IgnoredAny>,
}

/// What both of them have to say. What `current` is called may be longer, or nothing at all, and stays so.
pub(super) fn description(text: Option<String>, current: Option<&str>, checks: &mut Checks) -> String {
    if let (Some(text), Some(current)) = (&text, current)
        && text == current
    {
        return current.to_owned();
    }
    checks.text("/description", text.unwrap_or_default(), 1, DESCRIPTION_MAX).unwrap_or_default()
}

/// What `active` says of a key.
pub(super) const fn status(active: bool) -> KeyStatus {
    if active { KeyStatus::Active } else { KeyStatus::Disabled }
}

/// Origins as browsers write them, and the provider's `*.example.com` for every host below `https://example.com`.
pub(super) fn origins(texts: Option<Vec<String>>, checks: &mut Checks) -> OriginList {
    let mut patterns = Vec::new();
    let texts = texts.unwrap_or_default();
    for (i, text) in texts.iter().enumerate().take(ORIGINS_MAX) {
        let whole = if text.starts_with("*.") { format!("{HTTPS}{text}") } else { text.clone() };
        match OriginPattern::parse(&whole) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => checks.problem(format!("/cors_origins/{i}"), format!("an origin {error}")),
        }
    }
    let list = OriginList::new(patterns).filter(|_| texts.len() <= ORIGINS_MAX);
    checks.want("/cors_origins", list, &format!("name at most {ORIGINS_MAX} origins")).unwrap_or_default()
}

fn origin_text(pattern: &OriginPattern) -> String {
    let text = pattern.to_string();
    match pattern {
        OriginPattern::Subdomains { scheme: HTTPS, .. } => text.strip_prefix(HTTPS).unwrap_or(&text).to_owned(),
        OriginPattern::Subdomains { .. } | OriginPattern::Exact(_) | OriginPattern::Any => text,
    }
}

/// Which part of which list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ListQuery {
    pub(super) skip: u64,
    pub(super) limit: u32,
    /// The upstream's number of a company.
    pub(super) company: Option<i64>,
    pub(super) active: Option<bool>,
    pub(super) text: Option<String>,
}

impl ListQuery {
    pub(super) fn read(raw: Option<&str>) -> Result<Self, Problem> {
        let query = Parameters::read(raw, &["page", "page_size", "company_id", "active", "q"])?;
        let page = query.number("page")?.unwrap_or(1);
        let limit = query.number("page_size")?.unwrap_or(PAGE_SIZE);
        if page == 0 {
            return Err(Problem::query("page: the first page is 1."));
        }
        let limit = u32::try_from(limit).ok().filter(|n| (1..=SUB_KEYS_PAGE_MAX).contains(n));
        let limit = limit.ok_or_else(|| Problem::query(format!("page_size: choose 1 to {SUB_KEYS_PAGE_MAX}.")))?;
        let company = query.take("company_id", "a whole number", |text| text.parse().ok())?;
        let active = query.take("active", "true or false", |text| match text {
            "true" | "True" => Some(true),
            "false" | "False" => Some(false),
            _ => None,
        })?;
        let fits = |text: &str| (text.len() <= TEXT_MAX).then(|| text.to_owned());
        let text = query.take("q", "a text of at most 500 bytes", fits)?;
        let skip = (page - 1).saturating_mul(u64::from(limit));
        Ok(Self { skip, limit, company, active, text })
    }

    /// What it filters by, the company aside.
    pub(super) fn filter(&self) -> SubKeyFilter {
        SubKeyFilter { company: None, active: self.active, text: self.text.clone() }
    }
}

/// How long replaced secrets live on, in seconds: not at all, unless the caller says how many hours.
pub(super) fn overlap(raw: Option<&str>) -> Result<u64, Problem> {
    let query = Parameters::read(raw, &["expires_in_hours"])?;
    // An empty value is a slip of a script: it must not end a secret at once.
    if query.0.iter().any(|(_, value)| value.is_empty()) {
        return Err(Problem::query("expires_in_hours: it has no value."));
    }
    match query.number("expires_in_hours")? {
        None => Ok(0),
        Some(hours) if (1..=OVERLAP_HOURS_MAX).contains(&hours) => Ok(hours * 3_600),
        Some(_) => Err(Problem::query(format!("expires_in_hours: choose 1 to {OVERLAP_HOURS_MAX}."))),
    }
}

/// Nothing may be asked for where nothing is read.
pub(super) fn no_query(raw: Option<&str>) -> Result<(), Problem> {
    Parameters::read(raw, &[]).map(|_| ())
}

/// The parameters of a request, each once; empty ones count as absent.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn read(raw: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let mut values: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
            if values.len() >= PARAMETERS_MAX || !known.contains(&&*name) {
                return Err(Problem::query(match known {
                    [] => "No parameter is known here.".to_owned(),
                    known => format!("Only these parameters are known here: {}.", known.join(", ")),
                }));
            }
            if values.iter().any(|(other, _)| *other == *name) {
                return Err(Problem::query(format!("{name}: given twice.")));
            }
            values.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(values))
    }

    fn take<T>(&self, name: &str, wanted: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let value = self.0.iter().find(|(known, value)| known == name && !value.is_empty());
        let Some((_, text)) = value else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| Problem::query(format!("{name}: not {wanted}.")))
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        self.take(name, "a whole number", |text| text.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d32_parameters_are_read_strictly() {
        let all = ListQuery::read(None).unwrap();
        assert_eq!(all, ListQuery { limit: 100, ..ListQuery::default() });
        let some = ListQuery::read(Some("page=3&page_size=20&company_id=42&active=true&q=Till%20two")).unwrap();
        let text = Some("Till two".to_owned());
        assert_eq!(some, ListQuery { skip: 40, limit: 20, company: Some(42), active: Some(true), text });
        assert_eq!(ListQuery::read(Some("q=&active=False")).unwrap().active, Some(false));
        for raw in
            ["page=0", "page=-1", "page_size=0", "page_size=201", "active=1", "company_id=x", "sort=id", "q=a&q=b"]
        {
            assert_eq!(ListQuery::read(Some(raw)).unwrap_err().code(), "invalid_query", "{raw}");
        }
        assert_eq!([overlap(None).unwrap(), overlap(Some("expires_in_hours=168")).unwrap()], [0, 604_800]);
        for raw in
            ["expires_in_hours=", "expires_in_hours=0", "expires_in_hours=169", "expires_in_hours=1.5", "hours=1"]
        {
            assert!(overlap(Some(raw)).is_err(), "{raw}");
        }
        assert!(no_query(None).is_ok() && no_query(Some("")).is_ok() && no_query(Some("a=1")).is_err());
    }

    #[test]
    fn d10_d32_origins_are_taken_as_the_provider_writes_them() {
        let mut checks = Checks::default();
        let given = ["https://app.example.com", "*.example.com", "http://localhost:5173", "http://*.example.org", "*"];
        let list = origins(Some(given.map(str::to_owned).to_vec()), &mut checks);
        checks.finish().unwrap();
        let texts: Vec<String> = list.as_slice().iter().map(ToString::to_string).collect();
        assert!(texts.contains(&"https://*.example.com".to_owned()), "{texts:?}");
        let mut shown: Vec<String> = list.as_slice().iter().map(origin_text).collect();
        let mut given = given.map(str::to_owned);
        shown.sort_unstable();
        given.sort_unstable();
        assert_eq!(shown, given);
        for bad in ["app.example.com", "https://Example.com", "*.com", "https://example.com/", ""] {
            let mut checks = Checks::default();
            origins(Some(vec![bad.to_owned()]), &mut checks);
            assert_eq!(checks.finish().unwrap_err()[0].pointer, "/cors_origins/0", "{bad}");
        }
        let mut checks = Checks::default();
        origins(Some(vec!["https://example.com".to_owned(); ORIGINS_MAX + 1]), &mut checks);
        assert!(checks.finish().is_err());
    }
}
