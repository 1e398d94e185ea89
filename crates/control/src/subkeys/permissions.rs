//! Permissions: what the sub-key API calls scopes (D32).
//!
//! Owns:  the table between `Read` and `Write` per resource and our scopes, both ways.
//! Never: knows operations; the catalogue says which scope each one needs.
//! Read:  `RESOURCES`, then `Permissions::grant` and `Permissions::of`.

use super::problem::Problem;
use api::validation::Checks;
use model::{Preset, Scope, ScopeSet};
use serde::{Deserialize, Serialize};

/// What a resource allows at a level, and by what that level is recognised.
struct Level {
    /// The scopes that it stands for.
    grants: &'static [&'static str],
    /// A key that has these has the level. Fewer where our presets leave out what no operation asks for.
    tells: &'static [&'static str],
}

/// One resource of the sub-key API.
struct Resource {
    name: &'static str,
    read: Level,
    /// None where there is nothing to write.
    write: Option<Level>,
}

const fn alike(scopes: &'static [&'static str]) -> Level {
    Level { grants: scopes, tells: scopes }
}

/// Sending is what `send: Write` is about. An export marks what it hands out as read, so that catalogues may call it a write.
const RESOURCES: [Resource; 9] = [
    Resource {
        name: "company",
        read: alike(&["company:read"]),
        write: Some(alike(&["company:read", "company:write"])),
    },
    Resource {
        name: "send",
        read: alike(&["send:read"]),
        write: Some(Level { grants: &["send:read", "send:write", "send:send"], tells: &["send:read", "send:send"] }),
    },
    Resource {
        name: "receive",
        read: alike(&["receive:read"]),
        write: Some(alike(&["receive:read", "receive:write"])),
    },
    Resource {
        name: "webhook",
        read: alike(&["webhook:read"]),
        write: Some(alike(&["webhook:read", "webhook:write"])),
    },
    Resource { name: "update", read: alike(&["update:read"]), write: None },
    Resource { name: "log", read: alike(&["log:read"]), write: None },
    Resource { name: "webhookhistory", read: alike(&["webhookhistory:read"]), write: None },
    Resource {
        name: "export",
        read: Level { grants: &["export:read", "export:write"], tells: &["export:write"] },
        write: None,
    },
    Resource { name: "status", read: alike(&["status:read"]), write: None },
];

const READ: &str = "Read";
const WRITE: &str = "Write";

/// Permissions on the wire; a resource that is missing is out of reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Permissions {
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receive: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhookhistory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    export: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

impl Permissions {
    /// In the order of `RESOURCES`.
    fn levels(&mut self) -> [&mut Option<String>; 9] {
        [
            &mut self.company,
            &mut self.send,
            &mut self.receive,
            &mut self.webhook,
            &mut self.update,
            &mut self.log,
            &mut self.webhookhistory,
            &mut self.export,
            &mut self.status,
        ]
    }

    /// What a key may do, as far as this API has words for it: the highest level of each resource that it has in full.
    pub(super) fn of(preset: &Preset) -> Self {
        let has =
            |level: &Level| level.tells.iter().all(|text| Scope::parse(text).is_ok_and(|scope| preset.allows(&scope)));
        let mut permissions = Self::default();
        for (resource, slot) in RESOURCES.iter().zip(permissions.levels()) {
            *slot = match &resource.write {
                Some(write) if has(write) => Some(WRITE.to_owned()),
                Some(_) | None if has(&resource.read) => Some(READ.to_owned()),
                Some(_) | None => None,
            };
        }
        permissions
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The scopes that they stand for; none of them reaches nothing. A word that is no level is noted in `checks`; a level that
    /// the resource does not have is more than the primary key's.
    pub(super) fn grant(mut self, checks: &mut Checks) -> Result<Preset, Problem> {
        let mut scopes: Vec<&str> = Vec::new();
        for (resource, slot) in RESOURCES.iter().zip(self.levels()) {
            match (slot.as_deref(), &resource.write) {
                (None, _) => {}
                (Some(READ), _) => scopes.extend(resource.read.grants),
                (Some(WRITE), Some(write)) => scopes.extend(write.grants),
                (Some(WRITE), None) => return Err(Problem::permission_exceeds(resource.name)),
                (Some(_), _) => checks.problem(format!("/permissions/{}", resource.name), "write Read or Write"),
            }
        }
        ScopeSet::parse(&scopes).map(Preset::Custom).map_err(|_| Problem::internal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: serde_json::Value) -> Permissions {
        serde_json::from_value(value).unwrap()
    }

    fn granted(value: serde_json::Value) -> Preset {
        let mut checks = Checks::default();
        let preset = of(value).grant(&mut checks).ok().unwrap();
        checks.finish().unwrap();
        preset
    }

    fn shown(preset: &Preset) -> serde_json::Value {
        serde_json::to_value(Permissions::of(preset)).unwrap()
    }

    #[test]
    fn d32_what_is_granted_is_what_is_shown() {
        for (name, level) in RESOURCES.iter().flat_map(|r| {
            let write = r.write.is_some().then_some((r.name, WRITE));
            [(r.name, READ)].into_iter().chain(write)
        }) {
            let value = json!({ name: level });
            assert_eq!(shown(&granted(value.clone())), value);
        }
        assert_eq!(granted(json!({})), Preset::Custom(ScopeSet::default()));
        assert_eq!(shown(&Preset::Custom(ScopeSet::default())), json!({}));
    }

    #[test]
    fn d32_send_and_export_are_what_the_provider_means_by_them() {
        let allows = |preset: &Preset, scope: &str| preset.allows(&Scope::parse(scope).unwrap());
        let write = granted(json!({ "send": "Write" }));
        assert!(["send:read", "send:write", "send:send"].iter().all(|scope| allows(&write, scope)));
        let read = granted(json!({ "send": "Read" }));
        assert!(allows(&read, "send:read") && !allows(&read, "send:send") && !allows(&read, "send:write"));
        let export = granted(json!({ "export": "Read" }));
        assert!(allows(&export, "export:write") && allows(&export, "export:read") && !allows(&export, "send:read"));
    }

    #[test]
    fn d32_presets_show_what_they_amount_to() {
        let all = json!({
            "company": "Write", "send": "Write", "receive": "Write", "webhook": "Write", "update": "Read", "log": "Read",
            "webhookhistory": "Read", "export": "Read", "status": "Read",
        });
        assert_eq!(shown(&Preset::FullAccess), all);
        let mut reads = all;
        for name in ["company", "send", "receive", "webhook"] {
            reads[name] = json!("Read");
        }
        reads.as_object_mut().unwrap().remove("export");
        assert_eq!(shown(&Preset::ReadOnly), reads);
        reads["send"] = json!("Write");
        assert_eq!(shown(&Preset::Send), reads);
        let half = Preset::Custom(ScopeSet::parse(&["company:write", "log:read"]).unwrap());
        assert_eq!(shown(&half), json!({ "log": "Read" }));
    }

    #[test]
    fn d32_what_is_no_permission_is_refused() {
        let refused = |value: serde_json::Value| of(value).grant(&mut Checks::default()).err().map(|p| p.code());
        assert_eq!(refused(json!({ "status": "Write" })), Some("permission_exceeds_parent"));
        assert_eq!(refused(json!({ "export": "Write", "send": "Read" })), Some("permission_exceeds_parent"));
        for word in ["read", "WRITE", "Admin", ""] {
            let mut checks = Checks::default();
            assert!(of(json!({ "company": word })).grant(&mut checks).is_ok());
            assert_eq!(checks.finish().unwrap_err()[0].pointer, "/permissions/company", "{word}");
        }
        assert!(serde_json::from_value::<Permissions>(json!({ "billing": "Read" })).is_err());
    }
}
