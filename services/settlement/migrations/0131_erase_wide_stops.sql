-- migrate:up

-- A stop may cover a customer's token at every merchant. Erasing the token of one merchant replaces it
-- there, too: what stands for it is made with the stop's own merchant, so that it covers what it did.

CREATE OR REPLACE FUNCTION view.erase_customer(merchant text, token text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    erased bigint;
    stops bigint;
BEGIN
    IF token = '' THEN
        RETURN 0;
    END IF;
    UPDATE refund SET customer = '' WHERE merchant_id = merchant AND customer = token;
    GET DIAGNOSTICS erased = ROW_COUNT;
    UPDATE rule_set SET body = '' WHERE kind = 'stop' AND body IS NOT NULL AND id IN
        (SELECT id FROM rule_stop WHERE merchant_id IN (merchant, '') AND customer_token = token);
    UPDATE rule_stop s SET customer_token = 'sha256:' || encode(sha256(
            (SELECT string_agg(int8send(octet_length(part)::bigint) || convert_to(part, 'UTF8'), ''
                               ORDER BY n)
               FROM unnest(ARRAY['customer', s.merchant_id, token]) WITH ORDINALITY AS p(part, n))),
            'hex')
     WHERE s.merchant_id IN (merchant, '') AND s.customer_token = token;
    GET DIAGNOSTICS stops = ROW_COUNT;
    RETURN erased + stops;
END $$;
