-- Who can sign in, where they are signed in, and in which accounts they are what.

CREATE TABLE persons (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    -- In its one spelling.
    email        TEXT    NOT NULL UNIQUE,
    -- Whether an issuer vouched for the address. What somebody typed is not proven.
    email_proven INTEGER NOT NULL CHECK (email_proven IN (0, 1)),
    name         TEXT    NOT NULL,
    -- Argon2id in the PHC string format; null for who signs in elsewhere only.
    password     TEXT,
    -- The secret of the second factor, sealed with the deployment's key; one that is not confirmed yet beside it.
    totp         BLOB,
    totp_offered BLOB,
    -- The last time step whose code was taken: none is taken twice.
    totp_step    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Whom an issuer calls what (iss, tid, and sub or oid).
CREATE TABLE subjects (
    issuer     TEXT    NOT NULL,
    directory  TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    person_id  BLOB    NOT NULL REFERENCES persons (id),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, directory, subject)
) STRICT, WITHOUT ROWID;

-- SHA-256 of each; one that was used is deleted.
CREATE TABLE recovery_codes (
    person_id BLOB NOT NULL REFERENCES persons (id),
    hash      BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (person_id, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    person_id    BLOB    NOT NULL REFERENCES persons (id),
    -- SHA-256 of the token in the cookie; the token itself is nowhere.
    hash         BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    address      TEXT,
    user_agent   TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of_person ON sessions (person_id, id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE members (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB    NOT NULL REFERENCES accounts (id),
    person_id  BLOB    NOT NULL REFERENCES persons (id),
    role       TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, id),
    UNIQUE (person_id, account_id)
) STRICT, WITHOUT ROWID;

-- One that was accepted or taken back is deleted.
CREATE TABLE invitations (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB    NOT NULL REFERENCES accounts (id),
    email      TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
    -- SHA-256 of the token in the link.
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (account_id, email)
) STRICT, WITHOUT ROWID;

CREATE INDEX invitations_by_email ON invitations (email);

-- Attempts to sign in that have not succeeded (yet), by address of either kind, as SHA-256.
CREATE TABLE attempts (
    subject  BLOB    NOT NULL PRIMARY KEY CHECK (length(subject) = 32),
    failures INTEGER NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_by_age ON attempts (last_at);

-- The member who created a key, if one did. Members go, their keys may stay: no reference.
ALTER TABLE keys ADD COLUMN created_by BLOB CHECK (length(created_by) = 16);
CREATE INDEX keys_by_creator ON keys (account_id, created_by) WHERE created_by IS NOT NULL;

-- The change log names people too. A release that does not know them still runs on this, until the first one is made.
CREATE TABLE change_log_wider (
    revision INTEGER NOT NULL PRIMARY KEY,
    kind     TEXT    NOT NULL CHECK (kind IN ('account', 'company', 'key', 'operator_token', 'identity', 'person',
                                              'session', 'member', 'invitation')),
    id       BLOB    NOT NULL CHECK (length(id) = 16)
) STRICT;
INSERT INTO change_log_wider SELECT revision, kind, id FROM change_log;
DROP TABLE change_log;
ALTER TABLE change_log_wider RENAME TO change_log;
