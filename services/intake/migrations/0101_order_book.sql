-- migrate:up

-- The order book, and what is claimed of it. Rows of one order are written by one instance at a
-- time, the owner of its shard, in one transaction per batch; that is why children carry their
-- parent's key without a foreign key, which would cost a look-up per row and could never fail.
-- Identifiers compare byte for byte; keys begin with the column that tells most rows apart, so that a
-- comparison seldom looks at the next.

CREATE TABLE customer_order (
    order_key             bigint PRIMARY KEY,
    merchant_id           text COLLATE "C" NOT NULL,
    order_id              text COLLATE "C" NOT NULL,
    received_at           timestamptz NOT NULL,
    placed_at             timestamptz,
    fingerprint           bigint NOT NULL,
    shipping_minor        bigint NOT NULL,
    shipping_tax_minor    bigint NOT NULL,
    total_minor           bigint NOT NULL,
    cancelled_at          timestamptz,
    shipping_tax_rate_ppm integer NOT NULL,
    line_count            integer NOT NULL,
    waiting               integer NOT NULL,
    channel               smallint NOT NULL,
    currency              text NOT NULL,
    market                text NOT NULL,
    customer_token        text NOT NULL,
    UNIQUE (order_id, merchant_id)
) WITH (fillfactor = 90);
COMMENT ON TABLE customer_order IS 'Orders, and order ids that something else named before the order came';
COMMENT ON COLUMN customer_order.placed_at IS 'NULL: only named so far';
COMMENT ON COLUMN customer_order.fingerprint IS 'First 8 bytes of SHA-256 of the event that placed it: the same again is a duplicate';
COMMENT ON COLUMN customer_order.total_minor IS 'Paid for all lines and shipping, minor units of currency';
COMMENT ON COLUMN customer_order.waiting IS 'Parked requests and waiting follow-ups';

CREATE TABLE order_line (
    order_key       bigint NOT NULL,
    line_id         text COLLATE "C" NOT NULL,
    units           bigint NOT NULL CHECK (units > 0),
    gross_minor     bigint NOT NULL,
    discount_minor  bigint NOT NULL CHECK (discount_minor BETWEEN 0 AND gross_minor),
    tax_minor       bigint NOT NULL CHECK (tax_minor BETWEEN 0 AND gross_minor - discount_minor),
    shipped_units   bigint NOT NULL,
    delivered_units bigint NOT NULL,
    cancelled_units bigint NOT NULL,
    shipped_at      timestamptz,
    delivered_at    timestamptz,
    line_no         integer NOT NULL,
    tax_rate_ppm    integer NOT NULL,
    sku             text NOT NULL,
    category        text NOT NULL,
    title           text NOT NULL,
    tags            text[],
    PRIMARY KEY (order_key, line_id)
) WITH (fillfactor = 90);
COMMENT ON TABLE order_line IS 'Lines as bought, and what was shipped, delivered and cancelled of them';
COMMENT ON COLUMN order_line.tags IS 'NULL for none';

CREATE TABLE payment (
    order_key          bigint NOT NULL,
    payment_id         text COLLATE "C" NOT NULL,
    minor              bigint NOT NULL CHECK (minor > 0),
    captured_at        timestamptz NOT NULL,
    provider           smallint NOT NULL,
    method             smallint NOT NULL,
    currency           text NOT NULL,
    provider_reference text NOT NULL,
    provider_account   text NOT NULL,
    PRIMARY KEY (order_key, payment_id)
);
COMMENT ON TABLE payment IS 'Payments captured; one in another currency than the order is of no use, but recorded';

CREATE TABLE movement (
    order_key   bigint NOT NULL,
    kind        smallint NOT NULL,
    movement_id text COLLATE "C" NOT NULL,
    fingerprint bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    early       boolean NOT NULL,
    PRIMARY KEY (order_key, kind, movement_id)
);
COMMENT ON TABLE movement IS 'Shipments (1), deliveries (2) and cancellations (3) that were applied';
COMMENT ON COLUMN movement.early IS 'Came before its order was placed; its lines are kept until then';

CREATE TABLE movement_line (
    order_key   bigint NOT NULL,
    kind        smallint NOT NULL,
    movement_id text COLLATE "C" NOT NULL,
    n           integer NOT NULL,
    line_id     text COLLATE "C" NOT NULL,
    units       bigint NOT NULL,
    PRIMARY KEY (order_key, kind, movement_id, n)
);
COMMENT ON TABLE movement_line IS 'Lines of early movements';

CREATE TABLE refund (
    order_key          bigint NOT NULL,
    refund_key         bigint NOT NULL,
    version            bigint NOT NULL,
    round              bigint NOT NULL,
    seen_assessed      bigint NOT NULL,
    seen_routed        bigint NOT NULL,
    seen_payouts       bigint NOT NULL,
    claim_minor        bigint NOT NULL,
    shipping_minor     bigint NOT NULL,
    shipping_tax_minor bigint NOT NULL,
    paid_minor         bigint NOT NULL,
    amount_minor       bigint,
    fingerprint        bigint NOT NULL,
    occurred_at        timestamptz NOT NULL,
    received_at        timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    status             smallint NOT NULL,
    rejection          smallint NOT NULL,
    trigger            smallint NOT NULL,
    reason             smallint NOT NULL,
    wished_method      smallint NOT NULL,
    requester_role     smallint NOT NULL,
    holds              boolean NOT NULL,
    appealed           boolean NOT NULL,
    cancel_asked       boolean NOT NULL,
    whole_order        boolean NOT NULL,
    shipping           boolean NOT NULL,
    currency           text NOT NULL,
    amount_currency    text NOT NULL,
    refund_id          text COLLATE "C" NOT NULL UNIQUE,
    request_id         text COLLATE "C" NOT NULL,
    requester_id       text NOT NULL,
    external_reference text COLLATE "C" NOT NULL,
    customer_token     text NOT NULL,
    PRIMARY KEY (order_key, refund_key)
) WITH (fillfactor = 80);
COMMENT ON TABLE refund IS 'Requests and where they stand';
COMMENT ON COLUMN refund.version IS 'Of the last event published on refunds.validated.v1';
COMMENT ON COLUMN refund.round IS 'Version of the last event that opened an assessment';
COMMENT ON COLUMN refund.holds IS 'Its claims count';
COMMENT ON COLUMN refund.trigger IS '0: nobody asked for it yet; only a follow-up came, and was refused';
COMMENT ON COLUMN refund.fingerprint IS 'Of lines, units, amount, whole order and shipping, where there is an external reference';

CREATE TABLE refund_line (
    order_key   bigint NOT NULL,
    line_id     text COLLATE "C" NOT NULL,
    refund_key  bigint NOT NULL,
    asked_units bigint NOT NULL,
    minor       bigint NOT NULL CHECK (minor >= 0),
    tax_minor   bigint NOT NULL CHECK (tax_minor BETWEEN 0 AND minor),
    asked_no    integer NOT NULL,
    units       int8multirange NOT NULL,
    PRIMARY KEY (order_key, line_id, refund_key)
);
COMMENT ON TABLE refund_line IS 'What a refund asks and claims of a line; it counts while refund.holds';
COMMENT ON COLUMN refund_line.asked_no IS 'Place in the request; 0: the request did not name the line';
COMMENT ON COLUMN refund_line.units IS 'Units claimed, numbered from 0';

CREATE TABLE evidence (
    order_key  bigint NOT NULL,
    refund_key bigint NOT NULL,
    n          integer NOT NULL,
    uri        text NOT NULL,
    sha256     text NOT NULL,
    media_type text NOT NULL,
    bytes      bigint NOT NULL,
    PRIMARY KEY (order_key, refund_key, n)
);
COMMENT ON TABLE evidence IS 'Files that support a request; referred to, never fetched';

CREATE TABLE follow_up (
    order_key    bigint NOT NULL,
    refund_key   bigint NOT NULL,
    kind         smallint NOT NULL,
    follow_up_id text COLLATE "C" NOT NULL,
    n            integer NOT NULL,
    state        smallint NOT NULL,
    occurred_at  timestamptz NOT NULL,
    PRIMARY KEY (order_key, refund_key, kind, follow_up_id)
);
COMMENT ON TABLE follow_up IS 'Answers (1), appeals (2) and cancellations (3)';
COMMENT ON COLUMN follow_up.state IS '1: waits for the question or decline that it is about; 2: done';

CREATE TABLE payout (
    order_key  bigint NOT NULL,
    refund_key bigint NOT NULL,
    payout_id  text COLLATE "C" NOT NULL,
    succeeded  boolean NOT NULL,
    minor      bigint NOT NULL,
    PRIMARY KEY (order_key, refund_key, payout_id)
);
COMMENT ON TABLE payout IS 'How each payout ended, of refunds that are paid in several';

CREATE TABLE customer_note (
    order_key   bigint NOT NULL,
    refund_key  bigint NOT NULL,
    received_at timestamptz NOT NULL,
    source      text NOT NULL,
    note        text NOT NULL
);
CREATE INDEX customer_note_of_refund ON customer_note (order_key, refund_key);
COMMENT ON TABLE customer_note IS 'Free text of requests and follow-ups; it leaves only through view.note, and can be erased';

CREATE TABLE customer_day (
    merchant_id    text COLLATE "C" NOT NULL,
    token          text COLLATE "C" NOT NULL,
    day            date NOT NULL,
    currency       text NOT NULL,
    orders         integer NOT NULL,
    refunds        integer NOT NULL,
    refunded_minor bigint NOT NULL,
    PRIMARY KEY (token, merchant_id, day, currency)
) WITH (fillfactor = 80);
COMMENT ON TABLE customer_day IS 'What a customer bought and asked back on a day; running additions, advisory';

GRANT SELECT, INSERT ON payment, movement, movement_line, evidence, customer_note TO intake;
GRANT SELECT, INSERT, UPDATE ON customer_order, refund, payout, customer_day TO intake;
GRANT SELECT, INSERT ON order_line, refund_line, follow_up TO intake;
GRANT UPDATE (shipped_at, delivered_at, shipped_units, delivered_units, cancelled_units)
    ON order_line TO intake;
GRANT UPDATE (minor, tax_minor, units) ON refund_line TO intake;
GRANT UPDATE (state) ON follow_up TO intake;
