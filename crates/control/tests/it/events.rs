//! Events: hints for whoever watches an account, and an end with the authority that opened them.

use crate::{
    browser::{Browser, COOKIE},
    requests::{Known, seen, tell},
    world::World,
};
use axum::body::{Body, BodyDataStream};
use control::Arrival;
use futures_util::StreamExt as _;
use http::Request;
use serde_json::json;
use std::time::Duration;

/// More than a hint may take, by far.
const SOON: Duration = Duration::from_secs(20);

async fn watch(world: &World, account: &str, browser: &Browser) -> BodyDataStream {
    let request = Request::get(format!("{account}/events"))
        .header("cookie", format!("{COOKIE}={}", browser.token.as_deref().unwrap()));
    let response = world.control.answer(request.body(Body::empty()).unwrap(), Arrival::default()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    assert_eq!(next(&mut stream).await.as_deref(), Some("retry: 3000\n\n"));
    stream
}

/// The next piece; `None` at the end.
async fn next(stream: &mut BodyDataStream) -> Option<String> {
    let piece = tokio::time::timeout(SOON, stream.next()).await.unwrap();
    piece.map(|bytes| String::from_utf8(bytes.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn a_change_is_told_to_who_watches_the_account_and_to_nobody_else() {
    let world = World::new().await;
    let (owner, account, _) = Browser::registered(&world, "owner@example.com").await;
    let (theirs, _) = world.account("theirs").await;
    let mut stream = watch(&world, &account, &owner).await;
    let (foreign, _) = world.key(&theirs, json!({})).await;
    let (key, _) = world.key(&account, json!({})).await;
    let told = next(&mut stream).await.unwrap();
    let id = crate::world::id_of(&key);
    assert_eq!(told, format!("event: change\ndata: {{\"kind\":\"key\",\"id\":\"{id}\"}}\n\n"));
    assert!(!told.contains(crate::world::id_of(&foreign)));
    crate::browser::invite(&world, &account, "x@example.com", "viewer").await;
    assert!(next(&mut stream).await.unwrap().contains("\"kind\":\"invitation\""));
}

#[tokio::test]
async fn a_stream_ends_with_the_session_and_with_the_membership() {
    let world = World::new().await;
    let (mut owner, account, _) = Browser::registered(&world, "owner@example.com").await;
    let mut viewer = Browser::joined(&world, &account, "viewer@example.com", "viewer").await;
    let member = viewer.member(&world, &account).await;
    let mut of_viewer = watch(&world, &account, &viewer).await;
    let mut of_owner = watch(&world, &account, &owner).await;
    owner.send(&world, "DELETE", &format!("{account}/members/{member}"), None).await.expect(200);
    assert_eq!(next(&mut of_viewer).await, None);
    assert!(next(&mut of_owner).await.unwrap().contains("\"kind\":\"member\""));
    owner.send(&world, "DELETE", "/v1/session", None).await.expect(204);
    assert_eq!(next(&mut of_owner).await, None);
}

/// What others do all the time does not keep an account's requests from being told.
#[tokio::test]
async fn requests_are_told_however_much_changes_elsewhere() {
    let world = World::new().await;
    let (owner, account, _) = Browser::registered(&world, "owner@example.com").await;
    let (key, issued) = world.key(&account, json!({})).await;
    let mut stream = watch(&world, &account, &owner).await;
    tell(&world, &[seen(Some(Known::of(&account, &key, &issued)), 1, 1)]);
    world.store.usage().flush().await;
    let busy = async {
        loop {
            world.account("theirs").await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::select! {
        told = next(&mut stream) => assert_eq!(told.as_deref(), Some("event: change\ndata: {\"kind\":\"requests\"}\n\n")),
        () = busy => {}
    }
}
