-- Ids are the sixteen bytes behind the text form (they sort by time); times are microseconds since 1970 UTC.
-- An account's rows name the account too, so that a row of one account cannot point at a row of another.

CREATE TABLE accounts (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE companies (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB    NOT NULL REFERENCES accounts (id),
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    UNIQUE (account_id, id)
) STRICT, WITHOUT ROWID;

-- What the upstream calls a company. One name means one company within an account, an environment and a kind.
CREATE TABLE external_names (
    company_id  BLOB NOT NULL,
    account_id  BLOB NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('test', 'live')),
    kind        TEXT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (company_id, environment, kind, value),
    UNIQUE (account_id, environment, kind, value),
    FOREIGN KEY (account_id, company_id) REFERENCES companies (account_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id   BLOB    NOT NULL REFERENCES accounts (id),
    kind         TEXT    NOT NULL CHECK (kind IN ('primary', 'restricted')),
    description  TEXT    NOT NULL,
    status       TEXT    NOT NULL CHECK (status IN ('active', 'disabled', 'revoked', 'deleted')),
    preset       TEXT    NOT NULL CHECK (preset IN ('full_access', 'read_only', 'send', 'custom')),
    -- Of the preset 'custom': scopes separated by spaces.
    scopes       TEXT    NOT NULL,
    -- 'all', or exactly what key_companies lists, which may be nothing.
    companies    TEXT    NOT NULL CHECK (companies IN ('all', 'only')),
    environments TEXT    NOT NULL CHECK (environments IN ('both', 'test', 'live')),
    expires_at   INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    UNIQUE (account_id, id)
) STRICT, WITHOUT ROWID;

-- An account has one primary key that can work; a revoked one makes room for the next.
CREATE UNIQUE INDEX keys_primary ON keys (account_id) WHERE kind = 'primary' AND status IN ('active', 'disabled');
-- Counted against the limit of restricted keys.
CREATE INDEX keys_restricted ON keys (account_id) WHERE kind = 'restricted' AND status <> 'deleted';

CREATE TABLE credentials (
    key_id      BLOB    NOT NULL REFERENCES keys (id),
    environment TEXT    NOT NULL CHECK (environment IN ('test', 'live')),
    slot        TEXT    NOT NULL CHECK (slot IN ('current', 'previous')),
    client_id   BLOB    NOT NULL CHECK (length(client_id) = 12),
    -- SHA-256 of the secret's text; the text itself is nowhere.
    hash        BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    last_four   BLOB    NOT NULL CHECK (length(last_four) = 4),
    created_at  INTEGER NOT NULL,
    ends_at     INTEGER CHECK (slot = 'previous' OR ends_at IS NULL),
    ended_at    INTEGER,
    PRIMARY KEY (key_id, environment, slot),
    UNIQUE (client_id, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_companies (
    key_id     BLOB NOT NULL,
    company_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    PRIMARY KEY (key_id, company_id),
    FOREIGN KEY (account_id, key_id) REFERENCES keys (account_id, id),
    FOREIGN KEY (account_id, company_id) REFERENCES companies (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_companies_by_company ON key_companies (account_id, company_id);

CREATE TABLE operator_tokens (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    hash        BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    description TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;

-- What changed, in order and without gaps. Followers read the present rows of what they have not seen.
CREATE TABLE change_log (
    revision INTEGER NOT NULL PRIMARY KEY,
    kind     TEXT    NOT NULL CHECK (kind IN ('account', 'company', 'key', 'operator_token')),
    id       BLOB    NOT NULL CHECK (length(id) = 16)
) STRICT;

-- Who did what. Columns are text as people read it; `hash` chains each entry to the one before.
CREATE TABLE audit (
    sequence INTEGER NOT NULL PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,
    at       INTEGER NOT NULL,
    author   TEXT    NOT NULL,
    request  TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    account  TEXT    NOT NULL,
    -- Ids separated by spaces.
    subjects TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    details  TEXT    NOT NULL,
    hash     BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX audit_by_account ON audit (account, sequence);
