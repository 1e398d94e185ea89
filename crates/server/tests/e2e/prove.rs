//! `claviger prove-isolation` is worth something only if it finds what is wrong (R126, R91, D34).

use crate::deployment::{CLAVIGER, configuration};
use serde_json::Value;
use testkit::{
    Claviger, Home, Launch, Must, Run, Secrets,
    client::address_of,
    command::Done,
    eventually,
    leaky::{LEAKS, Leaky},
};

/// The reference catalogue, and what it says of companies when the operator trusts the upstream with all of them.
const CATALOGUE: &str = include_str!("../../catalogues/invoicetronic.toml");

/// What the leaky upstream has beside the reference API: objects below their company.
const NESTED: &str = r#"
[[operation]]
id = "company_webhook_get"
method = "GET"
path = "/v1/company/{id:int32}/webhook"
audience = "key"
scope = "webhook:read"
company = { mode = "context" }

[[operation]]
id = "company_webhook_id_get"
method = "GET"
path = "/v1/company/{company_id:int32}/webhook/{id:int32}"
audience = "key"
scope = "webhook:read"
company = { mode = "context" }
"#;

/// Operations of the reference API of which the proof must be able to say something.
const PROVED_MIN: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn r126_prove_isolation_finds_every_planted_leak_and_none_in_the_real_one() {
    let claviger = Launch::quickstart(CLAVIGER).start().await;
    let (done, report) = prove(&claviger, &[]).await;
    assert_eq!((done.code, &report["leaking"]), (0, &0.into()), "{report:#}{}", done.errors);
    assert!(done.errors.contains("Accounts cannot be deleted"), "{}", done.errors);
    assert!(verdicts(&report, "proved").len() >= PROVED_MIN, "{report:#}");
    nothing_is_left(&claviger).await;
    claviger.stop().await;

    let leaky = Leaky::start().await;
    let (claviger, invoicing) = trusting(&leaky).await;
    let (done, report) = prove(&claviger, &[]).await;
    assert_eq!((done.code, &report["leaking"]), (0, &0.into()), "{report:#}{}", done.errors);
    let proved = verdicts(&report, "proved");
    for leak in LEAKS {
        assert!(proved.contains(&leak.operation), "{}: {report:#}", leak.operation);
    }
    for leak in LEAKS {
        leaky.plant(Some(leak));
        let (done, report) = prove(&claviger, &["--operation", leak.operation]).await;
        assert_eq!(done.code, 1, "{}: {report:#}{}", leak.name, done.errors);
        assert_eq!(verdicts(&report, "leaking"), [leak.operation], "{}: {report:#}", leak.name);
        assert!(report["operations"][0]["leaks"][0]["request"].is_string(), "{report:#}");
    }
    // All of it is looked through: a leak is found where it is, and nowhere else.
    leaky.plant(LEAKS.first().copied());
    let (done, report) = prove(&claviger, &[]).await;
    assert_eq!((done.code, verdicts(&report, "leaking")), (1, vec!["company_get"]), "{report:#}");
    nothing_is_left(&claviger).await;
    claviger.stop().await;
    invoicing.stop().await;
}

/// An operation whose body locator cannot read what it takes: what the catalogue says of such bodies is put to the test.
#[tokio::test(flavor = "multi_thread")]
async fn d36_bodies_that_cannot_be_read_are_refused_or_held_by_the_upstream_as_the_catalogue_says() {
    let xml = LEAKS.into_iter().find(|leak| leak.operation == "send_xml_post").must("be planted");
    let located = "company = { mode = \"locators\", locators = [{ at = \"body:/company_id\", kind = \"id\" }] }";
    for (said, leaking) in [("", false), ("\nother_bodies = \"upstream\"", true)] {
        let (before, entry) = CATALOGUE.split_once("id = \"send_xml_post\"").must("find the operation");
        let entry = entry.replacen("company = { mode = \"context\" }", &format!("{located}{said}"), 1);
        let leaky = Leaky::start().await;
        let (claviger, invoicing) = deployment(&leaky, &format!("{before}id = \"{}\"{entry}", xml.operation)).await;
        let (done, report) = prove(&claviger, &["--operation", xml.operation]).await;
        assert_eq!((done.code, verdicts(&report, "proved")), (0, vec![xml.operation]), "{said}: {report:#}");
        // A gateway that refuses them has nothing that an upstream could do wrong.
        leaky.plant(Some(xml));
        let (_, report) = prove(&claviger, &["--operation", xml.operation]).await;
        assert_eq!(verdicts(&report, "leaking").len(), usize::from(leaking), "{said}: {report:#}");
        // A body of which nothing is known proves nothing about those that the upstream holds.
        let create = "company_post={\"name\": \"{mark}\", \"vat\": \"{vat}\", \"fiscal_code\": \"{code}\"}";
        let (_, report) =
            prove(&claviger, &["--operation", xml.operation, "--create", create, "--name", "id=/id"]).await;
        assert_eq!(verdicts(&report, "not_covered").len(), usize::from(leaking), "{said}: {report:#}");
        claviger.stop().await;
        invoicing.stop().await;
    }
}

/// The certificates are the deployment's own: nobody else could tell the command to trust them.
#[tokio::test(flavor = "multi_thread")]
async fn r126_the_configuration_says_where_to_ask_and_whom_to_trust() {
    let mut launch = Launch::quickstart(CLAVIGER);
    for listener in ["GATEWAY", "CONTROL"] {
        launch = launch.env(&format!("CLAVIGER__{listener}__TLS__MODE"), "self_signed");
    }
    let claviger = launch.start().await;
    let listener = |url: &str| url.strip_prefix("https://").must("be https").to_owned();
    let text = format!(
        "[gateway]\nlisten = \"{}\"\n[gateway.tls]\nmode = \"self_signed\"\n\
         [control]\nlisten = \"{}\"\n[control.tls]\nmode = \"self_signed\"\n\
         [upstream.test]\nurl = \"http://127.0.0.1:9\"\n[upstream.live]\nurl = \"http://127.0.0.1:9\"\n\
         [catalogue]\nfile = \"catalogue.toml\"\n[store]\nfolder = \"{}\"\n",
        listener(&claviger.gateway()),
        listener(&claviger.control()),
        claviger.home().data().display(),
    );
    claviger.home().file("asked.toml", &text);
    let arguments = ["prove-isolation", "--json", "--config", "asked.toml", "--operation", "company_get"];
    let run = Run::new(CLAVIGER, &arguments).env("CLAVIGER_TOKEN", &claviger.text("/operator_token"));
    let done = run.within(claviger.home()).end().await;
    let report: Value = serde_json::from_str(&done.output).must(&format!("read a report: {}", done.errors));
    assert_eq!((done.code, verdicts(&report, "proved")), (0, vec!["company_get"]), "{report:#}{}", done.errors);
    claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d34_a_leak_that_the_gateway_withholds_is_told_as_one() {
    let leaky = Leaky::start().await;
    let (claviger, invoicing) = deployment(&leaky, CATALOGUE).await;
    leaky.plant(LEAKS.first().copied());
    let (done, report) = prove(&claviger, &["--operation", "company_get"]).await;
    assert_eq!((done.code, verdicts(&report, "leaking")), (1, vec!["company_get"]), "{report:#}");
    assert!(report.to_string().contains("the gateway withheld it"), "{report:#}");
    claviger.stop().await;
    invoicing.stop().await;
}

/// The proof as a program runs it, and its report.
async fn prove(claviger: &Claviger, more: &[&str]) -> (Done, Value) {
    let gateway = claviger.gateway();
    let arguments = [&["prove-isolation", "--json", "--gateway", &gateway], more].concat();
    let done = claviger.cli().run(&arguments).await;
    let report = serde_json::from_str(&done.output).must(&format!("read a report: {}{}", done.output, done.errors));
    (done, report)
}

fn verdicts<'r>(report: &'r Value, verdict: &str) -> Vec<&'r str> {
    let operations = report["operations"].as_array().must("read a report").iter();
    operations.filter(|o| o["verdict"] == verdict).filter_map(|o| o["operation"].as_str()).collect()
}

/// Every account of the proof is without companies, restricted keys, and a primary key that works.
async fn nothing_is_left(claviger: &Claviger) {
    let accounts = claviger.cli().json(&["accounts", "list"]).await;
    let proofs = accounts["data"]
        .as_array()
        .must("read a list")
        .iter()
        .filter(|a| a["name"].as_str().is_some_and(|name| name.starts_with("Isolation proof")));
    let mut seen = 0;
    for account in proofs.filter_map(|account| account["id"].as_str()) {
        let companies = claviger.cli().json(&["companies", "list", "--account", account]).await;
        assert_eq!(companies["data"], Value::Array(Vec::new()));
        let keys = claviger.cli().json(&["keys", "list", "--account", account]).await;
        let keys = keys["data"].as_array().must("read a list");
        let states: Vec<_> = keys.iter().map(|key| (key["kind"].as_str(), key["status"].as_str())).collect();
        assert_eq!(states, [(Some("primary"), Some("disabled"))]);
        seen += 1;
    }
    assert!(seen >= 2, "{accounts:#}");
}

/// A deployment whose operator says of every operation that the upstream filters by the signed context.
async fn trusting(leaky: &Leaky) -> (Claviger, Claviger) {
    let line = |line: &str| match line.starts_with("company = ") && !line.contains("neutral") {
        true => "company = { mode = \"context\" }".to_owned(),
        false => line.to_owned(),
    };
    let catalogue: Vec<String> = CATALOGUE.lines().map(line).collect();
    deployment(leaky, &(catalogue.join("\n") + NESTED)).await
}

/// Gateway, leaky upstream, and the reference API behind both.
async fn deployment(leaky: &Leaky, catalogue: &str) -> (Claviger, Claviger) {
    let (home, secrets) = (Home::new(), Secrets::default());
    home.file("claviger.toml", &configuration(&leaky.url()));
    home.file("catalogue.toml", catalogue);
    let token = Run::new(CLAVIGER, &["tokens", "bootstrap", "--json"]).within(&home).end().await;
    let token: Value = serde_json::from_str(&token.output).must("read the token");
    secrets.learn(&token);
    let mut claviger = Launch::new(CLAVIGER, "serve").at(&home, &secrets).excuse("isolation.violation");
    claviger = claviger.args(["--json"]);
    let mut claviger = claviger.start().await;
    claviger.tell("operator_token", &token["token"]);
    let jwks = format!("{}/.well-known/claviger/jwks.json", claviger.gateway());
    let invoicing = Launch::new(CLAVIGER, "invoicing").args(["--listen", "127.0.0.1:0", "--jwks", &jwks]).spawn();
    let address = eventually("the reference API's address", async || {
        let logs = invoicing.logs();
        let (_, rest) = logs.split_once("listens on ")?;
        rest.split_once(' ').map(|(address, _)| address.to_owned())
    })
    .await;
    leaky.stand_before(address_of(&address));
    (claviger, invoicing)
}
