-- migrate:up

-- Rows that nearly always change once find room for it in their page, or each change would write
-- every index anew. Pages from before stay as full as they are.

ALTER TABLE refund SET (fillfactor = 45);
ALTER TABLE customer_day SET (fillfactor = 50);
