-- migrate:up

-- Rows that nearly always change several times find room for it in their page, or each change would
-- write the index anew. Pages from before stay as full as they are.

ALTER TABLE refund SET (fillfactor = 45);
ALTER TABLE payout SET (fillfactor = 35);
