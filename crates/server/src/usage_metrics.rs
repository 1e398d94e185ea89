//! What was not recorded of usage, for `/metrics`.
//!
//! Owns:  the exposition of the store's losses, by a closed list of causes.
//! Never: names a key, an account or an address.
//! Read:  top down.

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::counter::ConstCounter,
};
use std::{fmt, sync::Arc};
use store::Losses;

/// The losses of one usage file.
pub(crate) struct UsageMetrics(pub(crate) Arc<Losses>);

impl fmt::Debug for UsageMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UsageMetrics")
    }
}

impl Collector for UsageMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let kind = ConstCounter::new(0u64).metric_type();
        let help = "Requests that are not in the request log, by cause; those of cause rate are counted all the same";
        let mut lost = encoder.encode_descriptor("usage_requests_dropped", help, None, kind)?;
        for (cause, count) in self.0.by_cause() {
            ConstCounter::new(count).encode(lost.encode_family(&[("cause", cause)])?)?;
        }
        Ok(())
    }
}
