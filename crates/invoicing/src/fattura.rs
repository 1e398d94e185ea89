//! Fattura: one e-invoice, from the bytes that arrived to what is known of it.
//!
//! Owns:  the element tree and what is extracted from a valid one.
//! Never: stores anything; knows accounts or companies.
//! Read:  `Fattura::read_xml`, `read_json`, then `rules`, then `schema`.

mod json;
mod rules;
mod schema;
mod text;
mod xml;

use crate::{context::normal_vat, problem::Fault};

/// Bytes of one invoice's XML. The exchange itself takes no more.
pub(crate) const XML_MAX: usize = 5 * 1024 * 1024;

/// An element of the invoice. Only leaves have a text.
#[derive(Debug, Default, PartialEq, Eq)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn first(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The element down a path of names.
    fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.first(name))
    }

    /// The text down a path of names; empty when there is none.
    fn text_at(&self, path: &[&str]) -> &str {
        self.at(path).map_or("", |element| element.text.as_str())
    }
}

/// An invoice that broke no rule.
#[derive(Debug)]
pub(crate) struct Fattura {
    /// FPR12 or FPA12.
    pub(crate) format: String,
    /// Who hands it to the exchange: country and code.
    pub(crate) transmitter: String,
    pub(crate) sender: Sender,
    /// VAT number of the recipient, or the fiscal code of one without.
    pub(crate) recipient: String,
    /// VAT number of the recipient, normalised, who may have none.
    pub(crate) recipient_vat: Option<String>,
    pub(crate) recipient_name: String,
    pub(crate) documents: Vec<Document>,
}

/// The company that the invoice is from.
#[derive(Debug)]
pub(crate) struct Sender {
    /// With the country code, normalised.
    pub(crate) vat: String,
    pub(crate) fiscal_code: String,
    pub(crate) name: String,
}

/// One document of the invoice file.
#[derive(Debug)]
pub(crate) struct Document {
    /// TD01, TD04, ...
    pub(crate) kind: String,
    pub(crate) number: String,
    /// Year, month, day.
    pub(crate) date: String,
}

impl Fattura {
    /// Reads FatturaPA XML. `now` in microseconds: no invoice is from the future.
    ///
    /// # Errors
    /// Every fault that was found.
    pub(crate) fn read_xml(bytes: &[u8], now: i64) -> Result<Self, Vec<Fault>> {
        let (root, version) = xml::read(bytes).map_err(|fault| vec![fault])?;
        rules::check(&root, Some(&version), now)?;
        Ok(Self::extract(&root))
    }

    /// Reads the JSON form and gives its XML too, which is what is sent.
    ///
    /// # Errors
    /// Every fault that was found.
    pub(crate) fn read_json(bytes: &[u8], now: i64) -> Result<(Self, String), Vec<Fault>> {
        let (root, system) = json::read(bytes)?;
        rules::check(&root, None, now)?;
        let fattura = Self::extract(&root);
        let text = xml::write(&root, &fattura.format, system.as_deref());
        if text.len() > XML_MAX {
            return Err(vec![xml::too_large()]);
        }
        Ok((fattura, text))
    }

    fn extract(root: &Element) -> Self {
        const HEADER: &str = "FatturaElettronicaHeader";
        let party = |name: &'static str| root.at(&[HEADER, name, "DatiAnagrafici"]);
        let vat = |data: Option<&Element>| data.map_or_else(String::new, |data| tax_id(data.first("IdFiscaleIVA")));
        let code = |data: Option<&Element>| data.map_or("", |data| data.text_at(&["CodiceFiscale"])).to_owned();
        let name =
            |data: Option<&Element>| data.and_then(|data| data.first("Anagrafica")).map_or_else(String::new, full_name);
        let (seller, buyer) = (party("CedentePrestatore"), party("CessionarioCommittente"));
        let seller_vat = vat(seller);
        let buyer_vat = Some(vat(buyer)).filter(|vat| !vat.is_empty());
        let transmission = root.at(&[HEADER, "DatiTrasmissione"]);
        let documents = root.all("FatturaElettronicaBody").filter_map(|body| {
            let general = body.at(&["DatiGenerali", "DatiGeneraliDocumento"])?;
            let text = |name| general.text_at(&[name]).to_owned();
            // A date may carry a zone; the day is what counts.
            let date = text("Data").chars().take(10).collect();
            Some(Document { kind: text("TipoDocumento"), number: text("Numero"), date })
        });
        Self {
            format: transmission.map_or("", |data| data.text_at(&["FormatoTrasmissione"])).to_owned(),
            transmitter: transmission.map_or_else(String::new, |data| tax_id(data.first("IdTrasmittente"))),
            sender: Sender {
                fiscal_code: Some(code(seller)).filter(|code| !code.is_empty()).unwrap_or_else(|| seller_vat.clone()),
                vat: seller_vat,
                name: name(seller),
            },
            recipient: buyer_vat.clone().unwrap_or_else(|| code(buyer)),
            recipient_vat: buyer_vat,
            recipient_name: name(buyer),
            documents: documents.collect(),
        }
    }
}

fn tax_id(element: Option<&Element>) -> String {
    element.map_or_else(String::new, |id| {
        normal_vat(&format!("{}{}", id.text_at(&["IdPaese"]), id.text_at(&["IdCodice"])))
    })
}

fn full_name(data: &Element) -> String {
    match data.text_at(&["Denominazione"]) {
        "" => format!("{} {}", data.text_at(&["Nome"]), data.text_at(&["Cognome"])),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
