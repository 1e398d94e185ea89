//! `claviger quickstart`: everything in one process, without a configuration (D43).
//!
//! Owns:  which parts a quickstart has, the first account, the fresh operator token, and what is printed; the secret of
//!        callbacks, where a profile has some and nobody said who may send them.
//! Never: has a private door: the account is made through the control API that everybody uses (invariant 12).
//! Read:  `run`.

mod attempts;
mod callbacks;
mod words;

use crate::{
    catalogue_file,
    cli::{Quickstart, catalogue::Rules, control::Connection},
    client::Client,
    config::{Config, Profile, Tls},
    deployment::{self, Deployment},
    failure::{Exit, Failure},
    invoicing_alone::{self, Beside},
    logging, operator_token,
    output::line,
    private_file, serve,
    stop::Signals,
};
use api::{
    account::{AccountIn, AccountOut},
    contract::{AccountsCreate, AccountsList, KeysList},
    key::{KeyOut, KeySecrets},
};
use model::Secret;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
};

/// The description of the token that every start replaces.
const TOKEN_DESCRIPTION: &str = "quickstart";
/// The name of the account that the first start creates.
const ACCOUNT_NAME: &str = "Quickstart";
/// What the reference API keeps, inside the data folder.
const INVOICING_FOLDER: &str = "invoicing";

/// Which profile a data folder was made with.
const PROFILE_FILE: &str = "quickstart-profile";

/// What stands behind the gateway.
enum Behind {
    /// A reference API, on this port.
    Reference(TcpListener),
    /// The operator's API.
    Theirs,
}

/// The account's primary key.
pub(crate) enum Primary {
    /// Made at this start.
    New(KeySecrets),
    /// Made at an earlier start; its id.
    Old(Option<String>),
}

/// What is printed once everything serves.
pub(crate) struct Running {
    pub(crate) gateway_url: String,
    pub(crate) control_url: String,
    /// The gateway's certificate, when it is self-signed.
    pub(crate) certificate: Option<PathBuf>,
    /// The control API's, when it is self-signed.
    pub(crate) control_certificate: Option<PathBuf>,
    pub(crate) account_id: String,
    pub(crate) token: Secret<String>,
    /// Secrets at the first start only; later just the key's id, as far as it is known.
    pub(crate) primary: Primary,
}

/// Runs until a signal.
pub(crate) async fn run(args: Quickstart) -> Result<(), Failure> {
    let behind = behind(&args)?;
    let mut config = config(&args, &behind)?;
    let profile = config.profile.unwrap_or(Profile::Invoicetronic);
    let catalogue = match &args.openapi {
        Some(path) => {
            let draft = catalogue_file::import(path, args.prefix.as_deref(), &Rules::default())?;
            catalogue_file::of_draft(path, draft)?
        }
        None if config.profile.is_none() => catalogue_file::without_sub_keys(&catalogue_file::of_profile(profile)?)?,
        None => catalogue_file::of_profile(profile)?,
    };
    callbacks::provide(&mut config, &catalogue)?;
    logging::start(&config.log)?;
    let mut signals = Signals::listen()?;
    let shared = matches!(behind, Behind::Theirs).then(|| deployment::shared_upstream(&config)).flatten();
    for warning in deployment::warnings(&config).into_iter().chain(shared) {
        tracing::warn!("{warning}");
    }
    let guide = words::Guide::of(catalogue.operations(), args.openapi.is_none().then_some(profile), &config);
    let deployment = Deployment::start(&config, catalogue).await?;
    other_profile(&config)?;
    let reference = match behind {
        Behind::Theirs => None,
        Behind::Reference(listener) => {
            let plain = deployment.plain_url().unwrap_or_else(|| deployment.gateway_url());
            let jwks = format!("{plain}/.well-known/{}/jwks.json", config.namespace);
            let folder = config.folder.join(INVOICING_FOLDER);
            Some(Beside::start(listener, &folder, jwks, profile.surface())?)
        }
    };
    let outcome = match prepare(&deployment).await {
        Ok(running) => {
            line(&if args.json { words::json(&running) } else { words::text(&running, &args, &guide) });
            // The secrets were shown; nothing keeps them.
            drop(running);
            serve::until_stopped(deployment, &mut signals).await
        }
        Err(failure) => {
            deployment.stop().await;
            Err(failure)
        }
    };
    if let Some(reference) = reference {
        reference.stop().await;
    }
    outcome
}

/// Warns of a folder that another profile was used with: the keys of that one look different, and are refused.
fn other_profile(config: &Config) -> Result<(), Failure> {
    let name = config.profile.map_or("none", Profile::name);
    let found =
        private_file::read_or_make(&config.folder.join(PROFILE_FILE), || Ok(Secret::new(name.as_bytes().to_vec())))?;
    let before = String::from_utf8_lossy(found.expose());
    if before != name {
        tracing::warn!(
            before = &*before,
            now = name,
            "this data folder was made with another profile: keys that were made then may look different and be refused; \
             rotate them, or start with another folder"
        );
    }
    Ok(())
}

/// A fresh operator token, and at the first start an account with its primary pair.
async fn prepare(deployment: &Deployment) -> Result<Running, Failure> {
    operator_token::revoke_described(deployment.store(), TOKEN_DESCRIPTION).await?;
    let (_, token) = operator_token::create(deployment.store(), TOKEN_DESCRIPTION.to_owned()).await?;
    let connection = Connection {
        url: deployment.control_url(),
        token: Some(token.expose().clone()),
        token_file: None,
        ca_file: deployment.self_signed("control"),
    };
    let client = Client::open(&connection)?;
    let accounts = client.list::<AccountsList, AccountOut>(&[], &[], None).await?.data;
    let (account_id, primary) = match accounts.last() {
        // Newest first: the last one is the account of the first start.
        Some(account) => {
            let query = [("kind", "primary")];
            let keys = client.list::<KeysList, KeyOut>(&[&account.id], &query, Some(1)).await?.data;
            (account.id.clone(), Primary::Old(keys.into_iter().next().map(|key| key.id)))
        }
        None => {
            let body = AccountIn { name: ACCOUNT_NAME.to_owned() };
            let created = client.call::<AccountsCreate>(&[], &[], Some(&body)).await?;
            (created.account.id, Primary::New(created.primary))
        }
    };
    Ok(Running {
        gateway_url: deployment.gateway_url(),
        control_url: deployment.control_url(),
        certificate: deployment.self_signed("gateway"),
        control_certificate: connection.ca_file,
        account_id,
        token,
        primary,
    })
}

fn behind(args: &Quickstart) -> Result<Behind, Failure> {
    let upstream = args.upstream.is_some() || args.upstream_test.is_some();
    match (&args.openapi, upstream) {
        (None, false) => Ok(Behind::Reference(invoicing_alone::port()?)),
        (None, true) if args.profile.is_some() => Ok(Behind::Theirs),
        (Some(_), true) => Ok(Behind::Theirs),
        (Some(path), false) => {
            let message = format!("--openapi {} describes an API, but nothing says where it is", path.display());
            Err(Failure::usage(message, "add --upstream URL, or --upstream-test URL and --upstream-live URL"))
        }
        (None, true) => {
            let message = "--upstream without --openapi: every request would be refused, \
                           because operations that nobody described are never passed on";
            let hint =
                "add --openapi FILE with the OpenAPI description of that API, or --profile NAME if it is one of those";
            Err(Failure::usage(message, hint))
        }
    }
}

fn config(args: &Quickstart, behind: &Behind) -> Result<Config, Failure> {
    let reference = match behind {
        Behind::Theirs => None,
        Behind::Reference(listener) => {
            let address = listener.local_addr();
            let address =
                address.map_err(|error| Failure::new(Exit::Failed, format!("the reference API's port: {error}")))?;
            Some(format!("http://{address}"))
        }
    };
    let both = reference.as_ref().or(args.upstream.as_ref()).map(|url| ("--upstream", url));
    let mut flags = vec![
        ("gateway.listen", "--listen", args.listen.to_string()),
        ("control.listen", "--control", args.control.to_string()),
        ("store.folder", "--data", args.data.display().to_string()),
    ];
    flags.extend(args.profile.map(|profile| ("profile", "--profile", profile.name().to_owned())));
    flags.extend(args.people.as_ref().map(|path| ("people.file", "--people", path.display().to_string())));
    let test = args.upstream_test.as_ref().map(|url| ("--upstream-test", url)).or(both);
    let live = args.upstream_live.as_ref().map(|url| ("--upstream-live", url)).or(both);
    flags.extend(test.map(|(flag, url)| ("upstream.test.url", flag, url.clone())));
    flags.extend(live.map(|(flag, url)| ("upstream.live.url", flag, url.clone())));
    // A newcomer reads the words on standard output; what goes well need not be said twice. And a newcomer may sign up.
    let mut config = Config::of_flags(flags, [("log.level", "warn"), ("sign_in.registration", "open")])?;
    if reference.is_some() && config.gateway.plain_listen.is_none() && config.gateway.tls != Tls::Off {
        // The reference API reads the gateway's key set over plain HTTP, which loopback may.
        config.gateway.plain_listen = Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));
    }
    Ok(config)
}
