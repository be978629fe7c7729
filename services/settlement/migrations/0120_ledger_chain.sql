-- migrate:up

-- The ledger gets accounts for store credit and for what is paid by hand, and a hash chain per
-- shard (common/ledger_chain.h): its head stands here, and is published now and then.

INSERT INTO movement (movement, name, debited, credited) VALUES
    (11, 'CREDITED', 'PAYABLE', 'STORE_CREDIT'),
    (12, 'CREDIT_REVOKED', 'STORE_CREDIT', 'PAYABLE'),
    (13, 'PAID_BY_HAND', 'PAYABLE', 'BANK'),
    (14, 'RETURNED_BY_HAND', 'BANK', 'PAYABLE'),
    (15, 'FEE', 'FEES', 'CLEARING'),
    (16, 'FEE_RETURNED', 'CLEARING', 'FEES');

CREATE TABLE ledger_head (
    shard        integer PRIMARY KEY,
    entries      bigint NOT NULL,
    head         text NOT NULL,
    told_entries bigint NOT NULL,
    due          boolean NOT NULL
) WITH (fillfactor = 50);
COMMENT ON COLUMN ledger_head.entries IS 'Lines in the chain';
COMMENT ON COLUMN ledger_head.head IS 'Lower-case hex SHA-256, see common/ledger_chain.h';
COMMENT ON COLUMN ledger_head.told_entries IS 'Lines in the chain when its head was last published';
COMMENT ON COLUMN ledger_head.due IS 'A deadline is set at which the head is published';

-- Lines from before there was a chain.
DO $$
DECLARE
    line    transfer%ROWTYPE;
    at      integer := -1;
    counted bigint := 0;
    running text;
BEGIN
    FOR line IN SELECT * FROM transfer ORDER BY transfer_id LOOP
        IF (line.transfer_id >> 40)::integer <> at THEN
            IF counted > 0 THEN
                INSERT INTO ledger_head VALUES (at, counted, running, 0, false);
            END IF;
            at := (line.transfer_id >> 40)::integer;
            counted := 0;
            running := repeat('0', 64);
        END IF;
        counted := counted + 1;
        running := encode(sha256(convert_to(concat_ws(
            E'\n', running, line.transfer_id, line.merchant_id, line.order_id, line.payment_id,
            coalesce(line.payout_id, ''), line.movement, line.amount_minor, line.currency,
            (extract(epoch FROM line.booked_at) * 1000000)::bigint, line.cause, ''), 'UTF8')),
            'hex');
    END LOOP;
    IF counted > 0 THEN
        INSERT INTO ledger_head VALUES (at, counted, running, 0, false);
    END IF;
END $$;

-- What stops may name, what the arrival depends on, the fee of a dispute, and what a capture came
-- with.
ALTER TABLE refund ADD COLUMN customer text NOT NULL DEFAULT '',
                   ADD COLUMN market text NOT NULL DEFAULT '';
COMMENT ON COLUMN refund.customer IS 'Token of the customer; empty if unknown or erased';
ALTER TABLE dispute ADD COLUMN fee_minor bigint NOT NULL DEFAULT 0,
                    ADD COLUMN fee_counted_minor bigint NOT NULL DEFAULT 0,
                    ADD COLUMN fee_currency text NOT NULL DEFAULT '';
COMMENT ON COLUMN dispute.fee_minor IS 'What the provider charges for it, as told last';
COMMENT ON COLUMN dispute.fee_counted_minor IS 'Of it, in the ledger';
ALTER TABLE payment ADD COLUMN cause text NOT NULL DEFAULT '';
COMMENT ON COLUMN payment.cause IS 'ce_id of the event of its capture';

CREATE VIEW view.ledger_head AS SELECT shard, entries, head, told_entries FROM ledger_head;

-- One row per movement, with all that the chain covers.
CREATE VIEW view.ledger_line AS
    SELECT t.transfer_id, (t.transfer_id >> 40)::integer AS shard, t.merchant_id, t.order_id,
           t.payment_id, t.payout_id, t.movement AS movement_number, m.name AS movement,
           m.debited, m.credited, t.amount_minor, t.currency, t.booked_at,
           (extract(epoch FROM t.booked_at) * 1000000)::bigint AS booked_us, t.cause
    FROM transfer t JOIN movement m USING (movement);

CREATE OR REPLACE VIEW view.ledger AS
    SELECT t.transfer_id * 2 + e.side AS entry_id, t.merchant_id, m.name AS movement,
           CASE WHEN e.side = 0 THEN m.debited ELSE m.credited END AS account, t.currency,
           CASE WHEN e.side = 0 THEN t.amount_minor ELSE -t.amount_minor END AS amount_minor,
           t.payout_id, t.payment_id, t.booked_at, t.order_id, t.cause
    FROM transfer t JOIN movement m USING (movement) CROSS JOIN (VALUES (0), (1)) AS e(side);

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON ledger_head TO %I', worker);
END $$;
GRANT SELECT ON view.ledger_head, view.ledger_line TO redressctl;
