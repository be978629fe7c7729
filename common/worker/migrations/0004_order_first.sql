-- migrate:up

-- The column that tells most rows apart stands first: each comparison on the way down the index is
-- decided by it, and the inner pages hold nothing else. Most keys of a shop share their merchant.

ALTER TABLE deadline DROP CONSTRAINT deadline_pkey,
    ADD PRIMARY KEY (order_id, subject, kind, merchant_id);
