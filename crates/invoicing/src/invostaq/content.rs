//! Content: what an invoice says, as callers write it, and checked.
//!
//! Owns:  the body of version 2; what may stand at each of its members; where sums come from.
//! Never: a sum that a caller sent: sums are accepted and not read.
//! Read:  `InvoiceBody`, then `Content`.

use super::Address;
use crate::{
    field,
    money::{Amount, Fixed, Price, Quantity, Rate, is_currency},
    problem::Problem,
    totals::{Line, Totals},
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

/// Lines of an invoice.
const LINES_MAX: usize = 500;
/// Characters of names, codes, and notes.
const NAME_MAX: usize = 200;
const CODE_MAX: usize = 64;
const NOTE_MAX: usize = 2_000;
/// A piece, in the code list of units that EN 16931 uses.
const PIECE: &str = "C62";

/// How a line is taxed (UNCL 5305, as far as EN 16931 uses it here).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Category {
    /// At a rate above nothing.
    S,
    /// At nothing.
    Z,
    /// Exempt.
    E,
    /// The buyer owes the tax.
    AE,
    /// To another country of the union.
    K,
    /// Exported.
    G,
}

impl Category {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::Z => "Z",
            Self::E => "E",
            Self::AE => "AE",
            Self::K => "K",
            Self::G => "G",
        }
    }

    /// Whether the invoice must say why nothing is taxed.
    const fn wants_reason(self) -> bool {
        !matches!(self, Self::S | Self::Z)
    }
}

/// An invoice as a caller writes it. What the server computes is accepted and not read.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InvoiceBody {
    pub(crate) number: String,
    issue_date: String,
    due_date: Option<String>,
    currency: String,
    supplier: PartyBody,
    buyer: PartyBody,
    line_items: Vec<LineBody>,
    buyer_reference: Option<String>,
    order_reference: Option<String>,
    note: Option<String>,
    #[serde(default, rename = "totalAmount", skip_serializing)]
    _total_amount: Option<IgnoredAny>,
    #[serde(default, rename = "totalTaxAmount", skip_serializing)]
    _total_tax_amount: Option<IgnoredAny>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PartyBody {
    name: String,
    tax_id: Option<String>,
    registration_id: Option<String>,
    email: Option<String>,
    address: Address,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LineBody {
    description: String,
    quantity: Quantity,
    unit_code: Option<String>,
    unit_price: Price,
    tax_rate: Rate,
    tax_category: Option<Category>,
    tax_exemption_reason: Option<String>,
    #[serde(default, rename = "lineTotal", skip_serializing)]
    _line_total: Option<IgnoredAny>,
    #[serde(default, rename = "taxAmount", skip_serializing)]
    _tax_amount: Option<IgnoredAny>,
}

/// Somebody who is named in an invoice.
pub(crate) struct Party {
    pub(crate) name: String,
    pub(crate) tax_id: Option<String>,
    pub(super) registration_id: Option<String>,
    pub(super) email: Option<String>,
    pub(super) address: Address,
}

/// A line of a checked invoice.
pub(super) struct Item {
    pub(super) description: String,
    pub(super) quantity: Quantity,
    pub(super) unit_code: String,
    pub(super) unit_price: Price,
    pub(super) rate: Rate,
    pub(super) category: Category,
    pub(super) reason: Option<String>,
    pub(super) net: Amount,
}

/// A checked invoice with its sums.
pub(crate) struct Content {
    pub(crate) number: String,
    pub(crate) issue_date: String,
    pub(crate) due_date: String,
    pub(crate) currency: String,
    pub(crate) supplier: Party,
    pub(crate) buyer: Party,
    pub(super) items: Vec<Item>,
    pub(super) buyer_reference: Option<String>,
    pub(super) order_reference: Option<String>,
    pub(super) note: Option<String>,
    pub(crate) totals: Totals<Category>,
}

fn invalid(name: &str, what: &str) -> Problem {
    Problem::invalid_record(format!("`{name}` {what}."))
}

impl InvoiceBody {
    /// Checks everything, and counts.
    pub(crate) fn content(&self) -> Result<Content, Problem> {
        let number = field::text("invoice.number", &self.number, CODE_MAX)?;
        let issue_date = field::date("invoice.issueDate", &self.issue_date)?.to_string();
        let due_date = self.due_date.as_deref().unwrap_or(&issue_date);
        let due_date = field::date("invoice.dueDate", due_date)?.to_string();
        if due_date < issue_date {
            return Err(invalid("invoice.dueDate", "is before `invoice.issueDate`"));
        }
        if !is_currency(&self.currency) {
            let what = "is not the three capitals of a currency with two decimal places, such as EUR";
            return Err(invalid("invoice.currency", what));
        }
        if !(1..=LINES_MAX).contains(&self.line_items.len()) {
            return Err(invalid("invoice.lineItems", &format!("is not a list of 1 to {LINES_MAX} lines")));
        }
        let supplier = self.supplier.party("invoice.supplier")?;
        let buyer = self.buyer.party("invoice.buyer")?;
        let items = self.line_items.iter().enumerate().map(|(at, line)| line.item(&format!("invoice.lineItems[{at}]")));
        let mut items = items.collect::<Result<Vec<_>, _>>()?;
        if supplier.tax_id.is_none() && items.iter().any(|item| item.category != Category::Z) {
            return Err(invalid(
                "invoice.supplier.taxId",
                "is missing; an invoice with tax, or that says why there is none, names it",
            ));
        }
        let counted = items.iter();
        let counted =
            counted.map(|i| Line { quantity: i.quantity, price: i.unit_price, rate: i.rate, kind: i.category });
        let totals = Totals::of(&counted.collect::<Vec<_>>())
            .ok_or_else(|| Problem::invalid_record("A sum of the invoice is larger than 999,999,999,999.99."))?;
        for (item, net) in items.iter_mut().zip(&totals.lines) {
            item.net = *net;
        }
        let code = |name: &str, text: Option<&str>| field::optional_text(name, text, CODE_MAX);
        Ok(Content {
            number,
            issue_date,
            due_date,
            currency: self.currency.clone(),
            supplier,
            buyer,
            items,
            buyer_reference: code("invoice.buyerReference", self.buyer_reference.as_deref())?,
            order_reference: code("invoice.orderReference", self.order_reference.as_deref())?,
            note: self.note.as_deref().map(|note| field::lines("invoice.note", note, NOTE_MAX)).transpose()?,
            totals,
        })
    }
}

impl PartyBody {
    fn party(&self, at: &str) -> Result<Party, Problem> {
        let name = |member: &str| format!("{at}.{member}");
        let code = |member: &str, text: Option<&str>| field::optional_text(&name(member), text, CODE_MAX);
        let address = self.address.checked(&name("address"))?;
        if address.country.is_none() {
            return Err(invalid(&name("address.country"), "is missing"));
        }
        Ok(Party {
            name: field::text(&name("name"), &self.name, NAME_MAX)?,
            tax_id: code("taxId", self.tax_id.as_deref())?,
            registration_id: code("registrationId", self.registration_id.as_deref())?,
            email: field::email(&name("email"), self.email.as_deref())?,
            address,
        })
    }
}

impl LineBody {
    fn item(&self, at: &str) -> Result<Item, Problem> {
        let name = |member: &str| format!("{at}.{member}");
        if self.quantity <= Fixed(0) {
            return Err(invalid(&name("quantity"), "is not more than nothing"));
        }
        if self.unit_price < Fixed(0) {
            return Err(invalid(&name("unitPrice"), "is negative"));
        }
        if !(Fixed(0)..=Fixed(10_000)).contains(&self.tax_rate) {
            return Err(invalid(&name("taxRate"), "is not a percentage from 0 to 100"));
        }
        let taxed = self.tax_rate > Fixed(0);
        let category = self.tax_category.unwrap_or(if taxed { Category::S } else { Category::Z });
        if taxed != (category == Category::S) {
            return Err(invalid(
                &name("taxCategory"),
                "does not fit the rate: S is above nothing, all others are at nothing",
            ));
        }
        let reason = field::optional_text(&name("taxExemptionReason"), self.tax_exemption_reason.as_deref(), NAME_MAX)?;
        if category.wants_reason() != reason.is_some() {
            let what = "belongs to the categories E, AE, K and G, and to them alone";
            return Err(invalid(&name("taxExemptionReason"), what));
        }
        let unit_code = self.unit_code.as_deref().unwrap_or(PIECE);
        if !(1..=3).contains(&unit_code.len())
            || !unit_code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        {
            return Err(invalid(&name("unitCode"), "is not a unit of UN/ECE Recommendation 20, such as C62 or HUR"));
        }
        Ok(Item {
            description: field::text(&name("description"), &self.description, NAME_MAX)?,
            quantity: self.quantity,
            unit_code: unit_code.to_owned(),
            unit_price: self.unit_price,
            rate: self.tax_rate,
            category,
            reason,
            net: Fixed(0),
        })
    }
}
