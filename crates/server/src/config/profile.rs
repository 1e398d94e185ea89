//! Profiles: the settings of the providers whose systems are reproduced, as part of the binary.
//!
//! Owns:  the closed list of them; which file and which catalogue belongs to which.
//! Never: settles a value: what an operator says stands over a profile.
//! Read:  `Profile`.

/// Whose system a deployment reproduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Electronic invoices of Italy, by the exchange of its revenue agency.
    Invoicetronic,
    /// Invoices, payments and messages of one company for each key.
    Laabam,
    /// Invoices by the Peppol network, and what people do about them.
    Invostaq,
}

impl Profile {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Invoicetronic, Self::Laabam, Self::Invostaq];

    /// As configuration writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Invoicetronic => "invoicetronic",
            Self::Laabam => "laabam",
            Self::Invostaq => "invostaq",
        }
    }

    /// From its name, exactly.
    pub(crate) fn named(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|profile| profile.name() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|profile| profile.name()).collect();
            format!("{text:?} is not one of {}", known.join(", "))
        })
    }

    /// Its settings, as a configuration file.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Invoicetronic => include_str!("../../../../profiles/invoicetronic.toml"),
            Self::Laabam => include_str!("../../../../profiles/laabam.toml"),
            Self::Invostaq => include_str!("../../../../profiles/invostaq.toml"),
        }
    }

    /// What callers may ask of its system.
    pub(crate) const fn catalogue(self) -> &'static str {
        match self {
            Self::Invoicetronic => include_str!("../../catalogues/invoicetronic.toml"),
            Self::Laabam => include_str!("../../catalogues/laabam.toml"),
            Self::Invostaq => include_str!("../../catalogues/invostaq.toml"),
        }
    }

    /// Its reference API.
    pub(crate) const fn surface(self) -> invoicing::Surface {
        match self {
            Self::Invoicetronic => invoicing::Surface::Invoicetronic,
            Self::Laabam => invoicing::Surface::Laabam,
            Self::Invostaq => invoicing::Surface::Invostaq,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, settings, sheet::Sheet};
    use api::problem::ProblemMembers;
    use gateway::{RateForm, RetryAfter};
    use model::{KeyKind, Presentation};

    /// What a profile may speak of. Where a deployment listens, what it keeps and whom it trusts is its operator's.
    const SECTIONS: [&str; 6] = ["keys", "errors", "limits", "cors", "idempotency", "usage"];

    fn with(profile: Profile, more: &[(&'static str, &str)]) -> Config {
        let upstream =
            ["upstream.test.url", "upstream.live.url"].map(|path| (path, "--up", "http://127.0.0.1:1".into()));
        let mut flags = vec![("profile", "--profile", profile.name().to_owned())];
        flags.extend(upstream);
        flags.extend(more.iter().map(|(path, value)| (*path, "--flag", (*value).to_owned())));
        Config::of_flags(flags, []).unwrap()
    }

    #[test]
    fn each_profile_says_only_what_a_profile_may_and_all_of_it_is_known() {
        for profile in Profile::ALL {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("p.toml");
            std::fs::write(&path, profile.text()).unwrap();
            let sheet = Sheet::read(Some(&path), []).unwrap();
            for setting in settings::all().filter(|s| sheet.is_said(s.path)) {
                assert!(SECTIONS.contains(&setting.section()), "{}: {}", profile.name(), setting.path);
            }
            sheet.finish(Some(())).unwrap();
            assert_eq!(with(profile, &[]).profile, Some(profile));
        }
    }

    #[test]
    fn i23_the_profiles_are_the_three_systems() {
        let [first, second, third] = Profile::ALL.map(|profile| with(profile, &[]));
        assert_eq!(first.keys.shape.prefix(KeyKind::Restricted), "ik");
        assert!(first.keys.presentations.contains(Presentation::BasicUsername));
        assert!(!first.keys.presentations.contains(Presentation::ApiKeyHeader));
        assert_eq!((first.errors.members, first.limits.rates.fields.form), (ProblemMembers::Coded, RateForm::Windows));

        assert!(second.keys.one_company && second.idempotency.conflict_status == 409);
        assert!(!second.keys.presentations.contains(Presentation::BasicUsername));
        assert!(second.limits.rates.fields.x_ratelimit && second.limits.daily_caps.len() == 3);

        assert_eq!(third.errors.members, ProblemMembers::Plain);
        assert_eq!(third.limits.rates.retry_after, RetryAfter::Window);
        assert!(!third.keys.presentations.contains(Presentation::Bearer));
    }

    #[test]
    fn what_an_operator_says_stands_over_a_profile() {
        let config = with(Profile::Invostaq, &[("keys.primary_prefix", "acme"), ("limits.retry_after", "remaining")]);
        assert_eq!(config.keys.shape.prefix(KeyKind::Primary), "acme");
        assert_eq!(config.keys.shape.prefix(KeyKind::Restricted), "sk");
        assert_eq!(config.limits.rates.retry_after, RetryAfter::Remaining);
    }
}
