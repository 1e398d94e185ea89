//! `[sign_in]`: who may come in as a member, and how long a session lasts.
//!
//! Owns:  the section's values and the rule between them.
//! Never: reads providers; `people_file` does.
//! Read:  `section`.

use super::{check, sheet::Sheet};
use control::Registration;
use std::time::Duration;

/// The shortest session that makes sense.
const SESSION_MIN: Duration = Duration::from_secs(300);
/// The longest name of the product, in characters.
const PRODUCT_MAX: usize = 64;

/// `[sign_in]`.
#[derive(Debug)]
pub(crate) struct SignInSection {
    pub(crate) registration: Registration,
    pub(crate) public_url: Option<String>,
    pub(crate) session_idle: Duration,
    pub(crate) session_max: Duration,
    pub(crate) product: String,
}

/// Every setting is checked before the first `?`.
pub(super) fn section(sheet: &mut Sheet) -> Option<SignInSection> {
    let words = Registration::ALL.map(|registration| (registration.as_str(), registration));
    let registration = sheet.text("sign_in.registration", |text| check::one_of(text, &words));
    let public_url = sheet.optional("sign_in.public_url", check::origin);
    let session_idle = sheet.text("sign_in.session_idle", session);
    let session_max = sheet.text("sign_in.session_max", session);
    let product = sheet.text("sign_in.product", product);
    let section = SignInSection {
        registration: registration?,
        public_url: public_url?.map(String::from),
        session_idle: session_idle?,
        session_max: session_max?,
        product: product?,
    };
    if section.session_max < section.session_idle {
        let what = "`sign_in.session_max` is shorter than `sign_in.session_idle`".to_owned();
        sheet.problem(Some(sheet.origin("sign_in.session_max")), what, None);
    }
    Some(section)
}

fn session(text: &str) -> Result<Duration, String> {
    let lasts = check::duration(text)?;
    if lasts >= SESSION_MIN { Ok(lasts) } else { Err(format!("{text:?}: a session lasts 5 minutes at least")) }
}

fn product(text: &str) -> Result<String, String> {
    let fits = (1..=PRODUCT_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(format!("write 1 to {PRODUCT_MAX} characters")) }
}
