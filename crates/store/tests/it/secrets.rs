//! R69, R116, R71: only hashes of secrets reach the disk, and nothing prints them.
//!
//! Owns:  a search of every byte that the store wrote for secrets that were planted.
//! Never: how secrets are made.
//! Read:  top down.

use crate::world::World;
use model::{Environment, KeyKind, KeyShape, SecretHash, key_text::token_text};
use std::{fs, path::Path};

fn folder_holds(folder: &Path, needle: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn r69_r116_the_files_hold_hashes_and_never_a_secret() {
    let world = World::new().await;
    let mut state = 1u8;
    let mut fill = |buffer: &mut [u8]| {
        for byte in buffer {
            state = state.wrapping_mul(73).wrapping_add(41);
            *byte = state;
        }
    };
    let shape = KeyShape::default();
    let mut texts = Vec::new();
    let (account, mut primary) = world.new_account();
    for credential in &mut primary.credentials {
        let text = shape.generate(KeyKind::Primary, credential.environment, &mut fill);
        credential.hash = SecretHash::of(text.expose().as_bytes());
        credential.last_four.copy_from_slice(&text.expose().as_bytes()[text.expose().len() - 4..]);
        texts.push(text);
    }
    let test = primary.credentials[0].client_id;
    let made = world.store.create_account(world.stamp(), account.clone(), primary).await.unwrap().value.1;
    let rotated = shape.generate(KeyKind::Primary, Environment::Test, &mut fill);
    let mut fresh = world.credential(Environment::Test, Some(test));
    fresh.hash = SecretHash::of(rotated.expose().as_bytes());
    let store = world.store.account(account.id);
    let _ = store.rotate_key(world.stamp(), made.key.id, vec![fresh], model::Timestamp::MAX).await.unwrap();
    let token = token_text("op_", &mut fill);
    let mut new = world.new_operator_token();
    new.hash = SecretHash::of(token.expose().as_bytes());
    let created = world.store.create_operator_token(world.stamp(), new.clone()).await.unwrap().value;
    texts.extend([rotated, token]);

    let backup = world.path().join("backup.db");
    let _ = world.store.backup(&backup).await.unwrap();
    for close in [false, true] {
        if close {
            world.store.clone().close().await;
        }
        for text in &texts {
            let text = text.expose().as_bytes();
            assert!(folder_holds(world.path(), SecretHash::of(text).as_bytes()), "the hash is what is kept");
            // Neither the whole text nor its random part.
            let body = &text[text.len() - 44..];
            assert!(!folder_holds(world.path(), body), "a secret is on disk");
        }
    }
    let printed = format!("{made:?} {created:?} {new:?}");
    for text in &texts {
        let hash = SecretHash::of(text.expose().as_bytes());
        assert!(!printed.contains(text.expose().as_str()));
        assert!(!printed.contains(&data_encoding::HEXLOWER.encode(&hash.as_bytes()[..8])));
        assert!(!printed.contains(&format!("{:?}", &hash.as_bytes()[..4])[1..10]));
    }
}
