-- migrate:up

-- What redressctl may see. Codes are those of the contract and of REFUND_STATUS_ROWS.

CREATE VIEW view.refund AS
    SELECT o.merchant_id, r.refund_id, o.order_id, r.request_id, r.external_reference,
           (ARRAY['PARKED', 'OPEN', 'NEEDS_INFO', 'REJECTED', 'DECLINED', 'EXPIRED', 'PAID',
                  'CANCELLED', 'FAILED'])[r.status] AS status,
           r.version,
           (ARRAY['DAMAGED', 'DEFECTIVE', 'WRONG_ITEM', 'NOT_AS_DESCRIBED', 'NOT_RECEIVED', 'LATE',
                  'CHANGED_MIND', 'SERVICE_FAILURE', 'PRICE_ADJUSTMENT', 'GOODWILL',
                  'DUPLICATE_CHARGE', 'FRAUD', 'OTHER'])[r.reason] AS reason,
           r.occurred_at, r.received_at, r.updated_at, r.claim_minor, r.currency,
           CASE WHEN r.status = 4 THEN
               (ARRAY['ORIGINAL_TRANSACTION_NOT_FOUND', 'PAYMENT_NOT_CAPTURED',
                      'LINE_NOT_ON_ORDER', 'UNITS_EXCEED_PURCHASE', 'UNITS_ALREADY_CLAIMED',
                      'AMOUNT_EXCEEDS_PAID', 'CURRENCY_MISMATCH', 'CLAIM_TAKEN',
                      'DUPLICATE_REQUEST', 'NOT_APPEALABLE', 'TOO_LARGE'])[r.rejection]
           END AS rejection,
           CASE WHEN r.status = 1 AND o.placed_at IS NULL THEN 'order'
                WHEN r.status = 1 THEN 'payment'
                WHEN r.status = 2 AND r.cancel_asked THEN 'cancellation'
                WHEN r.status = 2 THEN 'decision or payout'
                WHEN r.status = 3 THEN 'answer'
           END AS waiting_for,
           (SELECT min(d.due_at) FROM deadline d
             WHERE (d.merchant_id, d.order_id, d.subject) =
                   (o.merchant_id, o.order_id, r.refund_id)) AS deadline_at
      FROM refund r JOIN customer_order o USING (order_key);

CREATE VIEW view.note AS
    SELECT o.merchant_id, r.refund_id, c.note
      FROM customer_note c
      JOIN refund r USING (order_key, refund_key)
      JOIN customer_order o USING (order_key)
     WHERE c.note <> '';

-- Blanks free text and token of everything that a customer ordered or asked, and forgets what was
-- counted. Returns how many rows were changed.
CREATE FUNCTION view.erase_customer(merchant_id text, customer_token text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    merchant ALIAS FOR $1;
    customer ALIAS FOR $2;
    keys     bigint[];
    changed  bigint;
    total    bigint := 0;
BEGIN
    IF customer = '' THEN
        RETURN 0;
    END IF;
    SELECT coalesce(array_agg(r.order_key), '{}') INTO keys
      FROM refund r JOIN customer_order o USING (order_key)
     WHERE o.merchant_id = merchant AND (o.customer_token = customer OR r.customer_token = customer);
    UPDATE customer_note SET note = '' WHERE order_key = ANY (keys) AND note <> '';
    GET DIAGNOSTICS changed = ROW_COUNT;
    total := total + changed;
    UPDATE refund SET customer_token = '' WHERE order_key = ANY (keys) AND customer_token <> '';
    GET DIAGNOSTICS changed = ROW_COUNT;
    total := total + changed;
    UPDATE customer_order SET customer_token = ''
     WHERE merchant_id = merchant AND customer_token = customer;
    GET DIAGNOSTICS changed = ROW_COUNT;
    total := total + changed;
    DELETE FROM customer_day WHERE merchant_id = merchant AND token = customer;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN total + changed;
END $$;
REVOKE ALL ON FUNCTION view.erase_customer(text, text) FROM PUBLIC;

GRANT SELECT ON view.refund, view.note TO redressctl;
GRANT EXECUTE ON FUNCTION view.erase_customer(text, text) TO redressctl;
