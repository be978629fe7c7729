-- migrate:up

-- Who may decide comes from published rules: decisions carry what shows that they are genuine and
-- whose authority they used; cases know whether a policy reviewer has to advise first, who works on
-- them and how long a level has; refunds wait where no authority model is valid.

ALTER TABLE refund
    ADD COLUMN declined boolean NOT NULL DEFAULT false,
    ADD COLUMN held_since timestamptz;
UPDATE refund SET declined = true WHERE state = 'DECLINED' OR appealed;
CREATE INDEX refund_held ON refund (held_since) WHERE held_since IS NOT NULL;
COMMENT ON COLUMN refund.declined IS 'Once at least: only people approve it from then on';
COMMENT ON COLUMN refund.held_since IS 'Since when it waits for a valid authority model';

ALTER TABLE approval_case
    ADD COLUMN deadline_us bigint NOT NULL DEFAULT 86400000000,
    ADD COLUMN exception boolean NOT NULL DEFAULT false,
    ADD COLUMN taken_by text NOT NULL DEFAULT '',
    ADD COLUMN taken_until timestamptz,
    ADD COLUMN missing text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN approval_case.deadline_us IS 'Working time that each level has';
COMMENT ON COLUMN approval_case.exception IS 'Nobody approves it before a policy reviewer advised';
COMMENT ON COLUMN approval_case.taken_by IS 'Who works on it; empty for nobody';
COMMENT ON COLUMN approval_case.missing IS 'Facts that are not known';

ALTER TABLE decision
    ADD COLUMN on_behalf_of text NOT NULL DEFAULT '',
    ADD COLUMN recommended integer NOT NULL DEFAULT 0,
    ADD COLUMN key_id text NOT NULL DEFAULT '',
    ADD COLUMN signature bytea NOT NULL DEFAULT '';
COMMENT ON COLUMN decision.on_behalf_of IS 'Whose authority a delegate used; empty for their own';
COMMENT ON COLUMN decision.recommended IS 'Number in redress.v1.Verdict that a RECOMMEND advises';
COMMENT ON COLUMN decision.signature IS 'Ed25519, by key_id of the roster';

CREATE OR REPLACE VIEW view.approval_case AS
    SELECT c.merchant_id, c.case_id, c.refund_id, c.order_id, c.version, c.status, c.queue,
           c.level, c.approvers_needed,
           ARRAY(SELECT d.actor_id FROM decision d
                  WHERE d.refund = c.refund AND d.ordinal = c.ordinal AND d.refusal = ''
                    AND d.verdict IN (1, 2) AND d.result_version >= c.renewed_version
                  ORDER BY d.number) AS approvers,
           c.requester, c.amount_minor, c.currency, c.subject_hash, c.why, c.opened_at, c.due_at,
           c.updated_at, c.exception, c.appeal,
           ARRAY(SELECT d.actor_id FROM decision d
                  WHERE d.refund = c.refund AND d.ordinal = c.ordinal AND d.refusal = ''
                    AND d.verdict = 5 AND d.result_version >= c.renewed_version
                  ORDER BY d.number) AS reviewers,
           ARRAY(SELECT d.actor_id FROM decision d
                  WHERE d.refund = c.refund AND d.ordinal < c.ordinal AND d.refusal = ''
                    AND d.verdict IN (1, 2, 3, 5) AND c.appeal
                  ORDER BY d.number) AS decided_before,
           c.taken_by, c.taken_until, c.missing, c.method, c.fallback
      FROM approval_case c;

CREATE OR REPLACE VIEW view.case_decision AS
    SELECT c.merchant_id, c.case_id, c.refund_id, d.number, d.decision_id, d.case_version,
           d.actor_id,
           (ARRAY['CUSTOMER', 'SERVICE_AGENT', 'POLICY_REVIEWER', 'APPROVER', 'FINANCE', 'QUALITY',
                  'SYSTEM'])[d.actor_role] AS actor_role,
           (ARRAY['APPROVE', 'APPROVE_REDUCED', 'DECLINE', 'ASK', 'RECOMMEND', 'TAKE', 'GIVE_BACK',
                  'COMMENT', 'LIFT'])[d.verdict] AS verdict,
           d.refusal, d.amount_minor, d.note, d.occurred_at, d.decided_at, d.on_behalf_of,
           (ARRAY['APPROVE', 'APPROVE_REDUCED', 'DECLINE'])[d.recommended] AS recommended, d.key_id
      FROM approval_case c
      JOIN decision d ON d.refund = c.refund AND d.ordinal = c.ordinal;

CREATE VIEW view.held_refund AS
    SELECT merchant_id, order_id, refund_id, held_since FROM refund WHERE held_since IS NOT NULL;

GRANT SELECT ON view.approval_case, view.case_decision, view.held_refund TO redressctl;
