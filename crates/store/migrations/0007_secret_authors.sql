-- The member who made a secret, by creating or rotating its key, if one did: they saw it. Of the secret and not of the key, so
-- that whoever rotates one environment does not hide who rotated the other, nor an old secret who saw it. Members go, secrets
-- may stay: no reference.
ALTER TABLE credentials ADD COLUMN made_by BLOB CHECK (length(made_by) = 16);
CREATE INDEX credentials_by_maker ON credentials (made_by, key_id) WHERE made_by IS NOT NULL;
