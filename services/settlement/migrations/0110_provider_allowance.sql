-- migrate:up

-- How many calls the instances may make to a provider's account. Time is cut into slots; who wants
-- to call takes from what the slot has left. Unlogged: what a crash of the database forgets is one
-- slot.
CREATE UNLOGGED TABLE provider_allowance (
    provider integer PRIMARY KEY,
    slot     bigint NOT NULL,
    used     bigint NOT NULL,
    granted  bigint NOT NULL
) WITH (fillfactor = 20);
COMMENT ON COLUMN provider_allowance.granted IS 'To the one who asked last';

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON provider_allowance TO %I', worker);
END $$;
