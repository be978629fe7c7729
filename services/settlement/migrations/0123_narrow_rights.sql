-- migrate:up

-- What a row is about never changes once it is written: what was captured, which payment a payout is
-- of and where it goes. A column that is added to one of these tables later, and changes, needs a
-- GRANT UPDATE of its own.

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('REVOKE UPDATE ON payment, payout, foreign_refund, dispute, goods_line,'
                   ' ledger_head, inbox_progress, provider_notice FROM %I', worker);
    EXECUTE format('GRANT UPDATE (refunded_minor, in_flight_minor, disputed_minor, over)'
                   ' ON payment TO %I', worker);
    EXECUTE format('GRANT UPDATE (state, provider, amount_minor, held_minor, version,'
                   ' provider_refund_id, reason, http_status, answer_stored, attempts,'
                   ' reserved_at, first_submitted_at, submitted_at, expected_day, updated_at,'
                   ' cause) ON payout TO %I', worker);
    EXECUTE format('GRANT UPDATE (status, amount_minor, counted_minor)'
                   ' ON foreign_refund TO %I', worker);
    EXECUTE format('GRANT UPDATE (state, amount_minor, counted_minor, fee_minor,'
                   ' fee_counted_minor, fee_currency) ON dispute TO %I', worker);
    EXECUTE format('GRANT UPDATE (received_units, inspected_units, accepted_units)'
                   ' ON goods_line TO %I', worker);
    EXECUTE format('GRANT UPDATE (entries, head, told_entries, due) ON ledger_head TO %I', worker);
    EXECUTE format('GRANT UPDATE (next_offset) ON inbox_progress TO %I', worker);
    EXECUTE format('GRANT UPDATE (expired, check_at) ON provider_notice TO %I', worker);
END $$;
