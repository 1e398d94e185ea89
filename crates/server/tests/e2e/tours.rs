//! The three systems, each from its profile, as its provider's documentation shows it: by curl, by clients that exist, from
//! a page of a browser. The scripts are in `tour/`.

use crate::{
    deployment::{Admin, CLAVIGER},
    people::Provider,
    sdk,
};
use serde_json::{Value, json};
use std::{path::PathBuf, process::Stdio, time::Duration};
use testkit::{Browser, Claviger, Launch, Must, browser::Job, client::Call, within};
use tokio::{io::AsyncWriteExt as _, process::Command};

/// How long a tour may take.
const TOUR_BOUND: Duration = Duration::from_secs(240);
const APP: &str = "app.example.test";

/// A quickstart of a profile; `settings` in the environment stand over it.
async fn open(profile: &str, settings: &[(&str, &str)]) -> Claviger {
    let launch = Launch::profile(CLAVIGER, profile);
    settings.iter().fold(launch, |launch, (name, value)| launch.env(name, value)).start().await
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/tour").join(name)
}

/// Runs a program to its end; what it printed. Fails with all that it said.
async fn run(mut command: Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let what = format!("{:?}", command.as_std().get_args().next());
    let mut child = command.spawn().must("start the program");
    child.stdin.take().must("have its input").write_all(input.as_bytes()).await.must("tell it its input");
    let done = within(&what, TOUR_BOUND, child.wait_with_output()).await.must("run the program");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{what}: {said}\n{}", String::from_utf8_lossy(&done.stderr));
    said
}

fn command(program: impl AsRef<std::ffi::OsStr>, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(script(name));
    command
}

async fn tour(name: &str, variables: &[(&str, String)]) {
    let mut walk = command("bash", &format!("{name}.sh"));
    walk.envs(variables.iter().map(|(name, value)| (*name, value)));
    let said = run(walk, "").await;
    assert!(said.contains(&format!("the tour of {name} is at its end")), "{said}");
    println!("{said}");
}

/// A company of the account with one external name in both environments; its id.
async fn company(admin: &mut Admin, name: &str, kind: &str, value: &str) -> String {
    let names = ["test", "live"].map(|environment| format!("{environment}:{kind}={value}"));
    let url = admin.url("/companies");
    let reply = admin.ask(Call::post(&url).json(&json!({"name": name, "external_names": names}))).await;
    assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    reply.json().pointer("/company/id").and_then(Value::as_str).must("find the id").to_owned()
}

/// A restricted key: the answer to its creation.
async fn key(admin: &mut Admin, settings: Value) -> Value {
    let url = admin.url("/keys");
    let reply = admin.ask(Call::post(&url).json(&settings)).await;
    assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    reply.json()
}

fn test_secret(key: &Value) -> String {
    key.pointer("/test/secret").and_then(Value::as_str).must("find the secret").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_r18_r23_r24_r30_i23_the_tour_of_invoicetronic() {
    let claviger = open("invoicetronic", &[]).await;
    let mut admin = Admin::of(&claviger).await;
    // The gateway learns what the company is called, by id and by VAT number (D35).
    let basic = data_encoding::BASE64.encode(format!("{}:", claviger.text("/primary/test/secret")).as_bytes());
    let body = json!({"name": "Alfa Srl", "vat": "IT01234567890", "fiscal_code": "01234567890"});
    let call = Call::post(&format!("{}/v1/company", claviger.gateway())).json(&body);
    let made = call.header("authorization", &format!("Basic {basic}")).send().await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let companies = companies_of(&mut admin).await;
    let [(_, alfa)] = companies.as_slice() else { panic!("{companies:?}") };
    let read = key(&mut admin, json!({"preset": "read_only"})).await;
    let one = key(&mut admin, json!({"preset": "full_access", "companies": [alfa]})).await;
    let page = key(&mut admin, json!({"preset": "read_only", "origins": ["https://app.example.test"]})).await;
    tour(
        "invoicetronic",
        &[
            ("GATEWAY", claviger.gateway()),
            ("TEST", claviger.text("/primary/test/secret")),
            ("LIVE", claviger.text("/primary/live/secret")),
            ("READ", test_secret(&read)),
            ("ONE", test_secret(&one)),
            ("ONE_VAT", "IT01234567890".to_owned()),
            ("PAGE", test_secret(&page)),
            ("ORIGIN", "https://app.example.test".to_owned()),
        ],
    )
    .await;
    claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_d32_every_method_of_the_library_of_invoicetronic_works() {
    let Some(python) = sdk::python() else { return };
    let claviger = open("invoicetronic", &[]).await;
    let test = claviger.text("/primary/test/secret");
    let given = json!({ "host": format!("{}/v1", claviger.gateway()), "test": test });
    let said = run(command(python, "whole_surface.py"), &given.to_string()).await;
    assert!(said.contains("42 methods, everything as it must be"), "{said}");
    claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r66_r74_r75_r76_r79_r80_r89_r92_r93_i23_the_tour_of_laabam() {
    let claviger = open("laabam", &[("CLAVIGER__LIMITS__DAILY_CAPS", "sms=5,whatsapp=100,email=100")]).await;
    let mut admin = Admin::of(&claviger).await;
    let primary = (claviger.text("/primary/test/client_id"), claviger.text("/primary/test/secret"));
    for (slug, name) in [("acme", "Acme Traders"), ("zenith", "Zenith Mills")] {
        // The gateway learns what the company is called from the answer (D35).
        let call =
            Call::post(&format!("{}/v1/companies", claviger.gateway())).json(&json!({"slug": slug, "name": name}));
        let reply = call.header("x-client-id", &primary.0).header("x-client-secret", &primary.1).send().await;
        assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    }
    let companies = companies_of(&mut admin).await;
    let of = |slug: &str| companies.iter().find(|(name, _)| name == slug).must("find the company").1.clone();
    let scopes = ["customers:read", "customers:write", "invoices:read", "invoices:write", "payments:write"];
    let write = json!({"preset": "custom", "scopes": scopes, "companies": [of("acme")]});
    let read = json!({"preset": "read_only", "companies": [of("acme")]});
    let send =
        json!({"preset": "custom", "scopes": ["messages:sms:send", "messages:email:send"], "companies": [of("acme")]});
    let other = json!({"preset": "full_access", "companies": [of("zenith")]});
    let mut variables = vec![
        ("GATEWAY", claviger.gateway()),
        ("MESSAGES", "30".to_owned()),
        ("CAP", "5".to_owned()),
        ("PRIMARY_ID", primary.0),
        ("PRIMARY_SECRET", primary.1),
    ];
    for (id, secret, settings) in [
        ("WRITE_ID", "WRITE_SECRET", write),
        ("READ_ID", "READ_SECRET", read),
        ("SEND_ID", "SEND_SECRET", send),
        ("OTHER_ID", "OTHER_SECRET", other),
    ] {
        let made = key(&mut admin, settings).await;
        let client = made.pointer("/test/client_id").and_then(Value::as_str).must("find the client id");
        assert!(client.starts_with("lk_id_") && test_secret(&made).starts_with("lk_secret_"));
        assert_eq!((client.len(), test_secret(&made).len()), ("lk_id_".len() + 24, "lk_secret_".len() + 44));
        variables.extend([(id, client.to_owned()), (secret, test_secret(&made))]);
    }
    tour("laabam", &variables).await;
    claviger.stop().await;
}

/// The first external name and the id of each company of the account.
async fn companies_of(admin: &mut Admin) -> Vec<(String, String)> {
    let url = admin.url("/companies");
    let reply = admin.ask(Call::get(&url)).await.json();
    let text = |value: &Value| value.as_str().must("be text").to_owned();
    let list = reply["data"].as_array().must("find the companies");
    let name = |company: &Value| {
        let name = text(&company["external_names"][0]);
        name.split_once('=').must("name a kind and a value").1.to_owned()
    };
    list.iter().map(|company| (name(company), text(&company["id"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r103_r107_r109_r112_r113_r119_r129_r136_i23_the_tour_of_invostaq() {
    let Some(provider) = Provider::start().await else { return };
    let home = testkit::Home::new();
    let secret = home.file("access-point.secret", "an access point's own secret");
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).must("keep it private");
    let people = home.file(
        "people.toml",
        &format!(
            "admins = [\"root@example.com\"]\n\
             [[issuer]]\nurl = \"{}\"\nclient_ids = [\"web\"]\nunsafe_plain_http = true\n\
             [[callback]]\nname = \"access-point\"\nkind = \"secret\"\nheader = \"X-Arratech-Webhook-Secret\"\n\
             secret_files = [\"access-point.secret\"]\n",
            provider.url
        ),
    );
    let launch = Launch::profile(CLAVIGER, "invostaq").at(&home, &testkit::Secrets::default());
    let claviger = launch.args(["--people".into(), people.into_os_string()]).start().await;
    let account = claviger.text("/account_id");
    claviger.cli().json(&["identities", "create", "--account", &account, "--issuer", &provider.url]).await;
    let mut admin = Admin::of(&claviger).await;
    let gone = key(&mut admin, json!({"preset": "read_only"})).await;
    admin.change_key(gone["key_id"].as_str().must("find the id"), "revoke").await;
    let reply =
        admin.ask(Call::post(&format!("{}/v1/accounts", claviger.control())).json(&json!({"name": "Oasis"}))).await;
    let other = reply.json().pointer("/primary/test/secret").and_then(Value::as_str).must("find the key").to_owned();
    tour(
        "invostaq",
        &[
            ("GATEWAY", claviger.gateway()),
            ("TEST", claviger.text("/primary/test/secret")),
            ("LIVE", claviger.text("/primary/live/secret")),
            ("OTHER", other),
            ("GONE", test_secret(&gone)),
            ("TOKEN", provider.sign_in("ada").await),
            ("ADMIN", provider.sign_in("root").await),
            ("CALLBACK", "an access point's own secret".to_owned()),
        ],
    )
    .await;
    claviger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r130_a_client_of_node_waits_as_it_is_told_and_is_served() {
    let limit = ("CLAVIGER__LIMITS__RULES", "get = 3 per 2s for reads");
    for (profile, path) in [("invoicetronic", "/v1/status"), ("invostaq", "/api/v2/participants")] {
        let claviger = open(profile, &[limit]).await;
        let secret = claviger.text("/primary/test/secret");
        let header = match profile {
            "invoicetronic" => {
                format!("authorization=Basic {}", data_encoding::BASE64.encode(format!("{secret}:").as_bytes()))
            }
            _ => format!("x-api-key={secret}"),
        };
        let url = format!("{}{path}", claviger.gateway());
        let mut retry = command("node", "retry.mjs");
        retry.args([&*url, &*header, "--times", "8"]);
        let said = run(retry, "").await;
        let met: Value = serde_json::from_str(&said).must("read what the client says");
        assert_eq!(met["answered"], 8, "{met}");
        assert!(met["limited"].as_u64().is_some_and(|n| (2..=5).contains(&n)), "{met}");
        claviger.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_r3_r81_a_page_reads_with_the_presentation_of_each_profile() {
    let Some(browser) = Browser::start(&[APP]).await else { return };
    for (profile, path) in
        [("invoicetronic", "/v1/send"), ("laabam", "/v1/customers"), ("invostaq", "/api/v2/participants")]
    {
        let claviger = open(profile, &[]).await;
        let mut admin = Admin::of(&claviger).await;
        let slug = company(&mut admin, "Acme", if profile == "laabam" { "slug" } else { "vat" }, "acme").await;
        let companies = if profile == "laabam" { json!([slug]) } else { json!("all") };
        let origins = json!([browser.origin(APP)]);
        let made = key(&mut admin, json!({"preset": "read_only", "companies": companies, "origins": origins})).await;
        let url = |path: &str| format!("http://api.example.test:{}{path}", claviger.address().port());
        let job = |method: &str| {
            let job = Job::bare(method, &url(path));
            let secret = test_secret(&made);
            match profile {
                "invoicetronic" => {
                    let user = data_encoding::BASE64.encode(format!("{secret}:").as_bytes());
                    job.header("authorization", &format!("Basic {user}"))
                }
                "laabam" => {
                    let id = made.pointer("/test/client_id").and_then(Value::as_str).must("find the client id");
                    job.header("x-client-id", id).header("x-client-secret", &secret)
                }
                _ => job.header("x-api-key", &secret),
            }
        };
        let seen = browser.fetch(APP, job("GET")).await;
        assert_eq!(seen.status(), Some(200), "{profile}: {seen:?}");
        let told = if profile == "invoicetronic" { "ratelimit-limit" } else { "ratelimit-policy" };
        assert!(!seen.header(told).is_empty(), "{profile}: {seen:?}");
        // The browser remembers the preflight, POST being as simple as GET to it; the key itself is refused, readably.
        let refused = browser.fetch(APP, job("POST").body("{}")).await;
        assert_eq!(refused.status(), Some(403), "{profile}: {refused:?}");
        claviger.stop().await;
    }
    browser.stop().await;
}
