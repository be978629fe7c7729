-- migrate:up

-- What settlement keeps of an order: its payments (the cap is a constraint of their rows), refunds,
-- payouts, what providers said, and the ledger. Rows are found by (merchant_id, order_id). Numbers
-- of states, providers and methods are those of the enums in redress.v1.

CREATE TABLE payment (
    merchant_id        text NOT NULL,
    order_id           text NOT NULL,
    payment_id         text NOT NULL,
    provider           integer NOT NULL,
    provider_reference text NOT NULL,
    provider_account   text NOT NULL,
    method             integer NOT NULL,
    currency           text NOT NULL,
    captured_minor     bigint NOT NULL CHECK (captured_minor > 0),
    refunded_minor     bigint NOT NULL CHECK (refunded_minor >= 0),
    in_flight_minor    bigint NOT NULL CHECK (in_flight_minor >= 0),
    disputed_minor     bigint NOT NULL CHECK (disputed_minor >= 0),
    over               boolean NOT NULL,
    captured_at        timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, order_id, payment_id),
    CONSTRAINT cap CHECK (over OR refunded_minor + in_flight_minor + disputed_minor
                                  <= captured_minor)
) WITH (fillfactor = 70);
COMMENT ON COLUMN payment.refunded_minor IS 'Paid back, by us and elsewhere';
COMMENT ON COLUMN payment.in_flight_minor IS 'Reserved, sent, or not known to have failed';
COMMENT ON COLUMN payment.disputed_minor IS 'Under an open dispute, or lost in one';
COMMENT ON COLUMN payment.over IS 'Above what was captured, by facts from outside: no further payout';

CREATE TABLE refund (
    merchant_id    text NOT NULL,
    order_id       text NOT NULL,
    refund_id      text NOT NULL,
    routed_version bigint NOT NULL,
    version        bigint NOT NULL,
    cancelled      boolean NOT NULL,
    goods          integer NOT NULL,
    reason         integer NOT NULL,
    lines          bytea NOT NULL,
    PRIMARY KEY (merchant_id, order_id, refund_id)
) WITH (fillfactor = 90);
COMMENT ON COLUMN refund.routed_version IS 'Last approval or cancellation seen';
COMMENT ON COLUMN refund.version IS 'Last event published that is about no payout';
COMMENT ON COLUMN refund.cancelled IS 'An approval after this is void';
COMMENT ON COLUMN refund.lines IS 'Lines claimed, or what of them was accepted (credit_note.h)';

CREATE TABLE payout (
    merchant_id        text NOT NULL,
    order_id           text NOT NULL,
    payout_id          text NOT NULL,
    refund_id          text NOT NULL,
    payment_id         text NOT NULL,
    ordinal            integer NOT NULL,
    routed_version     bigint NOT NULL,
    state              integer NOT NULL,
    provider           integer NOT NULL,
    form               integer NOT NULL,
    amount_minor       bigint NOT NULL CHECK (amount_minor > 0),
    currency           text NOT NULL,
    held_minor         bigint NOT NULL CHECK (held_minor >= 0),
    version            bigint NOT NULL,
    provider_refund_id text NOT NULL,
    reason             text NOT NULL,
    http_status        integer NOT NULL,
    answer_stored      boolean NOT NULL,
    attempts           integer NOT NULL,
    reserved_at        timestamptz NOT NULL,
    first_submitted_at timestamptz,
    submitted_at       timestamptz,
    expected_day       bigint,
    updated_at         timestamptz NOT NULL,
    cause              text NOT NULL,
    PRIMARY KEY (merchant_id, order_id, payout_id)
) WITH (fillfactor = 70);
COMMENT ON COLUMN payout.payout_id IS 'Also the idempotency key at the provider';
COMMENT ON COLUMN payout.state IS 'redress.v1.PayoutStatus; 100: waits for the capture';
COMMENT ON COLUMN payout.form IS 'Layout of the request body, which never changes for a payout';
COMMENT ON COLUMN payout.held_minor IS 'Counted in its payment: in flight, or refunded if SUCCEEDED';
COMMENT ON COLUMN payout.version IS 'Last event published about it';
COMMENT ON COLUMN payout.answer_stored IS 'The key gets a stored error: it is of no more use';
COMMENT ON COLUMN payout.submitted_at IS 'Of the latest attempt, which is named by it';
COMMENT ON COLUMN payout.expected_day IS 'Days since 1970 by which the customer should have it';
COMMENT ON COLUMN payout.cause IS 'ce_id of the event that changed it last';

-- Append-only: what providers said, as it came; the first word for an event_id counts.
CREATE TABLE evidence (
    merchant_id        text NOT NULL,
    order_id           text NOT NULL,
    event_id           text NOT NULL,
    kind               integer NOT NULL,
    source             integer NOT NULL,
    verified           boolean NOT NULL,
    provider           integer NOT NULL,
    epoch              bigint NOT NULL,
    occurred_at        timestamptz NOT NULL,
    payment_id         text NOT NULL,
    provider_reference text NOT NULL,
    payout_id          text NOT NULL,
    provider_refund_id text NOT NULL,
    status             integer NOT NULL,
    amount_minor       bigint NOT NULL,
    currency           text NOT NULL,
    code               text NOT NULL,
    http_status        integer NOT NULL,
    dispute_id         text NOT NULL,
    applied_at         timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, order_id, event_id)
);
COMMENT ON COLUMN evidence.kind IS '0 refund, 1 call failed, 2 not found, 3 dispute';
COMMENT ON COLUMN evidence.status IS 'ProviderRefundStatus, CallFailure or DisputeStatus, by kind';

-- Refunds of our payments that we did not make.
CREATE TABLE foreign_refund (
    merchant_id        text NOT NULL,
    order_id           text NOT NULL,
    provider_refund_id text NOT NULL,
    payment_id         text NOT NULL,
    provider_reference text NOT NULL,
    status             integer NOT NULL,
    amount_minor       bigint NOT NULL,
    currency           text NOT NULL,
    counted_minor      bigint NOT NULL,
    PRIMARY KEY (merchant_id, order_id, provider_refund_id)
);
COMMENT ON COLUMN foreign_refund.counted_minor IS 'Of it, in its payment''s refunded_minor';

CREATE TABLE dispute (
    merchant_id        text NOT NULL,
    order_id           text NOT NULL,
    dispute_id         text NOT NULL,
    payment_id         text NOT NULL,
    provider_reference text NOT NULL,
    state              integer NOT NULL,
    amount_minor       bigint NOT NULL,
    currency           text NOT NULL,
    counted_minor      bigint NOT NULL,
    PRIMARY KEY (merchant_id, order_id, dispute_id)
);
COMMENT ON COLUMN dispute.counted_minor IS 'Of it, in its payment''s disputed_minor';

CREATE TABLE goods_line (
    merchant_id     text NOT NULL,
    order_id        text NOT NULL,
    refund_id       text NOT NULL,
    line_id         text NOT NULL,
    received_units  bigint NOT NULL,
    inspected_units bigint NOT NULL,
    accepted_units  bigint NOT NULL,
    PRIMARY KEY (merchant_id, order_id, refund_id, line_id)
);

-- Append-only: goods events that were applied.
CREATE TABLE goods_event (
    merchant_id text NOT NULL,
    order_id    text NOT NULL,
    event_id    text NOT NULL,
    PRIMARY KEY (merchant_id, order_id, event_id)
);

-- Append-only: the ledger. A row takes an amount from one account to another; view.ledger shows it
-- as its two entries. The accounts of a movement stand in ledger.h and here.
CREATE TABLE movement (
    movement integer PRIMARY KEY,
    name     text NOT NULL,
    debited  text NOT NULL,
    credited text NOT NULL
);
INSERT INTO movement (movement, name, debited, credited) VALUES
    (1, 'RESERVED', 'REFUNDS', 'PAYABLE'),
    (2, 'RELEASED', 'PAYABLE', 'REFUNDS'),
    (3, 'PAID', 'PAYABLE', 'CLEARING'),
    (4, 'RETURNED', 'CLEARING', 'PAYABLE'),
    (5, 'PAID_ELSEWHERE', 'REFUNDS', 'CLEARING'),
    (6, 'RETURNED_ELSEWHERE', 'CLEARING', 'REFUNDS'),
    (7, 'DISPUTE_OPENED', 'DISPUTED', 'CLEARING'),
    (8, 'DISPUTE_CLOSED', 'CLEARING', 'DISPUTED'),
    (9, 'DISPUTE_LOST', 'CHARGEBACKS', 'DISPUTED'),
    (10, 'DISPUTE_REGAINED', 'DISPUTED', 'CHARGEBACKS');

CREATE TABLE transfer (
    transfer_id  bigint PRIMARY KEY,
    merchant_id  text NOT NULL,
    order_id     text NOT NULL,
    payment_id   text NOT NULL,
    payout_id    text,
    movement     integer NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency     text NOT NULL,
    booked_at    timestamptz NOT NULL,
    cause        text NOT NULL
);
COMMENT ON COLUMN transfer.cause IS 'ce_id of the event that it was booked for';

CREATE FUNCTION view.provider_name(provider integer) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN (ARRAY['STRIPE', 'ADYEN', 'PAYPAL', 'STORE_CREDIT', 'MANUAL', 'SHOPIFY',
                  'MAGENTO'])[provider];

CREATE FUNCTION view.payout_status_name(state integer) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN state = 100 THEN 'AWAITING_CAPTURE'
                ELSE (ARRAY['RESERVED', 'SUBMITTED', 'PENDING', 'REQUIRES_ACTION', 'SUCCEEDED',
                            'FAILED', 'CANCELLED', 'UNKNOWN', 'MANUAL', 'FALLBACK_PENDING',
                            'AWAITING_GOODS', 'CANCEL_TOO_LATE', 'REFUSED'])[state] END;

CREATE VIEW view.payment AS
    SELECT merchant_id, payment_id, order_id, view.provider_name(provider) AS provider,
           provider_reference, currency, captured_minor, refunded_minor, in_flight_minor,
           disputed_minor, over
    FROM payment;

CREATE VIEW view.payout AS
    SELECT merchant_id, payout_id, refund_id, order_id, payment_id,
           view.provider_name(provider) AS provider, view.payout_status_name(state) AS status,
           amount_minor, currency, provider_refund_id, reason, reserved_at, updated_at,
           date '1970-01-01' + expected_day::integer AS expected_by
    FROM payout;

CREATE VIEW view.ledger AS
    SELECT t.transfer_id * 2 + e.side AS entry_id, t.merchant_id, m.name AS movement,
           CASE WHEN e.side = 0 THEN m.debited ELSE m.credited END AS account, t.currency,
           CASE WHEN e.side = 0 THEN t.amount_minor ELSE -t.amount_minor END AS amount_minor,
           t.payout_id, t.payment_id, t.booked_at
    FROM transfer t JOIN movement m USING (movement) CROSS JOIN (VALUES (0), (1)) AS e(side);

CREATE VIEW view.evidence AS
    SELECT merchant_id, order_id, event_id, payout_id, payment_id,
           (ARRAY['REFUND', 'CALL_FAILED', 'NOT_FOUND', 'DISPUTE'])[kind + 1] AS kind,
           (ARRAY['ANSWER', 'LOOK_UP', 'WEBHOOK'])[source] AS source, verified,
           provider_refund_id, status, amount_minor, currency, code, http_status, occurred_at,
           applied_at
    FROM evidence;

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON payment, refund, payout, foreign_refund,'
                   ' dispute, goods_line TO %I', worker);
    EXECUTE format('GRANT SELECT, INSERT ON evidence, goods_event, transfer TO %I', worker);
END $$;
GRANT SELECT ON view.payment, view.payout, view.ledger, view.evidence TO redressctl;
