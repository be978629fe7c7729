-- migrate:up

-- Stops of a customer name what stands for the token (identity_customer in common/identity.h). Where
-- one from before has the token itself, erasing puts that in its place: it holds on, and nothing else
-- of what was said about it is kept.

CREATE OR REPLACE FUNCTION view.erase_customer(merchant text, token text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    erased bigint;
    stops bigint;
    part text;
    hashed bytea := '';
BEGIN
    IF token = '' THEN
        RETURN 0;
    END IF;
    UPDATE refund SET customer = '' WHERE merchant_id = merchant AND customer = token;
    GET DIAGNOSTICS erased = ROW_COUNT;
    FOREACH part IN ARRAY ARRAY['customer', merchant, token] LOOP
        hashed := hashed || int8send(octet_length(part)::bigint) || convert_to(part, 'UTF8');
    END LOOP;
    UPDATE rule_set SET body = '' WHERE kind = 'stop' AND body IS NOT NULL AND id IN
        (SELECT id FROM rule_stop WHERE merchant_id = merchant AND customer_token = token);
    UPDATE rule_stop SET customer_token = 'sha256:' || encode(sha256(hashed), 'hex')
     WHERE merchant_id = merchant AND customer_token = token;
    GET DIAGNOSTICS stops = ROW_COUNT;
    RETURN erased + stops;
END $$;
