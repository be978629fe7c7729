-- migrate:up

-- The column that tells most rows apart stands first: each comparison on the way down the index is
-- decided by it, and the inner pages hold nothing else. Most keys of a shop share their merchant.

ALTER TABLE payment DROP CONSTRAINT payment_pkey, ADD PRIMARY KEY (order_id, merchant_id, payment_id);
ALTER TABLE refund DROP CONSTRAINT refund_pkey, ADD PRIMARY KEY (order_id, merchant_id, refund_id);
ALTER TABLE payout DROP CONSTRAINT payout_pkey, ADD PRIMARY KEY (order_id, merchant_id, payout_id);
ALTER TABLE evidence DROP CONSTRAINT evidence_pkey, ADD PRIMARY KEY (order_id, merchant_id, event_id);
ALTER TABLE foreign_refund DROP CONSTRAINT foreign_refund_pkey, ADD PRIMARY KEY (order_id, merchant_id, provider_refund_id);
ALTER TABLE dispute DROP CONSTRAINT dispute_pkey, ADD PRIMARY KEY (order_id, merchant_id, dispute_id);
ALTER TABLE goods_line DROP CONSTRAINT goods_line_pkey, ADD PRIMARY KEY (order_id, merchant_id, refund_id, line_id);
ALTER TABLE goods_event DROP CONSTRAINT goods_event_pkey, ADD PRIMARY KEY (order_id, merchant_id, event_id);
