-- migrate:up

-- What redressctl shows of a payment and of what waits.

CREATE FUNCTION view.payout_waits_for(state integer, reason text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE state
        WHEN 100 THEN 'the capture of its payment'
        WHEN 11 THEN 'goods to come back'
        WHEN 1 THEN CASE WHEN reason LIKE 'STOPPED:%'
                         THEN 'stop ' || substr(reason, 9) || ' to be resumed'
                         ELSE 'the sender to call the provider' END
        WHEN 2 THEN 'the provider''s answer'
        WHEN 8 THEN 'a look-up that tells what became of the call'
        WHEN 3 THEN 'the provider to pay'
        WHEN 4 THEN 'the customer, whom the provider has asked'
        WHEN 9 THEN CASE WHEN reason = 'NO_ADAPTER' THEN 'finance to pay by hand'
                         ELSE 'a person to look into it: ' || reason END
        WHEN 10 THEN CASE WHEN reason = 'GOODS_LOST'
                          THEN 'people to approve it without the goods, or to decline'
                          ELSE 'people to approve another method, or to decline' END
    END;

CREATE OR REPLACE VIEW view.payout AS
    SELECT merchant_id, payout_id, refund_id, order_id, payment_id,
           view.provider_name(provider) AS provider, view.payout_status_name(state) AS status,
           amount_minor, currency, provider_refund_id, reason, reserved_at, updated_at,
           date '1970-01-01' + expected_day::integer AS expected_by, ordinal, attempts,
           http_status, first_submitted_at, submitted_at, cause,
           view.payout_waits_for(state, reason) AS waits_for
    FROM payout;

CREATE OR REPLACE VIEW view.payment AS
    SELECT merchant_id, payment_id, order_id, view.provider_name(provider) AS provider,
           provider_reference, currency, captured_minor, refunded_minor, in_flight_minor,
           disputed_minor, over, captured_at, cause
    FROM payment;

CREATE VIEW view.foreign_refund AS
    SELECT merchant_id, order_id, payment_id, provider_reference, provider_refund_id,
           (ARRAY['PENDING', 'REQUIRES_ACTION', 'SUCCEEDED', 'FAILED', 'CANCELLED'])[status]
               AS status, amount_minor, currency, counted_minor
    FROM foreign_refund;

CREATE VIEW view.dispute AS
    SELECT merchant_id, order_id, payment_id, provider_reference, dispute_id,
           (ARRAY['NONE', 'INQUIRY', 'OPEN', 'WON', 'LOST'])[state + 1] AS status, amount_minor,
           currency, counted_minor, fee_minor, fee_currency
    FROM dispute;

-- Blanks what is kept of a customer, as in intake: stops of the customer do not find them any more.
CREATE FUNCTION view.erase_customer(merchant text, token text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    erased bigint;
BEGIN
    IF token = '' THEN
        RETURN 0;
    END IF;
    UPDATE refund SET customer = '' WHERE merchant_id = merchant AND customer = token;
    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN erased;
END $$;
REVOKE ALL ON FUNCTION view.erase_customer(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION view.erase_customer(text, text) TO redressctl;

GRANT SELECT ON view.foreign_refund, view.dispute TO redressctl;
