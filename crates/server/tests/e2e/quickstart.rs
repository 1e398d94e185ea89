//! The first five minutes: what the quickstart prints works as printed, and a real API's description is taken as it is.

use crate::deployment::{CLAVIGER, test_data};
use std::path::Path;
use testkit::{Home, Launch, Must, Run, eventually, upstream::OPENAPI};
use tokio::process::Command;

/// Operations of the real description.
const REAL_OPERATIONS: usize = 36;

#[tokio::test(flavor = "multi_thread")]
async fn d43_the_curl_lines_work_as_printed() {
    for profile in [None, Some("invoicetronic"), Some("laabam"), Some("invostaq")] {
        the_lines_work(profile).await;
    }
}

async fn the_lines_work(profile: Option<&str>) {
    let named = profile.into_iter().flat_map(|name| ["--profile", name]);
    let claviger = Launch::new(CLAVIGER, "quickstart")
        .args(["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"])
        .args(named)
        .prints_secrets()
        .spawn();
    let lines = eventually("three curl lines", async || {
        let printed = claviger.printed();
        let lines: Vec<String> = commands(&printed).into_iter().filter(|line| line.starts_with("curl ")).collect();
        (lines.len() >= 3).then_some(lines)
    })
    .await;
    claviger.secrets().learn_text(&claviger.printed());
    assert!(claviger.secrets().traces() > 0, "no secret was printed:\n{}", claviger.printed());
    for line in &lines {
        let done = Command::new("sh").args(["-c", &format!("set -e; {line}")]).output().await.must("run a curl line");
        let body = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{line}\n{body}{}", String::from_utf8_lossy(&done.stderr));
        assert!(body.starts_with(['{', '[']) && !body.contains("\"title\""), "{line}\n{body}");
    }
    claviger.stop().await;
}

/// The command lines in a text, continuation lines joined.
fn commands(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let (part, continues) =
            line.trim().strip_suffix('\\').map_or_else(|| (line.trim(), false), |part| (part.trim(), true));
        match lines.last_mut() {
            Some(last) if open => *last = format!("{last} {part}"),
            _ => lines.push(part.trim_start_matches("$ ").to_owned()),
        }
        open = continues;
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_d34_the_real_description_is_mapped_whole() {
    let Some(description) = test_data("invoicetronic-openapi.yml") else { return };
    let home = Home::new();
    let file = home.path().join("catalogue.toml");
    let import =
        Run::new(CLAVIGER, &["catalogue", "import"]).arg(&description).args(["--prefix", "/v1", "-o"]).arg(&file);
    let import = import.end().await;
    assert_eq!(import.code, 0, "{}{}", import.output, import.errors);
    let text = std::fs::read_to_string(&file).must("read the catalogue");
    let catalogue: toml::Table = toml::from_str(&text).must("read the catalogue as TOML");
    let operations = catalogue["operation"].as_array().must("find the operations");
    assert_eq!(operations.len(), REAL_OPERATIONS);
    let described = operations_of(&description);
    assert_eq!(described, REAL_OPERATIONS, "the description itself changed");
    check(&file).await;
}

/// Operations that a YAML description lists, counted without reading it as one: an independent count.
fn operations_of(description: &Path) -> usize {
    let text = std::fs::read_to_string(description).must("read the description");
    let paths = text.split_once("\npaths:").must("find the paths").1.split("\ncomponents:").next().unwrap_or_default();
    let methods = ["get:", "put:", "post:", "delete:", "patch:"];
    paths.lines().filter(|line| methods.iter().any(|method| *line == format!("    {method}"))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_an_import_can_be_checked_and_is_never_overwritten() {
    let home = Home::new();
    let description = home.file("upstream.json", OPENAPI);
    let file = home.path().join("catalogue.toml");
    let import =
        |more: &[&str]| Run::new(CLAVIGER, &["catalogue", "import"]).arg(&description).arg("-o").arg(&file).args(more);
    assert_eq!(import(&[]).end().await.code, 0);
    check(&file).await;
    let first = std::fs::read(&file).must("read the catalogue");
    let again = import(&["--send", "POST /things"]).end().await;
    assert_ne!(again.code, 0, "an existing catalogue was overwritten");
    assert_eq!(std::fs::read(&file).must("read the catalogue"), first);
    assert_eq!(import(&["--send", "POST /things", "--force"]).end().await.code, 0);
    assert!(std::fs::read_to_string(&file).must("read the catalogue").contains("things:send"));
    let broken = home.file("broken.toml", "[[operation]]\nid = \"x\"\nunknown = true\n");
    let refused = Run::new(CLAVIGER, &["catalogue", "check"]).arg(&broken).end().await;
    assert_eq!(refused.code, 3, "{}{}", refused.output, refused.errors);
    let said = format!("{}{}", refused.output, refused.errors);
    assert!(said.contains("unknown") && said.contains(":3:"), "an unknown key is named with its line: {said}");
}

async fn check(file: &Path) {
    let checked = Run::new(CLAVIGER, &["catalogue", "check"]).arg(file).end().await;
    assert_eq!(checked.code, 0, "{}{}", checked.output, checked.errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_quickstart_without_its_upstream_or_description_says_what_is_missing() {
    let home = Home::new();
    for arguments in [
        vec!["quickstart", "--openapi", "no-such-file.yml", "--upstream", "http://127.0.0.1:1"],
        vec!["quickstart", "--upstream-test", "http://127.0.0.1:1"],
        vec!["quickstart", "--upstream", "ftp://127.0.0.1"],
        vec!["quickstart", "--unknown"],
        vec!["serve", "--config", "no-such-file.toml"],
    ] {
        let done = Run::new(CLAVIGER, &arguments).within(&home).end().await;
        assert!(done.code > 0, "{arguments:?}: {}", done.code);
        assert!(!done.errors.is_empty() && !done.errors.contains("panicked"), "{arguments:?}: {}", done.errors);
    }
}
