-- migrate:up

-- What routing keeps: per refund where its decision stands, its cases, what people said about them,
-- and for orders with several payments how much of each is approved.

CREATE TABLE refund (
    key           bigint NOT NULL,
    merchant_id   text NOT NULL,
    order_id      text NOT NULL,
    refund_id     text NOT NULL,
    state         text NOT NULL,
    version       bigint NOT NULL,
    assessed_seen bigint NOT NULL,
    payout_seen   bigint NOT NULL,
    appealed      boolean NOT NULL,
    requester     text NOT NULL,
    case_count    integer NOT NULL,
    body          bytea,
    PRIMARY KEY (order_id, refund_id, merchant_id)
) WITH (fillfactor = 90);
COMMENT ON TABLE refund IS 'Its key begins with what differs most, as nearly all rows share a merchant';
COMMENT ON COLUMN refund.key IS 'What cases and decisions hang on';
COMMENT ON COLUMN refund.version IS 'Last version of refunds.routed.v1';
COMMENT ON COLUMN refund.assessed_seen IS 'Last version of refunds.assessed.v1';
COMMENT ON COLUMN refund.payout_seen IS 'Last version of refunds.payouts.v1 that mattered here';
COMMENT ON COLUMN refund.body IS 'The last redress.v1.RefundAssessed that may lead to a payout';

CREATE TABLE approval_case (
    refund           bigint NOT NULL,
    ordinal          integer NOT NULL,
    case_id          text NOT NULL UNIQUE,
    merchant_id      text NOT NULL,
    order_id         text NOT NULL,
    refund_id        text NOT NULL,
    requester        text NOT NULL,
    version          bigint NOT NULL,
    renewed_version  bigint NOT NULL,
    status           text NOT NULL,
    queue            text NOT NULL,
    level            integer NOT NULL,
    approvers_needed integer NOT NULL,
    appeal           boolean NOT NULL,
    fallback         boolean NOT NULL,
    amount_minor     bigint NOT NULL,
    currency         text NOT NULL,
    method           integer NOT NULL,
    payment_ids      text[] NOT NULL,
    payment_minor    bigint[] NOT NULL,
    why              text[] NOT NULL,
    subject_hash     text NOT NULL,
    opened_at        timestamptz NOT NULL,
    due_at           timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (refund, ordinal)
) WITH (fillfactor = 80);
CREATE INDEX approval_case_refund ON approval_case (refund_id);
CREATE INDEX approval_case_due ON approval_case (due_at) WHERE status IN ('OPEN', 'WAITING');
COMMENT ON COLUMN approval_case.renewed_version IS 'Approvals that led to an earlier version are void';
COMMENT ON COLUMN approval_case.payment_minor IS 'How much each payment can give, in order';
COMMENT ON COLUMN approval_case.method IS 'Number in redress.v1.RefundMethod';

-- Append-only.
CREATE TABLE decision (
    refund         bigint NOT NULL,
    number         integer NOT NULL,
    decision_id    text NOT NULL,
    ordinal        integer NOT NULL,
    case_version   bigint NOT NULL,
    result_version bigint NOT NULL,
    actor_id       text NOT NULL,
    actor_role     integer NOT NULL,
    verdict        integer NOT NULL,
    refusal        text NOT NULL,
    amount_minor   bigint NOT NULL,
    method         integer NOT NULL,
    note           text NOT NULL,
    occurred_at    timestamptz NOT NULL,
    decided_at     timestamptz NOT NULL,
    PRIMARY KEY (refund, number)
);
COMMENT ON COLUMN decision.ordinal IS 'Of the case; 0 if it named none of this refund';
COMMENT ON COLUMN decision.result_version IS 'Version of the case after it; 0 if it was refused';
COMMENT ON COLUMN decision.refusal IS 'Why it was refused; empty if it was taken';
COMMENT ON COLUMN decision.actor_role IS 'Number in redress.v1.Role';
COMMENT ON COLUMN decision.verdict IS 'Number in redress.v1.Verdict';

CREATE TABLE approved_payment (
    merchant_id text NOT NULL,
    order_id    text NOT NULL,
    payment_id  text NOT NULL,
    minor       bigint NOT NULL,
    PRIMARY KEY (order_id, payment_id, merchant_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE approved_payment IS
    'Approved over all refunds of an order with several payments, less what came to nothing';

CREATE VIEW view.approval_case AS
    SELECT c.merchant_id, c.case_id, c.refund_id, c.order_id, c.version, c.status, c.queue,
           c.level, c.approvers_needed,
           ARRAY(SELECT d.actor_id FROM decision d
                  WHERE d.refund = c.refund AND d.ordinal = c.ordinal AND d.refusal = ''
                    AND d.verdict IN (1, 2) AND d.result_version >= c.renewed_version
                  ORDER BY d.number) AS approvers,
           c.requester, c.amount_minor, c.currency, c.subject_hash, c.why, c.opened_at, c.due_at,
           c.updated_at
      FROM approval_case c;

CREATE VIEW view.case_decision AS
    SELECT c.merchant_id, c.case_id, c.refund_id, d.number, d.decision_id, d.case_version,
           d.actor_id,
           (ARRAY['CUSTOMER', 'SERVICE_AGENT', 'POLICY_REVIEWER', 'APPROVER', 'FINANCE', 'QUALITY',
                  'SYSTEM'])[d.actor_role] AS actor_role,
           (ARRAY['APPROVE', 'APPROVE_REDUCED', 'DECLINE', 'ASK', 'RECOMMEND'])[d.verdict]
               AS verdict,
           d.refusal, d.amount_minor, d.note, d.occurred_at, d.decided_at
      FROM approval_case c
      JOIN decision d ON d.refund = c.refund AND d.ordinal = c.ordinal;

GRANT SELECT, INSERT, UPDATE ON refund, approval_case, approved_payment TO routing;
GRANT SELECT, INSERT ON decision TO routing;
GRANT SELECT ON view.approval_case, view.case_decision TO redressctl;
