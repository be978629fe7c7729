-- migrate:up

-- Where a bank transfer goes: finance's own reference of an account that was verified.

ALTER TABLE payout ADD COLUMN payee text NOT NULL DEFAULT '';
COMMENT ON COLUMN payout.payee IS 'Reference of another account; empty: the one that was paid from';

CREATE OR REPLACE VIEW view.payout AS
    SELECT merchant_id, payout_id, refund_id, order_id, payment_id,
           view.provider_name(provider) AS provider, view.payout_status_name(state) AS status,
           amount_minor, currency, provider_refund_id, reason, reserved_at, updated_at,
           date '1970-01-01' + expected_day::integer AS expected_by, ordinal, attempts,
           http_status, first_submitted_at, submitted_at, cause,
           view.payout_waits_for(state, reason) AS waits_for, payee
    FROM payout;
