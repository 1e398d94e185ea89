//! The people file: issuers, administrators, callbacks, and providers that members sign in with (D19, D20).
//!
//! Owns:  reading it, with every secret from a file of its own, and the rules between its parts.
//! Never: prints a secret, or takes one from the people file itself.
//! Read:  `load`.

use crate::{failure::Failure, private_file};
use anyhow::Context as _;
use control::Provider;
use egress::TrustRoots;
use gateway::{IssuerConfig, PeopleConfig};
use model::{AccountId, Audience, Catalogue, LimitName, Secret};
use proof::{Admins, Algorithm, CallbackRule, CallbackScheme, Directories, Directory, Issuer};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The longest people file, in bytes.
const FILE_MAX: u64 = 1 << 20;
/// The most issuers, and the most callbacks.
const TABLES_MAX: usize = 64;
/// The most providers that members sign in with.
const PROVIDERS_MAX: usize = 16;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeopleFile {
    #[serde(default)]
    admins: Vec<String>,
    #[serde(default)]
    issuer: Vec<IssuerTable>,
    #[serde(default)]
    callback: Vec<CallbackTable>,
    #[serde(default)]
    provider: Vec<ProviderTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderTable {
    id: String,
    name: String,
    url: String,
    client_id: String,
    client_secret_file: PathBuf,
    entra_directories: Option<Vec<String>>,
    algorithms: Option<Vec<String>>,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    unsafe_plain_http: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerTable {
    url: String,
    client_ids: Vec<String>,
    entra_directories: Option<Vec<String>>,
    algorithms: Option<Vec<String>>,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    unsafe_plain_http: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallbackTable {
    name: String,
    kind: Kind,
    header: Option<String>,
    secret_files: Vec<PathBuf>,
    account: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Secret,
    Hmac,
    StandardWebhooks,
}

/// Who may call without a key; nobody when there is no file.
pub(crate) fn load(path: Option<&Path>) -> Result<PeopleConfig, Failure> {
    told(path, callers)
}

/// Whom members may sign in with; nobody when there is no file.
pub(crate) fn providers(path: Option<&Path>) -> Result<Vec<Provider>, Failure> {
    told(path, |file, folder| file.provider.into_iter().map(|table| named_provider(table, folder)).collect())
}

fn told<T: Default>(
    path: Option<&Path>,
    take: impl FnOnce(PeopleFile, &Path) -> anyhow::Result<T>,
) -> Result<T, Failure> {
    let Some(path) = path else { return Ok(T::default()) };
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let taken = read(path).and_then(|file| take(file, folder));
    taken.map_err(|error| Failure::problems(format!("{}: {error:#}", path.display())))
}

/// Every callback that the catalogue names has to be configured: it could never be called.
pub(crate) fn check(people: &PeopleConfig, catalogue: &Catalogue) -> Result<(), Failure> {
    for operation in catalogue.operations() {
        let known = |name: &LimitName| people.callbacks.iter().any(|rule| rule.name == *name);
        let missing = match (&operation.callback, operation.audience) {
            (Some(name), _) if !known(name) => format!("names the callback {name}, which is not in the people file"),
            (None, Audience::Callback) => "is for callbacks, but does not say callback = \"NAME\"".to_owned(),
            (Some(_) | None, _) => continue,
        };
        let hint = "write [[callback]] with that name into the file that people.file names";
        return Err(Failure::problems(format!("the operation {} {missing}", operation.id)).hint(hint));
    }
    Ok(())
}

/// What weakens a rule for a deployment of tests, one sentence for each (D31). Nothing for a file that cannot be read: who
/// takes a part of it says so.
pub(crate) fn weakened(path: Option<&Path>) -> Vec<String> {
    let Some(file) = path.and_then(|path| read(path).ok()) else { return Vec::new() };
    let issuers = file.issuer.iter().filter(|table| table.unsafe_plain_http).map(|table| ("issuer", &table.url));
    let providers = file.provider.iter().filter(|table| table.unsafe_plain_http).map(|table| ("provider", &table.url));
    issuers
        .chain(providers)
        .map(|(kind, url)| format!("[[{kind}]] {url} has unsafe_plain_http: for development on this machine only"))
        .collect()
}

/// The whole file, for whoever takes a part of it.
fn read(path: &Path) -> anyhow::Result<PeopleFile> {
    let length = std::fs::metadata(path)?.len();
    anyhow::ensure!(length <= FILE_MAX, "is larger than {FILE_MAX} bytes");
    let file: PeopleFile = toml::from_str(&std::fs::read_to_string(path)?)?;
    anyhow::ensure!(file.issuer.len().max(file.callback.len()) <= TABLES_MAX, "has more than {TABLES_MAX} tables");
    anyhow::ensure!(file.provider.len() <= PROVIDERS_MAX, "has more than {PROVIDERS_MAX} providers");
    let ids: Vec<&str> = file.provider.iter().map(|provider| provider.id.as_str()).collect();
    let twice = ids.iter().enumerate().find(|(at, id)| ids.iter().take(*at).any(|other| other == *id));
    anyhow::ensure!(twice.is_none(), "has two providers with one id");
    Ok(file)
}

fn callers(file: PeopleFile, folder: &Path) -> anyhow::Result<PeopleConfig> {
    let issuers = file.issuer.into_iter().map(|table| {
        let url = table.url.clone();
        issuer(table, folder).with_context(|| format!("[[issuer]] {url}"))
    });
    let issuers = issuers.collect::<anyhow::Result<Vec<_>>>()?;
    let entra = issuers.iter().filter(|i| i.issuer.directory != Directory::Plain).count();
    anyhow::ensure!(entra <= 1, "has two issuers with entra_directories; list all directories at one");
    let mut callbacks: Vec<CallbackRule> = Vec::with_capacity(file.callback.len());
    for table in file.callback {
        let name = table.name.clone();
        let rule = callback(table, folder).with_context(|| format!("[[callback]] {name}"))?;
        anyhow::ensure!(callbacks.iter().all(|other| other.name != rule.name), "has two callbacks called {name}");
        callbacks.push(rule);
    }
    let admins = Admins::new(file.admins);
    Ok(PeopleConfig { issuers, admins, callbacks, ..PeopleConfig::default() })
}

fn issuer(table: IssuerTable, folder: &Path) -> anyhow::Result<IssuerConfig> {
    let target = egress::Target::parse(&table.url)?;
    anyhow::ensure!(
        target.is_tls() || table.unsafe_plain_http,
        "an issuer's URL begins with https://; for development on this machine set unsafe_plain_http = true"
    );
    anyhow::ensure!(!table.client_ids.is_empty(), "client_ids is empty: no token could be for this deployment");
    let algorithms = match table.algorithms {
        None => vec![Algorithm::Rs256],
        Some(texts) => texts
            .iter()
            .map(|text| {
                let known = Algorithm::ALL.map(Algorithm::as_str).join(", ");
                Algorithm::parse(text).with_context(|| format!("{text:?} is not one of {known}"))
            })
            .collect::<anyhow::Result<_>>()?,
    };
    let directory = match table.entra_directories {
        None => Directory::Plain,
        Some(list) if list == ["any"] => Directory::Entra(Directories::Any),
        Some(list) => {
            anyhow::ensure!(!list.is_empty(), "entra_directories is empty: list directories, or write [\"any\"]");
            Directory::Entra(Directories::Listed(list.iter().map(|directory| directory.to_ascii_lowercase()).collect()))
        }
    };
    let tls = match &table.ca_file {
        _ if !target.is_tls() => None,
        None => Some(egress::client_config(TrustRoots::Platform)?),
        Some(file) => {
            let pem = std::fs::read(folder.join(file)).with_context(|| file.display().to_string())?;
            Some(egress::client_config(TrustRoots::CaFile(&pem))?)
        }
    };
    let issuer = Issuer { url: table.url, client_ids: table.client_ids, algorithms, directory };
    Ok(IssuerConfig { issuer, tls, unsafe_plain_http: table.unsafe_plain_http })
}

fn named_provider(table: ProviderTable, folder: &Path) -> anyhow::Result<Provider> {
    let id = table.id.clone();
    provider(table, folder).with_context(|| format!("[[provider]] {id}"))
}

fn provider(table: ProviderTable, folder: &Path) -> anyhow::Result<Provider> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let named = (1..=32).contains(&table.id.len()) && table.id.bytes().all(plain);
    anyhow::ensure!(named, "an id is 1 to 32 lower-case letters, digits and hyphens");
    let path = folder.join(&table.client_secret_file);
    let secret = private_file::read(&path)?.with_context(|| format!("{}: there is no such file", path.display()))?;
    let secret = std::str::from_utf8(secret.expose()).context("the secret file is not text")?.trim().to_owned();
    anyhow::ensure!(!secret.is_empty(), "{}: the file is empty", path.display());
    let known = IssuerTable {
        url: table.url,
        client_ids: vec![table.client_id.clone()],
        entra_directories: table.entra_directories,
        algorithms: table.algorithms,
        ca_file: table.ca_file,
        unsafe_plain_http: table.unsafe_plain_http,
    };
    let known = issuer(known, folder)?;
    Ok(Provider {
        id: table.id,
        name: table.name,
        issuer: known.issuer,
        client_id: table.client_id,
        client_secret: Secret::new(secret),
        tls: known.tls,
        unsafe_plain_http: known.unsafe_plain_http,
    })
}

fn callback(table: CallbackTable, folder: &Path) -> anyhow::Result<CallbackRule> {
    let name = LimitName::new(&table.name).context("a name is 1 to 64 letters, digits, _, - or .")?;
    let account =
        table.account.map(|text| text.parse::<AccountId>().context("account is no account id")).transpose()?;
    let header = match (table.kind, table.header) {
        (Kind::StandardWebhooks, None) => String::new(),
        (Kind::StandardWebhooks, Some(_)) => anyhow::bail!("Standard Webhooks has headers of its own; remove header"),
        (Kind::Secret | Kind::Hmac, header) => header.context("header is missing: the field that carries the proof")?,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    anyhow::ensure!(header.bytes().all(plain), "header is no header name: letters, digits and hyphens");
    let mut secrets = Vec::with_capacity(table.secret_files.len());
    for file in &table.secret_files {
        let path = folder.join(file);
        let bytes = private_file::read(&path)?.with_context(|| format!("{}: there is no such file", path.display()))?;
        secrets.push(bytes);
    }
    let texts: Option<Vec<&str>> =
        secrets.iter().map(|secret| std::str::from_utf8(secret.expose()).ok().map(str::trim)).collect();
    let texts = texts.context("a secret file is not text")?;
    let scheme = match table.kind {
        Kind::Secret => CallbackScheme::secret(&header, &texts),
        Kind::Hmac => CallbackScheme::hmac(&header, &texts),
        Kind::StandardWebhooks => CallbackScheme::standard(&texts),
    };
    let wanted =
        "name one or two secret_files, each with a secret of at least 16 characters (Standard Webhooks: whsec_...)";
    Ok(CallbackRule { name, scheme: scheme.context(wanted)?, account })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const SECRET: &str = "a-secret-of-more-than-16";

    fn outcome(text: &str) -> Result<PeopleConfig, String> {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        let path = folder.path().join("people.toml");
        std::fs::write(&path, text).unwrap();
        load(Some(&path)).map_err(|failure| failure.message)
    }

    #[test]
    fn d19_d20_a_people_file_is_read_or_says_what_is_wrong() {
        let good = outcome(
            "admins = [\"a@example.com\"]\n\
             [[issuer]]\nurl = \"http://127.0.0.1:1\"\nclient_ids = [\"c\"]\nunsafe_plain_http = true\n\
             [[callback]]\nname = \"bank\"\nkind = \"secret\"\nheader = \"X-S\"\nsecret_files = [\"secret\"]\n",
        )
        .unwrap();
        assert_eq!((good.issuers.len(), good.callbacks.len()), (1, 1));
        assert_eq!(good.issuers[0].issuer.algorithms, [Algorithm::Rs256]);
        let callback = "[[callback]]\nname = \"b\"\nkind = \"hmac\"\nheader = \"X-S\"\n";
        for (text, said) in [
            ("issuers = []", "unknown field"),
            ("[[issuer]]\nurl = \"http://id.example.com\"\nclient_ids = [\"c\"]", "https://"),
            ("[[issuer]]\nurl = \"https://id.example.com\"\nclient_ids = []", "client_ids"),
            ("[[issuer]]\nurl = \"https://a.b\"\nclient_ids = [\"c\"]\nalgorithms = [\"HS256\"]", "HS256"),
            ("[[issuer]]\nurl = \"https://a.b\"\nclient_ids = [\"c\"]\nalgorithms = [\"none\"]", "none"),
            ("[[issuer]]\nurl = \"https://a.b\"\nclient_ids = [\"c\"]\nentra_directories = []", "entra_directories"),
            (&format!("{callback}secret_files = []"), "secret_files"),
            (&format!("{callback}secret_files = [\"absent\"]"), "no such file"),
            (&format!("{callback}secret_files = [\"secret\", \"secret\", \"secret\"]"), "one or two"),
            (&format!("{callback}secret_files = [\"secret\"]\n{callback}secret_files = [\"secret\"]"), "two callbacks"),
        ] {
            let error = outcome(text).err().unwrap_or_else(|| panic!("{text} is taken"));
            assert!(error.contains(said) && !error.contains(SECRET), "{text}: {error}");
        }
    }

    #[test]
    fn d20_providers_are_read_with_their_secret_from_a_file_or_say_what_is_wrong() {
        let read = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let secret = folder.path().join("secret");
            std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
            std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
            let path = folder.path().join("people.toml");
            std::fs::write(&path, text).unwrap();
            providers(Some(&path)).map_err(|failure| failure.message)
        };
        let table = |id: &str, more: &str| {
            format!(
                "[[provider]]\nid = \"{id}\"\nname = \"Acme\"\nurl = \"https://id.acme.test\"\nclient_id = \"c\"\n{more}\n"
            )
        };
        let with_secret = |id: &str| table(id, "client_secret_file = \"secret\"");
        let found = read(&with_secret("acme")).unwrap();
        assert_eq!((found.len(), found[0].client_secret.expose().as_str()), (1, SECRET));
        assert_eq!(found[0].issuer.client_ids, ["c"]);
        assert!(providers(None).unwrap().is_empty());
        for (text, said) in [
            (with_secret("Acme"), "lower-case"),
            (with_secret("acme") + &with_secret("acme"), "one id"),
            (table("acme", ""), "client_secret_file"),
            (table("acme", "client_secret_file = \"absent\""), "no such file"),
            (with_secret("acme").replace("https://", "http://"), "https://"),
            (with_secret("acme") + "entra_directories = []", "entra_directories"),
        ] {
            let error = read(&text).err().unwrap_or_else(|| panic!("{text} is taken"));
            assert!(error.contains(said) && !error.contains(SECRET), "{text}: {error}");
        }
    }
}
