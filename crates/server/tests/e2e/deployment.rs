//! What the tests share: a quickstart with an upstream that does what a path says, and a client of its control API.

use serde_json::{Value, json};
use std::path::PathBuf;
use testkit::{
    Claviger, Home, Launch, Must, Reply, Run, Secrets, Upstream,
    client::{Call, Connection, Wire, address_of},
    upstream::OPENAPI,
};

/// The binary under test.
pub(crate) const CLAVIGER: &str = env!("CARGO_BIN_EXE_claviger");

/// A quickstart in front of an upstream that misbehaves on demand.
pub(crate) struct Deployment {
    pub(crate) claviger: Claviger,
    pub(crate) upstream: Upstream,
    /// The primary key's test secret.
    pub(crate) test: String,
    /// The primary key's live secret.
    pub(crate) live: String,
}

/// The quickstart, with the arguments that put `upstream` behind it, in a folder of its own.
pub(crate) fn launch_before(upstream: &Upstream) -> Launch {
    let home = Home::new();
    let description = home.file("upstream.json", OPENAPI);
    let launch = Launch::quickstart(CLAVIGER).at(&home, &Secrets::default());
    launch.args(["--openapi".into(), description.into_os_string()]).args(["--upstream", &upstream.url()])
}

/// A configuration for `claviger serve` in front of the upstream at `url`.
pub(crate) fn configuration(url: &str) -> String {
    format!(
        "[gateway]\nlisten = \"127.0.0.1:0\"\n[control]\nlisten = \"127.0.0.1:0\"\n\
         [upstream.test]\nurl = \"{url}\"\n[upstream.live]\nurl = \"{url}\"\n\
         [catalogue]\nfile = \"catalogue.toml\"\n[store]\nfolder = \"data\"\n[log]\nformat = \"json\"\n"
    )
}

impl Deployment {
    /// A quickstart.
    pub(crate) async fn start() -> Self {
        let upstream = Upstream::start().await;
        let claviger = launch_before(&upstream).start().await;
        Self::new(claviger, upstream)
    }

    /// A deployment as operators run it: a reviewed catalogue, a configuration with these settings, a first operator
    /// token, and an account made through the control API.
    pub(crate) async fn serve(settings: &[(&str, &str)]) -> Self {
        Self::serve_with(settings, |_| ()).await
    }

    /// The same with files of its own, which may take the place of the catalogue.
    pub(crate) async fn serve_with(settings: &[(&str, &str)], files: impl FnOnce(&Home)) -> Self {
        let upstream = Upstream::start().await;
        let home = Home::new();
        home.file("upstream.json", OPENAPI);
        home.file("claviger.toml", &configuration(&upstream.url()));
        let secrets = Secrets::default();
        let run = async |arguments: &[&str]| {
            let done = Run::new(CLAVIGER, arguments).within(&home).end().await;
            assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.output, done.errors);
            done.output
        };
        run(&["catalogue", "import", "upstream.json", "-o", "catalogue.toml"]).await;
        files(&home);
        let token: Value = serde_json::from_str(&run(&["tokens", "bootstrap", "--json"]).await).must("read the token");
        secrets.learn(&token);
        let mut launch = Launch::new(CLAVIGER, "serve").at(&home, &secrets).args(["--json"]);
        for (setting, value) in settings {
            launch = launch.env(&format!("CLAVIGER__{}", setting.to_ascii_uppercase().replace('.', "__")), value);
        }
        let mut claviger = launch.start().await;
        let call = Call::post(&format!("{}/v1/accounts", claviger.control())).json(&json!({"name": "Account"}));
        let created = call.bearer(token["token"].as_str().must("find the token")).send().await;
        assert_eq!(created.status, 201, "{}", String::from_utf8_lossy(&created.body));
        let created = created.json();
        claviger.tell("operator_token", &token["token"]);
        claviger.tell("account_id", &created["account"]["id"]);
        claviger.tell("primary", &created["primary"]);
        Self::new(claviger, upstream)
    }

    fn new(claviger: Claviger, upstream: Upstream) -> Self {
        let (test, live) = (claviger.text("/primary/test/secret"), claviger.text("/primary/live/secret"));
        Self { claviger, upstream, test, live }
    }

    /// A URL below the gateway.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.claviger.gateway())
    }

    /// `GET path` with a key.
    pub(crate) async fn get(&self, path: &str, key: &str) -> Reply {
        Call::get(&self.url(path)).key(key).send().await
    }

    /// Stops it and judges the run: neither metrics nor anything that the upstream was sent tells a secret, and neither
    /// does a log or a file, which `Claviger` looks at.
    pub(crate) async fn stop(self) -> (Home, Secrets) {
        let secrets = self.claviger.secrets();
        let metrics = Call::get(&format!("{}/metrics", self.claviger.control())).send().await;
        assert_eq!(metrics.status, 200);
        secrets.assert_absent("the metrics", &metrics.body);
        for head in self.upstream.heads() {
            secrets.assert_absent("what the upstream was sent", format!("{head:?}").as_bytes());
        }
        self.claviger.stop().await
    }

    pub(crate) async fn admin(&self) -> Admin {
        Admin::of(&self.claviger).await
    }
}

/// A client of the control API on one connection, as a script would be.
pub(crate) struct Admin {
    connection: Connection,
    url: String,
    token: String,
    account: String,
    secrets: Secrets,
}

impl Admin {
    pub(crate) async fn of(claviger: &Claviger) -> Self {
        Self::of_account(claviger, claviger.text("/account_id")).await
    }

    /// A client for another account of the same deployment.
    pub(crate) async fn of_account(claviger: &Claviger, account: String) -> Self {
        let (url, token) = (claviger.control(), claviger.text("/operator_token"));
        Self {
            connection: Connection::plain(address_of(&url), Wire::Http1).await,
            account,
            secrets: claviger.secrets().clone(),
            url,
            token,
        }
    }

    /// The URL of something below the account.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/v1/accounts/{}{path}", self.url, self.account)
    }

    /// Asks the control API; learns every secret that it answers.
    pub(crate) async fn ask(&mut self, call: Call) -> Reply {
        let reply = self.connection.send(call.bearer(&self.token)).await;
        if let Ok(body) = serde_json::from_slice(&reply.body) {
            self.secrets.learn(&body);
        }
        reply
    }

    /// The id of the account's company with this external name, such as `test:vat=IT01234567890`, if there is one.
    pub(crate) async fn company_named(&mut self, name: &str) -> Option<String> {
        let url = self.url("/companies?limit=200");
        let listed = self.ask(Call::get(&url)).await.json();
        let has = |company: &&Value| {
            company["external_names"].as_array().is_some_and(|names| names.iter().any(|n| n == name))
        };
        let found = listed["data"].as_array().must("list companies").iter().find(has);
        found.map(|company| company["id"].as_str().must("find the id").to_owned())
    }

    /// A new restricted key: its id, its test secret and its live secret.
    pub(crate) async fn create_key(&mut self, settings: Value) -> NewKey {
        let url = self.url("/keys");
        let reply = self.ask(Call::post(&url).json(&settings)).await;
        assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
        NewKey::of(&reply.json())
    }

    /// Disable, enable, revoke or rotate; the answer of a success.
    pub(crate) async fn change_key(&mut self, id: &str, change: &str) -> Value {
        let url = self.url(&format!("/keys/{id}/{change}"));
        let reply = self.ask(Call::post(&url).json(&json!({}))).await;
        assert_eq!(reply.status, 200, "{change}: {}", String::from_utf8_lossy(&reply.body));
        reply.json()
    }
}

/// A key as it was shown once.
#[derive(Clone, Debug)]
pub(crate) struct NewKey {
    pub(crate) id: String,
    pub(crate) test: String,
    pub(crate) live: String,
}

impl NewKey {
    pub(crate) fn of(answer: &Value) -> Self {
        let text = |pointer: &str| {
            answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned).must(&format!("find {pointer}"))
        };
        Self { id: text("/key_id"), test: text("/test/secret"), live: text("/live/secret") }
    }
}

/// The folder with data from elsewhere: `CLAVIGER_TEST_DATA`, or `shared/data` beside the repository.
pub(crate) fn test_data(name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("CLAVIGER_TEST_DATA").map_or_else(beside, PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: {} is missing; CLAVIGER_TEST_DATA names the folder", path.display());
    None
}
