//! Rules: what makes an invoice acceptable to the exchange.
//!
//! Owns:  the walk along the schema, and the rules that look at more than one element, with the exchange's codes.
//! Never: stops at the first fault.
//! Read:  `check`.

use super::{
    Element,
    schema::{Content, Field, INVOICE},
    text::{UNIT, hundredths},
};
use crate::problem::{FAULTS_MAX, Fault};

/// What a sum may be off by rounding: one cent.
const CENT: i128 = UNIT / 100;
/// An invoice may be dated until the end of the day in every zone.
const AHEAD_MAX_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Checks a whole invoice. `version` is the attribute of the XML's root; JSON has none. `now` in microseconds.
pub(super) fn check(root: &Element, version: Option<&str>, now: i64) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    if !root.text.trim().is_empty() {
        faults.push(schema_fault("The root element", "holds text where only elements may be"));
    }
    group(root, &INVOICE, "", &mut faults);
    // The other rules read elements that the schema promises; without that their findings would only confuse.
    if faults.is_empty() {
        transmission(root, version, &mut faults);
        parties(root, &mut faults);
        for body in root.all("FatturaElettronicaBody") {
            document(body, now, &mut faults);
            amounts(body, &mut faults);
        }
    }
    faults.truncate(FAULTS_MAX);
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn schema_fault(path: &str, what: impl std::fmt::Display) -> Fault {
    Fault::new("00200", format!("{path} {what}."))
}

fn group(parent: &Element, fields: &[Field], path: &str, faults: &mut Vec<Fault>) {
    let mut last = 0;
    for child in &parent.children {
        let Some(index) = fields.iter().position(|field| field.name == child.name) else {
            let name: String = child.name.chars().take(60).collect();
            faults.push(schema_fault(&format!("{path}/{name}"), "is not part of the FatturaPA schema"));
            continue;
        };
        if index < last {
            faults.push(schema_fault(
                &format!("{path}/{}", child.name),
                "comes too late: the order of elements is fixed",
            ));
        }
        last = last.max(index);
        if faults.len() >= FAULTS_MAX {
            return;
        }
    }
    for field in fields {
        let path = format!("{path}/{}", field.name);
        let mut count = 0;
        for child in parent.all(field.name) {
            count += 1;
            element(child, field, &path, faults);
            if faults.len() >= FAULTS_MAX {
                return;
            }
        }
        if field.required && count == 0 {
            faults.push(schema_fault(&path, "is missing"));
        }
        if !field.many && count > 1 {
            faults.push(schema_fault(&path, "occurs more than once"));
        }
    }
    if parent.name == "Anagrafica"
        || (parent.name == "RappresentanteFiscale" && parent.first("DatiAnagrafici").is_none())
    {
        one_name(parent, path, faults);
    }
}

/// Recursion goes as deep as the schema does.
fn element(element: &Element, field: &Field, path: &str, faults: &mut Vec<Fault>) {
    match field.content {
        Content::Group(fields) => {
            if !element.text.trim().is_empty() {
                faults.push(schema_fault(path, "holds text where only elements may be"));
            }
            group(element, fields, path, faults);
        }
        Content::Text(kind) => {
            if !element.children.is_empty() {
                faults.push(schema_fault(path, "holds elements where only text may be"));
            } else if !kind.fits(&element.text) {
                faults.push(schema_fault(path, format!("is not {}", kind.wanted())));
            }
        }
    }
}

/// A company's name, or a person's two.
fn one_name(data: &Element, path: &str, faults: &mut Vec<Fault>) {
    let has = |name| data.first(name).is_some();
    let (company, first, last) = (has("Denominazione"), has("Nome"), has("Cognome"));
    if !matches!((company, first, last), (true, false, false) | (false, true, true)) {
        faults.push(schema_fault(path, "needs either Denominazione, or Nome and Cognome"));
    }
}

fn transmission(root: &Element, version: Option<&str>, faults: &mut Vec<Fault>) {
    let Some(data) = root.at(&["FatturaElettronicaHeader", "DatiTrasmissione"]) else { return };
    let format = data.text_at(&["FormatoTrasmissione"]);
    if version.is_some_and(|version| version != format) {
        faults.push(Fault::new("00428", "FormatoTrasmissione is not what the attribute `versione` says."));
    }
    let wanted = if format == "FPA12" { 6 } else { 7 };
    let length = data.text_at(&["CodiceDestinatario"]).len();
    if length != wanted {
        faults.push(
            Fault::new("00427", format!("CodiceDestinatario has {length} characters; {format} wants {wanted}."))
                .hint("Public offices have six characters (FPA12), everybody else seven (FPR12)."),
        );
    }
}

fn parties(root: &Element, faults: &mut Vec<Fault>) {
    let data = |name| root.at(&["FatturaElettronicaHeader", name, "DatiAnagrafici"]);
    let italian = |data: &Element| data.text_at(&["IdFiscaleIVA", "IdPaese"]) == "IT";
    let vat_fits = |data: &Element| {
        let code = data.text_at(&["IdFiscaleIVA", "IdCodice"]);
        code.len() == 11 && code.bytes().all(|b| b.is_ascii_digit())
    };
    // Eleven digits for a company, sixteen characters for a person.
    let code_fits = |code: &str| {
        let digits = code.bytes().all(|b| b.is_ascii_digit());
        code.is_empty() || (code.len() == 11 && digits) || (code.len() == 16 && !digits)
    };
    for (name, vat_code, fiscal_code) in
        [("CedentePrestatore", "00301", "00302"), ("CessionarioCommittente", "00305", "00306")]
    {
        let Some(data) = data(name) else { continue };
        if italian(data) && !vat_fits(data) {
            faults.push(Fault::new(vat_code, format!("{name}: IdCodice of an Italian VAT number has eleven digits.")));
        }
        if !code_fits(data.text_at(&["CodiceFiscale"])) {
            let wanted = "CodiceFiscale has eleven digits, or sixteen letters and digits";
            faults.push(Fault::new(fiscal_code, format!("{name}: {wanted}.")));
        }
    }
    if data("CessionarioCommittente")
        .is_some_and(|data| data.first("IdFiscaleIVA").is_none() && data.first("CodiceFiscale").is_none())
    {
        faults.push(
            Fault::new("00417", "CessionarioCommittente has neither IdFiscaleIVA nor CodiceFiscale.")
                .hint("State at least one of them."),
        );
    }
}

fn document(body: &Element, now: i64, faults: &mut Vec<Fault>) {
    let Some(data) = body.at(&["DatiGenerali", "DatiGeneraliDocumento"]) else { return };
    if !data.text_at(&["Numero"]).bytes().any(|b| b.is_ascii_digit()) {
        faults.push(Fault::new("00425", "Numero holds no digit."));
    }
    let latest =
        jiff::Timestamp::from_microsecond(now.saturating_add(AHEAD_MAX_MICROS)).unwrap_or(jiff::Timestamp::MAX);
    let latest = latest.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    // Both are year, month, day with leading zeros, so the order of the texts is the order of the days.
    if data.text_at(&["Data"]).get(..10).is_some_and(|date| date > latest.as_str()) {
        faults.push(Fault::new("00403", "Data is later than today."));
    }
}

fn amounts(body: &Element, faults: &mut Vec<Fault>) {
    let Some(goods) = body.first("DatiBeniServizi") else { return };
    let number = |element: &Element, name: &str| hundredths(element.text_at(&[name])).unwrap_or(0);
    for (kind, element) in goods
        .all("DettaglioLinee")
        .map(|line| ("DettaglioLinee", line))
        .chain(goods.all("DatiRiepilogo").map(|sum| ("DatiRiepilogo", sum)))
    {
        let (zero, nature) = (number(element, "AliquotaIVA") == 0, element.first("Natura").is_some());
        if zero && !nature {
            faults.push(
                Fault::new("00400", format!("{kind}: AliquotaIVA is zero and Natura is missing."))
                    .hint("State why no tax is due, for instance N2.2."),
            );
        }
        if !zero && nature {
            faults.push(Fault::new("00401", format!("{kind}: Natura is stated although AliquotaIVA is not zero.")));
        }
    }
    for line in goods.all("DettaglioLinee").filter(|line| line.first("ScontoMaggiorazione").is_none()) {
        let quantity = line.first("Quantita").map_or(UNIT, |quantity| hundredths(&quantity.text).unwrap_or(0));
        // A product too large for the type is certainly not a total of eleven digits.
        let due = number(line, "PrezzoUnitario").checked_mul(quantity).map(|product| product / UNIT);
        if due.is_none_or(|due| (due - number(line, "PrezzoTotale")).abs() > CENT) {
            let number = line.text_at(&["NumeroLinea"]);
            faults.push(Fault::new(
                "00423",
                format!("Line {number}: PrezzoTotale is not PrezzoUnitario times Quantita."),
            ));
        }
    }
    for sum in goods.all("DatiRiepilogo") {
        let due = number(sum, "ImponibileImporto") * number(sum, "AliquotaIVA") / (100 * UNIT);
        if (due - number(sum, "Imposta")).abs() > CENT {
            let rate = sum.text_at(&["AliquotaIVA"]);
            faults.push(Fault::new(
                "00421",
                format!("DatiRiepilogo at {rate}: Imposta is not ImponibileImporto times AliquotaIVA."),
            ));
        }
    }
}
