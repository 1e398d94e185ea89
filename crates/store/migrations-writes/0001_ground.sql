-- Records of writes with an Idempotency-Key. Times are microseconds since 1970 UTC.

CREATE TABLE writes (
    -- SHA-256 over the key, the environment, the operation and the caller's Idempotency-Key.
    id            BLOB    NOT NULL UNIQUE CHECK (length(id) = 32),
    account_id    BLOB    NOT NULL CHECK (length(account_id) = 16),
    state         TEXT    NOT NULL CHECK (state IN ('in_flight', 'done', 'unknown')),
    -- Who runs it, or ran it last: what a former owner says does not count.
    owner         BLOB    NOT NULL CHECK (length(owner) = 16),
    lease_until   INTEGER NOT NULL,
    -- SHA-256 of what is known before the body: method, target, content type.
    head          BLOB    NOT NULL CHECK (length(head) = 32),
    -- SHA-256 of that and the body, and the body's length; none when the body was never seen whole.
    fingerprint   BLOB             CHECK (length(fingerprint) = 32),
    request_bytes INTEGER,
    status        INTEGER,
    -- Headers and body of the answer, sealed; none when they were too large to keep.
    answer        BLOB,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    CHECK ((state = 'done') = (status IS NOT NULL)),
    CHECK ((fingerprint IS NULL) = (request_bytes IS NULL))
) STRICT;

CREATE INDEX writes_by_end ON writes (expires_at);
CREATE INDEX writes_in_flight ON writes (lease_until) WHERE state = 'in_flight';

-- How many records an account has; kept by the triggers below, so that a claim need not count.
CREATE TABLE holdings (
    account_id BLOB    NOT NULL PRIMARY KEY CHECK (length(account_id) = 16),
    records    INTEGER NOT NULL CHECK (records >= 0)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER writes_come AFTER INSERT ON writes BEGIN
    INSERT INTO holdings (account_id, records) VALUES (NEW.account_id, 1)
    ON CONFLICT (account_id) DO UPDATE SET records = records + 1;
END;

CREATE TRIGGER writes_go AFTER DELETE ON writes BEGIN
    UPDATE holdings SET records = records - 1 WHERE account_id = OLD.account_id;
    DELETE FROM holdings WHERE account_id = OLD.account_id AND records = 0;
END;
