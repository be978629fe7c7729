-- migrate:up

-- A payout that takes the place of one that failed waits for the provider's word on that one.
CREATE OR REPLACE FUNCTION view.payout_waits_for(state integer, reason text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE state
        WHEN 100 THEN 'the capture of its payment'
        WHEN 11 THEN 'goods to come back'
        WHEN 1 THEN CASE WHEN reason LIKE 'STOPPED:%'
                         THEN 'stop ' || substr(reason, 9) || ' to be resumed'
                         WHEN reason = 'CONFIRMING'
                         THEN 'the provider to confirm that the failed payout before it stays failed'
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
