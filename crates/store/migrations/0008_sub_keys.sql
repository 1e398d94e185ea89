-- What the facade for restricted keys (D32) calls them: clients of that API know whole numbers. One number means one key in the
-- deployment, for ever: the sequence gives none out twice. A trigger and not the release that writes the key, so that keys of
-- a release that does not know numbers have one as well.
CREATE TABLE sub_key_numbers (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key_id BLOB    NOT NULL UNIQUE REFERENCES keys (id)
) STRICT;

INSERT INTO sub_key_numbers (key_id) SELECT id FROM keys WHERE kind = 'restricted' ORDER BY id;

CREATE TRIGGER keys_numbered AFTER INSERT ON keys WHEN NEW.kind = 'restricted'
BEGIN
    INSERT INTO sub_key_numbers (key_id) VALUES (NEW.id);
END;
