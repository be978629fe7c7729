-- migrate:up

-- What a row is about never changes once it is written, the requester of a case above all. A column
-- that is added to one of these tables later, and changes, needs a GRANT UPDATE of its own.

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('REVOKE UPDATE ON approval_case, approved_payment, person_day, automatic_trip'
                   ' FROM %I', worker);
    EXECUTE format('GRANT UPDATE (version, renewed_version, status, queue, level,'
                   ' approvers_needed, appeal, fallback, amount_minor, currency, method,'
                   ' payment_ids, payment_minor, why, subject_hash, due_at, updated_at,'
                   ' deadline_us, exception, taken_by, taken_until, missing)'
                   ' ON approval_case TO %I', worker);
    EXECUTE format('GRANT UPDATE (minor) ON approved_payment TO %I', worker);
    EXECUTE format('GRANT UPDATE (used_minor, limit_minor) ON person_day TO %I', worker);
    EXECUTE format('GRANT UPDATE (lifted_at, lifted_by, lifted_decision)'
                   ' ON automatic_trip TO %I', worker);
END $$;
