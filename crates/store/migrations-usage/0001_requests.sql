-- The second file (D44): what may lose a second at a crash. Nothing here decides anything, and no row of it is truth.
-- Ids are the sixteen bytes behind the text form (they sort by time); times are microseconds since 1970 UTC.

-- The request log (D25). Never a secret, a path, a query value or a body.
CREATE TABLE requests (
    request_id  BLOB    NOT NULL PRIMARY KEY CHECK (length(request_id) = 16),
    at          INTEGER NOT NULL,
    -- Whose key it was, when the key was known.
    account_id  BLOB    CHECK (length(account_id) = 16),
    key_id      BLOB    CHECK (length(key_id) = 16),
    -- Eight bytes of the hash of the secret: tells the secrets of one key apart, and opens nothing.
    secret      INTEGER,
    environment TEXT    CHECK (environment IN ('test', 'live')),
    method      TEXT    NOT NULL,
    operation   TEXT,
    status      INTEGER NOT NULL,
    outcome     TEXT    NOT NULL,
    reason      TEXT,
    limit_name  TEXT,
    company_id  BLOB    CHECK (length(company_id) = 16),
    address     TEXT    NOT NULL,
    user_agent  TEXT,
    origin      TEXT,
    micros      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_of_account ON requests (account_id, request_id) WHERE account_id IS NOT NULL;
CREATE INDEX requests_of_key ON requests (account_id, key_id, request_id) WHERE account_id IS NOT NULL;

-- Requests per key, operation and outcome, in minutes, hours and days (R14). Complete, also where rows are left out.
CREATE TABLE counts (
    account_id  BLOB    NOT NULL CHECK (length(account_id) = 16),
    key_id      BLOB    NOT NULL CHECK (length(key_id) = 16),
    granularity TEXT    NOT NULL CHECK (granularity IN ('minute', 'hour', 'day')),
    start       INTEGER NOT NULL,
    -- Empty: the catalogue had no operation for the request.
    operation   TEXT    NOT NULL,
    environment TEXT    NOT NULL CHECK (environment IN ('test', 'live')),
    outcome     TEXT    NOT NULL,
    count       INTEGER NOT NULL,
    PRIMARY KEY (account_id, key_id, granularity, start, operation, environment, outcome)
) STRICT, WITHOUT ROWID;

CREATE INDEX counts_by_age ON counts (granularity, start);

-- The last request that a secret was good for (R101, D13).
CREATE TABLE last_used (
    account_id  BLOB    NOT NULL CHECK (length(account_id) = 16),
    key_id      BLOB    NOT NULL CHECK (length(key_id) = 16),
    secret      INTEGER NOT NULL,
    environment TEXT    NOT NULL CHECK (environment IN ('test', 'live')),
    at          INTEGER NOT NULL,
    address     TEXT    NOT NULL,
    operation   TEXT,
    PRIMARY KEY (account_id, key_id, secret)
) STRICT, WITHOUT ROWID;

-- Since when this file keeps account: what was before it is not known.
CREATE TABLE kept_since (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    at  INTEGER NOT NULL
) STRICT;
