//! World: two accounts with three companies each, all of them marked, and keys of every sort.

use crate::deployment::{Admin, CLAVIGER};
use serde_json::{Value, json};
use std::{collections::BTreeSet, future::Future};
use testkit::{Claviger, Launch, Must, client::Call};

/// Companies of an account. Both accounts have companies with the same VAT numbers.
pub(super) const COMPANIES: usize = 3;

/// A company as the upstream and the gateway know it, with what belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Company {
    /// The account, and which of its companies.
    pub(super) account: String,
    pub(super) number: usize,
    /// The gateway's id, the upstream's, and the VAT number.
    pub(super) company: String,
    pub(super) id: i64,
    pub(super) vat: String,
    /// Stands in its name, its invoice and its webhook, and nowhere else.
    pub(super) mark: String,
    pub(super) invoice: i64,
    pub(super) webhook: i64,
}

/// What a key's scopes allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum May {
    All,
    /// Reading, perhaps sending too.
    Read,
    /// It is revoked, or never was.
    Nothing,
}

/// Somebody who asks.
pub(super) struct Caller {
    pub(super) name: String,
    pub(super) secret: Option<String>,
    pub(super) may: May,
    /// The numbers of the companies it is restricted to.
    pub(super) only: Option<BTreeSet<usize>>,
    /// All companies of its account.
    pub(super) companies: Vec<Company>,
}

impl Caller {
    pub(super) fn reaches(&self, company: &Company) -> bool {
        self.reached().any(|own| own.id == company.id)
    }

    /// The companies that it reaches.
    pub(super) fn reached(&self) -> impl Iterator<Item = &Company> {
        let only = |company: &&Company| self.only.as_ref().is_none_or(|only| only.contains(&company.number));
        self.companies.iter().filter(move |_| self.may != May::Nothing).filter(only)
    }
}

pub(super) struct World {
    pub(super) claviger: Claviger,
    pub(super) companies: Vec<Company>,
    pub(super) callers: Vec<Caller>,
}

impl World {
    pub(super) async fn start() -> Self {
        let claviger = Launch::quickstart(CLAVIGER).start().await;
        let made = Call::post(&format!("{}/v1/accounts", claviger.control())).json(&json!({"name": "Other"}));
        let made = made.bearer(&claviger.text("/operator_token")).send().await.json();
        claviger.secrets().learn(&made);
        let text = |pointer: &str| made.pointer(pointer).and_then(Value::as_str).must("find a text").to_owned();
        let accounts = [
            (claviger.text("/account_id"), claviger.text("/primary/test/secret")),
            (text("/account/id"), text("/primary/test/secret")),
        ];
        let (mut companies, mut callers) = (Vec::new(), Vec::new());
        for (index, (account, primary)) in accounts.into_iter().enumerate() {
            let mut admin = Admin::of_account(&claviger, account.clone()).await;
            let mut own = Vec::new();
            for number in 0..COMPANIES {
                let mark = format!("MARK-{index}-{number}");
                own.push(company(&claviger.gateway(), &primary, &mut admin, (&account, number, mark)).await);
            }
            callers.extend(keys(&mut admin, &own, index).await);
            let all = |name: &str, secret: Option<String>, may| Caller {
                name: format!("{name} of account {index}"),
                secret,
                may,
                only: None,
                companies: own.clone(),
            };
            callers.push(all("the primary key", Some(primary), May::All));
            callers.push(all("nobody", (index == 1).then(|| "sk_test_unknown".to_owned()), May::Nothing));
            companies.extend(own);
        }
        Self { claviger, companies, callers }
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = &str> {
        self.companies.iter().map(|company| company.mark.as_str())
    }
}

/// A company with an invoice and a webhook, known to the gateway by both of its names.
async fn company(
    gateway: &str,
    primary: &str,
    admin: &mut Admin,
    (account, number, mark): (&str, usize, String),
) -> Company {
    let post = async |path: &str, body: Value| {
        let reply = Call::post(&format!("{gateway}/v1{path}")).key(primary).json(&body).send().await;
        assert_eq!(reply.status, 201, "{path}: {}", String::from_utf8_lossy(&reply.body));
        reply.json()["id"].as_i64().must("find the id")
    };
    let code = format!("{number}1234567890");
    let vat = format!("IT{code}");
    let id = post("/company", json!({"name": mark, "vat": vat, "fiscal_code": code})).await;
    let invoice = post("/send/json", invoice(&code, &mark)).await;
    let webhook =
        post("/webhook", json!({"company_id": id, "url": "https://hooks.example.com/in", "description": mark})).await;
    // The gateway has learned both of its names from the answer (D35).
    let company = admin.company_named(&format!("test:vat={vat}")).await.must("know the company");
    assert_eq!(admin.company_named(&format!("test:id={id}")).await.as_ref(), Some(&company));
    Company { account: account.to_owned(), number, company, id, vat, mark, invoice, webhook }
}

/// Restricted keys of every sort.
async fn keys(admin: &mut Admin, own: &[Company], account: usize) -> Vec<Caller> {
    let sorts: [(&str, May, Option<&[usize]>); 7] = [
        ("full_access", May::All, None),
        ("read_only", May::Read, None),
        ("full_access", May::All, Some(&[0])),
        ("full_access", May::All, Some(&[0, 2])),
        ("read_only", May::Read, Some(&[1])),
        ("send", May::Read, Some(&[1, 2])),
        ("full_access", May::Nothing, Some(&[0, 1, 2])),
    ];
    let mut callers = Vec::new();
    for (preset, may, only) in sorts {
        let ids: Option<Vec<_>> = only.map(|only| only.iter().map(|number| own[*number].company.as_str()).collect());
        let companies = ids.map_or_else(|| json!("all"), |ids| json!(ids));
        let key = admin.create_key(json!({"preset": preset, "companies": companies})).await;
        if may == May::Nothing {
            admin.change_key(&key.id, "revoke").await;
        }
        callers.push(Caller {
            name: format!("a {preset} key of account {account} for {only:?}"),
            secret: Some(key.test),
            may,
            only: only.map(|only| only.iter().copied().collect()),
            companies: own.to_vec(),
        });
    }
    callers
}

fn invoice(code: &str, mark: &str) -> Value {
    let place =
        json!({"Indirizzo": "Via Roma 1", "CAP": "00100", "Comune": "Roma", "Provincia": "RM", "Nazione": "IT"});
    json!({
        "FatturaElettronicaHeader": {
            "DatiTrasmissione": {
                "IdTrasmittente": {"IdPaese": "IT", "IdCodice": code},
                "ProgressivoInvio": "00001",
                "FormatoTrasmissione": "FPR12",
                "CodiceDestinatario": "ABC1234",
            },
            "CedentePrestatore": {
                "DatiAnagrafici": {
                    "IdFiscaleIVA": {"IdPaese": "IT", "IdCodice": code},
                    "CodiceFiscale": code,
                    "Anagrafica": {"Denominazione": mark},
                    "RegimeFiscale": "RF01",
                },
                "Sede": place,
            },
            "CessionarioCommittente": {
                "DatiAnagrafici": {
                    "IdFiscaleIVA": {"IdPaese": "IT", "IdCodice": "09876543210"},
                    "Anagrafica": {"Denominazione": "Beta Spa"},
                },
                "Sede": place,
            },
        },
        "FatturaElettronicaBody": [{
            "DatiGenerali": {"DatiGeneraliDocumento": {
                "TipoDocumento": "TD01", "Divisa": "EUR", "Data": "2026-11-23", "Numero": mark,
                "ImportoTotaleDocumento": "122.00",
            }},
            "DatiBeniServizi": {
                "DettaglioLinee": [{
                    "NumeroLinea": 1, "Descrizione": "Consulenza", "Quantita": "1.00", "PrezzoUnitario": "100.00",
                    "PrezzoTotale": "100.00", "AliquotaIVA": "22.00",
                }],
                "DatiRiepilogo": [{"AliquotaIVA": "22.00", "ImponibileImporto": "100.00", "Imposta": "22.00"}],
            },
        }],
    })
}

/// Runs them side by side on this task and returns what each came to.
pub(super) async fn together<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        for (one, done) in &mut running {
            if done.is_none()
                && let std::task::Poll::Ready(value) = one.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        let ready = running.iter().all(|(_, done)| done.is_some());
        if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, done)| done).collect()
}
