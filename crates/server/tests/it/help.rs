//! Every help text, as a golden: what a newcomer reads is reviewed like code.

use crate::run::Folder;

const COMMANDS: [&str; 70] = [
    "",
    "quickstart",
    "serve",
    "config",
    "config check",
    "config explain",
    "config example",
    "catalogue",
    "catalogue import",
    "catalogue check",
    "accounts",
    "accounts create",
    "accounts list",
    "accounts show",
    "companies",
    "companies create",
    "companies list",
    "companies show",
    "companies update",
    "companies delete",
    "keys",
    "keys create",
    "keys list",
    "keys show",
    "keys update",
    "keys disable",
    "keys enable",
    "keys rotate",
    "keys end-previous",
    "keys revoke",
    "keys delete",
    "identities",
    "identities create",
    "identities list",
    "identities delete",
    "members",
    "members list",
    "members invite",
    "members invitations",
    "members uninvite",
    "members set-role",
    "members remove",
    "sessions",
    "sessions people",
    "sessions list",
    "sessions end",
    "sessions reset-second-factor",
    "sessions forget",
    "requests",
    "requests list",
    "requests show",
    "usage",
    "operations",
    "operations list",
    "audit",
    "audit list",
    "audit findings",
    "audit verify",
    "explain",
    "prove-isolation",
    "tokens",
    "tokens create",
    "tokens list",
    "tokens revoke",
    "tokens bootstrap",
    "doctor",
    "backup",
    "restore",
    "invoicing",
    "completion",
];

#[test]
fn help_texts_are_as_reviewed() {
    let folder = Folder::new();
    let mut all = String::new();
    for command in COMMANDS {
        let mut args: Vec<_> = command.split_whitespace().collect();
        args.push("--help");
        let said = folder.run(&args);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{command}");
        assert!(!said.out.contains('\u{1b}'), "colour off a terminal: {command}");
        all.push_str(&format!("$ claviger {}\n{}\n", args.join(" "), said.out.trim_end()));
    }
    insta::assert_snapshot!("help", all);
}

#[test]
fn every_command_has_a_golden() {
    let folder = Folder::new();
    let mut found = vec![String::new()];
    let mut at = 0;
    while let Some(command) = found.get(at).cloned() {
        let args: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let text = folder.run(&args).out;
        let list = text.split("Commands:\n").nth(1).unwrap_or_default();
        let names = list.lines().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
        let names: Vec<_> = names.filter_map(|line| line.split_whitespace().next()).filter(|n| *n != "help").collect();
        found.extend(names.iter().map(|name| format!("{command} {name}").trim().to_owned()));
        at += 1;
    }
    for command in &found {
        assert!(COMMANDS.contains(&command.as_str()), "{command} has no golden");
    }
    assert_eq!(found.len(), COMMANDS.len());
}
