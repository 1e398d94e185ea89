//! Schema: the tables of the Laabam surface.
//!
//! Owns:  the statements that make them.
//! Never: changes a table in place: a new format is a new step.
//! Read:  `SQLITE`.

/// Ids are names without order or number; `key` is the company's own and shows nowhere. Amounts are hundredths, prices
/// ten-thousandths, times microseconds since 1970, days texts.
pub(in crate::ledger) const SQLITE: &str = "
CREATE TABLE laabam_company (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    next_number INTEGER NOT NULL DEFAULT 1,
    UNIQUE (account_id, id)
) STRICT;
CREATE TABLE laabam_customer (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    company_key INTEGER NOT NULL REFERENCES laabam_company,
    name TEXT NOT NULL,
    reference TEXT,
    email TEXT,
    phone TEXT,
    tax_id TEXT,
    address TEXT,
    notes TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (company_key, reference)
) STRICT;
CREATE INDEX laabam_customer_created ON laabam_customer (company_key, created, id);
CREATE TABLE laabam_product (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    company_key INTEGER NOT NULL REFERENCES laabam_company,
    name TEXT NOT NULL,
    sku TEXT,
    description TEXT,
    currency TEXT NOT NULL,
    unit_price INTEGER NOT NULL,
    tax_rate INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (company_key, sku)
) STRICT;
CREATE INDEX laabam_product_created ON laabam_product (company_key, created, id);
CREATE TABLE laabam_invoice (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    company_key INTEGER NOT NULL REFERENCES laabam_company,
    number TEXT NOT NULL,
    customer_id TEXT NOT NULL REFERENCES laabam_customer,
    status TEXT NOT NULL,
    currency TEXT NOT NULL,
    issue_date TEXT NOT NULL,
    due_date TEXT NOT NULL,
    lines TEXT NOT NULL,
    taxes TEXT NOT NULL,
    subtotal INTEGER NOT NULL,
    tax_total INTEGER NOT NULL,
    total INTEGER NOT NULL,
    paid INTEGER NOT NULL,
    notes TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    voided INTEGER,
    UNIQUE (company_key, number),
    CHECK (paid >= 0 AND paid <= total)
) STRICT;
CREATE INDEX laabam_invoice_created ON laabam_invoice (company_key, created, id);
CREATE INDEX laabam_invoice_customer ON laabam_invoice (customer_id);
CREATE TABLE laabam_payment (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    company_key INTEGER NOT NULL REFERENCES laabam_company,
    invoice_id TEXT NOT NULL REFERENCES laabam_invoice,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    method TEXT NOT NULL,
    paid_on TEXT NOT NULL,
    reference TEXT,
    created INTEGER NOT NULL,
    voided INTEGER,
    UNIQUE (company_key, reference)
) STRICT;
CREATE INDEX laabam_payment_created ON laabam_payment (company_key, created, id);
CREATE INDEX laabam_payment_invoice ON laabam_payment (invoice_id);
CREATE TABLE laabam_message (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    company_key INTEGER NOT NULL REFERENCES laabam_company,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    recipient TEXT NOT NULL,
    reference TEXT,
    subject TEXT,
    text TEXT NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (company_key, reference)
) STRICT;
CREATE INDEX laabam_message_created ON laabam_message (company_key, created, id);
";
