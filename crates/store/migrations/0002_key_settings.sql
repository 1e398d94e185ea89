-- Where a key may be used from, and its own numbers. Lists are separated by spaces, in the order that the model gives them.

ALTER TABLE keys ADD COLUMN origins TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN networks TEXT NOT NULL DEFAULT '';
-- name=count, separated by spaces.
ALTER TABLE keys ADD COLUMN limits TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN rotate_every_days INTEGER CHECK (rotate_every_days BETWEEN 1 AND 3650);
