//! Who may what: the whole matrix of operations and callers, as a file that is reviewed, and as requests that are made.
//!
//! Owns:  `authorization.txt` beside `Cargo.toml`. `UPDATE_AUTHORIZATION=1 cargo nextest run -p control` writes it anew: look at
//!        every line that changes.
//! Never: takes the table's word: each cell is asked.
//! Read:  `matrix`, then `every_cell_is_as_the_file_says`.

use crate::{
    browser::{Browser, invite},
    world::{World, id_of},
};
use api::{
    contract::{self, Authority},
    openapi::Entry,
};
use axum::body::Body;
use http::Request;
use model::Role;
use serde_json::json;

const CALLERS: [&str; 7] = ["nobody", "outsider", "viewer", "developer", "admin", "owner", "operator"];

/// Whether a caller may ask, by the table. An outsider is a member of another account.
fn may(entry: &Entry, caller: &str) -> bool {
    let authority = entry.authority;
    match caller {
        "nobody" => authority == Authority::Anyone,
        "operator" => authority.admits_operator(),
        "outsider" => matches!(authority, Authority::Anyone | Authority::SignedIn | Authority::AnyMember),
        role => authority.admits(Role::parse(role).unwrap()),
    }
}

fn matrix() -> String {
    let mut text = "Who may ask for which operation of the control API. An outsider is a member of another account; each\n\
                    person is signed in with a session. Developers may not touch the primary key, and only owners may touch\n\
                    owners; that depends on the object and is tested beside this.\n\n"
        .to_owned();
    let row = |cells: &[&str]| {
        let mut line = format!("{:<28}{:<8}{:<66}", cells[0], cells[1], cells[2]);
        cells[3..].iter().for_each(|cell| line.push_str(&format!("{cell:<11}")));
        format!("{}\n", line.trim_end())
    };
    text.push_str(&row(&[&["operation", "method", "path"][..], &CALLERS].concat()));
    for entry in contract::table() {
        let cells = CALLERS.map(|caller| if may(&entry, caller) { "yes" } else { "-" });
        text.push_str(&row(&[&[entry.id, entry.method.as_str(), entry.path][..], &cells].concat()));
    }
    text
}

#[test]
fn the_reviewed_matrix_is_that_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/authorization.txt");
    let current = matrix();
    #[expect(clippy::disallowed_methods, reason = "a switch of this test")]
    if std::env::var("UPDATE_AUTHORIZATION").is_ok() {
        std::fs::write(path, &current).unwrap();
    }
    let reviewed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        reviewed == current,
        "crates/control/authorization.txt is stale: UPDATE_AUTHORIZATION=1, then read the difference"
    );
}

/// What exists in the account that is asked about.
struct Things {
    account: String,
    company: String,
    key: String,
    identity: String,
    member: String,
    invitation: String,
}

impl Things {
    /// The path of an operation: with what exists for whoever has to be refused, so that nothing but authority does it; and with
    /// what does not exist for whoever may, so that asking changes nothing.
    fn path(&self, entry: &Entry, existing: bool) -> String {
        let pick = |real: &str, none: &str| {
            if existing { real.to_owned() } else { format!("{none}_00000000000000000000000001") }
        };
        entry
            .path
            .replace("{account_id}", &self.account)
            .replace("{company_id}", &pick(&self.company, "co"))
            .replace("{key_id}", &pick(&self.key, "key"))
            .replace("{identity_id}", &pick(&self.identity, "idm"))
            .replace("{member_id}", &pick(&self.member, "mem"))
            .replace("{invitation_id}", &pick(&self.invitation, "inv"))
            .replace("{request_id}", "req_00000000000000000000000001")
            .replace("{operator_token_id}", "opt_00000000000000000000000001")
            .replace("{person_id}", "per_00000000000000000000000001")
            .replace("{session_id}", "ses_00000000000000000000000001")
            .replace("{provider_id}", "nobody")
    }
}

async fn things(world: &World, account: &str) -> Things {
    Things {
        account: id_of(account).to_owned(),
        company: world.company(account, "C").await,
        key: id_of(&world.key(account, json!({})).await.0).to_owned(),
        identity: world.identity(account, "https://id.example.com").await,
        member: Browser::signed_in(world, "viewer@example.com").await.member(world, account).await,
        invitation: invite(world, account, "next@example.com", "viewer").await.0,
    }
}

/// The state of the account that no refused request may change.
async fn picture(world: &World, account: &str) -> String {
    let mut all = String::new();
    for list in ["", "/companies", "/keys", "/identities", "/members", "/invitations", "/audit"] {
        all.push_str(&world.get(&format!("{account}{list}")).await.expect(200).text);
    }
    all
}

#[tokio::test]
async fn every_cell_is_as_the_file_says() {
    let world = World::new().await;
    let (_, account, _) = Browser::registered(&world, "owner@example.com").await;
    for role in ["viewer", "developer", "admin"] {
        Browser::joined(&world, &account, &format!("{role}@example.com"), role).await;
    }
    Browser::registered(&world, "outsider@example.com").await;
    let things = things(&world, &account).await;
    let mut asked = 0;
    for caller in CALLERS {
        // One session for all that it is refused, and a fresh one for what might end it.
        let mut kept = match caller {
            "nobody" | "operator" => Browser::default(),
            person => Browser::signed_in(&world, &format!("{person}@example.com")).await,
        };
        let before = picture(&world, &account).await;
        for entry in contract::table().iter().filter(|entry| !may(entry, caller)) {
            let reply = ask(&world, &mut kept, caller, entry, &things.path(entry, true)).await;
            let (status, code) = (reply.0, reply.1.as_str());
            let expected = match caller {
                "nobody" | "operator" => status == 401,
                "outsider" if entry.authority != Authority::Operator => (status, code) == (404, "not_found"),
                _ if entry.authority == Authority::Operator => (status, code) == (401, "unauthorized"),
                _ => (status, code) == (403, "role_insufficient"),
            };
            assert!(expected, "{} by {caller}: {reply:?}", entry.id);
            asked += 1;
        }
        assert_eq!(before, picture(&world, &account).await, "{caller} changed something that was refused");
        for entry in contract::table().iter().filter(|entry| may(entry, caller)) {
            let mut one = match caller {
                "nobody" | "operator" => Browser::default(),
                person if entry.authority == Authority::SignedIn => {
                    Browser::signed_in(&world, &format!("{person}@example.com")).await
                }
                _ => kept.clone(),
            };
            let (status, code) = ask(&world, &mut one, caller, entry, &things.path(entry, false)).await;
            let refused = ["unauthorized", "not_signed_in", "role_insufficient", "csrf_refused"].contains(&&*code);
            let told_apart = entry.authority == Authority::Anyone && code == "not_signed_in";
            assert!(!refused || told_apart, "{} by {caller}: {status} {code}", entry.id);
            asked += 1;
            if entry.authority == Authority::SignedIn && kept.token.is_some() {
                // It may have signed out everywhere.
                kept = Browser::signed_in(&world, &format!("{caller}@example.com")).await;
            }
        }
    }
    assert_eq!(asked, CALLERS.len() * contract::table().len());
}

/// The status and the code of what a caller is answered.
async fn ask(world: &World, browser: &mut Browser, caller: &str, entry: &Entry, path: &str) -> (u16, String) {
    let method = entry.method.as_str();
    let body = (!entry.method.is_safe()).then(|| json!({}));
    let reply = if caller == "operator" {
        world.send(method, path, body).await
    } else {
        browser.clone().send(world, method, path, body).await
    };
    (reply.status.as_u16(), reply.code().to_owned())
}

#[tokio::test]
async fn a_session_that_is_over_signed_out_or_idle_opens_nothing() {
    let world = World::new().await;
    let (mut owner, account, _) = Browser::registered(&world, "owner@example.com").await;
    let opened = contract::table().into_iter().filter(|entry| entry.authority.admits_sessions());
    let opened: Vec<Entry> = opened.collect();
    let mut signed_out = owner.clone();
    owner.send(&world, "DELETE", "/v1/session", None).await.expect(204);
    assert_eq!(owner.token, None, "the cookie was cleared");
    let mut idle = Browser::signed_in(&world, "owner@example.com").await;
    world.pass(12 * 3_600);
    let mut over = Browser::signed_in(&world, "owner@example.com").await;
    // Used every hour, and over all the same after seven days.
    for _ in 0..7 * 24 - 1 {
        world.pass(3_600);
        assert_eq!(over.looks(&world).await, 200);
    }
    world.pass(3_600);
    for (what, browser) in [("signed out", &mut signed_out), ("idle", &mut idle), ("over", &mut over)] {
        let things = Things {
            account: id_of(&account).to_owned(),
            company: String::new(),
            key: String::new(),
            identity: String::new(),
            member: String::new(),
            invitation: String::new(),
        };
        for entry in &opened {
            let answer = ask(&world, browser, what, entry, &things.path(entry, false)).await;
            assert_eq!(answer, (401, "not_signed_in".to_owned()), "{} with a session that is {what}", entry.id);
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing_with_a_session() {
    let world = World::new().await;
    let (owner, account, _) = Browser::registered(&world, "owner@example.com").await;
    let things = things_of_nobody(&account);
    let changing = |entry: &Entry| !entry.method.is_safe() && entry.authority != Authority::Operator;
    let before = picture(&world, &account).await;
    for entry in contract::table().iter().filter(|entry| changing(entry)) {
        let path = things.path(entry, false);
        for origin in [None, Some("null"), Some("https://evil.test"), Some("http://console.example.com")] {
            let reply = owner.send_from(&world, origin, (entry.method.as_str(), &path), Some(json!({}))).await;
            assert_eq!((reply.status.as_u16(), reply.code()), (403, "csrf_refused"), "{} from {origin:?}", entry.id);
        }
    }
    assert_eq!(before, picture(&world, &account).await);
    // Without a cookie there is nobody to act for; but a page of another site signs nobody in either.
    let wish = json!({ "email": "owner@example.com", "password": crate::browser::PASSWORD });
    let at = ("POST", "/v1/session");
    let stranger = Browser::default();
    stranger.send_from(&world, Some("https://evil.test"), at, Some(wish.clone())).await.expect(403);
    stranger.send_from(&world, None, at, Some(wish)).await.expect(201);
    let read = owner.send_from(&world, Some("https://evil.test"), ("GET", "/v1/session"), None).await;
    read.expect(200);
}

fn things_of_nobody(account: &str) -> Things {
    Things {
        account: id_of(account).to_owned(),
        company: String::new(),
        key: String::new(),
        identity: String::new(),
        member: String::new(),
        invitation: String::new(),
    }
}

#[tokio::test]
async fn a_token_in_authorization_wins_over_a_cookie_and_a_bad_one_is_not_made_good_by_it() {
    let world = World::new().await;
    let (owner, account, _) = Browser::registered(&world, "owner@example.com").await;
    let ask = async |path: &str, token: &str| {
        let cookie = format!("{}={}", crate::browser::COOKIE, owner.token.as_deref().unwrap());
        let request = Request::get(path).header("cookie", cookie).header("authorization", format!("Bearer {token}"));
        world.raw(request.body(Body::empty()).unwrap()).await.status.as_u16()
    };
    assert_eq!(ask(&account, &world.token).await, 200);
    assert_eq!(ask("/v1/accounts", &world.token).await, 200, "as the operator");
    assert_eq!(ask(&account, "op_nonsense").await, 401, "the cookie alone would have opened it");
    assert_eq!(ask("/v1/session", &world.token).await, 401, "an operator token is nobody who is signed in");
}
