//! Operator tokens made by this process itself: quickstart's, and the first one of a deployment.
//!
//! Owns:  making one in the store without the control API.
//! Never: keeps or logs its text.
//! Read:  `create`.

use crate::clock;
use control::Issuer;
use model::{AuditId, KeyShape, OperatorTokenId, Secret};
use store::{Author, Page, Stamp, Store, StoreError};

/// A new token; its text is the caller's to show once.
pub(crate) async fn create(
    store: &Store,
    description: String,
) -> Result<(OperatorTokenId, Secret<String>), StoreError> {
    // Tokens have a head of their own; the shape of keys does not matter to them.
    let shape = KeyShape::default();
    let issuer = Issuer { shape: &shape, now: clock::now(), fill: &clock::fill };
    let issued = issuer.operator_token(description);
    let id = issued.new.id;
    let _in_force_at_once = store.create_operator_token(stamp(), issued.new).await?;
    Ok((id, issued.text))
}

/// Revokes every token with this description that is not revoked.
pub(crate) async fn revoke_described(store: &Store, description: &str) -> Result<(), StoreError> {
    let mut page = Page::first(store::PAGE_MAX);
    loop {
        let list = store.operator_tokens(page).await?;
        for token in list.items.iter().filter(|t| t.revoked_at.is_none() && t.description == description) {
            let _in_force_at_once = store.revoke_operator_token(stamp(), token.id).await?;
        }
        match list.next {
            Some(next) => page = Page::behind(next, store::PAGE_MAX),
            None => return Ok(()),
        }
    }
}

/// For changes that the process itself makes.
pub(crate) fn stamp() -> Stamp {
    let now = clock::now();
    Stamp { author: Author::Installation, request: None, now, audit_id: AuditId::new(now, clock::entropy()) }
}
