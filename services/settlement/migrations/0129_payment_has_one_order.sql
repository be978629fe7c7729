-- migrate:up

-- A payment of a provider has one cap, so it has one order: two that were captured by one and the
-- same payment would each pay back all of it. Parts of a payment in the same order name it. Whoever
-- shares one from before stays as it is, marked as a part.

ALTER TABLE payment ADD COLUMN part_of text NOT NULL DEFAULT '';
COMMENT ON COLUMN payment.part_of IS 'What tells payments of one provider_reference apart: empty for the first; further parts of it in its order, and payments that no provider keeps, name themselves';

UPDATE payment t SET part_of = concat_ws(chr(31), t.merchant_id, t.order_id, t.payment_id)
  FROM (SELECT merchant_id, order_id, payment_id,
               row_number() OVER (PARTITION BY provider, provider_reference COLLATE "C"
                                  ORDER BY captured_at, order_id, payment_id) AS nth
          FROM payment WHERE provider_reference <> '') k
 WHERE (t.merchant_id, t.order_id, t.payment_id) = (k.merchant_id, k.order_id, k.payment_id)
   AND (k.nth > 1 OR t.provider IN (4, 5));

DROP INDEX payment_reference;
CREATE UNIQUE INDEX payment_reference ON payment (provider_reference COLLATE "C", provider, part_of)
    WHERE provider_reference <> '';
