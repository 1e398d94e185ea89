//! What a quickstart prints: for a person who has never seen the product, or as one line of JSON.
//!
//! Owns:  the words, and three curl lines that work as they are printed.
//! Never: prints a secret twice: primary keys are there at the first start only.
//! Read:  `text`.

use super::{
    Primary, Running,
    attempts::{Attempts, only_pairs},
};
use crate::{
    cli::Quickstart,
    config::{Config, Profile},
    name,
};
use api::key::CredentialSecret;
use model::{Action, Audience, HttpMethod, Operation, Presentations, operation::Segment};
use serde::Serialize;
use std::path::PathBuf;

/// What a newcomer can try.
pub(crate) struct Guide {
    operations: usize,
    /// Whose system it is; none for an API of one's own.
    profile: Option<Profile>,
    /// The same, if somebody asked for it.
    named: Option<Profile>,
    presentations: Presentations,
    one_company: bool,
    /// Who may call without a key, if anybody may.
    people: Option<PathBuf>,
    /// Paths without parameters that only look.
    readable: Vec<String>,
}

impl Guide {
    /// From the operations in force.
    pub(super) fn of(operations: &[Operation], profile: Option<Profile>, config: &Config) -> Self {
        let plain = |o: &&Operation| {
            let fixed = o.template.segments().iter().all(|s| matches!(s, Segment::Literal(_)));
            fixed && o.method == HttpMethod::Get && o.audience == Audience::Key && o.scope.action == Action::Read
        };
        let readable = operations.iter().filter(plain).map(|o| o.template.to_string()).collect();
        Self {
            operations: operations.len(),
            profile,
            named: config.profile,
            presentations: config.keys.presentations,
            one_company: config.keys.one_company,
            people: config.people.clone(),
            readable,
        }
    }
}

#[derive(Serialize)]
struct Ready<'a> {
    gateway_url: &'a str,
    control_url: &'a str,
    account_id: &'a str,
    operator_token: &'a str,
    primary: Option<Pair<'a>>,
}

#[derive(Serialize)]
struct Pair<'a> {
    key_id: &'a str,
    test: Option<&'a CredentialSecret>,
    live: Option<&'a CredentialSecret>,
}

/// One line, for programs.
pub(super) fn json(running: &Running) -> String {
    let ready = Ready {
        gateway_url: &running.gateway_url,
        control_url: &running.control_url,
        account_id: &running.account_id,
        operator_token: running.token.expose(),
        primary: match &running.primary {
            Primary::New(secrets) => {
                Some(Pair { key_id: &secrets.key_id, test: secrets.test.as_ref(), live: secrets.live.as_ref() })
            }
            Primary::Old(_) => None,
        },
    };
    serde_json::to_string(&ready).unwrap_or_default()
}

/// For people.
pub(super) fn text(running: &Running, args: &Quickstart, guide: &Guide) -> String {
    let behind = match (&args.upstream, &args.upstream_test, &args.upstream_live) {
        (Some(url), ..) => format!("{url} (which tells test and live apart by the signed context)"),
        (None, Some(test), Some(live)) => format!("{test} (test) and {live} (live)"),
        _ => match guide.named {
            Some(profile) => format!("the reference API in the shape of {}", profile.name()),
            None => "the reference API, a small e-invoicing API that came along".to_owned(),
        },
    };
    let mut out = format!(
        "{title} is running.\n\n\
         API      {gateway}\n         \
                  {operations} operations; behind it {behind}\n\
         Control  {control}\n\
         Sign up  {control}/register (the dashboard; your account gets keys of its own)\n\
         Data     {data} (remove the folder to start afresh)\n\
         Account  {account}\n",
        title = name::TITLE,
        gateway = running.gateway_url,
        operations = guide.operations,
        control = running.control_url,
        data = args.data.display(),
        account = running.account_id,
    );
    if let Some(people) = &guide.people {
        out.push_str(&format!(
            "People   {} (issuers of bearer tokens, callbacks and their secrets)\n",
            people.display()
        ));
    }
    out.push_str(&keys(running, guide));
    out.push_str(&attempts(running, guide));
    out.push_str(&management(running, guide));
    out
}

fn management(running: &Running, guide: &Guide) -> String {
    let trust = running.control_certificate.as_ref().map(|path| format!(" CLAVIGER_CA_FILE={}", path.display()));
    let question = match (guide.profile, guide.readable.first()) {
        (Some(Profile::Invoicetronic), _) => Some("POST /v1/company".to_owned()),
        (Some(Profile::Laabam | Profile::Invostaq) | None, path) => path.map(|path| format!("GET {path}")),
    };
    let explain = question.map(|question| format!("\n  {} explain {question}", name::NAME));
    format!(
        "\nManage keys from another terminal:\n\n  \
           export CLAVIGER_URL={url} CLAVIGER_TOKEN={token}{trust}\n  \
           {name} keys create --preset read_only{company}\n  \
           {name} keys list{explain}\n\n\
         Ctrl-C stops.\n",
        url = running.control_url,
        token = running.token.expose(),
        trust = trust.unwrap_or_default(),
        name = name::NAME,
        company = if guide.one_company {
            format!(" --company CO   # an id of: {} companies list", name::NAME)
        } else {
            String::new()
        },
        explain = explain.unwrap_or_default(),
    )
}

fn keys(running: &Running, guide: &Guide) -> String {
    let primary = match &running.primary {
        Primary::New(secrets) => secrets,
        Primary::Old(id) => {
            return format!(
                "\nThe primary keys were shown at the first start. If they are lost, make new ones (see below for the token):\n\n  \
                 {} keys rotate {} --overlap 0\n",
                name::NAME,
                id.as_deref().unwrap_or("KEY")
            );
        }
    };
    let secret = |half: &Option<CredentialSecret>| {
        let shown = |c: &CredentialSecret| {
            let secret = c.secret.secret().expose();
            if only_pairs(guide.presentations) {
                format!("{secret}   client id {}", c.client_id)
            } else {
                secret.clone()
            }
        };
        half.as_ref().map(shown).unwrap_or_default()
    };
    format!(
        "\nPrimary keys of the account. They may do everything and are shown this once: keep them.\n\n  \
           test   {}\n  live   {}\n",
        secret(&primary.test),
        secret(&primary.live),
    )
}

/// Lines to copy.
fn attempts(running: &Running, guide: &Guide) -> String {
    let credential = match &running.primary {
        Primary::New(secrets) => secrets.test.as_ref(),
        Primary::Old(_) => None,
    };
    let trust = running.certificate.as_ref().map(|path| format!(" --cacert {}", path.display())).unwrap_or_default();
    let base = &running.gateway_url;
    let attempts = Attempts { base, trust: &trust, presentations: guide.presentations, credential };
    let (lines, before) = attempts.lines(guide.profile, &guide.readable);
    if lines.is_empty() {
        return String::new();
    }
    format!("\nTry it (test environment):\n\n{before}  {}\n", lines.join("\n  "))
}
