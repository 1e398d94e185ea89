-- Whose people act in which account: an issuer, and for issuers with directories one directory ('' for others). One pair
-- means one account.

CREATE TABLE identities (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB    NOT NULL REFERENCES accounts (id),
    issuer     TEXT    NOT NULL,
    directory     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (issuer, directory)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_account ON identities (account_id, id);

-- The change log names them too. A release that does not know identities still runs on this, until the first one is made.
CREATE TABLE change_log_wider (
    revision INTEGER NOT NULL PRIMARY KEY,
    kind     TEXT    NOT NULL CHECK (kind IN ('account', 'company', 'key', 'operator_token', 'identity')),
    id       BLOB    NOT NULL CHECK (length(id) = 16)
) STRICT;
INSERT INTO change_log_wider SELECT revision, kind, id FROM change_log;
DROP TABLE change_log;
ALTER TABLE change_log_wider RENAME TO change_log;
