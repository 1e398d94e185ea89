//! `claviger config ...`.
//!
//! Owns:  what it prints, and looking into the files that a configuration names.
//! Never: opens a port or the store.
//! Read:  `run`.

use crate::{
    catalogue_file,
    cli::{ConfigCommand, ConfigFile},
    clock,
    config::{Config, Tls, reference, sheet::Sheet},
    deployment,
    failure::Failure,
    output::{Output, line, table},
    people_file,
    tls::Certificates,
};

pub(crate) fn run(command: ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Example => {
            line(&reference::example());
            Ok(())
        }
        ConfigCommand::Check { file, json } => check(&file, Output::of(json.json)),
        ConfigCommand::Explain { file, json } => explain(&file, Output::of(json.json)),
    }
}

#[derive(serde::Serialize)]
struct Checked {
    file: String,
    operations: usize,
    warnings: Vec<String>,
}

fn check(file: &ConfigFile, output: Output) -> Result<(), Failure> {
    let config = Config::load(&file.config)?;
    let mut problems = Vec::new();
    let catalogue = catalogue_file::in_force(&config).map_err(|failure| problems.push(failure.message)).ok();
    match people_file::load(config.people.as_deref()) {
        Ok(people) => {
            let named = catalogue.as_ref().map_or(Ok(()), |catalogue| people_file::check(&people, catalogue));
            problems.extend(named.err().map(|failure| failure.message));
        }
        Err(failure) => problems.push(failure.message),
    }
    if let Err(failure) = people_file::providers(config.people.as_deref())
        && !problems.contains(&failure.message)
    {
        problems.push(failure.message);
    }
    for (tls, listener) in [(&config.gateway.tls, "gateway"), (&config.control.tls, "control")] {
        // A self-signed certificate is made at the start; there is nothing to look into yet.
        if let Tls::Files { .. } = tls
            && let Err(error) = Certificates::open(tls, &config.folder, listener, clock::now())
        {
            problems.push(format!("[{listener}.tls] {error:#}"));
        }
    }
    if let Err(error) = deployment::upstreams(&config) {
        problems.push(format!("{error:#}"));
    }
    if !problems.is_empty() {
        return Err(Failure::problems(problems.join("\n")));
    }
    let uncapped = catalogue.as_ref().map(|catalogue| deployment::uncapped(&config.limits.daily_caps, catalogue));
    let shared = deployment::shared_upstream(&config);
    let checked = Checked {
        file: file.config.display().to_string(),
        operations: catalogue.map_or(0, |c| c.operations().len()),
        warnings: deployment::warnings(&config)
            .into_iter()
            .chain(shared)
            .chain(uncapped.into_iter().flatten())
            .collect(),
    };
    output.show(&checked, |c| {
        let warnings: String = c.warnings.iter().map(|w| format!("\nwarning: {w}")).collect();
        format!("{} is fine; its catalogue lists {} operations.{warnings}", c.file, c.operations)
    })?;
    Ok(())
}

fn explain(file: &ConfigFile, output: Output) -> Result<(), Failure> {
    let sheet = Sheet::read(Some(&file.config), std::env::vars_os())?;
    let settings = reference::explain(&sheet);
    output.show(&settings, |settings| {
        let row = |s: &reference::InForce| {
            vec![s.setting.to_owned(), s.value.clone().unwrap_or_else(|| "(not set)".to_owned()), s.from.clone()]
        };
        table(&["setting", "value", "from"], settings.iter().map(row).collect(), "")
    })?;
    // What is in force is shown first, because it is what one needs to see when something is wrong.
    Config::load(&file.config)?;
    Ok(())
}
