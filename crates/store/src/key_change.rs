//! Changes of keys.
use model::{CompanyRestriction, Preset, Timestamp};

/// What to change of a key; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct KeyPatch {
    /// A new description.
    pub description: Option<String>,
    /// Another preset.
    pub preset: Option<Preset>,
    /// Another restriction.
    pub companies: Option<CompanyRestriction>,
    /// Another expiry, or none.
    pub expires_at: Option<Option<Timestamp>>,
    /// Refuse when the row is not at this version.
    pub expected_version: Option<u64>,
}
