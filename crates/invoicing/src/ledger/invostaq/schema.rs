//! Schema: the tables of the Invostaq surface.
//!
//! Owns:  the statements that make them.
//! Never: changes a table in place: a new format is a new step.
//! Read:  `SQLITE`, then its twin.

/// Every row is of one account; a document that is delivered to another account is copied there. Amounts are hundredths,
/// times microseconds since 1970, days texts. A number is used once by a sender, unless the document failed.
pub(in crate::ledger) const SQLITE: &str = "
CREATE TABLE invostaq_tenant (
    account_id INTEGER PRIMARY KEY REFERENCES account,
    name TEXT,
    tax_id TEXT,
    email TEXT,
    currency TEXT NOT NULL,
    address TEXT,
    integrations TEXT NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
CREATE TABLE invostaq_participant (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX invostaq_participant_account ON invostaq_participant (account_id);
CREATE TABLE invostaq_document (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    transaction_id TEXT UNIQUE,
    state TEXT NOT NULL,
    network TEXT,
    sender TEXT,
    receiver TEXT,
    number TEXT NOT NULL,
    issue_date TEXT NOT NULL,
    due_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    supplier_name TEXT NOT NULL,
    supplier_tax_id TEXT,
    buyer_name TEXT NOT NULL,
    buyer_tax_id TEXT,
    net INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    total INTEGER NOT NULL,
    content TEXT NOT NULL,
    ubl TEXT,
    reason TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt INTEGER,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    paid INTEGER
) STRICT;
CREATE INDEX invostaq_document_created ON invostaq_document (account_id, created, id);
CREATE INDEX invostaq_document_due ON invostaq_document (next_attempt) WHERE next_attempt IS NOT NULL;
CREATE UNIQUE INDEX invostaq_document_number ON invostaq_document (account_id, sender, number)
    WHERE state IN ('Processing', 'Delivered');
CREATE TABLE invostaq_received (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    transaction_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    number TEXT NOT NULL,
    issue_date TEXT NOT NULL,
    due_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    supplier_name TEXT NOT NULL,
    supplier_tax_id TEXT,
    buyer_name TEXT NOT NULL,
    buyer_tax_id TEXT,
    net INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    total INTEGER NOT NULL,
    ubl TEXT NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (account_id, transaction_id)
) STRICT;
CREATE INDEX invostaq_received_created ON invostaq_received (account_id, created, id);
CREATE TABLE invostaq_contact (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    tax_id TEXT,
    email TEXT,
    phone TEXT,
    participant_id TEXT,
    address TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
CREATE INDEX invostaq_contact_name ON invostaq_contact (account_id, kind, name_key);
CREATE INDEX invostaq_contact_tax_id ON invostaq_contact (account_id, kind, tax_id);
CREATE TABLE invostaq_webhook (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX invostaq_webhook_account ON invostaq_webhook (account_id);
CREATE TABLE invostaq_vat_return (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    period_start TEXT NOT NULL,
    period_end TEXT NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    output_net INTEGER NOT NULL,
    output_tax INTEGER NOT NULL,
    input_net INTEGER NOT NULL,
    input_tax INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    received INTEGER NOT NULL,
    other_currencies INTEGER NOT NULL,
    created INTEGER NOT NULL,
    submitted INTEGER,
    UNIQUE (account_id, period_start, period_end, currency)
) STRICT;
CREATE TABLE invostaq_reminder (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account,
    document_id TEXT NOT NULL REFERENCES invostaq_document,
    number TEXT NOT NULL,
    buyer_name TEXT NOT NULL,
    currency TEXT NOT NULL,
    total INTEGER NOT NULL,
    due_date TEXT NOT NULL,
    days_overdue INTEGER NOT NULL,
    message TEXT,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX invostaq_reminder_account ON invostaq_reminder (account_id, created, id);
";

/// The twin in PostgreSQL.
pub(in crate::ledger) const POSTGRES: &str = r#"
CREATE TABLE invostaq_tenant (
    account_id BIGINT PRIMARY KEY REFERENCES account,
    name TEXT COLLATE "C",
    tax_id TEXT COLLATE "C",
    email TEXT COLLATE "C",
    currency TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C",
    integrations TEXT COLLATE "C" NOT NULL,
    updated BIGINT NOT NULL
);
CREATE TABLE invostaq_participant (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account,
    created BIGINT NOT NULL
);
CREATE INDEX invostaq_participant_account ON invostaq_participant (account_id);
CREATE TABLE invostaq_document (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account,
    transaction_id TEXT COLLATE "C" UNIQUE,
    state TEXT COLLATE "C" NOT NULL,
    network TEXT COLLATE "C",
    sender TEXT COLLATE "C",
    receiver TEXT COLLATE "C",
    number TEXT COLLATE "C" NOT NULL,
    issue_date TEXT COLLATE "C" NOT NULL,
    due_date TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    supplier_name TEXT COLLATE "C" NOT NULL,
    supplier_tax_id TEXT COLLATE "C",
    buyer_name TEXT COLLATE "C" NOT NULL,
    buyer_tax_id TEXT COLLATE "C",
    net BIGINT NOT NULL,
    tax BIGINT NOT NULL,
    total BIGINT NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    ubl TEXT COLLATE "C",
    reason TEXT COLLATE "C",
    attempts BIGINT NOT NULL DEFAULT 0,
    next_attempt BIGINT,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    paid BIGINT
);
CREATE INDEX invostaq_document_created ON invostaq_document (account_id, created, id);
CREATE INDEX invostaq_document_due ON invostaq_document (next_attempt) WHERE next_attempt IS NOT NULL;
CREATE UNIQUE INDEX invostaq_document_number ON invostaq_document (account_id, sender, number)
    WHERE state IN ('Processing', 'Delivered');
CREATE TABLE invostaq_received (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account,
    transaction_id TEXT COLLATE "C" NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    receiver TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    issue_date TEXT COLLATE "C" NOT NULL,
    due_date TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    supplier_name TEXT COLLATE "C" NOT NULL,
    supplier_tax_id TEXT COLLATE "C",
    buyer_name TEXT COLLATE "C" NOT NULL,
    buyer_tax_id TEXT COLLATE "C",
    net BIGINT NOT NULL,
    tax BIGINT NOT NULL,
    total BIGINT NOT NULL,
    ubl TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (account_id, transaction_id)
);
CREATE INDEX invostaq_received_created ON invostaq_received (account_id, created, id);
CREATE TABLE invostaq_contact (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    tax_id TEXT COLLATE "C",
    email TEXT COLLATE "C",
    phone TEXT COLLATE "C",
    participant_id TEXT COLLATE "C",
    address TEXT COLLATE "C",
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
);
CREATE INDEX invostaq_contact_name ON invostaq_contact (account_id, kind, name_key);
CREATE INDEX invostaq_contact_tax_id ON invostaq_contact (account_id, kind, tax_id);
CREATE TABLE invostaq_webhook (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account,
    name TEXT COLLATE "C" NOT NULL,
    url TEXT COLLATE "C" NOT NULL,
    secret TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX invostaq_webhook_account ON invostaq_webhook (account_id);
CREATE TABLE invostaq_vat_return (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account,
    period_start TEXT COLLATE "C" NOT NULL,
    period_end TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    output_net BIGINT NOT NULL,
    output_tax BIGINT NOT NULL,
    input_net BIGINT NOT NULL,
    input_tax BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    received BIGINT NOT NULL,
    other_currencies BIGINT NOT NULL,
    created BIGINT NOT NULL,
    submitted BIGINT,
    UNIQUE (account_id, period_start, period_end, currency)
);
CREATE TABLE invostaq_reminder (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account,
    document_id TEXT COLLATE "C" NOT NULL REFERENCES invostaq_document,
    number TEXT COLLATE "C" NOT NULL,
    buyer_name TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    total BIGINT NOT NULL,
    due_date TEXT COLLATE "C" NOT NULL,
    days_overdue BIGINT NOT NULL,
    message TEXT COLLATE "C",
    created BIGINT NOT NULL
);
CREATE INDEX invostaq_reminder_account ON invostaq_reminder (account_id, created, id);
CALL guard_account('invostaq_tenant');
CALL guard_account('invostaq_participant');
CALL guard_account('invostaq_document');
CALL guard_account('invostaq_received');
CALL guard_account('invostaq_contact');
CALL guard_account('invostaq_webhook');
CALL guard_account('invostaq_vat_return');
CALL guard_account('invostaq_reminder');
"#;
