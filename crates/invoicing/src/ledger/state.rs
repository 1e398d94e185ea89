//! State: where an invoice is on its way through the exchange.
//!
//! Owns:  the states, their names, and which follows which.
//! Never: knows time or rows.
//! Read:  `State::after`.

use serde::{Serialize, Serializer};

/// A state of the exchange. The numbers are the exchange's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[repr(i64)]
pub(crate) enum State {
    Sent = 2,
    Delivered = 5,
    NotDelivered = 6,
    Rejected = 7,
    AcceptedByRecipient = 8,
    RefusedByRecipient = 9,
    Undeliverable = 10,
    TimeElapsed = 11,
    Attested = 12,
}

const ALL: [State; 9] = [
    State::Sent,
    State::Delivered,
    State::NotDelivered,
    State::Rejected,
    State::AcceptedByRecipient,
    State::RefusedByRecipient,
    State::Undeliverable,
    State::TimeElapsed,
    State::Attested,
];

/// A step of an invoice: its new state, and whether another follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) state: State,
    pub(super) last: bool,
}

impl State {
    /// The name on the wire.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sent => "Inviato",
            Self::Delivered => "Consegnato",
            Self::NotDelivered => "NonConsegnato",
            Self::Rejected => "Scartato",
            Self::AcceptedByRecipient => "AccettatoDalDestinatario",
            Self::RefusedByRecipient => "RifiutatoDalDestinatario",
            Self::Undeliverable => "ImpossibilitaDiRecapito",
            Self::TimeElapsed => "DecorrenzaTermini",
            Self::Attested => "AttestazioneTrasmissioneFattura",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|state| state.name() == name)
    }

    /// What follows: sent, then delivered, or rejected as a duplicate; a public office (FPA12) accepts it in the end.
    pub(super) fn after(state: Option<Self>, format: &str, duplicate: bool) -> Option<Step> {
        let office = format == "FPA12";
        match state {
            None => Some(Step { state: Self::Sent, last: false }),
            Some(Self::Sent) if duplicate => Some(Step { state: Self::Rejected, last: true }),
            Some(Self::Sent) => Some(Step { state: Self::Delivered, last: !office }),
            Some(Self::Delivered) if office => Some(Step { state: Self::AcceptedByRecipient, last: true }),
            Some(_) => None,
        }
    }

    /// Whether the invoice counts as issued. One in any other state may still be corrected or turned down.
    pub(crate) const fn is_definitive(self) -> bool {
        matches!(
            self,
            Self::Delivered | Self::AcceptedByRecipient | Self::Undeliverable | Self::TimeElapsed | Self::Attested
        )
    }

    /// The states of `is_definitive`.
    pub(super) fn definitive() -> impl Iterator<Item = Self> {
        ALL.into_iter().filter(|state| state.is_definitive())
    }

    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::Sent => "Handed to the exchange.",
            Self::Delivered => "Delivered to the recipient.",
            Self::NotDelivered => "Not delivered to the recipient.",
            Self::Rejected => "Turned down by the exchange; see the errors.",
            Self::AcceptedByRecipient => "Accepted by the recipient.",
            Self::RefusedByRecipient => "Refused by the recipient.",
            Self::Undeliverable => "Left in the recipient's tax drawer: the delivery was not possible.",
            Self::TimeElapsed => "The recipient did not answer in time; it counts as delivered.",
            Self::Attested => "Held for the recipient, who has not processed it yet.",
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_ends_and_every_name_leads_back() {
        for (format, duplicate, way) in [
            ("FPR12", false, "Inviato Consegnato"),
            ("FPR12", true, "Inviato Scartato"),
            ("FPA12", false, "Inviato Consegnato AccettatoDalDestinatario"),
            ("FPA12", true, "Inviato Scartato"),
        ] {
            let (mut state, mut names) = (None, Vec::new());
            while let Some(step) = State::after(state, format, duplicate) {
                names.push(step.state.name());
                state = Some(step.state);
                assert_eq!(step.last, State::after(state, format, duplicate).is_none());
            }
            assert_eq!(names.join(" "), way);
        }
        assert!(ALL.into_iter().all(|state| State::named(state.name()) == Some(state)));
        assert_eq!(State::named("Spedito"), None);
    }
}
