//! Party: the throw-away accounts, their companies and keys, and what belongs to them.
//!
//! Owns:  making them, and removing what can be removed.
//! Never: touches an account, a key or a company that it did not make.
//! Read:  `Party::make`, then `Party::remove`.

use super::{
    caller::{Asked, Gateway},
    route::Route,
    template::{Template, Templates, Values},
};
use crate::{
    client::{Client, NOTHING},
    clock,
    failure::{Exit, Failure},
    output::remark,
};
use api::{
    account::AccountIn,
    catalogue::OperationOut,
    company::{CompanyIn, CompanyOut, CompanyPatch},
    contract::{
        AccountsCreate, CompaniesCreate, CompaniesDelete, CompaniesList, CompaniesUpdate, KeysCreate, KeysDelete,
        KeysDisable, KeysUpdate,
    },
    key::{Companies, CredentialSecret, KeyIn, KeyPatch, OwnLimits},
    validation::Change,
};
use model::Secret;
use serde_json::{Map, Value};

/// Accounts, and companies of each.
pub(super) const ACCOUNTS: usize = 2;
pub(super) const COMPANIES: usize = 2;
/// Rows of one list that are remembered as a company's own.
const ROWS_MAX: usize = 10;
/// Companies of a throw-away account that are looked through: more than it can have.
const LISTED_MAX: usize = 100;
/// Requests in a window of the limit `default` that the keys are given.
const ROOM: u64 = 100_000;
/// Characters of a refusal that are repeated.
const SAID_MAX: usize = 300;
/// The environment that is asked.
const ENVIRONMENT: &str = "test";

/// Something that belongs to a company: what a list or a creation said of it.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    /// The path of the operation that told it.
    pub(super) path: String,
    pub(super) members: Map<String, Value>,
}

/// A company, and the key that is restricted to it.
pub(super) struct Company {
    pub(super) values: Values,
    /// What the upstream calls it, by kind.
    pub(super) names: Vec<(String, String)>,
    pub(super) key: Secret<String>,
    pub(super) things: Vec<Thing>,
}

/// Everything that was made.
#[derive(Default)]
pub(super) struct Party {
    /// Account ids and their primary keys' ids.
    accounts: Vec<(String, String)>,
    /// The primary keys.
    pub(super) primaries: Vec<Secret<String>>,
    /// Keys, each with its account.
    keys: Vec<(String, String)>,
    pub(super) companies: Vec<Company>,
}

impl Party {
    /// Makes two accounts with two companies each. What was made before a failure is known to `remove`.
    pub(super) async fn make(
        &mut self,
        client: &Client,
        gateway: &Gateway,
        operations: &[OperationOut],
        templates: &Templates,
    ) -> Result<(), Failure> {
        for account in 0..ACCOUNTS {
            let body = AccountIn { name: format!("Isolation proof {}", account + 1) };
            let created = client.call::<AccountsCreate>(&[], &[], Some(&body)).await?;
            self.accounts.push((created.account.id.clone(), created.primary.key_id.clone()));
            let patch = KeyPatch { limits: Change::Set(room()), ..KeyPatch::default() };
            let key = [&*created.account.id, &*created.primary.key_id];
            if let Err(failure) = client.call::<KeysUpdate>(&key, &[], Some(&patch)).await {
                roomless(failure)?;
            }
            let primary = secret(created.primary.test)?;
            for _ in 0..COMPANIES {
                let company =
                    self.company(client, gateway, operations, templates, (&created.account.id, &primary)).await?;
                self.companies.push(company);
            }
            self.primaries.push(primary);
        }
        let everybody: Vec<Values> = self.companies.iter().map(|company| company.values.clone()).collect();
        for company in &mut self.companies {
            harvest(gateway, operations, company, &everybody).await?;
        }
        Ok(())
    }

    async fn company(
        &mut self,
        client: &Client,
        gateway: &Gateway,
        operations: &[OperationOut],
        templates: &Templates,
        (id, primary): (&str, &Secret<String>),
    ) -> Result<Company, Failure> {
        let mut values = fresh();
        let made = create(gateway, operations, &templates.create, &values, primary).await?;
        let said = Value::Object(made.members.clone());
        let told = |pointer: &str| said.pointer(pointer).and_then(text).ok_or_else(|| untold(pointer));
        let name = |(kind, pointer): &(String, String)| Ok((kind.clone(), told(pointer)?));
        let names = templates.names.iter().map(name).collect::<Result<Vec<_>, Failure>>()?;
        let external_names = names.iter().map(|(kind, name)| format!("{ENVIRONMENT}:{kind}={name}")).collect();
        values.id = names.first().map(|(_, name)| name.clone()).unwrap_or_default();
        let company = known(client, id, &values.mark, external_names).await?;
        let mut body = KeyIn {
            limits: Some(room()),
            description: Some("isolation proof".to_owned()),
            preset: Some("full_access".to_owned()),
            companies: Some(Companies::Only(vec![company])),
            environments: Some(vec![ENVIRONMENT.to_owned()]),
            ..KeyIn::default()
        };
        let issued = match client.call::<KeysCreate>(&[id], &[], Some(&body)).await {
            Err(failure) => {
                roomless(failure)?;
                body.limits = None;
                client.call::<KeysCreate>(&[id], &[], Some(&body)).await?
            }
            Ok(issued) => issued,
        };
        self.keys.push((id.to_owned(), issued.secrets.key_id.clone()));
        let mut things = vec![made];
        for fill in &templates.fills {
            things.push(create(gateway, operations, fill, &values, primary).await?);
        }
        Ok(Company { values, names, key: secret(issued.secrets.test)?, things })
    }

    /// Every company of the accounts: probes may have made some, which the gateway learned. Accounts that cannot be asked have
    /// none here, and are named at the end.
    async fn companies(&self, client: &Client) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (account, _) in &self.accounts {
            if let Ok(listed) = client.list::<CompaniesList, CompanyOut>(&[account], &[], None).await {
                found.extend(listed.data.into_iter().map(|company| (account.clone(), company.id)));
            }
        }
        found
    }

    /// Removes keys and companies and disables the primary keys; says what stays.
    pub(super) async fn remove(&self, client: &Client) {
        let mut left = Vec::new();
        for (account, key) in &self.keys {
            if client.call::<KeysDelete>(&[account, key], &[], NOTHING).await.is_err() {
                left.push(key.clone());
            }
        }
        for (account, company) in self.companies(client).await {
            if client.call::<CompaniesDelete>(&[&account, &company], &[], NOTHING).await.is_err() {
                left.push(company);
            }
        }
        for (account, primary) in &self.accounts {
            if client.call::<KeysDisable>(&[account, primary], &[], NOTHING).await.is_err() {
                left.push(primary.clone());
            }
        }
        let accounts: Vec<&str> = self.accounts.iter().map(|(account, _)| account.as_str()).collect();
        remark(&format!(
            "Accounts cannot be deleted: {} stay, with disabled primary keys. What was made in the upstream stays too.",
            accounts.join(" and ")
        ));
        if !left.is_empty() {
            remark(&format!("Could not be removed, remove by hand: {}", left.join(" ")));
        }
    }
}

/// The company with these external names: the one that the gateway has learned from the answer that made it, or a new one.
async fn known(client: &Client, account: &str, name: &str, external_names: Vec<String>) -> Result<String, Failure> {
    let listed = client.list::<CompaniesList, CompanyOut>(&[account], &[], Some(LISTED_MAX)).await?.data;
    let named = |company: &&CompanyOut| company.external_names.iter().any(|name| external_names.contains(name));
    let Some(learned) = listed.iter().find(named) else {
        let body = CompanyIn { name: name.to_owned(), external_names };
        return Ok(client.call::<CompaniesCreate>(&[account], &[], Some(&body)).await?.company.id);
    };
    let body = CompanyPatch { external_names: Change::Set(external_names), ..CompanyPatch::default() };
    Ok(client.call::<CompaniesUpdate>(&[account, &learned.id], &[], Some(&body)).await?.company.id)
}

/// Room for all probes under the limit that deployments have by default; under others a probe waits.
fn room() -> OwnLimits {
    OwnLimits([("default".to_owned(), ROOM)].into())
}

/// Goes on when the deployment has no such limit.
fn roomless(failure: Failure) -> Result<(), Failure> {
    let unknown = failure.refusal.as_ref().is_some_and(|refusal| refusal.status == 422);
    if unknown { Ok(()) } else { Err(failure) }
}

/// A text or a number, as a request names it.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A mark and a number that nobody has.
fn fresh() -> Values {
    let mut bytes = [0; 8];
    clock::fill(&mut bytes);
    let number = u64::from_be_bytes(bytes);
    Values { mark: format!("M{number:016X}"), code: format!("{:011}", number % 100_000_000_000), id: String::new() }
}

fn secret(credential: Option<CredentialSecret>) -> Result<Secret<String>, Failure> {
    let text = credential.map(|credential| Secret::new(credential.secret.secret().expose().clone()));
    text.ok_or_else(|| Failure::new(Exit::Failed, "the control API gave a key without a test secret"))
}

fn untold(pointer: &str) -> Failure {
    Failure::usage(format!("the upstream's answer has no {pointer}"), "say --name KIND=POINTER as the answer has it")
}

/// Makes an object through the gateway.
async fn create(
    gateway: &Gateway,
    operations: &[OperationOut],
    template: &Template,
    values: &Values,
    primary: &Secret<String>,
) -> Result<Thing, Failure> {
    let known = operations.iter().find(|operation| operation.id == template.operation);
    let Some(operation) = known else {
        let message = format!("the catalogue has no operation {}", template.operation);
        return Err(Failure::usage(message, "for an API of your own, say --create, --name and --fill"));
    };
    let asked = Asked {
        method: operation.method.clone(),
        target: operation.path.clone(),
        field: None,
        body: Some((template.kind(), template.fill(values))),
    };
    let answer = gateway.ask(&asked, primary).await?;
    if answer.is_success() {
        // What was sent as XML may be answered so: then it is there, and nothing is known of it.
        let members = answer.json.as_object().cloned().unwrap_or_default();
        return Ok(Thing { path: operation.path.clone(), members });
    }
    let said: String = answer.text.chars().take(SAID_MAX).collect();
    Err(Failure::new(Exit::Failed, format!("{} answered {}: {said}", operation.id, answer.status)))
}

/// Remembers what the company's own key sees in lists: more things that can be asked for. What is plainly another's is
/// left to the probes of the list. Lists below a thing come last, when things are known.
async fn harvest(
    gateway: &Gateway,
    operations: &[OperationOut],
    company: &mut Company,
    everybody: &[Values],
) -> Result<(), Failure> {
    let reads = |o: &&OperationOut| o.method == "GET" && o.audience == "key" && o.scope.ends_with(":read");
    let mut lists: Vec<(&OperationOut, Route<'_>)> =
        operations.iter().filter(reads).map(|operation| (operation, Route::of(operation, operations))).collect();
    lists.retain(|(_, route)| !route.names_one());
    lists.sort_by_key(|(operation, _)| operation.path.matches('{').count());
    for (operation, route) in lists {
        let Some(target) = route.own(company) else { continue };
        let asked = Asked { method: "GET".into(), target, field: None, body: None };
        let answer = gateway.ask(&asked, &company.key).await?;
        let rows = match &answer.json {
            Value::Array(rows) => Some(rows),
            Value::Object(members) => members.values().find_map(Value::as_array),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        let not_anothers = |row: &&Value| {
            let text = row.to_string();
            let anothers = |values: &Values| values.mark != company.values.mark && text.contains(&values.mark);
            !everybody.iter().any(anothers)
        };
        let rows = rows.into_iter().flatten().filter(not_anothers).filter_map(Value::as_object).take(ROWS_MAX);
        let things: Vec<_> =
            rows.map(|members| Thing { path: operation.path.clone(), members: members.clone() }).collect();
        company.things.extend(things);
    }
    Ok(())
}
