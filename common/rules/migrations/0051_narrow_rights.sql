-- migrate:up

-- A verdict on a rule set is final, and so is what a stop is about: the worker may change only
-- whether the verdict was told, and whether the stop holds.

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('REVOKE UPDATE ON rule_set, rule_stop FROM %I', worker);
    EXECUTE format('GRANT UPDATE (told) ON rule_set TO %I', worker);
    EXECUTE format('GRANT UPDATE (version, stopped, reason, author, since, revision)'
                   ' ON rule_stop TO %I', worker);
END $$;
