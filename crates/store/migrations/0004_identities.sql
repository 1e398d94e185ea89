-- Whose people act in which account: an issuer, and for issuers with directories one directory ('' for others). One pair
-- means one account.

CREATE TABLE identities (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB    NOT NULL REFERENCES accounts (id),
    issuer     TEXT    NOT NULL,
    tenant     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (issuer, tenant)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_account ON identities (account_id, id);
