-- What was taken of the caps per channel, key, environment and UTC day (days since 1970-01-01). Taken in blocks, before the
-- requests that spend them. Only the highest day matters; older ones are removed as blocks are taken.

CREATE TABLE daily_caps (
    key_id      BLOB    NOT NULL CHECK (length(key_id) = 16),
    environment TEXT    NOT NULL CHECK (environment IN ('test', 'live')),
    channel     TEXT    NOT NULL,
    day         INTEGER NOT NULL,
    taken       INTEGER NOT NULL CHECK (taken > 0),
    PRIMARY KEY (key_id, environment, channel, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX daily_caps_day ON daily_caps (day);
