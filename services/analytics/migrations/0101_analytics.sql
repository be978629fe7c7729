-- migrate:up

-- What analytics keeps of an order, a refund and a payout, and the running totals that it adds to.
-- Statuses, reasons, channels, methods and providers are the numbers of redress.v1; days are counted
-- from 1970-01-01; amounts are minor units.

CREATE TABLE order_fact (
    merchant_id text NOT NULL,
    order_id    text NOT NULL,
    fact        text NOT NULL,
    PRIMARY KEY (order_id, merchant_id, fact)
);
COMMENT ON TABLE order_fact IS 'What of an order was counted: its placing (fact is empty) and each capture (fact is the payment id)';

CREATE TABLE refund (
    refund_id      text PRIMARY KEY,
    merchant_id    text NOT NULL,
    order_id       text NOT NULL,
    seen_validated integer NOT NULL,
    seen_assessed  integer NOT NULL,
    seen_routed    integer NOT NULL,
    seen_payouts   integer NOT NULL,
    asked          boolean NOT NULL,
    approved       boolean NOT NULL,
    day            integer NOT NULL,
    reason         integer NOT NULL,
    channel        integer NOT NULL,
    validated      integer NOT NULL,
    assessed       integer NOT NULL,
    authority      integer NOT NULL,
    without_payout integer NOT NULL,
    claim_minor    bigint NOT NULL,
    paid_minor     bigint NOT NULL,
    currency       text,
    rejection      text,
    detail         text
) WITH (fillfactor = 60);
COMMENT ON COLUMN refund.seen_validated IS 'Last version of refunds.validated.v1, and so on';
COMMENT ON COLUMN refund.asked IS 'Day, reason, channel, claim and currency are known';
COMMENT ON COLUMN refund.approved IS 'Its units are in product_returned';
COMMENT ON COLUMN refund.without_payout IS 'Status with which it ended without a payout; 0 for none';

CREATE TABLE payout (
    payout_id          text NOT NULL,
    order_id           text NOT NULL,
    merchant_id        text NOT NULL,
    refund_id          text,
    provider           integer NOT NULL,
    status             integer NOT NULL,
    version            integer NOT NULL,
    state              integer NOT NULL,
    insight_version    integer NOT NULL,
    failed             boolean NOT NULL,
    extra_failed       boolean NOT NULL,
    amount_minor       bigint NOT NULL,
    reported_minor     bigint NOT NULL,
    extra_minor        bigint NOT NULL,
    currency           text,
    reported_currency  text,
    provider_refund_id text,
    extra_refund_id    text,
    evidence           text,
    PRIMARY KEY (payout_id, order_id, merchant_id)
) WITH (fillfactor = 60);
COMMENT ON TABLE payout IS 'A payout as settlement says and as the provider says; or money of the provider that belongs to none, under <provider>:<its refund id>';
COMMENT ON COLUMN payout.version IS 'Of settlement''s event that is in effect; 0 if it has not spoken';
COMMENT ON COLUMN payout.state IS 'Of the reconciliation: redress.v1.ReconciliationStatus, or 100 for money that waits to be explained';
COMMENT ON COLUMN payout.failed IS 'The provider says that it failed or came back';
COMMENT ON COLUMN payout.extra_refund_id IS 'A second refund at the provider under the same payout';
CREATE INDEX payout_insight ON payout (merchant_id) WHERE insight_version > 0;

CREATE TABLE order_total (
    merchant_id text NOT NULL,
    currency    text NOT NULL,
    day         integer NOT NULL,
    channel     integer NOT NULL,
    orders      bigint NOT NULL,
    lines       bigint NOT NULL,
    sold_minor  numeric(38, 0) NOT NULL,
    PRIMARY KEY (merchant_id, currency, day, channel)
) WITH (fillfactor = 50);

CREATE TABLE capture_total (
    merchant_id    text NOT NULL,
    currency       text NOT NULL,
    day            integer NOT NULL,
    method         integer NOT NULL,
    captures       bigint NOT NULL,
    captured_minor numeric(38, 0) NOT NULL,
    PRIMARY KEY (merchant_id, currency, day, method)
) WITH (fillfactor = 50);

CREATE TABLE request_total (
    merchant_id text NOT NULL,
    day         integer NOT NULL,
    requests    bigint NOT NULL,
    PRIMARY KEY (merchant_id, day)
) WITH (fillfactor = 50);

CREATE TABLE outcome_total (
    merchant_id text NOT NULL,
    currency    text NOT NULL,
    detail      text NOT NULL,
    day         integer NOT NULL,
    reason      integer NOT NULL,
    outcome     integer NOT NULL,
    channel     integer NOT NULL,
    refunds     bigint NOT NULL,
    claim_minor numeric(38, 0) NOT NULL,
    paid_minor  numeric(38, 0) NOT NULL,
    PRIMARY KEY (merchant_id, day, reason, outcome, detail, currency, channel)
) WITH (fillfactor = 50);

CREATE TABLE route_total (
    merchant_id text NOT NULL,
    currency    text NOT NULL,
    outcome     integer NOT NULL,
    authority   integer NOT NULL,
    refunds     bigint NOT NULL,
    claim_minor numeric(38, 0) NOT NULL,
    PRIMARY KEY (merchant_id, currency, outcome, authority)
) WITH (fillfactor = 50);

CREATE TABLE payout_total (
    merchant_id  text NOT NULL,
    currency     text NOT NULL,
    provider     integer NOT NULL,
    status       integer NOT NULL,
    state        integer NOT NULL,
    payouts      bigint NOT NULL,
    amount_minor numeric(38, 0) NOT NULL,
    PRIMARY KEY (merchant_id, currency, provider, status, state)
) WITH (fillfactor = 50);

CREATE TABLE product_sold (
    merchant_id text NOT NULL,
    sku         text NOT NULL,
    currency    text NOT NULL,
    units       bigint NOT NULL,
    minor       numeric(38, 0) NOT NULL,
    PRIMARY KEY (merchant_id, sku, currency)
) WITH (fillfactor = 70);

CREATE TABLE product_returned (
    merchant_id text NOT NULL,
    sku         text NOT NULL,
    currency    text NOT NULL,
    reason      integer NOT NULL,
    units       bigint NOT NULL,
    minor       numeric(38, 0) NOT NULL,
    PRIMARY KEY (merchant_id, sku, currency, reason)
) WITH (fillfactor = 70);
COMMENT ON TABLE product_returned IS 'Units whose refund was approved, by the reason that was given';

CREATE TABLE rule_total (
    merchant_id text NOT NULL,
    model       text NOT NULL,
    decision    text NOT NULL,
    rule        text NOT NULL,
    outcome     integer NOT NULL,
    hits        bigint NOT NULL,
    approved    bigint NOT NULL,
    declined    bigint NOT NULL,
    PRIMARY KEY (merchant_id, model, decision, rule, outcome)
) WITH (fillfactor = 50);
COMMENT ON TABLE rule_total IS 'Assessments in which a rule hit, by their outcome, and what people decided about them';

CREATE TABLE approver_total (
    merchant_id    text NOT NULL,
    approver       text NOT NULL,
    currency       text NOT NULL,
    approved       bigint NOT NULL,
    declined       bigint NOT NULL,
    approved_minor numeric(38, 0) NOT NULL,
    PRIMARY KEY (merchant_id, approver, currency)
) WITH (fillfactor = 50);

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON order_fact TO %I', worker);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON refund, payout, order_total, capture_total,'
                   ' request_total, outcome_total, route_total, payout_total, product_sold,'
                   ' product_returned, rule_total, approver_total TO %I', worker);
END $$;
