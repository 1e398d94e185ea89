//! The gateway's store: the few changes that a data plane may ask for.
//!
//! Owns:  `GatewayStore`.
//! Never: anything that lets a key reach more.
//! Read:  top down.

use crate::{
    daily_cap::{DailyBlock, DailyTake, TakeDaily},
    error::StoreError,
    stamp::{Committed, Stamp},
    store::Store,
};

/// What a gateway may ask of the store beyond following it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GatewayStore(Store);

impl GatewayStore {
    pub(crate) fn new(store: Store) -> Self {
        Self(store)
    }

    /// Takes a block of what is left of a channel's cap for a day, durably (R80, D38). Neither the change log nor the audit
    /// chain tells of it.
    pub async fn take_daily(&self, stamp: Stamp, take: DailyTake) -> Result<Committed<DailyBlock>, StoreError> {
        self.0.commit(stamp, TakeDaily(take)).await
    }
}
