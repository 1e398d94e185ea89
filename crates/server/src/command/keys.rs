//! `claviger keys ...`.
//!
//! Owns:  what it prints; secrets are printed once, where the control API shows them once (R68).
//! Never: keeps a secret.
//! Read:  `run`.

use crate::{
    cli::keys::{Create, EndPrevious, Expiry, KeysCommand, List, One, Rotate, Update},
    client::{Client, NOTHING},
    clock,
    failure::Failure,
    output::{Output, facts, table},
};
use api::{
    Time,
    contract::{
        KeysCreate, KeysDelete, KeysDisable, KeysEnable, KeysEndPrevious, KeysGet, KeysList, KeysRevoke, KeysRotate,
        KeysUpdate, Operation,
    },
    key::{
        Companies, CredentialOut, EndPreviousIn, FindingOut, KeyChanged, KeyDeleted, KeyIn, KeyOut, KeyPatch,
        KeySecrets, OwnLimits, RotateIn,
    },
    receipt::ReceiptOut,
    usage::LastUsedOut,
    validation::Change,
};
use std::collections::BTreeMap;

pub(crate) async fn run(command: KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::Create(args) => create(args).await,
        KeysCommand::List(args) => list(args).await,
        KeysCommand::Show(args) => show(args).await,
        KeysCommand::Update(args) => update(args).await,
        KeysCommand::Disable(args) => act::<KeysDisable>(args).await,
        KeysCommand::Enable(args) => act::<KeysEnable>(args).await,
        KeysCommand::Rotate(args) => rotate(args).await,
        KeysCommand::EndPrevious(args) => end_previous(args).await,
        KeysCommand::Revoke(args) => act::<KeysRevoke>(args).await,
        KeysCommand::Delete(args) => delete(args).await,
    }
}

async fn create(args: Create) -> Result<(), Failure> {
    let limits = numbers(args.settings.limits)?;
    let client = Client::open(&args.at)?;
    let account = client.account(&args.account).await?;
    let body = KeyIn {
        description: args.description,
        preset: args.preset,
        scopes: some(args.scopes),
        companies: some(args.companies).map(Companies::Only),
        environments: args.environment.map(|e| vec![e]),
        expires_at: expires_at(&args.expiry),
        origins: some(args.settings.origins),
        networks: some(args.settings.networks),
        limits,
        rotate_every_days: args.settings.rotate_every,
        confirm_any_origin: args.settings.confirm_any_origin,
    };
    let issued = client.call::<KeysCreate>(&[&account], &[], Some(&body)).await?;
    Output::of(args.json.json).show(&issued.secrets, |secrets| {
        format!("{}\n\n{}\n\n{}", secrets_text(secrets), one(&issued.key), receipt_text(&issued.in_force))
    })?;
    Ok(())
}

async fn list(args: List) -> Result<(), Failure> {
    let client = Client::open(&args.at)?;
    let account = client.account(&args.account).await?;
    let query = [("status", args.status.as_deref()), ("kind", args.kind.as_deref())];
    let query: Vec<_> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let page = client.list::<KeysList, KeyOut>(&[&account], &query, args.paging.limit).await?;
    Output::of(args.json.json).show(&page, |page| {
        let row = |k: &KeyOut| {
            vec![
                k.id.clone(),
                k.kind.clone(),
                k.status.clone(),
                k.preset.clone(),
                companies_text(&k.companies),
                brief(&k.origins),
                brief(&k.networks),
                last_four(k.test.as_ref()),
                last_four(k.live.as_ref()),
                k.expires_at.map_or_else(|| "-".to_owned(), |t| t.to_string()),
                findings_count(k),
                k.description.clone(),
            ]
        };
        let head = [
            "id",
            "kind",
            "status",
            "preset",
            "companies",
            "origins",
            "networks",
            "test",
            "live",
            "expires",
            "findings",
            "description",
        ];
        table(&head, page.data.iter().map(row).collect(), "No such keys.")
    })?;
    Ok(())
}

async fn show(args: One) -> Result<(), Failure> {
    let client = Client::open(&args.at)?;
    let account = client.account(&args.account).await?;
    let key = client.call::<KeysGet>(&[&account, &args.id], &[], NOTHING).await?;
    Output::of(args.json.json).show(&key, one)?;
    Ok(())
}

async fn update(args: Update) -> Result<(), Failure> {
    let id = args.id.clone();
    let (at, account, json) = (args.at.clone(), args.account.clone(), args.json);
    let patch = patch(args)?;
    let client = Client::open(&at)?;
    let account = client.account(&account).await?;
    let changed = client.call::<KeysUpdate>(&[&account, &id], &[], Some(&patch)).await?;
    Output::of(json.json).show(&changed, changed_text)?;
    Ok(())
}

/// What to change; it is an error to change nothing.
fn patch(args: Update) -> Result<KeyPatch, Failure> {
    let settings = args.settings;
    let companies = if args.all_companies { Some(Companies::All) } else { some(args.companies).map(Companies::Only) };
    let patch = KeyPatch {
        description: change(args.description, false),
        preset: change(args.preset, false),
        scopes: change(some(args.scopes), false),
        companies: change(companies, false),
        expires_at: change(expires_at(&args.expiry), args.no_expiry),
        origins: change(some(settings.origins), args.no_origins),
        networks: change(some(settings.networks), args.any_network),
        limits: change(numbers(settings.limits)?, args.no_limits),
        rotate_every_days: change(settings.rotate_every, args.no_rotate_every),
        confirm_any_origin: settings.confirm_any_origin,
        expected_version: None,
    };
    let keeps = patch.description.is_keep() && patch.preset.is_keep() && patch.scopes.is_keep();
    let keeps = keeps && patch.companies.is_keep() && patch.expires_at.is_keep() && patch.origins.is_keep();
    if keeps && patch.networks.is_keep() && patch.limits.is_keep() && patch.rotate_every_days.is_keep() {
        let hint = "say --description, --preset, --scope, --company, --origin, --network, --limit, --rotate-every, \
                    --expires-at, or one that clears: --all-companies, --no-origins, --any-network, --no-limits, \
                    --no-rotate-every, --no-expiry";
        return Err(Failure::usage("nothing to change", hint));
    }
    Ok(patch)
}

fn change<T>(value: Option<T>, clears: bool) -> Change<T> {
    match (value, clears) {
        (_, true) => Change::Clear,
        (Some(value), false) => Change::Set(value),
        (None, false) => Change::Keep,
    }
}

/// One number for each limit: which of two was meant, nobody knows.
fn numbers(limits: Vec<(String, u64)>) -> Result<Option<OwnLimits>, Failure> {
    let mut numbers = BTreeMap::new();
    for (name, count) in limits {
        if numbers.insert(name.clone(), count).is_some() {
            return Err(Failure::usage(format!("--limit names {name} twice"), "say one number for each limit"));
        }
    }
    Ok((!numbers.is_empty()).then_some(OwnLimits(numbers)))
}

/// The operations that take nothing but the key's name.
async fn act<O: Operation<Answer = KeyChanged>>(args: One) -> Result<(), Failure> {
    let client = Client::open(&args.at)?;
    let account = client.account(&args.account).await?;
    let changed = client.call::<O>(&[&account, &args.id], &[], NOTHING).await?;
    Output::of(args.json.json).show(&changed, changed_text)?;
    Ok(())
}

async fn rotate(args: Rotate) -> Result<(), Failure> {
    let client = Client::open(&args.at)?;
    let account = client.account(&args.account).await?;
    let body = RotateIn { environments: args.environment.map(|e| vec![e]), overlap_seconds: args.overlap };
    let issued = client.call::<KeysRotate>(&[&account, &args.id], &[], Some(&body)).await?;
    Output::of(args.json.json).show(&issued.secrets, |secrets| {
        format!("{}\n\n{}\n\n{}", secrets_text(secrets), one(&issued.key), receipt_text(&issued.in_force))
    })?;
    Ok(())
}

async fn end_previous(args: EndPrevious) -> Result<(), Failure> {
    let client = Client::open(&args.at)?;
    let account = client.account(&args.account).await?;
    let body = EndPreviousIn { environments: args.environment.map(|e| vec![e]) };
    let changed = client.call::<KeysEndPrevious>(&[&account, &args.id], &[], Some(&body)).await?;
    Output::of(args.json.json).show(&changed, changed_text)?;
    Ok(())
}

async fn delete(args: One) -> Result<(), Failure> {
    let client = Client::open(&args.at)?;
    let account = client.account(&args.account).await?;
    let deleted = client.call::<KeysDelete>(&[&account, &args.id], &[], NOTHING).await?;
    let text = |d: &KeyDeleted| format!("{} is deleted.\n{}", d.key_id, receipt_text(&d.in_force));
    Output::of(args.json.json).show(&deleted, text)?;
    Ok(())
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn expires_at(expiry: &Expiry) -> Option<String> {
    let counted = |seconds| Time(clock::now().plus_secs(i64::try_from(seconds).unwrap_or(i64::MAX))).to_string();
    expiry.expires_at.clone().or_else(|| expiry.expires_in.map(counted))
}

fn changed_text(changed: &KeyChanged) -> String {
    format!("{}\n\n{}", one(&changed.key), receipt_text(&changed.in_force))
}

fn one(key: &KeyOut) -> String {
    let mut list = vec![
        ("id", key.id.clone()),
        ("kind", key.kind.clone()),
        ("status", key.status.clone()),
        ("preset", format!("{} ({})", key.preset, key.scopes.join(" "))),
        ("companies", companies_text(&key.companies)),
        ("origins", listed(&key.origins, "none")),
        ("networks", listed(&key.networks, "all")),
        ("limits", limits_text(&key.limits)),
        ("rotation", key.rotate_every_days.map_or_else(|| "no reminder".to_owned(), |d| format!("every {d} days"))),
        ("expires", key.expires_at.map_or_else(|| "never".to_owned(), |t| t.to_string())),
        ("created", key.created_at.to_string()),
        ("description", key.description.clone()),
    ];
    list.extend(key.test.as_ref().map(|c| ("test", credential(c))));
    list.extend(key.live.as_ref().map(|c| ("live", credential(c))));
    let lines = key.findings.iter().map(|finding| format!("\n{}", finding_text(finding)));
    format!("{}{}", facts(&list), lines.collect::<String>())
}

/// A finding in one line: how urgent, what is the case, what settles it.
pub(crate) fn finding_text(finding: &FindingOut) -> String {
    format!("{}: {} {} ({})", finding.level, finding.sentence, finding.action, finding.code)
}

fn findings_count(key: &KeyOut) -> String {
    if key.findings.is_empty() { "-".to_owned() } else { key.findings.len().to_string() }
}

fn listed(items: &[String], none: &str) -> String {
    if items.is_empty() { none.to_owned() } else { items.join(" ") }
}

/// The first of a list, and how many more there are.
fn brief(items: &[String]) -> String {
    match items {
        [] => "-".to_owned(),
        [only] => only.clone(),
        [first, more @ ..] => format!("{first} +{}", more.len()),
    }
}

fn limits_text(limits: &OwnLimits) -> String {
    let texts: Vec<_> = limits.0.iter().map(|(name, count)| format!("{name}={count}")).collect();
    listed(&texts, "the deployment's")
}

fn credential(credential: &CredentialOut) -> String {
    let previous = credential.previous.as_ref();
    let used = |used: &Option<LastUsedOut>| used.as_ref().map(|u| format!(", used last {}", u.at)).unwrap_or_default();
    let previous = previous
        .map(|p| format!("; the one before, ...{}, ends {}{}", p.last_four, p.ends_at, used(&p.last_used)))
        .unwrap_or_default();
    format!("{}, secret ...{}{}{previous}", credential.client_id, credential.last_four, used(&credential.last_used))
}

fn last_four(credential: Option<&CredentialOut>) -> String {
    credential.map_or_else(|| "-".to_owned(), |c| format!("...{}", c.last_four))
}

fn companies_text(companies: &Companies) -> String {
    match companies {
        Companies::All => "all".to_owned(),
        Companies::Only(ids) if ids.is_empty() => "none left".to_owned(),
        Companies::Only(ids) => ids.join(" "),
    }
}

/// A new key's secrets, for the person who has to keep them.
pub(crate) fn secrets_text(secrets: &KeySecrets) -> String {
    let mut list = vec![("key id", secrets.key_id.clone())];
    for (environment, half) in [("test", &secrets.test), ("live", &secrets.live)] {
        if let Some(half) = half {
            list.push((environment, format!("{}  (client id {})", half.secret.secret().expose(), half.client_id)));
        }
    }
    format!("{}\nKeep the secrets now: they cannot be shown again.", facts(&list))
}

/// Since when a change is in force.
pub(crate) fn receipt_text(receipt: &ReceiptOut) -> String {
    let one = |g: &api::receipt::AppliedOut| {
        let cut = if g.cut == 0 { String::new() } else { format!(", {} in flight cut", g.cut) };
        format!("In force on {} since {}{cut} (revision {}).", g.name, g.applied_at, receipt.revision)
    };
    let lines: Vec<_> = receipt.gateways.iter().map(one).collect();
    if lines.is_empty() { format!("Stored as revision {}.", receipt.revision) } else { lines.join("\n") }
}
