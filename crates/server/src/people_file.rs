//! The people file: issuers, administrators and callbacks (D19, D20).
//!
//! Owns:  reading it, with every secret from a file of its own, and the rules between its parts.
//! Never: prints a secret, or takes one from the people file itself.
//! Read:  `load`.

use crate::{failure::Failure, private_file};
use anyhow::Context as _;
use egress::TrustRoots;
use gateway::{IssuerConfig, PeopleConfig};
use model::{AccountId, Audience, Catalogue, LimitName};
use proof::{Admins, Algorithm, CallbackRule, CallbackScheme, Directories, Directory, Issuer};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The longest people file, in bytes.
const FILE_MAX: u64 = 1 << 20;
/// The most issuers, and the most callbacks.
const TABLES_MAX: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeopleFile {
    #[serde(default)]
    admins: Vec<String>,
    #[serde(default)]
    issuer: Vec<IssuerTable>,
    #[serde(default)]
    callback: Vec<CallbackTable>,
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
    let Some(path) = path else { return Ok(PeopleConfig::default()) };
    let told = |error: anyhow::Error| Failure::problems(format!("{}: {error:#}", path.display()));
    read(path).map_err(told)
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

fn read(path: &Path) -> anyhow::Result<PeopleConfig> {
    let length = std::fs::metadata(path)?.len();
    anyhow::ensure!(length <= FILE_MAX, "is larger than {FILE_MAX} bytes");
    let file: PeopleFile = toml::from_str(&std::fs::read_to_string(path)?)?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    anyhow::ensure!(file.issuer.len().max(file.callback.len()) <= TABLES_MAX, "has more than {TABLES_MAX} tables");
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
}
