//! Callbacks of a quickstart: a secret for each callback of the catalogue that nobody has configured.
//!
//! Owns:  the people file that a quickstart writes into its data folder, and the secrets beside it.
//! Never: writes over a file, or beside one that the operator named.
//! Read:  `provide`.

use crate::{clock, config::Config, failure::Failure, people_file, private_file};
use anyhow::Context as _;
use data_encoding::HEXLOWER;
use model::{Catalogue, Secret};
use std::{collections::BTreeSet, os::unix::fs::DirBuilderExt as _, path::Path};

/// Random bytes of a secret.
const SECRET_BYTES: usize = 24;
/// The header in which one provider's access point sends its secret (R107).
const HEADER: &str = "X-Arratech-Webhook-Secret";
/// The file, inside the data folder.
const FILE: &str = "people.toml";

/// Writes a people file for the callbacks of `catalogue`, if it has any and the configuration names no such file.
pub(super) fn provide(config: &mut Config, catalogue: &Catalogue) -> Result<(), Failure> {
    let names: BTreeSet<&str> =
        catalogue.operations().iter().filter_map(|o| o.callback.as_ref().map(|name| name.as_str())).collect();
    if config.people.is_some() || names.is_empty() {
        return Ok(());
    }
    let path = config.folder.join(FILE);
    if !path.exists() {
        write(&config.folder, &path, &names)?;
    }
    // What was written once may have been changed since.
    people_file::load(Some(&path))?;
    config.people = Some(path);
    Ok(())
}

fn write(folder: &Path, path: &Path, names: &BTreeSet<&str>) -> anyhow::Result<()> {
    // As the store makes it: nobody else looks in.
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder).with_context(|| folder.display().to_string())?;
    let mut text = String::from(
        "# Who may call without a key. Written by the quickstart; docs/guide/people.md says what else can stand here,\n\
         # issuers of bearer tokens above all. Yours to change.\n",
    );
    for name in names {
        let file = format!("callback-{name}.secret");
        private_file::read_or_make(&folder.join(&file), || {
            let mut bytes = [0; SECRET_BYTES];
            clock::fill(&mut bytes);
            Ok(Secret::new(HEXLOWER.encode(&bytes).into_bytes()))
        })?;
        text.push_str(&format!(
            "\n[[callback]]\nname = \"{name}\"\nkind = \"secret\"\nheader = \"{HEADER}\"\nsecret_files = [\"{file}\"]\n"
        ));
    }
    private_file::write(path, text.as_bytes())
}
