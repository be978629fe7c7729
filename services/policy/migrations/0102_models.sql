-- migrate:up

-- Policies are models now, published on refunds.rules.v1, and what no model judges waits.

ALTER TABLE model ALTER COLUMN body DROP NOT NULL;
COMMENT ON COLUMN model.fingerprint IS 'First 8 bytes of the SHA-256 of id, version and hash';
COMMENT ON COLUMN model.body IS 'Of the policies that were built in; those that were published are rule sets';

COMMENT ON COLUMN assessment.hits IS
    'The rules that hit, each with the places of its lines in the facts: Return window/w2 0,1; Exclusions/x1 2';

ALTER TABLE refund ADD COLUMN waiting bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN refund.waiting IS 'Events in table waiting; later ones wait behind them';

CREATE TABLE waiting (
    refund            bigint NOT NULL,
    validated_version bigint NOT NULL,
    since             timestamptz NOT NULL,
    reason            text NOT NULL,
    ce_id             text NOT NULL,
    traceparent       text NOT NULL,
    value             bytea NOT NULL,
    PRIMARY KEY (refund, validated_version)
);
COMMENT ON TABLE waiting IS
    'Events of refunds.validated.v1 that no model has judged yet, in their order; due by the deadline of their refund';
COMMENT ON COLUMN waiting.reason IS 'What it waits for, as of when it came';

CREATE VIEW view.waiting AS
    SELECT r.merchant_id, r.order_id, r.refund_id, w.validated_version, w.since, w.reason
      FROM waiting w JOIN refund r ON r.key = w.refund;

GRANT SELECT, INSERT, DELETE ON waiting TO policy;
GRANT SELECT ON view.waiting TO redressctl;
