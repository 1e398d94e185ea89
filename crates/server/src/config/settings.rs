//! The settings: their names, defaults and explanations, once for the reader, the example file and `config explain`.
//!
//! Owns:  the list of everything that can be configured.
//! Never: checks a value; that is `super`.
//! Read:  `SECTIONS`.

use crate::name::SETTING_PREFIX;

/// One thing that can be configured.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its whole name: `gateway.tls.cert_file`.
    pub(crate) path: &'static str,
    /// What is in force when nothing is said, as TOML; `None`: nothing is.
    pub(crate) default: Option<&'static str>,
    /// A value, as TOML, for the example file and for hints.
    pub(crate) example: &'static str,
    /// What it does, in lines that fit a comment.
    pub(crate) doc: &'static str,
}

impl Setting {
    /// The name inside its section.
    pub(crate) fn key(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, key)| key)
    }

    /// The section that it stands in.
    pub(crate) fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }
}

/// Settings that stand together.
#[derive(Debug)]
pub(crate) struct Section {
    /// As in brackets in the file.
    pub(crate) name: &'static str,
    /// What it is about.
    pub(crate) doc: &'static str,
    /// In the order in which people want to read them.
    pub(crate) settings: &'static [Setting],
}

const fn with(path: &'static str, default: &'static str, doc: &'static str) -> Setting {
    Setting { path, default: Some(default), example: default, doc }
}

const fn unset(path: &'static str, example: &'static str, doc: &'static str) -> Setting {
    Setting { path, default: None, example, doc }
}

/// Everything that can be configured. What stands in no section comes first, as TOML wants it.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        name: "",
        doc: "",
        settings: &[unset(
            "profile",
            r#""invoicetronic""#,
            "The settings of a provider whose system is reproduced: \"invoicetronic\", \"laabam\" or \"invostaq\". What is said\n\
             below stands over them; `claviger config explain` tells which is in force.",
        )],
    },
    Section {
        name: "gateway",
        doc: "The data plane: where callers reach the API.",
        settings: &[
            with("gateway.listen", r#""127.0.0.1:8080""#, "Address and port."),
            unset(
                "gateway.plain_listen",
                r#""0.0.0.0:80""#,
                "A second, plain HTTP port beside the HTTPS one. It serves nobody: off loopback every request is\n\
                 answered 403 https_required, so that a key sent there is noticed and not silently redirected.",
            ),
            unset(
                "gateway.public_url",
                r#""https://api.example.com""#,
                "Where callers reach the API. The dashboard puts it into the lines that it offers to copy.\nUnset: the address that is listened on, unless that stands for all of the machine's.",
            ),
            with("gateway.name", r#""gateway""#, "What this gateway is called in revocation receipts and logs."),
            with("gateway.cores", r#""auto""#, "Data-plane threads: a number, or \"auto\" for one per core."),
            Setting {
                path: "gateway.hosts",
                default: Some("[]"),
                example: r#"["api.example.com"]"#,
                doc: "Host names that callers may use. Empty: any.",
            },
            Setting {
                path: "gateway.origins",
                default: Some("[]"),
                example: r#"["https://api.example.com"]"#,
                doc: "The API's own web origins. A primary key sent from any other browser page is refused.",
            },
            Setting {
                path: "gateway.trusted_proxies",
                default: Some("[]"),
                example: r#"["10.0.0.0/8"]"#,
                doc: "Networks of the proxies in front of this gateway. The caller's address is what they say in X-Forwarded-For or\n\
                      Forwarded, read from right to left; nobody else is believed.",
            },
            with(
                "gateway.proxy_protocol",
                "false",
                "Whether trusted_proxies begin every connection with a PROXY protocol header, version 2. Then nobody else\n\
                 can connect, on any port of the gateway.",
            ),
        ],
    },
    Section {
        name: "gateway.tls",
        doc: "TLS 1.2 and 1.3 towards callers. Files are read again every minute and on SIGHUP.",
        settings: &[
            with(
                "gateway.tls.mode",
                r#""off""#,
                "\"files\": cert_file and key_file. \"self_signed\": a certificate made at the first start, for\n\
                 development. \"terminated\": a proxy of trusted_proxies ends the TLS. \"off\": loopback only.",
            ),
            unset("gateway.tls.cert_file", r#""/etc/claviger/tls.crt""#, "PEM: the certificate, then its issuers."),
            unset("gateway.tls.key_file", r#""/etc/claviger/tls.key""#, "PEM: the private key."),
            with("gateway.tls.names", r#"["localhost", "127.0.0.1", "::1"]"#, "What a self-signed certificate is for."),
        ],
    },
    Section {
        name: "gateway.limits",
        doc: "Every bound of the data plane. Durations: ms, s, m, h. Sizes: B, KiB, MiB, GiB.",
        settings: &[
            with("gateway.limits.connections_max", "20000", "Connections per core; more wait in the kernel's queue."),
            with("gateway.limits.handshake_timeout", r#""10s""#, "Time for the TLS handshake."),
            with(
                "gateway.limits.header_timeout",
                r#""30s""#,
                "Time for a whole request head; also how long a kept-alive connection may idle.",
            ),
            with("gateway.limits.head_max", r#""64KiB""#, "Size of a request head."),
            with("gateway.limits.headers_max", "100", "Number of request headers."),
            with("gateway.limits.body_max", r#""1GiB""#, "Size of a request body; more is 413."),
            with(
                "gateway.limits.inspect_max",
                r#""8MiB""#,
                "Size of a body that names companies, for keys that are restricted to some; more is 413.",
            ),
            with(
                "gateway.limits.answer_inspect_max",
                r#""8MiB""#,
                "Size of an answer that is held to the companies of a key; more is 502.",
            ),
            with(
                "gateway.limits.answer_inspect_timeout",
                r#""30s""#,
                "Time to read such an answer, and for a look-up of whose an object is.",
            ),
            with("gateway.limits.body_timeout", r#""30s""#, "Time without a byte of the request body; then 408."),
            with(
                "gateway.limits.client_stall_max",
                r#""60s""#,
                "Time a caller may take to accept what was sent to it; then the connection is cut.",
            ),
            with("gateway.limits.streams_max", "128", "HTTP/2 streams per connection."),
            with(
                "gateway.limits.revocation_bound",
                r#""10s""#,
                "Time without a successful read of the change log after which the gateway stops saying yes.",
            ),
            with("gateway.limits.follow_interval", r#""1s""#, "How often the change log is read without a hint."),
            with("gateway.limits.drain_max", r#""30s""#, "How long a shutdown waits for requests in flight."),
        ],
    },
    Section {
        name: "cors",
        doc: "What browsers are told. Which origins may use a key is said with the key.",
        settings: &[
            with(
                "cors.max_age",
                r#""10m""#,
                "How long a browser may remember the answer to a preflight. A revoked key is refused all the same.",
            ),
            with(
                "cors.allow_private_network",
                "false",
                "Whether pages of the web may reach this gateway when it stands in a private network.",
            ),
            with("cors.public_operations", "false", "Whether pages of every origin may read public operations."),
            Setting {
                path: "cors.expose",
                default: Some("[]"),
                example: r#"["X-Total-Count"]"#,
                doc: "Response headers that scripts may read beside Claviger's own.",
            },
        ],
    },
    Section {
        name: "limits",
        doc: "How much callers may ask for in which time. Over a limit the answer is 429 with Retry-After.",
        settings: &[
            Setting {
                path: "limits.rules",
                default: Some(
                    r#"["default = 60 per 60s", "messaging = 30 per 60s class messaging", "public = 60 per 60s by address"]"#,
                ),
                example: r#"["get = 60 per 60s for reads", "post = 20 per 60s for writes"]"#,
                doc: "NAME = COUNT per WINDOW; NAME = COUNT at once; NAME = bucket COUNT refill N per TIME. Then, as needed,\n\
                      by key (the default), by account or by address; for reads or for writes; class CLASS. A key may have\n\
                      numbers of its own. Limits by address are for public operations.",
            },
            Setting {
                path: "limits.daily_caps",
                default: Some("[]"),
                example: r#"["sms = 100", "email = 1000"]"#,
                doc: "CHANNEL = COUNT: so many requests a day (UTC) and key, of operations with that channel.",
            },
            with(
                "limits.retry_after",
                r#""remaining""#,
                "What Retry-After says: \"remaining\", the seconds until the next request would pass, or \"window\", always\n\
                 the length of the window.",
            ),
            with(
                "limits.fields",
                r#"["ratelimit"]"#,
                "How answers say what is left. \"ratelimit\": RateLimit and RateLimit-Policy in their newest form.\n\
                 \"ratelimit-limit\" in its place: RateLimit-Limit, and RateLimit-Policy with all windows. \"x-ratelimit\"\n\
                 adds X-RateLimit-Limit, -Remaining and -Reset.",
            ),
            with(
                "limits.failures",
                r#""200 per 1h""#,
                "After so many refused credentials from one address the next ones are answered 429; \"off\": never. A valid\n\
                 key is never braked.",
            ),
        ],
    },
    Section {
        name: "idempotency",
        doc: "Writes with an Idempotency-Key are carried out once; retries get the first answer.",
        settings: &[
            with("idempotency.retention", r#""24h""#, "How long the outcome of a write is kept."),
            with(
                "idempotency.answer_max",
                r#""1MiB""#,
                "Size of an answer's body that is kept. A retry of a larger one is told its status, and that it is not kept.",
            ),
            with(
                "idempotency.lease",
                r#""60s""#,
                "How long a write counts as running without being heard of; renewed as long as the upstream works.",
            ),
            with(
                "idempotency.conflict_status",
                "422",
                "What a key that was used for another request is answered with: 422, or 409 for clients that expect that.",
            ),
        ],
    },
    Section {
        name: "upstream.test",
        doc: "The API behind the gateway, for test credentials.\n\
              An upstream that serves both environments and tells them apart by the signed context is named twice.",
        settings: &[
            unset("upstream.test.url", r#""http://127.0.0.1:9001""#, UPSTREAM_URL),
            unset("upstream.test.ca_file", r#""/etc/claviger/upstream-ca.pem""#, UPSTREAM_CA),
        ],
    },
    Section {
        name: "upstream.live",
        doc: "The same for live credentials.",
        settings: &[
            unset("upstream.live.url", r#""http://127.0.0.1:9002""#, UPSTREAM_URL),
            unset("upstream.live.ca_file", r#""/etc/claviger/upstream-ca.pem""#, UPSTREAM_CA),
        ],
    },
    Section {
        name: "upstream.limits",
        doc: "The bounds of talking to an upstream; counts are per core.",
        settings: &[
            with("upstream.limits.connect_timeout", r#""5s""#, "Name look-up, connection and TLS handshake together."),
            with("upstream.limits.head_timeout", r#""60s""#, "From the request fully sent to the head of the answer."),
            with("upstream.limits.idle_body_timeout", r#""60s""#, "Between two parts of a body, in either direction."),
            with(
                "upstream.limits.idle_keep",
                r#""30s""#,
                "How long an unused connection is kept. Best below the upstream's own keep-alive time.",
            ),
            with("upstream.limits.idle_max", "256", "Unused connections kept."),
            with("upstream.limits.total_max", "4096", "Connections in all."),
            with("upstream.limits.waiting_max", "1024", "Requests that may wait when all connections are in use."),
            with("upstream.limits.acquire_timeout", r#""5s""#, "How long such a request waits; then 503."),
        ],
    },
    Section {
        name: "control",
        doc: "The control plane: the API that the command line, scripts and dashboards use. Keep it off the internet.",
        settings: &[with("control.listen", r#""127.0.0.1:8081""#, "Address and port. Off loopback it needs TLS.")],
    },
    Section {
        name: "control.tls",
        doc: "As [gateway.tls], for the control plane; \"terminated\" is not offered here.",
        settings: &[
            with("control.tls.mode", r#""off""#, "\"files\", \"self_signed\" or \"off\"."),
            unset("control.tls.cert_file", r#""/etc/claviger/control.crt""#, "PEM: the certificate, then its issuers."),
            unset("control.tls.key_file", r#""/etc/claviger/control.key""#, "PEM: the private key."),
            with("control.tls.names", r#"["localhost", "127.0.0.1", "::1"]"#, "What a self-signed certificate is for."),
        ],
    },
    Section {
        name: "catalogue",
        doc: "What callers may ask of the upstream. Everything that is not in it is refused.",
        settings: &[unset(
            "catalogue.file",
            r#""catalogue.toml""#,
            "Made by `claviger catalogue import`, reviewed by you. Read again on SIGHUP.",
        )],
    },
    Section {
        name: "people",
        doc: "Callers without a key: signed-in people, and inbound callbacks.",
        settings: &[unset(
            "people.file",
            r#""people.toml""#,
            "Issuers, administrators, callbacks, and providers to sign in with; docs/guide/people.md and\ndocs/guide/team.md say what stands in it. Unset: only keys and public operations.",
        )],
    },
    Section {
        name: "sign_in",
        doc: "Members: people who sign in to the control plane and manage an account. docs/guide/team.md.",
        settings: &[
            with(
                "sign_in.registration",
                r#""invitation""#,
                "\"open\": anybody registers an account. \"invitation\": members and the operator invite.\n\"operator\": the operator alone invites.",
            ),
            unset(
                "sign_in.public_url",
                r#""https://console.example.com""#,
                "Where people reach the control plane, as their browsers show it. Needed behind a proxy, and for providers.\nUnset: wherever each request says that it came to.",
            ),
            with("sign_in.session_idle", r#""12h""#, "A session that is not used for so long ends."),
            with("sign_in.session_max", r#""7d""#, "Every session ends then, however much it is used."),
            with("sign_in.product", r#""Claviger""#, "What people see as the name of the product."),
        ],
    },
    Section {
        name: "keys",
        doc: "How keys look and where they may travel.",
        settings: &[
            with("keys.primary_prefix", r#""sk""#, "Primary keys begin with it: sk_test_..., sk_live_..."),
            with("keys.restricted_prefix", r#""rk""#, "Restricted keys begin with it."),
            with("keys.client_id_prefix", r#""ci""#, "Client ids begin with it: ci_0123456789abcdef01234567."),
            with(
                "keys.environment_in_text",
                "true",
                "Whether a key says its environment: sk_test_... If false, every caller sends a client id, which tells the\n\
                 environment, and keys.presentations is \"client-id-secret\" alone.",
            ),
            with(
                "keys.companies",
                r#""any""#,
                "\"any\": a restricted key is for all companies of its account, or for some. \"one\": each is for exactly one.",
            ),
            with(
                "keys.presentations",
                r#"["header:x-api-key", "basic-username", "client-id-secret", "bearer"]"#,
                "Where a key is looked for. Never in a query, a body or a cookie.",
            ),
        ],
    },
    Section {
        name: "errors",
        doc: "How error bodies look.",
        settings: &[
            with(
                "errors.style",
                r#""extended""#,
                "\"extended\": RFC 9457 with the members error and request_id. \"coded\": these and code. \"rfc9457\": none of them.",
            ),
            with(
                "errors.type_base",
                r#""urn:claviger:problem:""#,
                "What `type` begins with; better an address of yours that explains it.",
            ),
            Setting {
                path: "errors.wording",
                default: Some("[]"),
                example: r#"["invalid_api_key = This key does not work. Make a new one at console.example.com."]"#,
                doc: "CODE = SENTENCE: what the detail of a refusal by the gateway says in place of its own words.",
            },
        ],
    },
    Section {
        name: "context",
        doc: "The signed context that tells the upstream who is calling.",
        settings: &[with(
            "context.namespace",
            r#""claviger""#,
            "Headers of the product begin with it, and the token's issuer is called so.",
        )],
    },
    Section {
        name: "store",
        doc: "Everything that must survive.",
        settings: &[with(
            "store.folder",
            r#""claviger-data""#,
            "Made when missing, readable by its owner only. One process at a time. Back it up with `claviger backup`.",
        )],
    },
    Section {
        name: "usage",
        doc: "What is kept of requests, in usage.db beside the database. Never a secret, a path, a query value or a body.",
        settings: &[
            with("usage.requests_days", "15", "Days that rows of the request log are kept."),
            with(
                "usage.requests_per_second_max",
                "2000",
                "Rows of the request log that are kept of one second, refused ones first. Counts are complete all the same.\n\
                 0: counts only.",
            ),
            with("usage.minutes_days", "2", "Days that counts by the minute are kept."),
            with("usage.hours_days", "90", "Days that counts by the hour are kept."),
            with("usage.days_days", "730", "Days that counts by the day and last uses are kept."),
            with("usage.size_max", r#""8GiB""#, "Size of the file; the oldest rows leave before it is reached."),
        ],
    },
    Section {
        name: "log",
        doc: "What is written to standard error.",
        settings: &[
            with("log.format", r#""text""#, "\"text\" or \"json\"."),
            with("log.level", r#""info""#, "error, warn, info, debug or trace; also per part: \"info,store=debug\"."),
            with(
                "log.requests",
                r#""stderr""#,
                "One line of JSON per request: \"stderr\", \"stdout\", \"off\", or a file, opened again on SIGHUP.",
            ),
        ],
    },
];

const UPSTREAM_URL: &str = "Scheme, host and port; a path, if any, is put before the path of every request.";
const UPSTREAM_CA: &str = "PEM: trust these issuers instead of the system's, for an https:// upstream.";

/// Every setting, in the order of the example file.
pub(crate) fn all() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|section| section.settings)
}

/// The setting called `path`.
pub(crate) fn find(path: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.path == path)
}

/// Whether `path` is a section or holds sections.
pub(crate) fn is_section(path: &str) -> bool {
    SECTIONS.iter().any(|s| s.name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// What may stand outside of every section: the names of sections, and settings of none.
pub(crate) fn sections() -> impl Iterator<Item = &'static str> {
    let sections = SECTIONS.iter().map(|section| section.name).filter(|name| !name.is_empty());
    sections.chain(all().filter(|s| s.section().is_empty()).map(Setting::key))
}

/// What may stand in `section`: its settings and the sections inside it.
pub(crate) fn keys_of(section: &str) -> impl Iterator<Item = &'static str> {
    let settings = all().filter(move |s| s.section() == section).map(Setting::key);
    let inner = SECTIONS.iter().filter_map(move |s| s.name.strip_prefix(section)?.strip_prefix('.'));
    settings.chain(inner)
}

/// The environment variable that overrides `path`.
pub(crate) fn variable(path: &str) -> String {
    format!("{SETTING_PREFIX}{}", path.to_ascii_uppercase().replace('.', "__"))
}
