//! `[cors]`: what browsers are told (D10, D29).
//!
//! Owns:  the section's values.
//! Never: says which origins a key allows; keys do.
//! Read:  `section`.

use super::{check, sheet::Sheet};
use gateway::CorsConfig;

/// Seconds of a day: browsers remember no preflight longer.
const MAX_AGE_MAX: u64 = 86_400;

/// Every setting is checked before the first `?`.
pub(super) fn section(sheet: &mut Sheet) -> Option<CorsConfig> {
    let max_age = sheet.text("cors.max_age", |text| {
        let seconds = check::duration(text)?.as_secs();
        let short = u32::try_from(seconds).ok().filter(|_| seconds <= MAX_AGE_MAX);
        short.ok_or_else(|| format!("{text:?} is longer than a day, which browsers do not keep"))
    });
    let allow_private_network = sheet.flag("cors.allow_private_network");
    let public_operations = sheet.flag("cors.public_operations");
    let expose = sheet.list("cors.expose", |text| text.parse().map_err(|_| format!("{text:?} is no name of a header")));
    Some(CorsConfig {
        max_age: max_age?,
        allow_private_network: allow_private_network?,
        public_operations: public_operations?,
        expose: expose?,
    })
}
