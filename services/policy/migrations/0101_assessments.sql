-- migrate:up

-- What policy keeps: per refund how far it is, and every assessment with the model that judged.

CREATE TABLE refund (
    key         bigint NOT NULL,
    merchant_id text NOT NULL,
    order_id    text NOT NULL,
    refund_id   text NOT NULL,
    seen        bigint NOT NULL,
    version     bigint NOT NULL,
    PRIMARY KEY (order_id, refund_id, merchant_id)
) WITH (fillfactor = 90);
COMMENT ON TABLE refund IS 'Its key begins with what differs most, as nearly all rows share a merchant';
COMMENT ON COLUMN refund.key IS 'What assessments hang on';
COMMENT ON COLUMN refund.seen IS 'Last version of refunds.validated.v1';
COMMENT ON COLUMN refund.version IS 'Last version of refunds.assessed.v1';

CREATE TABLE model (
    fingerprint bigint PRIMARY KEY,
    model_id    text NOT NULL,
    version     bigint NOT NULL,
    sha256      text NOT NULL,
    body        text NOT NULL
);
COMMENT ON COLUMN model.fingerprint IS 'First 8 bytes of the SHA-256 of body';

-- Append-only. The facts are those of refunds.validated.v1 at validated_version.
CREATE TABLE assessment (
    refund            bigint NOT NULL,
    version           bigint NOT NULL,
    validated_version bigint NOT NULL,
    status            text NOT NULL,
    reasons           text NOT NULL,
    hits              text NOT NULL,
    model             bigint NOT NULL,
    decided_at        timestamptz NOT NULL,
    PRIMARY KEY (refund, version)
);
COMMENT ON COLUMN assessment.reasons IS 'Separated by spaces, that of the worst outcome first';
COMMENT ON COLUMN assessment.hits IS
    'The rule that judged each line, in the order of the facts, separated by spaces';
COMMENT ON COLUMN assessment.model IS 'model.fingerprint; 0 for a cancellation that was passed on';

CREATE VIEW view.assessment AS
    SELECT r.merchant_id, r.refund_id, r.order_id, a.version, a.status,
           string_to_array(nullif(a.reasons, ''), ' ') AS reasons,
           m.model_id, m.version AS model_version, a.decided_at
      FROM refund r
      JOIN assessment a ON a.refund = r.key
      LEFT JOIN model m ON m.fingerprint = a.model;

GRANT SELECT, INSERT, UPDATE ON refund TO policy;
GRANT SELECT, INSERT ON model, assessment TO policy;
GRANT SELECT ON view.assessment TO redressctl;
