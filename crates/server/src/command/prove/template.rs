//! Template: bodies of an upstream, with places for what differs from company to company.
//!
//! Owns:  the places `{mark}`, `{code}`, `{vat}`, `{id}`; the bodies for the reference API.
//! Never: sends a body.
//! Read:  `Template::fill`.

use crate::{cli::prove::ProveIsolation, failure::Failure};
use api::catalogue::OperationOut;

pub(super) const JSON: &str = "application/json";
pub(super) const XML: &str = "application/xml";

/// What is put into bodies for one company.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// Looked for in answers.
    pub(super) mark: String,
    /// Eleven digits.
    pub(super) code: String,
    /// What the upstream calls it; empty before it does.
    pub(super) id: String,
}

/// An operation and its body.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) operation: String,
    body: String,
}

/// Everything that was said about the upstream.
pub(super) struct Templates {
    pub(super) create: Template,
    /// Kinds of external names, with pointers into the answer to `create`.
    pub(super) names: Vec<(String, String)>,
    pub(super) fills: Vec<Template>,
}

impl Template {
    fn parse(text: &str) -> Result<Self, Failure> {
        let (operation, body) = pair(text)?;
        Ok(Self { operation, body })
    }

    /// Whether the body names the company by the upstream's id.
    pub(super) fn names_id(&self) -> bool {
        self.body.contains("{id}")
    }

    /// The body's type: XML begins as nothing else does.
    pub(super) fn kind(&self) -> &'static str {
        if self.body.trim_start().starts_with('<') { XML } else { JSON }
    }

    /// The body for a company.
    pub(super) fn fill(&self, values: &Values) -> String {
        let body = self.body.replace("{mark}", &values.mark).replace("{vat}", &format!("IT{}", values.code));
        body.replace("{code}", &values.code).replace("{id}", &values.id)
    }
}

impl Templates {
    /// Every body of an operation that is known.
    pub(super) fn of(&self, operation: &OperationOut) -> impl Iterator<Item = &Template> {
        std::iter::once(&self.create).chain(&self.fills).filter(|template| template.operation == operation.id)
    }

    /// What the flags say, or what fits the reference API.
    pub(super) fn said(args: &ProveIsolation) -> Result<Self, Failure> {
        let names = args.names.iter().map(|text| pair(text)).collect::<Result<_, _>>()?;
        let fills = args.fills.iter().map(|text| Template::parse(text)).collect::<Result<_, _>>()?;
        match &args.create {
            Some(text) => Ok(Self { create: Template::parse(text)?, names, fills }),
            None => Ok(Self {
                create: Template::parse(COMPANY)?,
                names: vec![("id".to_owned(), "/id".to_owned()), ("vat".to_owned(), "/vat".to_owned())],
                fills: vec![Template::parse(WEBHOOK)?, Template::parse(INVOICE)?, Template::parse(INVOICE_XML)?],
            }),
        }
    }
}

fn pair(text: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Failure::usage(format!("`{text}` is not NAME=VALUE"), "see the examples in --help")),
    }
}

const COMPANY: &str = r#"company_post={"name": "{mark}", "vat": "{vat}", "fiscal_code": "{code}"}"#;
const WEBHOOK: &str =
    r#"webhook_post={"company_id": {id}, "url": "https://hooks.example.com/in", "description": "{mark}"}"#;
const INVOICE_XML: &str = r#"send_xml_post=<?xml version="1.0" encoding="UTF-8"?>
<p:FatturaElettronica versione="FPR12" xmlns:p="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2">
<FatturaElettronicaHeader>
  <DatiTrasmissione><IdTrasmittente><IdPaese>IT</IdPaese><IdCodice>{code}</IdCodice></IdTrasmittente>
    <ProgressivoInvio>00002</ProgressivoInvio><FormatoTrasmissione>FPR12</FormatoTrasmissione>
    <CodiceDestinatario>ABC1234</CodiceDestinatario></DatiTrasmissione>
  <CedentePrestatore>
    <DatiAnagrafici><IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>{code}</IdCodice></IdFiscaleIVA>
      <CodiceFiscale>{code}</CodiceFiscale><Anagrafica><Denominazione>{mark}</Denominazione></Anagrafica>
      <RegimeFiscale>RF01</RegimeFiscale></DatiAnagrafici>
    <Sede><Indirizzo>Via Roma 1</Indirizzo><CAP>00100</CAP><Comune>Roma</Comune><Provincia>RM</Provincia>
      <Nazione>IT</Nazione></Sede></CedentePrestatore>
  <CessionarioCommittente>
    <DatiAnagrafici><IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>09876543210</IdCodice></IdFiscaleIVA>
      <Anagrafica><Denominazione>Beta Spa</Denominazione></Anagrafica></DatiAnagrafici>
    <Sede><Indirizzo>Via Roma 1</Indirizzo><CAP>00100</CAP><Comune>Roma</Comune><Provincia>RM</Provincia>
      <Nazione>IT</Nazione></Sede></CessionarioCommittente>
</FatturaElettronicaHeader>
<FatturaElettronicaBody>
  <DatiGenerali><DatiGeneraliDocumento><TipoDocumento>TD01</TipoDocumento><Divisa>EUR</Divisa><Data>2026-01-31</Data>
    <Numero>2-{mark}</Numero></DatiGeneraliDocumento></DatiGenerali>
  <DatiBeniServizi>
    <DettaglioLinee><NumeroLinea>1</NumeroLinea><Descrizione>Consulenza</Descrizione>
      <PrezzoUnitario>100.00</PrezzoUnitario><PrezzoTotale>100.00</PrezzoTotale><AliquotaIVA>22.00</AliquotaIVA>
    </DettaglioLinee>
    <DatiRiepilogo><AliquotaIVA>22.00</AliquotaIVA><ImponibileImporto>100.00</ImponibileImporto>
      <Imposta>22.00</Imposta></DatiRiepilogo></DatiBeniServizi>
</FatturaElettronicaBody></p:FatturaElettronica>"#;
const INVOICE: &str = r#"send_json_post={
"FatturaElettronicaHeader": {
  "DatiTrasmissione": {"IdTrasmittente": {"IdPaese": "IT", "IdCodice": "{code}"}, "ProgressivoInvio": "00001",
    "FormatoTrasmissione": "FPR12", "CodiceDestinatario": "ABC1234"},
  "CedentePrestatore": {
    "DatiAnagrafici": {"IdFiscaleIVA": {"IdPaese": "IT", "IdCodice": "{code}"}, "CodiceFiscale": "{code}",
      "Anagrafica": {"Denominazione": "{mark}"}, "RegimeFiscale": "RF01"},
    "Sede": {"Indirizzo": "Via Roma 1", "CAP": "00100", "Comune": "Roma", "Provincia": "RM", "Nazione": "IT"}},
  "CessionarioCommittente": {
    "DatiAnagrafici": {"IdFiscaleIVA": {"IdPaese": "IT", "IdCodice": "09876543210"},
      "Anagrafica": {"Denominazione": "Beta Spa"}},
    "Sede": {"Indirizzo": "Via Roma 1", "CAP": "00100", "Comune": "Roma", "Provincia": "RM", "Nazione": "IT"}}},
"FatturaElettronicaBody": [{
  "DatiGenerali": {"DatiGeneraliDocumento": {"TipoDocumento": "TD01", "Divisa": "EUR", "Data": "2026-01-31",
    "Numero": "1-{mark}", "ImportoTotaleDocumento": "122.00"}},
  "DatiBeniServizi": {
    "DettaglioLinee": [{"NumeroLinea": 1, "Descrizione": "Consulenza", "Quantita": "1.00", "PrezzoUnitario": "100.00",
      "PrezzoTotale": "100.00", "AliquotaIVA": "22.00"}],
    "DatiRiepilogo": [{"AliquotaIVA": "22.00", "ImponibileImporto": "100.00", "Imposta": "22.00"}]}}]}"#;
