//! The dashboard in a real browser, as the binary serves it: the way of a customer, every page, every flow by the keyboard
//! (R18, R20, R59, D14), and through a real provider (D20, R131).
//!
//! The walks are scripts beside the dashboard's sources (`crates/dashboard/web/e2e`); what they print is what a failure says.

use crate::{deployment::CLAVIGER, people::Provider};
use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use testkit::{Claviger, Home, Launch, Must, Secrets, within};
use tokio::process::Command;

/// The browser's program, which `./test` installs.
const CHROMIUM: &str = "CLAVIGER_TEST_CHROMIUM";
/// The folder with the sources of the dashboard and what they need, which `./test` puts there.
const WEB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboard/web");
/// Where npm keeps what it has fetched, as for the provider of the tests of people.
const NPM_CACHE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/npm-cache");
/// How long a walk may take, on a machine that may be busy.
const WALK_BOUND: Duration = Duration::from_secs(240);
/// How long the packages may take to come.
const PACKAGES_BOUND: Duration = Duration::from_secs(200);

/// A deployment where anybody registers, in front of the reference API; `None` where the walks cannot be walked.
async fn open() -> Option<Claviger> {
    if !equipped().await {
        return None;
    }
    let launch = Launch::quickstart(CLAVIGER).env("CLAVIGER__SIGN_IN__REGISTRATION", "open");
    Some(launch.start().await)
}

/// Whether there is a browser and node; says so where there is not. Puts the packages in place.
async fn equipped() -> bool {
    let Some(chromium) = std::env::var_os(CHROMIUM).map(PathBuf::from) else {
        println!("SKIPPED: {CHROMIUM} is not set; ./test installs chromium and sets it");
        return false;
    };
    assert!(chromium.exists(), "{CHROMIUM} names {}, which is not there", chromium.display());
    for program in ["node", "npm"] {
        let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
        if !version.is_ok_and(|status| status.success()) {
            println!("SKIPPED: {program} is missing; ./test installs it");
            return false;
        }
    }
    packages().await;
    true
}

/// Puts the packages in place that the lock file names, unless they are there: one test at a time, each of which is a process.
async fn packages() {
    let turn = File::create(concat!(env!("CARGO_TARGET_TMPDIR"), "/dashboard-packages.lock")).must("make a file");
    turn.lock().must("wait for the turn");
    let web = Path::new(WEB);
    // npm writes this file last.
    if web.join("node_modules/.package-lock.json").exists() {
        return;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--cache", NPM_CACHE]);
    let done = npm.current_dir(web).stdin(Stdio::null()).kill_on_drop(true).output();
    let done = within("npm ci", PACKAGES_BOUND, done).await.must("run npm");
    assert!(done.status.success(), "npm ci\n{}", String::from_utf8_lossy(&done.stderr));
}

/// Runs one of the scripts to its end. What it did is printed; a fault fails the test with all that was said.
async fn walk(claviger: &Claviger, script: &str, arguments: &[&str]) {
    let mut node = Command::new("node");
    node.arg(format!("e2e/{script}")).args(arguments).current_dir(WEB).env("TMPDIR", claviger.home().path());
    let done = node.stdin(Stdio::null()).kill_on_drop(true).output();
    let done = within(script, WALK_BOUND, done).await.must("run node");
    let (said, faults) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    println!("{said}");
    // Once more at the end, where it is found when a long output is cut in its middle.
    let no: Vec<_> = faults.lines().filter(|line| line.starts_with("NO ")).collect();
    assert!(done.status.success(), "{script}: {}\n{said}\n{faults}\nin short:\n{}", done.status, no.join("\n"));
    assert!(said.contains("ok  "), "{script} did nothing:\n{said}\n{faults}");
}

#[tokio::test(flavor = "multi_thread")]
async fn heavy_r15_r18_r20_r59_r68_r115_a_customer_registers_gives_a_page_one_company_and_takes_it_away_again() {
    let Some(claviger) = open().await else { return };
    walk(&claviger, "journey.js", &[&claviger.control(), &claviger.gateway()]).await;
    claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_r73_r121_r122_r123_every_page_works_and_can_be_read_by_everybody() {
    let Some(claviger) = open().await else { return };
    let arguments = [&*claviger.control(), "ada@example.com", "correct horse battery staple", "--register"];
    walk(&claviger, "run.js", &arguments).await;
    claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_r59_every_flow_works_by_the_keyboard_alone() {
    let Some(claviger) = open().await else { return };
    walk(&claviger, "keyboard.js", &[&claviger.control()]).await;
    claviger.stop().await;
}

/// A deployment whose people sign in with the provider, and by invitation only.
async fn open_with(provider: &Provider) -> Claviger {
    let home = Home::new();
    let secret = home.file("acme.secret", "dashboard-secret");
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).must("make the file private");
    let people = format!(
        "[[provider]]\nid = \"acme\"\nname = \"Acme\"\nurl = \"{}\"\nclient_id = \"dashboard\"\n\
         client_secret_file = \"acme.secret\"\nunsafe_plain_http = true\n",
        provider.url
    );
    let people = home.file("people.toml", &people);
    let claviger = Launch::quickstart(CLAVIGER)
        .at(&home, &Secrets::default())
        .env("CLAVIGER__PEOPLE__FILE", people.to_str().must("name the file"))
        .env("CLAVIGER__SIGN_IN__REGISTRATION", "invitation")
        .start()
        .await;
    provider.return_to(&format!("{}/v1/sign-in/oidc/acme/callback", claviger.control())).await;
    claviger
}

/// The link of an invitation into the deployment's account.
async fn invited(claviger: &Claviger, email: &str) -> String {
    let account = claviger.text("/account_id");
    let made = claviger.cli().json(&["members", "invite", email, "--role", "admin", "--account", &account]).await;
    let link = made["link"].as_str().must("find the link").to_owned();
    claviger.secrets().plant(link.split_once('#').must("find the token").1);
    link
}

#[tokio::test(flavor = "multi_thread")]
async fn d20_r131_people_sign_in_with_a_real_provider_and_link_it_in_a_browser() {
    let Some(provider) = Provider::start().await else { return };
    if !equipped().await {
        return;
    }
    let claviger = open_with(&provider).await;
    let (alice, carol) = (invited(&claviger, "alice@example.com").await, invited(&claviger, "carol@example.com").await);
    walk(&claviger, "provider.js", &[&claviger.control(), &alice, &carol]).await;
    claviger.stop().await;
}
