//! Sub-keys: what must hold of an operation that manages restricted keys (D8, D32).
//!
//! Owns:  flaws of such an operation. That it is for keys alone is the model's rule.
//! Never: changes an operation.
//! Read:  `own`.

use super::{Flaw, flaw};
use crate::{draft::Field, problem::ProblemCode};
use model::{CompanyMode, Operation, operation::ServedBy};

/// What is wrong with it: everything that is said of an upstream's operation and means nothing here.
pub(crate) fn own(operation: &Operation) -> Vec<Flaw> {
    if operation.served_by != ServedBy::SubKeys {
        return Vec::new();
    }
    let wrong = |field, message: &str, hint: &str| flaw(field, ProblemCode::InvalidValue, message, hint);
    let mut found = Vec::new();
    if operation.company != CompanyMode::Account {
        let message = "no key that is restricted to companies manages keys";
        found.push(wrong(Field::Company, message, "remove company, or use { mode = \"account\" }"));
    }
    if operation.learn.is_some() {
        found.push(wrong(Field::Learn, "the management of restricted keys creates no companies", "remove learn"));
    }
    if operation.channel.is_some() {
        found.push(wrong(Field::Channel, "the management of restricted keys sends nothing", "remove channel"));
    }
    if operation.idempotency.recovery.is_some() {
        let message = "what a lost change of restricted keys has made is not looked up";
        found.push(wrong(Field::Idempotency, message, "remove recovery"));
    }
    found
}

/// Whether a look-up may ask it: it is asked with what is meant for the upstream, which opens nothing here.
pub(crate) fn can_be_looked_up(target: &Operation) -> bool {
    target.served_by == ServedBy::Upstream
}

#[cfg(test)]
mod tests {
    const HEAD: &str = "[[operation]]\nid = \"subkey_post\"\nmethod = \"POST\"\npath = \"/v1/subkey\"\n\
                        audience = \"key\"\nscope = \"subkey:write\"\nserved_by = \"subkeys\"\n";

    #[test]
    fn d32_an_operation_says_that_it_manages_restricted_keys() {
        let mut read = crate::read(HEAD).unwrap();
        assert!(crate::write(&read).contains("\nserved_by = \"subkeys\"\n"));
        read.truncate(1);
        assert_eq!(crate::read(&crate::write(&read)).unwrap(), read);
        let upstream = crate::read(&HEAD.replace("\"subkeys\"", "\"upstream\"")).unwrap();
        assert!(!crate::write(&upstream).contains("served_by"));
        assert!(crate::read(&HEAD.replace("\"subkeys\"", "\"somebody\"")).is_err());
    }

    #[test]
    fn d8_d32_it_is_for_keys_that_reach_the_whole_account_and_nothing_else() {
        for line in [
            r#"company = { mode = "context" }"#,
            r#"company = { mode = "neutral" }"#,
            r#"learn = { at = "response:/id", kind = "id" }"#,
            r#"channel = "sms""#,
        ] {
            assert!(crate::read(&format!("{HEAD}{line}\n")).is_err(), "{line}");
        }
        assert!(crate::read(&format!("{HEAD}company = {{ mode = \"account\" }}\n")).is_ok());
        for audience in ["member", "admin", "callback"] {
            let text = format!("{}environment = \"live\"\n", HEAD.replace("\"key\"", &format!("\"{audience}\"")));
            assert!(crate::read(&text).is_err(), "{audience}");
            assert!(crate::read(&text.replace("subkeys", "upstream")).is_ok(), "{audience}");
        }
    }

    #[test]
    fn d17_d34_no_look_up_asks_it() {
        let read = "[[operation]]\nid = \"subkey_id_get\"\nmethod = \"GET\"\npath = \"/v1/subkey/{id:int32}\"\n\
                    audience = \"key\"\nscope = \"subkey:read\"\nserved_by = \"subkeys\"\n\n";
        let write = "[[operation]]\nid = \"a\"\nmethod = \"POST\"\npath = \"/v1/a/{id:int32}\"\naudience = \"key\"\n\
                     scope = \"a:write\"\n";
        let recovery = "idempotency = { recovery = { operation = \"subkey_id_get\", at = \"path:id\", from = \"path:id\", \
                        found = \"response:\", status = 201 } }\n";
        assert!(crate::read(&format!("{read}{write}")).is_ok());
        assert!(crate::read(&format!("{read}{write}{recovery}")).is_err());
        assert!(crate::read(&format!("{}{write}{recovery}", read.replace("subkeys", "upstream"))).is_ok());
    }
}
