//! Explain: what would happen to a described request.
//!
//! Owns:  the handler, which runs the gateway's own stages on the description.
//! Never: holds a rule; those are `admission`'s.
//! Read:  top down.

use crate::{
    operation::{Context, Op},
    refusal::Refusal,
};
use admission::{Described, Entry, Explanation, Facts, Field, Freshness, Record, Verdict, path};
use api::{
    Code,
    contract::{Explain, ExplainInAccount},
    explain::{DescribedKey, ExplainIn, ExplainOut, RefusalOut, RemedyOut, StepOut},
};
use model::{Denial, Operation, SecretSlot, Timestamp};
use std::{net::IpAddr, sync::Arc};

/// The gateways are taken to be current: what they would do when they are not is told by their readiness.
const FRESH: Freshness = Freshness { fresh_until: Timestamp::MAX };

pub(crate) async fn explain(op: Op<Explain>) -> Result<ExplainOut, Refusal> {
    described(&op.context, op.body).await
}

/// The account of the path is the only one whose keys are looked at.
pub(crate) async fn in_account(op: Op<ExplainInAccount>) -> Result<ExplainOut, Refusal> {
    let account = op.target.account.to_string();
    op.context.account(op.target.account).account().await?;
    let mut body = op.body;
    if body.account_id.as_ref().is_some_and(|named| *named != account) {
        return Err(Code::NotFound.into());
    }
    body.account_id = body.key_id.is_some().then_some(account);
    described(&op.context, body).await
}

async fn described(context: &Context, body: ExplainIn) -> Result<ExplainOut, Refusal> {
    let described = body.check()?;
    let path = path::canonical(described.path.as_bytes())
        .map_err(|error| Refusal::field("/path", format!("every gateway refuses this path: {error}")))?;
    let catalogue = (context.control.parts().catalogue)();
    let operation = catalogue.find(described.method, &path);
    let origin = described.origin.as_ref().map_or(Field::Absent, |o| Field::One(o.as_bytes()));
    match described.key {
        None => Ok(without_key(context, operation, origin)),
        Some(key) => with_key(context, operation, (origin, described.address), key).await,
    }
}

fn without_key(context: &Context, operation: Option<&Operation>, origin: Field<'_>) -> ExplainOut {
    let facts = Facts { operation, origin, ..Facts::default() };
    let refused = match admission::public(&facts) {
        Some(_) => None,
        None => admission::present(&facts, &context.control.parts().policy).err(),
    };
    // Nothing is presented, so `present` refuses; were it ever to pass, the answer would still be no.
    let allowed = admission::public(&facts).is_some();
    let refusal = (!allowed).then(|| RefusalOut::from(refused.unwrap_or(Denial::CredentialMissing)));
    let sentence = "Present a key; the operation is not public.".to_owned();
    let remedy = RemedyOut { action: "present_key".to_owned(), scope: None, sentence };
    ExplainOut {
        allowed,
        operation: operation.map(|o| o.id.to_string()),
        refusal,
        steps: Vec::new(),
        remedies: if allowed { Vec::new() } else { vec![remedy] },
    }
}

async fn with_key(
    context: &Context,
    operation: Option<&Operation>,
    from: (Field<'_>, Option<IpAddr>),
    described: DescribedKey,
) -> Result<ExplainOut, Refusal> {
    let row = context.account(described.account).key(described.key).await?;
    let credential = row
        .credentials
        .iter()
        .map(|c| &c.credential)
        .find(|c| c.environment == described.environment && c.slot == described.slot)
        .ok_or_else(|| match described.slot {
            SecretSlot::Current => Refusal::field("/environment", "the key has no credential in this environment"),
            SecretSlot::Previous => Refusal::field("/secret", "the key has no previous secret in this environment"),
        })?;
    let entry = Entry::new(credential, Arc::new(Record::from(&row.key)));
    Ok(with_entry(context, operation, from, &entry))
}

/// What would happen now to a request with the secret `entry`, from this page and address.
pub(crate) fn with_entry(
    context: &Context,
    operation: Option<&Operation>,
    (origin, address): (Field<'_>, Option<IpAddr>),
    entry: &Entry,
) -> ExplainOut {
    let described = Described { operation, origin, address, entry, now: context.now, freshness: FRESH };
    show(admission::explain(&described, &context.control.parts().policy), operation)
}

fn show(explanation: Explanation, operation: Option<&Operation>) -> ExplainOut {
    let step = |s: admission::Step| StepOut {
        check: s.check.as_str().to_owned(),
        state: s.state.as_str().to_owned(),
        sentence: s.sentence,
    };
    let remedy = |r: admission::Remedy| RemedyOut {
        action: r.as_str().to_owned(),
        sentence: r.sentence(),
        scope: if let admission::Remedy::GrantScope(scope) = &r { Some(scope.to_string()) } else { None },
    };
    let refusal = match explanation.verdict {
        Verdict::Permitted(_) => None,
        Verdict::Denied(denial) => Some(RefusalOut::from(denial)),
    };
    ExplainOut {
        allowed: refusal.is_none(),
        operation: operation.map(|o| o.id.to_string()),
        refusal,
        steps: explanation.steps.into_iter().map(step).collect(),
        remedies: explanation.remedies.into_iter().map(remedy).collect(),
    }
}
