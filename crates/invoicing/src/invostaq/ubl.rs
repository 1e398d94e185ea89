//! Ubl: an invoice as UBL 2.1 in the form of Peppol BIS Billing 3.0.
//!
//! Owns:  the elements, their order and their namespaces.
//! Never: counts: every sum comes from the content.
//! Read:  `write`.

use super::content::{Content, Item, Party};
use crate::{
    money::Amount,
    problem::{Code, Problem},
};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};
use std::io;

const INVOICE: &str = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2";
const AGGREGATE: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2";
const BASIC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2";
const CUSTOMIZATION: &str = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";
const PROFILE: &str = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0";
/// An invoice, as opposed to a credit note.
const COMMERCIAL_INVOICE: &str = "380";

/// The document, from the participant `sender` to the participant `receiver`.
pub(super) fn write(content: &Content, sender: &str, receiver: &str) -> Result<String, Problem> {
    let mut xml = Xml(Writer::new_with_indent(Vec::new(), b' ', 2));
    let written = xml.invoice(content, sender, receiver).map(|()| String::from_utf8(xml.0.into_inner()));
    match written {
        Ok(Ok(text)) => Ok(text),
        // Writing into memory does not fail.
        Ok(Err(_)) | Err(_) => Err(Problem::new(Code::Internal, "The document could not be written.")),
    }
}

struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn invoice(&mut self, content: &Content, sender: &str, receiver: &str) -> io::Result<()> {
        self.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let mut root = BytesStart::new("Invoice");
        root.extend_attributes([("xmlns", INVOICE), ("xmlns:cac", AGGREGATE), ("xmlns:cbc", BASIC)]);
        self.0.write_event(Event::Start(root))?;
        self.leaf("cbc:CustomizationID", CUSTOMIZATION)?;
        self.leaf("cbc:ProfileID", PROFILE)?;
        self.leaf("cbc:ID", &content.number)?;
        self.leaf("cbc:IssueDate", &content.issue_date)?;
        self.leaf("cbc:DueDate", &content.due_date)?;
        self.leaf("cbc:InvoiceTypeCode", COMMERCIAL_INVOICE)?;
        self.maybe("cbc:Note", content.note.as_deref())?;
        self.leaf("cbc:DocumentCurrencyCode", &content.currency)?;
        // One of the two references must be there (PEPPOL-EN16931-R003).
        let reference = content.buyer_reference.as_deref();
        self.maybe(
            "cbc:BuyerReference",
            reference.or_else(|| content.order_reference.is_none().then_some(&*content.number)),
        )?;
        if let Some(order) = &content.order_reference {
            self.within("cac:OrderReference", |xml| xml.leaf("cbc:ID", order))?;
        }
        self.within("cac:AccountingSupplierParty", |xml| xml.party(&content.supplier, sender))?;
        self.within("cac:AccountingCustomerParty", |xml| xml.party(&content.buyer, receiver))?;
        self.taxes(content)?;
        let (totals, currency) = (&content.totals, &*content.currency);
        self.within("cac:LegalMonetaryTotal", |xml| {
            xml.amount("cbc:LineExtensionAmount", totals.net, currency)?;
            xml.amount("cbc:TaxExclusiveAmount", totals.net, currency)?;
            xml.amount("cbc:TaxInclusiveAmount", totals.total, currency)?;
            xml.amount("cbc:PayableAmount", totals.total, currency)
        })?;
        for (number, item) in (1_usize..).zip(&content.items) {
            self.within("cac:InvoiceLine", |xml| xml.line(number, item, currency))?;
        }
        self.0.write_event(Event::End(BytesEnd::new("Invoice")))
    }

    fn party(&mut self, party: &Party, participant: &str) -> io::Result<()> {
        let (scheme, id) = participant.split_once(':').unwrap_or(("", participant));
        let address = &party.address;
        self.within("cac:Party", |xml| {
            xml.with("cbc:EndpointID", &[("schemeID", scheme)], id)?;
            xml.within("cac:PartyName", |xml| xml.leaf("cbc:Name", &party.name))?;
            xml.within("cac:PostalAddress", |xml| {
                xml.maybe("cbc:StreetName", address.street.as_deref())?;
                xml.maybe("cbc:AdditionalStreetName", address.additional_street.as_deref())?;
                xml.maybe("cbc:CityName", address.city.as_deref())?;
                xml.maybe("cbc:PostalZone", address.postal_code.as_deref())?;
                xml.maybe("cbc:CountrySubentity", address.region.as_deref())?;
                let country = address.country.as_deref().unwrap_or_default();
                xml.within("cac:Country", |xml| xml.leaf("cbc:IdentificationCode", country))
            })?;
            if let Some(tax_id) = &party.tax_id {
                xml.within("cac:PartyTaxScheme", |xml| {
                    xml.leaf("cbc:CompanyID", tax_id)?;
                    xml.vat()
                })?;
            }
            xml.within("cac:PartyLegalEntity", |xml| {
                xml.leaf("cbc:RegistrationName", &party.name)?;
                xml.maybe("cbc:CompanyID", party.registration_id.as_deref())
            })?;
            match &party.email {
                Some(email) => xml.within("cac:Contact", |xml| xml.leaf("cbc:ElectronicMail", email)),
                None => Ok(()),
            }
        })
    }

    fn taxes(&mut self, content: &Content) -> io::Result<()> {
        let currency = &*content.currency;
        self.within("cac:TaxTotal", |xml| {
            xml.amount("cbc:TaxAmount", content.totals.tax, currency)?;
            for group in &content.totals.groups {
                let same = |item: &&Item| (item.category, item.rate) == (group.kind, group.rate);
                let reason = content.items.iter().find(same).and_then(|item| item.reason.as_deref());
                xml.within("cac:TaxSubtotal", |xml| {
                    xml.amount("cbc:TaxableAmount", group.taxable, currency)?;
                    xml.amount("cbc:TaxAmount", group.tax, currency)?;
                    xml.within("cac:TaxCategory", |xml| {
                        xml.leaf("cbc:ID", group.kind.code())?;
                        xml.leaf("cbc:Percent", &group.rate.to_string())?;
                        xml.maybe("cbc:TaxExemptionReason", reason)?;
                        xml.vat()
                    })
                })?;
            }
            Ok(())
        })
    }

    fn line(&mut self, number: usize, item: &Item, currency: &str) -> io::Result<()> {
        self.leaf("cbc:ID", &number.to_string())?;
        self.with("cbc:InvoicedQuantity", &[("unitCode", &item.unit_code)], &item.quantity.to_string())?;
        self.amount("cbc:LineExtensionAmount", item.net, currency)?;
        self.within("cac:Item", |xml| {
            xml.leaf("cbc:Name", &item.description)?;
            xml.within("cac:ClassifiedTaxCategory", |xml| {
                xml.leaf("cbc:ID", item.category.code())?;
                xml.leaf("cbc:Percent", &item.rate.to_string())?;
                xml.vat()
            })
        })?;
        self.within("cac:Price", |xml| {
            xml.with("cbc:PriceAmount", &[("currencyID", currency)], &item.unit_price.to_string())
        })
    }

    fn vat(&mut self) -> io::Result<()> {
        self.within("cac:TaxScheme", |xml| xml.leaf("cbc:ID", "VAT"))
    }

    fn amount(&mut self, name: &str, amount: Amount, currency: &str) -> io::Result<()> {
        self.with(name, &[("currencyID", currency)], &amount.to_string())
    }

    fn maybe(&mut self, name: &str, text: Option<&str>) -> io::Result<()> {
        text.map_or(Ok(()), |text| self.leaf(name, text))
    }

    fn leaf(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.with(name, &[], text)
    }

    fn with(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        let mut start = BytesStart::new(name);
        start.extend_attributes(attributes.iter().copied());
        self.0.write_event(Event::Start(start))?;
        self.0.write_event(Event::Text(BytesText::new(text)))?;
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    fn within(&mut self, name: &str, inner: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        self.0.write_event(Event::Start(BytesStart::new(name)))?;
        inner(self)?;
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::content::InvoiceBody, *};
    use crate::money::Fixed;
    use proptest::prelude::*;
    use quick_xml::Reader;

    /// What every element of this name holds, in hundredths.
    #[allow(clippy::wildcard_enum_match_arm, reason = "only these three count here")]
    fn amounts(xml: &str, name: &str) -> Vec<i64> {
        let (mut reader, mut found, mut inside) = (Reader::from_str(xml), Vec::new(), false);
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => inside = start.name().as_ref() == name,
                Event::Text(text) if inside => found.push(Amount::read(&text.xml10_content()).unwrap().0),
                Event::End(_) => inside = false,
                Event::Eof => return found,
                _ => {}
            }
        }
    }

    proptest! {
        #[test]
        fn the_sums_of_a_document_are_the_sums_of_its_parts(
            lines in prop::collection::vec((1_i64..5_000_000, 0_i64..50_000_000, 0_i64..5), 1..30),
            text in "[a-z<>&\"' é\u{4e2d}]{1,20}",
        ) {
            let items = lines.iter().map(|(quantity, price, rate)| serde_json::json!({
                "description": format!("x{text}"), "quantity": Fixed::<4>(*quantity), "unitPrice": Fixed::<4>(*price),
                "taxRate": Fixed::<2>(rate * 475),
            }));
            let party = serde_json::json!({ "name": format!("x{text}"), "taxId": "T", "address": { "country": "AE" } });
            let body = serde_json::json!({
                "number": "N", "issueDate": "2026-11-01", "currency": "AED", "supplier": party, "buyer": party,
                "lineItems": items.collect::<Vec<_>>(),
            });
            let content = serde_json::from_str::<InvoiceBody>(&body.to_string()).unwrap().content().unwrap();
            let xml = write(&content, "0196:1", "0088:2").unwrap();
            let nets = amounts(&xml, "cbc:LineExtensionAmount");
            let (net, parts) = nets.split_first().unwrap();
            prop_assert_eq!(*net, parts.iter().sum::<i64>());
            prop_assert_eq!(*net, amounts(&xml, "cbc:TaxableAmount").iter().sum::<i64>());
            let taxes = amounts(&xml, "cbc:TaxAmount");
            let (tax, parts) = taxes.split_first().unwrap();
            prop_assert_eq!(*tax, parts.iter().sum::<i64>());
            prop_assert_eq!(amounts(&xml, "cbc:PayableAmount"), vec![net + tax]);
            prop_assert_eq!(amounts(&xml, "cbc:TaxExclusiveAmount"), vec![*net]);
        }
    }
}
