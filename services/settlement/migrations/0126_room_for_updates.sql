-- migrate:up

-- A payout changes nearly always, and grows when it does: it finds room for that in its page, or each
-- change would write the index anew. Pages from before stay as full as they are.

ALTER TABLE payout SET (fillfactor = 40);
