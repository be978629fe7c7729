-- migrate:up

-- What all shards share: how much each person approved on each local day, how much was approved
-- without people, and which exceptions were decided how. Rows of a person's day and of trips are
-- changed under a condition that every instance holds to; counts of automatic approvals are kept by
-- shard; precedents are only added.

CREATE TABLE person_day (
    merchant_id text NOT NULL,
    person_id   text NOT NULL,
    day         integer NOT NULL,
    currency    text NOT NULL,
    used_minor  bigint NOT NULL,
    limit_minor bigint NOT NULL,
    PRIMARY KEY (person_id, day, currency, merchant_id)
) WITH (fillfactor = 50);
COMMENT ON TABLE person_day IS 'Approved by the authority of a person on a local day';
COMMENT ON COLUMN person_day.day IS 'Local, since 1970-01-01';
COMMENT ON COLUMN person_day.limit_minor IS 'That the last addition met';

CREATE TABLE automatic_total (
    merchant_id text NOT NULL,
    product     text NOT NULL,
    trip        bigint NOT NULL,
    hour        bigint NOT NULL,
    currency    text NOT NULL,
    shard       integer NOT NULL,
    count       bigint NOT NULL,
    minor       bigint NOT NULL,
    PRIMARY KEY (merchant_id, product, trip, hour, currency, shard)
) WITH (fillfactor = 50);
CREATE INDEX automatic_total_old ON automatic_total (shard, hour);
COMMENT ON TABLE automatic_total IS 'Approved without people, while there are limits; hours older than two days are removed';
COMMENT ON COLUMN automatic_total.product IS 'Sku; empty for all of the merchant';
COMMENT ON COLUMN automatic_total.trip IS 'Number of the latest trip before it; 0: none';
COMMENT ON COLUMN automatic_total.hour IS 'Since 1970-01-01T00:00Z';

CREATE TABLE automatic_trip (
    merchant_id     text NOT NULL,
    product         text NOT NULL,
    number          bigint NOT NULL,
    limit_name      text NOT NULL,
    tripped_at      timestamptz NOT NULL,
    lifted_at       timestamptz,
    lifted_by       text,
    lifted_decision text,
    PRIMARY KEY (merchant_id, product, number)
);
CREATE INDEX automatic_trip_open ON automatic_trip (merchant_id) WHERE lifted_at IS NULL;
COMMENT ON TABLE automatic_trip IS 'A limit of automatic approvals was reached; until it is lifted, people decide';

CREATE TABLE precedent (
    case_id      text PRIMARY KEY,
    merchant_id  text NOT NULL,
    refund_id    text NOT NULL,
    rule         text NOT NULL,
    reason       text NOT NULL,
    currency     text NOT NULL,
    band         integer NOT NULL,
    history      integer NOT NULL,
    verdict      integer NOT NULL,
    amount_minor bigint NOT NULL,
    reasons      text[] NOT NULL,
    decided_by   text NOT NULL,
    decided_at   timestamptz NOT NULL
);
CREATE INDEX precedent_like ON precedent
    (merchant_id, currency, rule, reason, band, history, decided_at DESC);
CREATE INDEX precedent_rule ON precedent (merchant_id, currency, rule, decided_at DESC);
COMMENT ON TABLE precedent IS 'An exception that people decided, with the fingerprint of its facts';
COMMENT ON COLUMN precedent.rule IS 'The rule that failed: the first reason of the policy';
COMMENT ON COLUMN precedent.band IS 'Of the amount: powers of ten and half of the next, in minor units';
COMMENT ON COLUMN precedent.history IS 'Refunds of the customer in the last year: 0 none, 1 one or two, 2 more, 3 unknown';
COMMENT ON COLUMN precedent.verdict IS 'Number in redress.v1.Verdict';

CREATE TABLE case_precedent (
    refund  bigint NOT NULL,
    ordinal integer NOT NULL,
    number  integer NOT NULL,
    case_id text NOT NULL,
    PRIMARY KEY (refund, ordinal, number)
);
COMMENT ON TABLE case_precedent IS 'The precedents that a case came with, nearest first';

ALTER TABLE decision
    ADD COLUMN day integer,
    ADD COLUMN day_used_minor bigint,
    ADD COLUMN day_limit_minor bigint;
COMMENT ON COLUMN decision.day_used_minor IS 'What the person had approved on that local day before it, as it was seen';

CREATE VIEW view.person_day AS
    SELECT merchant_id, person_id, date '1970-01-01' + day AS day, currency, used_minor, limit_minor
    FROM person_day;

CREATE VIEW view.automatic_trip AS
    SELECT merchant_id, product, number, limit_name, tripped_at, lifted_at, lifted_by,
           lifted_decision
    FROM automatic_trip;

CREATE VIEW view.automatic_total AS
    SELECT merchant_id, product, trip, to_timestamp(hour * 3600) AS hour, currency,
           sum(count) AS count, sum(minor) AS minor
    FROM automatic_total GROUP BY merchant_id, product, trip, hour, currency;

CREATE VIEW view.case_precedent AS
    SELECT c.merchant_id, c.case_id, k.number, p.case_id AS precedent,
           (ARRAY['APPROVE', 'APPROVE_REDUCED', 'DECLINE'])[p.verdict] AS verdict, p.amount_minor,
           p.currency, p.rule, p.reason, p.reasons, p.decided_by, p.decided_at
    FROM case_precedent k
    JOIN approval_case c ON (c.refund, c.ordinal) = (k.refund, k.ordinal)
    JOIN precedent p ON p.case_id = k.case_id;

CREATE VIEW view.decision_day AS
    SELECT c.merchant_id, c.case_id, d.number, date '1970-01-01' + d.day AS day, d.day_used_minor,
           d.day_limit_minor
    FROM decision d
    JOIN approval_case c ON (c.refund, c.ordinal) = (d.refund, d.ordinal)
    WHERE d.day IS NOT NULL;

DO $$
DECLARE
    worker text := regexp_replace(current_user, '_owner$', '');
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON person_day, automatic_trip TO %I', worker);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON automatic_total TO %I', worker);
    EXECUTE format('GRANT SELECT, INSERT ON precedent, case_precedent TO %I', worker);
END $$;
GRANT SELECT ON view.person_day, view.automatic_trip, view.automatic_total, view.case_precedent,
    view.decision_day TO redressctl;
