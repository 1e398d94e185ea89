//! Invoices as they arrive: good ones in both forms, faults, hostile files.

use super::*;
use proptest::prelude::*;

/// 2026-11-23T12:00:00Z.
const NOW: i64 = 1_795_435_200_000_000;

fn xml() -> String {
    String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand --><p:FatturaElettronica versione="FPR12" xmlns:p="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2"
  xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
<FatturaElettronicaHeader>
<DatiTrasmissione><IdTrasmittente><IdPaese>IT</IdPaese><IdCodice>11111111111</IdCodice></IdTrasmittente>
<ProgressivoInvio>7</ProgressivoInvio><FormatoTrasmissione>FPR12</FormatoTrasmissione>
<CodiceDestinatario>ABC1234</CodiceDestinatario></DatiTrasmissione>
<CedentePrestatore><DatiAnagrafici><IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>22222222222</IdCodice></IdFiscaleIVA>
<CodiceFiscale>RSSMRA70A01F205V</CodiceFiscale><Anagrafica><Nome>Ada</Nome><Cognome>Rossi &amp; figli</Cognome></Anagrafica>
<RegimeFiscale>RF01</RegimeFiscale></DatiAnagrafici><Sede><Indirizzo>Via <![CDATA[<Po> 1]]></Indirizzo><CAP>00100</CAP>
<Comune>Roma</Comune><Provincia>RM</Provincia><Nazione>IT</Nazione></Sede></CedentePrestatore>
<CessionarioCommittente><DatiAnagrafici><CodiceFiscale>33333333333</CodiceFiscale>
<Anagrafica><Denominazione>Cliente S&#233;rl</Denominazione></Anagrafica></DatiAnagrafici>
<Sede><Indirizzo>Corso 2</Indirizzo><CAP>20100</CAP><Comune>Milano</Comune><Nazione>IT</Nazione></Sede></CessionarioCommittente>
</FatturaElettronicaHeader>
<FatturaElettronicaBody><DatiGenerali><DatiGeneraliDocumento><TipoDocumento>TD01</TipoDocumento><Divisa>EUR</Divisa>
<Data>2026-11-20</Data><Numero>12/A</Numero><ImportoTotaleDocumento>244.00</ImportoTotaleDocumento></DatiGeneraliDocumento>
</DatiGenerali><DatiBeniServizi><DettaglioLinee><NumeroLinea>1</NumeroLinea><Descrizione>Lavoro</Descrizione>
<Quantita>2.00</Quantita><PrezzoUnitario>100.00</PrezzoUnitario><PrezzoTotale>200.00</PrezzoTotale>
<AliquotaIVA>22.00</AliquotaIVA></DettaglioLinee><DatiRiepilogo><AliquotaIVA>22.00</AliquotaIVA>
<ImponibileImporto>200.00</ImponibileImporto><Imposta>44.00</Imposta></DatiRiepilogo></DatiBeniServizi>
</FatturaElettronicaBody>
<ds:Signature><ds:SignedInfo Id="x"><ds:Reference/></ds:SignedInfo></ds:Signature>
</p:FatturaElettronica>
"#,
    )
}

/// The codes of what is wrong.
fn codes(text: &str) -> Vec<String> {
    Fattura::read_xml(text.as_bytes(), NOW)
        .map_or_else(|faults| faults.into_iter().map(|fault| fault.code).collect(), |_| Vec::new())
}

#[track_caller]
fn changed(from: &str, to: &str) -> String {
    let text = xml();
    assert!(text.contains(from), "the sample has no {from}");
    text.replacen(from, to, 1)
}

#[test]
fn what_is_known_of_a_good_invoice() {
    let fattura = Fattura::read_xml(xml().as_bytes(), NOW).unwrap();
    assert_eq!((fattura.format.as_str(), fattura.transmitter.as_str()), ("FPR12", "IT11111111111"));
    assert_eq!(fattura.sender.vat, "IT22222222222");
    assert_eq!(fattura.sender.fiscal_code, "RSSMRA70A01F205V");
    assert_eq!(fattura.sender.name, "Ada Rossi & figli");
    assert_eq!((fattura.recipient.as_str(), fattura.recipient_name.as_str()), ("33333333333", "Cliente Sérl"));
    let document = &fattura.documents[0];
    assert_eq!(
        (document.kind.as_str(), document.number.as_str(), document.date.as_str()),
        ("TD01", "12/A", "2026-11-20")
    );
    // A byte order mark, a single-quoted attribute and a default prefix are as good.
    assert!(codes(&format!("\u{feff}{}", xml())).is_empty());
    assert!(codes(&xml().replace("p:Fattura", "q:Fattura").replace("xmlns:p=", "xmlns:q=")).is_empty());
    assert!(codes(&changed("versione=\"FPR12\"", "versione='FPR12'")).is_empty());
}

#[test]
fn each_rule_has_its_code() {
    for (from, to, code) in [
        // The schema.
        ("<Numero>12/A</Numero>", "", "00200"),
        ("<Numero>12/A</Numero>", "<Numero>12/A</Numero><Numero>13</Numero>", "00200"),
        ("<Numero>12/A</Numero>", "<Nummer>12/A</Nummer><Numero>12/A</Numero>", "00200"),
        ("<Numero>12/A</Numero>", "<Numero><a>12</a></Numero>", "00200"),
        ("<Numero>12/A</Numero>", "<Numero>123456789012345678901</Numero>", "00200"),
        ("<DatiGenerali>", "<DatiGenerali>12", "00200"),
        ("<Divisa>EUR</Divisa>", "", "00200"),
        (
            "<TipoDocumento>TD01</TipoDocumento><Divisa>EUR</Divisa>",
            "<Divisa>EUR</Divisa><TipoDocumento>TD01</TipoDocumento>",
            "00200",
        ),
        ("TD01", "TD99", "00200"),
        ("2026-11-20", "2026-02-30", "00200"),
        ("2026-11-20", "20.11.2026", "00200"),
        ("<Quantita>2.00", "<Quantita>2", "00200"),
        ("<Quantita>2.00", "<Quantita>2,00", "00200"),
        ("<Imposta>44.00", "<Imposta>1e9", "00200"),
        ("<Imposta>44.00", "<Imposta>123456789012.00", "00200"),
        ("<AliquotaIVA>22.00", "<AliquotaIVA>122.00", "00200"),
        ("RF01", "RF03", "00200"),
        ("<IdPaese>IT</IdPaese><IdCodice>22222222222", "<IdPaese>it</IdPaese><IdCodice>22222222222", "00200"),
        ("<ProgressivoInvio>7", "<ProgressivoInvio>12345678901", "00200"),
        ("<ProgressivoInvio>7", "<ProgressivoInvio> ", "00200"),
        ("</Denominazione>", "</Denominazione><Nome>X</Nome>", "00200"),
        ("<Nome>Ada</Nome>", "", "00200"),
        // Between elements.
        ("<IdCodice>22222222222", "<IdCodice>2222222222", "00301"),
        ("RSSMRA70A01F205V", "RSSMRA70A01F205", "00302"),
        ("<CodiceFiscale>33333333333</CodiceFiscale>", "", "00417"),
        ("<CodiceFiscale>33333333333</CodiceFiscale>", "<CodiceFiscale>ABCDEFGHIJK</CodiceFiscale>", "00306"),
        (
            "<CodiceFiscale>33333333333</CodiceFiscale>",
            "<IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>3</IdCodice></IdFiscaleIVA>",
            "00305",
        ),
        (
            "<AliquotaIVA>22.00</AliquotaIVA></DettaglioLinee>",
            "<AliquotaIVA>0.00</AliquotaIVA></DettaglioLinee>",
            "00400",
        ),
        (
            "<AliquotaIVA>22.00</AliquotaIVA></DettaglioLinee>",
            "<AliquotaIVA>22.00</AliquotaIVA><Natura>N4</Natura></DettaglioLinee>",
            "00401",
        ),
        ("2026-11-20", "2026-11-25", "00403"),
        ("<Imposta>44.00", "<Imposta>44.02", "00421"),
        ("<PrezzoTotale>200.00", "<PrezzoTotale>200.02", "00423"),
        ("<Quantita>2.00", "<Quantita>999999999999.00", "00423"),
        ("12/A", "A/B", "00425"),
        ("ABC1234", "ABC123", "00427"),
        ("versione=\"FPR12\"", "versione=\"FPA12\"", "00428"),
    ] {
        assert_eq!(codes(&changed(from, to)), [code], "{from} became {to}");
    }
    // A cent of rounding is no fault, and a discount changes what a line must come to.
    assert!(codes(&changed("<Imposta>44.00", "<Imposta>44.01")).is_empty());
    let discount = "<PrezzoUnitario>100.00</PrezzoUnitario><ScontoMaggiorazione><Tipo>SC</Tipo><Percentuale>10.00</Percentuale></ScontoMaggiorazione><PrezzoTotale>180.00";
    assert!(codes(&changed("<PrezzoUnitario>100.00</PrezzoUnitario><PrezzoTotale>200.00", discount)).is_empty());
    // Tomorrow has begun somewhere already.
    assert!(codes(&changed("2026-11-20", "2026-11-24")).is_empty());
}

#[test]
fn faults_are_listed_together_with_their_places() {
    let text = changed("<Divisa>EUR</Divisa>", "<Divisa>euro</Divisa>").replace("<Imposta>44.00</Imposta>", "");
    let faults = Fattura::read_xml(text.as_bytes(), NOW).unwrap_err();
    let texts: Vec<_> = faults.iter().map(|fault| fault.description.as_str()).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].contains("/FatturaElettronicaBody/DatiGenerali/DatiGeneraliDocumento/Divisa"), "{texts:?}");
    assert!(texts[1].ends_with("DatiRiepilogo/Imposta is missing."), "{texts:?}");
    let many = changed("<Numero>12/A</Numero>", &"<X/>".repeat(5_000));
    assert_eq!(codes(&many).len(), crate::problem::FAULTS_MAX);
}

#[test]
fn hostile_files_are_refused_cheaply() {
    let body = xml();
    let after = |head: &str| body.replacen("<!-- made by hand -->", head, 1);
    let laughs: String =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=\"\"")).collect();
    let namespaces: String = (0..50_000).map(|n| format!(" xmlns:n{n}=\"u{n}\"")).collect();
    for (what, text) in [
        ("a document type", after("<!DOCTYPE p:FatturaElettronica>")),
        (
            "an external entity",
            after("<!DOCTYPE f [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>").replace("Lavoro", "&x;"),
        ),
        ("an external subset", after("<!DOCTYPE f SYSTEM \"http://127.0.0.1/x.dtd\">")),
        ("a billion laughs", after(&format!("<!DOCTYPE f [<!ENTITY l0 \"ha\">{laughs}]>")).replace("Lavoro", "&l9;")),
        ("an entity of nowhere", body.replace("Lavoro", "&nbsp;")),
        ("a character that is none", body.replace("Lavoro", "&#0;")),
        ("a character too far", body.replace("Lavoro", "&#x110000;")),
        ("a bare ampersand", body.replace("Lavoro", "this & that")),
        ("another encoding", body.replace("UTF-8", "ISO-8859-1")),
        ("another namespace", body.replace("fatture/v1.2", "fatture/v1.0")),
        ("no namespace", body.replace("p:Fattura", "Fattura")),
        (
            "children in the namespace",
            body.replace(
                "xmlns:p=",
                "xmlns=\"http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2\" xmlns:p=",
            ),
        ),
        ("an undeclared prefix", body.replace("<Divisa>EUR</Divisa>", "<z:Divisa>EUR</z:Divisa>")),
        ("two roots", format!("{body}<x/>")),
        ("text after the root", format!("{body} and more")),
        ("an early end", body[..body.len() / 2].to_owned()),
        ("crossed elements", body.replace("<Divisa>EUR</Divisa>", "<Divisa>EUR</Numero>")),
        ("an attribute twice", body.replace("versione=", "a=\"1\" a=\"2\" versione=")),
        ("no version", body.replace("versione=", "version=")),
        ("elements too deep", body.replace("Lavoro", &"<a>".repeat(100_000))),
        ("a signature too deep", body.replace("<ds:Reference/>", &"<a>".repeat(100_000))),
        ("too many elements", body.replace("<Divisa>", &format!("{}<Divisa>", "<a/>".repeat(250_000)))),
        ("too many attributes", body.replace("versione=", &format!("{attributes} versione="))),
        ("too many namespaces", body.replace("xmlns:p=", &format!("{namespaces} xmlns:p="))),
        ("nothing", String::new()),
        ("no XML", String::from("<")),
        ("a null", String::from("\0")),
    ] {
        assert_eq!(codes(&text), ["00200"], "{what}");
    }
    assert_eq!(codes(&body.replace("Lavoro", &"x".repeat(XML_MAX))), ["00003"]);
    assert!(Fattura::read_xml(b"\xff\xfe<\0a\0/\0>\0", NOW).is_err());
    assert!(Fattura::read_xml(&[0x30, 0x82, 0xff, 0xff], NOW).is_err());
}

fn json() -> serde_json::Value {
    serde_json::json!({
        "SistemaEmittente": "Desk1",
        "FatturaElettronicaBody": [{
            "DatiGenerali": { "DatiGeneraliDocumento": {
                "Numero": "12/A", "Data": "2026-11-20T00:00:00", "Divisa": "EUR", "TipoDocumento": "TD01",
                "ImportoTotaleDocumento": 244, "Causale": ["first", "second & last"], "Art73": null } },
            "DatiBeniServizi": {
                "DettaglioLinee": [{ "NumeroLinea": 1, "Descrizione": "Lavoro", "Quantita": 2, "PrezzoUnitario": 100.5,
                    "PrezzoTotale": "201.00", "AliquotaIVA": 22, "Natura": "" }],
                "DatiRiepilogo": [{ "AliquotaIVA": 22.0, "ImponibileImporto": 201, "Imposta": 44.22 }] },
            "Allegati": [], "DatiVeicoli": {}, "DatiPagamento": null
        }],
        "FatturaElettronicaHeader": {
            "DatiTrasmissione": { "IdTrasmittente": { "IdPaese": "IT", "IdCodice": "11111111111" },
                "ProgressivoInvio": "7", "FormatoTrasmissione": "FPR12", "CodiceDestinatario": "ABC1234" },
            "CedentePrestatore": {
                "DatiAnagrafici": { "IdFiscaleIVA": { "IdPaese": "IT", "IdCodice": "22222222222" },
                    "Anagrafica": { "Denominazione": "Prima <Srl>" }, "RegimeFiscale": "RF01" },
                "Sede": { "Indirizzo": "Via 1", "CAP": "00100", "Comune": "Roma", "Nazione": "IT" } },
            "CessionarioCommittente": {
                "DatiAnagrafici": { "IdFiscaleIVA": { "IdPaese": "IT", "IdCodice": "33333333333" },
                    "Anagrafica": { "Denominazione": "Cliente" } },
                "Sede": { "Indirizzo": "Corso 2", "CAP": "20100", "Comune": "Milano", "Nazione": "IT" } }
        }
    })
}

#[test]
fn json_becomes_xml_that_reads_the_same() {
    let (from_json, text) = Fattura::read_json(json().to_string().as_bytes(), NOW).unwrap();
    let from_xml = Fattura::read_xml(text.as_bytes(), NOW).unwrap();
    assert_eq!(format!("{from_json:?}"), format!("{from_xml:?}"));
    assert_eq!(from_xml.sender.name, "Prima <Srl>");
    for part in [
        "SistemaEmittente=\"Desk1\"",
        "<Data>2026-11-20</Data>",
        "<PrezzoUnitario>100.50</PrezzoUnitario>",
        "<Quantita>2.00</Quantita>",
        "<ImportoTotaleDocumento>244.00</ImportoTotaleDocumento>",
        "<Causale>second &amp; last</Causale>",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("Natura") && !text.contains("Allegati") && !text.contains("DatiVeicoli"));
}

#[test]
fn json_that_does_not_fit_is_refused() {
    let cases: [(&str, serde_json::Value); 10] = [
        ("/FatturaElettronicaHeader", serde_json::json!(null)),
        ("/FatturaElettronicaHeader", serde_json::json!([1])),
        ("/FatturaElettronicaBody", serde_json::json!([])),
        ("/FatturaElettronicaBody/0/DatiBeniServizi/DettaglioLinee/0/PrezzoUnitario", serde_json::json!(1e300)),
        ("/FatturaElettronicaBody/0/DatiBeniServizi/DettaglioLinee/0/PrezzoUnitario", serde_json::json!(true)),
        ("/FatturaElettronicaBody/0/DatiBeniServizi/DettaglioLinee/0/NumeroLinea", serde_json::json!(1.5)),
        ("/FatturaElettronicaBody/0/DatiBeniServizi/DatiRiepilogo/0/Imposta", serde_json::json!(44.225)),
        ("/FatturaElettronicaBody/0/DatiGenerali/DatiGeneraliDocumento/Data", serde_json::json!("soon")),
        ("/FatturaElettronicaHeader/CedentePrestatore/Sede", serde_json::json!({ "Street": "x" })),
        ("/SistemaEmittente", serde_json::json!("a name too long")),
    ];
    for (place, value) in cases {
        let mut invoice = json();
        *invoice.pointer_mut(place).unwrap() = value.clone();
        let faults = Fattura::read_json(invoice.to_string().as_bytes(), NOW).unwrap_err();
        assert!(faults.iter().all(|fault| fault.code == "00200"), "{place} became {value}: {faults:?}");
    }
    for text in ["", "[]", "1", "{", "\u{feff}{}", &"[".repeat(100_000), &"{\"a\":".repeat(100_000)] {
        assert!(Fattura::read_json(text.as_bytes(), NOW).is_err());
    }
}

/// `text` with `patch` in place of some of it.
fn patched(text: &str, at: usize, length: usize, patch: &[u8]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let start = at % bytes.len();
    let end = (start + length).min(bytes.len());
    bytes.splice(start..end, patch.iter().copied());
    bytes
}

proptest! {
    #[test]
    fn no_damage_makes_the_readers_panic(at: usize, length in 0usize..40, patch in "[<>&;/!?\\[\\]\"':=a-c0-9 \\u{0}\u{e9}]{0,12}", noise: Vec<u8>) {
        let _ = Fattura::read_xml(&patched(&xml(), at, length, patch.as_bytes()), NOW);
        let _ = Fattura::read_xml(&patched(&xml(), at, length, &noise), NOW);
        let _ = Fattura::read_json(&patched(&json().to_string(), at, length, patch.as_bytes()), NOW);
        let _ = Fattura::read_json(&noise, NOW);
    }
}
