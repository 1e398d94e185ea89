//! The company restriction of a key on the wire: `"all"`, or a list of ids (D9).
//!
//! Owns:  `Companies`, where the word and the list are different values, so that an empty list never means everything.
//! Never: looks companies up.
//! Read:  top down.

use crate::{schema, validation::Checks};
use model::{CompanyId, CompanyRestriction, CompanySet, company::COMPANIES_MAX};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor},
};
use std::fmt;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

/// The word that stands for all companies, also those created later (R36).
pub const ALL: &str = "all";

/// `"all"`, or company ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Companies {
    /// All of the account's, also those created later.
    All,
    /// These.
    Only(Vec<String>),
}

impl Companies {
    /// The restriction as chosen by a person: all, or 1 to `COMPANIES_MAX` ids.
    pub(super) fn check(&self, checks: &mut Checks) -> Option<CompanyRestriction> {
        let Self::Only(texts) = self else { return Some(CompanyRestriction::All) };
        if texts.is_empty() {
            let wanted = "an empty list reaches nothing: write \"all\" for all companies, or name at least one";
            return checks.want("/companies", None, wanted);
        }
        if texts.len() > COMPANIES_MAX {
            return checks.want(
                "/companies",
                None,
                &format!("name at most {COMPANIES_MAX} companies, or write \"all\""),
            );
        }
        let mut ids = Vec::with_capacity(texts.len());
        for (i, text) in texts.iter().enumerate() {
            match text.parse::<CompanyId>() {
                Ok(id) => ids.push(id),
                Err(error) => checks.problem(format!("/companies/{i}"), format!("not a company id: {error}")),
            }
        }
        CompanySet::chosen(&ids).map(CompanyRestriction::Only)
    }
}

impl From<&CompanyRestriction> for Companies {
    fn from(restriction: &CompanyRestriction) -> Self {
        match restriction {
            CompanyRestriction::All => Self::All,
            CompanyRestriction::Only(set) => Self::Only(set.as_slice().iter().map(ToString::to_string).collect()),
        }
    }
}

impl Serialize for Companies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str(ALL),
            Self::Only(ids) => ids.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Companies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrList;
        impl<'de> Visitor<'de> for WordOrList {
            type Value = Companies;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"all\" or a list of company ids")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Companies, E> {
                if text == ALL {
                    Ok(Companies::All)
                } else {
                    Err(E::custom("expected \"all\" or a list of company ids"))
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Companies, A::Error> {
                let mut ids = Vec::new();
                while let Some(id) = list.next_element()? {
                    ids.push(id);
                }
                Ok(Companies::Only(ids))
            }
        }
        deserializer.deserialize_any(WordOrList)
    }
}

impl PartialSchema for Companies {
    fn schema() -> RefOr<Schema> {
        schema::companies(0, "`\"all\"`, or company ids.")
    }
}

impl ToSchema for Companies {}

/// What a caller may choose: at least one company, or all.
pub(super) fn chosen_schema() -> RefOr<Schema> {
    schema::companies(1, "`\"all\"`, or the ids of the companies that the key may reach, at least one.")
}
