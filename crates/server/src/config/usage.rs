//! `[usage]`: what is kept of requests, and for how long (D25).
//!
//! Owns:  the checks of its settings.
//! Never: opens the file.
//! Read:  `usage_section`.

use super::{check, sheet::Sheet};
use store::UsageOptions;

/// The longest that anything can be kept, in days: ten years.
const DAYS_MAX: u64 = 3_650;
/// The most rows of the request log that can be kept of one second; more would cost what the gateway is there for.
const REQUESTS_MAX: u64 = 20_000;
/// The smallest usage file, in bytes.
const SIZE_MIN: u64 = 16 << 20;

pub(super) fn usage_section(sheet: &mut Sheet) -> Option<UsageOptions> {
    let requests_per_second_max =
        sheet.text("usage.requests_per_second_max", |text| check::number(text, 0, REQUESTS_MAX));
    let mut days = |name| sheet.text(name, |text| check::number(text, 1, DAYS_MAX));
    let requests_days = days("usage.requests_days");
    let minutes_days = days("usage.minutes_days");
    let hours_days = days("usage.hours_days");
    let days_days = days("usage.days_days");
    let size_max = sheet.text("usage.size_max", |text| {
        let size = check::size(text)?;
        if size < SIZE_MIN { Err(format!("{text:?} is too small: at least 16MiB")) } else { Ok(size) }
    });
    let short = |days: Option<u64>| days.and_then(|days| u32::try_from(days).ok());
    Some(UsageOptions {
        requests_per_second_max: usize::try_from(requests_per_second_max?).ok()?,
        requests_days: short(requests_days)?,
        minutes_days: short(minutes_days)?,
        hours_days: short(hours_days)?,
        days_days: short(days_days)?,
        size_max: size_max?,
        ..UsageOptions::default()
    })
}
