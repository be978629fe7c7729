-- migrate:up

-- The cluster and the number of shards that offsets belong to are written once.

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('REVOKE UPDATE ON cluster FROM %I', worker);
    EXECUTE format('GRANT UPDATE (topics) ON cluster TO %I', worker);
END $$;
