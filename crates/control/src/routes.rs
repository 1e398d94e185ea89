//! Routes: every operation of the contract, with its handler.
//!
//! Owns:  the router. A test compares it with `api::contract::table`.
//! Never: does anything itself.
//! Read:  `mounted`.

use crate::{
    accounts, audit, companies,
    control::Control,
    dashboard_files, events, explain, identities, invitations, keys, linked_providers, me, members, node, oidc,
    operation::{Op, mount, tag},
    operations, operator_tokens, overview, persons,
    refusal::Refusal,
    registration,
    reply::{Reply, plain},
    requests, second_factors, sign_in, usage,
};
use api::{Code, contract::Operation};
use axum::{
    Router,
    extract::{Request, State},
    response::Response,
};

/// The router and what is on it.
pub(crate) struct Mounted {
    router: Router<Control>,
    ids: Vec<&'static str>,
}

impl Mounted {
    fn with<O, H, F>(mut self, handler: H) -> Self
    where
        O: Operation,
        H: Fn(Op<O>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<O::Answer, Refusal>> + Send + 'static,
    {
        self.ids.push(O::ID);
        Self { router: self.router.route(O::PATH, mount(plain::<O, H, F>(handler))), ids: self.ids }
    }

    /// For handlers that give more than a JSON document.
    fn with_reply<O, H, F>(mut self, handler: H) -> Self
    where
        O: Operation,
        H: Fn(Op<O>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Reply<O>, Refusal>> + Send + 'static,
    {
        self.ids.push(O::ID);
        Self { router: self.router.route(O::PATH, mount::<O, H, F>(handler)), ids: self.ids }
    }
}

fn mounted() -> Mounted {
    let before = Mounted { router: Router::new(), ids: Vec::new() }
        .with(accounts::create)
        .with(accounts::list)
        .with(accounts::get)
        .with(companies::create)
        .with(companies::list)
        .with(companies::get)
        .with(companies::update)
        .with(companies::delete)
        .with(identities::create)
        .with(identities::list)
        .with(identities::delete)
        .with(keys::create)
        .with(keys::list)
        .with(keys::get)
        .with(keys::update)
        .with(keys::disable)
        .with(keys::enable)
        .with(keys::rotate)
        .with(keys::end_previous)
        .with(keys::revoke)
        .with(keys::delete)
        .with(usage::counts)
        .with(requests::list)
        .with(requests::get)
        .with(requests::find)
        .with(overview::get)
        .with_reply(events::follow)
        .with(audit::list)
        .with(audit::verify_in_account)
        .with(audit::list_all)
        .with(audit::verify)
        .with(operations::list)
        .with(explain::explain)
        .with(explain::in_account);
    of_people(before)
        .with(operator_tokens::create)
        .with(operator_tokens::list)
        .with(operator_tokens::revoke)
        .with(node::openapi)
        .with(node::health)
        .with(node::ready)
}

/// Signing in, whoever is signed in, members and persons.
fn of_people(before: Mounted) -> Mounted {
    before
        .with(sign_in::options)
        .with_reply(registration::create)
        .with_reply(sign_in::create)
        .with(sign_in::get)
        .with_reply(sign_in::delete)
        .with_reply(oidc::start)
        .with_reply(oidc::callback)
        .with(invitations::look_up)
        .with_reply(invitations::accept)
        .with(me::update)
        .with_reply(me::password)
        .with(second_factors::offer)
        .with_reply(second_factors::confirm)
        .with_reply(second_factors::remove)
        .with(second_factors::recovery)
        .with(linked_providers::list)
        .with_reply(linked_providers::link)
        .with_reply(linked_providers::unlink)
        .with(me::sessions)
        .with_reply(me::sign_out)
        .with_reply(me::sign_out_everywhere)
        .with(members::list)
        .with(members::update)
        .with(members::delete)
        .with(invitations::create)
        .with(invitations::list)
        .with_reply(invitations::delete)
        .with(persons::list)
        .with(persons::sessions)
        .with_reply(persons::sign_out)
        .with_reply(persons::remove_totp)
        .with_reply(persons::delete)
}

pub(crate) fn router() -> Router<Control> {
    mounted().router.fallback(no_route).method_not_allowed_fallback(no_method)
}

async fn no_route(State(control): State<Control>, request: Request) -> Response {
    if let Some(page) = dashboard_files::answer(&request) {
        return page;
    }
    control.refuse(Refusal::from(Code::RouteNotFound), tag(&request).0)
}

async fn no_method(State(control): State<Control>, request: Request) -> Response {
    control.refuse(Refusal::from(Code::MethodNotAllowed), tag(&request).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_contract_is_mounted_and_no_other() {
        let promised: Vec<_> = api::contract::table().iter().map(|entry| entry.id).collect();
        assert_eq!(mounted().ids, promised);
    }
}
